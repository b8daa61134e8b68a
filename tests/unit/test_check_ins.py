"""Check-ins by phone: what the centre's claims come to, and how they are decided."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.check_ins import FLAWS, Arrival, Reception, read_check_in
from gatewayd.core.credential import CheckIn
from gatewayd.core.decide import (
    Admit,
    Case,
    Refer,
    Refuse,
    Usage,
    category_of,
    decide,
    find_code,
    holder_of,
)
from gatewayd.core.events import Access, AccessOutcome, Draft, dump_draft, load_draft
from gatewayd.core.evidence import Method
from gatewayd.core.explain import explain_case
from gatewayd.core.hours import Hours, parse_span
from gatewayd.core.lane_codes import LaneCode, stamp, write_code
from gatewayd.core.occupancy import Occupancy
from gatewayd.core.policy import (
    Answer,
    AntiPassback,
    Capacity,
    Enforcement,
    LaneCodes,
    Policy,
    RegionTest,
)
from gatewayd.core.reasons import Reason
from gatewayd.core.recap import Recap
from gatewayd.core.roster import RosterEntry
from gatewayd.core.rotating import CodeUse
from gatewayd.core.standing import UNKNOWN, Standing, find_standing
from gatewayd.core.tables import Expected
from gatewayd.core.words import Direction, HolderId, LaneId, Status
from tests.unit.doubles import PSEUDONYMS, START, holder, roster

SITE = "mojokerto/dukcapil/gmsc"
OPEN = Policy(zone=UTC)
HERE = Reception(SITE, OPEN, (), PSEUDONYMS, START)
ANNA = holder("anna")
POSTER = write_code(LaneCode(SITE, LaneId("lane-1"), Direction.ENTRY, "paspor"))
SHOWN = stamp(POSTER, PSEUDONYMS.key, START)
OUT = stamp(write_code(LaneCode(SITE, LaneId("lane-1"), Direction.EXIT)), PSEUDONYMS.key, START)
CLAIMS = {"code": SHOWN, "direction": "entry", "category": "visitor", "holder": ANNA}
GUEST = CheckIn(order="c-1", holder=ANNA, category="visitor")


def read(here: Reception = HERE, **changed: object) -> Arrival | Reason | Expected:
    claims = {name: value for name, value in {**CLAIMS, **changed}.items() if value is not None}
    return read_check_in("c-1", claims, here)


def decided(credential, policy=OPEN, usage=None, status=Status.UNKNOWN, occupancy=None):
    return decide(credential, status, usage or Usage(), occupancy or Occupancy(), policy, START)


# --- the claims ---


def test_whoever_scanned_the_display_stands_at_its_lane():
    arrival = read(origin="kaltim", status="green", status_until=START.timestamp() + 60)
    assert arrival == Arrival(
        LaneCode(SITE, LaneId("lane-1"), Direction.ENTRY, "paspor"),
        replace(
            GUEST,
            purpose="paspor",
            origin="kaltim",
            status=Status.GREEN,
            status_until=START + timedelta(minutes=1),
        ),
    )


def test_a_guest_may_be_anonymous_and_tell_another_purpose_than_the_poster():
    arrival = read(holder=None, purpose="izin_tinggal")
    assert isinstance(arrival, Arrival)
    assert (arrival.credential.holder, arrival.credential.purpose) == (None, "izin_tinggal")


def test_what_a_roster_says_of_the_person_counts_too():
    listed = roster({"anna": RosterEntry("visitor", blocked=True)})
    arrival = read(replace(HERE, rosters=(listed,)))
    assert isinstance(arrival, Arrival)
    assert decided(arrival.credential) == Refuse(Reason.BLOCKED)


@pytest.mark.parametrize(
    ("code", "at", "flaw"),
    [
        (SHOWN, START, None),
        (POSTER, START, Reason.PRESENCE),
        (SHOWN[:-1] + "?", START, Reason.PREFIX),
        (stamp(POSTER, bytes(31) + b"x", START), START, Reason.SIGNATURE),
        (SHOWN, START + timedelta(minutes=2), Reason.EXPIRED),
        (SHOWN, START - timedelta(minutes=2), Reason.NOT_YET_VALID),
    ],
    ids=count(),
)
@pytest.mark.parametrize("codes", LaneCodes)
def test_a_code_that_shows_nobody_there_is_told(code, at, flaw, codes):
    here = replace(HERE, at=at, policy=replace(OPEN, lane_codes=codes))
    arrival = read(here, code=code)
    assert isinstance(arrival, Arrival)
    is_taken = flaw is Reason.PRESENCE and codes is LaneCodes.POSTER
    assert arrival.credential.flaw is (None if is_taken else flaw)


@pytest.mark.parametrize(
    ("code", "flaw"),
    [
        (SHOWN, Reason.CLOCK_UNSYNCED),
        (stamp(POSTER, PSEUDONYMS.key, START - timedelta(days=1)), Reason.CLOCK_UNSYNCED),
        (stamp(POSTER, PSEUDONYMS.key, START + timedelta(days=1)), Reason.CLOCK_UNSYNCED),
        (stamp(POSTER, bytes(31) + b"x", START), Reason.SIGNATURE),
        (POSTER, Reason.PRESENCE),
    ],
    ids=count(),
)
def test_without_the_time_nobody_knows_what_the_display_shows(code, flaw):
    arrival = read(replace(HERE, is_clock_known=False), code=code)
    assert isinstance(arrival, Arrival)
    assert arrival.credential.flaw is flaw
    assert flaw in FLAWS
    is_ours = flaw is Reason.CLOCK_UNSYNCED
    assert decided(arrival.credential) == (Refer(flaw) if is_ours else Refuse(flaw))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (SHOWN.replace("gmsc", "other"), Reason.PREFIX),
        ("1001", Reason.PREFIX),
        ("x" * 513, Reason.TOO_LARGE),
    ],
    ids=count(),
)
def test_a_code_of_elsewhere_is_no_arrival(code, reason):
    assert read(code=code) is reason


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"code": None}, "code: expected one"),
        ({"code": 7}, "code: expected a text"),
        ({"direction": "up"}, "direction: expected one of entry, exit"),
        ({"direction": "exit"}, "direction: expected entry, as in the code"),
        ({"category": None}, "category: expected one"),
        ({"category": "3516010101010001"}, "category: expected 1 to 32 characters of a-z"),
        ({"holder": "anna"}, f"holder: expected a pseudonym under the key {PSEUDONYMS.key_id}"),
        ({"holder": f"ffffffff{ANNA[8:]}"}, "holder: expected a pseudonym under the key"),
        ({"holder": 7}, "holder: expected"),
        ({"purpose": 7}, "purpose: expected"),
        ({"origin": "A"}, "origin: expected"),
        ({"status": "blue"}, "status: expected one of green"),
        ({"status": "green", "status_until": "today"}, "status_until: expected a time"),
        ({"status_until": 2e9}, "status: expected the one that `status_until` is of"),
        ({"category": 1, "direction": 1}, "direction: expected one of entry, exit; category"),
    ],
    ids=count(),
)
def test_claims_that_say_nothing_are_named(changed, told):
    found = read(**changed)
    assert isinstance(found, Expected)
    assert found.what.startswith(told)
    assert "3516" not in found.what


@settings(max_examples=200)
@given(
    st.dictionaries(
        st.sampled_from(["code", "direction", "category", "holder", "status", "status_until"]),
        st.one_of(st.none(), st.floats(), st.text(max_size=9), st.sampled_from([SHOWN, "entry"])),
    )
)
def test_no_claims_make_it_raise(changed):
    assert isinstance(read_check_in("c", {**CLAIMS, **changed}, HERE), Arrival | Reason | Expected)


# --- the decision ---


def test_a_check_in_goes_through_every_check():
    assert decided(GUEST) == Admit()
    assert decided(replace(GUEST, holder=None)) == Admit()
    assert decided(replace(GUEST, category="king")) == Refer(Reason.UNKNOWN_CATEGORY)
    red = replace(OPEN, statuses={Status.RED: Answer.REFUSE})
    assert decided(GUEST, red, status=Status.RED) == Refuse(Reason.STATUS_RED)
    closed = replace(OPEN, opening_hours=Hours(()))
    assert decided(GUEST, closed) == Refuse(Reason.CLOSED_NOW)
    full = replace(OPEN, capacity=Capacity(total=0))
    assert decided(GUEST, full) == Refuse(Reason.CAPACITY_FULL)
    hard = replace(OPEN, anti_passback=AntiPassback.HARD)
    assert decided(GUEST, hard, Usage(inside_since=START)) == Refuse(Reason.ALREADY_INSIDE)
    assert decided(GUEST, hard, Usage(has_grant=True)) == Refuse(Reason.ALREADY_GRANTED)
    assert find_code(GUEST, CodeUse(), START) is None


def test_a_roster_entry_ends_for_a_check_in_as_well():
    over = replace(GUEST, entry=RosterEntry("visitor", valid_until=START))
    assert decided(over) == Refuse(Reason.EXPIRED)
    assert decided(replace(over, entry=RosterEntry("visitor"))) == Admit()


def test_the_origin_is_that_of_the_check_in_and_else_of_the_roster():
    near = replace(OPEN, region_test=RegionTest(("kaltim",), {Method.ANTIGEN: 24}))
    assert decided(GUEST, near) == Refer(Reason.ORIGIN_UNKNOWN)
    assert decided(replace(GUEST, origin="kaltim"), near) == Admit()
    assert decided(replace(GUEST, origin="bali"), near) == Refer(Reason.REGION_TEST)
    listed = replace(GUEST, entry=RosterEntry("visitor", region="kaltim"))
    assert decided(listed, near) == Admit()
    assert decided(replace(listed, origin="bali"), near) == Refer(Reason.REGION_TEST)


def test_observing_opens_for_nobody_who_may_not_be_there():
    observed = replace(OPEN, mode=Enforcement.OBSERVE, capacity=Capacity(total=0))
    away = replace(GUEST, flaw=Reason.PRESENCE)
    assert decided(GUEST, observed) == Admit(Reason.OK, ("would_refuse:capacity_full",))
    assert decided(away, observed) == Refuse(Reason.PRESENCE)
    night = replace(observed, opening_hours=Hours(()))
    assert decided(GUEST, night) == Admit(Reason.OK, ("would_refuse:closed_now",))
    assert decided(away, night) == Refuse(Reason.CLOSED_NOW)


def test_nobody_is_held_at_an_exit_whatever_their_code():
    usage = Usage(Direction.EXIT, inside_since=START)
    assert decided(GUEST, usage=usage) == Admit(Reason.EXIT)
    assert decided(replace(GUEST, flaw=Reason.EXPIRED), usage=usage) == Admit(
        Reason.EXIT, ("expired",)
    )
    anonymous = replace(GUEST, holder=None)
    assert decided(anonymous, usage=usage) == Admit(Reason.EXIT, ("unrecognised",))


def test_it_stands_for_its_holder_and_category():
    assert (holder_of(GUEST), category_of(GUEST, OPEN)) == (ANNA, "visitor")


def test_the_policy_key_behind_a_poster_is_named():
    away = replace(GUEST, flaw=Reason.PRESENCE)
    policy = replace(OPEN, layers={"lane_codes": "settings"})
    case = Case(away, Status.UNKNOWN, Usage(), Occupancy(), policy, START)
    told = next(one for one in explain_case(case, UNKNOWN).checks if one.checked.reason)
    assert (told.checked.name, told.key, told.layer) == ("authentic", "lane_codes", "settings")


def test_the_recap_counts_what_people_checked_in_for():
    recap = Recap(START, START + timedelta(days=1), UTC)
    told = Access(
        outcome=AccessOutcome.ADMITTED,
        lane=LaneId("lane-1"),
        direction=Direction.ENTRY,
        reason="ok",
        source="gateway",
        kind="checkin",
        purpose="paspor",
        order="c-1",
    )
    recap.fold(Draft(told, START))
    assert recap.purposes == {"paspor": 1}
    assert load_draft(dump_draft(Draft(told, START))).fact == told


# --- the status ---


def test_the_status_of_a_check_in_is_the_latest_but_for_a_black_that_was_sent():
    at, later = START, START + timedelta(days=1)
    red, black = Standing(Status.RED, later), Standing(Status.BLACK, later)
    told = replace(GUEST, status=Status.GREEN, status_until=later)
    assert find_standing(told, red, OPEN, at) == Standing(Status.GREEN, later)
    assert find_standing(told, red, OPEN, at, black) == black
    assert find_standing(told, black, OPEN, at, red) == Standing(Status.GREEN, later)
    assert find_standing(replace(told, status_until=at), red, OPEN, at) == red
    assert find_standing(GUEST, red, OPEN, at) == red


def test_an_hour_of_its_category_counts():
    span = parse_span("mon-fri 09:00-16:00")
    assert span is not None
    policy = replace(OPEN, hours={"visitor": Hours((span,))})
    assert decided(GUEST, policy) == Refuse(Reason.OUTSIDE_HOURS)


def test_a_pseudonym_never_stands_in_a_message_about_it():
    other = HolderId(f"{PSEUDONYMS.key_id}.{'g' * 32}")
    found = read(holder=other)
    assert isinstance(found, Expected)
    assert "ggg" not in found.what


def test_times_far_off_are_no_times():
    late = read(status="green", status_until=datetime.max.replace(tzinfo=UTC).timestamp() + 1)
    assert isinstance(late, Expected)
    assert isinstance(read(status="green", status_until=float("nan")), Expected)
