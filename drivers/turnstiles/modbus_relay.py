"""A turnstile with dry contacts, wired to a Modbus relay and input board (Waveshare and clones).

Source: waveshare.com/wiki/Modbus_RTU_Relay, Modbus_RTU_Relay_(D) and Modbus_RTU_IO_8CH; for the
turnstile's contacts the manuals of PERCo (TTR-04CW, TTR-10A, TTD-03).
"""

import asyncio
import logging
from dataclasses import replace
from typing import Final

from drivers.base import Capabilities, Direction, Mode
from drivers.boards.modbus import ModbusDevice
from drivers.polled_line import PolledLine, RefusedError
from drivers.turnstiles.contact_inputs import ContactInputs
from drivers.turnstiles.polled import PolledTurnstile
from drivers.turnstiles.polled_board import Seen
from drivers.turnstiles.wiring import PAUSE_S, PULSE_STEP_MS, Wiring

log = logging.getLogger(__name__)

# Passage contacts close for 100 ms at least, and a reading takes 24 ms at 9600 baud.
POLL_S: Final = 0.030
# Without inputs a reading only shows that the board is there.
IDLE_POLL_S: Final = 0.3
RELAY_COUNT_READ: Final = 8

PULSE: Final = 0x0200
"""Coil address of a pulse of relay 1; the value counts tenths of a second."""
CONTROL_MODE: Final = 0x1000
"""Register of relay 1's mode: 0 obeys us alone; in others an input switches it."""
OBEYING: Final = 0
OFF: Final = 0


def modbus_relay(line: PolledLine, address: int, wiring: Wiring) -> PolledTurnstile:
    return PolledTurnstile(line, RelayBoard(ModbusDevice(line, address), wiring))


class RelayBoard:
    """Opens with a pulse that the board times itself, so that the host may die at any moment.

    A pulse cannot be taken back, and there are no modes: for both the turnstile has inputs of its
    own. Contacts have no memory: what happens while nobody reads them stays unknown.
    """

    can_close = False

    def __init__(self, device: ModbusDevice, wiring: Wiring) -> None:
        self._device = device
        self._wiring = wiring
        self._input_count = wiring.contacts.input_count
        self._inputs: ContactInputs | None = None
        self._is_prepared = False
        self._is_fire = False
        self._ready_s = dict.fromkeys(Direction, 0.0)

    @property
    def capabilities(self) -> Capabilities:
        return self._wiring.capabilities

    @property
    def poll_s(self) -> float:
        return POLL_S if self._input_count else IDLE_POLL_S

    @property
    def sees(self) -> frozenset[Direction]:
        return self._wiring.sees

    def ready_s(self, direction: Direction) -> float:
        return self._ready_s[direction]

    async def start(self) -> Seen:
        self._inputs = None
        self._is_prepared = False
        seen = await self._look()
        if not seen.is_fire:
            await self._prepare()
        return replace(seen, is_gap=True)

    async def read(self) -> Seen:
        if not self._is_prepared and not self._is_fire:
            await self._prepare()  # There was a fire at the start.
        return await self._look()

    async def open(self, direction: Direction, before_s: float) -> None:
        relay = self._wiring.relays.get(direction)
        if relay is not None:
            pulse_ms = self._wiring.pulse_ms
            value = pulse_ms // PULSE_STEP_MS
            try:
                await self._device.write_coil(PULSE + relay - 1, value, before_s=before_s)
            finally:
                now_s = asyncio.get_running_loop().time()
                self._ready_s[direction] = now_s + pulse_ms / 1000 + PAUSE_S

    async def close_entry(self) -> None:
        raise AssertionError("a pulse cannot be taken back")

    async def set_mode(self, mode: Mode) -> None:
        if mode is Mode.FREE:
            raise RefusedError("a relay's pulse lets one person through")

    async def _look(self) -> Seen:
        if self._input_count:
            levels = await self._device.read_inputs(self._input_count)
        else:
            levels = await self._device.read_coils(RELAY_COUNT_READ)
        now_s = asyncio.get_running_loop().time()
        if self._inputs is None:
            self._inputs = ContactInputs(self._wiring.contacts, levels, now_s)
        seen = self._inputs.look(levels, now_s)
        self._is_fire = seen.is_fire
        return seen

    async def _prepare(self) -> None:
        """Have the relays obey nobody else, and off: a power cut may have left one on."""
        for relay in self._wiring.relays.values():
            await self._make_obey(relay)
            await self._device.write_coil(relay - 1, OFF)
        self._is_prepared = True

    async def _make_obey(self, relay: int) -> None:
        """Boards with inputs come from the maker with each input switching its relay."""
        register = CONTROL_MODE + relay - 1
        try:
            (mode,) = await self._device.read_registers(register, 1)
        except RefusedError:
            return  # A board without such modes.
        if mode == OBEYING:
            return
        await self._device.write_register(register, OBEYING)
        log.warning("relay_mode_changed", extra={"fields": {"relay": relay, "was": mode}})
        (mode,) = await self._device.read_registers(register, 1)
        if mode != OBEYING:
            raise RefusedError(
                f"relay {relay} of {self._device.name} stays in control mode {mode}, in which an "
                f"input switches it: set its register 0x{register:04x} to 0 with the maker's tool"
            )
