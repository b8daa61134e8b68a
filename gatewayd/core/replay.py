"""Runs recorded decisions through another policy: who would have been answered differently.

What a policy has a say in is replayed: hours, categories, statuses, passages, counts. What it has
none in stays as it was: codes that nobody could read, forged, expired or blocked ones, busy lanes.
Colours stand as recorded, since evidence is not kept.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gatewayd.core.credential import Attested, Credential, RosterId, UnknownId
from gatewayd.core.decide import Admit, Refer, Refuse, Usage, Verdict, decide
from gatewayd.core.events import (
    Access,
    AccessOutcome,
    Alarm,
    Audit,
    Draft,
    Passage,
    PassageOutcome,
    format_time,
)
from gatewayd.core.occupancy import Occupancy
from gatewayd.core.policy import ANONYMOUS, Policy
from gatewayd.core.reasons import Reason
from gatewayd.core.recount import Present
from gatewayd.core.roster import RosterEntry
from gatewayd.core.words import Direction, HolderId, Json, Status

NOBODY = HolderId("00000000.00000000000000000000000000000000")  # Whose pseudonym was not recorded.

REPLAYABLE = frozenset(
    {
        Reason.OK,
        Reason.ATTESTED,
        Reason.REFERRAL_ADMITTED,
        Reason.CLOSED_NOW,
        Reason.POLICY_EXPIRED,
        Reason.ATTESTATION_INCOMPLETE,
        Reason.UNKNOWN_HOLDER,
        Reason.UNKNOWN_CATEGORY,
        Reason.OUTSIDE_HOURS,
        Reason.STATUS_YELLOW,
        Reason.STATUS_RED,
        Reason.STATUS_BLACK,
        Reason.STATUS_UNKNOWN,
        Reason.ALREADY_INSIDE,
        Reason.CAPACITY_FULL,
    }
)
"""Reasons after which the record has all that these checks need."""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer with its reason, as `refuse capacity_full`, of a category."""

    category: str
    before: str
    after: str


@dataclass(slots=True)
class Replay:
    """counts: how often an answer became another. first: when the first of them was."""

    before: Policy
    after: Policy
    replayed: int = 0
    left_alone: int = 0
    counts: Counter[Answered] = field(default_factory=Counter)
    first: dict[Answered, datetime] = field(default_factory=dict)
    _inside: Counter[str] = field(default_factory=Counter)
    _since: dict[HolderId, datetime] = field(default_factory=dict)

    def run(self, drafts: Iterable[Draft]) -> None:
        """Go through records in their order; counts of people follow the recorded passages."""
        for draft in drafts:
            match draft.fact:
                case Access() as fact if fact.direction is Direction.ENTRY:
                    self._decide(fact, draft.at)
                case Passage() as fact:
                    self._move(fact, draft.at)
                case Access() | Alarm() | Audit():
                    pass  # An exit is never held.

    def begin_with(self, by_category: Mapping[str, int], present: Iterable[Present]) -> None:
        """Say who was inside before the first of the records."""
        self._inside.update(by_category)
        self._since |= {one.holder: one.since for one in present}

    @property
    def has_other_rule_sets(self) -> bool:
        """Whether colours themselves might differ, which no replay can tell."""
        return self.before.rule_sets != self.after.rule_sets

    def document(self) -> dict[str, Json]:
        """Return who would have been answered differently, the most frequent first."""
        changes: list[Json] = [
            {
                "category": one.category,
                "before": one.before,
                "after": one.after,
                "count": count,
                "first": format_time(self.first[one]),
            }
            for one, count in self.counts.most_common()
        ]
        return {
            "replayed": self.replayed,
            "left_alone": self.left_alone,
            "rule_sets_differ": self.has_other_rule_sets,
            "changes": changes,
        }

    def _decide(self, fact: Access, at: datetime) -> None:
        if fact.reason not in {str(reason) for reason in REPLAYABLE}:
            self.left_alone += 1
            return
        self.replayed += 1
        one = Answered(
            fact.category or ANONYMOUS,
            self._ask(self.before, fact, at),
            self._ask(self.after, fact, at),
        )
        if one.before != one.after:
            self.counts[one] += 1
            self.first.setdefault(one, at)

    def _ask(self, policy: Policy, fact: Access, at: datetime) -> str:
        since = self._since.get(fact.holder) if fact.holder is not None else None
        verdict = decide(
            _shown(fact),
            fact.status or Status.UNKNOWN,
            Usage(inside_since=since),
            Occupancy(dict(self._inside)),
            policy.at(at),
            at,
        )
        return _told(verdict)

    def _move(self, fact: Passage, at: datetime) -> None:
        if fact.outcome is PassageOutcome.EXPIRED:
            return
        category = fact.category or ANONYMOUS
        is_entry = fact.direction is Direction.ENTRY
        self._inside[category] = max(0, self._inside[category] + (1 if is_entry else -1))
        if fact.holder is not None and is_entry:
            self._since[fact.holder] = at
        elif fact.holder is not None:
            self._since.pop(fact.holder, None)


def _shown(fact: Access) -> Credential:
    if fact.attestation is not None:
        return _attested(fact, fact.attestation)
    if fact.category is None or fact.reason == Reason.UNKNOWN_HOLDER:
        return UnknownId(fact.holder or NOBODY)
    return RosterId(fact.holder or NOBODY, "recorded", RosterEntry(fact.category))


def _attested(fact: Access, declared: Mapping[str, object]) -> Attested:
    purpose, origin = declared.get("purpose"), declared.get("origin")
    return Attested(
        officer=str(declared.get("officer")),
        reason=str(declared.get("reason")),
        category=fact.category or ANONYMOUS,
        healthy=declared.get("healthy") is True,
        protocol=declared.get("protocol") is True,
        purpose=None if purpose is None else str(purpose),
        origin=None if origin is None else str(origin),
        certificate=declared.get("certificate") is True,
    )


def _told(verdict: Verdict) -> str:
    match verdict:
        case Admit(findings=findings):
            would = [finding for finding in findings if finding.startswith("would_")]
            return " ".join((AccessOutcome.ADMITTED, *would))
        case Refuse(reason):
            return f"{AccessOutcome.REFUSED} {reason}"
        case Refer(reason):
            return f"{AccessOutcome.REFERRED} {reason}"
