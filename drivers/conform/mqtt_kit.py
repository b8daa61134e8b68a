"""The conformance test of a controller on an MQTT broker."""

import asyncio
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Never
from urllib.parse import SplitResult

import aiomqtt

from drivers.base import DriverError
from drivers.conform.exit_rules import EXIT_RULES
from drivers.conform.gate_rules import GATE_RULES
from drivers.conform.log_rules import LAST_RULES, LOG_RULES
from drivers.conform.mqtt_bench import MqttBench
from drivers.conform.mqtt_rules import MQTT_RULES
from drivers.conform.report import Report
from drivers.conform.runner import run_rules
from drivers.conform.words import Finding, Hands, Rule, picked
from drivers.simulated.live_client import LiveClient, dial, parse_broker, place
from firmware_protocol.mqtt_messages import DeviceKind, Publication, topic_of

AGAIN_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class OnBroker:
    """A device at a broker, as `mqtt[s]://[user[:password]@]host[:port]/DEVICE` names it."""

    broker: SplitResult
    device: str


def parse_target(url: str) -> OnBroker:
    """Read such a URL. Raises DriverError."""
    broker = parse_broker(url)
    device = broker.path.removeprefix("/")
    if not re.fullmatch("[a-z0-9-]{1,32}", device):
        raise DriverError(
            f"device {device!r}: expected mqtt://host:port/DEVICE, 1 to 32 of a-z, 0-9 and -"
        )
    return OnBroker(broker, device)


def mqtt_rules() -> Sequence[Rule[MqttBench]]:
    """Return the rules; first those that need nobody."""
    rules: Sequence[Rule[MqttBench]] = (*MQTT_RULES, *EXIT_RULES, *GATE_RULES, *LOG_RULES)
    return (*sorted(rules, key=lambda rule: bool(rule.needs)), *LAST_RULES)


async def try_on_broker(
    target: OnBroker,
    psk: bytes,
    hands: Hands,
    found: Callable[[Finding], None],
    *,
    only: Sequence[str] = (),
) -> Report:
    """Do as `try_on_serial_line`; raises DriverError, in a group, if there is no such broker."""
    connection = _Connection(target)
    bench = MqttBench(connection, target.device, psk, hands, secrets.token_bytes)
    rules = mqtt_rules()
    async with bench.running():
        findings = await run_rules(bench, picked(rules, only), found)
    firmware = bench.last_beat.message.firmware if bench.is_there else ""
    return Report(place(target.broker), target.device, firmware, findings, len(rules))


class _Connection:
    """See `BrokerLine`."""

    def __init__(self, target: OnBroker) -> None:
        self._target = target
        self._client: LiveClient | None = None

    async def run(
        self,
        opened: Callable[[], None],
        received: Callable[[str, bytes, bool], None],
        lost: Callable[[str], None],
    ) -> Never:
        while True:
            try:
                name = f"conform-{secrets.token_hex(4)}"
                async with dial(self._target.broker, name) as client:
                    for kind in DeviceKind:
                        await client.subscribe(topic_of(self._target.device, kind), qos=1)
                    self._client = client
                    opened()
                    async for message in client.messages:
                        assert isinstance(message.payload, bytes)
                        received(str(message.topic), message.payload, message.retain)
            except aiomqtt.MqttError as error:
                lost(f"{place(self._target.broker)}: {error}")
            finally:
                self._client = None
            await asyncio.sleep(AGAIN_S)

    def publish(self, publication: Publication) -> None:
        if self._client is not None:
            self._client.send(publication.topic, publication.payload)
