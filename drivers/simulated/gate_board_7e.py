"""A simulated swing gate with the board of `boards.board_7e_codec`."""

from typing import Final

from drivers.boards.board_7e_codec import (
    COMMAND_SIZE,
    COUNTER_BITS,
    Code,
    Request,
    Status,
    find_request,
    status,
)
from drivers.simulated.board_wire import PASSAGES, Mechanics
from firmware_protocol.words import Direction, LogEntry, LogKind, Mode

_VERSION: Final = 0x21
_SUPPLY: Final = 24


class SimulatedBoard7e:
    """Its left side is the entry.

    counts: by direction. keeps_counts: they outlive a power cut.
    """

    def __init__(self, address: int = 1, *, keeps_counts: bool = True) -> None:
        self.counts = dict.fromkeys(Direction, 0)
        self.requests: list[Request] = []
        """All that was asked but for its state."""
        self._address = address
        self._keeps_counts = keeps_counts
        self._heard = b""
        self._alarm = 0

    def power_up(self) -> None:
        self._alarm = 0
        if not self._keeps_counts:
            self.counts = dict.fromkeys(Direction, 0)

    def hear(self, data: bytes, turnstile: Mechanics, now_ms: int) -> bytes:
        del now_ms
        answers = b""
        request, self._heard = find_request(self._heard + data, self._address)
        while request is not None:
            self._obey(request, turnstile)
            answers += status(self._status(turnstile))
            request, self._heard = find_request(self._heard, self._address)
        assert len(self._heard) < COMMAND_SIZE
        return answers

    def note(self, entry: LogEntry, now_ms: int) -> None:
        del now_ms
        if entry.kind in PASSAGES and entry.direction is not None:
            count = self.counts[entry.direction] + 1
            self.counts[entry.direction] = count % (1 << COUNTER_BITS)
        if entry.kind in {LogKind.FORCED, LogKind.TAILGATE}:
            self._alarm = 1

    def _obey(self, request: Request, turnstile: Mechanics) -> None:
        if request.code == Code.QUERY:
            return
        self.requests.append(request)
        self._alarm = 0
        match request.code:
            case Code.OPEN_LEFT:
                turnstile.open(Direction.ENTRY)
            case Code.OPEN_RIGHT:
                turnstile.open(Direction.EXIT)
            case Code.KEEP_OPEN:
                turnstile.set_mode(Mode.FREE)
            case Code.CLOSE:
                turnstile.cancel()
                turnstile.set_mode(Mode.NORMAL)
            case _:
                pass  # It answers all commands, also those that it does not know.

    def _status(self, turnstile: Mechanics) -> Status:
        controller = turnstile.controller
        return Status(
            address=self._address,
            version=_VERSION,
            fault=int(controller.is_faulty),
            gate=int(controller.command is not None or controller.is_free),
            alarm=self._alarm,
            left=self.counts[Direction.ENTRY],
            right=self.counts[Direction.EXIT],
            infrared=0,
            executed=0,
            supply=_SUPPLY,
        )
