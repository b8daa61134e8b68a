"""Reads a policy from a plain mapping: a policy, or every mistake in it at once."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import tzinfo
from enum import StrEnum

from gatewayd.core.evidence import Method
from gatewayd.core.policy import (
    CATEGORIES,
    AgeBand,
    Answer,
    AntiPassback,
    Capacity,
    Enforcement,
    LaneCodes,
    OfficerRules,
    Policy,
    RegionTest,
)
from gatewayd.core.policy_values import (
    read_clock_time,
    read_count,
    read_fields,
    read_holidays,
    read_hours,
    read_number,
    read_people,
    read_percents,
    read_yes_or_no,
)
from gatewayd.core.status import RuleSet
from gatewayd.core.tables import Mistake, Table, text, texts, time, word
from gatewayd.core.words import Status

YEARS_MAX = 150  # Nobody is older.
HOURS_MAX = 24 * 365  # A result of a year ago is none.
MINUTES_MAX = 24 * 60  # By then everybody has left.
SHIFT_HOURS_MAX = 24  # Whoever is on duty for longer forgot to sign out.
REFERRAL_MINUTES_MAX = 60  # Nobody stands beside the gate for longer.

ASK_MS = 1500  # Over a slow line and back; people in front of a gate take it for a moment.
ASK_MS_MIN, ASK_MS_MAX = 100, 5000  # Whoever waits longer begins to scan again.


class _ToStrangers(StrEnum):
    ADMIT = "admit"
    REFUSE = "refuse"
    REFER = "refer"
    ASK = "ask"


class _Unanswered(StrEnum):
    REFUSE = "refuse"
    REFER = "refer"


def parse_policy(
    document: Mapping[str, object],
    zone: tzinfo,
    *,
    exits_have_readers: bool,
    can_ask_centre: bool = False,
    rule_sets: Mapping[str, RuleSet] | None = None,
) -> tuple[Policy, tuple[Mistake, ...]]:
    """Read a policy; with mistakes, the policy returned is not to be used.

    exits_have_readers: anti-passback is hard by default if every exit has a reader, else off;
    asking for it where somebody can leave unseen is a mistake. can_ask_centre: there is one, and it
    knows people by the same pseudonyms. rule_sets: those that can be named.
    """
    table = Table(document)
    attestation = table.table("attestation")
    categories = table.take("categories", texts, CATEGORIES)
    statuses, category_statuses = _statuses(table.table("statuses"), categories)
    unknown_holder, asks_centre_ms = _unknown_holder(table, can_ask_centre=can_ask_centre)
    policy = Policy(
        zone=zone,
        versions=(table.take("version", text, "default"),),
        legal_basis=table.take("legal_basis", text, None),
        valid_from=table.take("valid_from", time(zone), None),
        valid_until=table.take("valid_until", time(zone, is_end=True), None),
        when_expired=table.take("when_expired", word(Answer), Answer.REFER),
        mode=table.take("mode", word(Enforcement), Enforcement.ENFORCE),
        enforce_from=table.take("enforce_from", time(zone), None),
        categories=categories,
        staff_categories=table.take("staff_categories", texts, ("staff", "officer")),
        unknown_holder=unknown_holder,
        roster_age_hours_max=table.take("roster_age_hours_max", read_number(1, HOURS_MAX), None),
        roster_old=table.take("roster_old", word(Answer), Answer.REFER),
        asks_centre_ms=asks_centre_ms,
        anti_passback=_anti_passback(table, exits_have_readers=exits_have_readers),
        anti_passback_minutes=table.take("anti_passback_minutes", read_number(1, MINUTES_MAX), 0),
        infer_exits_at=table.take("infer_exits_at", read_clock_time, None),
        anonymous_exit_category=table.take("anonymous_exit_category", text, "visitor"),
        health_certificate_category=table.take("health_certificate_category", text, "visitor"),
        holidays=table.take("holidays", read_holidays, frozenset()),
        opening_hours=table.take("opening_hours", read_hours, None),
        hours=table.table("hours").all(read_hours),
        capacity=_capacity(table),
        areas=_areas(table.table("areas")),
        rule_sets=_rule_sets(table, rule_sets or {}),
        statuses=statuses,
        category_statuses=category_statuses,
        conditions=_conditions(table.table("conditions")),
        ages=_ages(table),
        region_test=_region_test(table) if "region_test" in document else None,
        purposes=table.take("purposes", texts, ()),
        lane_codes=table.take("lane_codes", word(LaneCodes), LaneCodes.DISPLAY),
        attestation_required=attestation.take(
            "required", read_fields, ("healthy", "protocol", "reason")
        ),
        officer=_officer(table),
    )
    is_screening = table.take("health_screening", read_yes_or_no, default=True)
    table.refuse_unknown()
    _cross_check(policy, table)
    return policy if is_screening else _without_screening(policy), tuple(table.mistakes)


# --- who comes, and when ---


def _anti_passback(table: Table, *, exits_have_readers: bool) -> AntiPassback:
    default = AntiPassback.HARD if exits_have_readers else AntiPassback.OFF
    wanted = table.take("anti_passback", word(AntiPassback), default)
    if wanted is AntiPassback.HARD and not exits_have_readers:
        table.complain(
            "anti_passback",
            '"timed", "soft" or "off": without a reader at every exit, people leave unseen and '
            "could not come back",
        )
    has_minutes = "anti_passback_minutes" in table.values
    if has_minutes != (wanted is AntiPassback.TIMED):
        table.complain("anti_passback_minutes", 'minutes, with anti_passback = "timed" only')
    return wanted


def _unknown_holder(table: Table, *, can_ask_centre: bool) -> tuple[Answer, int | None]:
    """Return the answer to a stranger, and how long the centre's is waited for before it."""
    asking = table.table("ask")
    wait_ms = asking.take("timeout_ms", read_number(ASK_MS_MIN, ASK_MS_MAX), ASK_MS)
    unanswered = asking.take("unanswered", word(_Unanswered), _Unanswered.REFUSE)
    wanted = table.take("unknown_holder", word(_ToStrangers), _ToStrangers.REFUSE)
    if wanted is not _ToStrangers.ASK:
        return Answer(wanted), None
    if not can_ask_centre:
        table.complain(
            "unknown_holder",
            '"refuse", "refer" or "admit": to "ask" needs [broker], and `key_scope = "region"` in '
            "[privacy], by which the centre knows people",
        )
    return Answer(unanswered), wait_ms


def _capacity(root: Table) -> Capacity:
    """Read the limits: those of the level in force lie over the others."""
    table = root.table("capacity")
    level = table.take("level", text, None)
    levels = table.table("levels")
    base = _limits(table, Capacity(), table)
    by_level = {name: _limits(levels.table(name), base, table) for name in levels.values}
    if by_level and level is not None and level not in by_level:
        table.complain("level", f"a level of [capacity.levels]: {', '.join(by_level)}")
    return by_level.get(level or "", base)


def _areas(table: Table) -> dict[str, Capacity]:
    """Read the limits of inner areas, whose lanes name them."""
    areas = {name: table.table(name) for name in table.values}
    return {name: _limits(area, Capacity(), area) for name, area in areas.items()}


def _limits(table: Table, below: Capacity, rated: Table) -> Capacity:
    people = read_people(rated.take("rated", read_count, None))
    capacity = Capacity(
        total=table.take("total", people, below.total),
        staff_reserve=table.take("staff_reserve", people, below.staff_reserve),
        by_category={**below.by_category, **table.table("by_category").all(people)},
        staff_over_limit=table.take("staff_over_limit", word(Answer), below.staff_over_limit),
        alarm_percents=table.take("alarm_percents", read_percents, below.alarm_percents),
    )
    if capacity.total is not None and capacity.staff_reserve > capacity.total:
        table.complain("staff_reserve", f"at most the total of {capacity.total}")
    if capacity.total is None and capacity.staff_reserve and "levels" not in table.values:
        table.complain("staff_reserve", "a `total` beside it, of which the reserve is a part")
    return capacity


def _ages(table: Table) -> tuple[AgeBand, ...]:
    bands = []
    for one in table.list_of_tables("ages"):
        first = one.take("from", read_number(0, YEARS_MAX), 0)
        under = one.take("under", read_number(1, YEARS_MAX), None)
        if under is not None and under <= first:
            one.complain("under", f"more than {first} years")
        answer = one.take("answer", word(Answer), None)
        if answer is None:
            one.complain("answer", "one of admit, refuse, refer")
        else:
            bands.append(AgeBand(first, under, answer))
    return tuple(bands)


def _officer(table: Table) -> OfficerRules:
    usual = OfficerRules()
    return OfficerRules(
        is_required=table.take("officer_required", read_yes_or_no, usual.is_required),
        unattended_minutes=table.take(
            "unattended_minutes", read_number(1, MINUTES_MAX), usual.unattended_minutes
        ),
        shift_hours=table.take(
            "officer_shift_hours", read_number(1, SHIFT_HOURS_MAX), usual.shift_hours
        ),
        pass_signs_on=table.take("officer_pass", read_yes_or_no, usual.pass_signs_on),
        referral_minutes=table.take(
            "referral_minutes", read_number(1, REFERRAL_MINUTES_MAX), usual.referral_minutes
        ),
        override_alarm_percent=table.take("override_alarm_percent", read_number(1, 100), None),
    )


# --- what their health means ---


def _statuses(
    table: Table, categories: tuple[str, ...]
) -> tuple[dict[Status, Answer], dict[str, dict[Status, Answer]]]:
    own = {name: _answers(table.table(name)) for name in categories if name in table.values}
    return _answers(table), own


def _answers(table: Table) -> dict[Status, Answer]:
    answers = {status: table.take(str(status), word(Answer), None) for status in Status}
    if answers[Status.GREEN] not in (None, Answer.ADMIT):
        table.complain("green", '"admit", or nothing: green is what lets people in')
    return {status: answer for status, answer in answers.items() if answer is not None}


def _conditions(table: Table) -> dict[Status, str]:
    told = {status: table.take(str(status), text, None) for status in Status}
    return {status: words for status, words in told.items() if words is not None}


def _rule_sets(table: Table, known: Mapping[str, RuleSet]) -> tuple[RuleSet, ...]:
    names = table.take("rule_sets", texts, ())
    for name in names:
        if name not in known:
            table.complain("rule_sets", f"one of {', '.join(known) or 'none'}", found=name)
    return tuple(known[name] for name in names if name in known)


def _region_test(root: Table) -> RegionTest:
    table = root.table("region_test")
    hours = table.table("hours_max")
    methods = {
        method: most
        for method in Method
        if (most := hours.take(str(method), read_number(1, HOURS_MAX), None)) is not None
    }
    if not methods:
        table.complain("hours_max", f"hours for at least one of {', '.join(Method)}")
    regions = table.take("regions", texts, ())
    if not regions:
        table.complain("regions", "a list of the regions that count as near")
    return RegionTest(
        regions=regions,
        methods=methods,
        without=table.take("without", word(Answer), Answer.REFER),
        unknown_origin=table.take("unknown_origin", word(Answer), Answer.REFER),
    )


# --- what fits together ---


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
    if policy.enforce_from and policy.mode is Enforcement.OBSERVE:
        table.complain("enforce_from", 'mode = "enforce", which then begins at this time')
    if policy.rule_sets:
        _check_answers(policy, table)
    for status in policy.conditions:
        if not any(
            answers.get(status) is Answer.ADMIT
            for answers in (policy.statuses, *policy.category_statuses.values())
        ):
            table.complain("conditions", f"a status that is admitted: {status} is not")


def _check_answers(policy: Policy, table: Table) -> None:
    """With rules for a status each one has to mean something: none is admitted by forgetting it."""
    for status in Status:
        if status not in policy.statuses and status is not Status.GREEN:
            table.complain("statuses", f"an answer to {status}, which rule_sets can give")


def _without_screening(policy: Policy) -> Policy:
    """Return what is left where nobody's health is asked for: an everyday entrance."""
    asked = ("reason", "purpose")
    return replace(
        policy,
        rule_sets=(),
        statuses={},
        category_statuses={},
        conditions={},
        ages=(),
        region_test=None,
        attestation_required=tuple(one for one in policy.attestation_required if one in asked),
    )
