"""The centre of the demo: a subscriber with a session that outlives its connections."""

import asyncio
import json
from typing import Never

import aiomqtt

from gatewayd.mqtt.topics import SitePath, occupancy

RETRY_S = 0.2


class Centre:
    """`received`: ids of events in the order they came, repeats too. `inside`: the last count."""

    def __init__(self, site: SitePath, host: str, port: int) -> None:
        self.received: list[str] = []
        self.inside: int | None = None
        self.is_connected = asyncio.Event()
        self._site = site
        self._host = host
        self._port = port

    async def run(self) -> Never:
        while True:
            try:
                await self._listen()
            except aiomqtt.MqttError:
                self.is_connected.clear()
                await asyncio.sleep(RETRY_S)

    async def _listen(self) -> Never:
        # A session that is not clean: the broker keeps what comes while the centre is away.
        async with aiomqtt.Client(
            self._host,
            self._port,
            identifier="demo-centre",
            protocol=aiomqtt.ProtocolVersion.V311,
            clean_session=False,
        ) as client:
            await client.subscribe(f"{self._site.root}/up/#", qos=1)
            self.is_connected.set()
            async for message in client.messages:
                self._take(str(message.topic), message.payload)
        raise AssertionError("messages end with the connection")

    def _take(self, topic: str, payload: object) -> None:
        assert isinstance(payload, bytes)
        if topic == occupancy(self._site):
            self.inside = json.loads(payload)["total"]
        elif "/up/event/" in topic or "/up/backfill/" in topic:
            self.received.append(json.loads(payload)["id"])
