"""The policy in force: rules as data, parsed from plain mappings that the settings supply.

Later layers (region, organisation, signed documents) bring more of the same mappings; what is
parsed here is one mapping, already laid over its profile key by key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from enum import StrEnum

from gatewayd.core import hours as opening
from gatewayd.core.hours import Hours
from gatewayd.core.tables import Expected, Mistake, Table, text, texts, time, word
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


@dataclass(frozen=True, slots=True)
class Capacity:
    """How many may be inside at once; None is no limit.

    staff_reserve: so many of `total` are kept for staff, used or not. by_category: limits of their
    own. staff_over_limit: what happens to staff when `total` is reached.
    """

    total: int | None = None
    staff_reserve: int = 0
    by_category: Mapping[str, int] = field(default_factory=dict)
    staff_over_limit: Answer = Answer.ADMIT


@dataclass(frozen=True, slots=True)
class Policy:
    """One dated set of rules. The default is a plain office: always open, no limit."""

    zone: tzinfo
    versions: tuple[str, ...] = ("default",)
    legal_basis: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    mode: Enforcement = Enforcement.ENFORCE
    categories: tuple[str, ...] = CATEGORIES
    staff_categories: tuple[str, ...] = ("staff", "officer")
    unknown_holder: Answer = Answer.REFUSE
    anti_passback: AntiPassback = AntiPassback.OFF
    anonymous_exit_category: str = "visitor"
    health_certificate_category: str = "visitor"
    opening_hours: Hours | None = None
    hours: Mapping[str, Hours] = field(default_factory=dict)
    capacity: Capacity = Capacity()
    statuses: Mapping[Status, Answer] = field(default_factory=dict)
    attestation_required: tuple[str, ...] = ("healthy", "protocol", "reason")

    def is_in_force(self, at: datetime) -> bool:
        begun = self.valid_from is None or self.valid_from <= at
        return begun and (self.valid_until is None or at < self.valid_until)


def parse_policy(
    document: Mapping[str, object], zone: tzinfo, *, exits_have_readers: bool
) -> tuple[Policy, tuple[Mistake, ...]]:
    """Read a policy; with mistakes, the policy returned is not to be used.

    exits_have_readers: anti-passback is hard by default if every exit has a reader, else off;
    asking for it where somebody can leave unseen is a mistake.
    """
    table = Table(document)
    policy = Policy(
        zone=zone,
        versions=(table.take("version", text, "default"),),
        legal_basis=table.take("legal_basis", text, None),
        valid_from=table.take("valid_from", time(zone), None),
        valid_until=table.take("valid_until", time(zone, is_end=True), None),
        mode=table.take("mode", word(Enforcement), Enforcement.ENFORCE),
        categories=table.take("categories", texts, CATEGORIES),
        staff_categories=table.take("staff_categories", texts, ("staff", "officer")),
        unknown_holder=table.take("unknown_holder", word(Answer), Answer.REFUSE),
        anti_passback=_anti_passback(table, exits_have_readers=exits_have_readers),
        anonymous_exit_category=table.take("anonymous_exit_category", text, "visitor"),
        health_certificate_category=table.take("health_certificate_category", text, "visitor"),
        opening_hours=table.take("opening_hours", _hours, None),
        hours=table.table("hours").all(_hours),
        capacity=_capacity(table.table("capacity")),
        statuses=_statuses(table.table("statuses")),
        attestation_required=table.table("attestation").take(
            "required", _fields, ("healthy", "protocol", "reason")
        ),
    )
    table.refuse_unknown()
    _cross_check(policy, table)
    return policy, tuple(table.mistakes)


# --- parts of a policy ---


def _anti_passback(table: Table, *, exits_have_readers: bool) -> AntiPassback:
    default = AntiPassback.HARD if exits_have_readers else AntiPassback.OFF
    wanted = table.take("anti_passback", word(AntiPassback), default)
    if wanted is AntiPassback.HARD and not exits_have_readers:
        table.complain(
            "anti_passback",
            '"soft" or "off": without a reader at every exit, people leave unseen and could not '
            "come back",
        )
    return wanted


def _capacity(table: Table) -> Capacity:
    capacity = Capacity(
        total=table.take("total", _count, None),
        staff_reserve=table.take("staff_reserve", _count, 0),
        by_category=table.table("by_category").all(_count),
        staff_over_limit=table.take("staff_over_limit", word(Answer), Answer.ADMIT),
    )
    if capacity.total is not None and capacity.staff_reserve > capacity.total:
        table.complain("staff_reserve", f"at most the total of {capacity.total}")
    if capacity.total is None and capacity.staff_reserve:
        table.complain("staff_reserve", "a `total` beside it, of which the reserve is a part")
    return capacity


def _statuses(table: Table) -> dict[Status, Answer]:
    answers = {status: table.take(str(status), word(Answer), None) for status in Status}
    if answers[Status.GREEN] not in (None, Answer.ADMIT):
        table.complain("green", '"admit", or nothing: green is what lets people in')
    return {status: answer for status, answer in answers.items() if answer is not None}


def _cross_check(policy: Policy, table: Table) -> None:
    known = policy.categories
    named = {
        "hours": policy.hours,
        "capacity.by_category": policy.capacity.by_category,
        "staff_categories": policy.staff_categories,
        "anonymous_exit_category": (policy.anonymous_exit_category,),
        "health_certificate_category": (policy.health_certificate_category,),
    }
    for key, names in named.items():
        for name in names:
            if name not in known:
                table.complain(key, f"a category of {', '.join(known)}", found=name)
    if policy.valid_from and policy.valid_until and policy.valid_from >= policy.valid_until:
        table.complain("valid_until", f"later than valid_from ({policy.valid_from.isoformat()})")


def _fields(value: object) -> tuple[str, ...] | Expected:
    allowed = ("healthy", "protocol", "reason")
    if isinstance(value, list) and all(item in allowed for item in value):
        return tuple(value)
    return Expected(f"a list of {', '.join(allowed)}")


def _count(value: object) -> int | Expected:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= PEOPLE_MAX:
        return value
    return Expected(f"a number of people from 0 to {PEOPLE_MAX}")


def _hours(value: object) -> Hours | Expected:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list):
        return Expected(f"spans {opening.EXPECTED}")
    spans = [opening.parse_span(text) if isinstance(text, str) else None for text in texts]
    good = tuple(span for span in spans if span is not None)
    return Hours(good) if len(good) == len(texts) else Expected(f"spans {opening.EXPECTED}")
