"""Turns what a lane's turnstile reports into facts: who went through, and who did not.

The same log entry may come again until the device knows that it is on our disk; it is recorded
once, and acknowledged only then.
"""

from collections.abc import Callable, Container
from dataclasses import replace

from drivers import base
from gatewayd.core.events import Audit, AuditSubject, Passage, PassageOutcome
from gatewayd.core.folded import DEVICES
from gatewayd.core.words import Direction, GrantId, Json, LaneId
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.grants import Pending
from gatewayd.runtime.recorder import Recorder

LoggedReport = base.Passed | base.NotPassed | base.Breached | base.DeviceNoted


class Reports:
    """The facts of one lane."""

    def __init__(
        self,
        lane: LaneId,
        gate: Gate,
        recorder: Recorder,
        acknowledge: Callable[[base.Acknowledge], None],
    ) -> None:
        self._lane = lane
        self._gate = gate
        self._recorder = recorder
        self._acknowledge = acknowledge
        self._submitted: dict[str, int] = {}
        self._unknown: set[GrantId] = set()
        self._is_gap = False

    def record(self, report: LoggedReport, *, is_free: bool) -> None:
        """Record what the device logged, once. is_free: the lane lets everybody through now."""
        log = report.log
        if log is not None and not self._is_new(log):
            return
        match report:
            case base.Passed():
                fact: Passage | Audit = self._passed(report, is_free=is_free)
            case base.NotPassed():
                fact = self._not_passed(report)
            case base.Breached(kind, direction):
                fact = self._body(PassageOutcome.BREACHED, Direction(direction), reason=str(kind))
            case base.DeviceNoted(kind):
                fact = self._noted(kind)
        self._keep(fact, log, report.age_s)

    def expire(self, grant: GrantId, reason: str, *, is_uncertain: bool = False) -> None:
        """Record that a grant ended unused, or that nobody will ever know how it ended."""
        pending = self._gate.grants.end(grant)
        if pending is not None:
            outcome = PassageOutcome.EXPIRED
            ended = self._ended(pending, grant, outcome, reason=reason)
            self._recorder.keep(replace(ended, uncertain=is_uncertain))

    def open_unknown(self, grant: GrantId) -> None:
        """Note that a grant may have opened; the end of the log will tell."""
        self._unknown.add(grant)

    def log_read(
        self, report: base.LogRead, before_s: float, watched: GrantId | None
    ) -> list[GrantId]:
        """Settle what the whole log does not tell of: it never opened. Return these grants.

        That is what was opened before the link came back, and what was never answered since.
        """
        left = {*self._gate.grants.unsettled(self._lane, watched, before_s), *self._unknown}
        never = sorted(left.difference(report.in_force))
        for grant in never:
            self.expire(grant, "not_opened", is_uncertain=self._is_gap)
        self._unknown.clear()
        self._is_gap = False
        return never

    def log_lost(self, report: base.LogLost) -> None:
        """Note the loss: who went through in that time is not known."""
        self._is_gap = True
        detail: dict[str, Json] = {"lane": self._lane, "count": report.count}
        detail["device"] = report.device
        self._recorder.keep(
            Audit(subject=AuditSubject.LINK, action="device_log_lost", detail=detail)
        )

    def _is_new(self, log: base.LogPosition) -> bool:
        """Tell whether an entry is not recorded yet; acknowledge it again where it is."""
        row = self._gate.cache.get(DEVICES, log.device)
        recorded = row["sequence"] if row is not None else 0
        assert isinstance(recorded, int)
        if log.sequence <= recorded:
            self._acknowledge(base.Acknowledge(log.device, recorded))
            return False
        if log.sequence <= self._submitted.get(log.device, 0):
            return False  # Its commit is on the way.
        self._submitted[log.device] = log.sequence
        return True

    def _passed(self, report: base.Passed, *, is_free: bool) -> Passage:
        direction = Direction(report.direction)
        grant = None if report.grant is None else GrantId(report.grant)
        pending = None if grant is None else self._gate.grants.end(grant)
        if grant is not None and pending is not None:
            completed = self._ended(pending, grant, PassageOutcome.COMPLETED)
            return replace(completed, assumed=report.assumed)
        if direction is Direction.ENTRY and grant is None and not (is_free or report.free):
            return self._body(PassageOutcome.BREACHED, direction, reason="no_grant")
        reason = "free" if is_free or report.free else "late" if grant is not None else None
        return self._body(PassageOutcome.UNATTRIBUTED, direction, reason=reason)

    def _not_passed(self, report: base.NotPassed) -> Passage | Audit:
        grant = GrantId(report.grant)
        pending = self._gate.grants.end(grant)
        if pending is None:
            return self._noted("not_passed")  # We had settled the grant without the device.
        return self._ended(pending, grant, PassageOutcome.EXPIRED, reason=report.reason)

    def _ended(
        self, pending: Pending, grant: GrantId, outcome: PassageOutcome, reason: str | None = None
    ) -> Passage:
        ended = _ended(pending, grant, outcome, reason)
        return replace(ended, area=self._gate.areas.get(self._lane))

    def _body(
        self, outcome: PassageOutcome, direction: Direction, reason: str | None = None
    ) -> Passage:
        """Return the passage of somebody whom no grant stands for."""
        is_exit = direction is Direction.EXIT
        category = self._gate.policy.anonymous_exit_category if is_exit else None
        return Passage(
            outcome=outcome,
            lane=self._lane,
            direction=direction,
            reason=reason,
            category=category,
            area=self._gate.areas.get(self._lane),
        )

    def _noted(self, kind: str) -> Audit:
        detail: dict[str, Json] = {"lane": self._lane, "kind": kind}
        return Audit(subject=AuditSubject.LINK, action="device_noted", detail=detail)

    def _keep(self, fact: Passage | Audit, log: base.LogPosition | None, age_s: float) -> None:
        if log is None:
            self._recorder.keep(fact, age_s=age_s)
            return
        match fact:
            case Passage():
                fact = replace(fact, device=log.device, device_sequence=log.sequence)
            case Audit():
                place: dict[str, Json] = {"device": log.device, "device_sequence": log.sequence}
                fact = replace(fact, detail={**fact.detail, **place})
        done = base.Acknowledge(log.device, log.sequence)
        self._recorder.keep(fact, lambda _: self._acknowledge(done), age_s=age_s)


def expire_removed(lanes: Container[LaneId], gate: Gate, recorder: Recorder) -> None:
    """Record, at the start, the end of grants of lanes that are no more: nobody will tell it."""
    for grant in gate.grants.elsewhere(lanes):
        pending = gate.grants.end(grant)
        assert pending is not None, "nobody else ends grants at the start"
        expired = PassageOutcome.EXPIRED
        ended = _ended(pending, grant, expired, reason="lane_removed")
        recorder.keep(replace(ended, uncertain=True))


def _ended(
    pending: Pending, grant: GrantId, outcome: PassageOutcome, reason: str | None = None
) -> Passage:
    return Passage(
        outcome=outcome,
        lane=pending.lane,
        direction=pending.direction,
        reason=reason,
        grant=grant,
        holder=pending.holder,
        category=pending.category,
    )
