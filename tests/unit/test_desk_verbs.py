"""What the officer's page asks for: terms, forgiving a refusal, the count, help, the hand-over."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gatewayd.core.events import Access, AccessOutcome, Audit, AuditSubject, Draft, format_time
from gatewayd.core.folded import ASSISTS, HANDOVER, HOLDERS, NOTES, Change
from gatewayd.core.policy import OfficerRules, RegionTest
from gatewayd.core.words import Direction, HolderId, LaneId
from gatewayd.runtime.assists import Assists
from gatewayd.runtime.desk_verbs import DeskVerbs
from gatewayd.runtime.forgiving import Forgiving
from gatewayd.runtime.overview import Overview
from tests.sim.loop import run
from tests.unit.doubles import START, SimTurnstile, Site

CALLER = "user:petugas-1"
HOLDER = HolderId("deadbeef.00112233445566778899aabbccddeeff")
REFUSED = Access(
    outcome=AccessOutcome.REFUSED,
    lane=LaneId("lane-1"),
    direction=Direction.ENTRY,
    reason="already_inside",
    source="gateway",
    kind="pass",
    holder=HOLDER,
)


class Desk:
    def __init__(self) -> None:
        self.site = site = Site([SimTurnstile()])
        lanes = {lane.id: lane for lane in site.lanes}
        self.assists = Assists(lanes, site.cache, site.recorder, site.clock)
        forgiving = Forgiving(site.gate, site.recorder, site.journal, site.blocking)
        own = DeskVerbs(site.gate, site.recorder, shows_category=False)
        self.commands = site.commands(**self.assists.verbs, **forgiving.verbs, **own.verbs)
        self.overview = Overview(
            "a/b/c",
            "run",
            0.0,
            site.lanes[0]._shared,
            lanes,
            {},
            site.journal,
            None,
            self.assists.waiting,
            list,
        )

    async def ask(self, do: str, **request: object) -> dict[str, Any]:
        return await self.commands.answer({"do": do, **request}, CALLER)

    def details(self, action: str) -> list[Any]:
        return [dict(one.detail) for one in self.site.facts(Audit) if one.action == action]


def scene(act):
    """Return what `act` of a desk in a running site returns, in virtual time."""

    async def main():
        desk = Desk()
        async with desk.site.running():
            return await act(desk)

    return run(main())


# --- forgiving ---


async def refuse(desk: Desk, fact: Access = REFUSED) -> str:
    inside = {"inside_since": format_time(START)}
    desk.site.cache.keep([Change(HOLDERS, HOLDER, inside)])
    return (await desk.site.recorder.record(fact)).id


def test_the_last_refused_is_forgiven_by_the_refusal_and_nobody_is_named():
    async def act(desk: Desk):
        event = await refuse(desk)
        answer = await desk.ask("forgive", event=event, reason="salah catat")
        return answer, desk.details("forgiven")

    answer, [detail] = scene(act)
    assert answer == {"ok": True}
    assert (detail["holder"], detail["officer"]) == (HOLDER, CALLER)


@pytest.mark.parametrize(
    "fact",
    [
        replace(REFUSED, reason="revoked"),
        replace(REFUSED, holder=None),
        Audit(subject=AuditSubject.GATEWAY, action="started"),
    ],
    ids=["another reason", "nobody known", "no scan"],
)
def test_only_a_refusal_of_somebody_inside_can_be_forgiven_by_its_event(fact):
    async def act(desk: Desk):
        event = await refuse(desk, fact)
        return await desk.ask("forgive", event=event, reason="salah catat")

    assert "`event`" in scene(act)["text"]


@pytest.mark.parametrize("event", ["", "x", "0-1", "{epoch}-0", "{epoch}-99", "{epoch}-x"])
def test_an_event_that_is_none_forgives_nobody(event):
    async def act(desk: Desk):
        await refuse(desk)
        event_id = event.format(epoch=desk.site.journal.epoch)
        answer = await desk.ask("forgive", event=event_id, reason="salah catat")
        return answer["ok"], desk.details("forgiven")

    assert scene(act) == (False, [])


# --- the count ---


def test_one_who_left_by_hand_is_taken_from_the_count_whoever_else_passes():
    async def act(desk: Desk):
        await desk.ask("count", category="visitor", to=2, reason="dihitung")
        answer = await desk.ask("count", category="visitor", by=-1, reason="keluar")
        return answer, desk.site.gate.occupancy().by_category

    assert scene(act) == ({"ok": True, "category": "visitor", "by": -1}, {"visitor": 1})


@pytest.mark.parametrize(
    "request_",
    [
        {"category": "visitor", "by": -3, "reason": "x"},
        {"category": "visitor", "by": 61, "reason": "x"},
        {"category": "visitor", "by": 1},
        {"category": "nobody", "by": 1, "reason": "x"},
    ],
)
def test_a_count_is_not_changed_by_nonsense(request_):
    async def act(desk: Desk):
        await desk.ask("count", category="visitor", to=2, reason="dihitung")
        return (await desk.ask("count", **request_))["ok"], desk.site.gate.occupancy().total

    assert scene(act) == (False, 2)


# --- help, and the next officer ---


def test_who_is_on_the_way_is_told_to_the_others():
    async def act(desk: Desk):
        await desk.ask("assist_request", lane="lane-1")
        taken = await desk.ask("assist_take", assist=1)
        again = await desk.ask("assist_take", assist=1)
        other = await desk.commands.answer({"do": "assist_take", "assist": 1}, "user:b")
        nobody = await desk.ask("assist_take", assist=2)
        await asyncio.sleep(1)  # It is recorded meanwhile.
        return taken["ok"], again["ok"], other["text"], nobody["ok"], desk

    taken, again, other, nobody, desk = scene(act)
    assert (taken, again, nobody) == (True, True, False)
    assert CALLER in other
    assert [one["by"] for one in desk.assists.waiting()] == [CALLER]
    assert desk.site.cache.get(ASSISTS, "1")["by"] == CALLER


def test_a_note_is_there_for_the_next_officer_until_another_takes_its_place():
    async def act(desk: Desk):
        await desk.ask("hand_over", note=" kunci cadangan di laci ")
        first = desk.overview.status()["handover"]
        too_long = await desk.ask("hand_over", note="x" * 201)
        await desk.ask("hand_over")
        return first, too_long["ok"], desk.site.cache.get(NOTES, HANDOVER)["note"]

    first, too_long, last = scene(act)
    assert (first["note"], first["officer"]) == ("kunci cadangan di laci", CALLER)
    assert too_long is False
    assert last == ""


# --- what the page is told ---


def test_the_terms_are_those_of_the_policy():
    async def act(desk: Desk):
        knowledge = desk.site.gate.knowledge
        policy = replace(
            knowledge.policy,
            purposes=("ktp",),
            attestation_required=("healthy", "reason", "purpose"),
            region_test=RegionTest(("mojokerto",), {}),
            officer=OfficerRules(referral_minutes=7),
        )
        desk.site.gate.knowledge = replace(knowledge, policy=policy)
        return await desk.ask("terms")

    terms = scene(act)
    assert terms["required"] == ["healthy", "reason", "purpose"]
    assert (terms["purposes"], terms["origins"]) == (["ktp"], ["mojokerto"])
    assert (terms["referral_minutes"], terms["show_category"]) == (7, False)


def test_the_state_tells_why_a_lane_is_locked_and_who_waits_and_names_nobody():
    referred = replace(REFUSED, outcome=AccessOutcome.REFERRED, reason="status_yellow", referral=4)

    async def act(desk: Desk):
        await desk.ask("lane", lane="lane-1", order="lock", reason="orang marah")
        await desk.site.recorder.record(referred)
        return desk.overview.status()

    status = scene(act)
    assert status["open"] is True
    lane = status["lanes"]["lane-1"]
    assert (lane["order"], lane["officer"], lane["reason"]) == (
        "exit_only",
        CALLER,
        "orang marah",
    )
    [waiting] = status["referred"]
    assert (waiting["referral"], waiting["reason"]) == (4, "status_yellow")
    at = Draft(referred, START).at
    assert waiting["until"] > format_time(at + timedelta(minutes=4))
    assert HOLDER not in str(status["referred"])
