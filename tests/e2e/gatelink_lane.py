"""What a gateway does with a turnstile that has a log."""

import asyncio
import secrets

from drivers import base


class Lane:
    """Commits at once, and acknowledges what has a place in the log."""

    def __init__(self, turnstile: base.Turnstile) -> None:
        self.turnstile = turnstile
        self.reports: list[base.GateReport] = []
        self.answered_s: dict[str, float] = {}

    def take(self, report: base.GateReport) -> None:
        self.reports.append(report)
        if isinstance(report, base.Opened):
            self.answered_s[report.grant] = asyncio.get_running_loop().time()
        log = getattr(report, "log", None)
        if log is not None:
            self.turnstile.send(base.Acknowledge(log.device, log.sequence))

    def told(self, *kinds: type) -> list[base.GateReport]:
        return [report for report in self.reports if isinstance(report, kinds)]

    def open(self) -> str:
        grant = secrets.token_hex(16)
        self.turnstile.send(base.OpenOnce(grant, base.Direction.ENTRY, 5000, 1500))
        return grant
