"""People and what is known of them, told in a line, for the tests of rule-sets. Times are WIB."""

import tomllib
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from gatewayd.core.evidence import Dose, Evidence, LabTest, Method, Recovery, Result
from gatewayd.core.facts import CentreWord, Here, Mark
from gatewayd.core.rule_sets import parse_rule_set
from gatewayd.core.status import RuleSet, judge
from gatewayd.core.words import Status

FOLDER = Path(__file__).parents[3] / "config" / "rulesets"
WIB = ZoneInfo("Asia/Jakarta")

Known = Dose | LabTest | Recovery | Mark | Status | date


@cache
def load(name: str) -> RuleSet:
    document = tomllib.loads((FOLDER / f"{name}.toml").read_text())
    rule_set, mistakes = parse_rule_set(document, ZoneInfo("UTC"))
    assert mistakes == ()
    return rule_set


class Told:
    """What a rule-set says of people: `told("2021-09-10 08:00", doses(2)) == "green two-doses"`."""

    def __init__(self, name: str) -> None:
        self.rule_set = load(name)

    def __call__(self, at: str, *known: Known) -> str:
        evidence, heard = _collect(known)
        ruling = judge(self.rule_set, evidence, heard, Here(wib(at), WIB))
        assert ruling.failed is None, ruling
        return " ".join(part for part in (str(ruling.status), ruling.rule) if part)

    def until(self, at: str, *known: Known) -> datetime:
        evidence, heard = _collect(known)
        return judge(self.rule_set, evidence, heard, Here(wib(at), WIB)).until.astimezone(WIB)


def wib(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=WIB)


def doses(count: int, *, series: int | None = 2) -> Dose:
    return Dose(count, series, date(2021, 5, 1))


def pcr(result: str, at: str) -> LabTest:
    return LabTest(Method.MOLECULAR, Result(result), wib(at))


def antigen(result: str, at: str) -> LabTest:
    return LabTest(Method.ANTIGEN, Result(result), wib(at))


def mark(name: str, since: str, until: str | None = None) -> Mark:
    return Mark(name, wib(since), wib(until) if until else None)


def born(text: str) -> date:
    return date.fromisoformat(text)


def _collect(known: tuple[Known, ...]) -> tuple[Evidence, CentreWord]:
    evidence, heard = Evidence(), CentreWord()
    for one in known:
        match one:
            case Dose():
                evidence = replace(evidence, doses=(*evidence.doses, one))
            case LabTest():
                evidence = replace(evidence, tests=(*evidence.tests, one))
            case Recovery():
                evidence = replace(evidence, recoveries=(*evidence.recoveries, one))
            case Mark():
                heard = replace(heard, marks=(*heard.marks, one))
            case Status():
                heard = replace(heard, status=one)
            case date():
                evidence = replace(evidence, born=one)
    return evidence, heard
