"""Codes by time: the vectors of RFC 6238, the window, how secrets are spelled, the address for apps."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from gatewayd.core.tables import Expected
from gatewayd.core.totp import (
    EXPECTED_KEY,
    OtpKey,
    code_of,
    enrolment_uri,
    find_step,
    one_time_password,
    read_key,
    step_at,
    write_key,
)

# RFC 6238, appendix B: the secrets are these digits again and again, as long as the hash.
DIGITS = b"1234567890" * 7
SIZES = {"sha1": 20, "sha256": 32, "sha512": 64}
VECTORS = [
    (59, "94287082", "46119246", "90693936"),
    (1111111109, "07081804", "68084774", "25091201"),
    (1111111111, "14050471", "67062674", "99943326"),
    (1234567890, "89005924", "91819424", "93441116"),
    (2000000000, "69279037", "90698825", "38618901"),
    (20000000000, "65353130", "77737706", "47863826"),
]
PHONE = OtpKey(DIGITS[:20])
LONG = OtpKey(DIGITS[:32], is_long=True)
START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
NOW_STEP = step_at(START)


def at(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector[0])
def test_the_vectors_of_the_rfc(vector):
    second, *codes = vector
    for (name, size), code in zip(SIZES.items(), codes, strict=True):
        assert one_time_password(DIGITS[:size], step_at(at(second)), name, 8) == code


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector[0])
def test_phones_make_six_digits_by_sha_1_and_the_long_kind_eight_by_sha_256(vector):
    second, sha1, sha256, _ = vector
    assert code_of(PHONE, step_at(at(second))) == sha1[-6:]
    assert code_of(LONG, step_at(at(second))) == sha256
    assert find_step(PHONE, sha1[-6:], at(second)) == second // 30
    assert find_step(LONG, sha256, at(second)) == second // 30


@pytest.mark.parametrize(
    ("late", "counts"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_a_code_counts_in_its_step_and_in_the_two_beside_it(late, counts):
    shown = code_of(PHONE, NOW_STEP)
    when = START + timedelta(seconds=30 * late)
    assert find_step(PHONE, shown, when) == (NOW_STEP if counts else None)


def test_the_last_moment_of_the_step_after_is_in_the_window_and_the_next_is_not():
    shown = code_of(PHONE, NOW_STEP)
    assert find_step(PHONE, shown, START + timedelta(seconds=59.999)) == NOW_STEP
    assert find_step(PHONE, shown, START + timedelta(seconds=60)) is None


def test_a_code_of_another_length_or_of_letters_is_none():
    for shown in ("", "12345", "94287082", "\u0660" * 6, "abcdef"):
        assert find_step(PHONE, shown, START) is None


def test_before_the_first_step_there_is_no_other():
    assert find_step(PHONE, code_of(PHONE, 0), at(0)) == 0
    assert find_step(PHONE, code_of(PHONE, 0), at(-3600)) is None


# --- secrets ---

RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # Of the digits above, as every test page has it.


@pytest.mark.parametrize(
    "spelled",
    [
        RFC_SECRET,
        RFC_SECRET.lower(),
        "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ",
        f" {RFC_SECRET} ",
    ],
)
def test_a_secret_is_read_however_people_copy_it(spelled):
    assert read_key(spelled) == PHONE


def test_the_long_kind_says_so_before_its_secret():
    assert read_key(f"SHA256:{write_key(LONG).removeprefix('sha256:')}===") == LONG
    assert write_key(LONG).startswith("sha256:GEZDGNBV")


@pytest.mark.parametrize("key", [PHONE, LONG, OtpKey(bytes(16)), OtpKey(bytes(64), is_long=True)])
def test_what_is_written_is_read_again(key):
    assert read_key(write_key(key)) == key


@pytest.mark.parametrize(
    "spelled",
    [
        "",
        "sha256:",
        "1" * 32,
        "GEZDGNBVGY3TQOJQ",
        f"{RFC_SECRET}A",
        "é" * 32,
        "A" * 104,
        f"sha512:{RFC_SECRET}",
        "=" * 8,
    ],
)
def test_what_is_no_secret_of_16_to_64_bytes_is_refused_and_not_repeated(spelled):
    found = read_key(spelled)
    assert found == Expected(EXPECTED_KEY)


def test_a_secret_is_in_no_repr():
    assert "1234567890" not in repr(PHONE)


@pytest.mark.parametrize(("key", "kind"), [(PHONE, ("SHA1", "6")), (LONG, ("SHA256", "8"))])
def test_apps_take_the_secret_from_an_address(key, kind):
    found = urlsplit(enrolment_uri(key, "19870101/2 A", "Dukcapil: GMSC"))
    assert (found.scheme, found.netloc) == ("otpauth", "totp")
    assert found.path == "/Dukcapil%3A%20GMSC:19870101%2F2%20A"
    told = {name: value for name, [value] in parse_qs(found.query).items()}
    assert told == {
        "secret": write_key(key).removeprefix("sha256:"),
        "issuer": "Dukcapil: GMSC",
        "algorithm": kind[0],
        "digits": kind[1],
        "period": "30",
    }
    assert "+" not in found.query  # Some apps show it as it is.
