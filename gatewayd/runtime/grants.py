"""The grants whose end is not recorded yet, of all lanes.

A grant is here from the moment it is decided until its end is on disk: it holds its place and its
holder all that time, whatever happened to the lane, the link or the process meanwhile.
"""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Self

from gatewayd.core.events import Access
from gatewayd.core.folded import Document
from gatewayd.core.words import Direction, GrantId, HolderId, LaneId


@dataclass(frozen=True, slots=True)
class Pending:
    """One such grant.

    since_s: monotonic time at which it was decided, opened, or found at the start.
    was_opened: an open command left for the turnstile (taken for granted at the start).
    is_ending: its end is being recorded.
    """

    lane: LaneId
    direction: Direction
    holder: HolderId | None
    category: str
    since_s: float
    was_opened: bool = False
    is_ending: bool = False

    @classmethod
    def of(cls, fact: Access, now_s: float) -> Self:
        assert fact.category is not None
        return cls(fact.lane, fact.direction, fact.holder, fact.category, now_s)


class Grants:
    def __init__(self, found: Iterable[tuple[str, Document]], now_s: float) -> None:
        """`found`: the rows of the table `grants`, from before the start."""
        self._pending = {GrantId(key): _restored(document, now_s) for key, document in found}

    def reserve(self, grant: GrantId, pending: Pending) -> None:
        assert grant not in self._pending, "a grant is made once"
        self._pending[grant] = pending

    def opened(self, grant: GrantId, now_s: float) -> None:
        self._pending[grant] = replace(self._pending[grant], was_opened=True, since_s=now_s)

    def opened_s(self, grant: GrantId) -> float | None:
        """Return when the open command left for it; None where none did, or it has ended."""
        pending = self._pending.get(grant)
        return pending.since_s if pending is not None and pending.was_opened else None

    def end(self, grant: GrantId) -> Pending | None:
        """Claim the recording of its end; None where it is claimed, ended or not ours."""
        pending = self._pending.get(grant)
        if pending is None or pending.is_ending:
            return None
        self._pending[grant] = replace(pending, is_ending=True)
        return pending

    def ended(self, grant: GrantId) -> None:
        """Forget it: its end is on disk, or its verdict never was."""
        self._pending.pop(grant, None)

    def forget(self, holder: HolderId) -> None:
        """Let the passages of a holder who is on the way be nobody's."""
        for grant, one in self._pending.items():
            if one.holder == holder:
                self._pending[grant] = replace(one, holder=None)

    def entering(self, is_of: Callable[[LaneId], bool]) -> dict[str, int]:
        """Return how many of each category are on their way in, by the lanes of one area."""
        return dict(Counter(one.category for one in self._entries(is_of)))

    def has(self, holder: HolderId, is_of: Callable[[LaneId], bool]) -> bool:
        """Return whether the holder is on the way in, by a lane of one area."""
        return any(one.holder == holder for one in self._entries(is_of))

    def unsettled(self, lane: LaneId, watched: GrantId | None, before_s: float) -> list[GrantId]:
        """Return grants opened at the lane before a time, that nobody watches any more."""
        return [
            grant
            for grant, one in self._pending.items()
            if one.lane == lane and one.was_opened and not one.is_ending
            if grant != watched and one.since_s < before_s
        ]

    def elsewhere(self, lanes: Container[LaneId]) -> list[GrantId]:
        """Return grants of all lanes but these."""
        return [grant for grant, one in self._pending.items() if one.lane not in lanes]

    def _entries(self, is_of: Callable[[LaneId], bool]) -> Iterator[Pending]:
        for one in self._pending.values():
            if one.direction is Direction.ENTRY and is_of(one.lane):
                yield one

    def __len__(self) -> int:
        return len(self._pending)


def _restored(document: Document, now_s: float) -> Pending:
    holder = document["holder"]
    return Pending(
        lane=LaneId(str(document["lane"])),
        direction=Direction(str(document["direction"])),
        holder=None if holder is None else HolderId(str(holder)),
        category=str(document["category"]),
        since_s=now_s,
        was_opened=True,
    )
