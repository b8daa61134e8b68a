"""The officer's hand scanner: a code that is scanned at the desk opens a lane."""

import asyncio
import contextlib

import pytest

from drivers.simulated.reader import SimulatedReaderOptions, run_simulated_reader
from tests.e2e.daemon import Site, issue, until

pytestmark = pytest.mark.timeout(120)


async def test_whom_the_officer_scans_walks_in(tmp_path):
    port = tmp_path / "desk"
    settings = f'[desk_reader]\ndriver = "line"\nport = "{port}"\n'
    codes: asyncio.Queue[bytes] = asyncio.Queue()

    async def typed():
        while True:
            yield await codes.get()

    options = SimulatedReaderOptions(port=str(port), pace_ms=5)
    scanner = asyncio.create_task(run_simulated_reader(options, typed(), print))
    async with Site(tmp_path, settings=settings) as site:
        for code in ("CARD-BLOCKED", issue("1001")):
            codes.put_nowait(code.encode())
        await until(lambda: site.log("passage", lane="lane-1", outcome="completed"))
        verdicts = [event["data"] for event in site.journal("access")]
        assert [(it["lane"], it["direction"], it["reason"]) for it in verdicts] == [
            ("lane-1", "entry", "blocked"),
            ("lane-1", "entry", "ok"),
        ]
        assert len(site.lane.openings) == 1
    scanner.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await scanner
