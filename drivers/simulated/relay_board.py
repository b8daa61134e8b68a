"""A simulated Modbus relay and input board with a turnstile wired to it."""

import math
from typing import Final

from drivers.simulated.board_wire import PASSAGES, Mechanics
from drivers.simulated.modbus_slave import ModbusSlave
from firmware_protocol.words import Direction, LogEntry, LogKind

CHANNELS: Final = 8
RELAYS: Final = {0: Direction.ENTRY, 1: Direction.EXIT}
"""Relay 1 opens the entry, relay 2 the exit."""
PASSAGE_INPUTS: Final = {Direction.ENTRY: 0, Direction.EXIT: 1}
"""Inputs 1 and 2 close for a moment at each passage."""
READY_INPUT: Final = 2
"""Input 3 is closed while the turnstile is ready."""
ALARM_INPUT: Final = 3
"""Input 4 closes for a moment when somebody is in who should not be."""
FIRE_INPUT: Final = 4
"""Input 5 is closed while there is no fire."""

CLOSED_MS: Final = 300
LINKED: Final = 1
"""The control mode in which boards with inputs come: each input switches its relay."""

_ON, _OFF = 0xFF00, 0x0000
_PULSE, _MODE = 0x0200, 0x1000


class SimulatedRelayBoard:
    """Eight relays and eight inputs; a relay that switches on opens its side of the turnstile."""

    def __init__(self, address: int = 1) -> None:
        self.modes = [LINKED] * CHANNELS
        self.writes: list[tuple[int, int]] = []
        """Address and value of each coil written so far."""
        self._slave = ModbusSlave(address)
        self._turnstile: Mechanics | None = None
        self._now_ms = 0
        self._on_until_ms: dict[int, float] = {}
        self._closed_until_ms: dict[int, int] = {}

    def power_up(self) -> None:
        """All relays are off; the modes are kept."""
        self._on_until_ms.clear()
        self._closed_until_ms.clear()

    def hear(self, data: bytes, turnstile: Mechanics, now_ms: int) -> bytes:
        self._turnstile, self._now_ms = turnstile, now_ms
        return self._slave.hear(data, self, now_ms)

    def note(self, entry: LogEntry, now_ms: int) -> None:
        if entry.kind in PASSAGES and entry.direction in PASSAGE_INPUTS:
            self._closed_until_ms[PASSAGE_INPUTS[entry.direction]] = now_ms + CLOSED_MS
        if entry.kind in {LogKind.FORCED, LogKind.TAILGATE}:
            self._closed_until_ms[ALARM_INPUT] = now_ms + CLOSED_MS

    # --- what is asked for; see `modbus_slave.Device` --------------------------------------------

    def coils(self, address: int, count: int) -> list[bool] | None:
        if address + count > CHANNELS:
            return None
        return [self.is_on(relay) for relay in range(address, address + count)]

    def inputs(self, address: int, count: int) -> list[bool] | None:
        if address + count > CHANNELS:
            return None
        return [self._is_closed(number) for number in range(address, address + count)]

    def registers(self, address: int, count: int) -> list[int] | None:
        first = address - _MODE
        return self.modes[first : first + count] if 0 <= first <= CHANNELS - count else None

    def write_coil(self, address: int, value: int) -> bool:
        self.writes.append((address, value))
        is_pulse = _PULSE <= address < _PULSE + CHANNELS
        relay = address - _PULSE if is_pulse else address
        if relay >= CHANNELS or not (is_pulse or value in {_ON, _OFF}):
            return False
        was_on = self.is_on(relay)
        lasting_ms = value * 100 if is_pulse else math.inf if value == _ON else 0
        self._on_until_ms[relay] = self._now_ms + lasting_ms
        if relay in RELAYS and self.is_on(relay) and not was_on:
            assert self._turnstile is not None, "coils are written over the line"
            self._turnstile.open(RELAYS[relay])
        return True

    def write_registers(self, address: int, values: list[int]) -> bool:
        first = address - _MODE
        if not 0 <= first <= CHANNELS - len(values):
            return False
        self.modes[first : first + len(values)] = values
        return True

    def is_on(self, relay: int) -> bool:
        return self._on_until_ms.get(relay, 0) > self._now_ms

    def _is_closed(self, number: int) -> bool:
        assert self._turnstile is not None, "inputs are read over the line"
        controller = self._turnstile.controller
        if number == READY_INPUT:
            return not controller.is_faulty
        if number == FIRE_INPUT:
            return not controller.is_fire
        return self._closed_until_ms.get(number, 0) > self._now_ms
