"""A broker in a process of its own, for machines where none can be installed (docs/adr/0005).

It speaks MQTT 3.1.1 only, in clear, to whoever can reach it: keep it on loopback. While it runs it
keeps sessions and retained messages; its end is the end of them. It needs `gatewayd[embedded]`.

    python -m gatewayd.mqtt.embedded 127.0.0.1 1884     (ends with its standard input)
"""

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Never

from gatewayd.ports import BrokerError

START_S_MAX = 20.0  # Python and the broker's packages, on a small box.

_READY = b"ready\n"


@dataclass(frozen=True, slots=True)
class EmbeddedBroker:
    pid: int

    def pause(self) -> None:
        """Let it hang, with all that it keeps: an outage for whoever is connected."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)


@asynccontextmanager
async def embedded_broker(host: str, port: int) -> AsyncIterator[EmbeddedBroker]:
    """Run a broker as long as the context lasts; it takes connections from the first moment.

    It ends with this process, whatever ends it. Raises BrokerError.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __spec__.name, host, str(port)),
        stdin=PIPE,
        stdout=PIPE,
        start_new_session=True,  # Ctrl-C is for us; we end it when we have said goodbye to it.
    )
    try:
        await _until_ready(process, f"{host}:{port}")
        yield EmbeddedBroker(process.pid)
    finally:
        # Not Process.kill: it may reap the child behind the back of the event loop.
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        await process.communicate()


async def _until_ready(process: Process, place: str) -> None:
    assert process.stdout is not None, "it is a pipe"
    try:
        async with asyncio.timeout(START_S_MAX):
            said = await process.stdout.readline()
    except TimeoutError as error:
        raise BrokerError(
            f"the embedded broker does not start within {START_S_MAX:.0f} s on {place}; this "
            "machine is overloaded, or install mosquitto"
        ) from error
    if said != _READY:
        why = said.decode(errors="replace").strip() or "it ended without a word"
        raise BrokerError(
            f"the embedded broker does not start on {place} ({why}); check that the port is free, "
            "and that gatewayd[embedded] is installed"
        )


async def serve(host: str, port: int) -> Never:
    """Be the broker until standard input ends; says `ready`, or in a line why it cannot."""
    # Only this process needs it, and only a machine with the extra `embedded` has it.
    from amqtt.broker import Broker  # noqa: PLC0415

    logging.getLogger("amqtt").setLevel(logging.CRITICAL)  # Clients that vanish are its errors.
    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"{host}:{port}"}},
            "plugins": {
                "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}
            },
        }
    )
    await broker.start()
    os.write(sys.stdout.fileno(), _READY)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    await asyncio.Event().wait()
    raise AssertionError("it serves until its process ends")


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(0)


def _main(host: str, port: int) -> None:
    try:
        with socket.create_server((host, port)):
            pass  # amqtt would not tell in a line that the port is taken.
    except OSError as error:
        sys.stdout.write(f"{error.strerror}\n")
    else:
        asyncio.run(serve(host, port))


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))
