from dataclasses import replace
from datetime import UTC, datetime, timedelta

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core import base45, cose
from gatewayd.core.passes import PREFIX, TEXT_LENGTH_MAX, Pass, read_pass, write_pass
from gatewayd.core.reasons import Reason
from gatewayd.core.trust import IssuerKey, Purpose, Trust, collect, key_id
from gatewayd.core.words import Status

FIXED_TEST_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_TEST_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
KEY_ID = key_id(FIXED_TEST_KEY.public_key())
GMSC = IssuerKey("gmsc", FIXED_TEST_KEY.public_key(), frozenset({Purpose.PASS}))
TRUST = collect([GMSC])

ISSUED = datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)
USUAL = Pass(
    issuer="gmsc",
    subject="198701012010011001",
    category="staff",
    issued_at=ISSUED,
    not_before=ISSUED,
    not_after=ISSUED + timedelta(days=365),
    pass_id=bytes(range(8)),
)
WITH_ALL = replace(
    USUAL,
    not_before=ISSUED + timedelta(days=1),
    status=Status.GREEN,
    status_until=ISSUED + timedelta(days=2),
    purpose="paspor",
    host="Bidang Kependudukan",
    entries=2,
)
GOLDEN = (
    "OG1:RRQT 9P60GO0$+AWKB3UAR098CKI-7-70H3DJQE-D01A6 47746746NF6$96746$96746FN0KYDSLEWY0YNDT/7J"
    "-0100KB0*M0DY0/E7V50Q30.70 QE4ECA.C858O+3OSEFD0%04FTB1+NX.1LJNX98RN1W2RR05AO47FV+J2H-5$WPT 0"
    "U4I71J0G5JJB.-7%IMQ06B82Q-R2*9SK76I6U4210"
)
CLAIMS = {
    1: "gmsc",
    2: "198701012010011001",
    4: 1826845323,
    6: 1795309323,
    7: bytes(8),
    -65537: {1: "staff"},
}


def wrap(data: bytes) -> str:
    return PREFIX + base45.encode(data)


def unwrap(text: str) -> bytes:
    data = base45.decode(text.removeprefix(PREFIX))
    assert data is not None
    return data


def sign_claims(claims: object) -> str:
    payload = claims if isinstance(claims, bytes) else cbor2.dumps(claims)
    return wrap(cose.sign(payload, KEY_ID, FIXED_TEST_KEY))


def sign_headers(protected: dict[object, object], unprotected: dict[object, object]) -> str:
    header, payload = cbor2.dumps(protected), cbor2.dumps(CLAIMS)
    unsigned = cose.Sign1(header, protected, unprotected, payload, b"")
    signature = FIXED_TEST_KEY.sign(unsigned.signed_bytes)
    return wrap(cbor2.dumps([header, unprotected, payload, signature]))


# --- what a pass is ---


def test_the_golden_pass_never_changes():
    assert write_pass(USUAL, FIXED_TEST_KEY) == GOLDEN
    assert read_pass(GOLDEN, TRUST) == USUAL


def test_any_cose_library_can_read_the_golden_pass():
    message = cbor2.loads(unwrap(GOLDEN))
    assert message.tag == 18
    protected, unprotected, payload, signature = message.value
    assert cbor2.loads(protected) == {1: -8, 4: KEY_ID}
    assert unprotected == {}
    assert cbor2.loads(payload) == {**CLAIMS, 7: USUAL.pass_id}
    signed = cbor2.dumps(["Signature1", protected, b"", payload])
    FIXED_TEST_KEY.public_key().verify(signature, signed)


def test_a_usual_pass_is_short_enough_for_a_small_code():
    assert len(write_pass(USUAL, FIXED_TEST_KEY)) <= 230


def test_the_text_fits_the_alphanumeric_mode_of_qr_codes():
    assert set(GOLDEN) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")


def test_a_pass_with_everything_comes_back():
    assert read_pass(write_pass(WITH_ALL, FIXED_TEST_KEY), TRUST) == WITH_ALL


ids = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=64)
times = st.integers(0, 253_402_300_799).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
statuses = st.one_of(st.none(), st.tuples(st.sampled_from(Status), times))


@given(ids, st.from_regex(r"[a-z][a-z0-9_-]{0,31}", fullmatch=True), times, times, times, statuses)
@settings(max_examples=50)
def test_every_pass_survives_the_round_trip(subject, category, issued, begins, ends, status):
    content = replace(
        USUAL,
        subject=subject,
        category=category,
        issued_at=issued,
        not_before=begins,
        not_after=ends,
        status=status and status[0],
        status_until=status and status[1],
    )
    text = write_pass(content, FIXED_TEST_KEY)
    assert len(text) < TEXT_LENGTH_MAX / 2
    assert read_pass(text, TRUST) == content


def test_the_subject_is_not_in_what_gets_logged():
    assert USUAL.subject not in repr(USUAL)


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": ""},
        {"category": "Staff"},
        {"pass_id": b""},
        {"status": Status.GREEN},
        {"purpose": ""},
        {"host": "a\nb"},
        {"entries": -1},
        {"entries": 1000},
    ],
    ids=str,
)
def test_a_pass_that_no_gate_would_read_is_our_own_misuse(changes):
    with pytest.raises(AssertionError):
        replace(USUAL, **changes)


def test_a_pass_holds_whole_seconds_only():
    with pytest.raises(AssertionError):
        write_pass(replace(USUAL, not_after=ISSUED.replace(microsecond=1)), FIXED_TEST_KEY)


# --- forged, damaged and truncated ---


@pytest.mark.parametrize("bit", [0, 3, 7])
def test_no_byte_can_be_changed(bit):
    data = unwrap(GOLDEN)
    for at in range(len(data)):
        forged = bytearray(data)
        forged[at] ^= 1 << bit
        assert isinstance(read_pass(wrap(bytes(forged)), TRUST), Reason), f"byte {at}"


@given(st.integers(0, len(GOLDEN) - 1), st.sampled_from("0123456789ABCXYZ $%*+-./:"))
@settings(max_examples=200)
def test_no_character_can_be_changed(at, character):
    forged = GOLDEN[:at] + character + GOLDEN[at + 1 :]
    assert forged == GOLDEN or isinstance(read_pass(forged, TRUST), Reason)


def test_no_part_of_a_pass_is_a_pass():
    for size in range(len(GOLDEN)):
        assert isinstance(read_pass(GOLDEN[:size], TRUST), Reason), f"{size} characters"


def test_nothing_may_follow():
    assert read_pass(GOLDEN + "000", TRUST) is Reason.CBOR


def test_a_text_beyond_the_limit_is_not_even_decoded(mocker):
    decode = mocker.spy(base45, "decode")
    assert read_pass(PREFIX + "0" * TEXT_LENGTH_MAX, TRUST) is Reason.TOO_LARGE
    decode.assert_not_called()


@pytest.mark.parametrize("text", ["OG1:", "OG1:not base45", "OG1:GGW"])
def test_text_that_is_no_message_is_told_apart(text):
    assert read_pass(text, TRUST) in (Reason.BASE45, Reason.CBOR)


# --- who signed it ---


def test_a_key_that_nobody_vouched_for_is_unknown():
    assert read_pass(GOLDEN, collect([])) is Reason.UNKNOWN_KEY
    assert read_pass(write_pass(USUAL, OTHER_TEST_KEY), TRUST) is Reason.UNKNOWN_KEY


def test_a_signature_by_another_key_under_a_known_id_is_forged():
    message = cose.sign(cbor2.dumps(CLAIMS), KEY_ID, OTHER_TEST_KEY)
    assert read_pass(wrap(message), TRUST) is Reason.SIGNATURE


@pytest.mark.parametrize(
    "may_sign", [frozenset(), {Purpose.HEALTH, Purpose.STATUS, Purpose.COMMAND, Purpose.POLICY}]
)
def test_a_key_may_sign_what_it_is_trusted_for_and_nothing_else(may_sign):
    other_use = collect([replace(GMSC, may_sign=frozenset(may_sign))])
    assert read_pass(GOLDEN, other_use) is Reason.KEY_USAGE


@pytest.mark.parametrize("purpose", [Purpose.STAFF_PASS, Purpose.VISITOR_PASS])
def test_a_pass_tells_which_kind_of_people_its_key_may_sign_for(purpose):
    trust = collect([replace(GMSC, may_sign=frozenset({purpose}))])
    assert read_pass(GOLDEN, trust) == replace(USUAL, signer_may=frozenset({purpose}))


def test_a_status_needs_a_key_that_may_say_it():
    text = write_pass(WITH_ALL, FIXED_TEST_KEY)
    staff, both = {Purpose.STAFF_PASS}, {Purpose.STAFF_PASS, Purpose.STATUS}
    assert read_pass(text, collect([replace(GMSC, may_sign=frozenset(staff))])) is Reason.KEY_USAGE
    found = read_pass(text, collect([replace(GMSC, may_sign=frozenset(both))]))
    assert isinstance(found, Pass)
    assert found.status is Status.GREEN


def test_an_issuer_cannot_issue_in_the_name_of_another():
    assert read_pass(GOLDEN, collect([replace(GMSC, issuer="rsud")])) is Reason.ISSUER


def test_of_keys_that_share_an_id_the_one_that_signed_counts():
    wrong = IssuerKey("gmsc", OTHER_TEST_KEY.public_key(), frozenset({Purpose.PASS}))
    assert read_pass(GOLDEN, Trust({KEY_ID: (wrong, GMSC)})) == USUAL


def test_issuers_that_share_a_key_are_told_apart_by_name():
    other = replace(GMSC, issuer="rsud", valid_until=ISSUED)
    assert read_pass(GOLDEN, collect([other, GMSC])) == USUAL


def test_a_pass_ends_with_the_key_that_signed_it():
    end = ISSUED + timedelta(days=7)
    short = read_pass(GOLDEN, collect([replace(GMSC, valid_until=end)]))
    assert short == replace(USUAL, not_after=end)
    longer = replace(GMSC, valid_until=USUAL.not_after + timedelta(days=1))
    assert read_pass(GOLDEN, collect([longer])) == USUAL


# --- headers ---


@pytest.mark.parametrize("algorithm", [cose.EDDSA, cose.ED25519])
def test_both_names_of_ed25519_are_accepted(algorithm):
    assert isinstance(read_pass(sign_headers({1: algorithm, 4: KEY_ID}, {}), TRUST), Pass)


@pytest.mark.parametrize("tags", ["", "d2", "d83dd2"])
def test_the_tags_are_optional(tags):
    untagged = unwrap(GOLDEN)[1:]
    assert read_pass(wrap(bytes.fromhex(tags) + untagged), TRUST) == USUAL


@pytest.mark.parametrize(
    ("protected", "unprotected", "reason"),
    [
        ({1: -7, 4: KEY_ID}, {}, Reason.UNSUPPORTED),
        ({1: "EdDSA", 4: KEY_ID}, {}, Reason.UNSUPPORTED),
        ({4: KEY_ID}, {1: -8}, Reason.UNSUPPORTED),
        ({1: -8}, {4: KEY_ID}, Reason.UNSUPPORTED),
        ({1: -8, 4: KEY_ID}, {5: b""}, Reason.UNSUPPORTED),
        ({1: -8, 4: KEY_ID, 2: [99], 99: 1}, {}, Reason.UNSUPPORTED),
        ({1: -8, 4: "kid"}, {}, Reason.UNKNOWN_KEY),
        ({1: -8, 4: []}, {}, Reason.UNKNOWN_KEY),
        ({1: -8, 4: KEY_ID[:3]}, {}, Reason.UNKNOWN_KEY),
    ],
    ids=str,
)
def test_other_headers_are_refused_although_signed(protected, unprotected, reason):
    assert read_pass(sign_headers(protected, unprotected), TRUST) is reason


# --- claims ---


def test_claims_that_others_defined_are_ignored():
    assert isinstance(read_pass(sign_claims({**CLAIMS, 3: "audience", "x": 1}), TRUST), Pass)


def test_without_nbf_a_pass_is_valid_from_its_issue_on():
    found = read_pass(sign_claims(CLAIMS), TRUST)
    assert isinstance(found, Pass)
    assert found.not_before == found.issued_at == datetime.fromtimestamp(CLAIMS[6], UTC)


@pytest.mark.parametrize("payload", [b"", b"\x01", b"\x80", b"\xa1", b"\xd2\xa0", b"\xbf\xff"])
def test_a_payload_without_claims_is_refused(payload):
    assert read_pass(sign_claims(payload), TRUST) is Reason.CWT


@pytest.mark.parametrize("missing", sorted(CLAIMS))
def test_every_claim_is_needed(missing):
    claims = {name: value for name, value in CLAIMS.items() if name != missing}
    assert read_pass(sign_claims(claims), TRUST) is Reason.SCHEMA


@pytest.mark.parametrize(
    "changes",
    [
        {1: 7},
        {1: "g\nmsc"},
        {2: b"1"},
        {2: ""},
        {2: " 1"},
        {2: "1" * 65},
        {4: 1826845323.5},
        {4: "2027-01-01"},
        {4: -1},
        {4: True},
        {4: 253_402_300_800},
        {4: 2**64 - 1},
        {4: None},
        {5: 1795309323.0},
        {5: None},
        {6: []},
        {7: "text"},
        {7: b""},
        {7: bytes(17)},
        {-65537: []},
        {-65537: {}},
        {-65537: {1: "Staff"}},
        {-65537: {1: "3516010101870001"}},
        {-65537: {1: 1}},
        {-65537: {1: "staff", 2: "green"}},
        {-65537: {1: "staff", 3: 1795309323}},
        {-65537: {1: "staff", 2: "purple", 3: 1795309323}},
        {-65537: {1: "staff", 2: [], 3: 1795309323}},
        {-65537: {1: "staff", 2: "green", 3: "soon"}},
        {-65537: {1: "visitor", 4: 1}},
        {-65537: {1: "visitor", 4: "two\nlines"}},
        {-65537: {1: "visitor", 4: None}},
        {-65537: {1: "visitor", 5: ""}},
        {-65537: {1: "visitor", 5: b"a"}},
        {-65537: {1: "visitor", 6: -1}},
        {-65537: {1: "visitor", 6: 1000}},
        {-65537: {1: "visitor", 6: True}},
        {-65537: {1: "visitor", 6: 1.0}},
    ],
    ids=str,
)
def test_claims_of_another_shape_are_refused_although_signed(changes):
    assert read_pass(sign_claims({**CLAIMS, **changes}), TRUST) is Reason.SCHEMA


def test_a_limit_that_this_gate_does_not_know_is_never_overlooked():
    own = {1: "visitor", 7: 1}
    assert read_pass(sign_claims({**CLAIMS, -65537: own}), TRUST) is Reason.UNSUPPORTED
