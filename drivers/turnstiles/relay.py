"""A turnstile opened by a network relay (Shelly, Tasmota) that times its pulse itself.

Such a relay knows no key, no time to live and no ids: an own command that the broker delivers late,
twice or retained opens the gate, and so does anybody who may publish to it. Give the broker one
account per device (firmware_protocol/PROTOCOL-MQTT.md, section 12).
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Never

from drivers import base
from drivers.turnstiles.relay_profiles import Online, Probed, Profile, Pulsed, Request
from drivers.turnstiles.telling import Telling

log = logging.getLogger(__name__)

CAPABILITIES: Final = base.Capabilities(
    own_timing=True, feedback=False, direction=False, log=False, fire_input=False
)
# The device's own will comes up to 90 s late; nobody should stand before a dead relay that long.
PROBE_S: Final = 5.0
LOST_S: Final = 12.0
# A repeat of a grant comes within seconds.
ANSWERS_KEPT: Final = 64


@dataclass(frozen=True, slots=True)
class _Opening:
    """Until `until_s` the relay may answer (`is_open` False), or the person may walk (True)."""

    order: base.OpenOnce
    until_s: float
    is_open: bool


class RelayTurnstile:
    """Opens the entry with a pulse; after `unlock_ms` the person is taken to have passed.

    The exit is free at the turnstile itself: an open for it switches nothing and is only counted.
    There are no modes and no lights, and a pulse cannot be taken back; the release for emergencies
    is wired to the turnstile.
    """

    def __init__(
        self, messages: base.Messages, device: str, profile: Profile, *, assume_passed: bool
    ) -> None:
        """device: how people call it. Raises DriverError unless `assume_passed`."""
        if not assume_passed:
            raise base.DriverError(
                f"relay {device}: a relay cannot tell whether a person passed; write "
                "assume_passed = true to count each opening as one person, or use a controller "
                "that reports passages"
            )
        self._messages = messages
        self._device = device
        self._profile = profile
        self._telling = Telling()
        self._is_up = False
        # When silence becomes an outage; None while one was told and not yet ended.
        self._silent_s: float | None = None
        self._probe_s = 0.0
        self._opening: _Opening | None = None
        self._answers: dict[str, base.GateReport] = {}
        self._changed = asyncio.Event()

    @property
    def capabilities(self) -> base.Capabilities:
        return CAPABILITIES

    async def run(self, report: Callable[[base.GateReport], None]) -> Never:
        self._telling.start(report)
        self._silent_s = _now_s() + LOST_S
        for topic_filter in self._profile.topic_filters:
            self._messages.subscribe(topic_filter, self._receive, self._link)
        try:
            while True:
                self._tick(_now_s())
                self._changed.clear()
                await self._wait()
        finally:
            self._telling.stop()
            self._is_up = False

    def send(self, command: base.GateCommand) -> None:
        match command:
            case base.OpenOnce():
                self._open(command, _now_s())
            case base.SetMode(base.Mode.FREE):
                fields = {
                    "device": self._device,
                    "remedy": "release the turnstile by its own input",
                }
                log.error("relay_cannot_be_freed", extra={"fields": fields})
            case base.SetMode() | base.CancelOpen() | base.Indicate() | base.Acknowledge():
                pass  # It has none of this.

    # --- opening -------------------------------------------------------------------------------

    def _open(self, order: base.OpenOnce, now_s: float) -> None:
        if order.grant in self._answers:
            self._telling.tell([self._answers[order.grant]])
        elif not self._is_up:
            self._answer(base.NotOpened(order.grant, "link_down"))
        elif self._opening is not None:
            self._answer(base.NotOpened(order.grant, "busy"))
        elif order.direction is base.Direction.EXIT:
            self._opened(order, now_s)
        elif self._publish(self._profile.pulse()):
            self._opening = _Opening(order, now_s + order.ttl_ms / 1000, is_open=False)
        else:
            self._answer(base.NotOpened(order.grant, "link_down"))
        self._changed.set()

    def _opened(self, order: base.OpenOnce, now_s: float) -> None:
        self._opening = _Opening(order, now_s + order.unlock_ms / 1000, is_open=True)
        self._answer(base.Opened(order.grant))

    def _answer(self, report: base.Opened | base.NotOpened | base.OpenUnknown) -> None:
        self._answers[report.grant] = report
        if len(self._answers) > ANSWERS_KEPT:
            del self._answers[next(iter(self._answers))]
        self._telling.tell([report])

    # --- time ----------------------------------------------------------------------------------

    def _tick(self, now_s: float) -> None:
        opening = self._opening
        if opening is not None and now_s >= opening.until_s:
            self._opening = None
            order = opening.order
            if opening.is_open:
                self._telling.tell([base.Passed(order.direction, order.grant, assumed=True)])
            else:
                self._answer(base.OpenUnknown(order.grant))
        if self._silent_s is not None and now_s >= self._silent_s:
            self._lose(f"{self._device} does not answer; look at its power, network and MQTT setup")
        if now_s >= self._probe_s:
            self._probe_s = now_s + PROBE_S
            self._publish(self._profile.probe())

    async def _wait(self) -> None:
        """Return when something is due, or when its time may have changed."""
        times = [self._probe_s]
        if self._silent_s is not None:
            times.append(self._silent_s)
        if self._opening is not None:
            times.append(self._opening.until_s)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(min(times)):
                await self._changed.wait()

    # --- the relay -----------------------------------------------------------------------------

    def _receive(self, inbound: base.Inbound) -> None:
        if not self._telling.is_heard:
            return
        now_s = _now_s()
        match self._profile.read(inbound):
            case None:
                return
            case Online(is_on):
                self._probe_s = now_s
                if not is_on:
                    self._lose(f"the broker lost {self._device}; look at its power and network")
            case Probed(None):
                self._find(now_s)
            case Probed(fault, remedy):
                self._lose(f"{self._device}: {fault}")
                if remedy is not None:
                    self._publish(remedy)
            case Pulsed(fault):
                self._pulsed(fault, now_s)
        self._changed.set()

    def _pulsed(self, fault: str | None, now_s: float) -> None:
        opening = self._opening
        if opening is None or opening.is_open:
            return
        if fault is None:
            self._opened(opening.order, now_s)
        else:
            self._opening = None
            self._answer(base.NotOpened(opening.order.grant, fault))

    def _link(self, is_up: bool) -> None:  # noqa: FBT001 - the shape of drivers.base.Messages
        if not self._telling.is_heard:
            return
        if is_up:
            self._probe_s = _now_s()
        else:
            self._lose("there is no connection to the device broker; see [device_broker]")
        self._changed.set()

    def _find(self, now_s: float) -> None:
        self._silent_s = now_s + LOST_S
        if not self._is_up:
            self._is_up = True
            self._telling.tell([base.LinkUp(self._device)])

    def _lose(self, reason: str) -> None:
        self._is_up = False
        if self._silent_s is not None:
            self._silent_s = None
            self._telling.tell([base.LinkLost(reason)])

    def _publish(self, request: Request) -> bool:
        return self._messages.publish(request.topic, request.payload)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
