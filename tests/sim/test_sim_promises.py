"""The simulation's promises: each says nothing of a true story, and catches one that is made false."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from functools import cache

import pytest

from drivers import base
from firmware_protocol.words import LogEntry, LogKind
from gatewayd.mqtt import topics
from tests.sim import checkers as gate
from tests.sim import checkers_centre as centre
from tests.sim import checkers_disk as disk
from tests.sim import checkers_exit as way_out
from tests.sim import checkers_rules as rules
from tests.sim import checkers_sync as sync
from tests.sim.checkers_centre import order_of
from tests.sim.clock import START
from tests.sim.papers import SITE
from tests.sim.promises import PROMISES, broken
from tests.sim.story import (
    Arrived,
    Confirmed,
    Executed,
    Failed,
    Handed,
    Logged,
    Lost,
    Overwritten,
    Published,
    Recorded,
    Seen,
    Sent,
    Shelved,
    Started,
    Story,
)
from tests.sim.world import run_seed

SEEDS = (9, *range(1, 9))  # The first is short, and has kills, bodies and a centre cut off.

Change = Callable[[Story], Story]


@cache
def told(seed: int) -> Story:
    return run_seed(seed)


def made_false(change: Change) -> Story:
    """Change the first story that has what is to be changed."""
    for seed in SEEDS:
        with suppress(StopIteration):
            return change(told(seed))
    raise AssertionError(f"no story of {SEEDS} has what {change.__name__} changes")


def first(story: Story, kind: type[Seen], is_it: Callable[[Seen], bool]) -> Seen:
    """Return the first such moment. Raises StopIteration."""
    return next(one for one in story.of(kind) if is_it(one))


def retold(story: Story, one: Seen, instead: Iterable[Seen]) -> Story:
    """Return the story with this moment exchanged for others."""
    false = Story(left=story.left, site=story.site)
    for seen in story.seen:
        for it in instead if seen is one else (seen,):
            false.saw(it)
    return false


def without(story: Story, is_it: Callable[[Arrived], bool]) -> Story:
    """Return the story without what arrived so."""
    false = Story(left=story.left, site=story.site)
    for seen in story.seen:
        if not (isinstance(seen, Arrived) and is_it(seen)):
            false.saw(seen)
    return false


def ending(story: Story, **changed: object) -> Story:
    false = Story(left=replace(story.left, **changed), site=story.site)
    for seen in story.seen:
        false.saw(seen)
    return false


def at_another_site(story: Story, policy: dict[str, object], **changed: object) -> Story:
    """Return the story as it would be of a site with another policy."""
    policy = {**story.site.policy, "mode": "enforce", **policy}
    false = Story(left=story.left, site=replace(story.site, policy=policy, **changed))
    for seen in story.seen:
        false.saw(seen)
    return false


def is_entry(one: Seen) -> bool:
    return one.direction == "entry"


def is_open(direction: str) -> Callable[[Seen], bool]:
    return lambda one: isinstance(one.command, base.OpenOnce) and one.command.direction == direction


def is_row(kind: str, /, **data: object) -> Callable[[Seen], bool]:
    return lambda row: row.type.startswith(f"onegate.{kind}") and data.items() <= row.data.items()


def an_opening_without_a_record(story: Story) -> Story:
    one = first(story, Executed, is_entry)
    return retold(story, one, [replace(one, is_recorded=False)])


def an_opening_two_seconds_late(story: Story) -> Story:
    one = first(story, Sent, is_open("entry"))
    return retold(story, one, [replace(one, at_s=one.at_s + 2.0)])


def an_opening_at_another_lane(story: Story) -> Story:
    one = first(story, Executed, is_entry)
    return retold(story, one, [replace(one, lane="lane-9")])


def an_opening_again(story: Story) -> Story:
    one = story.of(Executed)[0]
    return retold(story, one, [one, one])


def a_second_command_while_the_first_is_open(story: Story) -> Story:
    one = first(story, Sent, is_open("entry"))
    second = replace(one.command, grant="00" * 16)
    return retold(story, one, [one, replace(one, command=second)])


def a_second_verdict(story: Story) -> Story:
    one = first(story, Recorded, is_row("access", source="gateway"))
    return retold(story, one, [one, one])


def a_verdict_that_nobody_made(story: Story) -> Story:
    last = story.of(Started)[-1].run
    one = first(
        story, Recorded, lambda row: is_row("access", source="gateway")(row) and row.run == last
    )
    return retold(story, one, [])


def a_grant_without_an_end(story: Story) -> Story:
    one = first(story, Recorded, lambda row: is_row("passage")(row) and "grant" in row.data)
    return retold(story, one, [])


def an_opening_that_is_denied(story: Story) -> Story:
    one = first(story, Recorded, is_row("passage.completed"))
    never = {**one.data, "reason": "not_opened"}
    return retold(story, one, [replace(one, type="onegate.passage.expired.v1", data=never)])


def an_exit_that_stays_shut(story: Story) -> Story:
    """One of them is enough; some are hindered, and may stay shut."""
    first(story, Sent, is_open("exit"))
    false = Story(left=story.left, site=story.site)
    for seen in story.seen:
        if not (isinstance(seen, Sent) and is_open("exit")(seen)):
            false.saw(seen)
    return false


def an_exit_that_waits_for_minutes(story: Story) -> Story:
    one = first(story, Recorded, is_row("access", direction="exit", source="gateway"))
    return retold(story, one, [replace(one, made_s=one.made_s + 200.0)])


def a_body_that_is_not_recorded(story: Story) -> Story:
    one = first(story, Recorded, lambda row: is_row("passage")(row) and "device" in row.data)
    return retold(story, one, [])


def somebody_who_was_never_there(story: Story) -> Story:
    return ending(story, total=story.left.total + 100)


def an_event_that_is_lost(story: Story) -> Story:
    one = story.of(Recorded)[5]
    false = Story(left=story.left, site=story.site)
    for seen in story.seen:
        if not (isinstance(seen, Arrived) and seen.event == one.id):
            false.saw(seen)
    return false


def a_copy_with_another_body(story: Story) -> Story:
    one = sync.arrived(story)[0]
    other = json.dumps({**json.loads(one.payload), "time": "2020-01-01T00:00:00Z"}).encode()
    return retold(story, one, [one, replace(one, payload=other)])


def an_event_without_its_lane(story: Story) -> Story:
    one = first(story, Arrived, lambda it: "/access" in it.topic)
    body = json.loads(one.payload)
    del body["data"]["lane"]
    return retold(story, one, [replace(one, payload=json.dumps(body).encode())])


def a_row_that_is_missing(story: Story) -> Story:
    return retold(story, story.of(Recorded)[5], [])


def an_event_ahead_of_its_record(story: Story) -> Story:
    one = sync.arrived(story)[0]
    return retold(story, one, [replace(one, is_recorded=False)])


def a_receipt_that_nobody_sent(story: Story) -> Story:
    one = story.of(Confirmed)[0]
    return retold(story, one, [replace(one, untaken=(7,))])


def an_event_that_is_overtaken(story: Story) -> Story:
    one = sync.arrived(story)[0]
    return retold(story, one, [replace(one, seq=10_000)])


def tables_ahead_of_the_journal(story: Story) -> Story:
    one = story.of(Started)[0]
    return retold(story, one, [replace(one, folded=one.head + 1)])


def a_row_that_no_event_made(story: Story) -> Story:
    return ending(story, tables={**story.left.tables, "devices": {"x": {"sequence": 1}}})


def a_centre_that_counts_otherwise(story: Story) -> Story:
    return ending(story, shown_total=-1)


def a_centre_that_has_it_offline(story: Story) -> Story:
    return ending(story, is_online=False)


def an_order_that_is_carried_out_twice(story: Story) -> Story:
    one = first(story, Recorded, lambda row: is_row("access")(row) and order_of(row))
    return retold(story, one, [one, one])


def an_order_that_a_stranger_gave(story: Story) -> Story:
    one = first(story, Recorded, lambda row: is_row("access")(row) and order_of(row))
    given = first(story, Published, lambda said: said.id == order_of(one))
    return retold(story, given, [replace(given, flaw="forged")])


def is_order_by_the_clock(row: Seen) -> bool:
    return is_row("access")(row) and row.quality == "synced" and bool(order_of(row))


def an_order_that_was_over(story: Story) -> Story:
    one = first(story, Recorded, is_order_by_the_clock)
    given = first(story, Published, lambda said: said.id == order_of(one))
    return retold(story, given, [replace(given, until_s=given.until_s - 60)])


def an_order_that_came_too_early(story: Story) -> Story:
    one = first(story, Recorded, is_order_by_the_clock)
    given = first(story, Published, lambda said: said.id == order_of(one))
    return retold(story, given, [replace(given, flaw="early")])


def without_the_time(story: Story, kind: str, *, nonce: str = "now", **verdict: object) -> Story:
    """Have an order of a kind that let somebody in be early, and taken by a gate without the time.

    It told the word "now" just before. verdict: what changes in the row of that.
    """
    one = first(
        story, Recorded, lambda row: is_row("access.admitted", kind=kind)(row) and order_of(row)
    )
    given = first(story, Published, lambda said: said.id == order_of(one))
    taken = first(
        story,
        Recorded,
        lambda row: is_row("audit.command", action="order_taken")(row) and is_about(row, given.id),
    )
    claims = urlsafe_b64encode(json.dumps({"nonce": nonce}).encode())
    state = Arrived(
        at_s=given.at_s,
        topic=topics.state(SITE),
        event="",
        seq=0,
        is_recorded=True,
        payload=json.dumps({"run": taken.run, "nonce": "now"}).encode(),
    )
    false = retold(
        story, given, [state, replace(given, flaw="early", payload=b"." + claims + b".")]
    )
    false = retold(false, taken, [replace(taken, quality="unsynced")])
    return retold(false, one, [replace(one, **{"quality": "unsynced", **verdict})])


def is_about(row: Seen, order: str) -> bool:
    return bool(row.data["detail"]["id"] == order)


def an_order_without_the_word_of_now(story: Story) -> Story:
    return without_the_time(story, "attestation", nonce="of yesterday")


def an_order_long_after_the_word_of_now(story: Story) -> Story:
    return without_the_time(story, "attestation", made_s=1e3)


def a_code_that_opens_without_the_time(story: Story) -> Story:
    return without_the_time(story, "checkin")


def an_order_without_a_record(story: Story) -> Story:
    done = first(story, Recorded, lambda row: is_row("access")(row) and order_of(row))
    taken = first(
        story,
        Recorded,
        lambda row: (
            row.data.get("action") == "order_taken" and row.data["detail"]["id"] == order_of(done)
        ),
    )
    return retold(story, taken, [])


def an_order_without_an_answer(story: Story) -> Story:
    """Whoever heard the first one of the last run got no answer at all."""
    run = story.of(Started)[-1].run
    genuine = {one.payload for one in story.of(Published) if one.id and not one.flaw}
    first(
        story,
        Handed,
        lambda one: (
            one.run == run
            and one.payload in genuine
            and not one.is_retained
            and centre.is_order(one)
        ),
    )
    return without(story, lambda one: one.topic.endswith("/up/reply"))


def a_document_that_nobody_signed(story: Story) -> Story:
    one = first(story, Shelved, lambda _: True)
    return retold(story, one, [replace(one, payload=b"made up")])


def a_document_that_is_older(story: Story) -> Story:
    one = first(story, Shelved, lambda _: True)
    return retold(story, one, [one, replace(one, payload=b"older")])


def a_verdict_by_rules_that_are_not_here(story: Story) -> Story:
    one = first(story, Recorded, is_row("access"))
    return retold(story, one, [replace(one, data={**one.data, "policy": ["mojokerto@999"]})])


def a_verdict_by_rules_that_are_replaced(story: Story) -> Story:
    """The first one that used a later version has one after it that used an earlier one."""
    kept = [one for one in story.of(Shelved) if one.shelf == "policy.region"]
    if len(kept) < 2:
        raise StopIteration
    row = story.of(Recorded)[-1]
    labels = [[f"mojokerto@{one.version}"] for one in (kept[1], kept[0])]
    kind = "onegate.access.refused.v1"
    return retold(story, row, [replace(row, type=kind, data={"policy": label}) for label in labels])


def a_centre_that_is_shown_older_rules(story: Story) -> Story:
    one = first(story, Arrived, lambda it: b'"documents":[{' in it.payload)
    older = json.loads(one.payload)
    older["documents"][0]["version"] -= 1
    return retold(story, one, [one, replace(one, payload=json.dumps(older).encode())])


def a_row_that_is_lost_after_it_was_told(story: Story) -> Story:
    one = sync.arrived(story)[0]
    return retold(story, one, [one, Lost(at_s=1e3, event=one.event, grant=None, was_at_s=0.0)])


def a_grant_that_is_lost_after_it_opened(story: Story) -> Story:
    one = first(story, Sent, is_open("entry"))
    lost = Lost(at_s=1e3, event="", grant=one.command.grant, was_at_s=0.0)
    return retold(story, one, [one, lost])


def a_message_that_names_somebody(story: Story) -> Story:
    one = story.of(Arrived)[0]
    return retold(story, one, [replace(one, payload=one.payload + b"person-V-1")])


def a_file_that_names_somebody(story: Story) -> Story:
    return ending(story, named_in=("cache.journal",))


def a_lane_that_never_rests(story: Story) -> Story:
    return ending(story, unrest="lanes: lane-1")


def a_part_that_failed(story: Story) -> Story:
    one = story.seen[-1]
    return retold(story, one, [one, Failed(at_s=1.0, what="KeyError")])


def a_verdict(story: Story, *changes: dict[str, object]) -> Story:
    """Have somebody let in once for each change, who is let in once."""
    one = first(story, Recorded, is_row("access.admitted", direction="entry", kind="roster"))
    false = [
        replace(one, **{**change, "data": {**one.data, **change.get("data", {})}})
        for change in changes
    ]
    return retold(story, one, false)


def a_house_that_was_full(story: Story) -> Story:
    first(story, Recorded, is_row("access.admitted", direction="entry", category="visitor"))
    return at_another_site(story, {"capacity": {"total": 0}})


def somebody_who_comes_in_twice(story: Story) -> Story:
    return at_another_site(a_verdict(story, {}, {}), {"anti_passback": "hard"})


def a_code_that_lets_in_twice(story: Story) -> Story:
    return a_verdict(story, *({"data": {"code_step": 7}} for _ in range(2)))


def a_code_that_counts_without_the_time(story: Story) -> Story:
    return a_verdict(story, {"data": {"code_step": 7}, "quality": "unsynced"})


def a_clock_that_is_set_back(story: Story) -> Story:
    early = {"time": "2026-11-29T00:00:00.000Z", "quality": "holdover"}
    return a_verdict(story, {"quality": "synced"}, early)


def a_clock_that_is_wrong(story: Story) -> Story:
    return a_verdict(story, {"quality": "synced", "time": "2026-11-29T00:00:00.000Z"})


def somebody_whose_time_is_over(story: Story) -> Story:
    first(story, Recorded, is_row("access.admitted", direction="entry", kind="roster"))
    return at_another_site(story, {}, windows=dict.fromkeys(story.site.ids, (None, START)))


def a_row_that_comes_again(story: Story) -> Story:
    return a_verdict(story, {}, {})


def lines_that_nobody_misses(story: Story) -> Story:
    one = story.of(Logged)[-1]
    lost = Overwritten(at_s=one.at_s, lane=one.lane, log=one.log, entries=(LINE,))
    return retold(story, one, [one, lost])


def an_outbox_that_grows(story: Story) -> Story:
    """One more than the most of each figure at its limit."""
    false = ending(story)
    false.peaks = {what: (most + 1, 1.0) for what, most in sync.OUTBOX_MAX.items()}
    return false


LINE = LogEntry(sequence=10**6, kind=LogKind.PASSAGE, boot=1, at_ms=0)
FALSE = {
    a_house_that_was_full: rules.no_visitor_is_admitted_beyond_the_limit,
    somebody_who_comes_in_twice: rules.nobody_is_admitted_again_before_they_leave,
    a_code_that_lets_in_twice: rules.a_rotating_code_lets_in_once,
    a_code_that_counts_without_the_time: (
        rules.no_rotating_code_counts_while_nobody_knows_the_time
    ),
    a_clock_that_is_set_back: rules.time_goes_back_only_where_ntp_says_so,
    a_clock_that_is_wrong: rules.a_clock_that_is_kept_is_right,
    somebody_whose_time_is_over: rules.nobody_is_admitted_outside_their_time,
    a_row_that_comes_again: rules.events_of_the_gateway_rise_by_epoch_and_sequence,
    lines_that_nobody_misses: gate.a_log_that_lost_bodies_is_told,
    an_opening_without_a_record: gate.no_entry_opens_without_a_recorded_verdict,
    an_opening_two_seconds_late: gate.no_entry_opens_on_a_record_that_came_late,
    an_opening_at_another_lane: gate.a_gate_opens_only_for_a_grant_of_its_own_lane_and_direction,
    an_opening_again: gate.a_grant_opens_at_most_once,
    a_second_command_while_the_first_is_open: gate.at_most_one_grant_is_open_at_a_lane,
    a_second_verdict: gate.every_scan_leaves_exactly_one_verdict,
    a_verdict_that_nobody_made: gate.every_scan_leaves_exactly_one_verdict,
    a_grant_without_an_end: gate.each_grant_ends_exactly_once,
    an_opening_that_is_denied: gate.what_is_recorded_as_never_opened_never_opened,
    an_exit_that_stays_shut: way_out.the_exit_always_opens,
    an_exit_that_waits_for_minutes: way_out.somebody_who_leaves_is_served_soon,
    a_body_that_is_not_recorded: gate.every_body_is_recorded_exactly_once,
    somebody_who_was_never_there: gate.occupancy_equals_bodies_in_minus_out,
    an_event_that_is_lost: sync.every_event_reaches_the_broker_exactly_once,
    a_copy_with_another_body: sync.every_event_reaches_the_broker_exactly_once,
    a_row_that_is_missing: sync.every_event_reaches_the_broker_exactly_once,
    an_event_without_its_lane: sync.what_reaches_the_broker_is_as_the_contract_says,
    an_event_ahead_of_its_record: sync.no_event_reaches_the_broker_before_it_is_on_disk,
    a_receipt_that_nobody_sent: sync.no_event_counts_as_delivered_that_the_broker_did_not_take,
    an_event_that_is_overtaken: sync.events_of_a_topic_rise_by_themselves,
    an_outbox_that_grows: sync.what_the_outbox_has_in_memory_is_bounded,
    tables_ahead_of_the_journal: sync.the_tables_never_know_more_than_the_journal,
    a_row_that_no_event_made: sync.the_tables_are_what_the_journal_makes,
    a_centre_that_counts_otherwise: sync.the_centre_shows_what_the_gate_counts,
    a_centre_that_has_it_offline: sync.the_centre_shows_what_the_gate_counts,
    an_order_that_is_carried_out_twice: centre.no_order_opens_twice_or_late_or_for_a_stranger,
    an_order_that_a_stranger_gave: centre.no_order_opens_twice_or_late_or_for_a_stranger,
    an_order_that_was_over: centre.no_order_opens_twice_or_late_or_for_a_stranger,
    an_order_that_came_too_early: centre.no_order_opens_twice_or_late_or_for_a_stranger,
    an_order_without_the_word_of_now: centre.no_order_opens_twice_or_late_or_for_a_stranger,
    an_order_long_after_the_word_of_now: centre.no_order_opens_twice_or_late_or_for_a_stranger,
    a_code_that_opens_without_the_time: centre.no_order_opens_twice_or_late_or_for_a_stranger,
    an_order_without_a_record: centre.an_order_is_on_disk_before_it_acts,
    an_order_without_an_answer: centre.every_order_that_is_genuine_is_answered,
    a_document_that_nobody_signed: centre.only_documents_that_the_centre_signed_are_kept,
    a_document_that_is_older: centre.no_document_takes_the_place_of_a_newer_one,
    a_verdict_by_rules_that_are_not_here: centre.no_verdict_uses_rules_that_are_not_kept_or_are_replaced,
    a_verdict_by_rules_that_are_replaced: centre.no_verdict_uses_rules_that_are_not_kept_or_are_replaced,
    a_centre_that_is_shown_older_rules: centre.the_rules_that_the_centre_is_shown_never_grow_older,
    a_row_that_is_lost_after_it_was_told: disk.nothing_that_anybody_was_told_is_lost,
    a_grant_that_is_lost_after_it_opened: disk.nothing_that_anybody_was_told_is_lost,
    a_message_that_names_somebody: disk.people_are_known_by_pseudonyms_alone,
    a_file_that_names_somebody: disk.people_are_known_by_pseudonyms_alone,
    a_lane_that_never_rests: sync.everything_comes_to_rest_when_the_weather_clears,
    a_part_that_failed: sync.nothing_fails_in_a_way_that_nobody_foresaw,
}


def test_a_true_story_breaks_no_promise():
    assert broken(told(SEEDS[0])) == []


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        ("attestation", {}),
        ("checkin", {"quality": "synced"}),  # It became known while the order was recorded.
        ("checkin", {"type": "onegate.access.referred.v1"}),
    ],
)
def test_an_early_order_is_of_now_for_a_gate_without_the_time_that_hears_its_word(kind, verdict):
    story = made_false(lambda story: without_the_time(story, kind, **verdict))
    assert not list(centre.no_order_opens_twice_or_late_or_for_a_stranger(story))


def test_every_promise_has_a_story_that_breaks_it():
    assert set(FALSE.values()) == set(PROMISES)


@pytest.mark.parametrize("change", FALSE, ids=lambda change: change.__name__)
def test_a_story_made_false_breaks_its_promise(change: Change):
    promise = FALSE[change]
    assert list(promise(made_false(change)))
