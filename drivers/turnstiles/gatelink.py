"""A turnstile controller on a serial line that speaks gatelink (firmware_protocol/PROTOCOL.md)."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, Never

from drivers import base
from drivers.serial_link import SerialLink
from drivers.turnstiles.gatelink_words import log_report, loss_text
from firmware_protocol import reports
from firmware_protocol.host import Host, Output
from firmware_protocol.messages import Cancel, GateState, Indicate, SetMode, State
from firmware_protocol.words import Command, Direction, Mode, Outcome, Signal

CAPABILITIES: Final = base.Capabilities(
    own_timing=True, feedback=True, direction=True, log=True, fire_input=True
)


class GatelinkTurnstile:
    """Answers each open within its time to live; what happens meanwhile comes from the log.

    `LogPosition.device` is the name of the controller's log, which changes when it is formatted.
    """

    def __init__(
        self, link: SerialLink, psk: bytes, *, host_id: str, token: Callable[[int], bytes]
    ) -> None:
        """psk: the lane's 32 bytes. host_id: 1..32 printable ASCII characters."""
        self._link = link
        self._host = Host(psk, name=host_id, token=token)
        self._line_loss = ""
        self._state: State | None = None
        self._is_fire = False
        self._timer: asyncio.TimerHandle | None = None
        self._untold: deque[base.GateReport] = deque()
        self._report: Callable[[base.GateReport], None] | None = None

    @property
    def capabilities(self) -> base.Capabilities:
        return CAPABILITIES

    async def run(self, report: Callable[[base.GateReport], None]) -> Never:
        self._report = report
        try:
            await self._link.run(self._opened, self._received, self._lost)
        finally:
            self._report = None
            if self._timer is not None:
                self._timer.cancel()

    def send(self, command: base.GateCommand) -> None:
        now_ms = _now_ms()
        match command:
            case base.OpenOnce(grant, direction, unlock_ms, ttl_ms):
                opening = Command(bytes.fromhex(grant), Direction(direction))
                output = self._host.open(opening, unlock_ms, ttl_ms, now_ms)
            case base.CancelOpen(grant):
                output = self._host.wish(Cancel(bytes.fromhex(grant)), now_ms)
            case base.SetMode(mode):
                output = self._host.wish(SetMode(Mode(mode)), now_ms)
            case base.Indicate(signal, direction):
                message = Indicate(Signal(signal), Direction(direction))
                output = self._host.wish(message, now_ms)
            case base.Acknowledge(device, upto):
                output = self._host.acknowledge(bytes.fromhex(device), upto, now_ms)
        self._run(output)

    # --- the line ------------------------------------------------------------------------------

    def _opened(self) -> None:
        self._run(self._host.open_line(_now_ms()))

    def _received(self, data: bytes, at_s: float) -> None:
        self._run(self._host.feed(data, round(at_s * 1000)))

    def _lost(self, reason: str) -> None:
        self._line_loss = reason
        self._run(self._host.close_line(_now_ms()))

    def _tick(self) -> None:
        self._run(self._host.tick(_now_ms()))

    def _run(self, output: Output) -> None:
        if output.data:
            self._link.write(output.data)  # If the line is lost, `lost` tells so.
        for report in output.reports:
            self._untold += self._translate(report)
        self._set_timer()
        self._tell()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        deadline_ms = self._host.deadline_ms()
        if deadline_ms is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(deadline_ms / 1000, self._tick)

    def _tell(self) -> None:
        """Tell in order, even if being told makes the listener send something."""
        report, self._report = self._report, None
        if report is None:
            return
        while self._untold:
            report(self._untold.popleft())
        self._report = report

    # --- translation ---------------------------------------------------------------------------

    def _translate(self, report: reports.Report) -> list[base.GateReport]:
        match report:
            case reports.Connected(device):
                self._state = None
                return [base.LinkUp(device)]
            case reports.Disconnected(loss):
                return [base.LinkLost(loss_text(loss, self._link.port, self._line_loss))]
            case reports.Answered() | reports.Unanswered() | reports.NeverSent():
                return [_answer(report)]
            case reports.Logged(log, entry):
                return [log_report(entry, base.LogPosition(log.hex(), entry.sequence))]
            case reports.EntriesLost(log, count):
                return [base.LogLost(log.hex(), count)]
            case reports.LogEnd(log, in_force):
                return [base.LogRead(log.hex(), tuple(grant.hex() for grant in in_force))]
            case reports.StateSeen(state):
                return self._compare(state)

    def _compare(self, state: State) -> list[base.GateReport]:
        """Tell what changed; a new link knows of no fault and no passage."""
        before, self._state = self._state, state
        told: list[base.GateReport] = []
        if state.is_fire is not self._is_fire:
            self._is_fire = state.is_fire
            told.append(base.FireChanged(state.is_fire))
        if state.is_faulty and (before is None or not before.is_faulty):
            told.append(base.Fault("the controller says that its mechanics cannot open"))
        if before is not None and before.is_faulty and not state.is_faulty:
            told.append(base.FaultCleared())
        passing = _passing(state)
        if passing is not None and (before is None or passing != _passing(before)):
            told.append(base.PassageBegan(passing.hex()))
        return told


def _answer(
    report: reports.Answered | reports.Unanswered | reports.NeverSent,
) -> base.GateReport:
    match report:
        case reports.Answered(grant, Outcome.OPENED):
            return base.Opened(grant.hex())
        case reports.Answered(grant, outcome):
            return base.NotOpened(grant.hex(), str(outcome))
        case reports.Unanswered(grant):
            return base.OpenUnknown(grant.hex())
        case reports.NeverSent(grant):
            return base.NotOpened(grant.hex(), "link_down")


def _passing(state: State) -> bytes | None:
    return state.grant if state.gate is GateState.PASSING else None


def _now_ms() -> int:
    # Rounded, so that a timer that fires on time does not find itself a millisecond early.
    return round(asyncio.get_running_loop().time() * 1000)
