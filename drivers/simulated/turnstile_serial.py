"""A simulated turnstile on a serial line, a tty or a pty made for it."""

import secrets
from collections.abc import AsyncIterable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Never

from drivers.serial_link import SerialLink
from drivers.simulated.people import Behaviour, People
from drivers.simulated.pty_port import PtyPort, simulated_port
from drivers.simulated.turnstile import Acted, SimulatedTurnstile
from drivers.simulated.turnstile_state import StateFile
from firmware_protocol.controller import Controller
from firmware_protocol.device import Device, Identity, Output
from firmware_protocol.inputs import Input
from firmware_protocol.memory import Memory


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedTurnstileOptions:
    """port: a tty, or a path where a pty is made for as long as the turnstile runs.

    psk: the lane's 32 bytes. behaviours: drawn from for each person. walk_ms: from the open gate to
    behind it. seed: makes what people do the same each time. state: a file that keeps the log and
    the commands over runs; without it each run is a new device with an empty log. address: 1..126
    on a line that it shares with others, 0 on one of its own.
    """

    port: str
    psk: bytes
    behaviours: Sequence[Behaviour] = (Behaviour.PASS,)
    walk_ms: int = 200
    seed: int | None = None
    state: Path | None = None
    baudrate: int = 115200
    name: str = "simulated"
    address: int = 0


async def run_simulated_turnstile(
    options: SimulatedTurnstileOptions,
    orders: AsyncIterable[bytes],
    write: Callable[[str], None],
    tell: Callable[[str], None],
) -> None:
    """Serve until an order says `quit`. `write` gets a JSON line for all that happens.

    `tell` gets a sentence at each change of the port. Raises DriverError if no port can be made,
    or if the state file is not one.
    """
    state = StateFile(options.state, secrets.token_bytes)
    log, memory = state.load()
    make_device = partial(
        Device,
        options.psk,
        device=Identity(options.name, "simulated 1", log),
        token=secrets.token_bytes,
        address=options.address,
    )
    people = People(options.behaviours, options.walk_ms, Random(options.seed))  # noqa: S311 - play
    with simulated_port(options.port, options.baudrate) as port:
        turnstile = SimulatedTurnstile(
            partial(SerialWire, port, make_device, tell),
            people=people,
            memory=memory,
            store=state.store,
            write=write,
        )
        await turnstile.run(orders)


class SerialWire:
    """The serial binding of a simulated controller; see `turnstile.Wire`."""

    def __init__(
        self,
        port: SerialLink | PtyPort,
        make_device: Callable[[Memory], Device],
        tell: Callable[[str], None],
        uptime_ms: Callable[[], int],
        acted: Acted,
    ) -> None:
        """make_device: makes the controller that has kept this memory."""
        self._port = port
        self._make = make_device
        self._tell = tell
        self._uptime_ms = uptime_ms
        self._acted = acted
        self._is_mute = False
        self._device = self._make(Memory())

    @property
    def controller(self) -> Controller:
        return self._device.controller

    def boot(self, memory: Memory) -> None:
        self._device = self._make(memory)
        self._run(self._device.start(self._uptime_ms()))

    def sense(self, what: Input) -> None:
        self._run(self._device.sense(what, self._uptime_ms()))

    def tick(self) -> None:
        self._run(self._device.tick(self._uptime_ms()))

    def deadline_ms(self) -> int | None:
        return self._device.deadline_ms()

    def mute(self, *, is_mute: bool) -> None:
        self._is_mute = is_mute

    async def run(self) -> Never:
        await self._port.run(self._opened, self._received, self._tell)

    def _opened(self) -> None:
        self._tell(f"{self._port.port}: open")

    def _received(self, data: bytes, _at_s: float) -> None:
        self._run(self._device.feed(data, self._uptime_ms()))

    def _run(self, output: Output) -> None:
        self._acted(self._device.controller, output.effects)
        if output.data and not self._is_mute:
            self._port.write(output.data)
