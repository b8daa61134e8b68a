"""What open pages are told: everything once, from when they came, and no longer than they may."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from gatewayd.core.events import Alarm, AlarmOutcome, Draft, Event
from gatewayd.core.feed import feed_row
from gatewayd.desk import stream
from gatewayd.desk.stream import ROWS_KEPT, WAITING_MAX, Channel
from tests.unit.doubles import SimClock

EPOCH = "0" * 16


def event(number, alarm="link_lost"):
    fact = Alarm(outcome=AlarmOutcome.RAISED, alarm=alarm, subject="lane-1")
    return Event(EPOCH, number, Draft(fact, datetime(2026, 11, 22, tzinfo=UTC)), "run", 0.0)


class House:
    """A state to be looked at, and a channel of it whose time passes by hand."""

    def __init__(self):
        self.state = {"inside": 0}
        self.looks = 0
        self.clock = SimClock()
        self.channel = Channel(self.look, feed_row, self.clock, look_s=0.0)

    def look(self):
        self.looks += 1
        return dict(self.state)

    async def tick(self, seconds=0.0):
        """Let the channel look once more, after so many seconds."""
        self.clock.passed_s += seconds
        before = self.looks
        while self.looks == before:
            await asyncio.sleep(0)


@pytest.fixture
async def house(monkeypatch):
    monkeypatch.setattr(stream, "BREATH_S", 0.0)
    house = House()
    running = asyncio.ensure_future(house.channel.run())
    yield house
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def told(listener):
    """Return what waits for a page: pairs of kind and content."""
    raw = await listener.next()
    messages = []
    for block in filter(None, raw.decode().split("\n\n")):
        lines = dict(line.split(": ", 1) for line in block.splitlines())
        messages.append((lines["event"], json.loads(lines["data"])))
    return messages


def ids(messages):
    return [content["id"] for kind, content in messages if kind == "event"]


async def test_a_page_that_comes_is_told_the_state_then_the_rows_then_that_it_is_live(house):
    house.channel.committed([event(1), event(2)])
    messages = await told(house.channel.join(None))
    assert [kind for kind, _ in messages] == ["status", "event", "event", "live"]
    assert messages[0][1]["inside"] == 0
    assert ids(messages) == [f"{EPOCH}-1", f"{EPOCH}-2"]


async def test_a_page_that_comes_back_is_told_what_it_missed(house):
    house.channel.committed([event(1), event(2), event(3)])
    assert ids(await told(house.channel.join(f"{EPOCH}-2"))) == [f"{EPOCH}-3"]
    assert ids(await told(house.channel.join(f"{EPOCH}-3"))) == []


async def test_a_page_that_was_away_too_long_is_told_all_that_is_kept(house):
    house.channel.remember([event(number) for number in range(1, ROWS_KEPT + 51)])
    assert len(ids(await told(house.channel.join(f"{EPOCH}-7")))) == ROWS_KEPT


async def test_nothing_is_lost_between_joining_and_living(house):
    house.channel.committed([event(1)])
    page = house.channel.join(None)
    house.channel.committed([event(2)])
    another = house.channel.join(None)
    await house.tick()
    for one in (page, another):
        assert ids(await told(one)) == [f"{EPOCH}-1", f"{EPOCH}-2"]


async def test_a_record_costs_the_gate_nothing_before_it_opens(house):
    """Rows are made later: whoever waits for the record comes first."""
    page = house.channel.join(None)
    await told(page)
    house.channel.committed([event(1)])
    assert not page.waiting
    await house.tick()
    assert ids(await told(page)) == [f"{EPOCH}-1"]


async def test_rows_and_the_state_after_them_are_one_write(house):
    page = house.channel.join(None)
    await told(page)
    house.state["inside"] = 1
    house.channel.committed([event(1), event(2)])
    await house.tick()
    assert len(page.waiting) == 1
    assert [kind for kind, _ in await told(page)] == ["event", "event", "status"]


async def test_a_change_is_told_to_all_and_one_who_comes_in_between_takes_it_from_nobody(house):
    first = house.channel.join(None)
    await told(first)
    house.state["inside"] = 1
    await told(house.channel.join(None))  # Is shown the new state before the others were.
    await house.tick()
    assert ("status", 1) in [(kind, content.get("inside")) for kind, content in await told(first)]


async def test_what_did_not_change_is_not_told_again(house):
    page = house.channel.join(None)
    await told(page)
    await house.tick()
    await house.tick()
    assert not page.waiting


async def test_the_time_is_told_so_that_silence_means_something(house):
    page = house.channel.join(None)
    await told(page)
    await house.tick(2.0)
    await house.tick()
    (ping,) = await told(page)
    assert ping[0] == "ping"
    assert 2000 <= ping[1]["now_ms"] <= round(house.clock.monotonic() * 1000)


async def test_a_message_is_made_once_for_all_pages(house):
    pages = [house.channel.join(None) for _ in range(20)]
    for page in pages:
        await told(page)
    looks = house.looks
    house.state["inside"] = 1
    await house.tick()
    assert house.looks == looks + 1
    assert len({id(page.waiting[0]) for page in pages}) == 1


async def test_nobody_looks_while_no_page_is_open(house):
    for _ in range(5):
        await asyncio.sleep(0)
    assert house.looks == 0


async def test_a_page_that_takes_nothing_is_let_go_and_keeps_nothing(house):
    page = house.channel.join(None)
    for number in range(WAITING_MAX):
        house.channel.committed([event(number)])
        await house.tick()
    assert page.is_gone
    assert await page.next() is None
    assert not page.waiting


async def test_all_pages_are_let_go_at_the_end(house):
    waiting = [asyncio.ensure_future(house.channel.join(None).next()) for _ in range(2)]
    house.channel.close()
    assert await asyncio.gather(*waiting) == [None, None]


async def test_a_page_that_left_is_told_nothing(house):
    page = house.channel.join(None)
    await told(page)
    house.channel.leave(page)
    house.channel.committed([event(1)])
    await told(house.channel.join(None))
    await house.tick()
    assert not page.waiting
    assert len(house.channel) == 1
