import base64
import time
import zlib
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import count

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core import base45
from gatewayd.core.dcc import CLOCK_SKEW, open_envelope, read_certificate, read_claims
from gatewayd.core.dcc_content import read_content
from gatewayd.core.evidence import Certificate, Dose, Evidence, name_person
from gatewayd.core.reasons import Reason
from gatewayd.core.signer_certificates import read_certificate as read_signer
from gatewayd.core.trust import IssuerKey, Purpose, collect
from tests.unit.health_codes import (
    EXPIRES,
    ISSUED,
    OTHER_SIGNER,
    TESTED_ENTRY,
    VACCINATED,
    certificate_id,
    claims,
    make_certificate,
    make_dcc,
    rsa_signer,
    sign_cose,
    sign_ps256,
    without_entries,
    wrap,
)
from tests.unit.public_vectors import read_vectors

DER = make_certificate()
KID = certificate_id(DER)
HEADER = {1: -7, 4: KID}


def signer(der: bytes = DER) -> IssuerKey:
    found = read_signer(der)
    assert isinstance(found, IssuerKey)
    return found


TRUST = collect([signer()])


def read(text: str, trust=TRUST):
    return read_certificate(text, trust)


def read_message(message: bytes, trust=TRUST):
    return read(wrap(message), trust)


# --- what a certificate is ---


def test_a_genuine_certificate_says_who_what_and_how_long():
    found = read(make_dcc())
    assert found == Certificate(
        issuer="ID",
        person=name_person("CONTOH", "WARGA", "1990-02-03"),
        evidence=Evidence(doses=(Dose(2, 2, date(2021, 5, 18)),), born=date(1990, 2, 3)),
        not_before=ISSUED - CLOCK_SKEW,
        not_after=EXPIRES + timedelta(seconds=1),
    )


def test_it_ends_with_the_certificate_of_its_signer():
    later = claims(_4=int((ISSUED + timedelta(days=3000)).timestamp()))
    found = read(make_dcc(later))
    assert isinstance(found, Certificate)
    assert found.not_after == signer().valid_until


def test_without_issuer_the_country_of_the_signer_counts():
    content = claims()
    del content[1]
    found = read(make_dcc(content))
    assert isinstance(found, Certificate)
    assert found.issuer == "ID"


@pytest.mark.parametrize("tags", [b"", b"\xd2", b"\xd8\x3d\xd2"])
def test_the_tags_around_a_message_may_be_there_or_not(tags):
    assert isinstance(read_message(tags + sign_cose(claims(), HEADER)), Certificate)


@pytest.mark.parametrize(
    ("protected", "unprotected", "reason"),
    [
        (HEADER, {}, None),
        ({1: -7}, {4: KID}, None),
        ({4: KID}, {1: -7}, None),
        (b"", HEADER, None),
        (HEADER, {1: -37, 4: b"other"}, None),  # The protected ones win.
        ({1: -7, 4: b"other"}, {4: KID}, Reason.UNKNOWN_KEY),
        ({1: -7, 4: KID[:3]}, {}, Reason.UNKNOWN_KEY),
        ({1: -7, 4: "text"}, {}, Reason.UNKNOWN_KEY),
        ({1: -7}, {}, Reason.UNKNOWN_KEY),
        ({1: -8, 4: KID}, {}, Reason.UNSUPPORTED),
        ({1: "ES256", 4: KID}, {}, Reason.UNSUPPORTED),
        ({1: [], 4: KID}, {}, Reason.UNSUPPORTED),
        ({4: KID}, {}, Reason.UNSUPPORTED),
        ({1: -37, 4: KID}, {}, Reason.SIGNATURE),
    ],
    ids=count(),
)
def test_key_id_and_algorithm_count_protected_first(protected, unprotected, reason):
    found = read_message(sign_cose(claims(), protected, unprotected))
    assert isinstance(found, Certificate) if reason is None else found is reason


def test_rsa_keys_sign_with_ps256():
    der = make_certificate(rsa_signer())
    header = {1: -37, 4: certificate_id(der)}
    message = sign_cose(claims(), header, key=rsa_signer(), sign=sign_ps256)
    assert isinstance(read_message(message, collect([signer(der)])), Certificate)


def test_es256_is_good_with_a_larger_curve_too():
    key = generate_private_key(SECP384R1())
    der = make_certificate(key)
    found = read(make_dcc(key=key, der=der), collect([signer(der)]))
    assert isinstance(found, Certificate)


def test_all_keys_under_one_id_are_tried():
    twin = replace(signer(make_certificate(OTHER_SIGNER)), key_id=KID)
    assert isinstance(read(make_dcc(), collect([twin, signer()])), Certificate)
    assert read(make_dcc(), collect([twin])) is Reason.SIGNATURE


def test_a_key_that_may_not_sign_health_certificates_is_refused():
    other = replace(signer(), may_sign=frozenset({Purpose.PASS}))
    assert read(make_dcc(), collect([other])) is Reason.KEY_USAGE


@pytest.mark.parametrize("arc", ["1.3.6.1.4.1.1847.2021.1", "1.3.6.1.4.1.0.1847.2021.1"])
def test_a_key_signs_only_the_kinds_that_its_certificate_names(arc):
    tests_only, vaccinations = (make_certificate(uses=(f"{arc}.{use}",)) for use in (1, 2))
    trust = collect([signer(tests_only), signer(vaccinations)])
    tested = claims({**without_entries(), "t": [TESTED_ENTRY]})
    assert read(make_dcc(der=tests_only), trust) is Reason.KEY_USAGE
    assert read(make_dcc(tested, der=vaccinations), trust) is Reason.KEY_USAGE
    assert isinstance(read(make_dcc(tested, der=tests_only), trust), Certificate)
    assert isinstance(read(make_dcc(der=vaccinations), trust), Certificate)


def test_a_certificate_with_other_uses_signs_all_kinds():
    der = make_certificate(uses=("1.3.6.1.5.5.7.3.2",))
    assert isinstance(read(make_dcc(der=der), collect([signer(der)])), Certificate)


# --- damaged, foreign and forged ---


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("HC2:" + make_dcc()[4:], Reason.PREFIX),
        (make_dcc()[:-1] + "a", Reason.BASE45),
        ("HC1:é", Reason.BASE45),
        ("HC1:", Reason.ZLIB),
        ("HC1:" + base45.encode(sign_cose(claims(), HEADER)), Reason.ZLIB),
        ("HC1:" + base45.encode(zlib.compress(sign_cose(claims(), HEADER))[:-6]), Reason.ZLIB),
        ("HC1:" + base45.encode(zlib.compress(b"\x00") + b"more"), Reason.ZLIB),
        ("HC1:" + base45.encode(zlib.compress(bytes(65_537))), Reason.TOO_LARGE),
        (wrap(b"\xff"), Reason.CBOR),
        (wrap(b""), Reason.CBOR),
        (wrap(b"\x00\x91"), Reason.CWT),
        (wrap(cbor2.dumps([b"", {}, b""])), Reason.CWT),
        (wrap(sign_cose(claims(), HEADER) + b"\x00"), Reason.CWT),
        (wrap(sign_cose(claims(), b"\x80")), Reason.CWT),
        (wrap(sign_cose(b"\xff", HEADER)), Reason.CBOR),
        (wrap(sign_cose([], HEADER)), Reason.CWT),
        (wrap(sign_cose(cbor2.dumps(claims()) + b"\x00", HEADER)), Reason.CWT),
    ],
    ids=count(),
)
def test_each_broken_layer_has_its_reason(text, reason):
    assert read(text) is reason


@pytest.mark.parametrize(
    "changes",
    [
        {"_4": None},
        {"_6": None},
        {"_4": True},
        {"_6": "2021-06-01"},
        {"_4": float("nan")},
        {"_4": float("inf")},
        {"_6": -1},
        {"_4": 10**12},
        {"_1": 7},
    ],
    ids=str,
)
def test_claims_of_another_kind_are_no_token(changes):
    assert read(make_dcc(claims(**changes))) is Reason.CWT


@pytest.mark.parametrize("hcert", [None, {}, {2: VACCINATED}, {1: []}, [VACCINATED]], ids=str)
def test_a_token_without_certificate_is_none(hcert):
    assert read(make_dcc({**claims(), -260: hcert})) is Reason.CWT


def test_times_with_fractions_keep_them():
    found = read(make_dcc(claims(_6=ISSUED.timestamp() + 0.25)))
    assert isinstance(found, Certificate)
    assert found.not_before + CLOCK_SKEW == ISSUED + timedelta(milliseconds=250)


def test_no_bit_of_a_certificate_can_be_changed():
    message = sign_cose(claims(), HEADER)
    for at in range(len(message)):
        forged = bytearray(message)
        forged[at] ^= 1
        assert isinstance(read_message(bytes(forged)), Reason), f"byte {at}"


def test_a_certificate_of_somebody_else_is_refused():
    forged = make_dcc(key=OTHER_SIGNER, der=DER)
    assert read(forged) is Reason.SIGNATURE
    assert read(make_dcc(key=OTHER_SIGNER)) is Reason.UNKNOWN_KEY


HOSTILE = {
    "integers": b"\x84\x40\xa0\x40\x99\xfd\xe8" + b"\x00" * 65_000,
    "arrays": b"\x84\x40\xa0\x40\x99\xfd\xe8" + b"\x80" * 65_000,
    "maps outside the signature": b"\x84\x40\xa1\x00\x99\xfd\x00" + b"\xa0" * 0xFD00 + b"\x40\x40",
    "a large protected header": b"\x84\x59\xfd\x00" + b"\x99\xfc\xfd" + b"\x80" * 0xFCFD,
    "chunks": b"\x84\x40\xa0\x40\x5f" + b"\x40" * 65_000 + b"\xff",
    "nesting": b"\x81" * 65_000,
    "tags": b"\xc0" * 65_000,
    "zeros": bytes(2_900_000),
}


@pytest.mark.parametrize("bomb", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_code_costs_little(bomb):
    text = wrap(bomb)
    costs = []
    for _ in range(9):
        begin = time.perf_counter()
        assert isinstance(read(text), Reason)
        costs.append(time.perf_counter() - begin)
    assert min(costs) < 0.005


@given(st.binary(max_size=200))
@settings(max_examples=100)
def test_no_content_makes_it_raise(data):
    for text in ("HC1:" + base45.encode(data), wrap(data), wrap(sign_cose(data, HEADER))):
        assert isinstance(read(text), Reason)


# --- the public vectors ---


def accepted(found: Certificate | Reason, at: datetime) -> str | None:
    """Return the reason for which it is not, as a gate gives it."""
    if isinstance(found, Reason):
        return str(found)
    assert found.not_after is not None
    if at < found.not_before:
        return "not_yet_valid"
    return "expired" if at >= found.not_after else None


def test_the_commissions_vectors_come_out_as_stated():
    stated, count = {None: "accept"}, 0
    for vector in read_vectors("dcc/vectors.json"):
        trust = collect([signer(base64.b64decode(vector["trust"]["certificate_der_b64"]))])
        found = read(vector["scan"], trust)
        reason = accepted(found, datetime.fromisoformat(vector["clock_utc"]))
        if vector["outcome"] is not None:
            outcome = stated.get(reason, "reject")
            assert (outcome, reason) == (vector["outcome"], vector["reason"]), vector["id"]
            count += 1
    assert count > 100


def test_real_codes_of_all_countries_are_understood():
    for vector in read_vectors("dcc/qa_decode.json"):
        message = open_envelope(vector["scan"])
        assert not isinstance(message, Reason), vector["id"]
        told = (message.find(4).hex(), message.find(1))
        assert told == (vector["kid_hex"], vector["alg"]), vector["id"]
        token = read_claims(message.payload)
        assert not isinstance(token, Reason), vector["id"]
        assert (token.issuer, token.certificate["ver"]) == (vector["iss"], vector["schema"])
        assert not isinstance(read_content(token.certificate), Reason), vector["id"]
        trusted = vector["trust"]
        keys = [signer(base64.b64decode(trusted["certificate_der_b64"]))] if trusted else []
        found = read(vector["scan"], collect(keys))
        right = isinstance(found, Certificate) if trusted else found is Reason.UNKNOWN_KEY
        assert right, vector["id"]
