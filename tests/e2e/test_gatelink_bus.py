"""Several simulated controllers on one line, each a process, driven as the settings say."""

import asyncio
import contextlib
import json
import secrets
import statistics
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from drivers import base
from drivers.gatelink_kind import GATELINK
from drivers.kinds import Surroundings, complete
from tests.e2e.eventually import PATIENCE_S, eventually
from tests.e2e.gatelink_lane import Lane
from tests.e2e.pty_bus import PtyBus

pytestmark = pytest.mark.alone  # Whoever answers late speaks beside another one, or is lost.

COUNT = 4
OPENS = 30


class Controller:
    """`gatewayd simulate turnstile` with an address."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.events: list[dict] = []

    def order(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode() + b"\n")

    def grants(self, event: str) -> list[str]:
        return [it["grant"] for it in self.events if it["event"] == event]

    async def read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.events.append(json.loads(line))


@contextlib.asynccontextmanager
async def site(directory: Path) -> AsyncIterator[tuple[PtyBus, list[Controller], list[Lane]]]:
    with PtyBus(directory, COUNT + 1) as bus:
        async with asyncio.TaskGroup() as tasks:
            controllers = []
            for address in range(1, COUNT + 1):
                key = directory / f"{address}.psk"
                key.write_text(secrets.token_hex(32))
                key.chmod(0o600)
                arguments = [
                    *("simulate", "turnstile", "--port", str(bus.ports[address])),
                    *("--address", str(address), "--psk-file", str(key), "--walk-ms", "20"),
                    *("--state", str(directory / f"{address}.json")),
                ]
                pipe = asyncio.subprocess.PIPE
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "gatewayd", *arguments, stdin=pipe, stdout=pipe
                )
                controllers.append(Controller(process))
                tasks.create_task(controllers[-1].read())
            around = Surroundings("gateway", secrets.token_bytes)
            lanes = []
            for address in range(1, COUNT + 1):
                table = {
                    "port": str(bus.ports[0]),
                    "address": address,
                    "psk_file": str(directory / f"{address}.psk"),
                }
                lanes.append(Lane(GATELINK.build(complete(GATELINK, table), around)))
            await eventually(lambda: all(controller.events for controller in controllers))
            running = [tasks.create_task(lane.turnstile.run(lane.take)) for lane in lanes]
            try:
                await eventually(lambda: all(lane.told(base.LogRead) for lane in lanes))
                yield bus, controllers, lanes
            finally:
                for task in running:
                    task.cancel()
                for controller in controllers:
                    controller.order("quit")
                async with asyncio.timeout(PATIENCE_S):
                    for controller in controllers:
                        await controller.process.wait()


@pytest.mark.slow
async def test_people_pass_at_all_turnstiles_of_one_line_at_once(tmp_path) -> None:
    async with site(tmp_path) as (bus, controllers, lanes):
        latency_ms: list[float] = []

        async def let_in(lane: Lane) -> list[str]:
            granted = []
            for count in range(1, OPENS + 1):
                started_s = asyncio.get_running_loop().time()
                granted.append(lane.open())
                await eventually(lambda: len(lane.told(base.Passed)) == count)  # noqa: B023
                latency_ms.append(1000 * (lane.answered_s[granted[-1]] - started_s))
            return granted

        granted = await asyncio.gather(*(let_in(lane) for lane in lanes))
        latency_ms.sort()
        print(
            f"\nopen to answer, {COUNT} controllers on one line, {len(latency_ms)} times: median "
            f"{statistics.median(latency_ms):.1f} ms, p99 {latency_ms[-2]:.1f} ms"
        )
        for lane, controller, grants in zip(lanes, controllers, granted, strict=True):
            assert controller.grants("unlocked") == controller.grants("passed") == grants
            assert [report.grant for report in lane.told(base.Passed)] == grants
            assert lane.told(base.LinkLost) == []
        host = bus.ports[0]
        # After each controller the host speaks again: none of them speaks unasked.
        assert all(host in pair for pair in zip(bus.turns, bus.turns[1:], strict=False))


@pytest.mark.slow
async def test_a_controller_that_dies_is_lost_alone_and_found_when_it_is_back(tmp_path) -> None:
    async with site(tmp_path) as (_, controllers, lanes):
        controllers[0].order("deaf 4000")
        await eventually(lambda: bool(lanes[0].told(base.LinkLost)))
        for lane in lanes[1:]:
            grant = lane.open()
            await eventually(lambda: base.Opened(grant) in lane.reports)  # noqa: B023
            assert lane.told(base.LinkLost) == []
        await eventually(lambda: len(lanes[0].told(base.LinkUp)) == 2)
        controllers[1].order("reboot")
        await eventually(lambda: len(lanes[1].told(base.LogRead)) == 2)
        assert lanes[1].told(base.LinkLost) == []
