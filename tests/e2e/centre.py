"""The centre of a test: a subscriber with a session, which comes back whenever the broker does.

It holds whatever a gateway publishes against the contract, and so fails the test that it is of.
"""

import json
import threading
from collections.abc import Callable
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from tests.contract.messages import Watch

EVENTS = "onegate/v1/+/+/+/up/#"


class Centre:
    """Used beside any loop; `arrived` are (topic without its root, body), repeats included."""

    def __init__(self, port: int) -> None:
        self.arrived: list[tuple[str, dict[str, Any]]] = []
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="centre", clean_session=False)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda *_: self._client.subscribe(EVENTS, 1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._receive
        self._ready = threading.Event()
        self._watch = Watch()
        self._objections: list[str] = []
        self._port = port

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        assert self._ready.wait(5), "the centre has its subscription"
        return self

    def __exit__(self, *error: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        if error[0] is None:
            assert self._objections == []

    def events(self, wanted: Callable[[str], bool] = lambda _: True) -> dict[str, dict[str, Any]]:
        """Return events by id, in the order of their first arrival."""
        found: dict[str, dict[str, Any]] = {}
        for topic, body in list(self.arrived):
            if topic.startswith(("event/", "backfill/")) and wanted(topic):
                found.setdefault(body["id"], body)
        return found

    def sequences(self, part: str = "") -> list[int]:
        """Return the sequences of what came below `up/{part}`, without repeats."""
        return [body["sequence"] for body in self.events(lambda topic: part in topic).values()]

    def states(self, topic: str) -> list[dict[str, Any]]:
        return [body for end, body in list(self.arrived) if end == topic]

    def latest(self, topic: str) -> dict[str, Any]:
        """Return the last state that came; an empty one before the first."""
        return next(reversed(self.states(topic)), {})

    def publish(self, topic: str, payload: bytes, qos: int = 1, *, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos, retain=retain)

    def _receive(self, _: object, __: object, message: MQTTMessage) -> None:
        objection = self._watch.objection(message.topic, message.payload)
        if objection is not None:
            self._objections.append(objection)
        self.arrived.append((message.topic.split("/up/")[1], json.loads(message.payload)))
