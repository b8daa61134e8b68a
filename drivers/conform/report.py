"""What was found of a controller, for people, for programs (JSON) and for build servers (JUnit)."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from xml.etree import ElementTree as ET

from drivers.conform.words import Finding, Verdict


class Conclusion(StrEnum):
    CONFORMS = "conforms"
    """Every rule was tested, and is kept."""
    INCOMPLETE = "incomplete"
    """Every rule that was tested is kept."""
    BREAKS_RULES = "breaks_rules"


@dataclass(frozen=True, slots=True)
class Report:
    """target: the port or topic. device, firmware: what the controller calls itself.

    findings: one for each rule that was wanted, of the `rule_count` that there are.
    """

    target: str
    device: str
    firmware: str
    findings: Sequence[Finding]
    rule_count: int

    @property
    def failed(self) -> list[str]:
        return [it.rule for it in self.findings if it.verdict is Verdict.FAILED]

    @property
    def counts(self) -> Counter[Verdict]:
        return Counter(finding.verdict for finding in self.findings)

    @property
    def conclusion(self) -> Conclusion:
        if self.failed:
            return Conclusion.BREAKS_RULES
        is_all = self.counts[Verdict.PASSED] == self.rule_count
        return Conclusion.CONFORMS if is_all else Conclusion.INCOMPLETE


def summary(report: Report) -> str:
    counts = report.counts
    match report.conclusion:
        case Conclusion.CONFORMS:
            told = "keeps every rule"
        case Conclusion.INCOMPLETE:
            told = "keeps every rule that was tested"
        case Conclusion.BREAKS_RULES:
            told = f"breaks {', '.join(report.failed)}"
    return (
        f"{report.device or 'The controller'} at {report.target} {told}: "
        f"{counts[Verdict.PASSED]} kept, {counts[Verdict.FAILED]} broken, "
        f"{counts[Verdict.UNTESTED]} not tested."
    )


def to_json(report: Report) -> str:
    document = {
        "target": report.target,
        "device": report.device,
        "firmware": report.firmware,
        "conclusion": report.conclusion,
        **{str(verdict): report.counts[verdict] for verdict in Verdict},
        "rules": [
            {**asdict(finding), "took_s": round(finding.took_s, 3)} for finding in report.findings
        ],
    }
    return json.dumps(document, indent=1)


def to_junit(report: Report) -> bytes:
    """Return a test suite of the form that build servers read."""
    counts = report.counts
    suite = ET.Element(
        "testsuite",
        name=f"gatelink {report.target}",
        tests=str(len(report.findings)),
        failures=str(counts[Verdict.FAILED]),
        errors="0",
        skipped=str(counts[Verdict.UNTESTED]),
        time=f"{sum(finding.took_s for finding in report.findings):.3f}",
    )
    for finding in report.findings:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=f"gatelink.{finding.rule}",
            name=finding.says,
            time=f"{finding.took_s:.3f}",
        )
        match finding.verdict:
            case Verdict.PASSED:
                pass
            case Verdict.FAILED:
                ET.SubElement(case, "failure", message=finding.seen)
            case Verdict.UNTESTED:
                ET.SubElement(case, "skipped", message=finding.seen)
    encoded: bytes = ET.tostring(suite, encoding="utf-8", xml_declaration=True)
    return encoded
