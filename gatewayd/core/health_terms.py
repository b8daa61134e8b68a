"""The words of a gateway's health: what is seen of it, and what can be said of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from gatewayd.core.sync_figures import SyncFigures
from gatewayd.core.words import ClockQuality, Json


class Part(StrEnum):
    GATE = "gate"
    LANES = "lanes"
    READERS = "readers"
    DOORS = "doors"
    BROKER = "broker"
    QUEUE = "queue"
    POLICY = "policy"
    LISTS = "lists"
    CLOCK = "clock"
    DISK = "disk"


class Colour(StrEnum):
    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


class Says(StrEnum):
    """What there is to say of a part: the key of a sentence in `health_texts`."""

    NOT_RECORDED = "not_recorded"
    FIRE = "fire"
    PARTS_FAILED = "parts_failed"
    UNATTENDED = "unattended"
    LANES_ORDERED = "lanes_ordered"
    OBSERVES = "observes"
    DECIDES = "decides"
    LANES_DOWN = "lanes_down"
    LANES_PARTLY = "lanes_partly"
    LANES_STUCK = "lanes_stuck"
    LANES_UP = "lanes_up"
    READERS_DOWN = "readers_down"
    READERS_PARTLY = "readers_partly"
    READERS_UP = "readers_up"
    NO_READERS = "no_readers"
    DOORS_OPEN = "doors_open"
    CONTACTS_UNSEEN = "contacts_unseen"
    DOORS_SHUT = "doors_shut"
    NO_CENTRE = "no_centre"
    DISCONNECTED = "disconnected"
    CONNECTED = "connected"
    QUEUE_SHORT = "queue_short"
    QUEUE_OLD = "queue_old"
    QUARANTINED = "quarantined"
    QUEUE_WAITS = "queue_waits"
    QUEUE_EMPTY = "queue_empty"
    POLICY_OVER = "policy_over"
    POLICY_ENDS = "policy_ends"
    POLICY_HOLDS = "policy_holds"
    LISTS_OLD = "lists_old"
    LISTS_AGEING = "lists_ageing"
    LISTS_FRESH = "lists_fresh"
    CLOCK_LOST = "clock_lost"
    CLOCK_DRIFTS = "clock_drifts"
    CLOCK_KEPT = "clock_kept"
    DISK_REFUSES = "disk_refuses"
    DISK_FULL = "disk_full"
    DISK_LOW = "disk_low"
    JOURNAL_LARGE = "journal_large"
    DISK_UNSEEN = "disk_unseen"
    DISK_WELL = "disk_well"


@dataclass(frozen=True, slots=True)
class LaneSeen:
    """order: what the officer ordered, `normal` where nothing."""

    name: str
    works: bool
    order: str = "normal"


@dataclass(frozen=True, slots=True)
class PolicySeen:
    """left: until its end, None where it has none. answer: what everybody gets once it is over."""

    versions: tuple[str, ...]
    is_in_force: bool
    left: timedelta | None
    answer: str


@dataclass(frozen=True, slots=True)
class ListSeen:
    """age: since it was made, None where nobody says when."""

    name: str
    age: timedelta | None


@dataclass(frozen=True, slots=True)
class DiskSeen:
    """Bytes free where the records are; bytes and rows of the journal, and what it may have."""

    free: int
    used: int
    used_max: int
    row_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """All that the health of a gateway is judged by.

    alarms: `alarm/subject` of all that are raised. readers: whether each has its link. contacts:
    whether each of the doors, fire inputs and buttons can be read. link: None without a centre.
    list_age_max: of people on lists; None is no limit. disk: None before the first look.
    """

    lanes: tuple[LaneSeen, ...]
    policy: PolicySeen
    clock: ClockQuality
    is_recording: bool = True
    is_observing: bool = False
    fire: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    readers: Mapping[str, bool] = field(default_factory=dict)
    contacts: Mapping[str, bool] = field(default_factory=dict)
    open_doors: tuple[str, ...] = ()
    link: SyncFigures | None = None
    lists: tuple[ListSeen, ...] = ()
    list_age_max: timedelta | None = None
    disk: DiskSeen | None = None

    def subjects_of(self, alarm: str) -> tuple[str, ...]:
        """Return where this alarm is raised."""
        parts = (key.partition("/") for key in self.alarms)
        return tuple(subject for name, _, subject in parts if name == alarm)


@dataclass(frozen=True, slots=True)
class Condition:
    """One part: its colour, its sentence, and the figures that stand in the sentence."""

    part: Part
    colour: Colour
    says: Says
    figures: Mapping[str, Json] = field(default_factory=dict)
