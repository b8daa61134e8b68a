"""Who can prove at a gate who they are: accounts of people, tokens of programs and screens."""

import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from gatewayd.core import base64url
from gatewayd.core.refused_access import RefusedAccess
from gatewayd.core.roles import Role
from gatewayd.core.words import LaneId

PIN_DIGITS_MIN, PIN_DIGITS_MAX = 6, 12
PASSWORD_CHARACTERS_MIN = 12  # Nobody tries them all, whatever they are made of.
SECRET_CHARACTERS_MAX = 256  # Longer ones only cost time to hash.

ACCOUNTS_MAX = 500  # Of one gate; more is a mistake.
TOKENS_MAX = 200

SET_UP_CALLER = "set-up"
"""The caller who makes the first manager with the token of the set-up."""

TOKEN_PREFIX = "gatewayd_"  # noqa: S105, what a token begins with
TOKEN_CHARACTERS_MAX = 64  # 32 bytes are 43.

ROLES = (Role.MANAGER, Role.OFFICER, Role.TECHNICIAN, Role.AUDITOR)
"""What a person can be; a display is none."""

# What people take where twelve characters are asked for; runs and repeats are found without a list.
_OBVIOUS = (
    "password", "passw0rd", "katasandi", "sandirahasia", "rahasia", "gatewayd", "onegate",
    "satupintu", "administrator", "admin", "manager", "pengelola", "petugas", "welcome",
    "selamatdatang", "indonesia", "letmein", "bismillah", "iloveyou", "sayangku",
)  # fmt: skip
_RUNS = ("01234567890123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")
_UNIT_MAX = 4  # `abcdabcdabcd` is four characters, written three times.


class SecretKind(StrEnum):
    PIN = "pin"
    """For officers, who type it with wet hands; the lock-out is what makes it enough."""
    PASSWORD = "password"  # noqa: S105, the name of a kind


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who signs on here. must_change: what they were given is good for one time."""

    label: str
    role: Role
    kind: SecretKind
    must_change: bool = False


@dataclass(frozen=True, slots=True)
class ApiToken:
    """What a program or a lane's screen shows instead of signing on. lane: of a display."""

    label: str
    role: Role
    lane: LaneId | None
    made: date
    used: date | None = None
    """The last day on which it was shown."""


@dataclass(frozen=True, slots=True)
class Denied:
    """Nobody proved anything. wait_s: before that no answer will be another one."""

    code: RefusedAccess
    wait_s: float = 0.0


def write_token(secret: bytes) -> str:
    """Return how a token is written down, so that people and scanners of leaks know it."""
    return f"{TOKEN_PREFIX}{base64url.encode(secret)}"


def read_token(text: str) -> bytes | None:
    """Return the secret of a token; None where that is none."""
    if not text.startswith(TOKEN_PREFIX) or len(text) > TOKEN_CHARACTERS_MAX:
        return None
    return base64url.decode(text.removeprefix(TOKEN_PREFIX))


def kind_of(role: Role, secret: str) -> SecretKind:
    """Return what somebody of this role chose: only an officer's digits are a PIN."""
    is_pin = secret.isascii() and secret.isdigit() and len(secret) <= PIN_DIGITS_MAX
    return SecretKind.PIN if role is Role.OFFICER and is_pin else SecretKind.PASSWORD


def flaw_of(label: str, role: Role, secret: str) -> RefusedAccess | None:
    """Return why this cannot be somebody's secret; None where it can.

    Length, and nothing that is tried first: no rules of composition (NIST SP 800-63B, 5.1.1.2).
    """
    if len(secret) > SECRET_CHARACTERS_MAX:
        return RefusedAccess.SECRET_LONG
    match kind_of(role, secret):
        case SecretKind.PIN:
            if len(secret) < PIN_DIGITS_MIN:
                return RefusedAccess.PIN_SHORT
        case SecretKind.PASSWORD:
            if len(secret) < PASSWORD_CHARACTERS_MIN:
                return (
                    RefusedAccess.SECRET_SHORT
                    if role is Role.OFFICER
                    else RefusedAccess.PASSWORD_SHORT
                )
    return RefusedAccess.SECRET_OBVIOUS if _is_obvious(label, secret) else None


def canonical(secret: str) -> bytes:
    """Return what is hashed: the same however a keyboard composes a letter."""
    return unicodedata.normalize("NFKC", secret).encode("utf-8", "surrogatepass")


def _is_obvious(label: str, secret: str) -> bool:
    folded = unicodedata.normalize("NFKC", secret).casefold()
    if any(folded in run or folded in run[::-1] for run in _RUNS):
        return True
    if any(_repeats(folded, folded[:size]) for size in range(1, _UNIT_MAX)):
        return True
    # A known word alone, or with a year behind it, or the label: what is left of it is nothing.
    bare = folded.replace(label.casefold(), "")
    for word in _OBVIOUS:
        bare = bare.replace(word, "")
    return len(bare.strip("0123456789 .,_-!@#")) == 0 and not folded.isdigit()


def _repeats(text: str, unit: str) -> bool:
    return text == (unit * (len(text) // len(unit) + 1))[: len(text)]
