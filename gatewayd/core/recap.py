"""The recap of a day in numbers: by category, status, reason, officer, purpose and hour.

Only numbers: no pseudonym is in it.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo

from gatewayd.core.door import DoorState
from gatewayd.core.events import Access, AccessOutcome, Alarm, Audit, Draft, Passage, PassageOutcome
from gatewayd.core.policy import ANONYMOUS
from gatewayd.core.reasons import INAUTHENTIC, Reason
from gatewayd.core.recount import Recount
from gatewayd.core.words import Direction, Json

VIOLATIONS = frozenset(
    {
        *INAUTHENTIC,
        Reason.EXPIRED,
        Reason.REVOKED,
        Reason.BLOCKED,
        Reason.ALREADY_INSIDE,
        Reason.ALREADY_GRANTED,
        Reason.ENTRIES_USED,
    }
)
"""Reasons that tell that somebody tried to get around the rules, or may have."""

ROW_NAMES = ("day", "table", "what", "count")
"""What the columns of `Recap.rows` are called."""


def day_bounds(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return when a day begins in a zone, and when the next one does."""
    next_day = day + timedelta(days=1)
    return datetime.combine(day, time.min, zone), datetime.combine(next_day, time.min, zone)


@dataclass(slots=True)
class Recap:
    """Fold all records from the beginning, in order; the day is from `begins` on, before `ends`.

    by_hour: passages by the hour of the day at the gate, in and out. peak: most inside at once.
    inside: how many were inside from each of these times on, in order.
    """

    begins: datetime
    ends: datetime
    zone: tzinfo
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    entries: Counter[str] = field(default_factory=Counter)
    exits: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    admitters: Counter[str] = field(default_factory=Counter)
    officers: Counter[str] = field(default_factory=Counter)
    assists: Counter[str] = field(default_factory=Counter)
    purposes: Counter[str] = field(default_factory=Counter)
    violations: Counter[str] = field(default_factory=Counter)
    alarms: Counter[str] = field(default_factory=Counter)
    by_hour: dict[Direction, Counter[int]] = field(
        default_factory=lambda: {way: Counter() for way in Direction}
    )
    inside: list[tuple[datetime, int]] = field(default_factory=list)
    peak: int = 0
    peak_at: datetime | None = None
    _recount: Recount = field(default_factory=Recount)

    def fold(self, draft: Draft) -> None:
        if not self.begins <= draft.at < self.ends:
            self._recount.fold(draft)
            return
        before = self._total()
        self._recount.fold(draft)
        match draft.fact:
            case Access() as fact:
                self._decided(fact)
            case Passage() as fact:
                self._passed(fact, draft.at)
            case Alarm(alarm=alarm, outcome=outcome):
                self.alarms[f"{alarm} {outcome}"] += 1
            case Audit() as fact:
                self._noted(fact)
        total = self._total()
        if not self.inside:
            self.inside.append((self.begins, before))
        if total != before:
            # What a controller told late is shown where it was told: the count was such then.
            self.inside.append((max(draft.at, self.inside[-1][0]), total))
        if total > self.peak:
            self.peak, self.peak_at = total, draft.at

    def document(self) -> dict[str, Json]:
        """Return the recap for programs; tables by their names."""
        peak_at = None if self.peak_at is None else self.peak_at.isoformat()
        return {
            "begins": self.begins.isoformat(),
            "ends": self.ends.isoformat(),
            **{name: dict[str, Json](table) for name, table in self.tables().items()},
            "peak": self.peak,
            "peak_at": peak_at,
        }

    def by_minute(self) -> list[tuple[int, int]]:
        """Return how many were inside from which minute of the day on: the last count of each."""
        steps: dict[int, int] = {}
        for at, count in self.inside:
            steps[int((at - self.begins).total_seconds() // 60)] = count
        return sorted(steps.items())

    def rows(self) -> list[tuple[str, str, str, int]]:
        """Return day, table, what and how many of all that was counted, for a spreadsheet."""
        day = str(self.begins.date())
        counted = [
            (day, name, what, count)
            for name, rows in self.tables().items()
            for what, count in rows.items()
        ]
        return [*counted, (day, "peak", "inside at once", self.peak)]

    def tables(self) -> dict[str, dict[str, int]]:
        """Return all that was counted, table by table, the largest numbers first."""
        counters = {
            "verdicts": self.outcomes,
            "reasons": self.reasons,
            "entries": self.entries,
            "exits": self.exits,
            "statuses": self.statuses,
            "admitted by": self.admitters,
            "officers": self.officers,
            "assists": self.assists,
            "purposes": self.purposes,
            "violations": self.violations,
            "alarms": self.alarms,
        }
        told = {name: dict(counter.most_common()) for name, counter in counters.items()}
        for way, name in ((Direction.ENTRY, "entries by hour"), (Direction.EXIT, "exits by hour")):
            hours = self.by_hour[way]
            told[name] = {f"{hour:02}:00": hours[hour] for hour in sorted(hours)}
        return told

    def _decided(self, fact: Access) -> None:
        if fact.direction is Direction.EXIT or fact.area is not None:
            return  # Whoever goes on into an inner area was counted at the gate.
        self.outcomes[fact.outcome] += 1
        if fact.outcome is not AccessOutcome.ADMITTED:
            self.reasons[fact.reason] += 1
        else:
            self.admitters[fact.source] += 1
        if fact.status is not None:
            self.statuses[fact.status] += 1
        # With `observe` and with soft anti-passback, a finding is all that is left of a violation.
        told = {fact.reason, *(finding.rpartition(":")[2] for finding in fact.findings)}
        self.violations.update(str(reason) for reason in VIOLATIONS if reason in told)
        declared = fact.attestation or {}
        if declared:
            self.officers[f"{declared.get('officer')} {fact.outcome}"] += 1
        purpose = declared.get("purpose") or fact.purpose
        if fact.outcome is AccessOutcome.ADMITTED and purpose is not None:
            self.purposes[str(purpose)] += 1

    def _noted(self, fact: Audit) -> None:
        match fact.action, fact.detail:
            case "door_opened", {"state": DoorState.FORCED}:
                self.violations["door forced"] += 1
            case "assist_requested", {"cause": cause}:
                self.assists[f"asked: {cause}"] += 1
            case "assist_done", {"officer": officer}:
                self.assists[f"helped: {officer}"] += 1
            case "assist_lapsed", _:
                self.assists["lapsed"] += 1
            case _:
                pass

    def _total(self) -> int:
        return sum(self._recount.counts()[0].values())

    def _passed(self, fact: Passage, at: datetime) -> None:
        match fact.outcome:
            case PassageOutcome.EXPIRED:
                return
            case PassageOutcome.BREACHED:
                self.violations[f"breach {fact.reason or ''}".strip()] += 1
            case PassageOutcome.COMPLETED | PassageOutcome.UNATTRIBUTED:
                pass
        if fact.area is not None:
            return
        table = self.entries if fact.direction is Direction.ENTRY else self.exits
        table[fact.category or ANONYMOUS] += 1
        self.by_hour[fact.direction][at.astimezone(self.zone).hour] += 1
