"""What looks after the officers on duty, in virtual time: forgotten shifts, and an empty desk."""

import asyncio
from dataclasses import replace
from datetime import UTC

import pytest

from gatewayd.core.events import Alarm, Audit, AuditSubject
from gatewayd.core.hours import Hours, parse_span
from gatewayd.core.policy import OfficerRules, Policy
from gatewayd.runtime import duty_watch
from gatewayd.runtime.duty_watch import watch_duty
from tests.sim.loop import run
from tests.unit.doubles import Site

RULES = OfficerRules(is_required=True, unattended_minutes=10, shift_hours=8)
SIGNED_IN = Audit(
    subject=AuditSubject.OFFICER,
    action="signed_in",
    detail={"officer": "petugas-1", "how": "pin", "caller": "uid:1000"},
)


def watched(play, policy: Policy | None = None) -> Site:
    site = Site([], policy=policy or Policy(zone=UTC, officer=RULES))

    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            watch = watch_duty(site.gate, site.recorder, site.alarms, site.clock)
            parts = [tasks.create_task(site.recorder.run()), tasks.create_task(watch)]
            await play(site)
            for part in parts:
                part.cancel()

    run(main())
    return site


def alarms(site: Site) -> list[tuple[str, str]]:
    return [(fact.alarm, str(fact.outcome)) for fact in site.facts(Alarm)]


def test_an_empty_desk_is_an_alarm_after_its_minutes_until_somebody_signs_on():
    """R13: the alarm `unattended`."""

    async def play(site: Site) -> None:
        await asyncio.sleep(600)
        assert site.alarms.active() == []
        await asyncio.sleep(5)
        assert site.alarms.active() == ["unattended/gateway"]
        site.recorder.keep(SIGNED_IN)
        await asyncio.sleep(2)
        assert site.alarms.active() == []

    assert alarms(watched(play)) == [("unattended", "raised"), ("unattended", "cleared")]


def test_who_comes_back_in_time_raises_no_alarm():
    async def play(site: Site) -> None:
        for _ in range(3):
            await asyncio.sleep(500)
            site.recorder.keep(SIGNED_IN)
            await asyncio.sleep(60)
            site.recorder.keep(replace(SIGNED_IN, action="signed_out"))

    assert alarms(watched(play)) == []


@pytest.mark.slow
def test_a_closed_house_needs_nobody(monkeypatch):
    monkeypatch.setattr(duty_watch, "LOOK_S", 60.0)  # There are many hours to look at.
    span = parse_span("mon 08:30-16:00")  # It is eight in the morning of a Monday... in UTC: one.
    assert span is not None
    policy = Policy(zone=UTC, officer=RULES, opening_hours=Hours((span,)))

    async def play(site: Site) -> None:
        await asyncio.sleep(7.4 * 3600)
        assert site.alarms.active() == []
        await asyncio.sleep(0.3 * 3600)
        assert site.alarms.active() == ["unattended/gateway"]
        await asyncio.sleep(7.5 * 3600)
        assert site.alarms.active() == []

    watched(play, policy)


def test_where_nobody_has_to_be_there_an_old_alarm_ends():
    async def play(site: Site) -> None:
        await asyncio.sleep(700)
        assert site.alarms.active() == ["unattended/gateway"]
        relaxed = replace(site.gate.knowledge.policy, officer=OfficerRules())
        site.gate.knowledge = replace(site.gate.knowledge, policy=relaxed)
        await asyncio.sleep(2)
        assert site.alarms.active() == []

    watched(play)


@pytest.mark.slow
def test_a_forgotten_shift_ends_once_after_its_hours():
    async def play(site: Site) -> None:
        site.recorder.keep(SIGNED_IN)
        await asyncio.sleep(8 * 3600 - 2)
        assert len(site.facts(Audit)) == 1
        site.blocking.delay_s = 3.0  # The disk is slow, and the watch looks again meanwhile.
        await asyncio.sleep(20)

    _, over = watched(play).facts(Audit)
    assert (over.action, over.detail["how"]) == ("signed_out", "shift_over")
    assert over.detail["officer"] == "petugas-1"
