import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, SECP521R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from gatewayd.core.signatures import Scheme, is_signed
from tests.unit.health_codes import OTHER_SIGNER, SIGNER, rsa_signer, sign_es256, sign_ps256
from tests.unit.public_vectors import read_vectors

FIXED_TEST_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
MADE = {
    Scheme.ED25519: (FIXED_TEST_KEY, lambda key, content: key.sign(content)),
    Scheme.ES256: (SIGNER, sign_es256),
    Scheme.PS256: (rsa_signer(), sign_ps256),
}


@pytest.mark.parametrize("scheme", Scheme)
def test_a_signature_is_good_for_its_content_only(scheme):
    key, sign = MADE[scheme]
    signature, public = sign(key, b"content"), key.public_key()
    assert is_signed(scheme, public, signature, b"content")
    assert not is_signed(scheme, public, signature, b"Content")
    assert not is_signed(scheme, public, signature[:-1], b"content")
    assert not is_signed(scheme, public, signature + b"\x00", b"content")
    assert not is_signed(scheme, public, b"", b"content")


@pytest.mark.parametrize("scheme", Scheme)
def test_a_key_of_another_kind_never_fits(scheme):
    key, sign = MADE[scheme]
    signature = sign(key, b"content")
    for other, (wrong, _) in MADE.items():
        if other is not scheme:
            assert not is_signed(scheme, wrong.public_key(), signature, b"content")
    assert not is_signed(Scheme.ES256, OTHER_SIGNER.public_key(), signature, b"content")


@pytest.mark.parametrize("curve", [SECP384R1(), SECP521R1()], ids=lambda curve: curve.name)
def test_r_and_s_are_as_wide_as_the_curve(curve):
    key = generate_private_key(curve)
    assert is_signed(Scheme.ES256, key.public_key(), sign_es256(key, b"content"), b"content")


@pytest.mark.parametrize(
    ("name", "scheme"),
    [("wycheproof_ed25519", Scheme.ED25519), ("wycheproof_es256_p1363", Scheme.ES256)],
)
def test_the_wycheproof_vectors(name, scheme):
    for vector in read_vectors(f"jws/{name}.json"):
        public = load_der_public_key(bytes.fromhex(vector["public_der"]))
        content, signature = bytes.fromhex(vector["msg"]), bytes.fromhex(vector["sig"])
        is_good = is_signed(scheme, public, signature, content)
        assert is_good == (vector["result"] == "valid"), (vector["id"], vector["comment"])
