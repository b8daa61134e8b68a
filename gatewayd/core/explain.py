"""Why somebody is held or let in: each check with the policy's key and the layer behind it."""

from collections.abc import Mapping
from dataclasses import dataclass

from gatewayd.core import decide
from gatewayd.core.decide import Case, Checked, Verdict, category_of
from gatewayd.core.events import format_time
from gatewayd.core.matrix import verdict_word
from gatewayd.core.policy import ANONYMOUS, Policy
from gatewayd.core.reasons import Reason
from gatewayd.core.standing import Standing
from gatewayd.core.status import Rule
from gatewayd.core.words import Json


@dataclass(frozen=True, slots=True)
class Explained:
    """One check, the key of the policy that its outcome follows from, and the layer of that key.

    key: None where no policy has a say. layer: None where no layer has the key and
    it is so by default.
    """

    checked: Checked
    key: str | None = None
    layer: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """rule: of the rule-set, the one that gave the status; None where none did."""

    case: Case
    standing: Standing
    verdict: Verdict
    checks: tuple[Explained, ...]
    rule: Rule | None = None

    @property
    def condition(self) -> str | None:
        """What somebody is told who is let in all the same."""
        is_admitted = isinstance(self.verdict, decide.Admit)
        return self.case.policy.conditions.get(self.case.status) if is_admitted else None

    @property
    def versions(self) -> tuple[str, ...]:
        ruling = self.standing.ruling
        return (*self.case.policy.versions, *((ruling.rule_set,) if ruling else ()))

    def document(self) -> dict[str, Json]:
        """Return it for programs."""
        ruling = self.standing.ruling
        return {
            "at": format_time(self.case.at),
            "policy": list(self.versions),
            "mode": str(self.case.policy.mode_at(self.case.at)),
            "status": str(self.standing.status),
            "rule": None if ruling is None else ruling.rule,
            "failed": None if ruling is None else ruling.failed,
            "checks": [_check(one) for one in self.checks],
            "verdict": verdict_word(self.verdict),
            "reason": str(self.verdict.reason),
            "findings": list(self.verdict.findings),
            "condition": self.condition,
        }


def explain_case(case: Case, standing: Standing) -> Explanation:
    """Explain a decision; `standing` is where the status of the case comes from."""
    verdict = decide.decide(
        case.credential, case.status, case.usage, case.occupancy, case.policy, case.at
    )
    checks = tuple(_explain(case, checked) for checked in decide.explain(case))
    return Explanation(case, standing, verdict, checks, _find_rule(case.policy, standing))


def _explain(case: Case, checked: Checked) -> Explained:
    if checked.reason is None:
        return Explained(checked)
    places = {
        "category": category_of(case.credential, case.policy) or ANONYMOUS,
        "status": str(case.status),
    }
    keys = [key.format_map(places) for key in _KEYS.get(checked.reason, ())]
    owned = [key for key in keys if key in case.policy.layers]
    if not keys:
        return Explained(checked)
    return Explained(checked, (owned or keys)[0], case.policy.layers[owned[0]] if owned else None)


def _check(one: Explained) -> dict[str, Json]:
    reason = one.checked.reason
    return {
        "check": one.checked.name,
        "outcome": str(one.checked.outcome),
        "reason": None if reason is None else str(reason),
        "answer": str(one.checked.answer),
        "key": one.key,
        "layer": one.layer,
    }


def _find_rule(policy: Policy, standing: Standing) -> Rule | None:
    ruling = standing.ruling
    if ruling is None:
        return None
    rules = (one.rules for one in policy.rule_sets if one.label == ruling.rule_set)
    return next((rule for rule in next(rules, ()) if rule.name == ruling.rule), None)


_OF_STATUS = ("statuses.{category}.{status}", "statuses.{status}")
_OF_TOTAL = (
    "capacity.by_category.{category}",
    "capacity.total",
    "capacity.levels",
    "capacity.level",
)
_KEYS: Mapping[Reason, tuple[str, ...]] = {
    Reason.POLICY_EXPIRED: ("when_expired", "valid_until", "valid_from"),
    Reason.CLOSED_NOW: ("opening_hours",),
    Reason.ATTESTATION_INCOMPLETE: ("attestation.required",),
    Reason.OFFICER_ABSENT: ("officer_required",),
    Reason.KEY_USAGE: ("staff_categories",),
    Reason.PRESENCE: ("lane_codes",),
    Reason.UNKNOWN_HOLDER: ("unknown_holder",),
    Reason.UNKNOWN_CATEGORY: ("categories",),
    Reason.OUTSIDE_HOURS: ("hours.{category}",),
    Reason.AGE: ("ages",),
    Reason.STATUS_YELLOW: _OF_STATUS,
    Reason.STATUS_RED: _OF_STATUS,
    Reason.STATUS_BLACK: _OF_STATUS,
    Reason.STATUS_UNKNOWN: _OF_STATUS,
    Reason.REGION_TEST: ("region_test.without", "region_test.regions"),
    Reason.ORIGIN_UNKNOWN: ("region_test.unknown_origin", "region_test.regions"),
    Reason.ALREADY_INSIDE: ("anti_passback",),
    Reason.ALREADY_GRANTED: ("anti_passback",),
    Reason.CAPACITY_FULL: _OF_TOTAL,
}
"""The keys that a reason rests on, the nearest first."""
