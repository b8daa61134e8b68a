import hashlib
from datetime import UTC, datetime
from itertools import count

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatewayd.core.jwks import parse_issuer
from gatewayd.core.revocation import RevocationList
from gatewayd.core.trust import IssuerKey, Purpose, collect, issuer_document, key_id
from tests.unit.health_codes import CARD_ISSUER, SIGNER, jwk

FIXED_TEST_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = FIXED_TEST_KEY.public_key()
KEY = IssuerKey("gmsc", PUBLIC, frozenset({Purpose.PASS}))
JWK = issuer_document(KEY)["keys"][0]


def document(**changes):
    return {"issuer": "gmsc", "keys": [{**JWK, **changes}]}


def test_the_key_id_is_the_start_of_the_hash_of_the_raw_key():
    assert key_id(PUBLIC) == hashlib.sha256(PUBLIC.public_bytes_raw()).digest()[:8]
    assert key_id(PUBLIC).hex() == "56475aa75463474c"


def test_what_is_written_is_read_again():
    end = datetime(2027, 1, 1, tzinfo=UTC)
    for key in (
        KEY,
        IssuerKey("gmsc", PUBLIC, frozenset({Purpose.PASS}), end),
        IssuerKey("gmsc", PUBLIC, frozenset({Purpose.POLICY}), path="mojokerto/dukcapil"),
    ):
        [read], problems = parse_issuer(issuer_document(key))
        assert not problems
        assert read.path == key.path
        assert (read.issuer, read.key_id) == ("gmsc", KEY.key_id)
        assert (read.may_sign, read.valid_until) == (key.may_sign, key.valid_until)


def test_the_last_day_of_a_key_counts_whole():
    [key], _ = parse_issuer(document(valid_until="2026-12-31"))
    assert key.valid_until == datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"d": "AAAA"}, "private"),
        ({"kty": "EC"}, "OKP"),
        ({"crv": "Ed448"}, "Ed25519"),
        ({"x": "AAAA"}, "32 bytes"),
        ({"x": "A"}, "32 bytes"),
        ({"x": "é"}, "32 bytes"),
        ({"x": 7}, "Ed25519"),
        ({"kid": "0" * 16}, KEY.key_id.hex()),
        ({"kid": None}, KEY.key_id.hex()),
        ({"may_sign": []}, "may_sign"),
        ({"may_sign": "pass"}, "may_sign"),
        ({"may_sign": ["pass", "everything"]}, "may_sign"),
        ({"may_sign": [["pass"]]}, "may_sign"),
        ({"path": "Mojokerto"}, "path"),
        ({"path": "a/b/c/d"}, "path"),
        ({"path": ["mojokerto"]}, "path"),
        ({"valid_until": "soon"}, "valid_until"),
        ({"valid_until": None}, "valid_until"),
    ],
    ids=str,
)
def test_a_broken_key_is_told_and_left_out(changes, said):
    keys, [problem] = parse_issuer(document(**changes))
    assert not keys
    assert problem.startswith("key 1: ")
    assert said in problem


def test_the_good_keys_beside_a_broken_one_are_used():
    keys, [problem] = parse_issuer({"issuer": "gmsc", "keys": ["?", JWK]})
    assert [key.key_id for key in keys] == [KEY.key_id]
    assert problem.startswith("key 1: ")


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {},
        {"issuer": "gmsc"},
        {"issuer": "gmsc", "keys": []},
        {"issuer": "gmsc", "keys": {}},
        {"issuer": "", "keys": [JWK]},
        {"issuer": "a\nb", "keys": [JWK]},
        {"issuer": 7, "keys": [JWK]},
    ],
    ids=str,
)
def test_a_document_of_another_shape_gives_no_keys(content):
    keys, [problem] = parse_issuer(content)
    assert not keys
    assert "issuer" in problem


def test_keys_are_found_by_id_and_may_share_it():
    twin = IssuerKey("other", PUBLIC, frozenset())
    trust = collect([KEY, twin])
    assert trust.find(KEY.key_id) == (KEY, twin)
    assert trust.find(bytes(8)) == ()


def test_of_two_lists_of_one_key_the_newer_counts():
    older, newer = RevocationList("gmsc", b"1", 1, {"a": 9.0}), RevocationList("gmsc", b"1", 2, {})
    signer = IssuerKey("gmsc", PUBLIC, frozenset({Purpose.HEALTH}), key_id=b"1")
    for lists in ([older, newer], [newer, older]):
        assert not collect([signer], lists).is_revoked(signer, "a", 1.0)
    assert collect([signer], [older]).is_revoked(signer, "a", 1.0)


def test_other_keys_than_our_own_come_with_an_id():
    with pytest.raises(AssertionError):
        IssuerKey("gmsc", SIGNER.public_key(), frozenset({Purpose.HEALTH}))


# --- keys of other issuers ---


def test_an_elliptic_key_may_sign_health_certificates_unless_it_says():
    [key], problems = parse_issuer({"issuer": CARD_ISSUER, "keys": [jwk()]})
    assert not problems
    assert (key.issuer, key.key_id) == (CARD_ISSUER, b"kid-1")
    assert key.may_sign == {Purpose.HEALTH}
    [command], _ = parse_issuer({"issuer": "centre", "keys": [jwk(may_sign=["command"])]})
    assert command.may_sign == {Purpose.COMMAND}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"use": "enc"}, "sig"),
        ({"key_ops": ["encrypt"]}, "verify"),
        ({"crv": "P-384"}, "P-256"),
        ({"y": "AAAA"}, "coordinate"),
        ({"y": jwk()["x"]}, "coordinate"),
        ({"x": 7}, "P-256"),
        ({"kid": ""}, "kid"),
        ({"kid": "k" * 65}, "kid"),
        ({"kid": 7}, "kid"),
        ({"may_sign": []}, "may_sign"),
    ],
    ids=count(),
)
def test_a_broken_elliptic_key_is_told_and_left_out(changes, said):
    keys, [problem] = parse_issuer({"issuer": CARD_ISSUER, "keys": [{**jwk(), **changes}]})
    assert not keys
    assert said in problem


@pytest.mark.parametrize(
    "issuer", ["https://example.org/" + "a" * 240, "https://example.org/", "é"]
)
def test_an_issuer_is_a_name_or_an_address(issuer):
    keys, problems = parse_issuer({"issuer": issuer, "keys": [jwk()]})
    assert bool(keys) == (issuer == "https://example.org/")
    assert bool(problems) == (not keys)
