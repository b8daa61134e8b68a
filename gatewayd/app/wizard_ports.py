"""Finds the serial port of a device by what somebody does: pulls its plug, or shows a code."""

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from drivers.serial_link import SerialLink
from gatewayd.app.doctor_ports import FOLDER, serial_ports

WAIT_S: Final = 30.0  # To walk to the gate and back.
_LOOK_S: Final = 0.2


def ports_there(folder: Path = FOLDER) -> list[str]:
    """Return the stable name of each port, that of the plug's place where it has one."""
    return [port.names[0] for port in serial_ports({}, set(), folder) if port.names]


def find_unplugged(folder: Path = FOLDER, wait_s: float = WAIT_S) -> str | None:
    """Wait until one of the ports goes away and return its name; None where none does."""
    return asyncio.run(_unplugged(folder, wait_s))


def find_speaking(ports: Sequence[str], wait_s: float = WAIT_S) -> str | None:
    """Open all and return the first that delivers bytes; None where none does.

    What they are is not looked at: at another speed than the reader's they are others anyway.
    """
    return asyncio.run(_speaking(ports, wait_s))


async def _unplugged(folder: Path, wait_s: float) -> str | None:
    before = ports_there(folder)
    try:
        async with asyncio.timeout(wait_s):
            while True:
                there = ports_there(folder)
                gone = [port for port in before if port not in there]
                if gone:
                    return gone[0]
                await asyncio.sleep(_LOOK_S)
    except TimeoutError:
        return None


async def _speaking(ports: Sequence[str], wait_s: float) -> str | None:
    spoken: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def received(port: str, _data: bytes, _at_s: float) -> None:
        if not spoken.done():
            spoken.set_result(port)

    async with asyncio.TaskGroup() as tasks:
        listening = [
            tasks.create_task(
                SerialLink(port).run(lambda: None, partial(received, port), lambda _reason: None),
                name=port,
            )
            for port in ports
        ]
        try:
            async with asyncio.timeout(wait_s):
                return await spoken
        except TimeoutError:
            return None
        finally:
            for task in listening:
                task.cancel()
