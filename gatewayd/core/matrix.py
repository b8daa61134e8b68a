"""What a policy makes of everybody: categories by statuses, then what else may happen."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from math import ceil

from gatewayd.core.credential import (
    Attested,
    CheckIn,
    Credential,
    HealthCertificate,
    Inauthentic,
    Kind,
    RosterId,
    UnknownId,
    Unreadable,
)
from gatewayd.core.decide import Admit, Refer, Refuse, Usage, Verdict, decide
from gatewayd.core.described import HOLDER
from gatewayd.core.evidence import Evidence
from gatewayd.core.occupancy import Occupancy
from gatewayd.core.policy import Capacity, LaneCodes, Policy
from gatewayd.core.reasons import Reason
from gatewayd.core.roster import RosterEntry
from gatewayd.core.rotating import CodeUse
from gatewayd.core.totp import SECRET_SIZE, OtpKey, code_of, step_at
from gatewayd.core.words import Direction, Status

STATUSES = (Status.GREEN, Status.YELLOW, Status.RED, Status.BLACK, Status.UNKNOWN)

_NOBODY = Occupancy()
_KEY = OtpKey(bytes(SECRET_SIZE))  # Nobody's: only its codes are compared with each other.


@dataclass(frozen=True, slots=True)
class Row:
    """A category, or something that happens, and the answers to it."""

    name: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """by_status: a row for each category, with an answer for each of `STATUSES`."""

    by_status: tuple[Row, ...]
    otherwise: tuple[Row, ...]


def make_matrix(policy: Policy, at: datetime) -> Matrix:
    """Ask the policy in force at `at` about everybody. Choose a time when the house is open."""
    asked = _Asked(policy.at(at), at)
    rows = [
        Row(name, tuple(asked.by_status(name, status) for status in STATUSES))
        for name in policy.at(at).categories
    ]
    otherwise = [Row(name, (answer,)) for name, answer in asked.otherwise()]
    return Matrix(tuple(rows), tuple(otherwise))


def verdict_word(verdict: Verdict) -> str:
    match verdict:
        case Admit():
            return "admit"
        case Refuse():
            return "refuse"
        case Refer():
            return "refer"


@dataclass(frozen=True, slots=True)
class _Asked:
    policy: Policy
    at: datetime

    def by_status(self, category: str, status: Status) -> str:
        verdict = self._ask(self._listed(category), status)
        return verdict_word(verdict)

    def otherwise(self) -> Iterator[tuple[str, str]]:
        policy, at = self.policy, self.at
        visitor = policy.anonymous_exit_category
        yield "a code that nobody can read", self._told(Unreadable(Reason.PREFIX))
        yield "a forged pass", self._told(Inauthentic(Kind.PASS, Reason.SIGNATURE))
        yield "an id that no roster knows", self._told(UnknownId(HOLDER))
        yield "a blocked id", self._told(self._listed(visitor, blocked=True))
        yield "an id that has run out", self._told(self._listed(visitor, valid_until=at))
        yield from self._of_codes(visitor)
        inside = Usage(inside_since=at - timedelta(minutes=1))
        yield "in again without having left", self._told(self._listed(visitor), inside)
        arrived = CheckIn(order="described", holder=HOLDER, category=visitor)
        yield "a phone that scanned the lane's display", self._told(arrived)
        flaw = Reason.PRESENCE if self.policy.lane_codes is LaneCodes.DISPLAY else None
        yield "a phone that scanned a poster", self._told(replace(arrived, flaw=flaw))
        yield from self._when_full(visitor)
        yield from self._of_age(visitor)
        if policy.region_test is not None:
            elsewhere = self._listed(visitor, region="elsewhere")
            yield "a guest from elsewhere without a test", self._told(elsewhere)
            yield "a guest who does not say from where", self._told(self._from_nowhere(visitor))
        yield "a guest whom the officer answers for", self._told(self._attested(visitor))
        unanswered = replace(self._attested(visitor), reason="", healthy=False, protocol=False)
        yield "a guest whom the officer does not answer for", self._told(unanswered)
        alone = replace(self._attested(visitor), is_on_duty=False)
        yield "a guest by hand, with no officer signed on", self._told(alone)
        expired = replace(policy, valid_until=at)
        yield "when the policy has run out", self._told(self._listed(visitor), policy=expired)
        yield "out, whoever it is", self._told(UnknownId(HOLDER), Usage(Direction.EXIT))

    def _of_codes(self, visitor: str) -> Iterator[tuple[str, str]]:
        listed = self._listed(visitor)
        own = replace(listed, entry=replace(listed.entry, otp_key=_KEY))
        step = step_at(self.at)
        shown = replace(own, code=code_of(_KEY, step))
        yield "the bare id of somebody with a rotating code", self._told(own)
        used = Usage(code_use=CodeUse(used_step=step))
        yield "a rotating code, a second time", self._told(shown, used)
        unknown = Usage(code_use=CodeUse(is_clock_known=False))
        yield "a rotating code, when nobody knows the time", self._told(shown, unknown)

    def _when_full(self, visitor: str) -> Iterator[tuple[str, str]]:
        full = replace(
            self.policy, capacity=replace(self.policy.capacity, total=0, staff_reserve=0)
        )
        for name in (visitor, self.policy.staff_categories[0]):
            yield f"{name}, when the house is full", self._told(self._listed(name), policy=full)

    def _of_age(self, visitor: str) -> Iterator[tuple[str, str]]:
        policy = replace(self.policy, health_certificate_category=visitor)
        today = self.at.astimezone(policy.zone).date()
        for band in policy.ages:
            years = band.from_years
            under = " or more" if band.under_years is None else f" to {band.under_years - 1}"
            shown = self._certified(today - timedelta(days=ceil(years * 365.25)))
            yield f"{years}{under} years of age", self._told(shown, policy=policy)

    def _told(
        self, credential: Credential, usage: Usage | None = None, *, policy: Policy | None = None
    ) -> str:
        verdict = self._ask(credential, Status.GREEN, usage, policy)
        reason = "" if verdict.reason in (Reason.OK, Reason.EXIT) else f" ({verdict.reason})"
        return f"{verdict_word(verdict)}{reason}"

    def _ask(
        self,
        credential: Credential,
        status: Status,
        usage: Usage | None = None,
        policy: Policy | None = None,
    ) -> Verdict:
        asked = replace(self.policy, capacity=Capacity()) if policy is None else policy
        return decide(credential, status, usage or Usage(), _NOBODY, asked, self.at)

    def _listed(
        self,
        category: str,
        *,
        region: str | None = None,
        blocked: bool = False,
        valid_until: datetime | None = None,
    ) -> RosterId:
        rule = self.policy.region_test
        home = rule.regions[0] if rule is not None else None
        entry = RosterEntry(category, None, valid_until, blocked, region or home)
        return RosterId(HOLDER, "described", entry)

    def _from_nowhere(self, category: str) -> RosterId:
        return RosterId(HOLDER, "described", RosterEntry(category))

    def _certified(self, born: date) -> HealthCertificate:
        return HealthCertificate(
            holder=HOLDER,
            kind=Kind.DCC,
            issuer="described",
            evidence=Evidence(born=born),
            not_before=self.at,
            not_after=None,
        )

    def _attested(self, category: str) -> Attested:
        return Attested(
            officer="officer",
            reason="no phone",
            category=category,
            healthy=True,
            protocol=True,
            purpose="purpose",
            origin="elsewhere",
            certificate=True,
        )
