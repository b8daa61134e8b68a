"""The decision: each check at its boundary, their order, observing, exits; and total over all input."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.credential import (
    Attested,
    CheckIn,
    Credential,
    HealthCertificate,
    Inauthentic,
    Kind,
    RosterId,
    SignedPass,
    UnknownId,
    Unreadable,
)
from gatewayd.core.decide import (
    CHECKS,
    Admit,
    Case,
    CheckOutcome,
    Refer,
    Refuse,
    Usage,
    Verdict,
    category_of,
    decide,
    explain,
    holder_of,
)
from gatewayd.core.evidence import Evidence, LabTest, Method, Result
from gatewayd.core.hours import Hours, parse_span
from gatewayd.core.lane_terms import GateMode
from gatewayd.core.occupancy import Occupancy
from gatewayd.core.policy import (
    AgeBand,
    Answer,
    AntiPassback,
    Capacity,
    Enforcement,
    OfficerRules,
    Policy,
    RegionTest,
)
from gatewayd.core.reasons import Reason
from gatewayd.core.roster import RosterEntry
from gatewayd.core.rotating import CodeUse
from gatewayd.core.totp import OtpKey, code_of, step_at
from gatewayd.core.trust import Purpose
from gatewayd.core.words import Direction, HolderId, Status

NOW = datetime(2021, 11, 29, 1, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOLDER = HolderId("00000000.11111111111111111111111111111111")
OPEN = Policy(zone=UTC)
EMPTY = Occupancy()
ENTERS = Usage()


def hours(text: str) -> Hours:
    span = parse_span(text)
    assert span is not None
    return Hours((span,))


OTP_KEY = OtpKey(bytes(range(20)))
CODE = code_of(OTP_KEY, step_at(NOW))


def listed(category: str = "visitor", **entry: object) -> RosterId:
    return RosterId(HOLDER, "people", RosterEntry(category, **entry))


def signed(category: str = "visitor", **changed: object) -> SignedPass:
    return replace(
        SignedPass(
            holder=HOLDER,
            issuer="dukcapil",
            category=category,
            not_before=NOW,
            not_after=NOW + SECOND,
            pass_id="01",
        ),
        **changed,
    )


def certified(**changed: object) -> HealthCertificate:
    return replace(
        HealthCertificate(
            holder=HOLDER,
            kind=Kind.DCC,
            issuer="ID",
            evidence=Evidence(),
            not_before=NOW,
            not_after=NOW + 2 * SECOND,
        ),
        **changed,
    )


def attested(**changed: object) -> Attested:
    declared = Attested(
        officer="petugas", reason="lost card", category="visitor", healthy=True, protocol=True
    )
    return replace(declared, **changed)


def verdict(
    credential: Credential,
    policy: Policy = OPEN,
    *,
    status: Status = Status.UNKNOWN,
    usage: Usage = ENTERS,
    occupancy: Occupancy = EMPTY,
    at: datetime = NOW,
) -> Verdict:
    return decide(credential, status, usage, occupancy, policy, at)


# --- admitted ---


@pytest.mark.parametrize("credential", [listed(), signed(), listed("staff"), certified()])
def test_a_good_credential_is_admitted_in_a_plain_office(credential):
    """R09, R12: every kind of credential, one model of a decision."""
    assert verdict(credential) == Admit(Reason.OK)


def test_the_officers_word_is_admitted_as_such():
    assert verdict(attested()) == Admit(Reason.ATTESTED)


# --- each check, at its boundary ---


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        (GateMode.EMERGENCY, Reason.EMERGENCY),
        (GateMode.EXIT_ONLY, Reason.LOCKED_DOWN),
        (GateMode.NOT_READY, Reason.TURNSTILE_NOT_READY),
    ],
)
def test_a_lane_that_cannot_let_in_refuses_everybody(mode, reason):
    for credential in (listed("staff"), attested(), Unreadable(Reason.EMPTY)):
        assert verdict(credential, usage=Usage(mode=mode)) == Refuse(reason)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (NOW - SECOND, Refer(Reason.POLICY_EXPIRED)),
        (NOW, Admit()),
        (NOW + SECOND, Admit()),
        (NOW + 2 * SECOND, Refer(Reason.POLICY_EXPIRED)),
    ],
)
def test_a_policy_holds_from_its_first_to_before_its_last_moment(at, expected):
    policy = Policy(zone=UTC, valid_from=NOW, valid_until=NOW + 2 * SECOND)
    assert verdict(listed(), policy, at=at) == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (NOW - SECOND, Refuse(Reason.CLOSED_NOW)),
        (NOW, Admit()),
        (NOW + timedelta(hours=8) - SECOND, Admit()),
        (NOW + timedelta(hours=8), Refuse(Reason.CLOSED_NOW)),
    ],
)
def test_the_building_is_open_within_its_hours(at, expected):
    policy = Policy(zone=UTC, opening_hours=hours("mon-fri 01:00-09:00"))
    assert verdict(listed("staff"), policy, at=at) == expected


@pytest.mark.parametrize("reason", [Reason.EMPTY, Reason.TOO_LARGE, Reason.BASE45])
def test_an_unreadable_code_is_refused_with_what_is_wrong_with_it(reason):
    assert verdict(Unreadable(reason)) == Refuse(reason)


@pytest.mark.parametrize("reason", [Reason.SIGNATURE, Reason.UNKNOWN_KEY, Reason.KEY_USAGE])
def test_a_code_that_nobody_trusted_stands_behind_is_refused(reason):
    assert verdict(Inauthentic(Kind.PASS, reason)) == Refuse(reason)


@pytest.mark.parametrize(
    ("purpose", "staff", "visitor"),
    [
        (Purpose.PASS, Admit(), Admit()),
        (Purpose.STAFF_PASS, Admit(), Refuse(Reason.KEY_USAGE)),
        (Purpose.VISITOR_PASS, Refuse(Reason.KEY_USAGE), Admit()),
    ],
)
def test_a_key_signs_passes_of_its_kind_of_people_only(purpose, staff, visitor):
    signer = {"signer_may": frozenset({purpose})}
    assert verdict(signed("officer", **signer)) == staff
    assert verdict(signed("patient", **signer)) == visitor
    hosts = Policy(zone=UTC, staff_categories=("patient",))
    assert verdict(signed("patient", **signer), hosts) == staff


def test_nobody_vouches_where_an_officer_has_to_be_signed_on_and_is_not():
    """R13."""
    policy = Policy(zone=UTC, officer=OfficerRules(is_required=True))
    absent = attested(is_on_duty=False)
    assert verdict(absent, policy) == Refuse(Reason.OFFICER_ABSENT)
    assert verdict(attested(), policy) == Admit(Reason.ATTESTED)
    assert verdict(absent) == Admit(Reason.ATTESTED)


@pytest.mark.parametrize("missing", ["healthy", "protocol", "reason"])
def test_an_attestation_lacks_nothing_that_the_policy_wants(missing):
    credential = attested(**{missing: "" if missing == "reason" else False})
    assert verdict(credential) == Refuse(Reason.ATTESTATION_INCOMPLETE)
    wanted = tuple({"healthy", "protocol", "reason"} - {missing})
    policy = Policy(zone=UTC, attestation_required=wanted)
    assert verdict(credential, policy) == Admit(Reason.ATTESTED)


@pytest.mark.parametrize(
    "credential",
    [
        signed(not_after=NOW + 2 * SECOND),
        certified(),
        listed(valid_from=NOW, valid_until=NOW + 2 * SECOND),
        signed(
            not_before=NOW - timedelta(days=1),
            not_after=NOW + timedelta(days=1),
            entry=RosterEntry("visitor", NOW, NOW + 2 * SECOND),
        ),
    ],
    ids=["pass", "certificate", "roster", "pass of somebody in a roster"],
)
@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (NOW - SECOND, Refuse(Reason.NOT_YET_VALID)),
        (NOW, Admit()),
        (NOW + SECOND, Admit()),
        (NOW + 2 * SECOND, Refuse(Reason.EXPIRED)),
    ],
)
def test_a_credential_holds_from_its_first_to_before_its_last_moment(credential, at, expected):
    assert verdict(credential, at=at) == expected


def test_a_roster_entry_without_dates_holds_for_ever():
    for at in (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)):
        assert verdict(listed(), at=at) == Admit()


@pytest.mark.parametrize(
    "credential", [listed(blocked=True), signed(entry=RosterEntry("visitor", blocked=True))]
)
def test_who_is_blocked_is_refused_with_a_genuine_pass_too(credential):
    assert verdict(credential) == Refuse(Reason.BLOCKED)


def test_what_its_issuer_took_back_is_refused():
    assert verdict(certified(is_revoked=True)) == Refuse(Reason.REVOKED)


def test_a_certificate_without_end_holds_for_ever():
    late = datetime(9999, 12, 31, tzinfo=UTC)
    assert verdict(certified(not_after=None), at=late) == Admit()


def test_a_pass_of_somebody_whom_a_roster_lists_is_admitted():
    assert verdict(signed(entry=RosterEntry("staff"))) == Admit()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer.REFUSE, Refuse(Reason.UNKNOWN_HOLDER)),
        (Answer.REFER, Refer(Reason.UNKNOWN_HOLDER)),
        (Answer.ADMIT, Admit(Reason.OK, ("unknown_holder",))),
    ],
)
def test_the_policy_says_what_happens_to_unknown_people(answer, expected):
    policy = Policy(zone=UTC, unknown_holder=answer)
    assert verdict(UnknownId(HOLDER), policy) == expected
    assert verdict(certified(holder=None), policy) == expected


@pytest.mark.parametrize("credential", [listed("vip"), signed("vip")])
def test_an_unknown_category_is_the_officers_to_judge(credential):
    assert verdict(credential) == Refer(Reason.UNKNOWN_CATEGORY)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (NOW - SECOND, Refuse(Reason.OUTSIDE_HOURS)),
        (NOW, Admit()),
        (NOW + timedelta(hours=2) - SECOND, Admit()),
        (NOW + timedelta(hours=2), Refuse(Reason.OUTSIDE_HOURS)),
    ],
)
def test_a_category_has_its_hours(at, expected):
    policy = Policy(zone=UTC, hours={"visitor": hours("daily 01:00-03:00")})
    assert verdict(listed("visitor"), policy, at=at) == expected
    assert verdict(listed("staff"), policy, at=at) == Admit()


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (Status.YELLOW, Reason.STATUS_YELLOW),
        (Status.RED, Reason.STATUS_RED),
        (Status.BLACK, Reason.STATUS_BLACK),
        (Status.UNKNOWN, Reason.STATUS_UNKNOWN),
    ],
)
@pytest.mark.parametrize(
    ("answer", "expected"),
    [(Answer.REFUSE, Refuse), (Answer.REFER, Refer), (Answer.ADMIT, Admit)],
)
def test_a_status_is_answered_as_the_policy_says(status, reason, answer, expected):
    policy = Policy(zone=UTC, statuses={status: answer})
    got = verdict(listed(), policy, status=status)
    assert got == (expected(reason) if expected is not Admit else Admit(Reason.OK, (reason,)))


def test_green_and_statuses_that_the_policy_does_not_name_hold_nobody():
    policy = Policy(zone=UTC, statuses={Status.RED: Answer.REFUSE, Status.GREEN: Answer.REFUSE})
    for status in (Status.GREEN, Status.YELLOW, Status.UNKNOWN):
        assert verdict(listed(), policy, status=status) == Admit()


def test_a_category_has_answers_of_its_own():
    """R25: the fence is a row of data."""
    policy = Policy(
        zone=UTC,
        statuses={Status.RED: Answer.REFUSE, Status.BLACK: Answer.REFUSE},
        category_statuses={"staff": {Status.RED: Answer.ADMIT}},
    )
    assert verdict(listed("staff"), policy, status=Status.RED) == Admit(Reason.OK, ("status_red",))
    assert verdict(listed("staff"), policy, status=Status.BLACK) == Refuse(Reason.STATUS_BLACK)
    assert verdict(listed(), policy, status=Status.RED) == Refuse(Reason.STATUS_RED)


# --- age ---

AGES = Policy(
    zone=UTC,
    ages=(AgeBand(0, 12, Answer.REFUSE), AgeBand(70, None, Answer.REFER)),
)


@pytest.mark.parametrize(
    ("born", "expected"),
    [
        (date(2009, 11, 30), Refuse(Reason.AGE)),  # 12 tomorrow.
        (date(2009, 11, 29), Admit()),
        (date(1951, 11, 30), Admit()),
        (date(1951, 11, 29), Refer(Reason.AGE)),
        (None, Admit()),
    ],
)
def test_the_first_band_that_holds_an_age_counts(born, expected):
    assert verdict(certified(evidence=Evidence(born=born)), AGES) == expected


def test_a_birthday_is_one_where_the_gate_stands():
    born = date(2009, 11, 29)
    eve = datetime(2021, 11, 28, 17, tzinfo=UTC)  # Midnight in Jakarta.
    shown = certified(evidence=Evidence(born=born), not_before=eve - SECOND)
    jakarta = replace(AGES, zone=ZoneInfo("Asia/Jakarta"))
    assert verdict(shown, jakarta, at=eve - SECOND) == Refuse(Reason.AGE)
    assert verdict(shown, jakarta, at=eve) == Admit()


def test_without_a_certificate_nobody_knows_an_age():
    assert verdict(listed(), AGES) == Admit()
    assert verdict(signed(), AGES) == Admit()


# --- a test for those from elsewhere ---

REGION_TEST = RegionTest(("kaltim",), {Method.MOLECULAR: 72, Method.ANTIGEN: 24})
REGIONAL = Policy(zone=UTC, region_test=REGION_TEST)


def with_test(method: Method, at: datetime | None, result: Result = Result.NEGATIVE):
    return certified(evidence=Evidence(tests=(LabTest(method, result, at),)))


@pytest.mark.parametrize(
    ("credential", "expected"),
    [
        (listed(region="kaltim"), Admit()),
        (listed(region="jatim"), Refer(Reason.REGION_TEST)),
        (listed(), Refer(Reason.ORIGIN_UNKNOWN)),
        (signed(entry=RosterEntry("visitor", region="kaltim")), Admit()),
        (signed(), Refer(Reason.ORIGIN_UNKNOWN)),
        (certified(), Refer(Reason.ORIGIN_UNKNOWN)),
        (attested(), Admit(Reason.ATTESTED)),
    ],
)
def test_who_comes_from_elsewhere_needs_a_test(credential, expected):
    """R30: people of the region do not."""
    assert verdict(credential, REGIONAL) == expected


@pytest.mark.parametrize(
    ("method", "hours"), [(Method.MOLECULAR, 72), (Method.ANTIGEN, 24), (Method.OTHER, 0)]
)
def test_a_negative_result_counts_before_it_is_too_old(method, hours):
    """R30: to the second of its maximum age."""
    too_old = NOW - timedelta(hours=hours)
    assert verdict(with_test(method, too_old), REGIONAL) == Refer(Reason.ORIGIN_UNKNOWN)
    if hours:
        assert verdict(with_test(method, too_old + SECOND), REGIONAL) == Admit()
        assert verdict(with_test(method, NOW), REGIONAL) == Admit()


@pytest.mark.parametrize(
    ("at", "result"),
    [
        (NOW + SECOND, Result.NEGATIVE),
        (None, Result.NEGATIVE),
        (NOW, Result.POSITIVE),
        (NOW, Result.UNKNOWN),
    ],
)
def test_no_other_result_counts(at, result):
    shown = with_test(Method.MOLECULAR, at, result)
    assert verdict(shown, REGIONAL) == Refer(Reason.ORIGIN_UNKNOWN)


def test_a_policy_says_what_follows_without_a_test_and_without_an_origin():
    rule = replace(REGION_TEST, without=Answer.REFUSE, unknown_origin=Answer.ADMIT)
    policy = replace(REGIONAL, region_test=rule)
    assert verdict(listed(region="jatim"), policy) == Refuse(Reason.REGION_TEST)
    assert verdict(listed(), policy) == Admit()


def test_the_officers_declaration_stands_for_a_status():
    policy = Policy(zone=UTC, statuses={Status.UNKNOWN: Answer.REFUSE})
    assert verdict(attested(), policy) == Admit(Reason.ATTESTED)


@pytest.mark.parametrize(
    ("usage", "reason"),
    [
        (Usage(inside_since=NOW - SECOND), Reason.ALREADY_INSIDE),
        (Usage(has_grant=True), Reason.ALREADY_GRANTED),
        (Usage(inside_since=NOW - SECOND, has_grant=True), Reason.ALREADY_INSIDE),
    ],
)
@pytest.mark.parametrize("rule", list(AntiPassback))
def test_who_is_inside_already_is_refused_noted_or_let_in(usage, reason, rule):
    expected = {
        AntiPassback.HARD: Refuse(reason),
        AntiPassback.TIMED: Refuse(reason),
        AntiPassback.SOFT: Admit(Reason.OK, (reason,)),
        AntiPassback.OFF: Admit(),
    }
    policy = Policy(zone=UTC, anti_passback=rule, anti_passback_minutes=1)
    assert verdict(listed(), policy, usage=usage) == expected[rule]


def test_who_is_not_inside_passes_the_anti_passback():
    assert verdict(listed(), Policy(zone=UTC, anti_passback=AntiPassback.HARD)) == Admit()


@pytest.mark.parametrize(("inside", "expected"), [(1, Admit()), (2, Refuse(Reason.CAPACITY_FULL))])
@pytest.mark.parametrize("capacity", [Capacity(total=2), Capacity(by_category={"visitor": 2})])
def test_a_full_house_refuses(inside, expected, capacity):
    """R15."""
    policy = Policy(zone=UTC, capacity=capacity)
    assert verdict(listed(), policy, occupancy=Occupancy({"visitor": inside})) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer.ADMIT, Admit(Reason.OK, ("capacity_full",))),
        (Answer.REFUSE, Refuse(Reason.CAPACITY_FULL)),
        (Answer.REFER, Refer(Reason.CAPACITY_FULL)),
    ],
)
def test_staff_over_the_limit_are_answered_as_the_policy_says(answer, expected):
    """R15: the limit is for visitors; staff have an answer of their own."""
    policy = Policy(zone=UTC, capacity=Capacity(total=1, staff_over_limit=answer))
    assert verdict(listed("staff"), policy, occupancy=Occupancy({"visitor": 1})) == expected


def test_people_whom_nobody_knows_need_a_place_too():
    policy = Policy(zone=UTC, unknown_holder=Answer.ADMIT, capacity=Capacity(total=2))
    noted = ("unknown_holder",)
    for inside, expected in (
        (1, Admit(Reason.OK, noted)),
        (2, Refuse(Reason.CAPACITY_FULL, noted)),
    ):
        got = verdict(UnknownId(HOLDER), policy, occupancy=Occupancy({"unknown": inside}))
        assert got == expected


# --- the officer's word ---


@pytest.mark.parametrize(
    ("credential", "policy", "finding"),
    [
        (attested(), Policy(zone=UTC, valid_until=NOW), "policy_expired"),
        (attested(category="vip"), OPEN, "unknown_category"),
        (
            attested(category="staff"),
            Policy(zone=UTC, capacity=Capacity(total=0, staff_over_limit=Answer.REFER)),
            "capacity_full",
        ),
    ],
)
def test_what_is_referred_to_the_officer_is_not_referred_again(credential, policy, finding):
    assert isinstance(verdict(listed(credential.category), policy), Refer)
    assert verdict(credential, policy) == Admit(Reason.ATTESTED, (finding,))


def test_the_officers_word_passes_no_check_that_refuses():
    for policy, reason in (
        (Policy(zone=UTC, opening_hours=Hours(())), Reason.CLOSED_NOW),
        (Policy(zone=UTC, capacity=Capacity(total=0)), Reason.CAPACITY_FULL),
    ):
        assert verdict(attested(), policy) == Refuse(reason)


# --- the order of the checks ---

EVERYTHING_WRONG = Policy(
    zone=UTC,
    valid_until=NOW,
    opening_hours=Hours(()),
    hours={"visitor": Hours(())},
    statuses={Status.RED: Answer.REFUSE},
    anti_passback=AntiPassback.HARD,
    capacity=Capacity(total=0),
)
REPAIRS = (
    # What is repaired in policy and entry, and the reason that comes next.
    ({}, {}, Reason.POLICY_EXPIRED),
    ({"valid_until": None}, {}, Reason.CLOSED_NOW),
    ({"opening_hours": None}, {}, Reason.EXPIRED),
    ({}, {"valid_until": None}, Reason.BLOCKED),
    ({}, {"blocked": False}, Reason.OUTSIDE_HOURS),
    ({"hours": {}}, {}, Reason.STATUS_RED),
    ({"statuses": {}}, {}, Reason.ALREADY_INSIDE),
    ({"anti_passback": AntiPassback.OFF}, {}, Reason.CAPACITY_FULL),
)


def test_the_first_check_that_fails_gives_the_reason_though_later_ones_fail_too():
    policy = EVERYTHING_WRONG
    entry = RosterEntry("visitor", valid_until=NOW, blocked=True)
    usage = Usage(inside_since=NOW)
    for policy_repair, entry_repair, reason in REPAIRS:
        policy = replace(policy, **policy_repair)
        entry = replace(entry, **entry_repair)
        credential = RosterId(HOLDER, "people", entry)
        assert verdict(credential, policy, status=Status.RED, usage=usage).reason is reason
    repaired = replace(policy, capacity=Capacity())
    assert verdict(credential, repaired, status=Status.RED, usage=usage) == Admit()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer.REFUSE, Refuse(Reason.POLICY_EXPIRED)),
        (Answer.REFER, Refer(Reason.POLICY_EXPIRED)),
        (Answer.ADMIT, Admit(Reason.OK, ("policy_expired",))),
    ],
)
def test_a_policy_says_itself_what_follows_when_it_has_run_out(answer, expected):
    """R05."""
    policy = Policy(zone=UTC, valid_until=NOW, when_expired=answer)
    assert verdict(listed(), policy) == expected
    assert verdict(listed(), policy, at=NOW - SECOND) == Admit()
    closed = replace(policy, when_expired=Answer.ADMIT, opening_hours=hours("tue 00:00-01:00"))
    assert verdict(listed(), closed) == Refuse(Reason.CLOSED_NOW)


def test_timed_anti_passback_ends_to_the_second():
    policy = Policy(zone=UTC, anti_passback=AntiPassback.TIMED, anti_passback_minutes=60)
    usage = Usage(inside_since=NOW - timedelta(hours=1))
    early = verdict(listed(), policy, usage=usage, at=NOW - SECOND)
    assert early == Refuse(Reason.ALREADY_INSIDE)
    assert verdict(listed(), policy, usage=usage) == Admit(Reason.OK, ("already_inside",))
    assert verdict(listed(), policy, usage=Usage(has_grant=True)) == Refuse(Reason.ALREADY_GRANTED)


@pytest.mark.parametrize(
    ("entries", "came_in", "is_on_the_way", "is_let_in"),
    [
        (None, 0, False, True),
        (2, 1, False, True),
        (2, 2, False, False),
        (2, 1, True, False),
        (1, 0, False, True),
        (0, 0, False, False),
    ],
)
def test_a_pass_lets_in_as_often_as_it_says(entries, came_in, is_on_the_way, is_let_in):
    usage = replace(ENTERS, entry_count=came_in, has_grant=is_on_the_way)
    wanted = Admit(Reason.OK) if is_let_in else Refuse(Reason.ENTRIES_USED)
    assert verdict(signed(entries=entries), usage=usage) == wanted


def test_a_pass_that_its_issuer_took_back_is_refused():
    assert verdict(signed(is_revoked=True)) == Refuse(Reason.REVOKED)


@pytest.mark.parametrize("shown", [listed(otp_key=OTP_KEY), signed(entry=RosterEntry("visitor", otp_key=OTP_KEY))])  # fmt: skip
def test_who_has_a_secret_enters_with_the_code_of_now_and_with_nothing_else(shown):
    def answer(code: str | None, use: CodeUse, direction: Direction = Direction.ENTRY) -> Verdict:
        usage = Usage(direction, code_use=use)
        return verdict(replace(shown, code=code), usage=usage)

    assert answer(CODE, CodeUse()) == Admit()
    assert answer(None, CodeUse()) == Refuse(Reason.CODE_MISSING)
    assert answer("000000", CodeUse()) == Refuse(Reason.CODE_WRONG)
    assert answer(CODE, CodeUse(step_at(NOW))) == Refuse(Reason.REPLAYED)
    assert answer(CODE, CodeUse(is_clock_known=False)) == Refer(Reason.CLOCK_UNSYNCED)
    out = answer(CODE, CodeUse(step_at(NOW)), Direction.EXIT)
    assert out == Admit(Reason.EXIT, ("replayed", "not_inside"))


def test_a_code_of_somebody_without_a_secret_is_not_asked_about():
    assert verdict(replace(listed(), code="000000")) == Admit()


def test_the_checks_stand_in_the_order_of_the_design():
    case = Case(listed(), Status.GREEN, Usage(), EMPTY, OPEN, NOW)
    assert [checked.name for checked in explain(case)] == [
        "gate_mode",
        "readable",
        "authentic",
        "rotating_code",
        "validity",
        "not_revoked",
        "roster_age",
        "category",
        "age",
        "status",
        "region_test",
        "not_inside",
        "entries",
        "capacity",
    ]


def test_explain_shows_the_failures_after_the_first_too():
    entry = RosterEntry("visitor", valid_until=NOW, blocked=True)
    case = Case(
        RosterId(HOLDER, "people", entry), Status.RED, Usage(), EMPTY, EVERYTHING_WRONG, NOW
    )
    failed = [one.reason for one in explain(case) if one.outcome is CheckOutcome.FAILED]
    assert failed == [
        Reason.POLICY_EXPIRED,
        Reason.EXPIRED,
        Reason.BLOCKED,
        Reason.OUTSIDE_HOURS,
        Reason.STATUS_RED,
        Reason.CAPACITY_FULL,
    ]


def test_findings_of_before_stand_beside_a_refusal():
    policy = Policy(
        zone=UTC,
        statuses={Status.YELLOW: Answer.ADMIT},
        anti_passback=AntiPassback.SOFT,
        capacity=Capacity(total=0),
    )
    got = verdict(listed(), policy, status=Status.YELLOW, usage=Usage(inside_since=NOW))
    assert got == Refuse(Reason.CAPACITY_FULL, ("status_yellow", "already_inside"))


# --- observing ---

OBSERVED = replace(EVERYTHING_WRONG, valid_until=None, mode=Enforcement.OBSERVE)


@pytest.mark.parametrize(
    ("credential", "policy", "finding"),
    [
        (listed(), OBSERVED, "would_refuse:closed_now"),
        (listed(), replace(OBSERVED, valid_until=NOW), "would_refer:policy_expired"),
        (Unreadable(Reason.EMPTY), replace(OPEN, mode=Enforcement.OBSERVE), "would_refuse:empty"),
        (listed("vip"), replace(OPEN, mode=Enforcement.OBSERVE), "would_refer:unknown_category"),
    ],
)
def test_observing_admits_and_tells_what_would_have_been(credential, policy, finding):
    """R18: nobody is held, and what would have been is in the record."""
    assert verdict(credential, policy) == Admit(Reason.OK, (finding,))


def test_a_policy_is_enforced_from_its_time_on():
    """R08, R18: to the second."""
    policy = Policy(zone=UTC, enforce_from=NOW)
    blocked = listed(blocked=True)
    before = verdict(blocked, policy, at=NOW - SECOND)
    assert before == Admit(Reason.OK, ("would_refuse:blocked",))
    assert verdict(blocked, policy) == Refuse(Reason.BLOCKED)


@pytest.mark.parametrize("mode", [GateMode.EMERGENCY, GateMode.EXIT_ONLY, GateMode.NOT_READY])
def test_observing_opens_no_lane_that_cannot_let_in(mode):
    assert isinstance(verdict(listed(), OBSERVED, usage=Usage(mode=mode)), Refuse)


def test_observing_admits_nobody_who_may_not_stand_there():
    """Also where another check failed before: a closed gate makes nobody of a picture of a code."""
    flawed = CheckIn(order="c-1", holder=None, category="visitor", flaw=Reason.PRESENCE)
    assert verdict(flawed, OBSERVED) == Refuse(Reason.CLOSED_NOW)


# --- exits ---


@pytest.mark.parametrize(
    ("credential", "findings"),
    [
        (listed(), ("not_inside",)),
        (UnknownId(HOLDER), ("not_inside",)),
        (listed(blocked=True), ("blocked", "not_inside")),
        (listed(valid_until=NOW, blocked=True), ("expired", "blocked", "not_inside")),
        (Unreadable(Reason.EMPTY), ("empty", "unrecognised")),
        (Inauthentic(Kind.PASS, Reason.SIGNATURE), ("signature", "unrecognised")),
    ],
)
def test_an_exit_finds_and_holds_nobody(credential, findings):
    assert verdict(credential, usage=Usage(Direction.EXIT)) == Admit(Reason.EXIT, findings)


def test_who_was_inside_leaves_without_a_finding():
    usage = Usage(Direction.EXIT, inside_since=NOW)
    assert verdict(listed(), usage=usage) == Admit(Reason.EXIT)


@pytest.mark.parametrize("mode", list(GateMode))
def test_no_mode_full_house_or_rule_holds_anybody_at_the_exit(mode):
    usage = Usage(Direction.EXIT, mode, inside_since=NOW)
    got = verdict(listed("vip"), EVERYTHING_WRONG, status=Status.BLACK, usage=usage)
    assert got == Admit(Reason.EXIT)


# --- who and what ---


def test_only_who_can_be_known_again_is_a_holder():
    assert [holder_of(one) for one in (listed(), signed(), UnknownId(HOLDER))] == [HOLDER] * 3
    nobody = (Unreadable(Reason.EMPTY), Inauthentic(Kind.PASS, Reason.SIGNATURE), attested())
    assert [holder_of(one) for one in nobody] == [None] * 3


def test_the_category_is_what_pass_roster_or_officer_say():
    credentials = (listed("staff"), signed("patient"), attested(category="contractor"))
    found = [category_of(one, OPEN) for one in credentials]
    assert found == ["staff", "patient", "contractor"]
    unplaced = (Unreadable(Reason.EMPTY), Inauthentic(Kind.PASS, Reason.ISSUER), UnknownId(HOLDER))
    assert [category_of(one, OPEN) for one in unplaced] == [None] * 3


def test_with_a_health_certificate_people_come_as_the_policy_says():
    assert category_of(certified(), OPEN) == "visitor"
    policy = Policy(zone=UTC, health_certificate_category="patient")
    assert category_of(certified(), policy) == "patient"
    full = Occupancy(by_category={"patient": 2})
    limited = replace(policy, capacity=Capacity(by_category={"patient": 2}))
    assert verdict(certified(), limited, occupancy=full) == Refuse(Reason.CAPACITY_FULL)


# --- over all input ---

moments = st.sampled_from([NOW - SECOND, NOW, NOW + SECOND])
entries = st.builds(
    RosterEntry,
    category=st.sampled_from(["visitor", "staff", "vip"]),
    valid_from=st.none() | moments,
    valid_until=st.none() | moments,
    blocked=st.booleans(),
    otp_key=st.none() | st.just(OTP_KEY),
)
credentials = st.one_of(
    st.builds(Unreadable, st.sampled_from([Reason.EMPTY, Reason.CBOR])),
    st.builds(Inauthentic, st.just(Kind.PASS), st.sampled_from([Reason.SIGNATURE])),
    st.builds(
        RosterId,
        st.just(HOLDER),
        st.just("people"),
        entries,
        st.sampled_from([None, CODE]),
        st.just(NOW - timedelta(hours=2)),
    ),
    st.builds(UnknownId, st.just(HOLDER)),
    st.builds(
        signed,
        category=st.sampled_from(["visitor", "staff", "vip"]),
        not_before=moments,
        not_after=moments,
        entries=st.none() | st.integers(0, 1),
        entry=st.none() | entries,
    ),
    st.builds(attested, healthy=st.booleans(), reason=st.sampled_from(["", "known"])),
    st.builds(
        certified, evidence=st.builds(Evidence, born=st.none() | st.dates(max_value=NOW.date()))
    ),
)
spans = st.none() | st.sampled_from([Hours(()), hours("daily 00:00-24:00")])
policies = st.builds(
    Policy,
    zone=st.just(UTC),
    valid_until=st.none() | moments,
    mode=st.sampled_from(Enforcement),
    unknown_holder=st.sampled_from(Answer),
    roster_age_hours_max=st.none() | st.just(1),
    roster_old=st.sampled_from(Answer),
    anti_passback=st.sampled_from(AntiPassback),
    opening_hours=spans,
    hours=st.dictionaries(st.sampled_from(["visitor", "staff"]), spans.filter(bool), max_size=2),
    capacity=st.builds(
        Capacity,
        total=st.none() | st.integers(0, 3),
        staff_over_limit=st.sampled_from(Answer),
    ),
    statuses=st.dictionaries(st.sampled_from(Status), st.sampled_from(Answer)),
    ages=st.just(()) | st.just(AGES.ages),
    region_test=st.none() | st.just(REGION_TEST),
)
usages = st.builds(
    Usage,
    st.sampled_from(Direction),
    st.sampled_from(GateMode),
    inside_since=st.none() | moments,
    has_grant=st.booleans(),
)
counts = st.dictionaries(st.sampled_from(["visitor", "staff"]), st.integers(1, 3))
occupancies = st.builds(Occupancy, counts, counts, st.integers(0, 3))
cases = st.builds(
    Case, credentials, st.sampled_from(Status), usages, occupancies, policies, moments
)


def decided(case: Case) -> Verdict:
    return decide(case.credential, case.status, case.usage, case.occupancy, case.policy, case.at)


@settings(max_examples=100)
@given(cases)
def test_every_case_has_a_verdict_and_always_the_same(case):
    got = decided(case)
    assert got == decided(case)
    if case.usage.direction is Direction.EXIT:
        assert isinstance(got, Admit)


@settings(max_examples=100)
@given(cases)
def test_the_verdict_is_what_the_first_failure_of_explain_says(case):
    got = decided(replace(case, usage=replace(case.usage, direction=Direction.ENTRY)))
    failed = [one for one in explain(case) if one.outcome is CheckOutcome.FAILED]
    if not failed:
        assert isinstance(got, Admit)
        assert not any(finding.startswith("would_") for finding in got.findings)
    elif isinstance(got, Admit):
        assert case.policy.mode is Enforcement.OBSERVE
        assert got.findings[-1] == f"would_{failed[0].answer}:{failed[0].reason}"
    else:
        assert got.reason is failed[0].reason


@settings(max_examples=100)
@given(cases, entries)
def test_blocking_never_lets_anybody_in(case, entry):
    listed_as = RosterId(HOLDER, "people", entry)
    for credential in (listed_as, signed(entry=entry)):
        before = decided(replace(case, credential=credential))
        blocked = replace(credential, entry=replace(entry, blocked=True))
        after = decided(replace(case, credential=blocked))
        assert isinstance(before, Admit) or not isinstance(after, Admit)


def test_each_check_fails_for_something():
    """The random cases above reach every check, so that none of them is idle."""
    failing: set[str] = set()

    @settings(max_examples=500, derandomize=True, database=None)
    @given(cases)
    def collect(case):
        failing.update(one.name for one in explain(case) if one.outcome is CheckOutcome.FAILED)

    collect()
    assert len(failing) == len(CHECKS)


@pytest.mark.parametrize(
    ("age_s", "answer", "verdict"),
    [
        (24 * 3600 - 1, Answer.REFER, Admit()),
        (24 * 3600, Answer.REFER, Refer(Reason.ROSTER_OLD)),
        (24 * 3600, Answer.REFUSE, Refuse(Reason.ROSTER_OLD)),
        (24 * 3600, Answer.ADMIT, Admit(findings=("roster_old",))),
        (None, Answer.REFUSE, Admit()),
    ],
)
def test_a_roster_counts_until_it_is_too_old(age_s, answer, verdict):
    policy = Policy(zone=UTC, roster_age_hours_max=24, roster_old=answer)
    issued_at = None if age_s is None else NOW - timedelta(seconds=age_s)
    shown = RosterId(HOLDER, "people", RosterEntry("visitor"), issued_at=issued_at)
    assert decide(shown, Status.UNKNOWN, Usage(), EMPTY, policy, NOW) == verdict
    blocked = replace(shown, entry=RosterEntry("visitor", blocked=True))
    refused = Refuse(Reason.BLOCKED)
    assert decide(blocked, Status.UNKNOWN, Usage(), EMPTY, policy, NOW) == refused
    assert decide(shown, Status.UNKNOWN, Usage(), EMPTY, Policy(zone=UTC), NOW) == Admit()
