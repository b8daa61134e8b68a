"""Referred people whom nobody answers, in virtual time: refused once, and never settled twice."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC

from gatewayd.core.events import Access
from gatewayd.core.folded import HOLDERS, REFERRALS
from gatewayd.core.policy import Answer, OfficerRules, Policy
from gatewayd.core.words import Direction
from gatewayd.runtime.referrals import end_referrals
from tests.sim.loop import run
from tests.unit.doubles import SimTurnstile, Site, holder

POLICY = Policy(zone=UTC, unknown_holder=Answer.REFER, officer=OfficerRules(referral_minutes=2))
DECLARED = {"healthy": True, "protocol": True, "reason": "known"}


class Desk:
    def __init__(self) -> None:
        self.site = Site([SimTurnstile()], policy=POLICY)
        self.commands = self.site.commands()

    async def ask(self, do: str) -> dict[str, object]:
        return await self.commands.answer({"do": do, "referral": 1, **DECLARED}, "uid:0")

    @property
    def verdicts(self) -> list[tuple[str, str, int | None]]:
        return [(str(it.outcome), it.reason, it.referral) for it in self.site.facts(Access)]


def played(play: Callable[[Desk], Awaitable[None]]) -> Desk:
    desk = Desk()

    async def main() -> None:
        site = desk.site
        async with site.running(), asyncio.TaskGroup() as tasks:
            ending = tasks.create_task(end_referrals(site.gate, site.recorder, site.clock))
            await play(desk)
            ending.cancel()

    run(main())
    return desk


REFERRED = ("referred", "unknown_holder", 1)
LAPSED = ("refused", "referral_lapsed", 1)


def test_whom_nobody_answers_is_refused_after_the_minutes_of_the_policy():
    async def play(desk: Desk) -> None:
        desk.site.scan("Z-99")
        await asyncio.sleep(115)
        assert desk.verdicts == [REFERRED]
        desk.site.blocking.delay_s = 3.0  # A slow disk is no second refusal.
        await asyncio.sleep(20)
        assert desk.verdicts == [REFERRED, LAPSED]
        assert desk.site.cache.get(REFERRALS, "1") is None
        assert not (await desk.ask("admit"))["ok"]

    desk = played(play)
    fact = desk.site.facts(Access)[-1]
    assert (fact.lane, fact.direction, fact.source) == ("lane-1", Direction.ENTRY, "deadline")
    assert (fact.holder, fact.kind) == (holder("Z-99"), "plain_id")


def test_an_answer_in_time_is_the_only_one():
    async def play(desk: Desk) -> None:
        desk.site.scan("Z-99")
        await asyncio.sleep(60)
        assert (await desk.ask("refuse"))["ok"]
        await asyncio.sleep(120)

    assert played(play).verdicts == [REFERRED, ("refused", "officer_refused", 1)]


def test_an_admission_that_waits_for_its_lane_is_not_overtaken():
    async def play(desk: Desk) -> None:
        desk.site.scan("Z-99")
        await asyncio.sleep(119)
        desk.site.scan("V-1")  # Somebody is in the lane for a moment.
        settling = asyncio.gather(desk.ask("admit"), desk.ask("admit"), desk.ask("refuse"))
        await asyncio.sleep(10)
        answers = await settling
        assert [answer["ok"] for answer in answers] == [True, False, False]

    assert [it for it in played(play).verdicts if it[2]] == [
        REFERRED,
        ("admitted", "referral_admitted", 1),
    ]


def test_a_refusal_leaves_the_status_that_the_scan_had():
    async def play(desk: Desk) -> None:
        site = desk.site
        site.scan("Z-99")
        await asyncio.sleep(1)
        referred = replace(
            site.facts(Access)[0], category="visitor", status="yellow", status_until=None
        )
        site.recorder.keep(referred)
        await asyncio.sleep(130)
        row = site.cache.get(HOLDERS, holder("Z-99"))
        assert row is not None
        assert (row["status"], row["reason"]) == ("yellow", "referral_lapsed")

    played(play)
