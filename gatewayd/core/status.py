"""Status rule-sets: dated rules, as data, that make a colour of the facts about a holder.

The first rule that holds decides. A rule that cannot be evaluated decides too: the status is then
unknown, and no later rule can admit anybody. Where no rule holds it is unknown as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from gatewayd.core.certlogic import evaluate
from gatewayd.core.certlogic_format import Logic
from gatewayd.core.certlogic_values import Failed, Value, is_true, kind
from gatewayd.core.evidence import Evidence
from gatewayd.core.facts import CentreWord, Counting, Here, derive_facts
from gatewayd.core.words import Json, Status

RULE_STEPS_MAX = 1_000  # Half a millisecond; the longest rule of the EU's countries takes 300.


@dataclass(frozen=True, slots=True)
class Rule:
    """`status` where `when` is true; it holds until the time that `until` gives.

    text: what the rule is, in the words of its source.
    """

    name: str
    when: Logic
    status: Status
    until: Logic | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules that are in force from `valid_from` on and before `valid_until`.

    terms: what several rules ask, under a name; each may use those before it.
    """

    id: str
    version: str
    source: str
    counting: Counting
    rules: tuple[Rule, ...]
    terms: Mapping[str, Logic] = field(default_factory=dict)
    legal_basis: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    @property
    def label(self) -> str:
        """How verdicts name it among the versions they used."""
        return f"{self.id}/{self.version}"

    def is_in_force(self, at: datetime) -> bool:
        begun = self.valid_from is None or self.valid_from <= at
        return begun and (self.valid_until is None or at < self.valid_until)


@dataclass(frozen=True, slots=True)
class Ruling:
    """The status, and how it came about.

    until: before this time it need not be asked again. rule: the one that decided, None where none
    did. failed: why that rule could not be evaluated.
    """

    status: Status
    until: datetime
    rule_set: str
    rule: str | None = None
    failed: str | None = None


def choose_rule_set(rule_sets: Sequence[RuleSet], at: datetime) -> RuleSet | None:
    """Return the rule-set in force; of several the one that began last."""
    in_force = [rule_set for rule_set in rule_sets if rule_set.is_in_force(at)]
    return max(in_force, key=_beginning, default=None)


def judge(rule_set: RuleSet, evidence: Evidence, heard: CentreWord | None, here: Here) -> Ruling:
    """Return what a rule-set makes of evidence and of the centre's word."""
    return apply_rules(rule_set, derive_facts(evidence, heard, here, rule_set.counting), here)


def apply_rules(rule_set: RuleSet, facts: dict[str, Json], here: Here) -> Ruling:
    """Return what a rule-set makes of facts.

    Without an `until` of its own a status holds for the rest of the day: days are what rules count.
    """
    end = _end_of_day(here)
    ends = min(end, rule_set.valid_until or end)
    terms: dict[str, Value] = {}
    known: dict[str, Value] = {**facts, "terms": terms}
    for name, logic in rule_set.terms.items():
        value = evaluate(logic, known, RULE_STEPS_MAX)
        if isinstance(value, Failed):
            return Ruling(Status.UNKNOWN, ends, rule_set.label, f"terms.{name}", value.what)
        terms[name] = value
    for rule in rule_set.rules:
        match _ask(rule, known, here.at):
            case True:
                return Ruling(rule.status, ends, rule_set.label, rule.name)
            case datetime() as until:
                ends = min(until, rule_set.valid_until or until)
                return Ruling(rule.status, ends, rule_set.label, rule.name)
            case Failed(what):
                return Ruling(Status.UNKNOWN, ends, rule_set.label, rule.name, what)
            case False:
                pass
    return Ruling(Status.UNKNOWN, ends, rule_set.label)


def _ask(rule: Rule, known: Value, at: datetime) -> bool | datetime | Failed:
    """Return whether a rule holds, and until when if it says so."""
    value = evaluate(rule.when, known, RULE_STEPS_MAX)
    if isinstance(value, Failed):
        return value
    truth = is_true(value)
    if truth is None:
        return Failed(f"`when` is {kind(value)}, neither true nor false")
    if not truth or rule.until is None:
        return truth
    end = evaluate(rule.until, known, RULE_STEPS_MAX)
    if isinstance(end, datetime) and end <= at:
        return Failed("`until` is in the past")
    if isinstance(end, datetime | Failed):
        return end
    return Failed(f"`until` is {kind(end)}, not a date-time, which plusTime makes")


def _end_of_day(here: Here) -> datetime:
    tomorrow = here.today + timedelta(days=1)
    return datetime.combine(tomorrow, time.min, tzinfo=here.zone).astimezone(UTC)


def _beginning(rule_set: RuleSet) -> datetime:
    return rule_set.valid_from or datetime.min.replace(tzinfo=UTC)
