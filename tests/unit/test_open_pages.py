"""Open pages over real HTTP: who may see what, how many, and for how long."""

import asyncio
import json

import pytest
from aiohttp import ClientError, web
from aiohttp.test_utils import TestClient, TestServer

from gatewayd.core.roles import Role, Who
from gatewayd.core.words import LaneId
from gatewayd.desk import open_pages, seats
from gatewayd.desk.open_pages import OpenPages
from gatewayd.desk.seats import Full, Seats
from gatewayd.desk.server import WHO
from gatewayd.desk.stream import Channel
from tests.unit.doubles import SimClock

LANE = LaneId("lane-1")


class Guard:
    """Lets in whoever it is told of; `who` may change while a page is open."""

    def __init__(self, who):
        self.signed_in = who

    def who(self, request):
        return self.signed_in


class World:
    def __init__(self, who):
        self.clock = SimClock()
        self.guard = Guard(who)
        self.people = Channel(lambda: {"of": "people"}, lambda _: None, self.clock)
        self.lane = Channel(lambda: {"of": "lane-1"}, lambda _: None, self.clock)
        self.pages = OpenPages(
            self.guard, self.clock, dict.fromkeys(Role, self.people), {LANE: self.lane}
        )
        self.server = web.Application(middlewares=[self.known])
        self.server.router.add_get("/api/stream", self.pages.stream)
        self.server.router.add_get("/api/display/{lane}", self.pages.display)

    @web.middleware
    async def known(self, request, handler):
        request[WHO] = self.guard.signed_in
        return await handler(request)


@pytest.fixture
async def opened():
    clients = []

    async def open_for(who):
        world = World(who)
        client = TestClient(TestServer(world.server))
        await client.start_server()
        clients.append(client)
        return world, client

    yield open_for
    for client in clients:
        await client.close()


async def first(answer):
    while True:
        line = (await answer.content.readline()).decode()
        if line.startswith("data: "):
            return json.loads(line.removeprefix("data: "))


OFFICER = Who("petugas-1", Role.OFFICER)
SCREEN = Who("layar-1", Role.DISPLAY, LANE)


async def test_a_page_hears_the_channel_of_its_role(opened):
    _, client = await opened(OFFICER)
    async with client.get("/api/stream") as answer:
        assert (await first(answer))["of"] == "people"
        assert answer.headers["X-Accel-Buffering"] == "no"


@pytest.mark.parametrize("who", [OFFICER, SCREEN])
async def test_a_lane_is_shown_to_its_own_screen_and_to_staff(opened, who):
    _, client = await opened(who)
    async with client.get("/api/display/lane-1") as answer:
        assert (await first(answer))["of"] == "lane-1"


async def test_a_screen_hears_no_other_lane(opened):
    _, client = await opened(SCREEN)
    async with client.get("/api/display/lane-2") as answer:
        assert answer.status == 403


async def test_a_lane_that_there_is_not_is_not_found(opened):
    _, client = await opened(OFFICER)
    async with client.get("/api/display/lane-9") as answer:
        assert answer.status == 404
        assert "lane-1" in (await answer.json())["text"]


@pytest.mark.parametrize("after", [None, Who("petugas-1", Role.AUDITOR)])
async def test_whoever_is_signed_out_or_becomes_another_hears_no_more(opened, after):
    world, client = await opened(OFFICER)
    async with client.get("/api/stream") as answer:
        await first(answer)
        world.guard.signed_in = after
        world.clock.passed_s += open_pages.LOOK_AGAIN_S
        world.people.committed([])
        (listener,) = world.people._listeners
        listener.tell(b"event: secret\n\n")
        assert b"secret" not in await answer.content.read()
    await gone(world)


async def test_a_page_that_is_closed_leaves_nothing_behind(opened):
    world, client = await opened(OFFICER)
    answer = await client.get("/api/stream")
    await first(answer)
    assert (len(world.people), len(world.pages.seats)) == (1, 1)
    answer.close()
    await gone(world)


async def gone(world):
    async with asyncio.timeout(10):
        while len(world.people) or len(world.pages.seats):
            for listener in list(world.people._listeners):
                listener.tell(b": \n\n")  # What is written to a closed page fails.
            await asyncio.sleep(0)


async def test_a_page_that_takes_nothing_is_let_go(opened, monkeypatch):
    monkeypatch.setattr(open_pages, "STUCK_S", 0.0)
    world, client = await opened(OFFICER)
    async with client.get("/api/stream") as answer:
        (listener,) = await joined(world)
        listener.tell(b"x" * (1 << 24))  # More than a socket takes at once.
        with pytest.raises(ClientError):
            await answer.content.read()
    await gone(world)


async def joined(world):
    async with asyncio.timeout(10):
        while not len(world.people):
            await asyncio.sleep(0)
    return list(world.people._listeners)


@pytest.mark.parametrize(
    ("limit", "status", "code"),
    [
        ("PAGES_MAX", 503, "pages_full"),
        ("PAGES_OF_ONE_MAX", 429, "pages_of_account"),
        ("PAGES_FROM_ONE_MAX", 429, "pages_of_address"),
    ],
)
async def test_one_page_too_many_is_told_so_and_when_to_try_again(
    opened, monkeypatch, limit, status, code
):
    monkeypatch.setattr(seats, limit, 1)
    _, client = await opened(OFFICER)
    async with client.get("/api/stream") as answer:
        await first(answer)
        async with client.get("/api/stream") as another:
            assert another.status == status
            assert (await another.json())["code"] == code
            assert int(another.headers["Retry-After"]) > 0


def test_a_seat_is_free_again_for_the_account_and_the_address_it_was_of(monkeypatch):
    monkeypatch.setattr(seats, "PAGES_OF_ONE_MAX", 1)
    taken = Seats()
    with taken.taken("petugas-1", "10.0.0.1"):
        assert taken.refusal("petugas-1", "10.0.0.2") is Full.ACCOUNT
        assert taken.refusal("petugas-2", "10.0.0.1") is None
    assert taken.refusal("petugas-1", "10.0.0.1") is None
    assert not taken._by_label
    assert not taken._by_address
