from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gatewayd.core import base45
from gatewayd.core.credential import (
    SCAN_SIZE_MAX,
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
    read_scan,
)
from gatewayd.core.parts import WHOLE_LENGTH_MAX, gather_all
from gatewayd.core.passes import Pass, write_pass
from gatewayd.core.pseudonym import KEY_SIZE, Namespace, Pseudonyms
from gatewayd.core.reasons import Reason
from gatewayd.core.roster import Roster, RosterEntry, parse_roster
from gatewayd.core.signer_certificates import read_certificate
from gatewayd.core.totp import OtpKey
from gatewayd.core.trust import IssuerKey, Purpose, collect
from gatewayd.core.words import Status
from tests.unit.health_codes import (
    OTHER_SIGNER,
    VACCINATED,
    card_keys,
    claims,
    make_card,
    make_certificate,
    make_dcc,
    make_jws,
    make_parts,
)

FIXED_TEST_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
TRUST = collect([IssuerKey("gmsc", FIXED_TEST_KEY.public_key(), frozenset({Purpose.PASS}))])
PSEUDONYMS = Pseudonyms(bytes(KEY_SIZE))
STAFF_CSV = b"id,category,blocked\n1001,staff,no\n1002,staff,yes\n"
STAFF, _ = parse_roster("staff", STAFF_CSV, ZoneInfo("Asia/Jakarta"), PSEUDONYMS)
GUESTS, _ = parse_roster("guests", b"id,category\n1002,visitor\n", UTC, PSEUDONYMS)

ISSUED = datetime(2026, 11, 22, tzinfo=UTC)
PASS = Pass(
    issuer="gmsc",
    subject="1001",
    category="officer",
    issued_at=ISSUED,
    not_before=ISSUED,
    not_after=ISSUED + timedelta(days=1),
    pass_id=b"\x01\x02",
    status=Status.GREEN,
    status_until=ISSUED + timedelta(hours=1),
)


def read(scan: bytes | str, *rosters) -> Credential:
    data = scan.encode() if isinstance(scan, str) else scan
    return read_scan(data, TRUST, rosters or (STAFF,), PSEUDONYMS)


def test_a_pass_becomes_a_signed_pass_with_what_the_roster_says_of_its_holder():
    found = read(write_pass(PASS, FIXED_TEST_KEY))
    holder = PSEUDONYMS.of(Namespace.PERSON, "1001")
    assert found == SignedPass(
        holder=holder,
        issuer="gmsc",
        category="officer",
        not_before=PASS.not_before,
        not_after=PASS.not_after,
        pass_id="0102",
        status=Status.GREEN,
        status_until=PASS.status_until,
        entry=STAFF.entries[holder],
    )


def test_a_pass_of_somebody_in_no_roster_stands_by_itself():
    found = read(write_pass(replace(PASS, subject="7"), FIXED_TEST_KEY))
    assert isinstance(found, SignedPass)
    assert found.entry is None


def test_a_block_in_any_roster_holds_for_the_pass_too():
    found = read(write_pass(replace(PASS, subject="1002"), FIXED_TEST_KEY), GUESTS, STAFF)
    assert isinstance(found, SignedPass)
    assert found.entry is not None
    assert found.entry.blocked


def test_pass_and_plain_id_of_a_person_name_the_same_holder():
    by_pass, by_id = read(write_pass(PASS, FIXED_TEST_KEY)), read("1001")
    assert isinstance(by_pass, SignedPass)
    assert isinstance(by_id, RosterId)
    assert by_pass.holder == by_id.holder


@pytest.mark.parametrize("scan", ["1001", " 1001", "1001 "])
def test_a_plain_id_is_looked_up_without_blanks_around_it(scan):
    found = read(scan)
    assert isinstance(found, RosterId)
    assert (found.roster, found.entry.category) == ("staff", "staff")


def test_of_two_rosters_the_one_that_blocks_counts():
    found = read("1002", GUESTS, STAFF)
    assert isinstance(found, RosterId)
    assert found.roster == "staff"


def test_of_two_rosters_that_let_in_the_first_counts():
    found = read("1002", GUESTS, replace(GUESTS, name="later"))
    assert isinstance(found, RosterId)
    assert found.roster == "guests"


def test_a_secret_in_any_roster_holds_in_all():
    key = OtpKey(bytes(20))
    holder = PSEUDONYMS.of(Namespace.PERSON, "1002")
    secret = Roster("codes", {holder: RosterEntry("visitor", otp_key=key)})
    for rosters in ((GUESTS, secret), (secret, GUESTS), (STAFF, secret)):
        found = read("1002", *rosters)
        assert isinstance(found, RosterId)
        assert found.entry.otp_key == key
    assert found.entry.blocked


def test_a_rotating_code_comes_with_an_id_or_a_whole_pass():
    by_id, text = read("OGT1:1001:123456"), write_pass(PASS, FIXED_TEST_KEY)
    assert by_id == replace(read("1001"), code="123456")
    assert read(f"OGT1:{text}:12345678") == replace(read(text), code="12345678")


@pytest.mark.parametrize(
    ("scan", "found"),
    [
        ("OGT1:1001", Unreadable(Reason.SCHEMA)),
        ("OGT1:1001:", Unreadable(Reason.SCHEMA)),
        ("OGT1: 1001:123456", Unreadable(Reason.PREFIX)),
        (f"OGT1:{'1' * 65}:123456", Unreadable(Reason.PREFIX)),
        ("OGT1:OG1:-:123456", Unreadable(Reason.BASE45)),
        ("OGT1:9:123456", UnknownId(PSEUDONYMS.of(Namespace.PERSON, "9"))),
    ],
)
def test_a_rotating_code_with_something_else_is_only_that(scan, found):
    assert read(scan) == found


def test_an_id_in_no_roster_is_unknown_yet_known_again():
    assert read("9") == read("9") == UnknownId(PSEUDONYMS.of(Namespace.PERSON, "9"))


@pytest.mark.parametrize(
    ("scan", "reason"),
    [
        ("", Reason.EMPTY),
        ("   ", Reason.EMPTY),
        (b"\x00", Reason.UNREADABLE_BINARY),
        (b"1001\x7f", Reason.UNREADABLE_BINARY),
        (b"\xff\xfe1\x00", Reason.UNREADABLE_BINARY),
        ("é", Reason.UNREADABLE_BINARY),
        ("OG1:\n", Reason.BASE45),
        ("HC1:\xe9", Reason.BASE45),
        ("1" * 65, Reason.PREFIX),
        ("HC2:" + "A" * 300, Reason.PREFIX),
        ("HC1:" + "A" * 300, Reason.ZLIB),
        ("HC1:", Reason.ZLIB),
        ("HC1:" + "A" * SCAN_SIZE_MAX, Reason.TOO_LARGE),
        ("shc:/", Reason.NUMERIC_FORM),
        ("shc:/1", Reason.NUMERIC_FORM),
        ("shc:/78", Reason.NUMERIC_FORM),
        ("shc:/a/2/00", Reason.CHUNK_INDEX),
        ("shc:/1/2/0000", Reason.INCOMPLETE),
        ("shc:/3/2/0000", Reason.CHUNK_INDEX),
        ("shc:/1/2/" + "0" * 2383, Reason.CHUNK_SIZE),
        ("shc:/1/99/00", Reason.TOO_LARGE),
        ("shc:/" + "0" * WHOLE_LENGTH_MAX, Reason.TOO_LARGE),
        ("eyJhbGciOiJub25lIn0", Reason.HEADER),
        ("https://example.org/" + "a" * 60, Reason.PREFIX),
        ("1" * (SCAN_SIZE_MAX + 1), Reason.TOO_LARGE),
        ("OG1:" + "0" * 2000, Reason.TOO_LARGE),
        ("OG1:100", Reason.CBOR),
        ("OG1:a", Reason.BASE45),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_cannot_be_read_says_why(scan, reason):
    found = read(scan)
    assert found == Unreadable(reason)
    assert found.kind is Kind.UNREADABLE


def read_health(scan: str) -> Credential:
    signer = read_certificate(make_certificate())
    assert isinstance(signer, IssuerKey)
    return read_scan(scan.encode(), collect([signer, *card_keys()]), (STAFF,), PSEUDONYMS)


def test_certificates_of_one_person_name_the_same_holder():
    codes = [make_dcc(), make_card(), make_jws(), *gather_all(map(str.encode, make_parts(3)))]
    found = [read_health(code if isinstance(code, str) else code.decode()) for code in codes]
    assert all(isinstance(each, HealthCertificate) for each in found)
    assert {each.holder for each in found} == {
        PSEUDONYMS.of(Namespace.HEALTH, "CONTOH<<WARGA\x001990-02-03")
    }


def test_a_certificate_brings_its_evidence_to_the_decision():
    found = read_health(make_dcc())
    assert isinstance(found, HealthCertificate)
    assert (found.issuer, found.is_revoked) == ("ID", False)
    assert [dose.number for dose in found.evidence.doses] == [2]
    assert "Dose" not in repr(found)


def test_a_certificate_that_names_nobody_has_no_holder():
    nobody = {**VACCINATED, "dob": ""}
    found = read_health(make_dcc(claims(nobody)))
    assert isinstance(found, HealthCertificate)
    assert found.holder is None


@pytest.mark.parametrize(
    ("code", "kind"),
    [(make_dcc(key=OTHER_SIGNER), Kind.DCC), (make_card(kid="other"), Kind.SHC)],
    ids=["dcc", "shc"],
)
def test_a_certificate_of_an_unknown_issuer_is_inauthentic(code, kind):
    assert read_health(code) == Inauthentic(kind, Reason.UNKNOWN_KEY)


def test_a_short_code_with_a_known_prefix_is_never_a_plain_id():
    roster, _ = parse_roster("staff", b"id,category\nOG1:1,staff\n", UTC, PSEUDONYMS)
    assert isinstance(read("OG1:1", roster), Unreadable)


def test_a_forged_pass_names_no_holder():
    forged = write_pass(PASS, Ed25519PrivateKey.from_private_bytes(bytes(32)))
    assert read(forged) == Inauthentic(Kind.PASS, Reason.UNKNOWN_KEY)


def test_a_mangled_pass_is_refused_wherever_it_was_cut():
    text = write_pass(PASS, FIXED_TEST_KEY)
    for size in range(1, len(text)):
        assert not isinstance(read(text[:size]), SignedPass | RosterId)


def test_every_credential_tells_its_kind():
    """R09: passes, certificates, cards and what the officer saw on paper."""
    examples = [
        Unreadable(Reason.CBOR),
        Inauthentic(Kind.PASS, Reason.SIGNATURE),
        read(write_pass(PASS, FIXED_TEST_KEY)),
        read_health(make_dcc()),
        read_health(make_card()),
        read("1001"),
        read("9"),
        Attested(officer="o", reason="no code", category="visitor", healthy=True, protocol=True),
        CheckIn(order="c-1", holder=None, category="visitor"),
    ]
    assert {type(example) for example in examples} == set(get_args(Credential))
    kinds = ["unreadable", "pass", "pass", "dcc", "shc", "roster", "plain_id", "attestation"]
    assert [example.kind for example in examples] == [*kinds, "checkin"]


BOMBS = [
    b"\x81" * 600,
    b"\xd8\x1c" * 300 + b"\x00",  # Shared values inside shared values.
    b"\xd8\x1c\x81\xd8\x1d\x00",  # An array that holds itself.
    cbor2.dumps(cbor2.CBORTag(35, "(" * 200)),
    b"\xc2\x59\x01\xff" + b"\xff" * 511,  # A number of 4,088 bits.
    b"\x9b" + b"\xff" * 8,
    b"\xbb\x00\x00\x00\x00\xff\xff\xff\xff",
    b"\x9f" * 600,
    b"\xa1" * 600,
    b"\xd2" * 600,
    b"\xd8\x3d\xd2" * 200,
    b"\x84\x5a\xff\xff\xff\xff",
]


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb[:8].hex())
def test_a_hostile_code_is_refused_by_the_limits_not_by_an_error(bomb):
    inside = cbor2.dumps([bomb, {}, bomb, bytes(64)])
    for data in (bomb, inside):
        assert isinstance(read("OG1:" + base45.encode(data)), Unreadable)


@given(st.binary(max_size=300))
@example(b"//")  # Slashes outside a code of several parts.
@settings(max_examples=200)
def test_no_scan_makes_it_raise(data):
    read(data)
    read(b"OG1:" + data)
    read("OG1:" + base45.encode(data))
    read(b"HC1:" + data)
    read(b"shc:/" + data)
    read(b"eyJ" + data)
