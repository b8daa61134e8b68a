"""How long the rules of a status take, what of it is the facts, and how long a whole decision does.

Run: python -m benchmarks.rules
"""

import time
import tomllib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from gatewayd.app.policy_files import read_profile
from gatewayd.core.decide import Usage, Verdict, decide
from gatewayd.core.described import Described
from gatewayd.core.evidence import Dose, Evidence, LabTest, Method, Result
from gatewayd.core.facts import CentreWord, Here, Mark, derive_facts
from gatewayd.core.occupancy import Occupancy
from gatewayd.core.policy import Policy
from gatewayd.core.rule_sets import parse_rule_set
from gatewayd.core.standing import Standing, find_standing
from gatewayd.core.status import RuleSet, apply_rules, judge

ROUNDS = 5_000
DECISION_US_MAX = 500  # The median: nothing beside the 5 ms of a commit to disk.
FOLDER = Path(__file__).parents[1] / "config" / "rulesets"
HERE = Here(datetime(2022, 8, 20, 1, tzinfo=UTC), ZoneInfo("Asia/Jakarta"))
DOSES = tuple(Dose(number, 2, date(2021, 5, number)) for number in (1, 2))
TESTS = tuple(
    LabTest(Method.MOLECULAR, result, HERE.at - timedelta(days=days))
    for result, days in [(Result.POSITIVE, 60), (Result.NEGATIVE, 50), (Result.NEGATIVE, 20)]
)
MARK = CentreWord(marks=(Mark("contact", HERE.at - timedelta(days=40)),))
INSIDE = Occupancy({"staff": 40, "visitor": 120}, {"visitor": 1})
NOBODY, DOSED = Evidence(), Evidence(doses=DOSES, born=date(1990, 1, 1))
MUCH = Evidence(doses=DOSES[:1], tests=TESTS, born=date(1990, 1, 1))


def main() -> None:
    print(f"{ROUNDS} rounds")
    for path in sorted(FOLDER.glob("*.toml")):
        rule_set, mistakes = parse_rule_set(tomllib.loads(path.read_text()), UTC)
        assert not mistakes
        show(f"{rule_set.id}: nothing known", lambda it=rule_set: judge(it, NOBODY, None, HERE))
        show(f"{rule_set.id}: two doses", lambda it=rule_set: judge(it, DOSED, None, HERE))
        show(f"{rule_set.id}: all there is", lambda it=rule_set: judge(it, MUCH, MARK, HERE))
    show_parts(rule_set)
    policy = read_profile("governor-office")
    for name, evidence in (("two doses", DOSED), ("all there is", MUCH)):
        show(f"whole decision: {name}", lambda it=evidence: decide_on(it, policy))
    print(f"aim: the median of a whole decision below {DECISION_US_MAX} us")


def decide_on(evidence: Evidence, policy: Policy) -> Verdict:
    """Judge a certificate and run every check, as a gate does once a scan is read."""
    in_force = policy.at(HERE.at)
    shown = Described("visitor", evidence=evidence).shown(HERE.at)
    standing = find_standing(shown, Standing(), in_force, HERE.at)
    return decide(shown, standing.status, Usage(), INSIDE, in_force, HERE.at)


def show_parts(rule_set: RuleSet) -> None:
    facts = derive_facts(MUCH, MARK, HERE, rule_set.counting)
    show("of it the facts", lambda: derive_facts(MUCH, MARK, HERE, rule_set.counting))
    show("of it the rules", lambda: apply_rules(rule_set, facts, HERE))


def show(name: str, call: Callable[[], object]) -> None:
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        call()
        times.append((time.perf_counter() - begin) * 1e6)
    times.sort()
    print(f"{name:32} p50 {times[ROUNDS // 2]:6.0f} us   p99 {times[ROUNDS * 99 // 100]:6.0f} us")


if __name__ == "__main__":
    main()
