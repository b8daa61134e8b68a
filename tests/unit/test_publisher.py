"""The publisher against a broker with memory, in virtual time."""

import asyncio
import logging
from collections import Counter
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.events import Access, AccessOutcome, Draft, Passage, PassageOutcome
from gatewayd.core.words import Direction, LaneId
from gatewayd.mqtt import topics
from gatewayd.mqtt.payloads import PublishStatus
from gatewayd.ports import Receipts
from gatewayd.runtime.publisher_backfill import Nobody
from gatewayd.runtime.publisher_wording import PublisherSettings, check_message, hours_left
from gatewayd.runtime.questions import Question
from tests.sim.loop import in_virtual_time, run
from tests.unit.doubles import START, holder
from tests.unit.sync_world import A_FACT, SITE, Sync

OCCUPANCY = topics.occupancy(SITE)
LANE = LaneId("lane-1")


# --- events --------------------------------------------------------------------------------------


@in_virtual_time
async def test_an_event_is_published_live_and_leaves_the_outbox_with_its_receipt():
    sync = Sync()
    async with sync.running():
        await asyncio.sleep(1)
        sync.append()
        await asyncio.sleep(0.005)
        assert sync.broker.sequences("event/audit") == [1]
        assert sync.journal.stored == Receipts(0)
        assert sync.publisher.figures().depth == 1
        await asyncio.sleep(1)
        assert sync.journal.stored == Receipts(1)
        assert sync.publisher.figures().depth == 0


@in_virtual_time
async def test_each_class_of_event_has_its_topic():
    sync = Sync()
    async with sync.running():
        await asyncio.sleep(1)
        sync.append(
            Access(
                outcome=AccessOutcome.ADMITTED,
                lane=LANE,
                direction=Direction.ENTRY,
                reason="ok",
                source="gateway",
                kind="pass",
            )
        )
        sync.append(Passage(outcome=PassageOutcome.COMPLETED, lane=LANE, direction=Direction.ENTRY))
        await asyncio.sleep(1)
    assert sync.broker.sequences("event/access") == [1]
    assert sync.broker.sequences("event/passage") == [2]


@in_virtual_time
async def test_what_an_earlier_run_left_goes_to_backfill_at_the_first_connect_without_delay():
    sync = Sync(past=3)
    async with sync.running():
        await asyncio.sleep(0.1)
        assert sync.broker.sequences("backfill") == [1, 2, 3]
        assert sync.broker.sequences("event") == []
        await asyncio.sleep(1)
        assert sync.journal.stored == Receipts(3)


@in_virtual_time
async def test_what_has_its_receipt_is_not_sent_again_by_the_next_run():
    sync = Sync(past=9)
    sync.journal.stored = Receipts(2, ((4, 5), (9, 9)))
    async with sync.running():
        await asyncio.sleep(1)
    assert sync.broker.sequences("backfill") == [3, 6, 7, 8]
    assert sync.journal.stored == Receipts(9)


@in_virtual_time
async def test_events_committed_before_the_connection_are_still_news():
    sync = Sync(past=2)
    sync.append()
    sync.append()
    async with sync.running():
        await asyncio.sleep(1)
    assert sync.broker.sequences("event") == [3, 4]
    assert sync.broker.sequences("backfill") == [1, 2]


@in_virtual_time
async def test_news_older_than_ten_seconds_goes_to_backfill():
    sync = Sync()
    async with sync.running():
        await asyncio.sleep(1)
        with sync.broker_away():
            for _ in range(6):
                sync.append()
                await asyncio.sleep(4)
        await asyncio.sleep(30)
    live, late = sync.broker.sequences("event"), sync.broker.sequences("backfill")
    assert sorted(live + late) == [1, 2, 3, 4, 5, 6]
    assert late == [1, 2, 3, 4, 5, 6][: len(late)]
    assert late
    assert sync.journal.stored == Receipts(6)


@in_virtual_time
async def test_news_that_grows_old_behind_a_slow_broker_is_left_to_the_backfill():
    sync = Sync()
    sync.broker.window = 2
    sync.broker.receipt_s = 6.0
    async with sync.running():
        await asyncio.sleep(10)
        for _ in range(5):
            sync.append()
        await asyncio.sleep(60)
    live, late = sync.broker.sequences("event"), sync.broker.sequences("backfill")
    assert live == [1, 2]
    assert late == [3, 4, 5]


@in_virtual_time
async def test_an_event_that_the_backfill_met_first_is_not_news_any_more():
    sync = Sync()
    events = sync.journal.commit([(Draft(A_FACT, START), 0.0)])
    async with sync.running():
        await asyncio.sleep(1)
        sync.publisher.committed(events)
        await asyncio.sleep(1)
    assert sync.broker.sequences("backfill") == [1]
    assert sync.broker.sequences("event") == []


@in_virtual_time
async def test_the_backfill_leaves_alone_what_is_still_news():
    sync = Sync(past=5)
    sync.broker.window = 2
    sync.broker.receipt_s = 0.5
    for _ in range(12):
        sync.append()
    async with sync.running():
        await asyncio.sleep(60)
    assert sync.broker.sequences("event") == list(range(6, 18))
    assert sync.broker.sequences("backfill") == [1, 2, 3, 4, 5]


@in_virtual_time
async def test_live_events_go_before_a_long_backlog():
    sync = Sync(past=5000)
    sync.broker.receipt_s = 0.1
    async with sync.running():
        await asyncio.sleep(2)
        seq = sync.append()
        await asyncio.sleep(0.001)
        assert sync.broker.sequences("event") == [seq]
        assert len(sync.broker.sequences("backfill")) < 1000


@in_virtual_time
async def test_a_backlog_on_a_slow_line_leaves_room_in_the_window_for_live_events():
    sync = Sync(past=100)
    sync.broker.window, sync.broker.receipt_s = 20, 2.0
    async with sync.running():
        await asyncio.sleep(1)
        assert len(sync.broker.sequences("backfill/audit")) == 15
        sync.append()
        await asyncio.sleep(0.01)
        assert sync.broker.sequences("event/audit") == [101]


@in_virtual_time
async def test_the_backfill_keeps_to_its_rate_and_to_one_page_of_memory():
    sync = Sync(past=1000, backfill_per_s=100.0)
    async with sync.running():
        await asyncio.sleep(5.05)
        assert 500 <= len(sync.broker.sequences("backfill")) <= 600
        await asyncio.sleep(6)
    assert sync.broker.sequences("backfill") == list(range(1, 1001))
    assert max(sync.journal.page_sizes) == 100


@in_virtual_time
async def test_the_backfill_gives_way_to_commits_and_does_not_stop_for_one_that_hangs():
    sent = {}
    for is_committing in (False, True):
        sync = Sync(past=100, backfill_per_s=10_000.0)
        sync.publisher.give_way(Nobody(is_committing=is_committing))
        async with sync.running():
            await asyncio.sleep(0.06)
            sent[is_committing] = len(sync.broker.sequences("backfill"))
            await asyncio.sleep(1)
            assert sync.broker.sequences("backfill") == list(range(1, 101))
    assert 0 < sent[True] < sent[False]


@in_virtual_time
async def test_the_backfill_has_a_quarter_of_its_rate_while_people_come():
    sync = Sync(past=1000, backfill_per_s=100.0)
    people = SimpleNamespace(is_committing=False, is_busy=True)
    sync.publisher.give_way(people)
    async with sync.running():
        await asyncio.sleep(4)
        assert 90 <= len(sync.broker.sequences("backfill")) <= 110
        assert max(sync.journal.page_sizes) == 25
        people.is_busy = False
        await asyncio.sleep(4)
        assert 490 <= len(sync.broker.sequences("backfill")) <= 520


@in_virtual_time
async def test_after_a_reconnect_everything_without_receipt_is_sent_again():
    sync = Sync()
    sync.broker.loses_answers = True
    async with sync.running():
        await asyncio.sleep(1)
        for _ in range(3):
            sync.append()
        await asyncio.sleep(0.1)
        assert sync.broker.sequences("event") == [1, 2, 3]
        sync.broker.loses_answers = False
        sync.broker.lose()
        await asyncio.sleep(3)
        assert sync.broker.sequences("event") == [1, 2, 3, 1, 2, 3]
        assert sync.broker.sequences("backfill") == []
        assert sync.journal.stored == Receipts(3)


@in_virtual_time
async def test_the_window_of_the_broker_is_kept():
    sync = Sync(past=500)
    sync.broker.window = 6
    sync.broker.receipt_s = 0.05
    async with sync.running():
        for _ in range(50):
            sync.append()
        await asyncio.sleep(10)
    # Each stream has half of it; figures of QoS 0 count for nothing at a broker.
    assert sync.broker.in_flight_max <= 6 + 1
    assert sync.journal.stored == Receipts(550)


@in_virtual_time
async def test_the_status_setting_holds_for_what_is_published():
    sync = Sync(publish_status=PublishStatus.NONE)
    async with sync.running():
        sync.append(
            Access(
                outcome=AccessOutcome.REFUSED,
                lane=LANE,
                direction=Direction.ENTRY,
                reason="status_red",
                source="gateway",
                kind="pass",
            )
        )
        await asyncio.sleep(1)
    assert "reason" not in sync.broker.bodies("event/access")[0]["data"]


# --- connections ---------------------------------------------------------------------------------


@in_virtual_time
async def test_the_first_connect_does_not_wait():
    sync = Sync()
    async with sync.running():
        await asyncio.sleep(0.1)
    assert sync.broker.connected_at_s[0] < 0.02


@in_virtual_time
async def test_tries_come_rarer_and_the_loss_is_told_once():
    sync = Sync()
    sync.broker.down = "nothing listens there"
    async with sync.running():
        await asyncio.sleep(600)
        assert 600 / 30 <= sync.broker.attempts <= 600 / 15 + 8
        assert sync.links == ["nothing listens there"]
        figures = sync.publisher.figures()
        assert (figures.connected_s, figures.error) == (None, "nothing listens there")
        sync.broker.down = None
        await asyncio.sleep(31)
        assert sync.links == ["nothing listens there", None]
        assert sync.publisher.figures().error is None
        assert sync.publisher.figures().connected_s is not None


def test_a_loss_is_logged_when_its_reason_is_new_and_the_outage_when_it_ends(caplog):
    async def scenario():
        sync = Sync()
        sync.broker.down = "refuses connections"
        async with sync.running():
            await asyncio.sleep(60)
            sync.broker.down = "does not let us in"
            await asyncio.sleep(60)
            sync.broker.down = None
            await asyncio.sleep(60)

    caplog.set_level(logging.INFO)
    run(scenario())
    told = [(record.levelname, record.getMessage(), record.fields) for record in caplog.records]
    assert [entry[:2] for entry in told] == [
        ("WARNING", "broker_lost"),
        ("WARNING", "broker_lost"),
        ("INFO", "broker_up"),
    ]
    assert told[0][2] == {"reason": "refuses connections"}
    assert told[1][2] == {"reason": "does not let us in"}
    assert told[2][2]["outage_s"] > 115


@in_virtual_time
async def test_a_flapping_broker_is_not_hammered():
    sync = Sync()
    async with sync.running():
        for _ in range(6000):
            await asyncio.sleep(0.1)
            sync.broker.lose()
    assert sync.broker.attempts < 60


@in_virtual_time
async def test_a_connection_that_held_makes_the_next_try_quick():
    sync = Sync()
    async with sync.running():
        await asyncio.sleep(0.1)
        with sync.broker_away():
            await asyncio.sleep(300)
        await asyncio.sleep(100)
        sync.broker.lose()
        await asyncio.sleep(1.1)
        assert len(sync.broker.connected_at_s) == 3


@in_virtual_time
async def test_from_the_second_connect_on_the_backfill_starts_at_a_drawn_moment():
    starts = []
    for seed in range(5):
        sync = Sync(seed=seed)
        async with sync.running():
            await asyncio.sleep(0.1)
            with sync.broker_away():
                sync.append()
                await asyncio.sleep(20)
            await asyncio.sleep(60)
        arrived = zip(sync.broker.arrived, sync.broker.at_s, strict=True)
        (late_s,) = [at_s for message, at_s in arrived if "backfill" in message.topic]
        starts.append(late_s - sync.broker.connected_at_s[1])
    assert all(0 <= start < 5.1 for start in starts)
    assert max(starts) - min(starts) > 1


# --- states --------------------------------------------------------------------------------------


@in_virtual_time
async def test_the_birth_comes_first_then_the_states_in_their_order():
    sync = Sync(past=2)
    sync.publisher.show(OCCUPANCY, lambda: b'{"total":0}')
    sync.publisher.show(topics.lane(SITE, LANE), lambda: b"{}")
    sync.append()
    async with sync.running():
        await asyncio.sleep(0.5)
    ends = [end for end in sync.broker.ends() if not end.startswith("backfill")]
    assert ends == ["state", "event/audit", "occupancy", "lane/lane-1", "state"]
    birth, goodbye = sync.broker.bodies("state")
    assert (birth["state"], birth["next_sequence"], birth["queue_depth"]) == ("online", 4, 3)
    assert birth["policy"] == ["site@1"]
    assert goodbye == {"state": "offline", "run": "run-2", "reason": "stopped"}
    assert all(
        message.is_retained and message.qos == 1
        for message in sync.broker.arrived
        if message.topic in {OCCUPANCY, topics.state(SITE)}
    )


@in_virtual_time
async def test_a_subscriber_sees_the_passage_before_the_new_occupancy():
    sync = Sync()
    counted = []
    sync.publisher.show(OCCUPANCY, lambda: b'{"as_of":%d}' % sync.journal.head())
    async with sync.running():
        await asyncio.sleep(1)
        for _ in range(30):
            counted.append(sync.append())
            sync.publisher.changed(OCCUPANCY)
            if len(counted) % 3 == 0:
                await asyncio.sleep(0.004)
        await asyncio.sleep(1)
    seen = 0
    for message in sync.broker.arrived:
        if "/event/" in message.topic:
            seen += 1
        elif message.topic == OCCUPANCY:
            assert message.payload == b'{"as_of":%d}' % seen
    assert seen == 30
    shown = [message for message in sync.broker.arrived if message.topic == OCCUPANCY]
    assert len(shown) <= 1 + 10  # Changes of one moment make one message.


@in_virtual_time
async def test_states_are_published_again_after_each_reconnect():
    sync = Sync()
    sync.publisher.show(OCCUPANCY, lambda: b'{"total":1}')
    async with sync.running():
        await asyncio.sleep(1)
        sync.broker.lose()
        await asyncio.sleep(3)
    assert sync.broker.ends() == ["state", "occupancy", "state", "occupancy", "state"]


@in_virtual_time
async def test_a_state_shown_while_connected_is_published_at_once():
    sync = Sync()
    async with sync.running():
        await asyncio.sleep(1)
        sync.publisher.show(OCCUPANCY, lambda: b"{}")
        await asyncio.sleep(0.001)
        assert sync.broker.ends() == ["state", "occupancy"]


@in_virtual_time
async def test_a_change_of_what_nobody_shows_is_our_own_mistake():
    with pytest.raises(AssertionError):
        Sync().publisher.changed(OCCUPANCY)


@in_virtual_time
async def test_the_will_says_that_this_run_was_lost():
    sync = Sync()
    async with sync.running():
        await asyncio.sleep(0.1)
    will = sync.broker.will
    assert will is not None
    assert (will.topic, will.is_retained) == (topics.state(SITE), True)
    assert will.payload == b'{"state":"offline","run":"run-2","reason":"lost"}'


@in_virtual_time
async def test_figures_are_told_once_a_minute_and_expire():
    sync = Sync()
    async with sync.running():
        await asyncio.sleep(150)
    told = [message for message in sync.broker.arrived if message.topic == topics.health(SITE)]
    assert len(told) == 3
    assert all((one.qos, one.is_retained, one.expiry_s) == (0, False, 120) for one in told)


# --- the end -------------------------------------------------------------------------------------


@in_virtual_time
async def test_stopping_says_goodbye_and_keeps_the_last_receipts():
    sync = Sync()
    async with sync.running():
        await asyncio.sleep(1)
        sync.append()
        await asyncio.sleep(0.02)
        sync.append()
        await asyncio.sleep(0.02)
        assert sync.journal.stored == Receipts(1)
    assert sync.journal.stored == Receipts(2)
    assert sync.broker.bodies("state")[-1]["reason"] == "stopped"
    assert sync.broker.goodbyes == 1


@in_virtual_time
async def test_stopping_ends_within_a_second_though_the_broker_hangs_and_the_disk_refuses():
    sync = Sync()
    loop = asyncio.get_running_loop()
    async with sync.running():
        await asyncio.sleep(1)
        sync.append()
        await asyncio.sleep(0.02)
        sync.broker.loses_answers = True
        sync.journal.refuses_receipts = True
        began_s = loop.time()
    assert loop.time() - began_s < 1


# --- refusals ------------------------------------------------------------------------------------


def audit_refused(message):
    return 0x87 if message.topic.endswith("/audit") else 0


A_PASSAGE = Passage(outcome=PassageOutcome.COMPLETED, lane=LANE, direction=Direction.ENTRY)


def test_refused_events_stay_and_are_told_once_and_the_rest_goes_on(caplog):
    async def scenario():
        sync = Sync(past=3)
        sync.broker.codes = audit_refused
        async with sync.running():
            await asyncio.sleep(5)
            sync.append(A_PASSAGE)
            sync.append()
            await asyncio.sleep(120)
            figures = sync.publisher.figures()
            assert sync.broker.sequences("event") == [4]
            assert sync.journal.stored == Receipts(0, ((4, 4),))
            assert figures.depth == 4
            assert 20 < figures.refused < 80
            sync.broker.codes = lambda _: 0
            await asyncio.sleep(400)
            assert sync.journal.stored == Receipts(5)
            assert sync.broker.sequences("backfill") == [1, 2, 3, 5]

    caplog.set_level(logging.INFO)
    run(scenario())
    told = [record for record in caplog.records if record.getMessage().startswith("events_")]
    assert [(one.levelname, one.getMessage()) for one in told] == [
        ("ERROR", "events_refused"),
        ("INFO", "events_accepted"),
    ]
    assert "code 0x87" in told[0].fields["what_to_do"]
    assert "rules must let this gateway write" in told[0].fields["what_to_do"]


@in_virtual_time
async def test_an_event_refused_for_a_moment_is_tried_again_soon():
    sync = Sync()
    refusals = [0x97, 0x97]
    sync.broker.codes = lambda message: (
        refusals.pop() if refusals and "/event/" in message.topic else 0
    )
    async with sync.running():
        await asyncio.sleep(1)
        for _ in range(5):
            sync.append()
        await asyncio.sleep(3)
        assert sync.journal.stored == Receipts(5)
    assert Counter(sync.broker.sequences("event") + sync.broker.sequences("backfill")) == Counter(
        [1, 2, 3, 4, 5]
    )


@in_virtual_time
async def test_a_state_that_was_refused_for_a_moment_is_told_again_soon():
    sync = Sync()
    refusals = [0x97]
    sync.broker.codes = lambda message: (
        refusals.pop() if refusals and message.topic.endswith("/up/state") else 0
    )
    async with sync.running():
        await asyncio.sleep(60)
        shown = [message.topic for message in sync.broker.arrived].count(topics.state(SITE))
    assert shown == 1  # The refused one is not shown.


def test_a_refused_state_is_told_once_and_holds_up_nothing(caplog):
    async def scenario():
        sync = Sync()
        sync.broker.codes = lambda message: 0x87 if message.is_retained else 0
        async with sync.running():
            await asyncio.sleep(1)
            sync.broker.lose()
            await asyncio.sleep(3)
            sync.append()
            await asyncio.sleep(1)
            assert sync.journal.stored == Receipts(1)

    run(scenario())
    told = [record for record in caplog.records if record.getMessage() == "state_refused"]
    assert len(told) == 1
    assert "up/state (code 0x87)" in told[0].fields["what_to_do"]


@in_virtual_time
async def test_events_that_nobody_listens_to_are_delivered_and_the_figures_say_so():
    sync = Sync()
    sync.broker.codes = lambda _: 0x10
    async with sync.running():
        sync.append()
        await asyncio.sleep(1)
        assert sync.journal.stored == Receipts(1)
        assert not sync.publisher.figures().is_heard
        sync.broker.codes = lambda _: 0
        sync.append()
        await asyncio.sleep(1)
        assert sync.publisher.figures().is_heard


# --- the disk ------------------------------------------------------------------------------------


def test_while_the_disk_refuses_receipts_the_backfill_waits_and_live_goes_on(caplog):
    async def scenario():
        sync = Sync(past=2000)
        sync.journal.refuses_receipts = False
        async with sync.running():
            await asyncio.sleep(0.1)
            sync.journal.refuses_receipts = True
            await asyncio.sleep(10)
            stalled = len(sync.broker.sequences("backfill"))
            assert stalled < 1000
            seq = sync.append()
            await asyncio.sleep(1)
            assert sync.broker.sequences("event") == [seq]
            assert len(sync.broker.sequences("backfill")) == stalled
            sync.journal.refuses_receipts = False
            await asyncio.sleep(5)
            assert sync.journal.stored == Receipts(2001)

    run(scenario())
    assert [record.getMessage() for record in caplog.records].count("receipts_not_stored") == 1


@in_virtual_time
async def test_a_disk_that_cannot_read_holds_up_the_backfill_only():
    sync = Sync(past=1000)
    async with sync.running():
        await asyncio.sleep(0.1)
        sync.journal.refuses_reads = True
        await asyncio.sleep(20)
        assert len(sync.broker.sequences("backfill")) < 300
        sync.append()
        await asyncio.sleep(1)
        assert sync.broker.sequences("event") == [1001]
        sync.journal.refuses_reads = False
        await asyncio.sleep(10)
        assert sync.journal.stored == Receipts(1001)


@in_virtual_time
async def test_a_disk_that_cannot_be_read_at_the_start_is_tried_again():
    sync = Sync(past=3)
    sync.journal.refuses_reads = True
    async with sync.running():
        sync.append()
        await asyncio.sleep(5)
        assert sync.broker.sequences("event") == [4]
        sync.journal.refuses_reads = False
        await asyncio.sleep(7)
        assert sync.journal.stored == Receipts(4)


@in_virtual_time
async def test_rows_that_retention_took_away_do_not_hold_up_the_rest():
    sync = Sync(past=3)
    sync.journal.read = lambda after, limit: []
    async with sync.running():
        await asyncio.sleep(1)
        sync.append()
        await asyncio.sleep(1)
        assert sync.broker.sequences("event") == [4]


# --- figures -------------------------------------------------------------------------------------


@in_virtual_time
async def test_figures_tell_depth_and_age_of_what_waits():
    sync = Sync()
    async with sync.running():
        await asyncio.sleep(1)
        assert sync.publisher.figures().oldest_s is None
        with sync.broker_away():
            sync.append()
            await asyncio.sleep(5)
            sync.append()
            await asyncio.sleep(5)
            figures = sync.publisher.figures()
            assert (figures.depth, round(figures.oldest_s or 0)) == (2, 10)
        await asyncio.sleep(30)
        figures = sync.publisher.figures()
        assert (figures.depth, figures.oldest_s) == (0, None)
        assert figures.receipts == 2
        assert figures.published >= 2


@in_virtual_time
async def test_the_age_of_an_old_backlog_is_known_from_the_start():
    sync = Sync(past=5)
    sync.journal.stored = Receipts(2)
    sync.broker.down = "nothing listens there"
    async with sync.running():
        await asyncio.sleep(60)
        figures = sync.publisher.figures()
        assert (figures.depth, round(figures.oldest_s or 0)) == (3, 60)
    assert sync.journal.events[2].draft.at == START


@pytest.mark.parametrize(
    ("depth", "oldest_s", "hours"),
    [
        (0, None, None),
        (10, 0.0, 24.0),
        (10, 3600.0, 9.0),
        (1, 3600.0, 23.0),
        (200, 3600.0, 0.0),
        (1, 100 * 3600.0, 0.0),
    ],
)
def test_the_hours_left_are_those_until_age_or_number_reach_their_limit(depth, oldest_s, hours):
    limits = PublisherSettings(
        site=SITE, run="r", version="0", outbox_s_max=24 * 3600.0, outbox_count_max=100
    )
    assert hours_left(limits, depth, oldest_s) == hours


# --- all of it at once ---------------------------------------------------------------------------


def live_again(broker):
    broker.loses_answers, broker.down, broker.receipt_s = False, None, 0.01


FAULTS = {
    "cut": lambda broker: broker.lose(is_hung_up=True),
    "away": lambda broker: broker.lose(stay_down=True),
    "frozen": lambda broker: setattr(broker, "loses_answers", True),
    "slow": lambda broker: setattr(broker, "receipt_s", 4.0),
    "well": live_again,
}
APPEND = "append"


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32),
    past=st.integers(0, 250),
    steps=st.lists(
        st.one_of(
            st.just(APPEND), st.sampled_from(sorted(FAULTS)), st.sampled_from((0.001, 0.1, 3.0, 12))
        ),
        max_size=60,
    ),
)
def test_whatever_fails_every_event_arrives_and_each_topic_rises(seed, past, steps):
    """Faults of the broker in any order; then it is well, and all comes out."""

    async def scenario():
        sync = Sync(past=past, seed=seed)
        sync.publisher.show(OCCUPANCY, lambda: b"{}")
        async with sync.running():
            for step in steps:
                if step == APPEND:
                    sync.append()
                    sync.publisher.changed(OCCUPANCY)
                elif isinstance(step, str):
                    FAULTS[step](sync.broker)
                else:
                    await asyncio.sleep(step)
            live_again(sync.broker)
            sync.broker.lose()
            await asyncio.sleep(120)
            head = sync.journal.head()
            assert sync.journal.stored == Receipts(head)
            assert sync.publisher.figures().depth == 0
        live, late = sync.broker.sequences("event"), sync.broker.sequences("backfill")
        assert {*live, *late} == set(range(1, head + 1))
        for sequences in (live, late):
            without_repeats = list(dict.fromkeys(sequences))
            assert without_repeats == sorted(without_repeats)

    run(scenario())


# --- questions -----------------------------------------------------------------------------------


QUESTION = check_message(SITE, Question("0a" * 8, holder("anna"), LANE, START, 1500))


@in_virtual_time
async def test_a_question_goes_out_at_once_and_before_everything_that_waits():
    sync = Sync(past=3)
    assert not sync.publisher.ask(QUESTION), "nobody is there to be asked"
    async with sync.running():
        await asyncio.sleep(1)
        sync.append()
        assert sync.publisher.ask(QUESTION)
        await asyncio.sleep(0.005)
        assert sync.broker.ends()[-2:] == ["check", "event/audit"]


@in_virtual_time
async def test_a_question_that_a_lost_connection_did_not_take_is_not_sent_later():
    sync = Sync()
    async with sync.running():
        await asyncio.sleep(1)
        sync.publisher.ask(QUESTION)
        sync.broker.lose()
        await asyncio.sleep(60)
        sync.append()
        await asyncio.sleep(1)
    assert "check" not in sync.broker.ends()
    assert sync.broker.sequences("event") == [1]
