"""Check-ins by phone at their lane, in virtual time: one verdict each, and what the centre hears."""

import asyncio
from dataclasses import replace
from datetime import UTC
from itertools import count

import pytest

from drivers import base
from gatewayd.core.events import Access, AccessOutcome
from gatewayd.core.lane_codes import LaneCode, stamp, write_code
from gatewayd.core.orders import Order
from gatewayd.core.policy import Answer, AntiPassback, LaneCodes, Policy
from gatewayd.core.reasons import Locale
from gatewayd.core.words import ClockQuality, Direction, LaneId, Status
from gatewayd.mqtt.payloads import PublishStatus
from gatewayd.runtime.check_ins import CheckIns, telling
from gatewayd.runtime.inbox import Reply
from tests.sim.loop import run
from tests.unit.doubles import PSEUDONYMS, People, SimTurnstile, Site, holder
from tests.unit.signing import AUDIENCE, claims_at

HARD = Policy(
    zone=UTC,
    anti_passback=AntiPassback.HARD,
    statuses={Status.RED: Answer.REFUSE, Status.YELLOW: Answer.REFER},
)
NUMBERS = count(1)


def code_of(site: Site, direction: str = "entry", lane: str = "lane-1") -> str:
    code = write_code(LaneCode(AUDIENCE, LaneId(lane), Direction(direction), "paspor"))
    return stamp(code, PSEUDONYMS.key, site.clock.utc())


def order_of(site: Site, **claims: object) -> Order:
    given = {"code": code_of(site), "direction": "entry", "category": "visitor", **claims}
    number = next(NUMBERS)
    return Order(f"c-{number}", KEY_ID, number, claims_at(site.clock.utc(), **given))


KEY_ID = bytes(8)


def played(play, policy=HARD, publish=PublishStatus.STATUS, people=People.PASS):
    site = Site([SimTurnstile(people)], policy=policy)
    lanes = {lane.id: lane for lane in site.lanes}
    told = telling(publish)
    check_ins = CheckIns(AUDIENCE, site.gate, lanes, site.clock, told, Locale.EN)

    async def main() -> None:
        async with site.running():
            await play(site, check_ins)
            await asyncio.sleep(3)

    run(main())
    return site


def replied(*claims: dict[str, object], **world: object) -> tuple[Site, list[Reply]]:
    """Check in with each of the claims, one after the other."""
    replies: list[Reply] = []

    async def play(site: Site, check_ins: CheckIns) -> None:
        for one in claims:
            replies.append(await check_ins.act(order_of(site, **one)))
            await asyncio.sleep(2)

    return played(play, **world), replies


def opens(site: Site) -> int:
    return len(site.turnstiles[0].opens)


def test_somebody_who_scanned_the_display_is_let_through_once():
    site, [reply] = replied({"holder": holder("V-1"), "status": "green"})
    (fact,) = site.facts(Access)
    assert (fact.outcome, fact.source, fact.kind, fact.order) == (
        AccessOutcome.ADMITTED,
        "gateway",
        "checkin",
        reply.id,
    )
    assert (fact.holder, fact.category, fact.purpose) == (holder("V-1"), "visitor", "paspor")
    assert opens(site) == 1
    assert site.gate.occupancy().by_category == {"visitor": 1}
    assert (reply.result, reply.text) == ("admitted", "Please come in.")
    assert reply.detail == {"lane": "lane-1", "direction": "entry", "reason": "ok"}
    assert base.Signal.GO in site.readers[0][Direction.ENTRY].shown


def test_the_same_person_does_not_come_in_twice():
    told = {"holder": holder("V-1")}
    site, replies = replied(told, told)
    assert [reply.detail["reason"] for reply in replies] == ["ok", "already_inside"]
    assert opens(site) == 1


@pytest.mark.parametrize(
    ("claims", "reason", "verdicts"),
    [
        ({"status": "red"}, "status_red", 1),
        ({"code": "onegate:mojokerto/dukcapil/gmsc/lane-1/entry"}, "presence", 1),
        (
            {"code": f"onegate:{AUDIENCE}/lane-1/entry?59843644.f8975e991231f55d"},
            "signature",
            1,
        ),
        ({"code": f"onegate:{AUDIENCE}/lane-9/entry"}, "prefix", 0),
        ({"code": "onegate:mojokerto/dukcapil/other/lane-1/entry"}, "prefix", 0),
    ],
    ids=count(),
)
def test_nothing_opens_for_whom_the_decision_holds(claims, reason, verdicts):
    site, [reply] = replied(claims)
    assert (reply.result, reply.detail["reason"]) == ("refused", reason)
    assert reply.text is not None
    assert [fact.reason for fact in site.facts(Access)] == [reason] * verdicts
    assert opens(site) == 0


def test_a_poster_opens_where_the_policy_says_so():
    poster = {"code": f"onegate:{AUDIENCE}/lane-1/entry"}
    site, [reply] = replied(poster, policy=replace(HARD, lane_codes=LaneCodes.POSTER))
    assert (reply.result, opens(site)) == ("admitted", 1)


def test_a_referred_person_is_told_the_number():
    _, [reply] = replied({"status": "yellow"})
    assert (reply.result, reply.detail["referral"]) == ("referred", 1)


@pytest.mark.parametrize(
    ("publish", "reason"),
    [
        (PublishStatus.STATUS, "status_red"),
        (PublishStatus.OUTCOME, "health_rule"),
        (PublishStatus.NONE, None),
    ],
)
def test_the_centre_hears_no_more_than_events_tell(publish, reason):
    _, [reply] = replied({"status": "red"}, publish=publish)
    assert reply.detail.get("reason") == reason
    assert (reply.text is None) == (publish is not PublishStatus.STATUS)


def test_whoever_leaves_is_never_held():
    site, [reply] = replied({"code": f"onegate:{AUDIENCE}/lane-1/exit", "direction": "exit"})
    (fact,) = site.facts(Access)
    assert (reply.result, opens(site)) == ("admitted", 1)
    assert fact.findings == ("presence", "unrecognised")


def test_a_check_in_that_says_nothing_is_answered():
    site, [reply] = replied({"category": 7})
    assert (reply.result, site.facts(Access)) == ("content", [])
    assert reply.text is not None
    assert reply.text.startswith("category: expected")


def test_a_record_that_took_longer_than_the_message_lives_opens_nothing():
    late: list[Reply] = []

    async def play(site: Site, check_ins: CheckIns) -> None:
        order = order_of(site)
        await asyncio.sleep(35)
        late.append(await check_ins.act(order))

    site = played(play)
    assert [reply.result for reply in late] == ["expired"]
    assert opens(site) == 0


@pytest.mark.parametrize("passed_s", [0, 35, 86400])
def test_without_the_time_no_display_shows_that_somebody_is_there(passed_s):
    told: list[Reply] = []

    async def play(site: Site, check_ins: CheckIns) -> None:
        order = order_of(site)
        await asyncio.sleep(passed_s)
        site.clock.told = ClockQuality.UNSYNCED
        told.append(await check_ins.act(order))

    site = played(play)
    assert (told[0].result, told[0].detail["reason"]) == ("referred", "clock_unsynced")
    assert opens(site) == 0


def test_a_disk_that_refuses_the_verdict_is_told():
    async def play(site: Site, check_ins: CheckIns) -> None:
        site.journal.refusal = "no space left: make room"
        reply = await check_ins.act(order_of(site))
        assert reply.result == "record_failed"
        site.journal.refusal = None

    assert opens(played(play)) == 0


def test_three_wait_for_the_lane_and_the_fourth_is_told_that_it_is_busy():
    told: list[Reply] = []

    async def play(site: Site, check_ins: CheckIns) -> None:
        site.scan("V-9")
        await asyncio.sleep(0.2)
        orders = [order_of(site, holder=holder(f"V-{number}")) for number in range(1, 5)]
        told.extend(await asyncio.gather(*map(check_ins.act, orders)))

    site = played(play)
    assert sorted(reply.detail["reason"] for reply in told) == ["lane_busy", "ok", "ok", "ok"]
    (busy,) = (fact for fact in site.facts(Access) if fact.reason == "lane_busy")
    assert (busy.kind, busy.source, busy.holder, busy.order) == (
        "checkin",
        "gateway",
        holder("V-4"),
        told[3].id,
    )
