"""What systemd's watchdog hears: a pulse, as long as records reach the disk."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from gatewayd.core.events import Audit, AuditSubject
from gatewayd.runtime.gateway import Gateway
from gatewayd.runtime.recorder import STUCK_S
from gatewayd.runtime.service import Service
from tests.sim.loop import run
from tests.unit.doubles import SimTurnstile, Site

WATCHDOG_S = 30.0
FACT = Audit(subject=AuditSubject.GATEWAY, action="looked_at", detail={})


class Systemd:
    def __init__(self, folder) -> None:
        self.address = str(folder / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._socket.settimeout(0)

    async def hear(self) -> list[str]:
        """Return what is said during one period of the watchdog."""
        self._read()
        await asyncio.sleep(WATCHDOG_S)
        return self._read()

    def _read(self) -> list[str]:
        words = []
        with suppress(BlockingIOError):
            while True:
                words += self._socket.recv(4096).decode().splitlines()
        return words

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def systemd(tmp_path):
    listening = Systemd(tmp_path)
    yield listening
    listening.close()


def played(systemd: Systemd, play: Callable[[Site], Awaitable[None]]) -> None:
    """Run a gateway in virtual time for as long as the play takes."""

    async def say_nothing() -> None:
        pass

    async def main() -> None:
        site = Site([SimTurnstile()])
        stop = asyncio.Event()
        gateway = Gateway(
            shared=site.lanes[0]._shared,
            cache=site.cache,
            blocking=site.blocking,
            service=Service(
                {"NOTIFY_SOCKET": systemd.address, "WATCHDOG_USEC": f"{WATCHDOG_S * 1e6:.0f}"}
            ),
            gate=[],
            sync=[],
            last_words=say_nothing,
            status=lambda: "all is well",
            started={},
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(gateway.run(stop))
            await asyncio.sleep(1)
            await play(site)
            stop.set()

    run(main())


def test_a_commit_that_never_ends_takes_the_pulse_away(systemd, caplog):
    caplog.set_level(logging.ERROR)

    async def play(site: Site) -> None:
        site.blocking.hang()
        site.recorder.keep(FACT)
        assert "WATCHDOG=1" in await systemd.hear()  # For the first seconds it may only be slow.
        words = [*await systemd.hear(), *await systemd.hear()]
        assert "WATCHDOG=1" not in words
        site.blocking.resume()
        assert "WATCHDOG=1" in await systemd.hear()

    played(systemd, play)
    assert [record.message for record in caplog.records] == ["commit_stuck"]


def test_a_slow_disk_keeps_the_pulse(systemd):
    async def play(site: Site) -> None:
        site.blocking.delay_s = STUCK_S / 2
        for _ in range(4):
            site.recorder.keep(FACT)
            words = await systemd.hear()
            assert words.count("WATCHDOG=1") > 2
        site.blocking.delay_s = 0

    played(systemd, play)


def test_a_disk_that_refuses_keeps_the_pulse(systemd):
    """To start again would not make it take records, and the exit needs whoever is running."""

    async def play(site: Site) -> None:
        site.journal.refusal = "the disk is full"
        site.recorder.keep(FACT)
        for _ in range(3):
            assert (await systemd.hear()).count("WATCHDOG=1") > 2
        site.journal.refusal = None

    played(systemd, play)


def test_with_nothing_to_record_the_pulse_goes_on(systemd):
    async def play(site: Site) -> None:
        assert "STATUS=all is well" in await systemd.hear()
        assert (await systemd.hear()).count("WATCHDOG=1") > 2

    played(systemd, play)
