"""What in a policy is no mistake and likely to be regretted: gaps, and what never counts."""

from collections.abc import Iterator
from datetime import datetime, tzinfo

from gatewayd.core.policy import AgeBand, Policy
from gatewayd.core.status import RuleSet, choose_rule_set
from gatewayd.core.words import Status


def advise(policy: Policy, now: datetime) -> list[str]:
    """Return a sentence for each, over all times from now on at which the policy changes."""
    periods = [now, *(begins for begins, _ in policy.changes if begins > now)]
    told = dict.fromkeys(one for at in periods for one in _advise(policy.at(at), at))
    return list(told)


def _advise(policy: Policy, at: datetime) -> Iterator[str]:
    if policy.valid_until is not None and policy.valid_until <= at:
        day = _day(policy.valid_until, policy.zone)
        yield f"the policy has run out on {day}: everybody is answered `{policy.when_expired}`"
    yield from _gaps(policy, at)
    for rule_set in policy.rule_sets:
        yield from _unreachable(rule_set)
    for index, band in enumerate(policy.ages):
        if any(_covers(earlier, band) for earlier in policy.ages[:index]):
            yield f"ages: the band from {band.from_years} never counts: one before it holds first"


def _gaps(policy: Policy, at: datetime) -> Iterator[str]:
    """Tell when nobody has a colour: before, between or after the rule-sets."""
    if not policy.rule_sets:
        return
    ends = [one.valid_until for one in policy.rule_sets if one.valid_until is not None]
    for begins in sorted({at, *(end for end in ends if end > at)}):
        if choose_rule_set(policy.rule_sets, begins) is None:
            answer = policy.answer_to(Status.UNKNOWN, None)
            day = _day(begins, policy.zone)
            yield f"rule_sets: none is in force from {day} on: everybody is unknown, so `{answer}`"


def _unreachable(rule_set: RuleSet) -> Iterator[str]:
    for index, rule in enumerate(rule_set.rules[:-1]):
        if rule.when.expression is True:
            later = ", ".join(one.name for one in rule_set.rules[index + 1 :])
            yield f"{rule_set.label}: after the rule {rule.name}, which always holds: {later}"
            return
    yield from _repeated(rule_set)


def _repeated(rule_set: RuleSet) -> Iterator[str]:
    asked: list[object] = [rule.when.expression for rule in rule_set.rules]
    for index, rule in enumerate(rule_set.rules):
        if rule.when.expression in asked[:index]:
            first = rule_set.rules[asked.index(rule.when.expression)]
            yield f"{rule_set.label}: the rule {rule.name} never counts: {first.name} asks the same"


def _covers(band: AgeBand, other: AgeBand) -> bool:
    if band.from_years > other.from_years:
        return False
    if band.under_years is None:
        return True
    return other.under_years is not None and other.under_years <= band.under_years


def _day(at: datetime, zone: tzinfo) -> str:
    return at.astimezone(zone).isoformat(timespec="minutes")
