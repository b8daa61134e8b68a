"""A turnstile controller on a serial line that speaks gatelink (firmware_protocol/PROTOCOL.md)."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import asdict
from typing import Final, Never, Protocol

from drivers import base
from drivers.turnstiles.controller_reports import ControllerReports
from drivers.turnstiles.gatelink_words import loss_text
from drivers.turnstiles.telling import Telling
from firmware_protocol.host import Host, Output
from firmware_protocol.messages import Cancel, Indicate, SetMode
from firmware_protocol.reports import Disconnected, Report, SettingsDiffer, SettingsTaken
from firmware_protocol.words import Command, Direction, Mode, Signal

log = logging.getLogger(__name__)

CAPABILITIES: Final = base.Capabilities(
    own_timing=True, feedback=True, direction=True, log=True, fire_input=True
)


class Line(Protocol):
    """A SerialLink of its own, or a place on a line that several controllers share."""

    @property
    def port(self) -> str: ...

    async def run(
        self,
        opened: Callable[[], None],
        received: Callable[[bytes, float], None],
        lost: Callable[[str], None],
    ) -> Never: ...

    def write(self, data: bytes) -> bool:
        """Send now; b"" where it is a shared line's turn that the next command waits for."""
        ...


class GatelinkTurnstile:
    """Answers each open within its time to live; what happens meanwhile comes from the log.

    `LogPosition.device` is the name of the controller's log, which changes when it is formatted.
    The log's end is told after each start of a session, and after each `OpenUnknown`.
    """

    def __init__(self, line: Line, host: Host) -> None:
        self._line = line
        self._host = host
        self._reports = ControllerReports()
        self._telling = Telling()
        self._counted = base.LineCounted(0, 0)
        self._line_loss = ""
        self._timer: asyncio.TimerHandle | None = None

    @property
    def capabilities(self) -> base.Capabilities:
        return CAPABILITIES

    async def run(self, report: Callable[[base.GateReport], None]) -> Never:
        self._telling.start(report)
        try:
            await self._line.run(self._opened, self._received, self._lost)
        finally:
            self._telling.stop()
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
        counted = base.LineCounted(self._host.noise_count, self._host.forged_count)
        if counted != self._counted:
            self._counted = counted
            self._telling.tell([counted])

    def _lost(self, reason: str) -> None:
        self._line_loss = reason
        self._run(self._host.close_line(_now_ms()))

    def _tick(self) -> None:
        self._run(self._host.tick(_now_ms()))

    def _run(self, output: Output) -> None:
        self._line.write(output.data)  # If the line is lost, `_lost` is told so.
        self._set_timer()
        for report in output.reports:
            self._telling.tell(self._translate(report))

    def _translate(self, report: Report) -> list[base.GateReport]:
        if isinstance(report, Disconnected):
            return [base.LinkLost(loss_text(report.loss, self._line.port, self._line_loss))]
        if isinstance(report, SettingsDiffer):
            fields = {"port": self._line.port, **asdict(report.found)}
            log.warning("controller_settings_differ", extra={"fields": fields})
            return [base.DeviceNoted("settings_differ")]
        if isinstance(report, SettingsTaken):
            return [base.DeviceNoted("settings_taken")]
        return self._reports.translate(report)

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        deadline_ms = self._host.deadline_ms()
        if deadline_ms is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(deadline_ms / 1000, self._tick)


def _now_ms() -> int:
    # Rounded, so that a timer that fires on time does not find itself a millisecond early.
    return round(asyncio.get_running_loop().time() * 1000)
