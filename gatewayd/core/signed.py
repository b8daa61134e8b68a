"""What every message from above is first: a JWS of its own type, by a key that may sign it here.

The header has `kid` and a `typ` of its kind, so that nothing signed for one purpose serves another.
A key of the trust folder is bound to kinds (`may_sign`) and to a place in the hierarchy (`path`):
it signs for that place and all below.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gatewayd.core import jws
from gatewayd.core.reasons import Reason
from gatewayd.core.trust import IssuerKey, Purpose, Trust

_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_KEY_ID = re.compile(r"(?:[0-9a-f]{2}){1,32}")


class Refusal(StrEnum):
    """Why a message is not acted on, in the order of the checks."""

    RETAINED = "retained"
    SIZE = "size"
    FORMAT = "format"
    TYPE = "type"
    KEY = "key"
    """No key of that id may sign this here, or not any more."""
    SIGNATURE = "signature"
    CLAIMS = "claims"
    AUDIENCE = "audience"
    CLOCK = "clock"
    """The gateway does not know the time well enough to tell an old message, and no nonce helps."""
    EXPIRED = "expired"
    EARLY = "early"
    LIFETIME = "lifetime"
    REPLAYED = "replayed"
    """The counter is not above the last of this key."""
    CONTENT = "content"
    """What it asks for cannot be understood, or cannot be."""
    UNSUPPORTED = "unsupported"
    """Its format is newer than this gateway."""
    ROLLBACK = "rollback"
    """There was a higher version, or another document of the same one."""
    BASE = "base"
    """It changes a version that is not here: send the whole."""
    HASH = "hash"
    """What comes out is not what was to come out."""
    REGION_KEY = "region_key"
    """It names people under a key that the site does not have."""
    STORAGE = "storage"
    """The disk does not take it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """id: that of a message whose signature is good, to be answered; None for all others.

    text: for people, where the word is not enough.
    """

    why: Refusal
    id: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Signed:
    """Genuine, and by a key for it; whether it is of now is not looked at yet."""

    id: str
    key: IssuerKey
    claims: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Seal:
    """What a message is held against. audience: the path it must be for, and its key reach."""

    type_name: str
    purpose: Purpose
    audience: str
    size_max: int


def read_signed(content: bytes, seal: Seal, trust: Trust) -> Signed | Refused:
    """Check everything that does not depend on the time or on what is asked. Never raises."""
    message = _decode(content, seal.size_max)
    if isinstance(message, Refusal):
        return Refused(message)
    if message.header.get("typ") != seal.type_name:
        return Refused(Refusal.TYPE)
    may_sign = [
        key
        for key in _find(trust, message.header.get("kid"))
        if seal.purpose in key.may_sign and key.reaches(seal.audience)
    ]
    if not may_sign:
        return Refused(Refusal.KEY)
    key = next((key for key in may_sign if jws.is_genuine(message, key.public)), None)
    if key is None:
        return Refused(Refusal.SIGNATURE)
    claims = jws.read_json_object(message.payload)
    message_id = None if claims is None else claims.get("jti")
    if claims is None or not isinstance(message_id, str) or _ID.fullmatch(message_id) is None:
        return Refused(Refusal.CLAIMS)
    if claims.get("aud") != seal.audience:
        return Refused(Refusal.AUDIENCE, message_id)
    return Signed(message_id, key, claims)


def whole(value: object, most: int) -> int | None:
    """Return a whole number from 1 to `most`; None where it is anything else."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return value if is_whole and isinstance(value, int) and 1 <= value <= most else None


def _decode(content: bytes, size_max: int) -> jws.Jws | Refusal:
    if len(content) > size_max:
        return Refusal.SIZE
    try:
        message = jws.decode(content.decode("ascii"), size_max)
    except UnicodeDecodeError:
        return Refusal.FORMAT
    return Refusal.FORMAT if isinstance(message, Reason) else message


def _find(trust: Trust, kid: object) -> tuple[IssuerKey, ...]:
    """Return the keys of an id: in hex, as our own are told, or as it stands (`core.jwks`)."""
    if not isinstance(kid, str):
        return ()
    own = trust.find(bytes.fromhex(kid)) if _KEY_ID.fullmatch(kid) is not None else ()
    return (*own, *trust.find(kid.encode(errors="replace")))
