"""`gatewayd simulate turnstile` with each bought board, a process of its own, and its driver."""

import asyncio
import contextlib
import json
import statistics
import sys

import pytest

from drivers import base
from drivers.kinds import Surroundings, check, complete
from drivers.registry import TURNSTILES
from tests.e2e.eventually import PATIENCE_S, eventually

pytestmark = pytest.mark.alone  # Polled boards: contacts close for a time, and are not kept.

ENTRY = base.Direction.ENTRY
ANNA, BUDI = "a1" * 16, "b2" * 16
KEYS = {
    "modbus_relay": {
        "exit_relay": 2,
        "pulse_ms": 200,
        "entry_input": 1,
        "exit_input": 2,
        "ready_input": 3,
        "alarm_input": 4,
        "fire_input": 5,
    },
    "modbus_turnstile": {},
    "board_7e": {"left_is": "entry"},
}
PEOPLE_COUNT = 5


class Board:
    """The simulated turnstile as a process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.events: list[dict] = []

    def order(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(text.encode() + b"\n")

    def count(self, event: str) -> int:
        return [it["event"] for it in self.events].count(event)

    async def read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.events.append(json.loads(line))


class Lane:
    def __init__(self, driver: str, port: str) -> None:
        kind = TURNSTILES[driver]
        table = {"port": port, **KEYS[driver]}
        assert check(kind, table) == []
        self.driver = kind.build(complete(kind, table), Surroundings("gate-1", bytes))
        self.reports: list[base.GateReport] = []
        self.opened_s: dict[str, float] = {}

    def take(self, report: base.GateReport) -> None:
        self.reports.append(report)
        if isinstance(report, base.Opened):
            self.opened_s[report.grant] = asyncio.get_running_loop().time()

    def told(self, *kinds: type) -> list[base.GateReport]:
        return [report for report in self.reports if isinstance(report, kinds)]

    def open(self, grant: str) -> None:
        self.driver.send(base.OpenOnce(grant, ENTRY, 5000, 1500))


@contextlib.asynccontextmanager
async def playing(driver, port):
    """Run a board and its driver, linked."""
    pipe = asyncio.subprocess.PIPE
    command = ("simulate", "turnstile", "--driver", driver, "--port", str(port), "--walk-ms", "400")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gatewayd", *command, stdin=pipe, stdout=pipe
    )
    board, lane = Board(process), Lane(driver, str(port))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(board.read())
        try:
            await eventually(port.exists)
            serving = tasks.create_task(lane.driver.run(lane.take))
            await eventually(lambda: bool(lane.told(base.LinkUp)))
            yield board, lane
            serving.cancel()
        finally:
            board.order("quit")
            async with asyncio.timeout(PATIENCE_S):
                await process.wait()


@pytest.mark.parametrize("driver", KEYS)
async def test_people_pass_one_after_the_other(tmp_path, driver) -> None:
    port = tmp_path / "turnstile"
    async with playing(driver, port) as (board, lane):
        loop = asyncio.get_running_loop()
        latency_ms = []
        for number in range(PEOPLE_COUNT):
            grant = f"{number:032x}"
            await asyncio.sleep(0.4)  # A contact takes 0.3 s to be at rest again.
            started_s = loop.time()
            lane.open(grant)
            await eventually(lambda it=grant: base.Passed(ENTRY, it) in lane.reports)
            latency_ms.append(1000 * (lane.opened_s[grant] - started_s))
        median_ms, most_ms = statistics.median(latency_ms), max(latency_ms)
        print(f"\n{driver} open to answer: median {median_ms:.0f} ms, at most {most_ms:.0f} ms")
        assert board.count("unlocked") == board.count("passed") == PEOPLE_COUNT
    assert not port.exists()


@pytest.mark.parametrize("driver", KEYS)
async def test_whoever_goes_in_without_a_grant_is_told(tmp_path, driver) -> None:
    async with playing(driver, tmp_path / "turnstile") as (board, lane):
        board.order("force")
        await eventually(lambda: base.Passed(ENTRY, None) in lane.reports)


@pytest.mark.slow
@pytest.mark.parametrize("driver", KEYS)
async def test_a_turnstile_that_falls_silent_is_lost_and_found_again(tmp_path, driver) -> None:
    async with playing(driver, tmp_path / "turnstile") as (board, lane):
        board.order("deaf 2500")
        await eventually(lambda: bool(lane.told(base.LinkLost)))
        lane.open(ANNA)
        assert lane.reports[-1] == base.NotOpened(ANNA, "link_down")
        await eventually(lambda: len(lane.told(base.LinkUp)) == 2)
        assert len(lane.told(base.LinkLost)) == 1
        lane.open(BUDI)
        await eventually(lambda: base.Passed(ENTRY, BUDI) in lane.reports)
        assert board.count("unlocked") == 1


async def test_a_fire_at_the_relay_board_is_told_and_nothing_opens(tmp_path) -> None:
    async with playing("modbus_relay", tmp_path / "turnstile") as (board, lane):
        board.order("fire on")
        await eventually(lambda: base.FireChanged(is_on=True) in lane.reports)
        lane.open(ANNA)
        assert lane.reports[-1] == base.NotOpened(ANNA, "fire")
        board.order("fire off")
        await eventually(lambda: base.FireChanged(is_on=False) in lane.reports)
