"""Reads status rule-sets from plain mappings: a rule-set, or every mistake in it at once."""

import re
from collections.abc import Collection, Mapping
from datetime import tzinfo
from typing import TypeVar

from gatewayd.core import tables
from gatewayd.core.certlogic_format import Logic, find_paths, parse
from gatewayd.core.facts import Counting, is_fact
from gatewayd.core.status import Rule, RuleSet
from gatewayd.core.tables import Expected, Mistake, ReadValue, Table, text, texts, word
from gatewayd.core.words import Status

T = TypeVar("T")

RULES_MAX = 50  # Five times the longest of the texts we know.
TERMS_MAX = 50  # As many as rules.
DAYS_MAX = 3_650  # A number of days beyond ten years is a typing mistake.

_IN_REDUCE = ("", "current", "accumulator")  # What the second operand of `reduce` can ask for.
_NAME = re.compile(r"[a-z0-9-]{1,64}")


def parse_rule_set(
    document: Mapping[str, object], zone: tzinfo
) -> tuple[RuleSet, tuple[Mistake, ...]]:
    """Read a rule-set; with mistakes, the one returned is not to be used.

    Dates that do not say their zone are in `zone`. In the path of a mistake rules are counted
    from 0.
    """
    table = Table(document)
    counting = table.table("counting")
    terms = _terms(table.table("terms"))
    rule_set = RuleSet(
        id=_required(table, "id", _name) or "",
        version=_required(table, "version", text) or "",
        source=_required(table, "source", text) or "",
        legal_basis=table.take("legal_basis", text, None),
        valid_from=table.take("valid_from", tables.time(zone), None),
        valid_until=table.take("valid_until", tables.time(zone, is_end=True), None),
        counting=Counting(
            episode_days=counting.take("episode_days", _days, 0),
            negatives_from_day=counting.take("negatives_from_day", _days, 1),
            positive_marks=counting.take("positive_marks", texts, ()),
        ),
        terms=terms,
        rules=_rules(table, terms),
    )
    table.refuse_unknown()
    _cross_check(rule_set, table)
    return rule_set, tuple(table.mistakes)


# --- parts of a rule-set ---


def _terms(table: Table) -> dict[str, Logic]:
    terms = table.all(_logic)
    if len(terms) > TERMS_MAX:
        table.complain("", f"at most {TERMS_MAX} terms", found=len(terms))
    known: list[str] = []
    for name, logic in terms.items():
        _check_facts(table, name, logic, known)
        known.append(name)
    return terms


def _rules(table: Table, terms: Collection[str]) -> tuple[Rule, ...]:
    rules = []
    for index, values in enumerate(_required(table, "rules", _tables) or ()):
        one = Table(values, ("rules", str(index)), table.mistakes)
        table.tables.append(one)
        name = _required(one, "name", _name)
        when = _required(one, "when", _logic)
        status = _required(one, "status", word(Status))
        until = one.take("until", _logic, None)
        told = one.take("text", text, None)
        for key, logic in (("when", when), ("until", until)):
            if logic is not None:
                _check_facts(one, key, logic, terms)
        if name is not None and when is not None and status is not None:
            rules.append(Rule(name, when, status, until, told))
    return tuple(rules)


def _check_facts(table: Table, key: str, logic: Logic, terms: Collection[str]) -> None:
    """Complain of what nobody will ever have: a rule about it is a typing mistake."""
    for path in find_paths(logic):
        first, _, rest = path.partition(".")
        is_known = rest.split(".")[0] in terms if first == "terms" else is_fact(path)
        if not is_known and first not in _IN_REDUCE:
            table.complain(key, "facts of docs/rules.md, and terms from above", found=path)


def _required(table: Table, key: str, read: ReadValue[T]) -> T | None:
    if key not in table.values:
        wanted = read(None)
        assert isinstance(wanted, Expected)
        table.complain(key, wanted.what)
    return table.take(key, read, None)


def _cross_check(rule_set: RuleSet, table: Table) -> None:
    begins, ends = rule_set.valid_from, rule_set.valid_until
    if begins and ends and begins >= ends:
        table.complain("valid_until", f"later than valid_from ({begins.isoformat()})")
    names = [rule.name for rule in rule_set.rules]
    for name in sorted({name for name in names if names.count(name) > 1}):
        table.complain("rules", "a name of its own for each rule", found=name)


def _name(value: object) -> str | Expected:
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    return Expected("a name of a-z, 0-9 and -, at most 64 characters")


def _tables(value: object) -> list[Mapping[str, object]] | Expected:
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return value if 0 < len(value) <= RULES_MAX else Expected(f"1 to {RULES_MAX} rules")
    return Expected("a list of rules: [[rules]]")


def _days(value: object) -> int | Expected:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= DAYS_MAX:
        return value
    return Expected(f"a number of days from 0 to {DAYS_MAX}")


def _logic(value: object) -> Logic | Expected:
    found = parse(value)
    if isinstance(found, Logic):
        return found
    return Expected(f"CertLogic: {found[0].message}")
