"""What was recorded is explained as it was decided, as far as its record tells."""

from datetime import UTC, datetime

import pytest

from gatewayd.app.explain import explain_recorded
from gatewayd.core.credential import Kind
from gatewayd.core.policy import Answer, AntiPassback, Capacity, OfficerRules, Policy
from gatewayd.core.recorded import circumstances

AT = datetime(2026, 11, 22, 8, tzinfo=UTC)
POLICY = Policy(
    UTC,
    unknown_holder=Answer.REFER,
    anti_passback=AntiPassback.HARD,
    capacity=Capacity(total=5),
    officer=OfficerRules(is_required=True),
)
DECLARED = {"officer": "desk", "reason": "no phone", "healthy": True, "protocol": True}


@pytest.mark.parametrize(
    ("reason", "more"),
    [
        ("ok", {}),
        ("unknown_holder", {"kind": "plain_id"}),
        ("blocked", {"kind": "roster", "category": "visitor"}),
        ("expired", {"kind": "pass"}),
        ("not_yet_valid", {"kind": "pass"}),
        ("already_inside", {"category": "staff"}),
        ("capacity_full", {"category": "visitor"}),
        ("signature", {"kind": "pass"}),
        ("zlib", {"kind": "unreadable"}),
        ("presence", {"kind": "checkin", "order": "c-1"}),
        ("officer_absent", {"kind": "attestation", "attestation": DECLARED}),
        ("attestation_incomplete", {"kind": "attestation", "attestation": {"officer": "desk"}}),
        ("attested", {"kind": "attestation", "attestation": DECLARED}),
    ],
)
def test_the_reason_is_found_again(reason, more):
    data = {"reason": reason, "direction": "entry", "status": "green", **more}
    assert explain_recorded(POLICY, AT, data).verdict.reason == reason


def test_a_house_without_a_limit_is_not_full_now():
    data = {"reason": "capacity_full", "direction": "entry", "status": "green", "kind": "pass"}
    assert circumstances(Policy(UTC), AT, data).occupancy.total == 0
    assert explain_recorded(Policy(UTC), AT, data).verdict.reason == "ok"


def test_what_a_newer_gateway_recorded_is_taken_for_a_plain_id():
    data = {"reason": "bored", "direction": "entry", "kind": "telepathy", "category": "staff"}
    assert circumstances(POLICY, AT, data).credential.kind is Kind.ROSTER
