"""Sixty gates of Pasuruan at one broker: a policy reaches all, and who is left behind is named."""

import asyncio
import json
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial

import pytest

from gatewayd.app.fleet import listen
from gatewayd.core.trust import NATIONAL
from gatewayd.mqtt.account import Account
from gatewayd.mqtt.topics import SitePath
from gatewayd.runtime.blocking import ThreadBlocking
from gatewayd.runtime.clock import SystemClock
from tests.e2e.centre import Centre
from tests.e2e.daemon import GATEWAYD
from tests.e2e.eventually import eventually
from tests.e2e.mosquitto import Mosquitto
from tests.e2e.sites.fleet_gate import FleetGate
from tests.unit.centre_documents import KEY, document, policy_slot

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(180)]

# 56 agencies, and the four offices of a district below them; a city next door has two more.
AGENCIES = [SitePath("pasuruan", f"opd-{number:02}", "office") for number in range(1, 57)]
DISTRICT = [SitePath("pasuruan", "kecamatan-bangil", f"desa-{number}") for number in range(1, 5)]
ELSEWHERE = [SitePath("mojokerto", "dukcapil", name) for name in ("gmsc", "puskesmas-blooto")]
SITES = AGENCIES + DISTRICT
OLD, LOST, DEAF = map(str, (AGENCIES[6], AGENCIES[29], DISTRICT[3]))
RULES = {"unknown_holder": "refuse", "legal_basis": "Instruction of the Bupati"}


class Region:
    """The gates that run, each as a task of its own."""

    def __init__(self, folder, port, blocking, stack):
        self._made = (folder, port, blocking)
        self._stack = stack
        self.gates = {}
        self._tasks = {}

    def start(self, site):
        folder, port, blocking = self._made
        gate = self.gates[str(site)] = FleetGate(
            site,
            folder / str(site).replace("/", "."),
            port,
            blocking,
            SystemClock(),
            version="0.0.9" if str(site) == OLD else "0.1.0",
            keys=() if str(site) == DEAF else (KEY,),
        )
        self._tasks[str(site)] = asyncio.create_task(gate.run())
        self._stack.push_async_callback(self.stop, str(site))

    async def stop(self, site):
        task = self._tasks.pop(site, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert task.cancelled(), task.exception()

    def verdicts(self):
        """Return what every gate that runs says to somebody unknown, with its findings."""
        found = {site: self.gates[site].decide(b"SOMEBODY") for site in self._tasks}
        return {site: (str(fact.outcome), fact.findings) for site, fact in found.items()}


@asynccontextmanager
async def region(folder, port):
    with ThreadBlocking() as blocking:
        async with AsyncExitStack() as stack:
            yield Region(folder, port, blocking, stack)


async def report(port, place):
    """Run `gatewayd fleet`; return exit code, its JSON by site, and what most have."""
    url = f"mqtt://127.0.0.1:{port}"
    command = (*GATEWAYD, "fleet", url, "--seconds", "1", "--json", "--place", place)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe)
    out, _ = await process.communicate()
    told = json.loads(out)
    return process.returncode, {row["site"]: row for row in told["sites"]}, told["most"]


def lay_down(centre, version, **rules):
    """Publish the policy of the region, once for all."""
    now = datetime.now(UTC)
    slot = policy_slot("pasuruan")
    message = document(slot, version, now, policy={**RULES, **rules})
    centre.publish("onegate/v1/pasuruan/policy", message, retain=True)


async def test_sixty_gates_go_from_observing_to_enforcing_and_who_did_not_is_named(tmp_path):
    """R20, R38, R44: one broker, one policy for the region, and a report of who differs."""
    with Mosquitto(tmp_path) as broker, Centre(broker.port) as centre:
        async with region(tmp_path, broker.port) as there:
            for site in SITES + ELSEWHERE:
                there.start(site)
            lay_down(centre, 1, mode="observe")
            taken = {str(site) for site in SITES} - {DEAF}

            def having(version):
                gates = there.gates.items()
                label = f"pasuruan@{version}"
                return {site for site, gate in gates if label in gate.gate.policy.versions}

            await eventually(lambda: having(1) == taken)
            seen = there.verdicts()
            observed = ("admitted", ("would_refuse:unknown_holder",))
            assert {seen[site] for site in taken} == {observed}
            assert seen[DEAF] == ("refused", ())

            await there.stop(LOST)
            lay_down(centre, 2, mode="enforce")
            await eventually(lambda: having(2) == taken - {LOST})
            assert set(there.verdicts().values()) == {("refused", ())}

            await eventually(lambda: sum(is_at(2, body) for body in centre.states("state")) >= 58)
            code, told, most = await report(broker.port, "pasuruan")
            assert code == 1
            assert most == {"gatewayd": "0.1.0", "mode": "enforce", "policy pasuruan": "2"}
            assert {site: row["marks"] for site, row in told.items() if row["marks"]} == {
                OLD: ["gatewayd: 0.0.9, most have 0.1.0"],
                LOST: ["offline: stopped"],
                DEAF: ["policy pasuruan: none, most have 2"],
            }
            await assert_each_level_has_its_sites(broker.port)


def is_at(version, body):
    return [one["version"] for one in body.get("documents", ())] == [version]


async def assert_each_level_has_its_sites(port):
    """R20: a subscription for a level of the hierarchy finds exactly the sites below it."""
    below = {
        NATIONAL: SITES + ELSEWHERE,
        "pasuruan": SITES,
        "pasuruan/kecamatan-bangil": DISTRICT,
        "pasuruan/opd-01": AGENCIES[:1],
        "mojokerto/dukcapil/gmsc": ELSEWHERE[:1],
    }
    account = Account(host="127.0.0.1", port=port, client_id="of-a-level")
    with ThreadBlocking() as threads:
        for place, sites in below.items():
            found = await threads.run(partial(listen, account, place, 0.5))
            assert sorted(row.site for row in found.rows) == sorted(map(str, sites))
