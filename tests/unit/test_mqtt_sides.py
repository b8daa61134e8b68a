"""Host and device of the MQTT binding against each other, over a broker that does what it likes."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_protocol.controller import boot
from firmware_protocol.inputs import FaultInput, FireInput, Noticed, PassageBegan
from firmware_protocol.memory import LOG_ROWS_MAX, Memory
from firmware_protocol.messages import GateState, Indicate
from firmware_protocol.mqtt_binding import write
from firmware_protocol.mqtt_freshness import FRESH_MS, Stamp
from firmware_protocol.mqtt_host import LOST_MS, OPENS_MAX, HostSide
from firmware_protocol.mqtt_messages import Ack, Publication
from firmware_protocol.mqtt_reports import Unlinked
from firmware_protocol.mqtt_seal import Refusal, Refused, Sender, derive_key, seal
from firmware_protocol.reports import (
    Answered,
    Connected,
    EntriesLost,
    LogEnd,
    Logged,
    NeverSent,
    StateSeen,
    Unanswered,
)
from firmware_protocol.words import Command, Direction, EndReason, LogKind, Mode, Outcome, Signal
from tests.unit.mqtt_world import DEVICE, LATENCY_MS, PSK, World, grant_of

G1, G2 = grant_of(1), grant_of(2)


@pytest.fixture
def world():
    world = World()
    world.link()
    return world


def entries(world):
    return [report.entry for report in world.told(Logged)]


# --- the link ----------------------------------------------------------------------------------


def test_a_device_and_a_host_that_start_together_are_linked_after_two_round_trips():
    world = World()
    world.run(4 * LATENCY_MS)
    assert world.reports[0] == Connected(DEVICE, "sim 1.0")


def test_a_host_that_starts_later_is_linked_with_the_next_heartbeat(world):
    world.start_host()
    world.run(1_000 + 3 * LATENCY_MS)
    assert world.host.is_linked


def test_a_host_that_starts_again_is_not_mistaken_for_a_replay_of_itself(world):
    for _ in range(5):
        world.start_host()
        world.link()
    world.open(G1)
    world.run(100)
    assert world.told(Answered) == [Answered(G1, Outcome.OPENED)]


def test_three_seconds_without_a_heartbeat_are_an_outage_and_told_once(world):
    world.faults = lambda _: []
    world.run(LOST_MS + 1_000)
    world.run(60_000)
    (unlinked,) = world.told(Unlinked)
    assert "power and network" in unlinked.reason
    world.faults = lambda _: [LATENCY_MS]
    world.run(1_100)
    assert world.told(Connected) == [Connected(DEVICE, "sim 1.0")]


def test_two_lost_heartbeats_are_no_outage(world):
    world.faults = lambda _: []
    world.run(2_000)
    world.faults = lambda _: [LATENCY_MS]
    world.run(5_000)
    assert world.told(Unlinked) == []


def test_a_device_that_was_never_there_is_missed_after_three_seconds():
    world = World()
    world.stop_device()
    world.wire.clear()
    world.run(10_000)
    assert len(world.told(Unlinked)) == 1


def test_the_will_ends_the_link_at_once(world):
    world.stop_device()
    world.run(LATENCY_MS)
    assert not world.host.is_linked
    assert "the broker lost tripod-2" in world.told(Unlinked)[0].reason


def test_the_will_of_an_earlier_connection_is_ignored(world):
    old = world.will
    world.stop_device()
    world.start_device()
    world.link()
    world.hand_over(old, to_device=False)
    assert world.host.is_linked


def test_a_device_that_restarts_faster_than_its_will_is_still_noticed(world):
    world.open(G1)
    world.run(100)
    world.start_device()
    world.run(2_500)
    kinds = [type(report) for report in world.reports]
    assert kinds.index(Unlinked) < kinds.index(Connected)
    ended = [entry for entry in entries(world) if entry.kind is LogKind.NOT_PASSED]
    assert [(entry.grant, entry.reason) for entry in ended] == [(G1, EndReason.REBOOT)]
    assert world.told(LogEnd)[-1] == LogEnd(world.log, ())


def test_a_heartbeat_from_before_a_reboot_that_comes_late_changes_nothing(world):
    late = []
    world.faults = lambda publication: (
        late.append(publication) or [] if "/heartbeat" in publication.topic else [LATENCY_MS]
    )
    world.sense(FaultInput(is_on=True))
    world.run(1_100)
    world.faults = lambda _: [LATENCY_MS]
    world.start_device()
    world.run(1_100)
    world.reports.clear()
    for publication in late:
        world.hand_over(publication, to_device=False)
    world.run(3_000)
    assert len(late) == 2
    assert world.host.is_linked
    assert world.told(Unlinked) == []


def test_a_broken_connection_of_the_host_is_told_once_and_heals_by_itself(world):
    world.from_host(world.host.disconnected())
    world.from_host(world.host.disconnected())
    assert len(world.told(Unlinked)) == 1
    world.run(1_100)
    assert world.host.is_linked


def test_a_device_with_another_key_never_links_and_the_outage_says_so():
    world = World()
    controller, _ = boot(Memory(), 0)
    world.device = world.side(controller, psk=bytes(32))
    world.wire.clear()
    world.connect_device()
    world.run(10_000)
    (unlinked,) = world.told(Unlinked)
    assert "forged" in unlinked.reason
    assert "look at its key" in unlinked.reason


def test_a_device_that_lost_entries_it_had_told_is_not_linked_again(world):
    world.walk()
    world.run(100)
    world.stop_device()
    world.start_device(Memory())
    world.reports.clear()
    world.run(60_000)
    assert not world.host.is_linked
    assert "needs a new log id" in world.told(Refused)[-1].detail


def test_a_device_with_a_new_log_is_read_from_its_beginning(world):
    world.stop_device()
    world.log = world.token(8)
    world.start_device(Memory())
    world.run(3_000)
    assert world.told(Connected)[-1] == Connected(DEVICE, "sim 1.0")
    assert [entry.sequence for entry in entries(world)] == [1, 2]


# --- opening -------------------------------------------------------------------------------------


def test_an_open_unlocks_once_and_is_answered(world):
    world.open(G1)
    world.run(100)
    assert world.told(Answered) == [Answered(G1, Outcome.OPENED)]
    assert world.unlocked == [G1]


def test_without_a_link_an_open_is_never_sent(world):
    world.stop_device()
    world.run(100)
    world.open(G1)
    assert world.reports[-1] == NeverSent(G1)
    assert world.sent("open") == []


def test_more_opens_under_way_than_a_lane_can_have_are_not_sent(world):
    world.faults = lambda _: []
    for number in range(OPENS_MAX + 1):
        world.open(grant_of(number))
    assert world.reports == [NeverSent(grant_of(OPENS_MAX))]


def test_a_refusal_is_answered_with_its_reason(world):
    world.sense(FaultInput(is_on=True))
    world.open(G1)
    world.run(100)
    assert world.told(Answered) == [Answered(G1, Outcome.DENIED)]
    assert world.unlocked == []


def test_a_second_open_while_one_is_in_force_is_busy(world):
    world.open(G1)
    world.run(100)
    world.open(G2)
    world.run(100)
    assert world.told(Answered)[-1] == Answered(G2, Outcome.BUSY)


def test_an_open_whose_answer_is_lost_is_repeated_and_moves_the_gate_once(world):
    lost = []

    def lose_first_result(publication):
        if publication.topic.endswith("/result") and not lost:
            lost.append(publication)
            return []
        return [LATENCY_MS]

    world.faults = lose_first_result
    world.open(G1)
    world.run(400)
    assert world.told(Answered) == [Answered(G1, Outcome.OPENED)]
    assert len(world.sent("open")) == 2
    assert world.unlocked == [G1]


def test_asking_twice_for_the_same_grant_at_once_sends_it_once(world):
    world.open(G1)
    world.open(G1)
    world.run(100)
    assert world.told(Answered) == [Answered(G1, Outcome.OPENED)]
    assert len(world.sent("open")) == 1


def test_an_unanswered_open_is_told_at_its_time_to_live_and_never_opens_later(world):
    held = []
    world.faults = lambda publication: (
        held.append(publication) or [] if publication.topic.endswith("/open") else [LATENCY_MS]
    )
    world.open(G1, ttl_ms=1_500)
    world.run(1_499)
    assert world.told(Unanswered) == []
    world.run(1)
    assert world.told(Unanswered) == [Unanswered(G1)]
    for publication in held:
        world.hand_over(publication, to_device=True)
    world.run(1_000)
    assert world.unlocked == []
    assert world.told(Answered) == []


@pytest.mark.parametrize(("delay_ms", "opens"), [(1_000, True), (1_490, True), (1_500, False)])
def test_a_slow_network_opens_within_the_time_to_live_and_not_after_it(world, delay_ms, opens):
    world.run(510)  # the host has just heard a heartbeat
    world.faults = lambda publication: (
        [LATENCY_MS if "heartbeat" in publication.topic else delay_ms]
    )
    world.open(G1, ttl_ms=1_500)
    world.run(2_000)
    assert world.unlocked == ([G1] if opens else [])


def test_an_open_is_not_repeated_to_a_device_that_restarted(world):
    world.faults = lambda publication: [] if "/result" in publication.topic else [LATENCY_MS]
    world.open(G1)
    world.run(100)
    world.start_device()
    world.run(1_400)
    assert len(world.sent("open")) == 1
    assert world.told(Unanswered) == [Unanswered(G1)]


def test_after_an_unanswered_open_the_log_end_is_told_again_and_names_what_is_in_force(world):
    world.faults = lambda publication: [] if "/result" in publication.topic else [LATENCY_MS]
    world.open(G1, ttl_ms=1_000)
    world.run(1_000)
    assert world.reports[-1] == Unanswered(G1)
    world.run(2_100)
    assert world.told(LogEnd) == [LogEnd(world.log, (G1,))]


def test_the_log_end_that_settles_a_grant_was_asked_for_after_its_time_to_live(world):
    world.faults = lambda publication: (
        [] if "/open" in publication.topic else [700] if "heartbeat" in publication.topic else [5]
    )
    world.open(G1, ttl_ms=1_000)
    world.run(1_000)
    unanswered_at_ms = world.now_ms
    while not world.told(LogEnd):
        world.run(10)
    # 700 ms for the heartbeat that carries the challenge made after the time to live.
    assert world.now_ms >= unanswered_at_ms + 700


def test_no_log_end_is_told_while_an_open_waits_for_its_answer(world):
    world.lose_device()
    world.walk(Direction.EXIT)
    world.run(100)
    world.faults = lambda publication: [] if "/event" in publication.topic else [LATENCY_MS]
    world.connect_device()
    world.run(100)
    world.open(G1, ttl_ms=2_500)
    world.faults = lambda publication: [] if "/result" in publication.topic else [LATENCY_MS]
    world.run(2_400)
    assert len(entries(world)) == 1
    assert world.told(LogEnd) == []
    world.run(2_500)
    assert world.told(LogEnd) == [LogEnd(world.log, (G1,))]


def test_an_open_that_could_not_be_published_is_forgotten(world):
    world.host.open(Command(G1, Direction.ENTRY), 5_000, 1_500, world.now_ms)
    world.host.withdraw(G1)
    world.run(3_000)
    assert world.told(Unanswered) == []
    assert world.sent("open") == []


def test_cancelling_ends_the_grant(world):
    world.open(G1)
    world.run(100)
    world.from_host(world.host.cancel(G1))
    world.run(1_000)
    ended = entries(world)[-1]
    assert (ended.grant, ended.reason) == (G1, EndReason.CANCELLED)


def test_an_open_that_is_overtaken_by_its_cancel_does_not_open(world):
    world.faults = lambda publication: [200] if "/open" in publication.topic else [LATENCY_MS]
    world.open(G1, ttl_ms=290)
    world.from_host(world.host.cancel(G1))
    world.run(1_000)
    assert world.unlocked == []


# --- old opens -----------------------------------------------------------------------------------


@pytest.fixture
def captured(world):
    """An open that opened, and whose person is through."""
    world.open(G1)
    world.run(100)
    world.walk()
    world.run(100)
    (publication,) = world.sent("open")
    assert world.unlocked == [G1]
    return publication


def test_a_repeated_open_never_opens(world, captured):
    world.hand_over(captured, to_device=True)
    assert world.unlocked == [G1]


@pytest.mark.parametrize("later_ms", [500, 2_000, FRESH_MS, 60_000, 600_000])
def test_a_late_open_never_opens(world, captured, later_ms):
    world.run(later_ms)
    world.hand_over(captured, to_device=True)
    assert world.unlocked == [G1]


def test_a_retained_open_never_opens_even_when_it_is_fresh(world):
    world.faults = lambda publication: [] if "/open" in publication.topic else [LATENCY_MS]
    world.open(G1)
    output = world.device.feed(
        world.sent("open")[0].topic,
        world.sent("open")[0].payload,
        is_retained=True,
        now_ms=world.uptime_ms,
    )
    assert output.refused.reason is Refusal.RETAINED
    assert output.effects == ()


def test_a_replayed_open_never_opens_a_device_that_forgot_everything(world, captured):
    world.stop_device()
    world.log = world.token(8)
    world.start_device(Memory())
    world.run(1)
    world.hand_over(captured, to_device=True)
    world.run(3_000)
    world.hand_over(captured, to_device=True)
    assert world.unlocked == [G1]


def test_a_replayed_open_never_opens_after_the_host_restarted(world, captured):
    world.start_host()
    world.link()
    world.hand_over(captured, to_device=True)
    assert world.unlocked == [G1]


def test_an_undelivered_open_of_a_dead_host_never_opens_after_the_next_host_spoke(world):
    world.faults = lambda publication: [] if "/open" in publication.topic else [LATENCY_MS]
    world.open(G1, ttl_ms=5_000)
    world.start_host()
    world.link()
    world.hand_over(world.sent("open")[0], to_device=True)
    assert world.unlocked == []


def test_an_open_for_one_device_never_opens_another_with_the_same_key(world):
    controller, _ = boot(Memory(), 0)
    other = world.side(controller, name="tripod-3")
    world.open(G1)
    topic = world.sent("open")[0].topic.replace(DEVICE, "tripod-3")
    output = other.feed(topic, world.sent("open")[0].payload, is_retained=False, now_ms=0)
    assert output.refused.reason is Refusal.FORGED


def test_what_a_device_says_is_never_taken_as_a_host(world):
    for publication in [carried.publication for carried in world.carried]:
        kind = publication.topic.rsplit("/", 1)[1]
        for topic in ("open", "ack", "cancel", "mode", "indicate"):
            forged = Publication(publication.topic.replace(kind, topic), publication.payload)
            if forged.topic == publication.topic:
                continue
            output = world.device.feed(
                forged.topic, forged.payload, is_retained=False, now_ms=world.uptime_ms
            )
            assert output.refused.reason is Refusal.FORGED


def test_topics_of_others_are_left_alone(world):
    assert world.device.feed("a/b", b"x", is_retained=True, now_ms=0).refused is None
    assert world.host.feed("a/b", b"x", is_retained=True, now_ms=world.now_ms).reports == ()


# --- replays of what the device said -----------------------------------------------------------------


def test_recorded_heartbeats_do_not_keep_a_dead_device_alive(world):
    beats = world.sent("heartbeat")
    world.stop_device()
    world.wire.clear()  # the will is lost, too
    for _ in range(40):
        world.run(100)
        for beat in beats:
            world.hand_over(beat, to_device=False)
    assert not world.host.is_linked


def test_recorded_heartbeats_do_not_disturb_a_live_link_nor_make_a_flood_of_acks(world):
    beats = world.sent("heartbeat")
    acks_count = len(world.sent("ack"))
    for _ in range(10):
        for beat in beats:
            world.hand_over(beat, to_device=False)
    assert len(world.sent("ack")) <= acks_count + 1
    world.open(G1)
    world.run(5_000)
    assert world.told(Unlinked) == []
    assert world.told(Answered) == [Answered(G1, Outcome.OPENED)]


def test_recorded_results_and_events_are_stale(world):
    world.open(G1)
    world.run(100)
    world.walk()
    world.run(100)
    world.start_host()
    world.link()
    for publication in world.sent("result") + world.sent("event"):
        world.hand_over(publication, to_device=False)
    assert {report.reason for report in world.told(Refused)} == {Refusal.STALE}
    assert not entries(world)


def test_a_retained_heartbeat_is_refused(world):
    world.hand_over(world.sent("heartbeat")[-1], to_device=False, is_retained=True)
    assert [report.reason for report in world.told(Refused)] == [Refusal.RETAINED]


# --- the device's log --------------------------------------------------------------------------------


def test_passages_are_told_with_their_grant_and_acknowledged(world):
    world.open(G1)
    world.run(100)
    world.walk()
    world.run(100)
    (passage,) = entries(world)
    assert (passage.kind, passage.grant, passage.direction) == (
        LogKind.PASSAGE,
        G1,
        Direction.ENTRY,
    )
    assert world.controller.memory.entries == ()


def test_passages_while_the_host_was_away_are_told_when_it_is_back(world):
    world.faults = lambda _: []
    world.run(10_000)
    for _ in range(30):
        world.walk(Direction.EXIT)
    world.reports.clear()
    world.faults = lambda _: [LATENCY_MS]
    world.run(4_000)
    assert [entry.kind for entry in entries(world)].count(LogKind.PASSAGE) == 30
    assert world.told(LogEnd) == [LogEnd(world.log, ())]
    assert isinstance(world.reports[0], Connected)


def test_entries_that_nobody_acknowledged_are_repeated_but_told_once(world):
    world.acknowledges = False
    world.walk(Direction.EXIT)
    world.run(3_000)
    assert len(world.sent("event")) > 4
    assert len(entries(world)) == 1


def test_a_host_that_restarted_is_told_again_what_it_had_not_acknowledged(world):
    world.acknowledges = False
    world.walk(Direction.EXIT)
    world.run(100)
    world.start_host()
    world.run(2_500)
    assert [entry.kind for entry in entries(world)].count(LogKind.PASSAGE) == 2


def test_acknowledging_an_unknown_log_or_an_old_entry_says_nothing(world):
    assert world.host.acknowledge(bytes(8), 99).publications == ()
    assert world.host.acknowledge(world.log, 1).publications == ()


def test_an_acknowledgement_of_another_log_frees_nothing(world):
    world.acknowledges = False
    world.walk(Direction.EXIT)
    world.run(100)
    stamp = Stamp(world.host._session, 10_000, world.device._nonce)
    for log, freed in [(bytes(8), 0), (world.log, 1)]:
        before = len(world.controller.memory.entries)
        ack = Ack("a" * 16, log, world.controller.memory.head, is_hello=False)
        world.hand_over(write(derive_key(PSK, Sender.HOST), DEVICE, ack, stamp), to_device=True)
        stamp = replace(stamp, counter=stamp.counter + 1)
        assert before - len(world.controller.memory.entries) == freed


def test_overwritten_entries_are_counted_once(world):
    world.faults = lambda _: []
    world.run(5_000)
    for _ in range(LOG_ROWS_MAX + 10):
        world.sense(Noticed(LogKind.TAMPER))
    world.reports.clear()
    world.faults = lambda _: [LATENCY_MS]
    world.run(60_000)
    told = len(entries(world))
    (lost,) = world.told(EntriesLost)
    # HOST_LOST and HOST_BACK are entries, too.
    assert (told, lost.count) == (LOG_ROWS_MAX, 12)
    assert world.controller.memory.entries == ()


def test_an_entry_kind_of_a_later_version_is_told_as_other(world):
    key = derive_key(PSK, Sender.DEVICE)
    world.walk(Direction.EXIT)
    world.run(100)
    event = world.sent("event")[-1]
    assert b'"kind":"passage"' in event.payload
    members = {
        "session": world.device._session,
        "ctr": 10_000,
        "echo": world.host._nonce,
        "seq": entries(world)[-1].sequence + 1,
    }
    payload = seal(key, event.topic, members | {"kind": "sung", "boot": 1, "at_ms": 5})
    world.hand_over(Publication(event.topic, payload), to_device=False)
    assert entries(world)[-1].kind is LogKind.OTHER


# --- modes, signals and circumstances ----------------------------------------------------------------


def test_a_mode_reaches_the_device_although_the_first_message_is_lost(world):
    world.faults = lambda publication: [] if "/mode" in publication.topic else [LATENCY_MS]
    world.from_host(world.host.set_mode(Mode.FREE))
    world.run(100)
    world.faults = lambda _: [LATENCY_MS]
    world.run(1_100)
    assert world.controller.mode is Mode.FREE


def test_a_mode_that_was_set_without_a_link_and_before_a_reboot_is_set_again(world):
    world.stop_device()
    world.run(100)
    assert world.host.set_mode(Mode.EXIT_ONLY).publications == ()
    for _ in range(2):
        world.start_device()
        world.run(2_000)
        assert world.controller.mode is Mode.EXIT_ONLY


def test_a_lost_host_locks_a_free_entry_and_a_host_that_is_back_frees_it_again(world):
    world.from_host(world.host.set_mode(Mode.FREE))
    world.run(100)
    assert world.controller.is_free
    world.faults = lambda publication: [] if "/ack" in publication.topic else [LATENCY_MS]
    world.run(4_100)
    assert world.controller.is_host_lost
    assert not world.controller.is_free
    world.faults = lambda _: [LATENCY_MS]
    world.run(1_100)
    assert world.controller.is_free
    assert world.unlocked == [None, None]


def test_a_signal_is_shown_and_shown_again_after_a_reboot(world):
    world.from_host(world.host.indicate(Signal.READY, Direction.ENTRY))
    world.run(100)
    assert world.shown == [Indicate(Signal.READY, Direction.ENTRY)]
    world.start_device()
    world.run(2_000)
    assert world.shown == 2 * [Indicate(Signal.READY, Direction.ENTRY)]


def test_a_cancellation_that_is_lost_is_said_again(world):
    world.open(G1)
    world.run(100)
    world.faults = lambda publication: [] if "/cancel" in publication.topic else [LATENCY_MS]
    world.from_host(world.host.cancel(G1))
    world.run(100)
    world.faults = lambda _: [LATENCY_MS]
    world.run(1_100)
    assert world.controller.command is None


def test_a_passage_that_begins_is_seen_at_once_and_once(world):
    world.open(G1)
    world.run(100)
    world.reports.clear()
    world.sense(PassageBegan(Direction.ENTRY))
    world.run(2_500)
    (seen,) = world.told(StateSeen)
    assert (seen.state.gate, seen.state.grant) == (GateState.PASSING, G1)


def test_fire_and_faults_are_seen_at_once_and_by_a_new_host_as_well(world):
    world.sense(FireInput(is_on=True))
    world.sense(FaultInput(is_on=True))
    world.run(50)
    assert [(seen.state.is_fire, seen.state.is_faulty) for seen in world.told(StateSeen)] == [
        (True, False),
        (True, True),
    ]
    world.start_host()
    world.link_again()
    seen = world.told(StateSeen)[0]
    assert (seen.state.is_fire, seen.state.is_faulty) == (True, True)


def test_a_device_without_a_connection_says_nothing_and_still_relocks(world):
    world.open(G1)
    world.run(100)
    world.lose_device()
    count = len(world.carried)
    world.run(6_000)
    assert len(world.carried) == count
    assert world.controller.command is None
    world.connect_device()
    world.run(3_000)
    ended = [entry for entry in entries(world) if entry.kind is LogKind.NOT_PASSED]
    assert [entry.reason for entry in ended] == [EndReason.TIMEOUT]


def test_a_message_of_a_later_version_that_breaks_the_rules_is_refused_as_malformed(world):
    key = derive_key(PSK, Sender.HOST)
    good = write(key, DEVICE, Indicate(Signal.GO, Direction.ENTRY), Stamp("0" * 16, 1, None))
    payload = seal(
        key, good.topic, {"session": "0" * 16, "ctr": 1, "signal": "disco", "direction": "entry"}
    )
    output = world.device.feed(good.topic, payload, is_retained=False, now_ms=0)
    assert output.refused.reason is Refusal.MALFORMED
    assert "disco" in output.refused.detail


def test_nothing_is_timed_before_the_start_and_after_the_outage_was_told():
    host = HostSide(DEVICE, PSK, bytes)
    assert host.deadline_ms() is None
    host.start(0)
    assert host.deadline_ms() == LOST_MS
    host.tick(LOST_MS)
    assert host.deadline_ms() is None


# --- foreign input ------------------------------------------------------------------------------


@settings(max_examples=100)
@given(
    topic=st.sampled_from(["heartbeat", "result", "event", "state"]),
    payload=st.binary(max_size=200),
)
def test_foreign_bytes_never_raise_at_the_host(topic, payload):
    host = HostSide(DEVICE, PSK, bytes)
    host.start(0)
    output = host.feed(f"gatelink/v1/{DEVICE}/{topic}", payload, is_retained=False, now_ms=1)
    assert output.publications == ()
    assert isinstance(output.reports[0], Refused)
