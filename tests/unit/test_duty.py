"""Who is on duty: whose word a request is, when a shift is over, and which pass is an officer's."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gatewayd.core.credential import RosterId, SignedPass, UnknownId
from gatewayd.core.duty import (
    DESK,
    How,
    Session,
    find_session,
    officer_of,
    pass_label,
    read_sessions,
    told,
)
from gatewayd.core.policy import OfficerRules, Policy
from gatewayd.core.roster import RosterEntry
from gatewayd.core.rotating import CodeUse
from gatewayd.core.totp import OtpKey, code_of, step_at
from gatewayd.core.trust import Purpose
from tests.unit.doubles import holder

AT = datetime(2021, 9, 16, 1, 0, tzinfo=UTC)
POLICY = Policy(zone=UTC)
ME, OTHER = "uid:1000", "uid:0"


def session(officer: str, caller: str, minute: int = 0) -> Session:
    return Session(officer, AT + timedelta(minutes=minute), How.PIN, caller)


def officers_pass(**changed: object) -> SignedPass:
    values: dict[str, object] = {
        "holder": holder("O-1"),
        "issuer": "test",
        "category": "officer",
        "not_before": AT,
        "not_after": AT + timedelta(hours=1),
        "pass_id": "00",
        "signer_may": frozenset({Purpose.STAFF_PASS}),
        **changed,
    }
    return SignedPass(**values)


def test_the_table_gives_the_sessions_the_longest_first():
    rows = [
        ("petugas-2", {"since": "2021-09-16T01:05:00.000Z", "how": "pass", "caller": DESK}),
        ("petugas-1", {"since": "2021-09-16T01:00:00.000Z", "how": "pin", "caller": ME}),
    ]
    first, second = read_sessions(rows)
    assert first == session("petugas-1", ME)
    assert told(second) == {
        "officer": "petugas-2",
        "since": "2021-09-16T01:05:00.000Z",
        "how": "pass",
        "caller": DESK,
    }


@pytest.mark.parametrize(
    ("sessions", "caller", "found"),
    [
        ([], ME, None),
        ([session("a", ME)], ME, "a"),
        ([session("a", ME)], OTHER, None),
        ([session("a", ME), session("b", ME, 1)], ME, "b"),
        ([session("a", DESK)], ME, "a"),
        ([session("a", "centre:07")], ME, "a"),
        ([session("a", DESK), session("b", ME)], ME, "b"),
        ([session("a", DESK), session("b", "centre:07")], ME, None),
        ([session("a", "centre:07")], "centre:07", None),
    ],
)
def test_a_request_is_the_word_of_whoever_signed_on_there(sessions, caller, found):
    one = find_session(sessions, caller)
    assert (one and one.officer) == found


def test_a_shift_is_over_after_its_hours_to_the_second():
    policy = Policy(zone=UTC, officer=OfficerRules(shift_hours=8))
    one = session("a", ME)
    assert not one.is_over(AT + timedelta(hours=8, seconds=-1), policy)
    assert one.is_over(AT + timedelta(hours=8), policy)


def test_an_officers_pass_signs_on_while_it_is_valid():
    assert officer_of(officers_pass(), POLICY, AT, CodeUse()) == holder("O-1")
    label = pass_label(holder("O-1"))
    assert label == f"pass-{holder('O-1').split('.')[1][:8]}"


def test_an_officer_with_a_rotating_code_signs_on_with_it_only():
    key = OtpKey(bytes(20))
    bare = officers_pass(entry=RosterEntry("officer", otp_key=key))
    shown = replace(bare, code=code_of(key, step_at(AT)))
    assert officer_of(bare, POLICY, AT, CodeUse()) is None
    assert officer_of(shown, POLICY, AT, CodeUse()) == holder("O-1")
    assert officer_of(shown, POLICY, AT, CodeUse(step_at(AT))) is None


@pytest.mark.parametrize(
    "shown",
    [
        officers_pass(category="staff"),
        officers_pass(not_after=AT),
        officers_pass(is_revoked=True),
        officers_pass(entry=RosterEntry("officer", blocked=True)),
        officers_pass(signer_may=frozenset({Purpose.VISITOR_PASS})),
        RosterId(holder("O-1"), "cards", RosterEntry("officer")),
        UnknownId(holder("O-1")),
    ],
)
def test_nothing_else_signs_on(shown):
    assert officer_of(shown, POLICY, AT, CodeUse()) is None
