"""What was found of a controller, for people, for programs (JSON) and for build servers (JUnit)."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from xml.etree import ElementTree as ET

from drivers.conform.words import Finding, Verdict

_MARKS = {Verdict.PASSED: "ok", Verdict.FAILED: "FAILED", Verdict.UNTESTED: "not tested"}
_WIDTH = max(map(len, _MARKS.values()))


@dataclass(frozen=True, slots=True)
class Report:
    """target: the port or topic. device, firmware: what the controller calls itself."""

    target: str
    device: str
    firmware: str
    findings: Sequence[Finding]

    @property
    def failed(self) -> list[str]:
        return [it.rule for it in self.findings if it.verdict is Verdict.FAILED]


def line(finding: Finding) -> str:
    """Return a line for people, and where the rule is broken a second one with what was seen."""
    told = f"{finding.rule:<5} {_MARKS[finding.verdict]:<{_WIDTH}}  {finding.says}"
    if not finding.seen:
        return told
    return f"{told}\n{'':<{_WIDTH + 8}}{finding.seen}"


def table(report: Report) -> str:
    return "\n".join(_lines(report))


def summary(report: Report) -> str:
    counts = Counter(finding.verdict for finding in report.findings)
    verdict = f"breaks {', '.join(report.failed)}" if report.failed else "keeps all that was tested"
    return (
        f"{report.target}: {report.device or 'the controller'} {verdict} "
        f"({counts[Verdict.PASSED]} rules kept, {counts[Verdict.FAILED]} broken, "
        f"{counts[Verdict.UNTESTED]} not tested)"
    )


def to_json(report: Report) -> str:
    counts = Counter(finding.verdict for finding in report.findings)
    document = {
        "target": report.target,
        "device": report.device,
        "firmware": report.firmware,
        "conforms": not report.failed,
        **{str(verdict): counts[verdict] for verdict in Verdict},
        "rules": [_plain(finding) for finding in report.findings],
    }
    return json.dumps(document, indent=1)


def to_junit(report: Report) -> bytes:
    """Return a test suite of the form that build servers read."""
    counts = Counter(finding.verdict for finding in report.findings)
    suite = ET.Element(
        "testsuite",
        name=f"gatelink {report.target}",
        tests=str(len(report.findings)),
        failures=str(counts[Verdict.FAILED]),
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


def _lines(report: Report) -> Iterator[str]:
    yield from map(line, report.findings)
    yield summary(report)


def _plain(finding: Finding) -> dict[str, object]:
    return {**asdict(finding), "took_s": round(finding.took_s, 3)}
