"""A turnstile with dry contacts, wired to the outputs and inputs of an OSDP device.

Only what the device tells counts: OSDP has no log that could be read again, so a passage during an
outage is never heard of. Sources: OSDP 2.2 (commands 61 ISTAT, 68 OUT), libosdp 3.2.9.
"""

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Final, Never

import osdp_sys

from drivers.base import Capabilities, Direction, Mode
from drivers.osdp_device import OsdpDevice
from drivers.osdp_events import InputsRead, OsdpEvent
from drivers.polled_line import LineDownError, RefusedError, SilentError
from drivers.turnstiles.contact_inputs import ContactInputs
from drivers.turnstiles.polled import PolledTurnstile
from drivers.turnstiles.polled_board import Seen
from drivers.turnstiles.wiring import PAUSE_S, PULSE_STEP_MS, Wiring

# libosdp asks the device every 50 ms; between two answers there is nothing new.
POLL_S: Final = 0.05
# Twenty questions without an answer; libosdp itself would wait for 8 s.
SILENT_S: Final = 1.0
# A device that tells its inputs by itself does so with its first answers.
UNASKED_S: Final = 0.5
ANSWER_S: Final = 1.0

_OFF: Final = 1
"""Off, also where a timed operation runs."""
_PULSE: Final = 5
"""On for a time that the device keeps, then as before."""


def osdp_turnstile(device: OsdpDevice, wiring: Wiring) -> PolledTurnstile:
    board = OsdpBoard(device, wiring)
    return PolledTurnstile(board, board)


class OsdpBoard:
    """Opens with a pulse that the device times itself. It is its own line to `PolledTurnstile`.

    A pulse cannot be taken back, and there are no modes: for both the turnstile has inputs of its
    own.
    """

    can_close = False
    poll_s = POLL_S

    def __init__(self, device: OsdpDevice, wiring: Wiring) -> None:
        self.port = device.port
        self._device = device
        self._wiring = wiring
        self._last_input = wiring.contacts.last_input
        self._levels: tuple[bool, ...] = ()
        self._has_levels = asyncio.Event()
        self._inputs: ContactInputs | None = None
        self._seen = Seen()
        self._is_started = False
        self._is_prepared = False
        self._ready_s = dict.fromkeys(Direction, 0.0)
        self._is_tried = asyncio.Event()
        self._loss = ""

    @property
    def capabilities(self) -> Capabilities:
        return self._wiring.capabilities

    @property
    def sees(self) -> frozenset[Direction]:
        return self._wiring.sees

    # --- the line ------------------------------------------------------------------------------

    async def keep(self) -> Never:
        await self._device.run(up=self._rise, came=self._take, lost=self._lose)

    async def tried(self) -> None:
        await self._is_tried.wait()

    async def opened(self) -> None:
        await self._device.risen()

    def _rise(self, _name: str) -> None:
        self._has_levels.clear()
        self._inputs = None
        self._is_started = False
        self._is_tried.set()

    def _lose(self, reason: str) -> None:
        self._loss = reason
        self._is_tried.set()

    # --- the board -----------------------------------------------------------------------------

    def ready_s(self, direction: Direction) -> float:
        return self._ready_s[direction]

    async def start(self) -> Seen:
        self._check_up()
        self._check_size()
        if self._is_started:
            self._has_levels.clear()  # They may have changed while it was silent.
        self._is_started = True
        self._is_prepared = False
        if self._last_input:
            await self._ask_inputs()
        self._inputs, self._seen = None, Seen()
        return replace(await self.read(), is_gap=True)

    async def read(self) -> Seen:
        self._check_up()
        self._look(_now_s())
        seen, self._seen = self._seen, Seen()
        if not self._is_prepared and not seen.is_fire:
            await self._prepare()
        return seen

    async def open(self, direction: Direction, before_s: float) -> Seen | None:
        output = self._wiring.relays.get(direction)
        if output is None:
            return None
        self._check_up()
        pulse_ms = self._wiring.pulse_ms
        try:
            await self._device.carry_out(
                _output(output, _PULSE, pulse_ms // PULSE_STEP_MS), before_s
            )
        finally:
            self._ready_s[direction] = _now_s() + pulse_ms / 1000 + PAUSE_S
        return None

    async def close_entry(self) -> None:
        raise AssertionError("a pulse cannot be taken back")

    async def set_mode(self, mode: Mode) -> None:
        if mode is Mode.FREE:
            raise RefusedError("an output's pulse lets one person through")

    # --- how it is -----------------------------------------------------------------------------

    def _check_up(self) -> None:
        if not self._device.is_up:
            raise LineDownError(self._loss or f"{self.port} is being opened")
        if self._device.silence_s() > SILENT_S:
            raise SilentError(
                f"the OSDP device at address {self._device.address} of {self.port} does not answer "
                "any more: does it have power, and are A and B connected?"
            )

    def _check_size(self) -> None:
        """Tell the mistake in the wiring: libosdp drops the link of a device that refuses."""
        for capability, needed, what in (
            (osdp_sys.CAP_OUTPUT_CONTROL, max(self._wiring.relays.values()), "output"),
            (osdp_sys.CAP_CONTACT_STATUS_MONITORING, self._last_input, "input"),
        ):
            count = self._device.count(capability)
            if needed > count:
                raise RefusedError(
                    f"address {self._device.address} of {self.port} has {count} {what}s, and the "
                    f"settings speak of number {needed}"
                )

    async def _ask_inputs(self) -> None:
        try:
            async with asyncio.timeout(UNASKED_S):
                await self._has_levels.wait()
        except TimeoutError:
            # libosdp tells what came with an answer before it tells that it was one.
            await self._device.carry_out(_ASK_INPUTS, _now_s() + ANSWER_S)
        if not self._has_levels.is_set():
            raise RefusedError(
                f"address {self._device.address} of {self.port} does not tell its inputs"
            )

    async def _prepare(self) -> None:
        """Have the outputs off: a power cut of the gateway may have left one on."""
        for output in self._wiring.relays.values():
            await self._device.carry_out(_output(output, _OFF), _now_s() + ANSWER_S)
        self._is_prepared = True

    def _take(self, event: OsdpEvent, at_s: float) -> None:
        if not isinstance(event, InputsRead):
            return
        if self._inputs is not None:
            self._look(at_s)  # So far it was as it was.
        missing = self._last_input - len(event.inputs)
        self._levels = event.inputs + (False,) * missing
        self._has_levels.set()
        if self._inputs is not None:
            self._look(at_s)

    def _look(self, now_s: float) -> None:
        """Add what the inputs tell until now to what is to be read."""
        levels = self._levels
        if self._inputs is None:
            self._inputs = ContactInputs(self._wiring.contacts, levels, now_s)
        seen, before = self._inputs.look(levels, now_s), self._seen
        passages = Counter(before.passages) + Counter(seen.passages)
        self._seen = replace(seen, passages=passages, notes=before.notes + seen.notes)


_ASK_INPUTS: Final = {
    "command": osdp_sys.CMD_STATUS,
    "type": osdp_sys.STATUS_REPORT_INPUT,
    "report": b"",
}


def _output(number: int, control: int, duration_ds: int = 0) -> dict[str, object]:
    """Switch an output, counted from 1; duration_ds: for how many tenths of a second."""
    return {
        "command": osdp_sys.CMD_OUTPUT,
        "output_no": number - 1,
        "control_code": control,
        "timer_count": duration_ds,
    }


def _now_s() -> float:
    return asyncio.get_running_loop().time()
