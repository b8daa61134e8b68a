"""A turnstile controller on a broker that speaks gatelink (firmware_protocol/PROTOCOL-MQTT.md)."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Final, Never

from drivers import base
from drivers.turnstiles.controller_reports import ControllerReports
from drivers.turnstiles.telling import Telling
from firmware_protocol.mqtt_host import HostSide
from firmware_protocol.mqtt_reports import Output, Report, Unlinked
from firmware_protocol.mqtt_seal import Refusal, Refused
from firmware_protocol.reports import Connected
from firmware_protocol.words import Command, Direction, Mode, Signal

log = logging.getLogger(__name__)

CAPABILITIES: Final = base.Capabilities(
    own_timing=True, feedback=True, direction=True, log=True, fire_input=True
)


class MqttTurnstile:
    """Answers each open within its time to live; what happens meanwhile comes from the log.

    `LogPosition.device` is the name of the controller's log, which changes when it is formatted.
    The log's end is told after each start of a link, and after each `OpenUnknown`.
    """

    def __init__(
        self,
        messages: base.Messages,
        device: str,
        psk: bytes,
        *,
        token: Callable[[int], bytes],
    ) -> None:
        """device: 1..32 of `a-z 0-9 -`. psk: the lane's 32 bytes. token: draws random bytes."""
        self._messages = messages
        self._device = device
        self._host = HostSide(device, psk, token)
        self._reports = ControllerReports()
        self._refusals: set[Refusal] = set()
        self._telling = Telling()
        self._changed = asyncio.Event()

    @property
    def capabilities(self) -> base.Capabilities:
        return CAPABILITIES

    async def run(self, report: Callable[[base.GateReport], None]) -> Never:
        self._telling.start(report)
        self._host.start(_now_ms())
        self._messages.subscribe(f"gatelink/v1/{self._device}/+", self._receive, self._link)
        try:
            while True:
                self._run(self._host.tick(_now_ms()))
                self._changed.clear()
                await self._wait()
        finally:
            self._telling.stop()
            self._host.disconnected()

    def send(self, command: base.GateCommand) -> None:
        match command:
            case base.OpenOnce():
                self._open(command)
            case base.CancelOpen(grant):
                self._run(self._host.cancel(bytes.fromhex(grant)))
            case base.SetMode(mode):
                self._run(self._host.set_mode(Mode(mode)))
            case base.Indicate(signal, direction):
                self._run(self._host.indicate(Signal(signal), Direction(direction)))
            case base.Acknowledge(device, upto):
                self._run(self._host.acknowledge(bytes.fromhex(device), upto))

    def _open(self, order: base.OpenOnce) -> None:
        grant = bytes.fromhex(order.grant)
        command = Command(grant, Direction(order.direction))
        output = self._host.open(command, order.unlock_ms, order.ttl_ms, _now_ms())
        if not self._run(output):
            self._host.withdraw(grant)
            self._telling.tell([base.NotOpened(order.grant, "link_down")])

    async def _wait(self) -> None:
        """Return when the host's side is due, or when its next time may have changed."""
        deadline_ms = self._host.deadline_ms()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(None if deadline_ms is None else deadline_ms / 1000):
                await self._changed.wait()

    # --- the broker ----------------------------------------------------------------------------

    def _receive(self, inbound: base.Inbound) -> None:
        if self._telling.is_heard:
            topic, payload, is_retained = inbound.topic, inbound.payload, inbound.is_retained
            output = self._host.feed(topic, payload, is_retained=is_retained, now_ms=_now_ms())
            self._run(output)

    def _link(self, is_up: bool) -> None:  # noqa: FBT001 - the shape of drivers.base.Messages
        if self._telling.is_heard and not is_up:
            self._run(self._host.disconnected())

    def _run(self, output: Output) -> bool:
        """Publish, then tell; False if something could not be published."""
        taken = [self._messages.publish(one.topic, one.payload) for one in output.publications]
        self._changed.set()
        for report in output.reports:
            self._telling.tell(self._translate(report))
        return all(taken)

    def _translate(self, report: Report) -> list[base.GateReport]:
        if isinstance(report, Unlinked):
            return [base.LinkLost(report.reason)]
        if isinstance(report, Refused):
            self._note(report)
            return []
        if isinstance(report, Connected):
            self._refusals.clear()
        return self._reports.translate(report)

    def _note(self, refused: Refused) -> None:
        """Log each kind of refusal once a link; late and repeated messages are a broker's way."""
        if refused.reason is Refusal.STALE or refused.reason in self._refusals:
            return
        self._refusals.add(refused.reason)
        fields = {"device": self._device, "reason": refused.reason, "detail": refused.detail}
        log.warning("turnstile_message_refused", extra={"fields": fields})


def _now_ms() -> int:
    # Rounded, so that a timer that fires on time does not find itself a millisecond early.
    return round(asyncio.get_running_loop().time() * 1000)
