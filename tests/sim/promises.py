"""All promises, and how a story keeps them."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.sim import checkers as gate
from tests.sim import checkers_centre as centre
from tests.sim import checkers_disk as disk
from tests.sim import checkers_exit as way_out
from tests.sim import checkers_rules as rules
from tests.sim import checkers_sync as sync
from tests.sim.checkers import Breaches
from tests.sim.story import Story

PROMISES: tuple[Callable[[Story], Breaches], ...] = (
    gate.no_entry_opens_without_a_recorded_verdict,
    gate.no_entry_opens_on_a_record_that_came_late,
    gate.a_gate_opens_only_for_a_grant_of_its_own_lane_and_direction,
    gate.a_grant_opens_at_most_once,
    gate.at_most_one_grant_is_open_at_a_lane,
    gate.every_scan_leaves_exactly_one_verdict,
    gate.each_grant_ends_exactly_once,
    gate.what_is_recorded_as_never_opened_never_opened,
    way_out.the_exit_always_opens,
    way_out.somebody_who_leaves_is_served_soon,
    gate.every_body_is_recorded_exactly_once,
    gate.a_log_that_lost_bodies_is_told,
    gate.occupancy_equals_bodies_in_minus_out,
    rules.no_visitor_is_admitted_beyond_the_limit,
    rules.nobody_is_admitted_again_before_they_leave,
    rules.a_rotating_code_lets_in_once,
    rules.no_rotating_code_counts_while_nobody_knows_the_time,
    rules.time_goes_back_only_where_ntp_says_so,
    rules.a_clock_that_is_kept_is_right,
    rules.nobody_is_admitted_outside_their_time,
    rules.events_of_the_gateway_rise_by_epoch_and_sequence,
    sync.every_event_reaches_the_broker_exactly_once,
    sync.no_event_reaches_the_broker_before_it_is_on_disk,
    sync.no_event_counts_as_delivered_that_the_broker_did_not_take,
    sync.what_reaches_the_broker_is_as_the_contract_says,
    sync.events_of_a_topic_rise_by_themselves,
    sync.what_the_outbox_has_in_memory_is_bounded,
    sync.the_tables_never_know_more_than_the_journal,
    sync.the_tables_are_what_the_journal_makes,
    sync.the_centre_shows_what_the_gate_counts,
    centre.no_order_opens_twice_or_late_or_for_a_stranger,
    centre.an_order_is_on_disk_before_it_acts,
    centre.every_order_that_is_genuine_is_answered,
    centre.only_documents_that_the_centre_signed_are_kept,
    centre.no_document_takes_the_place_of_a_newer_one,
    centre.no_verdict_uses_rules_that_are_not_kept_or_are_replaced,
    centre.the_rules_that_the_centre_is_shown_never_grow_older,
    disk.nothing_that_anybody_was_told_is_lost,
    disk.people_are_known_by_pseudonyms_alone,
    sync.everything_comes_to_rest_when_the_weather_clears,
    sync.nothing_fails_in_a_way_that_nobody_foresaw,
)


@dataclass(frozen=True, slots=True)
class Breach:
    promise: str
    at_s: float
    how: str


def broken(story: Story) -> list[Breach]:
    """Return every breach, the earliest first."""
    found = [
        Breach(in_words(promise), at_s, how) for promise in PROMISES for at_s, how in promise(story)
    ]
    return sorted(found, key=lambda one: one.at_s)


def in_words(promise: Callable[[Story], Breaches]) -> str:
    return promise.__name__.replace("_", " ")
