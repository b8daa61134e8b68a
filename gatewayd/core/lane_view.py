"""What a display beside a lane shows to the person in front of it.

Bystanders read along: no name, no category, nothing of anybody's health; the texts behind the
reasons are made for that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gatewayd.core import prompts, reasons
from gatewayd.core.events import (
    GATEWAY,
    Access,
    AccessOutcome,
    Alarm,
    Audit,
    Fact,
    Passage,
    PassageOutcome,
)
from gatewayd.core.lane import lamp, rest_state
from gatewayd.core.lane_terms import (
    Deciding,
    ExitOnly,
    Faulted,
    Free,
    Granted,
    Indication,
    Lane,
    Passing,
)
from gatewayd.core.occupancy import Occupancy, has_place
from gatewayd.core.policy import Enforcement, Policy
from gatewayd.core.prompts import Prompt
from gatewayd.core.reasons import Locale, Reason
from gatewayd.core.words import Direction, Json, LaneId

REFUSAL_S = 7.0  # Two short sentences are read by then; the next scan replaces them anyway.
REFERRAL_S = 12.0  # A number has to be kept in mind on the way to the officer.


class Sign(StrEnum):
    """One word, icon and colour."""

    SCAN = "scan"
    GO = "go"
    WAIT = "wait"
    NEXT = "next"
    """Something more is to be shown to the reader."""
    REFUSED = "refused"
    OFFICER = "officer"
    FULL = "full"
    CLOSED = "closed"
    LOCKED = "locked"
    EMERGENCY = "emergency"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Notice:
    """What one person is told for a moment, about the scan they just made. Monotonic times."""

    sign: Sign
    reason: Reason
    from_s: float
    until_s: float
    referral: int | None = None


@dataclass(frozen=True, slots=True)
class House:
    """The house behind the gate, as far as it concerns everybody. limit: None where none is set."""

    is_open: bool = True
    is_full: bool = False
    inside: int = 0
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known of one direction of a lane now.

    open_until_s: when the window of the grant in force ends. is_asking: somebody waits beside the
    lane for the centre's word. refuses: the disk takes no records, so nobody is let in by a scan.
    """

    lane: Lane
    direction: Direction
    notice: Notice | None = None
    prompt: Prompt | None = None
    open_until_s: float = 0.0
    is_asking: bool = False
    refuses: bool = False
    house: House = House()


@dataclass(frozen=True, slots=True)
class LaneView:
    """What to show. until_s: from then on it is wrong, whatever else is heard; None lasts."""

    sign: Sign
    reason: Reason | None = None
    prompt: Prompt | None = None
    referral: int | None = None
    until_s: float | None = None
    inside: int | None = None
    limit: int | None = None

    def document(self) -> dict[str, Json]:
        """Return it for a page. until_ms is of our own clock; words, not codes, which say more."""
        until_ms = None if self.until_s is None else round(self.until_s * 1000)
        return {
            "sign": str(self.sign),
            "words": {str(locale): self._words(locale) for locale in Locale},
            "referral": self.referral,
            "until_ms": until_ms,
            "inside": self.inside,
            "limit": self.limit,
        }

    def _words(self, locale: Locale) -> str | None:
        if self.prompt is not None:
            return prompts.text(self.prompt, locale)
        return None if self.reason is None else reasons.text(self.reason, locale)


def view(seen: Seen, now_s: float) -> LaneView:
    """Return what the display of that direction shows now. Fire wins, then what opens or cannot."""
    lane, direction = seen.lane, seen.direction
    is_entry = direction is Direction.ENTRY
    rest = rest_state(lane)
    if isinstance(rest, Free):
        return LaneView(Sign.EMERGENCY, Reason.EMERGENCY if is_entry else None)
    if lamp(lane, direction) is Indication.GO:
        return _go(seen, now_s)
    if isinstance(rest, Faulted):
        return LaneView(Sign.FAULT, Reason.TURNSTILE_NOT_READY)
    if isinstance(rest, ExitOnly) and is_entry:
        return LaneView(Sign.LOCKED, Reason.LOCKED_DOWN)
    return _in_turn(seen, now_s)


def find_notice(fact: Fact, now_s: float) -> tuple[LaneId, Direction, Notice | None] | None:
    """Return what a fact of now means for a display; None: nothing.

    A notice of None takes away the one before: whoever it was for was let through. What an officer
    or a deadline settles concerns somebody at the desk, and nobody at the lane.
    """
    match fact:
        case Access(outcome=AccessOutcome.ADMITTED):
            return fact.lane, fact.direction, None
        case Access(source=source) if source == GATEWAY:
            return fact.lane, fact.direction, _notice(fact, now_s)
        case Passage(outcome=PassageOutcome.EXPIRED, reason=reason) if reason in _OURS:
            reason = Reason(reason)
            notice = Notice(Sign.REFUSED, reason, now_s, now_s + REFUSAL_S)
            return fact.lane, fact.direction, notice
        case Access() | Passage() | Alarm() | Audit():
            return None


def find_house(occupancy: Occupancy, policy: Policy, at: datetime) -> House:
    """Return whether guests may come in at all. Where rules are only observed, nobody is kept."""
    enforces = policy.mode_at(at) is Enforcement.ENFORCE
    guests = [name for name in policy.categories if name not in policy.staff_categories]
    has_a_place = any(has_place(name, occupancy, policy) for name in guests)
    return House(
        is_open=not enforces or policy.is_open(policy.opening_hours, at),
        is_full=enforces and bool(guests) and not has_a_place,
        inside=occupancy.total_taken,
        limit=policy.capacity.total,
    )


def _go(seen: Seen, now_s: float) -> LaneView:
    """Show the arrow for as long as the turnstile waits, and not to whoever stands behind."""
    if now_s >= seen.open_until_s:
        return LaneView(Sign.WAIT)
    reason = Reason.EXIT if seen.direction is Direction.EXIT else None  # Else the sign says it.
    return LaneView(Sign.GO, reason, until_s=seen.open_until_s)


def _in_turn(seen: Seen, now_s: float) -> LaneView:
    """Return what concerns whoever scanned last; else what holds for everybody."""
    notice = seen.notice
    if seen.prompt is Prompt.NEXT_PART:
        return LaneView(Sign.NEXT, prompt=seen.prompt)
    if _is_asked(seen):
        return LaneView(Sign.WAIT)
    if notice is not None and notice.from_s <= now_s < notice.until_s:
        return _told(notice, seen)
    if isinstance(seen.lane.state, Granted | Passing):  # The other way; or a lock-down took it.
        return LaneView(Sign.WAIT)
    if seen.direction is Direction.EXIT:
        return LaneView(Sign.SCAN)
    return _at_rest(seen)


def _is_asked(seen: Seen) -> bool:
    """Tell whether somebody scanned here and has no answer yet."""
    state, direction = seen.lane.state, seen.direction
    is_deciding = isinstance(state, Deciding) and state.ticket.direction is direction
    is_waiting = any(ticket.direction is direction for ticket in seen.lane.waiting)
    return is_deciding or is_waiting or seen.is_asking


def _told(notice: Notice, seen: Seen) -> LaneView:
    is_full = notice.reason is Reason.CAPACITY_FULL
    return LaneView(
        notice.sign,
        notice.reason,
        seen.prompt,
        notice.referral,
        notice.until_s,
        *(_figures(seen.house) if is_full else ()),
    )


def _at_rest(seen: Seen) -> LaneView:
    house = seen.house
    inside, limit = _figures(house)
    if seen.refuses:
        return LaneView(Sign.OFFICER, Reason.RECORD_FAILED)
    if not house.is_open:
        return LaneView(Sign.CLOSED, Reason.CLOSED_NOW)
    if house.is_full:
        return LaneView(Sign.FULL, Reason.CAPACITY_FULL, inside=inside, limit=limit)
    return LaneView(Sign.SCAN, inside=inside, limit=limit)


def _figures(house: House) -> tuple[int | None, int | None]:
    """Return how many of how many; nothing where the rest is kept for staff, so it looks free."""
    if house.limit is None or (house.is_full and house.inside < house.limit):
        return None, None
    return house.inside, house.limit


def _notice(fact: Access, now_s: float) -> Notice:
    reason = Reason(fact.reason)
    if fact.outcome is AccessOutcome.REFERRED:
        return Notice(Sign.OFFICER, reason, now_s, now_s + REFERRAL_S, fact.referral)
    sign = _SIGNS.get(reason, Sign.REFUSED)
    return Notice(sign, reason, now_s, now_s + REFUSAL_S)


_SIGNS: Mapping[Reason, Sign] = {
    Reason.CAPACITY_FULL: Sign.FULL,
    Reason.CLOSED_NOW: Sign.CLOSED,
    Reason.LANE_BUSY: Sign.WAIT,
    Reason.ALREADY_GRANTED: Sign.WAIT,
}
"""Refusals that are nobody's fault."""

_OURS = frozenset(
    {Reason.RECORD_LATE, Reason.TURNSTILE_NOT_READY, Reason.LOCKED_DOWN, Reason.EMERGENCY}
)
"""Why a grant that was given opens nothing: the person is told, or waits for an arrow."""
