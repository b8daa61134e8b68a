"""Codes that change every 30 seconds, as authenticator apps make them (RFC 6238).

A secret is spelled in base32, as those apps take it: for codes of 6 digits by SHA-1, or with
`sha256:` before it for 8 digits by SHA-256.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urlencode

from gatewayd.core.tables import Expected

STEP_S = 30
WINDOW_STEPS = 1
"""A code counts so many steps before its own and after it: clocks of phones are a little off, and
who opens the code at the end of its step still has to hold it up."""
SECRET_SIZE = 20  # What RFC 4226, section 4 recommends for SHA-1; good for SHA-256 too.
SECRET_SIZES = range(
    16, 65
)  # Section 4 asks for 16 at least; HMAC gains nothing from more than 64.

EXPECTED_KEY = (
    f"a secret of {SECRET_SIZES.start} to {SECRET_SIZES.stop - 1} bytes in base32 (A-Z, 2-7), "
    "maybe with sha256: before it"
)

_LONG = "sha256:"
_GROUP = 8  # Letters of base32 that make whole bytes.


@dataclass(frozen=True, slots=True)
class OtpKey:
    """The secret that a phone and the gate share.

    is_long: 8 digits by SHA-256; else 6 by SHA-1, the only ones that every app can make.
    """

    secret: bytes = field(repr=False)
    is_long: bool = False

    @property
    def digit_count(self) -> int:
        return 8 if self.is_long else 6

    @property
    def hash_name(self) -> str:
        return "sha256" if self.is_long else "sha1"


def step_at(at: datetime) -> int:
    """Return the number of the step that a time lies in."""
    return int(at.timestamp()) // STEP_S


def code_of(key: OtpKey, step: int) -> str:
    """Return the code that is shown during a step."""
    return one_time_password(key.secret, step, key.hash_name, key.digit_count)


def one_time_password(secret: bytes, counter: int, hash_name: str, digit_count: int) -> str:
    """RFC 4226, section 5.3, with the hashes of RFC 6238, section 1.2."""
    digest = hmac.digest(secret, counter.to_bytes(8), hash_name)
    begin = digest[-1] & 0xF
    number = int.from_bytes(digest[begin : begin + 4]) & 0x7FFFFFFF
    return f"{number % 10**digit_count:0{digit_count}}"


def find_step(key: OtpKey, code: str, at: datetime) -> int | None:
    """Return the step whose code this is, of those that count at `at`; None where it is another."""
    now = step_at(at)
    steps = range(max(0, now - WINDOW_STEPS), now + WINDOW_STEPS + 1)
    shown = code.encode()
    return next(
        (step for step in steps if hmac.compare_digest(code_of(key, step).encode(), shown)), None
    )


def read_key(spelled: str) -> OtpKey | Expected:
    """Read a secret; small letters, blanks between groups and missing padding are no mistakes."""
    name, letters = spelled[: len(_LONG)], spelled[len(_LONG) :]
    is_long = name.lower() == _LONG
    bare = "".join((letters if is_long else spelled).split()).rstrip("=").upper()
    try:
        secret = base64.b32decode(bare + "=" * (-len(bare) % _GROUP))
    except (binascii.Error, ValueError):
        return Expected(EXPECTED_KEY)
    return OtpKey(secret, is_long) if len(secret) in SECRET_SIZES else Expected(EXPECTED_KEY)


def write_key(key: OtpKey) -> str:
    """Return a secret as `read_key` takes it."""
    return (_LONG if key.is_long else "") + _base32(key)


def enrolment_uri(key: OtpKey, name: str, issuer: str) -> str:
    """Return what an authenticator app scans to take the secret (Google's "Key Uri Format")."""
    told = {
        "secret": _base32(key),
        "issuer": issuer,
        "algorithm": key.hash_name.upper(),
        "digits": key.digit_count,
        "period": STEP_S,
    }
    label = f"{quote(issuer, safe='')}:{quote(name, safe='')}"
    return f"otpauth://totp/{label}?{urlencode(told, quote_via=quote)}"


def _base32(key: OtpKey) -> str:
    return base64.b32encode(key.secret).decode().rstrip("=")
