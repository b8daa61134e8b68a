"""What the host has told its controller to do and does not yet know to be done."""

from collections.abc import Container
from dataclasses import dataclass

from firmware_protocol.messages import Cancel, GateState, Indicate, SetMode, State
from firmware_protocol.words import Command, Direction

OPEN_REPEATS_MS = (60, 120, 240, 480)
"""The first is twice a slow round trip; the last goes on until the command's time is over."""

OPENS_MAX = 8
"""A lane has one open under way; more than a few mean that the host went wrong."""

RESEND_MS = 100
"""What a device does not yet show as done is sent again, but not into the round trip."""


@dataclass(slots=True)
class Opening:
    """An open command without its answer; `expires_at_ms` in the host's time."""

    command: Command
    unlock_ms: int
    expires_at_ms: int
    repeat_at_ms: int
    sent_count: int = 0


class Openings:
    """Open commands under way, each until its answer, its time, or the link's end."""

    def __init__(self) -> None:
        self._opening: dict[bytes, Opening] = {}

    def __len__(self) -> int:
        return len(self._opening)

    def __contains__(self, grant: object) -> bool:
        return grant in self._opening

    def add(self, opening: Opening) -> bool:
        """Return False if there are too many under way."""
        assert opening.command.grant not in self._opening, "it is answered once"
        if len(self._opening) == OPENS_MAX:
            return False
        self._opening[opening.command.grant] = opening
        return True

    def settle(self, grant: bytes) -> bool:
        """Return whether this one was still without an answer."""
        return self._opening.pop(grant, None) is not None

    def take_expired(self, now_ms: int) -> list[Opening]:
        expired = [it for it in self._opening.values() if now_ms >= it.expires_at_ms]
        for opening in expired:
            del self._opening[opening.command.grant]
        return expired

    def take_all(self) -> list[Opening]:
        taken = list(self._opening.values())
        self._opening.clear()
        return taken

    def take_due(self, now_ms: int) -> list[Opening]:
        """Return those to be sent now, and note that they are."""
        due = [it for it in self._opening.values() if now_ms >= it.repeat_at_ms]
        for opening in due:
            pause_ms = OPEN_REPEATS_MS[min(opening.sent_count, len(OPEN_REPEATS_MS) - 1)]
            opening.repeat_at_ms = now_ms + pause_ms
            opening.sent_count += 1
        return due

    def restart(self, now_ms: int) -> None:
        """Have all of them sent at once: there is a new session."""
        for opening in self._opening.values():
            opening.repeat_at_ms = now_ms

    def expiries_ms(self) -> list[int]:
        return [it.expires_at_ms for it in self._opening.values()]

    def repeats_ms(self) -> list[int]:
        """Return when each is to be sent (again)."""
        return [it.repeat_at_ms for it in self._opening.values()]


@dataclass(slots=True)
class _Wish:
    message: SetMode | Indicate | Cancel
    sent_at_ms: int | None


class Wishes:
    """Mode, signals and cancellations: sent until the device's state shows that they are done.

    The mode and the signals are kept over sessions, so that a device that restarted gets them.
    """

    def __init__(self) -> None:
        self._wishes: dict[object, _Wish] = {}

    def add(self, message: SetMode | Indicate | Cancel, sent_at_ms: int | None) -> None:
        """`sent_at_ms` is None if it could not be sent yet."""
        match message:
            case SetMode():
                key: object = SetMode
            case Indicate(_, direction):
                key = direction
            case Cancel(grant):
                key = grant
        self._wishes[key] = _Wish(message, sent_at_ms)

    def restart(self) -> None:
        """Have all that is not done sent at the next state: there is a new session."""
        for wish in self._wishes.values():
            wish.sent_at_ms = None

    def take_unmet(
        self, state: State, openings: Container[bytes], now_ms: int
    ) -> list[SetMode | Indicate | Cancel]:
        """Compare with the device's state; return what is to be sent now, and note that it is.

        openings: grants whose open command may still be on its way.
        """
        unmet: list[SetMode | Indicate | Cancel] = []
        for key, wish in list(self._wishes.items()):
            if _is_met(wish.message, state):
                if isinstance(wish.message, Cancel) and wish.message.grant not in openings:
                    del self._wishes[key]
            elif _may_be_sent(wish, state, now_ms):
                wish.sent_at_ms = now_ms
                unmet.append(wish.message)
        return unmet


def _is_met(message: SetMode | Indicate | Cancel, state: State) -> bool:
    match message:
        case SetMode(mode):
            return state.mode is mode
        case Indicate(signal, direction):
            is_entry = direction is Direction.ENTRY
            return (state.entry_signal if is_entry else state.exit_signal) is signal
        case Cancel(grant):
            return state.grant != grant or state.gate is GateState.PASSING


def _may_be_sent(wish: _Wish, state: State, now_ms: int) -> bool:
    if state.is_fire and not isinstance(wish.message, Indicate):
        return False  # Nothing that could lock is sent in a fire.
    return wish.sent_at_ms is None or now_ms >= wish.sent_at_ms + RESEND_MS
