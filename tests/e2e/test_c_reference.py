"""The C controller on a real pty: the tests of the simulated turnstile, conformance, noise."""

import asyncio
import json
import secrets
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from drivers import base
from drivers.conform.serial_kit import serial_rules
from drivers.gatelink_kind import GATELINK
from drivers.kinds import Surroundings, complete
from drivers.simulated.people import Behaviour
from tests.e2e import test_gatelink_pty
from tests.e2e.c_turnstile import c_turnstile
from tests.e2e.eventually import eventually
from tests.e2e.gatelink_lane import Lane
from tests.e2e.pty_bus import PtyBus
from tests.e2e.test_conform import conform

# The first of them builds the controller, on a machine that may have other work.
pytestmark = [pytest.mark.compiler, pytest.mark.timeout(120)]


@pytest.fixture(autouse=True, scope="module")
def _controller():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(test_gatelink_pty, "controller", c_turnstile)
        yield


globals().update(
    {name: test for name, test in vars(test_gatelink_pty).items() if name.startswith("test_")}
)


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.timeout(300)
@pytest.mark.parametrize("address", [0, 5])
async def test_the_conformance_kit_finds_nothing(tmp_path: Path, address: int) -> None:
    port, report = tmp_path / "lane", tmp_path / "report.json"
    async with c_turnstile(
        port, tmp_path / "store", behaviour=Behaviour.STAY, address=address
    ) as person:
        key = str(tmp_path / "store.psk")
        files = ("--psk-file", key, "--json", str(report), "--address", str(address))
        code, printed = await conform(person, str(port), *files)
    assert code == 0, printed
    told = json.loads(report.read_text())
    assert (told["device"], told["conclusion"]) == ("reference", "conforms")
    assert told["passed"] == len(serial_rules(address))


ADDRESSES = (1, 126)
PASSAGES = 5


@pytest.mark.alone  # Whoever answers late speaks beside another one.
async def test_two_of_them_share_a_line(tmp_path: Path) -> None:
    with PtyBus(tmp_path, 1 + len(ADDRESSES)) as bus:
        async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
            around = Surroundings("gateway", secrets.token_bytes)
            lanes, turnstiles = [], []
            for port, address in zip(bus.ports[1:], ADDRESSES, strict=True):
                store = tmp_path / f"store-{address}"
                running = c_turnstile(port, store, walk_ms=20, address=address)
                turnstiles.append(await stack.enter_async_context(running))
                table = {
                    "port": str(bus.ports[0]),
                    "address": address,
                    "psk_file": str(store.with_suffix(".psk")),
                }
                lanes.append(Lane(GATELINK.build(complete(GATELINK, table), around)))
            serving = [tasks.create_task(lane.turnstile.run(lane.take)) for lane in lanes]
            await eventually(lambda: all(lane.told(base.LogRead) for lane in lanes))
            for count in range(1, PASSAGES + 1):
                for lane in lanes:
                    lane.open()
                await eventually(
                    lambda: all(len(lane.told(base.Passed)) == count for lane in lanes),  # noqa: B023
                )
            for task in serving:
                task.cancel()
        for lane, turnstile in zip(lanes, turnstiles, strict=True):
            assert turnstile.grants("unlocked") == turnstile.grants("passed")
            assert lane.told(base.LinkLost) == []
        host = bus.ports[0]
        assert all(host in pair for pair in zip(bus.turns, bus.turns[1:], strict=False))
