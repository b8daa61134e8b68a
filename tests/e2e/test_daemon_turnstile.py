"""The gateway and its turnstile on a serial line, in good times and bad."""

import pytest

from tests.e2e.daemon import Site, issue, until

pytestmark = pytest.mark.timeout(120)

PATIENT = "unlock_ms = 30000\n"  # The turnstile waits for the person as long as a test needs.


def count(site, outcome):
    return len(site.journal(f"passage.{outcome}"))


async def test_garbage_on_the_line_opens_nothing_and_loses_nobody(tmp_path):
    async with Site(tmp_path) as site:
        for noise in (b"\0" * 50, b"OPEN\r\n" * 50, bytes(range(256)) * 8):
            site.lane.cable.disturb(noise)
        await site.pass_through(issue("1001"))
        site.lane.cable.disturb(b"\x00\xff\x00" * 99)
        await site.pass_through(issue("1001"), "exit")
        assert len(site.lane.openings) == 2
        assert count(site, "completed") == 2
        assert site.inside() == 0


async def test_a_passage_during_an_unplugged_cable_is_recorded_once_from_the_log(tmp_path):
    async with Site(tmp_path, turnstile=PATIENT) as site:
        await site.lane.turnstile.obey("next stay")
        assert await site.show(issue("1001")) == ("admitted", "ok")
        await until(lambda: site.lane.openings)
        site.lane.cable.unplug()
        await until(lambda: site.log("alarm_raised", alarm="link_lost", subject="lane-1"))
        assert site.status()["grants_in_force"] == 1
        site.lane.turnstile.order("force")  # Through the arm that is open for them.
        await until(lambda: site.lane.turnstile.told("passed"))
        site.lane.cable.plug()
        await until(lambda: site.inside() == 1)
        await until(site.is_ready)
        assert site.status()["grants_in_force"] == 0
        assert [event["data"]["holder"] for event in site.journal("passage")] == [
            event["data"]["holder"] for event in site.journal("access")
        ]


async def test_without_a_link_nobody_is_let_in_and_the_reason_is_told(tmp_path):
    async with Site(tmp_path) as site:
        site.lane.cable.unplug()
        await until(lambda: site.status()["lanes"]["lane-1"]["state"] == "faulted")
        assert await site.show(issue("1001")) == ("refused", "turnstile_not_ready")
        code, out, _ = await site.cli("status")
        assert code == 0
        assert "lane-1: faulted, no link to the turnstile" in out
        site.lane.cable.plug()
        await until(site.is_ready)
        await site.pass_through(issue("1002"))
        assert len(site.lane.openings) == 1


async def test_who_forces_the_arm_or_follows_behind_leaves_a_breach_and_is_counted(tmp_path):
    """R33."""
    async with Site(tmp_path) as site:
        site.lane.turnstile.order("force")
        await until(lambda: site.inside() == 1)
        await site.lane.turnstile.obey("next tailgate")
        await site.pass_through(issue("1001"))
        await until(lambda: site.inside() == 3)
        breaches = [event["data"]["reason"] for event in site.journal("passage.breached")]
        assert breaches == ["forced", "tailgate"]
        assert len(site.lane.openings) == 1


async def test_exits_are_counted_with_a_reader_and_without(tmp_path):
    async with Site(tmp_path) as site:
        for subject in ("1001", "1002"):
            await site.pass_through(issue(subject))
        await site.pass_through(issue("1001"), "exit")
        assert site.inside() == 1
        site.lane.turnstile.order("exit")
        await until(lambda: site.inside() == 0)
        assert count(site, "unattributed") == 1
        assert site.status()["occupancy"]["uncertain"] == 1


async def test_whoever_turns_back_is_not_inside_and_may_come_again(tmp_path):
    async with Site(tmp_path) as site:
        await site.lane.turnstile.obey("next turn-back")
        assert await site.show(issue("1001")) == ("admitted", "ok")
        await until(lambda: site.log("passage", outcome="expired", reason="turned_back"))
        assert site.inside() == 0
        await site.pass_through(issue("1001"))
        assert site.inside() == 1


async def test_in_a_fire_everybody_goes_through_and_is_counted(tmp_path):
    async with Site(tmp_path) as site:
        await site.pass_through(issue("1001"))
        site.lane.turnstile.order("fire on")
        await until(lambda: site.status()["lanes"]["lane-1"]["state"] == "free")
        assert site.status()["alarms"] == ["fire/lane-1"]
        assert await site.show(issue("1002")) == ("refused", "emergency")
        site.lane.turnstile.order("exit")
        await until(lambda: site.inside() == 0)
        code, _, error = await site.cli("lane", "resume", "lane-1")
        assert (code, "fire input is on" in error) == (1, True)
        site.lane.turnstile.order("fire off")
        await until(lambda: site.status()["lanes"]["lane-1"]["state"] == "idle")
        await site.pass_through(issue("1003"))
        assert site.status()["alarms"] == []
        assert len(site.lane.openings) == 2


async def test_a_locked_lane_lets_nobody_in_and_everybody_out(tmp_path):
    async with Site(tmp_path) as site:
        await site.pass_through(issue("1001"))
        await site.pass_through(issue("1002"))
        assert site.ask(do="lane", lane="lane-1", order="lock")["ok"]
        assert await site.show(issue("1003")) == ("refused", "locked_down")
        await site.pass_through(issue("1001"), "exit")
        site.lane.turnstile.order("exit")
        await until(lambda: site.inside() == 0)
        assert site.ask(do="lane", lane="lane-1", order="resume")["ok"]
        await site.pass_through(issue("1003"))


async def test_an_order_of_the_officer_holds_over_a_restart(tmp_path):
    async with Site(tmp_path) as site:
        assert site.ask(do="lane", lane="lane-1", order="lock")["ok"]
        site.kill()
        await site.start()
        assert site.status()["lanes"]["lane-1"]["order"] == "exit_only"
        assert await site.show(issue("1001")) == ("refused", "locked_down")


async def test_a_free_lane_lets_everybody_through_and_counts_them(tmp_path):
    async with Site(tmp_path) as site:
        assert site.ask(do="lane", lane="lane-1", order="free")["ok"]
        await until(lambda: site.lane.turnstile.told("mode_changed", mode="free"))
        site.lane.turnstile.order("force")
        await until(lambda: site.inside() == 1)
        assert count(site, "breached") == 0
        assert count(site, "unattributed") == 1
        assert site.ask(do="lane", lane="lane-1", order="resume")["ok"]
        await until(lambda: site.lane.turnstile.told("mode_changed", mode="normal"))
        await site.pass_through(issue("1001"))
