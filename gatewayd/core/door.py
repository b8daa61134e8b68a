"""The door machine: whether a door that must stay shut is, and what an opening of it means.

Pure: `step(door, input) -> (door, effects)`. People who come and go through a door are counted by
nobody: so each opening makes the count uncertain, and one that nobody allowed raises the alarm
`one_gate_broken` at once. The officer allows a delivery for some time; a fire allows everything.
"""

from dataclasses import dataclass, replace
from enum import StrEnum


class DoorState(StrEnum):
    """How a door is, as far as its contact was read."""

    CLOSED = "closed"
    OPEN = "open"
    """Open, and it may be."""
    HELD = "held"
    """It might be open, and still is when it must be shut again."""
    FORCED = "forced"
    """Opened while it had to stay shut."""


BROKEN = frozenset({DoorState.HELD, DoorState.FORCED})
"""The states in which the site has more than its one gate: the alarm is on."""


@dataclass(frozen=True, slots=True)
class Door:
    """is_seen: the contact is being read. permission: id of the one in force, None without one."""

    state: DoorState = DoorState.CLOSED
    is_seen: bool = False
    permission: int | None = None
    is_fire: bool = False

    @property
    def may_be_open(self) -> bool:
        return self.is_fire or self.permission is not None


# --- inputs ---


@dataclass(frozen=True, slots=True)
class ContactSeen:
    is_open: bool


@dataclass(frozen=True, slots=True)
class ContactLost:
    """The contact cannot be read now; the door stays what it was last."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """The officer lets it be opened for so long; takes the place of the permission before."""

    permission: int
    for_ms: int


@dataclass(frozen=True, slots=True)
class PermissionOver:
    """Timer, or the officer's word."""

    permission: int


@dataclass(frozen=True, slots=True)
class FireChanged:
    is_on: bool


Input = ContactSeen | ContactLost | Allowed | PermissionOver | FireChanged


# --- effects, run in the order given ---


@dataclass(frozen=True, slots=True)
class RecordOpening:
    """Somebody may have come or gone unseen."""

    state: DoorState


@dataclass(frozen=True, slots=True)
class RecordClosing:
    pass


@dataclass(frozen=True, slots=True)
class RaiseBroken:
    """Raise `one_gate_broken`."""

    state: DoorState


@dataclass(frozen=True, slots=True)
class ClearBroken:
    pass


@dataclass(frozen=True, slots=True)
class StartTimer:
    what: PermissionOver
    after_ms: int


Effect = RecordOpening | RecordClosing | RaiseBroken | ClearBroken | StartTimer
Step = tuple[Door, list[Effect]]


def step(door: Door, what: Input) -> Step:
    match what:
        case ContactSeen(is_open):
            return _seen(replace(door, is_seen=True), is_open=is_open)
        case ContactLost():
            return replace(door, is_seen=False), []
        case Allowed(permission, for_ms):
            after, effects = _judge(replace(door, permission=permission))
            return after, [*effects, StartTimer(PermissionOver(permission), for_ms)]
        case PermissionOver(permission):
            if permission != door.permission:
                return door, []  # The timer of one that another took the place of.
            return _judge(replace(door, permission=None))
        case FireChanged(is_on):
            return _judge(replace(door, is_fire=is_on))


def _seen(door: Door, *, is_open: bool) -> Step:
    was_open = door.state is not DoorState.CLOSED
    if is_open is was_open:
        return door, []
    if not is_open:
        cleared: list[Effect] = [ClearBroken()] if door.state in BROKEN else []
        return replace(door, state=DoorState.CLOSED), [RecordClosing(), *cleared]
    if door.may_be_open:
        return replace(door, state=DoorState.OPEN), [RecordOpening(DoorState.OPEN)]
    forced = DoorState.FORCED
    return replace(door, state=forced), [RecordOpening(forced), RaiseBroken(forced)]


def _judge(door: Door) -> Step:
    """Look anew at an open door after what it may has changed."""
    if door.state is DoorState.OPEN and not door.may_be_open:
        return replace(door, state=DoorState.HELD), [RaiseBroken(DoorState.HELD)]
    if door.state in BROKEN and door.may_be_open:
        return replace(door, state=DoorState.OPEN), [ClearBroken()]
    return door, []
