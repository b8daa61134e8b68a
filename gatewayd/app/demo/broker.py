"""The brokers of the demo: mosquitto where it is installed, else the embedded one."""

import asyncio
import os
import shutil
import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from gatewayd.app.demo.child import Child
from gatewayd.mqtt.embedded import EmbeddedBroker, embedded_broker

READY_S = 10.0
LOOK_S = 0.05

# Sessions and queued messages survive a restart: what a broker has given a receipt for is its to
# keep, and the demo takes it away in the middle.
_MOSQUITTO = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {directory}/
persistence_file {name}.db
autosave_on_changes true
autosave_interval 1
max_queued_messages 0
log_dest none
"""


def find_mosquitto() -> str | None:
    """Return the program's path; Debian keeps it where only root looks."""
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


class DemoBroker:
    """One broker on a port of this machine, that can go away for a while.

    mosquitto is stopped and started again. The embedded broker forgets its sessions when it ends,
    so it is made to hang instead: for the gateway that is the harder outage.
    """

    def __init__(
        self, name: str, directory: Path, tasks: asyncio.TaskGroup, *, is_embedded: bool
    ) -> None:
        self.port = free_port()
        self._name = name
        self._directory = directory
        self._tasks = tasks
        self._mosquitto = None if is_embedded else find_mosquitto()
        self._child: Child | None = None
        self._embedding = AsyncExitStack()
        self._embedded: EmbeddedBroker | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def protocol(self) -> str:
        """Return the MQTT version to speak with it: the embedded one does not even refuse 5."""
        return "auto" if self._mosquitto is not None else "3.1.1"

    async def start(self) -> None:
        """Start it; returns when it takes connections."""
        if self._mosquitto is None:
            broker = embedded_broker("127.0.0.1", self.port)
            self._embedded = await self._embedding.enter_async_context(broker)
            return
        self._child = Child(self._name, self._command(self._mosquitto), self._directory)
        await self._child.start(self._tasks)
        async with asyncio.timeout(READY_S):
            while not await self._takes_connections():  # noqa: ASYNC110 - another process
                await asyncio.sleep(LOOK_S)

    async def stop(self) -> None:
        if self._child is not None:
            await self._child.stop()
        await self._embedding.aclose()

    async def go_away(self) -> None:
        if self._embedded is None:
            await self.stop()
        else:
            self._embedded.pause()

    async def come_back(self) -> None:
        if self._embedded is None:
            await self.start()
        else:
            self._embedded.resume()

    def _command(self, mosquitto: str) -> Sequence[str]:
        settings = self._directory / f"{self._name}.conf"
        settings.write_text(
            _MOSQUITTO.format(port=self.port, directory=self._directory, name=self._name)
        )
        return [mosquitto, "-c", str(settings)]

    async def _takes_connections(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except ConnectionRefusedError:
            return False
        writer.close()
        await writer.wait_closed()
        return True


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
