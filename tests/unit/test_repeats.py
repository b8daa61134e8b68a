"""A request of a page is carried out once, and never late."""

import asyncio

import pytest

from gatewayd.core.roles import Role
from gatewayd.desk import repeats
from gatewayd.desk.repeats import HEADER, KEPT_S, LATE_S, Repeats
from tests.sim.loop import run
from tests.unit.desk_site import DeskSite, shown
from tests.unit.doubles import SimClock

WHAT = ("/api/admit", '{"lane": "lane-1"}')
CALLER = "user:petugas-1"


class Lane:
    """Opens once for each call, after a moment."""

    def __init__(self) -> None:
        self.openings = 0
        self.fails = False

    async def open(self):
        await asyncio.sleep(1)
        if self.fails:
            raise RuntimeError("gone")
        self.openings += 1
        return {"ok": True, "admitted": self.openings}


def desk(name="run-1"):
    clock = SimClock()
    return Repeats(name, clock), clock, Lane()


def mark(clock):
    return f"run-1.{round(clock.monotonic() * 1000)}"


def test_a_request_that_is_sent_twice_opens_once_and_gets_the_same_answer():
    async def main():
        asked, clock, lane = desk()
        key = f"{mark(clock)}.tap-0001"
        both = [asked.once(CALLER, key, WHAT, lane.open) for _ in range(2)]
        answers = await asyncio.gather(*both)
        later = await asked.once(CALLER, key, WHAT, lane.open)
        return lane.openings, [*answers, later]

    openings, answers = run(main())
    assert openings == 1
    assert answers == [{"ok": True, "admitted": 1}] * 3


def test_whoever_taps_again_or_is_somebody_else_is_served_again():
    async def main():
        asked, clock, lane = desk()
        begins = mark(clock)
        for caller, tap in ((CALLER, "tap-0001"), (CALLER, "tap-0002"), ("user:b", "tap-0001")):
            await asked.once(caller, f"{begins}.{tap}", WHAT, lane.open)
        return lane.openings

    assert run(main()) == 3


@pytest.mark.parametrize(
    ("age_s", "code"), [(-5.0, "late"), (LATE_S - 1, None), (LATE_S, "late"), (KEPT_S, "late")]
)
def test_a_request_that_comes_late_opens_nothing(age_s, code):
    async def main():
        asked, clock, lane = desk()
        clock.passed_s = 100.0
        key = f"{mark(clock)}.tap-0001"
        clock.passed_s += age_s
        answer = await asked.once(CALLER, key, WHAT, lane.open)
        return answer.get("code"), lane.openings

    assert run(main()) == (code, 0 if code else 1)


def test_what_became_of_it_is_told_when_it_is_too_late_to_do_it():
    async def main():
        asked, clock, lane = desk()
        key = f"{mark(clock)}.tap-0001"
        first = await asked.once(CALLER, key, WHAT, lane.open)
        clock.passed_s += LATE_S * 2
        return first, await asked.once(CALLER, key, WHAT, lane.open), lane.openings

    first, again, openings = run(main())
    assert first == again
    assert openings == 1


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("run-0.0.tap-0001", "restarted"),
        ("run-1.0.short", "key"),
        ("run-1.0", "key"),
        ("run-1.x.tap-0001", "key"),
        ("x" * 500, "key"),
    ],
)
def test_a_key_of_another_run_or_form_opens_nothing(key, code):
    async def main():
        asked, _, lane = desk()
        return (await asked.once(CALLER, key, WHAT, lane.open))["code"], lane.openings

    assert run(main()) == (code, 0)


def test_a_key_stands_for_one_request_only():
    async def main():
        asked, clock, lane = desk()
        key = f"{mark(clock)}.tap-0001"
        await asked.once(CALLER, key, WHAT, lane.open)
        return (await asked.once(CALLER, key, ("/api/lane", "{}"), lane.open))["code"]

    assert run(main()) == "key_reused"


def test_who_repeats_a_request_that_failed_is_told_so():
    async def main():
        asked, clock, lane = desk()
        lane.fails = True
        key = f"{mark(clock)}.tap-0001"
        with pytest.raises(RuntimeError, match="gone"):
            await asked.once(CALLER, key, WHAT, lane.open)
        return (await asked.once(CALLER, key, WHAT, lane.open))["code"]

    assert run(main()) == "failed"


def test_more_than_hands_can_tap_is_refused(monkeypatch):
    monkeypatch.setattr(repeats, "KEPT_MAX", 2)

    async def main():
        asked, clock, lane = desk()
        codes = []
        for tap in range(3):
            key = f"{mark(clock)}.tap-000{tap}"
            codes.append((await asked.once(CALLER, key, WHAT, lane.open)).get("code"))
        clock.passed_s += KEPT_S
        key = f"{mark(clock)}.tap-0009"
        codes.append((await asked.once(CALLER, key, WHAT, lane.open)).get("code"))
        return codes

    assert run(main()) == [None, None, "too_many", None]


# --- through the server ---


def tap(site, chance="tap-0001", age_s=0.0):
    at_ms = round((site.clock.monotonic() - age_s) * 1000)
    return {**shown(Role.OFFICER), HEADER: f"run.{at_ms}.{chance}"}


async def test_the_server_carries_a_request_with_a_key_out_once():
    site = DeskSite()
    async with site.served() as caller:
        first, again = tap(site), tap(site, "tap-0002")
        body = {"lane": "lane-1", "order": "lock"}
        for headers in (first, first, again, shown(Role.OFFICER), shown(Role.OFFICER)):
            status, told, _ = await caller.ask("POST", "/api/lane", headers, body)
            assert (status, told["ok"]) == (200, True)
        assert site.asked == ["lane"] * 4, "without a key each one counts"
        other = {**body, "order": "free"}
        status, told, _ = await caller.ask("POST", "/api/lane", first, other)
        assert (status, told["code"]) == (409, "key_reused")


async def test_the_server_does_nothing_that_was_asked_long_ago():
    site = DeskSite()
    site.clock.passed_s = 1000.0
    async with site.served() as caller:
        headers = tap(site, age_s=LATE_S)
        status, told, _ = await caller.ask("POST", "/api/admit", headers, {"lane": "lane-1"})
        assert (status, told["code"], site.asked) == (409, "late", [])
