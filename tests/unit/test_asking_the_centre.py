"""Strangers wait beside the lane for the centre's answer, in virtual time: each has one verdict."""

import asyncio
from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from drivers import base
from gatewayd.core.centre_statuses import KEPT, CentreStatus
from gatewayd.core.events import Access
from gatewayd.core.folded import Change
from gatewayd.core.lane_terms import Order
from gatewayd.core.policy import Answer, Policy
from gatewayd.core.words import Direction, Status
from gatewayd.runtime.lane import UNANSWERED_MAX
from gatewayd.runtime.questions import Question
from tests.sim.loop import run
from tests.unit.doubles import START, People, SimTurnstile, Site, holder

ENTRY, EXIT = Direction.ENTRY, Direction.EXIT
ASKING = Policy(zone=UTC, unknown_holder=Answer.REFER, asks_centre_ms=1500)
GREEN = CentreStatus(Status.GREEN, START, START + timedelta(days=1), "visitor")


class Centre:
    """Answers what is asked after `delay_s`, or never; `told` are those it knows."""

    def __init__(self, delay_s: float | None = 0.3, told: CentreStatus = GREEN) -> None:
        self.asked: list[Question] = []
        self.is_there = True
        self._delay_s = delay_s
        self._told = told
        self.site: Site | None = None

    def ask(self, question: Question) -> bool:
        if self.is_there:
            self.asked.append(question)
            if self._delay_s is not None:
                loop = asyncio.get_running_loop()
                loop.call_later(self._delay_s, self.answer, question)
        return self.is_there

    def answer(self, question: Question) -> None:
        assert self.site is not None
        self.site.cache.keep([Change(KEPT, question.holder, self._told.row())])
        self.site.questions.answered(question.holder)


def played(centre, play, policy=ASKING, turnstile=None):
    turnstile = turnstile or SimTurnstile()
    site = Site([turnstile], policy=policy, asks=centre.ask)
    centre.site = site

    async def main() -> None:
        async with site.running():
            await play(site)

    run(main())
    return site


def verdicts(site: Site) -> list[tuple[str, str]]:
    return [(str(fact.outcome), fact.reason) for fact in site.facts(Access)]


async def come(site: Site) -> None:
    site.scan("X-1")
    await asyncio.sleep(4)


def test_somebody_whom_the_centre_knows_is_let_in():
    """R26: the centre knows; the gate asks and keeps the answer."""
    centre = Centre()
    site = played(centre, come)
    (question,) = centre.asked
    assert (question.holder, question.lane, question.wait_ms) == (holder("X-1"), "lane-1", 1500)
    (fact,) = site.facts(Access)
    assert (fact.outcome, fact.kind, fact.category, fact.status) == (
        "admitted",
        "plain_id",
        "visitor",
        "green",
    )
    assert fact.latency_us is not None
    assert fact.latency_us >= 300_000
    assert len(site.turnstiles[0].opens) == 1
    assert site.readers[0][ENTRY].shown[-4:-1] == [
        base.Signal.READY,
        base.Signal.WAIT,
        base.Signal.GO,
    ]


def test_what_the_centre_said_is_not_asked_for_again():
    centre = Centre()

    async def play(site: Site) -> None:
        await come(site)
        await come(site)

    assert len(verdicts(played(centre, play))) == 2
    assert len(centre.asked) == 1


def test_whom_the_centre_does_not_know_either_is_answered_at_once():
    centre = Centre(told=replace(GREEN, status=Status.UNKNOWN, category=None))

    async def play(site: Site) -> None:
        site.scan("X-1")
        await asyncio.sleep(0.4)

    assert verdicts(played(centre, play)) == [("referred", "unknown_holder")]


def test_without_an_answer_in_time_the_policy_has_one():
    """R26."""

    async def play(site: Site) -> None:
        site.scan("X-1")
        await asyncio.sleep(1.4)
        assert verdicts(site) == []
        await asyncio.sleep(0.2)

    site = played(Centre(None), play)
    assert verdicts(site) == [("referred", "unknown_holder")]
    assert site.turnstiles[0].opens == []


def test_an_answer_that_comes_too_late_serves_the_next_time():
    centre = Centre(2.0)

    async def play(site: Site) -> None:
        await come(site)
        await come(site)

    assert verdicts(played(centre, play)) == [("referred", "unknown_holder"), ("admitted", "ok")]
    assert len(centre.asked) == 1


@pytest.mark.parametrize("delay_s", [1.499, 1.5, 1.501])
def test_an_answer_at_the_last_moment_leaves_one_verdict(delay_s):
    site = played(Centre(delay_s), come)
    assert len(verdicts(site)) == 1
    assert len(site.turnstiles[0].opens) == (verdicts(site) == [("admitted", "ok")])


def test_without_a_connection_nobody_waits():
    """R26: cut off, the gate decides by itself."""
    centre = Centre()
    centre.is_there = False

    async def play(site: Site) -> None:
        site.scan("X-1")
        await asyncio.sleep(0.1)

    assert verdicts(played(centre, play)) == [("referred", "unknown_holder")]


def test_the_lane_serves_others_meanwhile():
    async def play(site: Site) -> None:
        site.scan("X-1")
        await asyncio.sleep(0.1)
        site.scan("V-1")
        await asyncio.sleep(4)

    site = played(Centre(0.5), play)
    assert [fact.holder for fact in site.facts(Access)] == [holder("V-1"), holder("X-1")]
    assert verdicts(site) == [("admitted", "ok")] * 2


def test_an_answer_while_somebody_passes_waits_for_the_lane():
    async def play(site: Site) -> None:
        site.scan("V-1")
        await asyncio.sleep(0.1)
        site.scan("X-1")
        await asyncio.sleep(20)

    site = played(Centre(0.5), play, turnstile=SimTurnstile(People.STAY))
    assert verdicts(site)[-1] in [("admitted", "ok"), ("refused", "lane_busy")]
    assert len(verdicts(site)) == 2


def test_two_scans_of_one_stranger_are_one_question_and_two_verdicts():
    centre = Centre()

    async def play(site: Site) -> None:
        site.scan("X-1")
        site.scan("X-1")
        await asyncio.sleep(4)

    site = played(centre, play)
    assert len(centre.asked) == 1
    assert len(verdicts(site)) == 2


def test_who_asks_later_waits_longer_for_the_same_answer():
    async def play(site: Site) -> None:
        site.scan("X-1")
        await asyncio.sleep(1.0)
        site.scan("X-1")
        await asyncio.sleep(0.6)
        assert len(verdicts(site)) == 1
        await asyncio.sleep(1.0)

    assert verdicts(played(Centre(None), play)) == [("referred", "unknown_holder")] * 2


def test_only_so_many_wait_and_the_others_are_decided():
    centre = Centre(None)

    async def play(site: Site) -> None:
        for number in range(UNANSWERED_MAX + 2):
            site.scan(f"X-{number}")
            await asyncio.sleep(0.01)
        assert len(verdicts(site)) == 2
        await asyncio.sleep(4)

    assert len(verdicts(played(centre, play))) == UNANSWERED_MAX + 2
    assert len(centre.asked) == UNANSWERED_MAX


@pytest.mark.parametrize(("data", "direction"), [("V-1", ENTRY), ("X-1", EXIT), ("bad\x00", ENTRY)])
def test_nobody_is_asked_about_whoever_is_known_or_leaves_or_cannot_be_read(data, direction):
    centre = Centre()

    async def play(site: Site) -> None:
        site.scan(data, direction)
        await asyncio.sleep(0.1)

    assert len(verdicts(played(centre, play))) == 1
    assert centre.asked == []


@pytest.mark.parametrize("order", [Order.EXIT_ONLY, Order.FREE])
def test_nobody_is_asked_about_at_a_lane_that_lets_nobody_in(order):
    centre = Centre()

    async def play(site: Site) -> None:
        site.lanes[0].order(order)
        site.scan("X-1")
        await asyncio.sleep(0.1)

    assert len(verdicts(played(centre, play))) == 1
    assert centre.asked == []


def test_by_default_nobody_is_asked():
    centre = Centre()
    assert verdicts(played(centre, come, Policy(zone=UTC))) == [("refused", "unknown_holder")]
    assert centre.asked == []


def test_a_policy_that_asks_no_more_lets_nobody_wait_for_an_answer():
    centre = Centre()

    async def play(site: Site) -> None:
        known = site.gate.knowledge
        site.gate.knowledge = replace(known, policy=Policy(zone=UTC))
        assert not site.questions.ask(holder("X-1"), site.lanes[0].id, lambda: None)
        await asyncio.sleep(0)

    played(centre, play)


def test_a_lane_that_ends_tells_those_who_still_wait():
    site = Site([SimTurnstile()], policy=ASKING, asks=Centre(None).ask)

    async def main() -> None:
        recorder = asyncio.get_running_loop().create_task(site.recorder.run())
        lane = asyncio.get_running_loop().create_task(site.lanes[0].run())
        await asyncio.sleep(0.2)
        site.scan("X-1")
        await asyncio.sleep(0.1)
        lane.cancel()
        await asyncio.sleep(3)
        recorder.cancel()

    run(main())
    assert verdicts(site) == [("refused", "lane_busy")]
