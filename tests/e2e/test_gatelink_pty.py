"""The gatelink driver and a simulated controller in a process of its own, on a cable of two ttys."""

import asyncio
import contextlib
import json
import secrets
import statistics
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest

from drivers import base
from drivers.serial_link import SerialLink
from drivers.turnstiles.gatelink import GatelinkTurnstile
from firmware_protocol.host import Host
from tests.e2e.eventually import PATIENCE_S, eventually
from tests.e2e.gatelink_lane import Lane
from tests.e2e.pty_pair import PtyPair

PSK = bytes(range(32))
OPENS = 100

CONTROLLER = """
import asyncio, sys
from pathlib import Path
from drivers.simulated.reader import lines_of
from drivers.simulated.turnstile_serial import SimulatedTurnstileOptions, run_simulated_turnstile

port, state, walk_ms = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
options = SimulatedTurnstileOptions(port=port, psk=bytes(range(32)), state=state, walk_ms=walk_ms)
write = lambda line: print(line, flush=True)
asyncio.run(run_simulated_turnstile(options, lines_of(0), write, lambda said: None))
"""


class Controller:
    """A simulated turnstile as a process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.events: list[dict] = []

    def order(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(text.encode() + b"\n")

    async def obey(self, text: str) -> None:
        """Order it, and return when it has heard that: it answers what it does not understand."""
        known = self._not_understood
        self.order(text)
        self.order("?")
        await eventually(lambda: self._not_understood > known)

    @property
    def _not_understood(self) -> int:
        return [it["event"] for it in self.events].count("not_understood")

    def grants(self, event: str) -> list[str]:
        return [it["grant"] for it in self.events if it["event"] == event]

    async def read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.events.append(json.loads(line))


@contextlib.asynccontextmanager
async def controller(port: Path, state: Path, walk_ms: int = 100) -> AsyncIterator[Controller]:
    arguments = (sys.executable, "-c", CONTROLLER, str(port), str(state), str(walk_ms))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*arguments, stdin=pipe, stdout=pipe)
    running = Controller(process)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(running.read())
        try:
            await eventually(lambda: bool(running.events))
            yield running
        finally:
            running.order("quit")
            async with asyncio.timeout(PATIENCE_S):
                await process.wait()


def gateway_lane(port: Path) -> Lane:
    link = SerialLink(str(port), backoff=lambda _attempt: 0.02)
    return Lane(GatelinkTurnstile(link, Host(PSK, name="gateway", token=secrets.token_bytes)))


@contextlib.asynccontextmanager
async def gate(port: Path) -> AsyncIterator[Lane]:
    running = gateway_lane(port)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(running.turnstile.run(running.take))
        await eventually(lambda: bool(running.told(base.LogRead)))
        yield running
        task.cancel()


async def test_a_hundred_people_pass_and_each_open_is_answered(tmp_path) -> None:
    port = tmp_path / "turnstile"
    async with controller(port, tmp_path / "state", walk_ms=10) as turnstile, gate(port) as lane:
        loop = asyncio.get_running_loop()
        latency_ms = []
        for count in range(1, OPENS + 1):
            started_s = loop.time()
            grant = lane.open()
            await eventually(lambda: len(lane.told(base.Passed)) == count)  # noqa: B023
            latency_ms.append(1000 * (lane.answered_s[grant] - started_s))
        latency_ms.sort()
        print(
            f"\ngatelink open to answer over a pty, {OPENS} times: median "
            f"{statistics.median(latency_ms):.1f} ms, p99 {latency_ms[-2]:.1f} ms"
        )
        passed = [report.grant for report in lane.told(base.Passed)]
        await eventually(lambda: turnstile.grants("passed") == passed)
        assert turnstile.grants("unlocked") == passed
        assert len(set(passed)) == OPENS


async def test_a_cable_pulled_while_granted_is_told_once_and_the_passage_comes_later(
    tmp_path,
) -> None:
    with PtyPair(tmp_path) as cable:
        async with (
            controller(cable.right, tmp_path / "state", walk_ms=600) as turnstile,
            gate(cable.left) as lane,
        ):
            grant = lane.open()
            await eventually(lambda: bool(lane.told(base.Opened)))
            cable.unplug()
            lost = lane.open()
            await eventually(lambda: bool(turnstile.grants("passed")))
            assert len(lane.told(base.LinkLost)) == 1
            assert lane.told(base.Passed) == []
            before = len(lane.reports)
            cable.plug()
            await eventually(lambda: len(lane.told(base.LogRead)) == 2)
            assert [report.grant for report in lane.told(base.Passed)] == [grant]
            assert isinstance(lane.reports[before], base.LinkUp)
            answers = lane.told(base.Opened, base.NotOpened, base.OpenUnknown)
            assert [report.grant for report in answers] == [grant, lost]
            assert turnstile.grants("unlocked") == [grant]


async def test_an_open_on_its_way_into_a_pulled_cable_is_unknown_or_never_sent(tmp_path) -> None:
    with PtyPair(tmp_path) as cable:
        async with (
            controller(cable.right, tmp_path / "state") as turnstile,
            gate(cable.left) as lane,
        ):
            await turnstile.obey("deaf 3000")
            grant = lane.open()
            await eventually(lambda: bool(turnstile.grants("unlocked")))
            cable.unplug()
            await eventually(lambda: bool(lane.told(base.LinkLost)))
            answers = lane.told(base.Opened, base.NotOpened, base.OpenUnknown)
            assert answers == [base.OpenUnknown(grant)]


async def test_a_controller_that_restarts_goes_on_with_its_log(tmp_path) -> None:
    port, state = tmp_path / "turnstile", tmp_path / "state"
    async with controller(port, state) as turnstile:
        async with gate(port) as lane:
            first = lane.open()
            await eventually(lambda: bool(lane.told(base.Passed)))
            known = [report.log for report in lane.told(base.Passed, base.DeviceNoted)]
        turnstile.order("exit")
        await eventually(
            lambda: len([it for it in turnstile.events if it["event"] == "passed"]) == 2
        )
    async with controller(port, state), gate(port) as lane:
        positions = [report.log for report in lane.told(base.Passed, base.DeviceNoted)]
        # What was told before the end comes again where its receipt did not arrive.
        fresh = [report for report in lane.told(base.Passed) if report.log not in known]
        assert [report.grant for report in fresh] == [None]
        assert len({(log.device, log.sequence) for log in positions}) == len(positions)
        lane.turnstile.send(base.OpenOnce(first, base.Direction.ENTRY, 5000, 1500))
        await eventually(lambda: bool(lane.told(base.Opened)))
        await asyncio.sleep(0.3)
        assert lane.told(base.PassageBegan) == []  # A repeat answers the same and moves nothing.


async def test_garbage_on_the_line_does_no_harm(tmp_path) -> None:
    with PtyPair(tmp_path) as cable:
        async with (
            controller(cable.right, tmp_path / "state") as turnstile,
            gate(cable.left) as lane,
        ):
            noise = Random(1)
            for _ in range(50):
                lane.turnstile._line.write(noise.randbytes(100))
                await asyncio.sleep(0.001)
            lane.turnstile._line.write(b"\0")
            grant = lane.open()
            await eventually(lambda: bool(lane.told(base.Passed)))
            assert turnstile.grants("unlocked") == [grant]
            assert lane.told(base.LinkLost) == []


@pytest.mark.parametrize("behaviour", ["turn-back", "force", "tailgate"])
async def test_what_people_do_is_told(tmp_path, behaviour: str) -> None:
    port = tmp_path / "turnstile"
    expected = {
        "turn-back": [base.NotPassed],
        "force": [base.Passed, base.Breached],
        "tailgate": [base.Breached, base.Passed],
    }
    async with controller(port, tmp_path / "state") as turnstile, gate(port) as lane:
        await turnstile.obey(f"next {behaviour}")
        lane.open()
        told = expected[behaviour]
        await eventually(
            lambda: len(lane.told(base.Passed, base.NotPassed, base.Breached)) == len(told)
        )
        assert [type(it) for it in lane.told(base.Passed, base.NotPassed, base.Breached)] == told
