from datetime import timedelta
from itertools import count

import pytest

from gatewayd.core.credential import Kind
from gatewayd.core.reasons import Reason
from gatewayd.core.signer_certificates import read_certificate
from gatewayd.core.trust import IssuerKey, collect
from gatewayd.core.verification import verify
from tests.unit.health_codes import (
    CARD_ISSUER,
    EXPIRES,
    ISSUED,
    card_keys,
    make_card,
    make_certificate,
    make_dcc,
    make_jws,
    make_parts,
)

CARD_TRUST = collect(card_keys())
DCC_KEY = read_certificate(make_certificate())
assert isinstance(DCC_KEY, IssuerKey)
DCC_TRUST = collect([DCC_KEY])


def found(*scans: str, trust=CARD_TRUST, at=ISSUED):
    verified = verify([scan.encode() for scan in scans], trust, at)
    return verified.reason, verified.kind, verified.issuer


def test_a_good_code_is_told_with_its_issuer():
    assert found(make_dcc(), trust=DCC_TRUST) == (Reason.OK, Kind.DCC, "ID")
    assert found(make_card()) == (Reason.OK, Kind.SHC, CARD_ISSUER)
    assert found(make_jws()) == (Reason.OK, Kind.SHC, CARD_ISSUER)


def test_the_time_is_checked_as_at_a_gate():
    for at, reason in (
        (ISSUED - timedelta(seconds=61), Reason.NOT_YET_VALID),
        (ISSUED - timedelta(seconds=60), Reason.OK),
        (EXPIRES, Reason.OK),
        (EXPIRES + timedelta(seconds=1), Reason.EXPIRED),
    ):
        assert found(make_dcc(), trust=DCC_TRUST, at=at)[0] is reason


@pytest.mark.parametrize(
    ("scan", "reason", "kind"),
    [
        ("HC1:???", Reason.BASE45, Kind.DCC),
        ("shc:/1", Reason.NUMERIC_FORM, Kind.SHC),
        ("shc:/1/2/56", Reason.INCOMPLETE, Kind.SHC),
        ("eyJ", Reason.HEADER, Kind.SHC),
        ("OG1:", Reason.CBOR, Kind.PASS),
        ("HC2:NCF", Reason.PREFIX, Kind.PLAIN_ID),
        ("", Reason.EMPTY, Kind.UNREADABLE),
        ("\x00", Reason.UNREADABLE_BINARY, Kind.UNREADABLE),
        (make_dcc(), Reason.UNKNOWN_KEY, Kind.DCC),
    ],
    ids=count(),
)
def test_what_is_refused_is_told_with_the_kind_it_looks_like(scan, reason, kind):
    assert found(scan) == (reason, kind, None)


def test_parts_come_in_any_order():
    parts = make_parts(3)
    for order in (parts, parts[::-1], [*parts[1:], parts[0]]):
        assert found(*order) == (Reason.OK, Kind.SHC, CARD_ISSUER)
    assert found(*parts[1:])[0] is Reason.INCOMPLETE


def test_of_several_codes_the_first_that_is_refused_is_told():
    assert found(make_card(), make_dcc())[:2] == (Reason.UNKNOWN_KEY, Kind.DCC)
    assert found(make_card(), make_jws())[:2] == (Reason.OK, Kind.SHC)


def test_no_scan_is_refused():
    assert found() == (Reason.EMPTY, Kind.UNREADABLE, None)
