"""A contact that speaks MQTT itself: a wireless door sensor behind a bridge, or a network relay.

Zigbee2MQTT publishes `{"contact": true, ...}` at `zigbee2mqtt/NAME`, a Shelly its input as JSON at
`NAME/status/input:0`, Tasmota and ESPHome a plain word at a topic of their own.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Final, Never

from drivers.base import ContactSeen, Inbound, LinkLost, LinkUp, Messages, SensorReport

PAYLOAD_SIZE_MAX: Final = 8_192
# Battery sensors speak up every 50 to 60 minutes when nothing happens; two may get lost.
SILENT_S: Final = 3 * 3600.0
LINK_REASON: Final = "there is no connection to the device broker; see [device_broker]"


class MqttSensor:
    """What the broker retained counts: a sensor may be silent for an hour after we come.

    Nothing opens because of it; a message of a sensor that died is believed for SILENT_S at most.
    """

    def __init__(
        self, messages: Messages, topic: str, member: str, *, closed: str, opened: str
    ) -> None:
        """member: of a JSON object, inner ones after a dot; "" takes the whole message.

        closed, opened: what it says, as it stands in JSON without quotes.
        """
        self._messages = messages
        self._topic = topic
        self._path = member.split(".") if member else []
        self._words = {closed: True, opened: False}
        self._report: Callable[[SensorReport], None] | None = None
        self._is_closed: bool | None = None
        self._silent_s: float | None = None
        self._heard = asyncio.Event()

    async def run(self, report: Callable[[SensorReport], None]) -> Never:
        self._report = report
        self._messages.subscribe(self._topic, self._receive, self._link)
        if self._is_closed is not None:  # The broker will not say it again.
            report(LinkUp(self._topic))
            report(ContactSeen(self._is_closed))
        try:
            while True:
                self._heard.clear()
                try:
                    async with asyncio.timeout_at(self._silent_s):
                        await self._heard.wait()
                except TimeoutError:
                    self._lose(
                        f"{self._topic}: nothing came for {SILENT_S / 3600:g} hours; is the "
                        "sensor's battery empty, or the bridge off?"
                    )
        finally:
            self._report = None

    def _receive(self, inbound: Inbound) -> None:
        is_closed = self._read(inbound.payload)
        if is_closed is None:
            return  # Something else of the device, at the same topic.
        self._silent_s = asyncio.get_running_loop().time() + SILENT_S
        self._heard.set()
        if self._is_closed is None:
            self._tell(LinkUp(self._topic))
        if is_closed is not self._is_closed:
            self._is_closed = is_closed
            self._tell(ContactSeen(is_closed))

    def _link(self, is_up: bool) -> None:  # noqa: FBT001 - the shape of drivers.base.Messages
        if not is_up:
            self._lose(LINK_REASON)
            self._heard.set()

    def _lose(self, reason: str) -> None:
        self._is_closed, self._silent_s = None, None
        self._tell(LinkLost(reason))

    def _tell(self, report: SensorReport) -> None:
        if self._report is not None:
            self._report(report)

    def _read(self, payload: bytes) -> bool | None:
        if len(payload) > PAYLOAD_SIZE_MAX:
            return None
        text = payload.decode(errors="replace").strip()
        if not self._path:
            return self._words.get(text)
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return None
        for name in self._path:
            if not isinstance(value, dict):
                return None
            value = value.get(name)
        return self._words.get(value if isinstance(value, str) else json.dumps(value))
