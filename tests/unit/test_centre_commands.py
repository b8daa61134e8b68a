"""What each command of the centre does at the gate, and what nobody may command."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest

from drivers import base
from gatewayd.core.centre_commands import read_command
from gatewayd.core.events import Access, Audit, format_time
from gatewayd.core.lane_terms import ExitOnly, Free, Idle
from gatewayd.core.ordered_capacity import read_order
from gatewayd.core.orders import Order
from gatewayd.core.reasons import Locale
from gatewayd.runtime.centre_commands import CentreCommands
from gatewayd.runtime.commands import Commands
from gatewayd.runtime.erasure import Erasure
from gatewayd.runtime.forgiving import Forgiving
from gatewayd.runtime.inbox import Reply
from gatewayd.runtime.lane import SCAN_WAITS_MS
from tests.sim.loop import run
from tests.unit.doubles import EPOCH, START, People, SimTurnstile, Site

DECLARED = {"healthy": True, "protocol": True, "reason": "asked by telephone"}


class Gate:
    """A site with two lanes under the command of a centre."""

    def __init__(self, people: People = People.PASS) -> None:
        self.site = Site([SimTurnstile(people), SimTurnstile(people, device="sim-2")])
        self.replayed: list[tuple[int, int]] = []
        self.has_time = True
        self.limit_changes = 0
        lanes = {lane.id: lane for lane in self.site.lanes}
        site = self.site
        erasure = Erasure(
            site.journal, site.cache, site.recorder, site.blocking, site.gate.grants.forget
        )
        forgiving = Forgiving(site.gate, site.recorder, site.journal, site.blocking)
        commands = Commands(
            lanes,
            {},
            site.gate,
            site.recorder,
            dict,
            Locale.EN,
            erasure=erasure,
            more=forgiving.verbs,
        )
        self.centre = CentreCommands(
            commands, site.recorder, site.journal, self._replay, self._changed
        )

    async def command(self, **claims: Any) -> Reply:
        return await self.centre.act(Order("o-1", b"\xab\xcd", 1, claims))

    def audit(self, action: str) -> dict[str, Any]:
        [fact] = [fact for fact in self.site.facts(Audit) if fact.action == action]
        return dict(fact.detail)

    def _replay(self, first: int, last: int) -> bool:
        self.replayed.append((first, last))
        return self.has_time

    def _changed(self) -> None:
        self.limit_changes += 1


def played(scenario: Callable[[Gate], Coroutine[Any, Any, None]], *args: Any) -> Gate:
    gate = Gate(*args)

    async def play() -> None:
        async with gate.site.running():
            await scenario(gate)

    run(play())
    return gate


def test_open_lets_one_guest_in_on_the_centres_declaration():
    async def play(gate: Gate) -> None:
        reply = await gate.command(do="open", lane="lane-1", count=5, badge=7, **DECLARED)
        assert (reply.id, reply.result, reply.detail) == ("o-1", "done", {"admitted": 1})

    gate = played(play)
    [verdict] = gate.site.facts(Access)
    assert verdict.attestation["officer"] == "centre:abcd"
    assert len(gate.site.turnstiles[0].opens) == 1


def test_open_does_not_wait_for_a_lane_longer_than_a_person_would():
    async def play(gate: Gate) -> None:
        gate.site.scan("V-1")
        await asyncio.sleep(0.1)
        began_s = asyncio.get_running_loop().time()
        reply = await gate.command(do="open", lane="lane-1", **DECLARED)
        assert (reply.result, reply.detail["reason"]) == ("refused", "lane_busy")
        passed_s = asyncio.get_running_loop().time() - began_s
        assert passed_s == pytest.approx(SCAN_WAITS_MS / 1000, abs=0.1)

    played(play, People.SILENT)


def test_lock_free_and_resume_are_for_one_lane_or_for_all():
    async def play(gate: Gate) -> None:
        first, second = gate.site.lanes
        assert (await gate.command(do="lock", reason="threat")).result == "done"
        assert all(isinstance(lane.state.state, ExitOnly) for lane in (first, second))
        assert (await gate.command(do="free", lane="lane-2")).result == "done"
        assert isinstance(second.state.state, Free)
        assert isinstance(first.state.state, ExitOnly)
        assert (await gate.command(do="resume")).detail["lanes"] == ["lane-1", "lane-2"]
        assert isinstance(second.state.state, Idle)
        unknown = await gate.command(do="lock", lane="lane-9")
        assert (unknown.result, "lane-1" in str(unknown.text)) == ("refused", True)

    played(play)


def test_nothing_but_free_is_ordered_during_a_fire():
    async def play(gate: Gate) -> None:
        gate.site.turnstiles[0].tell(base.FireChanged(is_on=True))
        await asyncio.sleep(0.5)
        assert (await gate.command(do="resume")).result == "refused"
        assert (await gate.command(do="lock", lane="lane-2")).result == "refused"
        assert (await gate.command(do="free")).result == "done"

    played(play)


def test_freeing_a_lane_waits_for_no_disk_and_locking_one_does():
    async def play(gate: Gate) -> None:
        gate.site.journal.refusal = "disk I/O error"
        assert (await gate.command(do="lock", lane="lane-1")).result == "refused"
        assert isinstance(gate.site.lanes[0].state.state, Idle)
        assert (await gate.command(do="free", lane="lane-1")).result == "done"
        assert isinstance(gate.site.lanes[0].state.state, Free)
        gate.site.journal.refusal = None
        await asyncio.sleep(5)

    assert played(play).audit("lane_ordered")["order"] == "free"


def test_another_limit_holds_at_once_and_until_its_time():
    """R16, R28: at once, and recorded."""

    async def play(gate: Gate) -> None:
        until = format_time(START + timedelta(minutes=1))
        reply = await gate.command(do="capacity", total=0, until=until, reason="level 4")
        assert (reply.result, reply.detail) == ("done", {"total": 0, "until": until})
        assert gate.limit_changes == 1
        gate.site.scan("V-1")
        await asyncio.sleep(1)
        assert gate.site.gate.policy is gate.site.gate.policy  # Not made anew at each look.
        await asyncio.sleep(60)
        assert gate.site.gate.policy.capacity.total is None
        gate.site.scan("V-1")
        await asyncio.sleep(1)

    gate = played(play)
    first, second = gate.site.facts(Access)
    assert (first.reason, first.policy) == ("capacity_full", ("default", "capacity:0"))
    assert (second.reason, second.policy) == ("ok", ("default",))
    assert gate.audit("capacity_ordered")["officer"] == "centre:abcd"


def test_the_policys_own_limit_comes_back_when_none_is_named():
    async def play(gate: Gate) -> None:
        await gate.command(do="capacity", total=7, reason="level 4")
        assert gate.site.gate.policy.capacity.total == 7
        await gate.command(do="capacity", total=8, reason="level 3")
        assert gate.site.gate.policy.capacity.total == 8
        await gate.command(do="capacity", reason="over")
        assert gate.site.gate.policy.capacity.total is None

    played(play)


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"do": "capacity", "total": -1, "reason": "x"}, "`total` is a whole number"),
        ({"do": "capacity", "total": True, "reason": "x"}, "`total` is a whole number"),
        ({"do": "capacity", "total": 1}, "`reason` says why"),
        ({"do": "capacity", "total": 1, "until": "soon", "reason": "x"}, "`until` is"),
        ({"do": "replay", "epoch": "0", "from": 1, "to": 1}, "`epoch` is the present one"),
        ({"do": "replay", "epoch": EPOCH, "upto": 1}, "`epoch` is the present one"),
        ({"do": "forgive", "id": "S-1", "reason": "x"}, "`holder`"),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_answered_with_what_to_do(claims, said):
    async def play(gate: Gate) -> None:
        reply = await gate.command(**claims)
        assert (reply.result, said in str(reply.text)) == ("refused", True), reply

    played(play)


def test_events_are_sent_again_as_far_as_there_is_room():
    async def play(gate: Gate) -> None:
        gate.site.scan("V-1")
        await asyncio.sleep(1)
        asked = {"do": "replay", "epoch": EPOCH, "from": 1, "to": 1}
        assert (await gate.command(**asked)).result == "done"
        gate.has_time = False
        assert (await gate.command(**asked)).result == "refused"
        assert gate.replayed == [(1, 1), (1, 1)]

    played(play)


@pytest.mark.parametrize("do", [None, 7, "admit", "cache", "count", "explode", ["open"]])
def test_what_nobody_may_command_is_refused_by_name(do):
    assert read_command({"do": do}) is None

    async def play(gate: Gate) -> None:
        assert (await gate.command(do=do)).result == "content"

    played(play)


def test_a_command_takes_its_own_arguments_and_no_others():
    claims = {"do": "diagnostics", "table": "holders", "aud": "x"}
    assert read_command(claims) == {"do": "status"}
    assert read_command({"do": "lock", "lane": None, "order": "free"}) == {
        "do": "lane",
        "order": "lock",
    }


def test_without_an_order_the_policys_limit_holds():
    assert read_order(None, START) is None
