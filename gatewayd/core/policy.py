"""The policy in force: the rules of a site as data, and what they mean at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from gatewayd.core.evidence import Method
from gatewayd.core.hours import Hours
from gatewayd.core.status import RuleSet
from gatewayd.core.words import Status

CATEGORIES = (
    "staff",
    "officer",
    "contractor",
    "visitor",
    "service_user",
    "patient",
)
"""The categories a policy knows unless it names its own."""

ANONYMOUS = "unknown"
"""The category of those who went in without a grant; counted, never granted anything."""

PEOPLE_MAX = 1_000_000  # A limit beyond any building is a typing mistake.


class Enforcement(StrEnum):
    ENFORCE = "enforce"
    OBSERVE = "observe"


class Answer(StrEnum):
    ADMIT = "admit"
    REFUSE = "refuse"
    REFER = "refer"


class AntiPassback(StrEnum):
    """What to do with somebody who, by the records, is already inside."""

    OFF = "off"
    SOFT = "soft"
    HARD = "hard"
    TIMED = "timed"
    """Hard for so many minutes after somebody came in, then off: they have left unseen."""


class LaneCodes(StrEnum):
    """Which of a lane's codes somebody may check in with."""

    DISPLAY = "display"
    """The one that changes: who has it stood there just now."""
    POSTER = "poster"
    """The printed one too, of which anybody may have a picture."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """How many may be inside at once; None is no limit.

    staff_reserve: so many of `total` are kept for staff, used or not. by_category: limits of their
    own. staff_over_limit: what happens to staff when `total` is reached. alarm_percents: an alarm
    is raised when so much of `total` is inside.
    """

    total: int | None = None
    staff_reserve: int = 0
    by_category: Mapping[str, int] = field(default_factory=dict)
    staff_over_limit: Answer = Answer.ADMIT
    alarm_percents: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class AgeBand:
    """What happens to those who are `from_years` old or older, and younger than `under_years`."""

    from_years: int
    under_years: int | None
    answer: Answer

    def holds(self, years: int) -> bool:
        is_below = self.under_years is None or years < self.under_years
        return self.from_years <= years and is_below


@dataclass(frozen=True, slots=True)
class RegionTest:
    """Who comes from elsewhere than `regions` needs a negative result.

    methods: those that count, each with its age in hours. without: the answer without such a
    result. unknown_origin: the answer where nobody says where somebody comes from; `ADMIT` takes
    them for people of the region.
    """

    regions: tuple[str, ...]
    methods: Mapping[Method, int]
    without: Answer = Answer.REFER
    unknown_origin: Answer = Answer.REFER


@dataclass(frozen=True, slots=True)
class OfficerRules:
    """What is asked of those who help at the gate, and what they have to be told of.

    is_required: nobody is admitted by hand unless an officer is signed on, and an alarm is raised
    after `unattended_minutes` of opening hours without one. pass_signs_on: an officer's own pass at
    the desk reader signs them on. override_alarm_percent: an alarm is raised when so much of the
    admissions is an officer's; None is never.
    """

    is_required: bool = False
    unattended_minutes: int = 10
    shift_hours: int = 12
    pass_signs_on: bool = False
    referral_minutes: int = 5
    override_alarm_percent: int | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """One dated set of rules. The default is a plain office: always open, no limit.

    rule_sets: what makes a status of evidence; without any, health plays no part beyond what a
    pass itself says. category_statuses: answers for a category that differ from `statuses`.
    conditions: what those are told whom a status admits all the same.
    areas: the limits of inner areas, where they have any.
    infer_exits_at: when, by the local clock, everybody is taken to have left.
    roster_old: what happens to those on a roster older than `roster_age_hours_max`.
    layers: from which layer each key came, by its path with dots.
    changes: what is in force instead from a time on, rising.
    asks_centre_ms: how long an answer from above is waited for about somebody unknown; None never
    asks. `unknown_holder` is the answer where none comes.
    """

    zone: tzinfo
    versions: tuple[str, ...] = ("default",)
    legal_basis: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    when_expired: Answer = Answer.REFER
    mode: Enforcement = Enforcement.ENFORCE
    enforce_from: datetime | None = None
    categories: tuple[str, ...] = CATEGORIES
    staff_categories: tuple[str, ...] = ("staff", "officer")
    unknown_holder: Answer = Answer.REFUSE
    roster_age_hours_max: int | None = None
    roster_old: Answer = Answer.REFER
    asks_centre_ms: int | None = None
    anti_passback: AntiPassback = AntiPassback.OFF
    anti_passback_minutes: int = 0
    infer_exits_at: time | None = None
    anonymous_exit_category: str = "visitor"
    health_certificate_category: str = "visitor"
    holidays: frozenset[date] = frozenset()
    opening_hours: Hours | None = None
    hours: Mapping[str, Hours] = field(default_factory=dict)
    capacity: Capacity = Capacity()
    areas: Mapping[str, Capacity] = field(default_factory=dict)
    rule_sets: tuple[RuleSet, ...] = ()
    statuses: Mapping[Status, Answer] = field(default_factory=dict)
    category_statuses: Mapping[str, Mapping[Status, Answer]] = field(default_factory=dict)
    conditions: Mapping[Status, str] = field(default_factory=dict)
    ages: tuple[AgeBand, ...] = ()
    region_test: RegionTest | None = None
    purposes: tuple[str, ...] = ()
    lane_codes: LaneCodes = LaneCodes.DISPLAY
    attestation_required: tuple[str, ...] = ("healthy", "protocol", "reason")
    officer: OfficerRules = OfficerRules()
    layers: Mapping[str, str] = field(default_factory=dict)
    changes: tuple[tuple[datetime, "Policy"], ...] = ()

    def at(self, at: datetime) -> "Policy":
        """Return what is in force at a time: this, or one of its changes."""
        changed = (policy for begins, policy in reversed(self.changes) if begins <= at)
        return next(changed, self)

    def is_in_force(self, at: datetime) -> bool:
        begun = self.valid_from is None or self.valid_from <= at
        return begun and (self.valid_until is None or at < self.valid_until)

    def mode_at(self, at: datetime) -> Enforcement:
        is_early = self.enforce_from is not None and at < self.enforce_from
        return Enforcement.OBSERVE if is_early else self.mode

    def is_open(self, hours: Hours | None, at: datetime) -> bool:
        return hours is None or hours.is_open(at, self.zone, self.holidays)

    def answer_to(self, status: Status, category: str | None) -> Answer:
        """Return what a status means for a category; what nobody says anything of is admitted."""
        own = self.category_statuses.get(category or ANONYMOUS, {})
        return own.get(status) or self.statuses.get(status, Answer.ADMIT)

    def of_area(self, area: str | None) -> "Policy":
        """Return the policy for a lane: of the gate, or with the limits of an inner area."""
        return self if area is None else replace(self, capacity=self.areas.get(area, Capacity()))

    def blocks_until(self, inside_since: datetime) -> datetime | None:
        """Return when somebody inside may come in again for all that; None is never."""
        if self.anti_passback is not AntiPassback.TIMED:
            return None
        return inside_since + timedelta(minutes=self.anti_passback_minutes)
