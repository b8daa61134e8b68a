"""What a lane's display shows: for each state of the lane, and for what just happened there."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from gatewayd.core.events import (
    DEADLINE,
    GATEWAY,
    OFFICER,
    Access,
    AccessOutcome,
    Alarm,
    AlarmOutcome,
    Passage,
    PassageOutcome,
)
from gatewayd.core.hours import Hours, parse_span
from gatewayd.core.lane_terms import (
    Deciding,
    ExitOnly,
    Free,
    Granted,
    Idle,
    Lane,
    Order,
    Passing,
    Ticket,
)
from gatewayd.core.lane_view import (
    REFERRAL_S,
    REFUSAL_S,
    House,
    LaneView,
    Notice,
    Seen,
    Sign,
    find_house,
    find_notice,
    view,
)
from gatewayd.core.occupancy import Occupancy
from gatewayd.core.policy import Capacity, Enforcement, Policy
from gatewayd.core.prompts import Prompt
from gatewayd.core.reasons import Reason
from gatewayd.core.words import Direction, GrantId, LaneId

ENTRY, EXIT = Direction.ENTRY, Direction.EXIT
IDLE = Lane(Idle(), is_linked=True)
GRANT = GrantId("0" * 32)
NOW_S = 100.0
REFUSED = Notice(Sign.REFUSED, Reason.EXPIRED, NOW_S - 1, NOW_S + 6)
UTC_NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)  # A Monday, ten in the morning in Jakarta.
POLICY = Policy(ZoneInfo("Asia/Jakarta"))


def seen(lane=IDLE, direction=ENTRY, **known):
    return Seen(lane=lane, direction=direction, **known)


def shown(lane=IDLE, direction=ENTRY, **known):
    return view(seen(lane, direction, **known), NOW_S)


def granted(direction, state=Granted):
    return replace(IDLE, state=state(GRANT, direction))


def deciding(direction):
    return replace(IDLE, state=Deciding(Ticket(1, direction, None)))


# --- what holds for everybody ---


@pytest.mark.parametrize("direction", Direction)
def test_a_lane_at_rest_asks_for_a_scan(direction):
    assert shown(direction=direction) == LaneView(Sign.SCAN)


def test_a_house_with_a_limit_says_how_many_are_inside():
    assert shown(house=House(inside=12, limit=50)) == LaneView(Sign.SCAN, inside=12, limit=50)


@pytest.mark.parametrize("direction", Direction)
def test_fire_wins_over_an_open_gate_a_fault_and_a_notice(direction):
    burning = replace(granted(direction), is_fire=True, has_fault=True, order=Order.EXIT_ONLY)
    told = shown(burning, direction, notice=REFUSED, open_until_s=NOW_S + 5)
    assert told.sign is Sign.EMERGENCY
    assert (told.reason is Reason.EMERGENCY) is (direction is ENTRY)


def test_an_ordered_release_is_an_emergency_too():
    assert shown(replace(IDLE, state=Free(), order=Order.FREE)).sign is Sign.EMERGENCY


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("broken", [{"is_linked": False}, {"has_fault": True}])
def test_a_turnstile_that_cannot_open_is_out_of_order_both_ways(direction, broken):
    told = shown(replace(IDLE, **broken), direction)
    assert told == LaneView(Sign.FAULT, Reason.TURNSTILE_NOT_READY)


def test_a_lock_down_closes_the_entry_and_never_the_exit():
    locked = replace(IDLE, state=ExitOnly(), order=Order.EXIT_ONLY)
    assert shown(locked) == LaneView(Sign.LOCKED, Reason.LOCKED_DOWN)
    assert shown(locked, EXIT).sign is Sign.SCAN


def test_a_closed_house_says_so_and_lets_people_out():
    house = House(is_open=False)
    assert shown(house=house) == LaneView(Sign.CLOSED, Reason.CLOSED_NOW)
    assert shown(direction=EXIT, house=house).sign is Sign.SCAN


def test_a_full_house_says_how_full():
    full = House(is_full=True, inside=50, limit=50)
    assert shown(house=full) == LaneView(Sign.FULL, Reason.CAPACITY_FULL, inside=50, limit=50)


def test_places_kept_for_staff_are_not_counted_out_to_guests():
    """47 of 50 would look as if there were three places."""
    full = House(is_full=True, inside=47, limit=50)
    assert shown(house=full) == LaneView(Sign.FULL, Reason.CAPACITY_FULL)


def test_a_disk_that_refuses_sends_everybody_to_the_officer():
    assert shown(refuses=True) == LaneView(Sign.OFFICER, Reason.RECORD_FAILED)


# --- an open gate ---


@pytest.mark.parametrize(("direction", "said"), [(ENTRY, None), (EXIT, Reason.EXIT)])
@pytest.mark.parametrize("state", [Granted, Passing])
def test_an_open_gate_shows_the_arrow_until_its_window_ends(direction, said, state):
    told = shown(granted(direction, state), direction, open_until_s=NOW_S + 5)
    assert told == LaneView(Sign.GO, said, until_s=NOW_S + 5)


@pytest.mark.parametrize("state", [Granted, Passing])
def test_no_arrow_outlives_its_window(state):
    assert shown(granted(ENTRY, state), open_until_s=NOW_S).sign is Sign.WAIT


def test_no_arrow_points_against_somebody_who_comes_out():
    assert shown(granted(EXIT), ENTRY, open_until_s=NOW_S + 5).sign is Sign.WAIT
    assert shown(granted(ENTRY), EXIT, open_until_s=NOW_S + 5).sign is Sign.WAIT


def test_a_lock_down_takes_the_arrow_back():
    locked = replace(granted(ENTRY), order=Order.EXIT_ONLY)
    assert shown(locked, open_until_s=NOW_S + 5).sign is Sign.LOCKED


def test_a_turnstile_without_a_link_shows_no_arrow_on_the_other_side():
    cut = replace(granted(EXIT), is_linked=False)
    assert shown(cut, ENTRY).sign is Sign.FAULT


# --- one person's scan ---


@pytest.mark.parametrize(
    "known",
    [
        {"lane": deciding(ENTRY)},
        {"lane": replace(IDLE, waiting=(Ticket(2, ENTRY, 5000),))},
        {"lane": IDLE, "is_asking": True},
    ],
)
def test_whoever_scanned_and_has_no_answer_waits_and_reads_nobody_elses(known):
    assert shown(**known, notice=REFUSED) == LaneView(Sign.WAIT)


def test_a_refusal_stays_while_somebody_else_comes_out():
    for lane in (deciding(EXIT), granted(EXIT)):
        assert shown(lane, notice=REFUSED).sign is Sign.REFUSED


def test_a_notice_is_told_in_its_time_only():
    told = LaneView(Sign.REFUSED, Reason.EXPIRED, until_s=REFUSED.until_s)
    assert shown(notice=REFUSED) == told
    for now_s in (REFUSED.from_s - 1, REFUSED.until_s):
        assert view(seen(notice=REFUSED), now_s).sign is Sign.SCAN


def test_the_next_part_of_a_code_is_asked_for():
    told = shown(prompt=Prompt.NEXT_PART, notice=REFUSED)
    assert told == LaneView(Sign.NEXT, prompt=Prompt.NEXT_PART)


def test_whom_another_certificate_helps_is_told_with_the_number():
    sent = Notice(Sign.OFFICER, Reason.REGION_TEST, NOW_S, NOW_S + 5, referral=12)
    told = shown(prompt=Prompt.OTHER_CERTIFICATE, notice=sent)
    assert (told.sign, told.referral, told.prompt) == (Sign.OFFICER, 12, Prompt.OTHER_CERTIFICATE)


def test_after_the_notice_the_next_person_is_not_asked_for_another_certificate():
    assert shown(prompt=Prompt.OTHER_CERTIFICATE).sign is Sign.SCAN


def test_whoever_is_refused_for_want_of_a_place_sees_the_figures():
    sent = Notice(Sign.FULL, Reason.CAPACITY_FULL, NOW_S, NOW_S + 5)
    told = shown(notice=sent, house=House(is_full=True, inside=50, limit=50))
    assert (told.sign, told.inside, told.limit) == (Sign.FULL, 50, 50)


# --- notices ---


def verdict(outcome, reason, source=GATEWAY, **more):
    return Access(
        outcome=outcome,
        lane=LaneId("lane-1"),
        direction=ENTRY,
        reason=reason,
        source=source,
        kind="pass",
        **more,
    )


@pytest.mark.parametrize(
    ("reason", "sign"),
    [
        (Reason.EXPIRED, Sign.REFUSED),
        (Reason.CAPACITY_FULL, Sign.FULL),
        (Reason.CLOSED_NOW, Sign.CLOSED),
        (Reason.LANE_BUSY, Sign.WAIT),
    ],
)
def test_a_refusal_is_a_notice_of_its_reason(reason, sign):
    found = find_notice(verdict(AccessOutcome.REFUSED, reason), NOW_S)
    notice = Notice(sign, reason, NOW_S, NOW_S + REFUSAL_S)
    assert found == (LaneId("lane-1"), ENTRY, notice)


def test_a_referral_is_a_notice_with_its_number():
    found = find_notice(verdict(AccessOutcome.REFERRED, "region_test", referral=7), NOW_S)
    notice = Notice(Sign.OFFICER, Reason.REGION_TEST, NOW_S, NOW_S + REFERRAL_S, 7)
    assert found == (LaneId("lane-1"), ENTRY, notice)


@pytest.mark.parametrize("source", [GATEWAY, OFFICER])
def test_an_admission_takes_the_notice_away(source):
    found = find_notice(verdict(AccessOutcome.ADMITTED, "ok", source), NOW_S)
    assert found == (LaneId("lane-1"), ENTRY, None)


@pytest.mark.parametrize("source", [OFFICER, DEADLINE])
def test_what_is_settled_at_the_desk_is_not_told_to_whoever_is_at_the_lane(source):
    assert find_notice(verdict(AccessOutcome.REFUSED, "officer_refused", source), NOW_S) is None


def passage(outcome, reason):
    return Passage(outcome=outcome, lane=LaneId("lane-1"), direction=ENTRY, reason=reason)


def test_whoever_was_admitted_and_cannot_pass_is_told_why():
    found = find_notice(passage(PassageOutcome.EXPIRED, "record_late"), NOW_S)
    assert found is not None
    assert found[2] == Notice(Sign.REFUSED, Reason.RECORD_LATE, NOW_S, NOW_S + REFUSAL_S)


@pytest.mark.parametrize(
    "fact",
    [
        passage(PassageOutcome.EXPIRED, "not_passed"),
        passage(PassageOutcome.COMPLETED, None),
        Alarm(outcome=AlarmOutcome.RAISED, alarm="fire", subject="lane-1"),
    ],
)
def test_what_is_nobodys_scan_is_no_notice(fact):
    assert find_notice(fact, NOW_S) is None


# --- the house ---


def test_a_house_without_rules_is_open_and_never_full():
    assert find_house(Occupancy({"visitor": 9}), POLICY, UTC_NOW) == House(inside=9)


def test_a_house_is_full_when_no_guest_has_a_place():
    limited = replace(POLICY, capacity=Capacity(total=10, staff_reserve=2))
    full = Occupancy({"visitor": 7}, {"visitor": 1})
    assert find_house(full, limited, UTC_NOW) == House(is_full=True, inside=8, limit=10)
    assert not find_house(Occupancy({"visitor": 7}), limited, UTC_NOW).is_full


def test_a_house_is_not_full_while_one_kind_of_guest_has_a_place():
    limited = replace(POLICY, capacity=Capacity(by_category={"visitor": 1}))
    assert not find_house(Occupancy({"visitor": 1}), limited, UTC_NOW).is_full


def test_a_house_for_staff_alone_is_never_full_of_guests():
    staffed = replace(POLICY, categories=("staff",), capacity=Capacity(total=1))
    assert not find_house(Occupancy({"staff": 1}), staffed, UTC_NOW).is_full


def test_rules_that_are_only_observed_keep_nobody_out():
    span = parse_span("sat 08:00-12:00")
    assert span is not None
    closed = replace(POLICY, opening_hours=Hours((span,)), capacity=Capacity(total=0))
    assert find_house(Occupancy(), closed, UTC_NOW) == House(is_open=False, is_full=True, limit=0)
    observed = replace(closed, mode=Enforcement.OBSERVE)
    assert find_house(Occupancy(), observed, UTC_NOW) == House(limit=0)


# --- on the wire ---


def test_a_page_is_told_words_in_both_languages_and_never_a_code():
    """`status_red` on a screen's wire says more than the text that bystanders may read."""
    told = LaneView(Sign.REFUSED, Reason.STATUS_RED, until_s=107.0).document()
    assert told["words"] == {
        "id": "Anda belum dapat masuk. Petugas akan menjelaskan langkah berikutnya.",
        "en": "You cannot go in yet. The officer will tell you what to do next.",
    }
    assert (told["sign"], told["until_ms"]) == ("refused", 107_000)
    assert "status" not in str(told)


def test_a_prompt_goes_before_the_reason():
    told = LaneView(Sign.OFFICER, Reason.REGION_TEST, Prompt.OTHER_CERTIFICATE, 3).document()
    assert told["words"]["en"].startswith("Now show")
    assert LaneView(Sign.WAIT).document()["words"] == {"id": None, "en": None}
