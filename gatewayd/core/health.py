"""How well a gateway is, part by part: what works, what will not for long, and what does not.

Green needs nobody, yellow works and is to be seen to, red is at the gate's expense now.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from gatewayd.core.health_terms import (
    Colour,
    Condition,
    ListSeen,
    Observed,
    Part,
    PolicySeen,
    Says,
)
from gatewayd.core.sync_figures import SyncFigures
from gatewayd.core.words import ClockQuality, Json

QUEUE_OLD_S = 15 * 60.0  # As long as receipts may stand before they are an alarm.
QUEUE_SHORT_HOURS = 48.0  # Less room than a weekend takes.
POLICY_SHORT = timedelta(days=7)  # A ministry needs some days to extend a decree.
LIST_AGEING = 0.75
"""Of the age at which the people on a list are not admitted by it any more."""
FREE_BYTES_MIN = 500_000_000
"""Three weeks of a busy gate take 200 MB, and the journal needs room to be written anew."""


@dataclass(frozen=True, slots=True)
class Health:
    """is_ready: somebody with a good code could be let in now. Whoever can tell this is alive."""

    parts: tuple[Condition, ...]
    is_ready: bool

    @property
    def colour(self) -> Colour:
        """The worst of all parts."""
        return max((one.colour for one in self.parts), key=[*Colour].index)


def judge(seen: Observed) -> Health:
    """Judge each part that the site has, in the order in which they matter at the gate."""
    parts = [_gate(seen), _lanes(seen), _readers(seen)]
    if seen.contacts or seen.open_doors:
        parts.append(_doors(seen))
    parts.append(_broker(seen.link))
    if seen.link is not None:
        parts.append(_queue(seen.link))
    parts.append(_policy(seen.policy))
    if seen.lists:
        parts.append(_lists(seen.lists, seen.list_age_max))
    parts += [_clock(seen.clock), _disk(seen)]
    has_lane = any(lane.works for lane in seen.lanes)
    return Health(tuple(parts), is_ready=seen.is_recording and has_lane)


def _gate(seen: Observed) -> Condition:
    failed = seen.subjects_of("part_failed")
    ordered = [f"{lane.name} {lane.order}" for lane in seen.lanes if lane.order != "normal"]
    if not seen.is_recording:
        return Condition(Part.GATE, Colour.RED, Says.NOT_RECORDED)
    if seen.fire:
        return Condition(Part.GATE, Colour.RED, Says.FIRE, {"sources": _list(seen.fire)})
    if failed:
        return Condition(Part.GATE, Colour.RED, Says.PARTS_FAILED, {"parts": _list(failed)})
    if seen.subjects_of("unattended"):
        return Condition(Part.GATE, Colour.YELLOW, Says.UNATTENDED)
    if ordered:
        return Condition(Part.GATE, Colour.YELLOW, Says.LANES_ORDERED, {"lanes": _list(ordered)})
    if seen.is_observing:
        return Condition(Part.GATE, Colour.GREEN, Says.OBSERVES)
    return Condition(Part.GATE, Colour.GREEN, Says.DECIDES)


def _lanes(seen: Observed) -> Condition:
    down = [lane.name for lane in seen.lanes if not lane.works]
    stuck = seen.subjects_of("passage_stuck")
    figures: dict[str, Json] = {"lanes": _list(down), "count": len(seen.lanes) - len(down)}
    if len(down) == len(seen.lanes):
        return Condition(Part.LANES, Colour.RED, Says.LANES_DOWN, figures)
    if down:
        return Condition(Part.LANES, Colour.YELLOW, Says.LANES_PARTLY, figures)
    if stuck:
        return Condition(Part.LANES, Colour.YELLOW, Says.LANES_STUCK, {"lanes": _list(stuck)})
    return Condition(Part.LANES, Colour.GREEN, Says.LANES_UP, {"count": len(seen.lanes)})


def _readers(seen: Observed) -> Condition:
    down = [name for name, works in seen.readers.items() if not works]
    figures: dict[str, Json] = {"readers": _list(down), "count": len(seen.readers) - len(down)}
    if not seen.readers:
        return Condition(Part.READERS, Colour.GREEN, Says.NO_READERS)
    if len(down) == len(seen.readers):
        return Condition(Part.READERS, Colour.RED, Says.READERS_DOWN, figures)
    if down:
        return Condition(Part.READERS, Colour.YELLOW, Says.READERS_PARTLY, figures)
    return Condition(Part.READERS, Colour.GREEN, Says.READERS_UP, {"count": len(seen.readers)})


def _doors(seen: Observed) -> Condition:
    unseen = [name for name, works in seen.contacts.items() if not works]
    if seen.open_doors:
        figures: dict[str, Json] = {"doors": _list(seen.open_doors)}
        return Condition(Part.DOORS, Colour.RED, Says.DOORS_OPEN, figures)
    if unseen:
        figures = {"contacts": _list(unseen)}
        return Condition(Part.DOORS, Colour.YELLOW, Says.CONTACTS_UNSEEN, figures)
    return Condition(Part.DOORS, Colour.GREEN, Says.DOORS_SHUT, {"count": len(seen.contacts)})


def _broker(link: SyncFigures | None) -> Condition:
    if link is None:
        return Condition(Part.BROKER, Colour.GREEN, Says.NO_CENTRE)
    if link.connected_s is None:
        return Condition(
            Part.BROKER, Colour.YELLOW, Says.DISCONNECTED, {"reason": link.error or "..."}
        )
    since: dict[str, Json] = {"since_s": _coarse(link.connected_s)}
    return Condition(Part.BROKER, Colour.GREEN, Says.CONNECTED, since)


def _queue(link: SyncFigures) -> Condition:
    figures: dict[str, Json] = {"depth": link.depth, "quarantined": link.quarantined}
    if link.oldest_s is not None:
        figures["oldest_s"] = _coarse(link.oldest_s)
    if link.hours_left is not None:
        figures["left_s"] = _coarse(link.hours_left * 3600)
        if link.hours_left < QUEUE_SHORT_HOURS:
            return Condition(Part.QUEUE, Colour.RED, Says.QUEUE_SHORT, figures)
        if link.oldest_s is not None and link.oldest_s >= QUEUE_OLD_S:
            return Condition(Part.QUEUE, Colour.YELLOW, Says.QUEUE_OLD, figures)
    if link.quarantined:
        return Condition(Part.QUEUE, Colour.YELLOW, Says.QUARANTINED, figures)
    says = Says.QUEUE_WAITS if link.depth else Says.QUEUE_EMPTY
    return Condition(Part.QUEUE, Colour.GREEN, says, figures)


def _policy(policy: PolicySeen) -> Condition:
    figures: dict[str, Json] = {"versions": _list(policy.versions), "answer": policy.answer}
    if policy.left is not None:
        figures["left_s"] = _coarse(policy.left.total_seconds())
    if not policy.is_in_force:
        return Condition(Part.POLICY, Colour.RED, Says.POLICY_OVER, figures)
    if policy.left is not None and policy.left < POLICY_SHORT:
        return Condition(Part.POLICY, Colour.YELLOW, Says.POLICY_ENDS, figures)
    return Condition(Part.POLICY, Colour.GREEN, Says.POLICY_HOLDS, figures)


def _lists(lists: tuple[ListSeen, ...], age_max: timedelta | None) -> Condition:
    ages = {one.name: one.age for one in lists if one.age is not None}
    figures: dict[str, Json] = {"count": len(lists)}
    if ages:
        figures["oldest_s"] = _coarse(max(ages.values()).total_seconds())
    if age_max is not None:
        figures["max_s"] = round(age_max.total_seconds())
        for share, colour, says in (
            (1.0, Colour.RED, Says.LISTS_OLD),
            (LIST_AGEING, Colour.YELLOW, Says.LISTS_AGEING),
        ):
            old = [name for name, age in ages.items() if age >= share * age_max]
            if old:
                return Condition(Part.LISTS, colour, says, {**figures, "lists": _list(old)})
    return Condition(Part.LISTS, Colour.GREEN, Says.LISTS_FRESH, figures)


def _clock(quality: ClockQuality) -> Condition:
    match quality:
        case ClockQuality.SYNCED:
            return Condition(Part.CLOCK, Colour.GREEN, Says.CLOCK_KEPT)
        case ClockQuality.HOLDOVER:
            return Condition(Part.CLOCK, Colour.YELLOW, Says.CLOCK_DRIFTS)
        case ClockQuality.UNSYNCED:
            return Condition(Part.CLOCK, Colour.RED, Says.CLOCK_LOST)


def _disk(seen: Observed) -> Condition:
    disk = seen.disk
    figures: dict[str, Json] = {}
    if disk is not None:
        figures = {"used_max": disk.used_max}
        figures |= {"free": _megabytes(disk.free), "used": _megabytes(disk.used)}
    if not seen.is_recording:
        return Condition(Part.DISK, Colour.RED, Says.DISK_REFUSES, figures)
    if seen.subjects_of("disk_full"):
        return Condition(Part.DISK, Colour.RED, Says.DISK_FULL, figures)
    if disk is None:
        return Condition(Part.DISK, Colour.GREEN, Says.DISK_UNSEEN)
    if disk.free < FREE_BYTES_MIN:
        return Condition(Part.DISK, Colour.YELLOW, Says.DISK_LOW, figures)
    if seen.subjects_of("journal_large"):
        return Condition(Part.DISK, Colour.YELLOW, Says.JOURNAL_LARGE, figures)
    return Condition(Part.DISK, Colour.GREEN, Says.DISK_WELL, figures)


def _coarse(seconds: float) -> int:
    """Return whole minutes, and seconds only below: what is shown does not change all the time."""
    return round(seconds) if seconds < 60 else int(seconds) // 60 * 60


def _megabytes(count: int) -> int:
    return count // 10**6 * 10**6


def _list(names: Iterable[str]) -> list[Json]:
    return list(names)
