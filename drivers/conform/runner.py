"""Runs the rules one after the other, each from the same beginning."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from drivers.conform.bench import Bench
from drivers.conform.words import Finding, Rule, Unmet, Untested, Verdict

# A thousand log entries over a slow line; what takes longer has got stuck.
RULE_S_MAX: Final = 300.0

B = TypeVar("B", bound=Bench)


async def run_rules(
    bench: B, rules: Sequence[Rule[B]], found: Callable[[Finding], None]
) -> list[Finding]:
    """Return a finding for each rule; `found` is told it as soon as it is known.

    Where the controller cannot even be brought to where a rule begins, that rule has failed; where
    that happens at the first, the others are not tested.
    """
    findings: list[Finding] = []
    reason = ""
    for rule in rules:
        finding = (
            Finding(rule.id, rule.says, Verdict.UNTESTED, reason, 0.0)
            if reason
            else await _run(bench, rule)
        )
        if not findings and finding.verdict is Verdict.FAILED and not bench.is_there:
            reason = "there is no session"
        findings.append(finding)
        found(finding)
    return findings


async def _run(bench: B, rule: Rule[B]) -> Finding:
    loop = asyncio.get_running_loop()
    started_s = loop.time()
    verdict, seen = Verdict.PASSED, ""
    try:
        async with asyncio.timeout(RULE_S_MAX):
            bench.require(rule.needs)
            await bench.rest()
            await rule.check(bench)
    except Unmet as unmet:
        verdict, seen = Verdict.FAILED, str(unmet)
    except Untested as untested:
        verdict, seen = Verdict.UNTESTED, str(untested)
    except TimeoutError:
        verdict, seen = Verdict.FAILED, f"no end after {RULE_S_MAX:.0f} s"
    return Finding(rule.id, rule.says, verdict, seen, loop.time() - started_s)
