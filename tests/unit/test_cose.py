from base64 import urlsafe_b64decode
from dataclasses import replace

import cbor2
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gatewayd.core import cose
from gatewayd.core.signatures import Scheme
from tests.unit.public_vectors import read_vectors

FIXED_TEST_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_TEST_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
PUBLIC = FIXED_TEST_KEY.public_key()


def test_a_signed_message_comes_back_and_is_genuine():
    message = cose.decode(cose.sign(b"payload", b"kid", FIXED_TEST_KEY))
    assert message is not None
    assert (message.payload, message.unprotected) == (b"payload", {})
    assert message.header == {cose.ALGORITHM: cose.EDDSA, cose.KEY_ID: b"kid"}
    assert cose.is_genuine(message, PUBLIC, Scheme.ED25519)
    assert not cose.is_genuine(message, OTHER_TEST_KEY.public_key(), Scheme.ED25519)
    assert not cose.is_genuine(message, PUBLIC, Scheme.ES256)


@pytest.mark.parametrize(
    ("number", "scheme"),
    [
        (-8, Scheme.ED25519),
        (-19, Scheme.ED25519),
        (-7, Scheme.ES256),
        (-37, Scheme.PS256),
        (-999, None),
        (5, None),
        (None, None),
        ("EdDSA", None),
        ([-8], None),
    ],
    ids=str,
)
def test_algorithms_are_known_by_their_numbers(number, scheme):
    assert cose.find_scheme(number) is scheme


def test_a_header_counts_protected_first():
    message = cose.Sign1(b"", {1: "protected"}, {1: "open", 4: "open"}, b"", b"")
    assert [message.find(label) for label in (1, 4, 9)] == ["protected", "open", None]


@pytest.mark.parametrize("size", [0, 63, 65])
def test_a_signature_of_the_wrong_size_is_not_genuine(size):
    message = cose.decode(cose.sign(b"payload", b"kid", FIXED_TEST_KEY))
    assert message is not None
    short = replace(message, signature=bytes(size))
    assert not cose.is_genuine(short, PUBLIC, Scheme.ED25519)


@pytest.mark.parametrize("tags", [b"", b"\xd2", b"\xd8\x3d\xd2"])
def test_the_tags_of_cose_and_cwt_may_be_there_or_not(tags):
    untagged = cose.sign(b"payload", b"kid", FIXED_TEST_KEY)[1:]
    assert cose.decode(tags + untagged) is not None


@pytest.mark.parametrize(
    "item",
    [
        cbor2.CBORTag(98, [b"", {}, b"", b""]),
        cbor2.CBORTag(18, cbor2.CBORTag(18, [b"", {}, b"", b""])),
        [b"", {}, b""],
        [b"", {}, b"", b"", b""],
        ["", {}, b"", b""],
        [b"", [], b"", b""],
        [b"", {}, None, b""],  # Detached payload.
        [b"", {}, b"", "text"],
        [b"\x80", {}, b"", b""],  # The protected header is not a map,
        [b"\xa0\x00", {}, b"", b""],  # or not one item,
        [b"\xa2\x01\x27\x01\x27", {}, b"", b""],  # or has a key twice,
        [cbor2.dumps({9: bytes(1024)}), {}, b"", b""],  # or is too large.
        [b"", {9: bytes(1024)}, b"", b""],
        {},
        None,
        7,
    ],
    ids=repr,
)
def test_other_items_are_not_a_message(item):
    assert cose.decode(cbor2.dumps(item)) is None


def test_nothing_may_stand_behind_a_message():
    assert cose.decode(cose.sign(b"payload", b"kid", FIXED_TEST_KEY) + b"\x00") is None


def test_indefinite_lengths_are_for_other_issuers():
    message = b"\x84\x40\xbf\x01\x26\xff\x5f\x41a\x41b\xff\x40"
    assert cose.decode(message) is None
    read = cose.decode(message, is_lenient=True)
    assert read is not None
    assert (read.unprotected, read.payload) == ({1: -7}, b"ab")


def test_an_empty_protected_map_is_signed_as_no_bytes():
    """RFC 9052, section 4.4: however it was sent."""
    for protected in (b"\xa0", b""):
        message = cose.decode(cbor2.dumps([protected, {1: -7}, b"content", b""]))
        assert message is not None
        assert message.signed_bytes == cbor2.dumps(["Signature1", b"", b"", b"content"])


OUR_KEYS = {("ES256", "P-256"), ("EdDSA", "Ed25519"), ("EdDSA", "Ed448")}


def test_the_vectors_of_the_cose_working_group():
    """All but those with external data or an algorithm that no code here uses: these are refused."""
    for vector in read_vectors("cose/sign1.json"):
        example = vector["example"]
        signed = example["input"]["sign0"]
        message = cose.decode(bytes.fromhex(example["output"]["cbor"]))
        is_accepted = message is not None and is_signed_as_in_example(message, signed["key"])
        is_ours = "external" not in signed and (signed["alg"], signed["key"]["crv"]) in OUR_KEYS
        assert is_accepted == (is_ours and vector["outcome"] == "accept"), vector["id"]
        if message is not None and is_accepted and "intermediates" in example:
            assert message.signed_bytes.hex().upper() == example["intermediates"]["ToBeSign_hex"]
            assert not cose.is_genuine(message, PUBLIC, Scheme.ED25519), vector["id"]


def is_signed_as_in_example(message: cose.Sign1, key: dict[str, str]) -> bool:
    """Check as we do; Ed448, which is not ours, by hand: what is signed is the same."""
    scheme = cose.find_scheme(message.find(cose.ALGORITHM))
    match key, scheme:
        case {"crv": "Ed25519", "x_hex": x}, Scheme.ED25519:
            ed25519_key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(x))
            return cose.is_genuine(message, ed25519_key, scheme)
        case {"crv": "P-256"}, Scheme.ES256:
            return cose.is_genuine(message, es256_key(key), scheme)
        case {"crv": "Ed448", "x_hex": x}, Scheme.ED25519:
            public = ed448.Ed448PublicKey.from_public_bytes(bytes.fromhex(x))
            try:
                public.verify(message.signature, message.signed_bytes)
            except InvalidSignature:
                return False
            return True
        case _:
            return False


def es256_key(key: dict[str, str]) -> ec.EllipticCurvePublicKey:
    x, y = (int.from_bytes(urlsafe_b64decode(key[name] + "=")) for name in "xy")
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
