import json
import os
from base64 import urlsafe_b64decode
from pathlib import Path

import cbor2
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from gatewayd.core import cose

FIXED_TEST_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_TEST_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
PUBLIC = FIXED_TEST_KEY.public_key()
VECTORS = Path(os.environ.get("GATEWAYD_VECTORS", Path(__file__).parents[3] / "shared" / "vectors"))


def sign_as(algorithm: object) -> cose.Sign1:
    header = {cose.ALGORITHM: algorithm}
    message = cose.Sign1(cbor2.dumps(header), header, {}, b"payload", b"")
    signature = FIXED_TEST_KEY.sign(message.signed_bytes)
    return cose.Sign1(message.protected, header, {}, message.payload, signature)


def test_a_signed_message_comes_back_and_is_genuine():
    message = cose.decode(cose.sign(b"payload", b"kid", FIXED_TEST_KEY))
    assert message is not None
    assert (message.payload, message.unprotected) == (b"payload", {})
    assert message.header == {cose.ALGORITHM: cose.EDDSA, cose.KEY_ID: b"kid"}
    assert cose.is_genuine(message, PUBLIC)
    assert not cose.is_genuine(message, OTHER_TEST_KEY.public_key())


@pytest.mark.parametrize("algorithm", [cose.EDDSA, cose.ED25519])
def test_both_names_of_the_algorithm_are_accepted(algorithm):
    assert cose.is_genuine(sign_as(algorithm), PUBLIC)


@pytest.mark.parametrize("algorithm", [-7, -37, -999, 5, None, "EdDSA", b"\xf8"])
def test_a_good_signature_under_another_algorithm_is_not_genuine(algorithm):
    assert not cose.is_genuine(sign_as(algorithm), PUBLIC)


def test_a_message_without_algorithm_is_not_genuine():
    message = cose.decode(cbor2.dumps([b"", {cose.ALGORITHM: cose.EDDSA}, b"", bytes(64)]))
    assert message is not None
    assert message.header == {}
    assert not cose.is_genuine(message, PUBLIC)


@pytest.mark.parametrize("size", [0, 63, 65])
def test_a_signature_of_the_wrong_size_is_not_genuine(size):
    message = sign_as(cose.EDDSA)
    short = cose.Sign1(message.protected, message.header, {}, message.payload, bytes(size))
    assert not cose.is_genuine(short, PUBLIC)


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
        [b"\xa2\x01\x27\x01\x27", {}, b"", b""],  # or has a key twice.
        {},
        None,
        7,
    ],
    ids=repr,
)
def test_other_items_are_not_a_message(item):
    assert cose.decode(cbor2.dumps(item)) is None


def test_the_vectors_of_the_cose_working_group():
    path = VECTORS / "cose" / "sign1.json"
    if not path.exists():
        pytest.skip(f"no public vectors in {path}; set GATEWAYD_VECTORS to their folder")
    for vector in json.loads(path.read_text()):
        example = vector["example"]
        message = cose.decode(bytes.fromhex(example["output"]["cbor"]))
        assert message is not None, vector["id"]
        is_accepted = is_signed_as_in_example(message, example["input"]["sign0"]["key"])
        assert is_accepted == (vector["outcome"] == "accept"), vector["id"]
        if is_accepted and "intermediates" in example:
            assert message.signed_bytes.hex().upper() == example["intermediates"]["ToBeSign_hex"]
        assert not cose.is_genuine(message, PUBLIC), vector["id"]


def is_signed_as_in_example(message: cose.Sign1, key: dict[str, str]) -> bool:
    """The working group's keys are of other kinds than ours; what is signed is the same."""
    try:
        match key, message.header.get(cose.ALGORITHM):
            case {"crv": "P-256"}, -7:
                es256_key(key).verify(
                    encode_dss_signature(
                        int.from_bytes(message.signature[:32]),
                        int.from_bytes(message.signature[32:]),
                    ),
                    message.signed_bytes,
                    ec.ECDSA(SHA256()),
                )
            case {"crv": "Ed448", "x_hex": x}, cose.EDDSA:
                public = ed448.Ed448PublicKey.from_public_bytes(bytes.fromhex(x))
                public.verify(message.signature, message.signed_bytes)
            case _:
                return False
    except InvalidSignature:
        return False
    return True


def es256_key(key: dict[str, str]) -> ec.EllipticCurvePublicKey:
    x, y = (int.from_bytes(urlsafe_b64decode(key[name] + "=")) for name in "xy")
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
