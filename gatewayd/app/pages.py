"""What a gate and its pages know of each other; it imports nothing that only pages need."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gatewayd.app.accounts import People
from gatewayd.core.events import Event
from gatewayd.core.words import LaneId
from gatewayd.desk.behind import Ask, MakeFile
from gatewayd.ports import Blocking
from gatewayd.runtime.gateway import Part
from gatewayd.runtime.lane import LaneShell, Shared
from gatewayd.runtime.requests import Answer, Verb


def _ignore(_: Sequence[Event]) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Pages:
    """parts: what runs. committed: to be told what is on disk."""

    parts: tuple[Part, ...] = ()
    committed: Callable[[Sequence[Event]], None] = _ignore


@dataclass(frozen=True, slots=True)
class Records:
    """What only pages ask for, by name: questions about what is on record, and files of it."""

    verbs: Mapping[str, Verb] = field(default_factory=dict)
    files: Mapping[str, MakeFile] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Behind:
    """What answers the pages. status: the state, for open ones. files: by their names.

    is_ready, metrics: for what watches from outside.
    """

    ask: Ask
    status: Callable[[], Answer]
    files: Mapping[str, MakeFile]
    is_ready: Callable[[], bool]
    metrics: Callable[[], bytes]
    people: People
    lanes: Mapping[LaneId, LaneShell]
    shared: Shared
    blocking: Blocking
