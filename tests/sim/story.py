"""The story of one run as an onlooker saw it: at the devices, on the disk, at the broker.

Nothing in it comes from inside the gateway, but how much it keeps in memory. Checkers and marks read it when the run is over.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from hashlib import sha256
from typing import Any, TypeVar

from drivers import base
from firmware_protocol.words import LogEntry
from gatewayd.core.events import Fact
from tests.sim.ear import Heard
from tests.sim.site import SimSite

Tables = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Started(Seen):
    """A gateway process runs. folded: up to where its tables had the journal, head: its end."""

    run: str
    folded: int
    head: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Seen):
    """It was killed, or stopped as it should. in_force: the grants open at controllers then.

    served_s: until when it served people; a stop ends that first.
    """

    run: str
    served_s: float
    is_killed: bool
    in_force: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned(Seen):
    """A reader's bytes made a scan, while the lane was in `state`."""

    run: str
    lane: str
    direction: str
    state: str
    heard: Heard


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent(Seen):
    """The lane gave a command to its driver."""

    run: str
    lane: str
    command: base.GateCommand


@dataclass(frozen=True, slots=True, kw_only=True)
class Told(Seen):
    """The driver gave a report to its lane."""

    run: str
    lane: str
    report: base.GateReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed(Seen):
    """A controller opened. is_recorded: the verdict stood in the database file at that moment."""

    lane: str
    grant: str
    direction: str
    is_recorded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged(Seen):
    """A controller wrote a line into its own log. is_kept: it keeps them until acknowledged."""

    lane: str
    log: str
    is_kept: bool
    entry: LogEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Overwritten(Seen):
    """Lines of a full log are gone, and no gateway had acknowledged them."""

    lane: str
    log: str
    entries: tuple[LogEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded(Seen):
    """A row stands in the database file, read through a connection of our own.

    made_s: when the gateway made the event, before it could write it.
    """

    epoch: str
    seq: int
    run: str
    made_s: float
    type: str
    time: str
    quality: str
    data: Mapping[str, Any]

    @property
    def id(self) -> str:
        return f"{self.epoch}-{self.seq}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost(Seen):
    """A row that stood in the file was gone after a kill: nobody had been told of it yet."""

    event: str
    grant: str | None
    was_at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrecorded(Seen):
    """The disk refused a fact. made_s: as in `Recorded`."""

    run: str
    made_s: float
    fact: Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived(Seen):
    """The broker took a message. event: its id, "" if it is none; is_recorded: as in `Executed`."""

    topic: str
    event: str
    seq: int
    is_recorded: bool
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied(Seen):
    """The broker did not take an event: with a code, or it hung up on it."""

    event: str
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Published(Seen):
    """Somebody published something for the gateway.

    kind: of order or document. id: its own. flaw: what is wrong with it, "" where it is the
    centre's own and of now. until_s: when an order is over. slot, version: of a document. is_change:
    it is a roster that says what changed.
    """

    topic: str
    kind: str
    id: str
    flaw: str
    payload: bytes
    until_s: float = 0.0
    slot: str = ""
    version: int = 0
    is_change: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed(Seen):
    """The broker handed a message on to a process of the gateway, which began to look at it."""

    run: str
    topic: str
    payload: bytes
    is_retained: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelved(Seen):
    """A document of the centre stands in the gateway's folder."""

    run: str
    shelf: str
    version: int
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed(Seen):
    """Receipts were stored. untaken: those of events that the broker never took."""

    epoch: str
    count: int
    untaken: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed(Seen):
    """Something broke in a way that nobody foresaw: a part of the gateway, or a callback."""

    what: str


CLOCK_KEPT = "clock_kept"
"""Noted when NTP has set the clock of the machine right, and keeps it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted(Seen):
    """A fault that the simulation made."""

    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """How everything stood when the gateway had come to rest; unrest: what had not, in words."""

    at_s: float
    unrest: str
    after_s: float
    total: int
    uncertain: int
    tables: Tables
    folded_anew: Tables
    shown_total: int | None
    is_online: bool
    named_in: tuple[str, ...] = ()
    """Files of the gateway that tell who somebody is."""


@dataclass(frozen=True, slots=True)
class Before:
    """What was there when the story begins: rows of the journal, tables of them, bodies inside."""

    seq: int = 0
    tables: Tables = field(default_factory=dict)
    inside: int = 0


SeenT = TypeVar("SeenT", bound=Seen)


@dataclass(slots=True)
class Story:
    seen: list[Seen] = field(default_factory=list)
    by_kind: dict[type[Seen], list[Any]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    left: Left | None = None
    before: Before = field(default_factory=Before)
    site: SimSite | None = None
    peaks: dict[str, tuple[float, float]] = field(default_factory=dict)
    """The highest of each figure, and when it was reached."""
    directory: str = ""
    """Of this run alone, where errors of the disk name it."""
    _fuses: dict[type[Seen], Callable[[], None]] = field(default_factory=dict)

    def saw(self, one: Seen) -> None:
        self.seen.append(one)
        self.by_kind.setdefault(type(one), []).append(one)
        fuse = self._fuses.pop(type(one), None)
        if fuse is not None:
            asyncio.get_running_loop().call_soon(fuse)

    def withdraw(self, some: Sequence[Seen]) -> None:
        """Take back what turned out not to last."""
        gone = {id(one) for one in some}
        self.seen = [one for one in self.seen if id(one) not in gone]
        for kind in {type(one) for one in some}:
            self.by_kind[kind] = [one for one in self.by_kind[kind] if id(one) not in gone]

    def turn(self, before: Before) -> None:
        """Forget all that was seen, and go on from what is there now."""
        self.seen.clear()
        self.by_kind.clear()
        self.counts.clear()
        self.peaks.clear()
        self.left, self.before = None, before

    def note(self, what: str) -> None:
        self.counts[what.split(":", maxsplit=1)[0]] += 1
        self.saw(Noted(at_s=asyncio.get_running_loop().time(), what=what))

    def weigh(self, what: str, figure: float) -> None:
        """Remember a figure, if it is the highest of its kind."""
        if figure > self.peaks.get(what, (0.0, 0.0))[0]:
            self.peaks[what] = (figure, asyncio.get_running_loop().time())

    def of(self, kind: type[SeenT]) -> list[SeenT]:
        return self.by_kind.get(kind, [])

    def at_next(self, kind: type[Seen], burn: Callable[[], None]) -> None:
        """Have `burn` called right after the next of this kind."""
        self._fuses = {kind: burn}

    def lines(self) -> list[str]:
        return [_line(one).replace(self.directory or " ", " ") for one in self.seen]

    def digest(self) -> str:
        """Return what tells it from every other story."""
        told = "\n".join([*self.lines(), str(self.left)])
        return sha256(told.encode()).hexdigest()[:16]


def _line(one: Seen) -> str:
    said = " ".join(
        f"{item.name}={getattr(one, item.name)}" for item in fields(one) if item.name != "at_s"
    )
    return f"{one.at_s:10.4f} {type(one).__name__:<10} {said}"
