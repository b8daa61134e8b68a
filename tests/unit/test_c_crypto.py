"""SHA-256, HMAC, HKDF and CRC-32 of the C controller against published vectors, and ours."""

import hashlib
import hmac
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.c_controller import Bench, take_bench

# The first of them builds the controller, on a machine that may have other work.
pytestmark = [pytest.mark.compiler, pytest.mark.timeout(120)]

NIST_LONG = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"


@pytest.fixture(scope="module")
def bench():
    found = take_bench()
    yield found
    found.stop()


def said(data: bytes) -> str:
    return data.hex() or "-"


@pytest.mark.parametrize(
    ("message", "digest"),
    [
        # NIST CAVP, SHA256ShortMsg.rsp: Len = 0, 8, 32.
        (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (b"\xd3", "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1"),
        (
            bytes.fromhex("74ba2521"),
            "b16aa56be3880d18cd41e68384cf1ec8c17680c45a02b1575dc1518923ae8b0e",
        ),
        # NIST, Secure Hash Standard, examples SHA256: one block, two blocks.
        (b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (NIST_LONG, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
    ],
)
def test_sha_256_of_nist(bench: Bench, message: bytes, digest: str) -> None:
    assert bench.ask(f"sha256 {said(message)}") == digest


def sized(last: int) -> bytes:
    return bytes(range(last + 1))


@pytest.mark.parametrize(
    ("key", "message", "mac"),
    [
        # NIST, examples with intermediate values, HMAC_SHA256: key as long as a block, shorter, longer.
        (
            sized(0x3F),
            b"Sample message for keylen=blocklen",
            "8bb9a1db9806f20df7f77b82138c7914d174d59e13dc4d0169c9057b133e1d62",
        ),
        (
            sized(0x1F),
            b"Sample message for keylen<blocklen",
            "a28cf43130ee696a98f14a37678b56bcfcbdd9e5cf69717fecf5480f0ebdf790",
        ),
        (
            sized(0x63),
            b"Sample message for keylen=blocklen",
            "bdccb6c72ddeadb500ae768386cb38cc41c63dbb0878ddb9c7a38a431b78378d",
        ),
        # RFC 4231, test cases 1, 2 and 6.
        (
            b"\x0b" * 20,
            b"Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        ),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            b"\xaa" * 131,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
    ],
)
def test_hmac_of_nist_and_rfc_4231(bench: Bench, key: bytes, message: bytes, mac: str) -> None:
    assert bench.ask(f"hmac {said(key)} {said(message)}") == mac


def test_hkdf_of_rfc_5869(bench: Bench) -> None:
    """Test case 1; its second block is more than a key of ours has."""
    salt, secret, info = sized(12), b"\x0b" * 22, bytes(range(0xF0, 0xFA))
    key = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
    assert bench.ask(f"hkdf {said(salt)} {said(secret)} {said(info)}") == key


def test_crc_32_of_its_catalogue(bench: Bench) -> None:
    assert bench.ask(f"crc32 {said(b'123456789')}") == "cbf43926"


@given(key=st.binary(max_size=200), message=st.binary(max_size=400))
@settings(max_examples=100)
def test_any_length_is_right(bench: Bench, key: bytes, message: bytes) -> None:
    assert bench.ask(f"sha256 {said(message)}") == hashlib.sha256(message).hexdigest()
    assert (
        bench.ask(f"hmac {said(key)} {said(message)}") == hmac.digest(key, message, "sha256").hex()
    )
    assert bench.ask(f"crc32 {said(message)}") == f"{zlib.crc32(message):08x}"
