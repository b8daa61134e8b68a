"""A simulated turnstile of LOT Group, by the registers of its maker's SDK."""

from typing import Final

from drivers.simulated.board_wire import PASSAGES, Mechanics
from drivers.simulated.modbus_slave import ModbusSlave
from firmware_protocol.controller import Passing
from firmware_protocol.words import Direction, LogEntry, Mode

_WAYS: Final = (Direction.ENTRY, Direction.EXIT)
_FREE: Final = 0xFFFF
_STATE, _STATE_COUNT = 0x0040, 9
_MODE, _FREE_MODE = 0x3000, 2


class SimulatedLotTurnstile:
    """Counts passages, and how many are left of what was granted.

    counts: by direction. keeps_counts: they outlive a power cut.
    """

    def __init__(self, address: int = 1, *, keeps_counts: bool = True) -> None:
        self.counts = dict.fromkeys(_WAYS, 0)
        self.mode = 0
        self.writes: list[tuple[int, int]] = []
        """Address and value of each register written so far."""
        self._keeps_counts = keeps_counts
        self._slave = ModbusSlave(address)
        self._turnstile: Mechanics | None = None
        self._is_free = dict.fromkeys(_WAYS, False)

    def power_up(self) -> None:
        if not self._keeps_counts:
            self.counts = dict.fromkeys(_WAYS, 0)

    def hear(self, data: bytes, turnstile: Mechanics, now_ms: int) -> bytes:
        self._turnstile = turnstile
        return self._slave.hear(data, self, now_ms)

    def note(self, entry: LogEntry, now_ms: int) -> None:
        del now_ms  # Counters have no time.
        if entry.kind in PASSAGES and entry.direction is not None:
            self.counts[entry.direction] = (self.counts[entry.direction] + 1) & 0xFFFF_FFFF

    # --- what is asked for; see `modbus_slave.Device` --------------------------------------------

    def coils(self, address: int, count: int) -> list[bool] | None:
        del address, count
        return None

    inputs = coils

    def registers(self, address: int, count: int) -> list[int] | None:
        if address == _MODE and count == 1:
            return [self.mode]
        first = address - _STATE
        return self._state()[first : first + count] if 0 <= first <= _STATE_COUNT - count else None

    def write_coil(self, address: int, value: int) -> bool:
        del address, value
        return False

    def write_registers(self, address: int, values: list[int]) -> bool:
        assert self._turnstile is not None, "registers are written over the line"
        (value,) = values
        self.writes.append((address, value))
        match address - _STATE:
            case (0 | 1) as side:
                self._grant(_WAYS[side], value)
            case _ if address == _MODE:
                self.mode = value
                self._turnstile.set_mode(Mode.FREE if value == _FREE_MODE else Mode.NORMAL)
            case _:
                return False
        return True

    def _grant(self, way: Direction, count: int) -> None:
        assert self._turnstile is not None, "grants come over the line"
        self._is_free[way] = count == _FREE
        command = self._turnstile.controller.command
        if 0 < count < _FREE:
            self._turnstile.open(way)
        elif command is not None and command.direction is way:
            self._turnstile.cancel()

    def _state(self) -> list[int]:
        assert self._turnstile is not None, "registers are read over the line"
        controller = self._turnstile.controller
        command = controller.command
        granted = None if command is None else command.direction
        present = granted if isinstance(controller.gate, Passing) else None
        words = [_FREE if self._is_free[way] else int(way is granted) for way in _WAYS]
        words += [int(way is present) for way in _WAYS]
        for way in _WAYS:
            words += [self.counts[way] & 0xFFFF, self.counts[way] >> 16]
        return [*words, int(controller.is_faulty)]
