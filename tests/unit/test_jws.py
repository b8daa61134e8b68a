import json
from itertools import count

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core import base64url, jws
from gatewayd.core.jwks import parse_keys
from gatewayd.core.reasons import Reason
from tests.unit.health_codes import OTHER_SIGNER, SIGNER, sign_jws
from tests.unit.public_vectors import read_vectors

FIXED_TEST_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
GOOD = sign_jws({"alg": "ES256"}, b"payload")


def decode(text: str) -> jws.Jws:
    message = jws.decode(text)
    assert isinstance(message, jws.Jws)
    return message


def sign_edwards(name: str) -> str:
    signed = f"{base64url.encode(json.dumps({'alg': name}).encode())}.{base64url.encode(b'{}')}"
    return f"{signed}.{base64url.encode(FIXED_TEST_KEY.sign(signed.encode()))}"


def test_a_signed_message_comes_back_and_is_genuine():
    message = decode(GOOD)
    assert (message.header, message.payload) == ({"alg": "ES256"}, b"payload")
    assert jws.is_genuine(message, SIGNER.public_key())
    assert not jws.is_genuine(message, OTHER_SIGNER.public_key())


@pytest.mark.parametrize("name", ["EdDSA", "Ed25519"])
def test_both_names_of_the_edwards_algorithm_are_known(name):
    assert jws.is_genuine(decode(sign_edwards(name)), FIXED_TEST_KEY.public_key())


@pytest.mark.parametrize("name", ["none", "HS256", "RS256", "ES384", "es256", 7, None, ["ES256"]])
def test_other_algorithms_are_never_genuine(name):
    message = decode(sign_jws({"alg": name}, b"payload"))
    assert not jws.is_genuine(message, SIGNER.public_key())


def test_another_curve_is_another_algorithm():
    key = generate_private_key(SECP384R1())
    message = decode(sign_jws({"alg": "ES256"}, b"payload", key))
    assert not jws.is_genuine(message, key.public_key())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.HEADER),
        ("a", Reason.HEADER),
        (GOOD.rpartition(".")[0], Reason.HEADER),
        (GOOD + ".", Reason.HEADER),
        ("eyJhbGciOiJFUzI1NiJ9=" + GOOD[GOOD.index(".") :], Reason.HEADER),
        (sign_jws(b"[]", b""), Reason.HEADER),
        (sign_jws(b'{"alg"', b""), Reason.HEADER),
        (sign_jws(b'{"alg":NaN}', b""), Reason.HEADER),
        (sign_jws(b'\xef\xbb\xbf{"alg":"ES256"}', b""), Reason.HEADER),
        (sign_jws({"kid": "1"}, b""), Reason.HEADER),
        (sign_jws({"alg": "ES256", "crit": ["exp"]}, b""), Reason.HEADER),
        (sign_jws({"alg": "ES256", "more": "a" * 1024}, b""), Reason.HEADER),
        (sign_jws(b'{"alg":' + b"[" * 700 + b"}", b""), Reason.HEADER),
        ("eyJhbGciOiJFUzI1NiJ9.A.AA", Reason.SCHEMA),
        ("eyJhbGciOiJFUzI1NiJ9.AA.AB", Reason.SIGNATURE_FORMAT),
        ("e" * 70_000, Reason.TOO_LARGE),
    ],
    ids=count(),
)
def test_what_is_no_message_says_why(text, reason):
    assert jws.decode(text) is reason


@given(st.text(alphabet="eyJA.=_-", max_size=60))
@settings(max_examples=100)
def test_no_text_makes_it_raise(text):
    found = jws.decode(text)
    if isinstance(found, jws.Jws):
        assert not jws.is_genuine(found, SIGNER.public_key())


OUR_ALGORITHMS = {"ES256", "EdDSA", "Ed25519"}


def test_the_wycheproof_vectors():
    """What is good there but signed in a way that no code here uses is refused."""
    compared = 0
    for vector in read_vectors("jws/wycheproof_jws.json"):
        keys, _ = parse_keys("issuer", [{"kid": "1", **vector["key"]}])
        message = jws.decode(vector["jws"])
        is_good = isinstance(message, jws.Jws) and any(
            jws.is_genuine(message, key.public) for key in keys
        )
        is_ours = vector["key"].get("alg") in OUR_ALGORITHMS
        compared += is_ours
        assert is_good == (is_ours and vector["result"] == "valid"), vector["id"]
    assert compared > 5
