"""Help at the gate, in virtual time: two failed scans, a button, the desk; answered or over."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from drivers import base
from gatewayd.cli import assist
from gatewayd.core.assists import FAILED_WITHIN_S, NO_HELP, FailedScans
from gatewayd.core.events import Access, AccessOutcome, Alarm, Audit, AuditSubject, Draft
from gatewayd.core.folded import ASSISTS
from gatewayd.core.recap import Recap
from gatewayd.core.words import Direction, LaneId
from gatewayd.runtime.assist_button import AssistButton
from gatewayd.runtime.assists import Assists
from tests.sim.loop import run
from tests.unit.doubles import START, SimCache, SimJournal, SimTurnstile, Site

ONE, TWO = LaneId("lane-1"), LaneId("lane-2")
REFUSED = Access(
    outcome=AccessOutcome.REFUSED,
    lane=ONE,
    direction=Direction.ENTRY,
    reason="base45",
    source="gateway",
    kind="unreadable",
)
OPEN, PRESSED = base.ContactSeen(is_closed=False), base.ContactSeen(is_closed=True)


def test_two_failed_scans_at_a_lane_within_a_minute_ask_for_help():
    scans = FailedScans()
    assert scans.note(REFUSED, 0) is None
    assert scans.note(replace(REFUSED, lane=TWO), 1) is None
    assert scans.note(REFUSED, FAILED_WITHIN_S) == ONE
    assert scans.note(REFUSED, FAILED_WITHIN_S + 1) is None, "they are counted anew"


def test_failed_scans_too_far_apart_do_not():
    scans = FailedScans()
    for minute in range(4):
        assert scans.note(REFUSED, minute * (FAILED_WITHIN_S + 0.1)) is None


@pytest.mark.parametrize(
    "fact",
    [
        *(replace(REFUSED, reason=reason) for reason in sorted(NO_HELP)),
        replace(REFUSED, source="officer"),
        replace(REFUSED, outcome=AccessOutcome.REFERRED),
        replace(REFUSED, direction=Direction.EXIT),
        Alarm(outcome="raised", alarm="fire", subject=ONE),
    ],
)
def test_what_is_not_trouble_with_a_code_does_not_count(fact):
    scans = FailedScans()
    assert [scans.note(fact, at_s) for at_s in range(4)] == [None] * 4


class Desk:
    """Two lanes, a help button at the second, and the commands."""

    def __init__(self, journal: SimJournal | None = None, cache: SimCache | None = None) -> None:
        self.site = Site(
            [SimTurnstile(), SimTurnstile()],
            journal=journal or SimJournal(),
            cache=cache or SimCache(),
        )
        site = self.site
        lanes = {lane.id: lane for lane in site.lanes}
        self.assists = Assists(lanes, site.cache, site.recorder, site.clock)
        site.committed.append(self.assists.committed)
        self.contact: Callable[[base.SensorReport], None] = lambda _: None
        self.button = AssistButton("help", TWO, self, self.assists, site.alarms)
        self.commands = site.commands(**self.assists.verbs)

    async def run(self, report: Callable[[base.SensorReport], None]) -> None:
        """Stand in for the button's contact."""
        self.contact = report
        report(OPEN)
        await asyncio.Event().wait()

    async def ask(self, do: str, **request: object) -> dict[str, Any]:
        return await self.commands.answer({"do": do, **request}, "uid:0")

    @property
    def waiting(self) -> list[tuple[object, object, object]]:
        return [(one["assist"], one["lane"], one["cause"]) for one in self.assists.waiting()]

    @property
    def audits(self) -> list[str]:
        return [fact.action for fact in self.site.facts(Audit)]


def played(play: Callable[[Desk], Awaitable[None]], desk: Desk | None = None) -> Desk:
    desk = desk or Desk()

    async def main() -> None:
        async with desk.site.running(), asyncio.TaskGroup() as tasks:
            parts = [
                tasks.create_task(desk.assists.run()),
                tasks.create_task(desk.button.run()),
            ]
            await asyncio.sleep(0.1)
            await play(desk)
            await asyncio.sleep(1.5)
            for part in parts:
                part.cancel()

    run(main())
    return desk


def test_the_desk_sees_within_a_second_who_does_not_get_on():
    """R40."""

    async def play(desk: Desk) -> None:
        desk.site.scan("B-1")
        await asyncio.sleep(5)
        assert desk.waiting == []
        desk.site.scan("B-1")
        await asyncio.sleep(1)
        assert desk.waiting == [(1, ONE, "failed_scans")]
        for _ in range(4):
            desk.site.scan("B-1")
            await asyncio.sleep(5)
        assert desk.waiting == [(1, ONE, "failed_scans")], "one request, however often they try"

    assert played(play).audits == ["assist_requested"]


def test_a_help_button_asks_each_time_that_it_is_pressed_after_an_answer():
    """R40."""

    async def play(desk: Desk) -> None:
        for report in (PRESSED, PRESSED, OPEN, PRESSED, OPEN):
            desk.contact(report)
        assert desk.waiting == [(1, TWO, "button")]
        await asyncio.sleep(30)
        done = await desk.ask("assist_done", assist=1, note="showed them the reader")
        assert (done["ok"], done["seconds"]) == (True, 30)
        desk.contact(PRESSED)
        assert desk.waiting == [(2, TWO, "button")]

    desk = played(play)
    assert desk.audits == ["assist_requested", "assist_done", "assist_requested"]
    done = desk.site.facts(Audit)[1].detail
    assert done == {
        "assist": 1,
        "lane": TWO,
        "cause": "button",
        "seconds": 30,
        "officer": "uid:0",
        "note": "showed them the reader",
    }


def test_a_button_that_is_stuck_or_comes_back_pressed_asks_nothing():
    async def play(desk: Desk) -> None:
        desk.contact(base.LinkLost("the cable is out"))
        desk.contact(PRESSED)
        assert desk.waiting == []

    assert played(play).audits == []


def test_help_is_asked_for_at_the_desk_once_for_each_lane():
    async def play(desk: Desk) -> None:
        first = await desk.ask("assist_request", lane=ONE)
        again = await desk.ask("assist_request", lane=ONE)
        other = await desk.ask("assist_request", lane=TWO)
        assert [(it["assist"], it["already"]) for it in (first, again, other)] == [
            (1, False),
            (1, True),
            (2, False),
        ]
        assert "`lane` is one of" in (await desk.ask("assist_request", lane="x"))["text"]
        assert [one["assist"] for one in (await desk.ask("assists"))["assists"]] == [1, 2]

    played(play)


def test_what_nobody_answers_is_over_after_ten_minutes():
    async def play(desk: Desk) -> None:
        await desk.ask("assist_request", lane=ONE)
        await asyncio.sleep(599)
        assert desk.waiting != []
        await asyncio.sleep(3)
        assert desk.waiting == []
        assert "nobody waits under 1" in (await desk.ask("assist_done", assist=1))["text"]

    desk = played(play)
    assert desk.audits == ["assist_requested", "assist_lapsed"]
    assert list(desk.site.cache.items(ASSISTS)) == []


def test_who_waits_still_waits_after_a_restart():
    async def begin(desk: Desk) -> None:
        await desk.ask("assist_request", lane=ONE)

    async def go_on(desk: Desk) -> None:
        assert desk.waiting == [(1, ONE, "desk")]
        assert (await desk.ask("assist_request", lane=TWO))["assist"] == 2

    before = played(begin)
    played(go_on, Desk(before.site.journal, before.site.cache))


def test_help_does_not_wait_for_the_disk_and_its_end_does():
    async def play(desk: Desk) -> None:
        desk.site.journal.refusal = "the disk is full"
        assert (await desk.ask("assist_request", lane=ONE))["ok"]
        assert desk.waiting == [(1, ONE, "desk")]
        refused = await desk.ask("assist_done", assist=1)
        assert "cannot be recorded" in refused["text"]
        assert desk.waiting == [(1, ONE, "desk")]
        desk.site.journal.refusal = None

    assert "assist_requested" in played(play).audits


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ({"assist": 0}, "`assist` is a whole number"),
        ({"assist": 1, "note": "x" * 201}, "`note` has up to 200 characters"),
    ],
)
def test_an_answer_that_is_none_is_told_why(request_, told):
    async def play(desk: Desk) -> None:
        await desk.ask("assist_request", lane=ONE)
        assert told in (await desk.ask("assist_done", **request_))["text"]
        assert desk.waiting != []

    played(play)


def test_a_recap_tells_who_needed_help_and_who_gave_it():
    recap = Recap(START, START + timedelta(days=1), UTC)
    for action, detail in (
        ("assist_requested", {"cause": "button"}),
        ("assist_requested", {"cause": "desk"}),
        ("assist_requested", {"cause": "desk"}),
        ("assist_done", {"officer": "petugas-1"}),
        ("assist_lapsed", {}),
        ("signed_out", {"officer": "petugas-1"}),
    ):
        recap.fold(Draft(Audit(subject=AuditSubject.OFFICER, action=action, detail=detail), START))
    assert recap.tables()["assists"] == {
        "asked: desk": 2,
        "asked: button": 1,
        "helped: petugas-1": 1,
        "lapsed": 1,
    }


def test_the_list_at_a_terminal_says_who_is_on_the_way(monkeypatch, tmp_path):
    row = {"assist": 3, "lane": "lane-1", "cause": "button", "at": "2021-11-29T01:00:00.000Z"}
    rows = [row, {**row, "assist": 4, "by": "petugas-1"}]
    monkeypatch.setattr(assist, "ask_gateway", lambda *_: {"ok": True, "assists": rows})
    settings = tmp_path / "gate.toml"
    settings.touch()
    result = CliRunner().invoke(assist.assist, ["list", "-c", str(settings)])
    first, second = result.output.splitlines()
    assert "on the way" not in first
    assert second.endswith("petugas-1 is on the way")
