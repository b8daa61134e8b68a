"""One lane from the reader to the turnstile and back, in virtual time, over doubles with memory."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC

import pytest

from drivers import base
from gatewayd.core.credential import Attested
from gatewayd.core.events import (
    Access,
    AccessOutcome,
    Alarm,
    AlarmOutcome,
    Audit,
    Passage,
    PassageOutcome,
)
from gatewayd.core.lane_terms import Faulted, Granted, Idle, Indication, Order
from gatewayd.core.occupancy import Occupancy
from gatewayd.core.policy import AntiPassback, Capacity, Policy
from gatewayd.core.words import Direction
from gatewayd.runtime.asked import Admission
from gatewayd.runtime.supervisor import keep_running
from tests.sim.loop import run
from tests.unit.doubles import People, SimTurnstile, Site, holder

ENTRY, EXIT = Direction.ENTRY, Direction.EXIT
FULL = "no space left on /var/lib/gatewayd: make room"
HARD = Policy(zone=UTC, anti_passback=AntiPassback.HARD)

Play = Callable[[Site, SimTurnstile], Awaitable[None]]


def played(play: Play, turnstile: SimTurnstile | None = None, **site: object) -> Site:
    """Run a play at a site with one lane; return the site as it was at the end."""
    turnstile = turnstile or SimTurnstile()
    made = Site([turnstile], **site)

    async def main() -> None:
        async with made.running():
            await play(made, turnstile)

    run(main())
    return made


def verdicts(site: Site) -> list[tuple[str, str]]:
    return [(str(fact.outcome), fact.reason) for fact in site.facts(Access)]


def ends(site: Site) -> list[tuple[str, str | None]]:
    return [(str(fact.outcome), fact.reason) for fact in site.facts(Passage)]


def alarms(site: Site) -> list[tuple[str, str, str]]:
    return [(str(fact.outcome), fact.alarm, fact.subject) for fact in site.facts(Alarm)]


def attested(**changed: object) -> Attested:
    fields: dict[str, object] = {
        "officer": "petugas",
        "reason": "lost card",
        "category": "visitor",
        "healthy": True,
        "protocol": True,
    }
    return Attested(**{**fields, **changed})


class RecordedTurnstile(SimTurnstile):
    """Asserts at each open command that its verdict is on disk."""

    site: Site
    may_be_unrecorded = False

    def send(self, command: base.GateCommand) -> None:
        if isinstance(command, base.OpenOnce) and not self.may_be_unrecorded:
            assert command.grant in [fact.grant for fact in self.site.facts(Access)]
        super().send(command)


# --- the whole way ---


def test_a_person_scans_is_let_through_and_is_inside():
    turnstile = RecordedTurnstile()

    async def play(site: Site, _: SimTurnstile) -> None:
        turnstile.site = site
        site.scan("V-1")
        await asyncio.sleep(0.4)
        assert site.gate.occupancy() == Occupancy({}, {"visitor": 1})
        await asyncio.sleep(2)
        assert site.gate.occupancy() == Occupancy({"visitor": 1}, {})

    site = played(play, turnstile)
    (admitted,) = site.facts(Access)
    (completed,) = site.facts(Passage)
    (opened,) = turnstile.opens
    assert opened == base.OpenOnce(
        str(admitted.grant), base.Direction.ENTRY, unlock_ms=5000, ttl_ms=1500
    )
    assert (completed.outcome, completed.grant) == (PassageOutcome.COMPLETED, admitted.grant)
    assert completed.holder == admitted.holder == holder("V-1")
    assert turnstile.acknowledged == [1]
    assert turnstile.log == []
    assert turnstile.shown(ENTRY) == [base.Signal.READY, base.Signal.GO, base.Signal.READY]
    assert site.lanes[0].state.state == Idle()
    assert site.lanes[0].device == "Sim controller"
    assert len(site.gate.grants) == 0


def test_the_reader_of_the_direction_shows_what_the_lane_says():
    async def play(site: Site, _: SimTurnstile) -> None:
        site.scan("V-1")
        await asyncio.sleep(3)
        site.scan("B-1")
        await asyncio.sleep(3)
        site.scan("V-1", EXIT)
        await asyncio.sleep(3)

    told = {
        direction: [signal for signal in reader.shown if signal is not base.Signal.READY]
        for direction, reader in played(play).readers[0].items()
    }
    assert told == {ENTRY: [base.Signal.GO, base.Signal.REFUSED], EXIT: [base.Signal.GO]}


def test_a_refusal_is_shown_for_a_moment_and_then_the_lane_is_ready_again():
    async def play(site: Site, turnstile: SimTurnstile) -> None:
        site.scan("B-1")
        await asyncio.sleep(2.9)
        assert turnstile.shown(ENTRY)[-1] == base.Signal.REFUSED
        await asyncio.sleep(0.2)
        assert turnstile.shown(ENTRY)[-1] == base.Signal.READY
        assert site.readers[0][ENTRY].shown[-1] == base.Signal.READY

    played(play)


def test_a_lane_without_readers_shows_at_its_turnstile_alone():
    async def play(site: Site, _: SimTurnstile) -> None:
        site.readers[0].clear()
        site.lanes[0].admit(Admission(attested()), lambda _fact: None)
        await asyncio.sleep(3)

    turnstile = SimTurnstile()
    played(play, turnstile)
    assert base.Signal.GO in turnstile.shown(ENTRY)


def test_the_latency_is_from_the_last_byte_to_the_verdict():
    """R35."""

    async def play(site: Site, _: SimTurnstile) -> None:
        report = base.ScanRead(b"V-1", asyncio.get_running_loop().time() - 0.003)
        site.readers[0][ENTRY].tell(report)
        await asyncio.sleep(2)

    (fact,) = played(play).facts(Access)
    assert fact.latency_us == 3000


def test_lanes_run_side_by_side_and_share_their_commits():
    """R23."""
    turnstiles = [SimTurnstile(device="sim-1"), SimTurnstile(device="sim-2")]
    site = Site(turnstiles, Policy(zone=UTC, capacity=Capacity(total=1)))

    async def main() -> None:
        async with site.running():
            site.scan("V-1", lane=0)
            site.scan("V-2", lane=1)
            await asyncio.sleep(5)

    run(main())
    assert site.journal.commit_sizes[0] == 2
    assert sorted(verdicts(site)) == [("admitted", "ok"), ("refused", "capacity_full")]
    assert [len(turnstile.opens) for turnstile in turnstiles] == [1, 0]
    assert site.gate.occupancy().total == 1


def test_an_exit_with_a_reader_counts_the_person_out():
    async def play(site: Site, _: SimTurnstile) -> None:
        site.scan("V-1")
        await asyncio.sleep(3)
        site.scan("V-1", EXIT)
        await asyncio.sleep(3)

    site = played(play)
    assert verdicts(site) == [("admitted", "ok"), ("admitted", "exit")]
    assert ends(site) == [("completed", None), ("completed", None)]
    assert site.gate.occupancy() == Occupancy()


def test_an_exit_without_a_scan_is_counted_too():
    """R23."""

    async def play(site: Site, turnstile: SimTurnstile) -> None:
        site.scan("V-1")
        await asyncio.sleep(3)
        turnstile.walk(base.Direction.EXIT)
        await asyncio.sleep(1)

    site = played(play)
    assert ends(site) == [("completed", None), ("unattributed", None)]
    assert site.gate.occupancy() == Occupancy(uncertain=1)


def test_somebody_who_forces_the_arm_is_a_breach_and_is_inside():
    async def play(site: Site, turnstile: SimTurnstile) -> None:
        turnstile.note(
            base.Breached(base.BreachKind.FORCED, base.Direction.ENTRY, turnstile.next())
        )
        await asyncio.sleep(1)

    site = played(play)
    assert ends(site) == [("breached", "forced")]
    assert site.gate.occupancy() == Occupancy({"unknown": 1}, {}, 1)


def test_the_log_of_a_verdict_names_nobody(caplog):
    async def play(site: Site, _: SimTurnstile) -> None:
        site.scan("V-1")
        await asyncio.sleep(2)

    with caplog.at_level(logging.INFO):
        played(play)
    (record,) = [record for record in caplog.records if record.getMessage() == "verdict"]
    assert record.fields["reason"] == "ok"
    assert str(holder("V-1")) not in str(record.fields)
    assert "V-1" not in str(record.fields)


# --- how a grant ends ---


@pytest.mark.parametrize(
    ("people", "reason", "shown"),
    [
        (People.STAY, "timeout", [base.Signal.GO]),
        (People.REFUSED, "busy", [base.Signal.GO, base.Signal.FAULT]),
    ],
)
def test_a_grant_that_nobody_used_expires_and_its_place_is_free(people, reason, shown):
    async def play(site: Site, _: SimTurnstile) -> None:
        site.scan("V-1")
        await asyncio.sleep(6)
        assert site.gate.occupancy() == Occupancy()
        site.scan("V-1")
        await asyncio.sleep(6)

    turnstile = SimTurnstile(people)
    site = played(play, turnstile, policy=HARD)
    assert ends(site) == [("expired", reason)] * 2
    assert verdicts(site) == [("admitted", "ok")] * 2
    assert turnstile.shown(ENTRY) == [base.Signal.READY, *shown] * 2 + [base.Signal.READY]


def test_an_open_command_without_a_link_expires_at_once():
    async def play(site: Site, turnstile: SimTurnstile) -> None:
        site.scan("V-1")
        turnstile._is_linked = False  # Lost, and not told yet.
        await asyncio.sleep(0.1)

    turnstile = SimTurnstile()
    assert ends(played(play, turnstile)) == [("expired", "no_link")]
    assert turnstile.shown(ENTRY)[-2:] == [base.Signal.GO, base.Signal.FAULT]


@pytest.mark.parametrize("people", [People.SILENT, People.UNKNOWN])
def test_an_unknown_outcome_holds_its_place_for_ten_minutes_and_is_then_uncertain(people):
    async def play(site: Site, _: SimTurnstile) -> None:
        await asyncio.sleep(1000)
        site.scan("V-1")
        await asyncio.sleep(9)
        assert site.lanes[0].state.state == Idle()  # The lane goes on.
        await asyncio.sleep(590)
        assert site.gate.occupancy() == Occupancy({}, {"visitor": 1})
        await asyncio.sleep(12)
        assert site.gate.occupancy() == Occupancy({}, {}, 1)

    assert ends(played(play, SimTurnstile(people))) == [("expired", "unknown_outcome")]


def test_the_ten_minutes_count_from_the_link():
    async def play(site: Site, turnstile: SimTurnstile) -> None:
        site.scan("V-1")
        await asyncio.sleep(10)
        turnstile.unplug()
        await asyncio.sleep(3600)
        assert ends(site) == []
        turnstile.tell(base.LinkUp("a controller without a log"))
        await asyncio.sleep(599)
        assert ends(site) == []
        await asyncio.sleep(12)
        assert ends(site) == [("expired", "unknown_outcome")]

    site = played(play, SimTurnstile(People.SILENT))
    assert site.facts(Passage)[0].uncertain


def test_the_log_settles_an_unknown_outcome_when_the_link_is_back():
    async def play(site: Site, turnstile: SimTurnstile) -> None:
        site.scan("V-1")
        await asyncio.sleep(1)
        turnstile.unplug()
        assert site.lanes[0].state.state == Faulted()
        await asyncio.sleep(60)
        assert site.gate.occupancy() == Occupancy({}, {"visitor": 1})
        turnstile.plug()
        await asyncio.sleep(1)
        assert site.gate.occupancy() == Occupancy()

    site = played(play, SimTurnstile(People.UNKNOWN))
    assert ends(site) == [("expired", "not_opened")]
    assert not site.facts(Passage)[0].uncertain


def test_the_log_settles_an_unknown_outcome_on_the_same_link():
    async def play(site: Site, turnstile: SimTurnstile) -> None:
        site.scan("V-1")
        await asyncio.sleep(2)  # By now it is told that no answer came.
        assert site.gate.occupancy() == Occupancy({}, {"visitor": 1})
        turnstile.tell(base.LogRead("sim-1", ()))
        assert site.lanes[0].state.state == Idle()
        await asyncio.sleep(1)
        assert site.gate.occupancy() == Occupancy()

    turnstile = SimTurnstile(People.UNKNOWN)
    assert ends(played(play, turnstile)) == [("expired", "not_opened")]
    assert turnstile.shown(ENTRY)[-1] == base.Signal.FAULT


def test_a_passage_during_an_outage_is_counted_once_when_the_log_is_read():
    async def play(site: Site, turnstile: SimTurnstile) -> None:
        site.scan("V-1")
        await asyncio.sleep(0.2)
        turnstile.unplug()
        turnstile.walk(base.Direction.ENTRY, turnstile.opens[0].grant)
        await asyncio.sleep(60)
        assert ends(site) == []
        turnstile.plug()
        turnstile.plug()  # The same entries again, before their commit.
        await asyncio.sleep(1)
        turnstile.plug()

    turnstile = SimTurnstile(People.SILENT)
    site = played(play, turnstile)
    assert ends(site) == [("completed", None)]
    assert site.gate.occupancy() == Occupancy({"visitor": 1})
    assert alarms(site) == [("raised", "link_lost", "lane-1"), ("cleared", "link_lost", "lane-1")]


def test_a_grant_in_force_at_the_device_is_not_settled_by_its_log():
    async def play(site: Site, turnstile: SimTurnstile) -> None:
        site.scan("V-1")
        await asyncio.sleep(0.2)
        turnstile.unplug()
        turnstile.plug()
        await asyncio.sleep(1)
        assert ends(site) == []
        turnstile.walk(base.Direction.ENTRY, turnstile.opens[0].grant)
        await asyncio.sleep(1)

    assert ends(played(play, SimTurnstile(People.SILENT))) == [("completed", None)]


def test_what_a_log_lost_is_told_and_its_outcomes_are_uncertain():
    async def play(site: Site, turnstile: SimTurnstile) -> None:
        site.scan("V-1")
        await asyncio.sleep(0.2)
        turnstile.unplug()
        turnstile.in_force = None
        await asyncio.sleep(60)
        turnstile.tell(base.LinkUp("Sim controller"))
        turnstile.tell(base.LogLost("sim-1", 9))
        turnstile.tell(base.LogRead("sim-1", ()))
        await asyncio.sleep(1)

    site = played(play, SimTurnstile(People.SILENT))
    assert ends(site) == [("expired", "not_opened")]
    assert site.facts(Passage)[0].uncertain
    assert [fact.action for fact in site.facts(Audit)] == ["device_log_lost"]
    assert site.gate.occupancy() == Occupancy({}, {}, 10)  # The grant, and nine lost entries.


def test_a_stuck_passage_raises_its_alarm_once_and_its_end_clears_it():
    async def play(site: Site, turnstile: SimTurnstile) -> None:
        site.scan("V-1")
        await asyncio.sleep(1)
        grant = turnstile.opens[0].grant
        turnstile.tell(base.PassageBegan(grant))
        await asyncio.sleep(29)
        assert alarms(site) == []
        await asyncio.sleep(700)  # Over the ten minutes: it is watched, so it is not unknown.
        assert alarms(site) == [("raised", "passage_stuck", "lane-1")]
        assert ends(site) == []
        turnstile.walk(base.Direction.ENTRY, grant)
        await asyncio.sleep(1)

    site = played(play, SimTurnstile(People.SILENT))
    assert alarms(site)[1:] == [("cleared", "passage_stuck", "lane-1")]
    assert ends(site) == [("completed", None)]


# --- who waits ---


def test_three_wait_in_turn_and_a_fourth_is_told_that_the_lane_is_busy(caplog):
    async def play(site: Site, _: SimTurnstile) -> None:
        for number in range(1, 6):
            site.scan(f"V-{number}")
        await asyncio.sleep(20)

    turnstile = SimTurnstile()
    with caplog.at_level(logging.INFO):
        site = played(play, turnstile)
    assert sorted(verdicts(site)) == [("admitted", "ok")] * 4 + [("refused", "lane_busy")]
    assert turnstile.shown(ENTRY).count(base.Signal.REFUSED) == 1
    logged = [record.fields for record in caplog.records if record.getMessage() == "verdict"]
    assert [fields["reason"] for fields in logged].count("lane_busy") == 1
    assert len(turnstile.opens) == 4
    assert ends(site) == [("completed", None)] * 4


def test_a_scan_that_waits_too_long_is_told_so_and_never_decided():
    async def play(site: Site, _: SimTurnstile) -> None:
        site.scan("V-1")
        await asyncio.sleep(0.2)
        site.scan("V-2")
        await asyncio.sleep(4.9)
        assert verdicts(site) == [("admitted", "ok")]
        await asyncio.sleep(20)

    site = played(play, SimTurnstile(People.SILENT))
    assert verdicts(site) == [("admitted", "ok"), ("refused", "lane_busy")]


def test_an_exit_waits_for_the_lane_and_is_next():
    async def play(site: Site, _: SimTurnstile) -> None:
        site.scan("V-1")
        site.scan("V-2")
        site.scan("V-3", EXIT)
        await asyncio.sleep(20)

    site = played(play)
    assert [fact.holder for fact in site.facts(Access)] == [
        holder("V-1"),
        holder("V-3"),
        holder("V-2"),
    ]


# --- one verdict for each scan ---


@pytest.mark.parametrize("people", list(People))
def test_every_scan_leaves_one_verdict_whatever_the_lane_does(people):
    """R01."""
    scans = [b"V-1", b"B-1", b"Z-99", b"\x00", b"", b"V-2", b"V-3", b"V-4", b"V-5"]

    async def play(site: Site, turnstile: SimTurnstile) -> None:
        reports: list[base.GateReport] = [
            base.Fault("motor"),
            base.FaultCleared(),
            base.FireChanged(is_on=True),
            base.LinkLost("unplugged"),
            base.LinkUp("Sim controller"),
            base.FireChanged(is_on=False),
        ]
        for report in reports:
            for direction in Direction:
                for data in scans:
                    site.readers[0][direction].scan(data)
            turnstile.tell(report)
            await asyncio.sleep(1.7)
        await asyncio.sleep(200)

    site = played(play, SimTurnstile(people))
    assert len(site.facts(Access)) == 6 * 2 * len(scans)
    leaving = [fact for fact in site.facts(Access) if fact.direction is EXIT]
    assert {fact.outcome for fact in leaving} == {AccessOutcome.ADMITTED}
    grants = [fact.grant for fact in site.facts(Access) if fact.grant is not None]
    ended = [fact.grant for fact in site.facts(Passage) if fact.grant is not None]
    assert len(set(grants)) == len(grants)
    assert len(set(ended)) == len(ended), "a grant ends once"


def test_a_code_that_was_too_long_is_a_scan_and_noise_is_none():
    async def play(site: Site, _: SimTurnstile) -> None:
        reader = site.readers[0][ENTRY]
        reader.tell(base.ScanOverlong(5000, asyncio.get_running_loop().time()))
        reader.tell(base.NoiseDropped(2))
        reader.tell(base.NoiseDropped(1))
        await asyncio.sleep(1)

    site = played(play)
    assert verdicts(site) == [("refused", "too_large")]
    assert site.lanes[0].noise_count == 3


def test_a_reader_that_is_lost_is_an_alarm_until_it_is_back():
    async def play(site: Site, _: SimTurnstile) -> None:
        for report in (base.LinkLost("unplugged"), base.LinkUp("")):
            site.readers[0][EXIT].tell(report)
            await asyncio.sleep(1)

    site = played(play)
    assert alarms(site) == [
        ("raised", "link_lost", "lane-1/exit_reader"),
        ("cleared", "link_lost", "lane-1/exit_reader"),
    ]
    assert site.lanes[0].devices == ["lane-1", "lane-1/entry_reader", "lane-1/exit_reader"]


# --- the disk ---


def test_a_record_that_lands_late_opens_nothing():
    async def play(site: Site, _: SimTurnstile) -> None:
        site.blocking.delay_s = 1.5
        site.scan("V-1")
        await asyncio.sleep(1.2)
        assert site.facts(Access) == []
        await asyncio.sleep(10)

    turnstile = SimTurnstile()
    site = played(play, turnstile)
    assert turnstile.opens == []
    assert verdicts(site) == [("admitted", "ok")]
    assert ends(site) == [("expired", "record_late")]
    assert site.facts(Access)[0].grant == site.facts(Passage)[0].grant
    assert turnstile.shown(ENTRY) == [base.Signal.READY, base.Signal.WAIT, base.Signal.READY]
    assert site.gate.occupancy() == Occupancy()


def test_a_record_just_in_time_opens():
    async def play(site: Site, _: SimTurnstile) -> None:
        site.blocking.delay_s = 0.999
        site.scan("V-1")
        await asyncio.sleep(10)

    assert ends(played(play)) == [("completed", None)]


@pytest.mark.parametrize("shown", [Indication.REFUSED, Indication.ASK_OFFICER])
def test_while_the_disk_refuses_the_entry_is_closed_and_the_exit_open(shown):
    async def play(site: Site, turnstile: SimTurnstile) -> None:
        site.journal.refusal = FULL
        site.scan("V-1")
        await asyncio.sleep(3)
        assert turnstile.opens == []
        assert turnstile.shown(ENTRY)[-1] == base.Signal(shown)
        assert site.gate.occupancy() == Occupancy()  # Its place is free again.
        site.scan("V-2", EXIT)
        await asyncio.sleep(3)
        assert [opened.direction for opened in turnstile.opens] == [base.Direction.EXIT]
        assert site.recorder.missed_verdicts == 2
        site.journal.refusal = None
        await asyncio.sleep(3)

    site = played(play, on_record_failure=shown)
    assert verdicts(site) == []
    assert ends(site) == [("completed", None)]  # Who left is told, when the disk takes it.
    (recovered,) = site.facts(Audit)
    assert recovered.action == "recovered"
    assert recovered.detail == {"missed_verdicts": 2, "dropped": 0}
    assert alarms(site) == [
        ("raised", "journal_refuses", "gateway"),
        ("cleared", "journal_refuses", "gateway"),
    ]


def test_while_the_disk_hangs_the_exit_opens_after_a_second_also_behind_an_entry():
    async def play(site: Site, turnstile: SimTurnstile) -> None:
        site.blocking.hang()
        site.scan("V-1")
        site.scan("V-2", EXIT)
        await asyncio.sleep(2.5)
        assert [opened.direction for opened in turnstile.opens] == [base.Direction.EXIT]
        await asyncio.sleep(60)
        site.blocking.resume()
        await asyncio.sleep(1)

    site = played(play)
    assert verdicts(site) == [("admitted", "ok"), ("admitted", "exit")]
    assert sorted(ends(site)) == [("completed", None), ("expired", "record_late")]
    assert site.gate.occupancy() == Occupancy(uncertain=1)  # Nobody saw V-2 come in.


def test_an_exit_in_an_emergency_ends_its_grant_though_the_disk_refuses():
    async def play(site: Site, turnstile: SimTurnstile) -> None:
        site.journal.refusal = FULL
        turnstile.tell(base.FireChanged(is_on=True))
        site.scan("V-1", EXIT)
        await asyncio.sleep(3)
        assert turnstile.opens == []
        site.journal.refusal = None
        await asyncio.sleep(3)

    site = played(play)
    assert ends(site) == [("expired", "emergency")]
    assert len(site.gate.grants) == 0


# --- the officer ---


def test_the_officer_admits_a_guest_and_is_answered_when_it_is_on_disk():
    answers: list[Access | None] = []

    async def play(site: Site, _: SimTurnstile) -> None:
        site.lanes[0].admit(Admission(attested()), answers.append)
        assert answers == []
        await asyncio.sleep(3)

    site = played(play)
    assert answers == site.facts(Access)
    assert verdicts(site) == [("admitted", "attested")]
    assert ends(site) == [("completed", None)]


def test_the_officer_has_the_next_turn():
    answers: list[Access | None] = []

    async def play(site: Site, _: SimTurnstile) -> None:
        site.scan("V-1")
        site.scan("V-2")
        site.lanes[0].admit(Admission(attested()), answers.append)
        await asyncio.sleep(20)

    site = played(play)
    assert [fact.source for fact in site.facts(Access)] == ["gateway", "officer", "gateway"]


def test_the_officer_is_told_when_the_lane_stays_busy():
    answers: list[Access | None] = []

    async def play(site: Site, turnstile: SimTurnstile) -> None:
        site.scan("V-1")
        await asyncio.sleep(0.5)
        turnstile.tell(base.PassageBegan(turnstile.opens[0].grant))
        site.lanes[0].admit(Admission(attested()), answers.append)
        await asyncio.sleep(29)
        assert answers == []
        await asyncio.sleep(2)

    played(play, SimTurnstile(People.SILENT))
    assert [answer.reason for answer in answers if answer] == ["lane_busy"]


def test_the_officer_is_told_when_the_disk_refuses():
    answers: list[Access | None] = []

    async def play(site: Site, turnstile: SimTurnstile) -> None:
        site.journal.refusal = FULL
        site.lanes[0].admit(Admission(attested()), answers.append)
        await asyncio.sleep(1)
        assert answers == [None]
        turnstile.tell(base.PassageBegan("00"))
        site.journal.refusal = None
        await asyncio.sleep(3)
        site.scan("V-1")
        await asyncio.sleep(0.3)
        turnstile.tell(base.PassageBegan(turnstile.opens[0].grant))
        site.journal.refusal = FULL
        site.lanes[0].admit(Admission(attested()), answers.append)
        await asyncio.sleep(31)  # Turned away, and that cannot be recorded either.

    played(play, SimTurnstile(People.SILENT))
    assert answers == [None, None]


# --- orders, faults and fire ---


def test_a_locked_lane_lets_people_out_only():
    async def play(site: Site, _: SimTurnstile) -> None:
        site.lanes[0].order(Order.EXIT_ONLY)
        site.scan("V-1")
        await asyncio.sleep(1)
        site.scan("V-2", EXIT)
        await asyncio.sleep(3)
        site.lanes[0].order(Order.NORMAL)
        site.scan("V-1")
        await asyncio.sleep(3)

    turnstile = SimTurnstile()
    site = played(play, turnstile)
    assert verdicts(site) == [("refused", "locked_down"), ("admitted", "exit"), ("admitted", "ok")]
    assert turnstile.modes == [base.Mode.NORMAL, base.Mode.EXIT_ONLY, base.Mode.NORMAL]


def test_locking_takes_a_grant_back():
    async def play(site: Site, turnstile: SimTurnstile) -> None:
        site.scan("V-1")
        await asyncio.sleep(0.2)
        site.lanes[0].order(Order.EXIT_ONLY)
        await asyncio.sleep(1)
        assert base.CancelOpen(turnstile.opens[0].grant) in turnstile.sent

    assert ends(played(play, SimTurnstile(People.STAY))) == [("expired", "cancelled")]


def test_the_order_of_before_the_start_is_told_to_the_turnstile():
    async def play(site: Site, _: SimTurnstile) -> None:
        site.scan("V-1")
        await asyncio.sleep(1)

    turnstile = SimTurnstile()
    site = played(play, turnstile, order=Order.EXIT_ONLY)
    assert turnstile.modes == [base.Mode.EXIT_ONLY]
    assert verdicts(site) == [("refused", "locked_down")]


def test_a_fault_closes_the_lane_and_is_an_alarm_until_it_is_cleared():
    async def play(site: Site, turnstile: SimTurnstile) -> None:
        turnstile.tell(base.Fault("motor"))
        site.scan("V-1")
        await asyncio.sleep(1)
        turnstile.tell(base.FaultCleared())
        site.scan("V-1")
        await asyncio.sleep(3)

    site = played(play)
    assert verdicts(site) == [("refused", "turnstile_not_ready"), ("admitted", "ok")]
    assert alarms(site) == [
        ("raised", "turnstile_fault", "lane-1"),
        ("cleared", "turnstile_fault", "lane-1"),
    ]


def test_a_fault_ends_with_the_link_that_told_it():
    async def play(site: Site, turnstile: SimTurnstile) -> None:
        turnstile.tell(base.Fault("motor"))
        turnstile.unplug()
        await asyncio.sleep(1)
        turnstile.plug()
        await asyncio.sleep(1)
        assert site.lanes[0].state.state == Idle()
        assert site.alarms.active() == []

    played(play)


def test_in_a_fire_nothing_is_sent_that_locks_and_everybody_is_counted_as_free():
    async def play(site: Site, turnstile: SimTurnstile) -> None:
        turnstile.sent.clear()
        turnstile.tell(base.FireChanged(is_on=True))
        site.lanes[0].order(Order.EXIT_ONLY)
        site.scan("V-1")
        await asyncio.sleep(1)
        turnstile.walk(base.Direction.EXIT)
        turnstile.walk(base.Direction.ENTRY)
        turnstile.unplug()
        turnstile.plug()
        await asyncio.sleep(1)
        locking = [
            one
            for one in turnstile.sent
            if isinstance(one, base.SetMode | base.OpenOnce | base.CancelOpen)
        ]
        assert locking == []
        turnstile.tell(base.FireChanged(is_on=False))
        await asyncio.sleep(1)
        assert turnstile.modes == [base.Mode.EXIT_ONLY]

    site = played(play)
    assert verdicts(site) == [("refused", "emergency")]
    assert ends(site) == [("unattributed", "free"), ("unattributed", "free")]
    assert [alarm for alarm in alarms(site) if alarm[1] == "fire"] == [
        ("raised", "fire", "lane-1"),
        ("cleared", "fire", "lane-1"),
    ]


def test_a_passage_in_a_fire_is_no_breach_also_while_a_scan_is_being_recorded():
    async def play(site: Site, turnstile: SimTurnstile) -> None:
        turnstile.tell(base.FireChanged(is_on=True))
        site.blocking.hang()
        site.scan("V-1")
        turnstile.walk(base.Direction.ENTRY)
        site.blocking.resume()
        await asyncio.sleep(1)

    assert ends(played(play)) == [("unattributed", "free")]


def test_a_fire_that_the_log_tells_of_is_noted_and_starts_no_fire_now():
    async def play(site: Site, turnstile: SimTurnstile) -> None:
        turnstile.tell(base.FireChanged(is_on=True, log=turnstile.next()))
        turnstile.tell(base.FireChanged(is_on=False, log=turnstile.next()))
        await asyncio.sleep(1)
        assert site.lanes[0].state.state == Idle()
        assert turnstile.acknowledged == [1, 2]

    site = played(play)
    assert [fact.detail["kind"] for fact in site.facts(Audit)] == ["fire_on", "fire_off"]
    assert alarms(site) == []


# --- starts and ends ---


def test_a_lane_is_faulted_until_its_turnstile_answers():
    async def play(site: Site, turnstile: SimTurnstile) -> None:
        assert site.lanes[0].state.state == Faulted()
        site.scan("V-1")
        await asyncio.sleep(1)
        turnstile.plug()
        site.scan("V-1")
        await asyncio.sleep(3)

    site = played(play, SimTurnstile(is_plugged=False))
    assert verdicts(site) == [("refused", "turnstile_not_ready"), ("admitted", "ok")]


def test_after_a_kill_a_grant_holds_its_place_until_the_log_is_read():
    async def killed(site: Site, turnstile: SimTurnstile) -> None:
        site.scan("V-1")
        await asyncio.sleep(0.3)

    async def started(site: Site, turnstile: SimTurnstile) -> None:
        assert site.gate.occupancy() == Occupancy({}, {"visitor": 1})
        turnstile.plug()
        await asyncio.sleep(1)
        assert site.gate.occupancy() == Occupancy()

    before = played(killed, SimTurnstile(People.SILENT))
    after = played(
        started, SimTurnstile(is_plugged=False), journal=before.journal, cache=before.cache
    )
    assert ends(after) == [("expired", "not_opened")]


def test_whoever_shows_the_lane_is_told_of_its_changes_only():
    async def play(site: Site, turnstile: SimTurnstile) -> None:
        before = site.change_count
        turnstile.tell(base.PassageBegan("00"))
        assert site.change_count == before
        site.scan("V-1")
        assert site.change_count > before
        await asyncio.sleep(3)

    played(play)


def test_a_driver_that_fails_while_granted_does_not_stop_its_timers():
    turnstile = SimTurnstile(People.SILENT)
    site = Site([turnstile])

    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            parts = [
                tasks.create_task(site.recorder.run()),
                tasks.create_task(keep_running("lane-1", site.lanes[0].run, site.alarms)),
            ]
            await asyncio.sleep(0.2)
            site.scan("V-1")
            await asyncio.sleep(0.2)
            site.readers[0][ENTRY].fail()
            await asyncio.sleep(30)
            assert site.lanes[0].state.state == Idle()
            turnstile.people = People.PASS
            site.scan("V-2")
            await asyncio.sleep(3)
            for part in parts:
                part.cancel()

    run(main())
    assert verdicts(site) == [("admitted", "ok"), ("admitted", "ok")]
    assert site.facts(Alarm)[0] == Alarm(
        outcome=AlarmOutcome.RAISED,
        alarm="part_failed",
        subject="lane-1",
        detail={"error": "ExceptionGroup"},
    )


def test_a_lane_that_was_stopped_does_nothing_any_more():
    site = Site([SimTurnstile(People.SILENT)])

    async def main() -> None:
        async with site.running():
            site.scan("V-1")
            await asyncio.sleep(0.2)
        before = site.lanes[0].state
        assert isinstance(before.state, Granted)
        await asyncio.sleep(60)
        assert site.lanes[0].state == before

    run(main())


def test_a_lane_that_was_stopped_takes_no_notice_back_any_more():
    turnstile = SimTurnstile()
    site = Site([turnstile])

    async def main() -> None:
        async with site.running():
            site.scan("B-1")
            await asyncio.sleep(0.2)
        sent = list(turnstile.sent)
        assert base.Indicate(base.Signal.REFUSED, base.Direction.ENTRY) in sent
        await asyncio.sleep(60)
        assert turnstile.sent == sent

    run(main())
