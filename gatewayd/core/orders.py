"""Signed messages from the centre that ask for something now, taken or refused by name.

Each is a JWS (Ed25519 or ES256) in the compact form, signed with a key of the trust folder that may
sign `command`. Its header has `kid` and a `typ` of its own kind, so that nothing signed for one
purpose serves another. The claims are `aud` (the path of the site), `iat` and `exp` (unix seconds),
`jti` (its id), `ctr` (the signer's unix milliseconds, rising) and those of the kind.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gatewayd.core import jws
from gatewayd.core.reasons import Reason
from gatewayd.core.trust import IssuerKey, Purpose, Trust

SIZE_MAX = 16 * 1024  # Bytes; the longest of them has a few hundred.
LIFE_S_MAX = 30  # Whoever records one and sends it later has so long.
SKEW_S_MAX = 5  # Between two clocks that are both synchronised over a slow line.
COUNTER_MAX = 2**53  # What every reader of JSON can tell apart.

_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_KEY_ID = re.compile(r"(?:[0-9a-f]{2}){1,32}")


class OrderKind(StrEnum):
    RECEIPT = "receipt"

    @property
    def type_name(self) -> str:
        return f"onegate-{self}+jws"


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
    """The gateway does not know the time well enough to tell an old message."""
    EXPIRED = "expired"
    EARLY = "early"
    LIFETIME = "lifetime"
    REPLAYED = "replayed"
    """The counter is not above the last of this key."""
    CONTENT = "content"
    """What it asks for cannot be understood, or cannot be."""


@dataclass(frozen=True, slots=True)
class Order:
    """A message that is genuine, for us and of now; what it asks for stands in `claims`."""

    id: str
    key_id: bytes
    counter: int
    claims: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Refused:
    """id: that of a message whose signature is good, to be answered; None for all others."""

    why: Refusal
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Judge:
    """What messages are held against. audience: the path of the site."""

    audience: str
    trust: Trust

    def read(
        self,
        content: bytes,
        kind: OrderKind,
        at: datetime | None,
        counters: Mapping[bytes, int],
        *,
        is_retained: bool,
    ) -> Order | Refused:
        """Check everything that does not depend on what is asked.

        at: now; None where the clock is not synchronised. counters: the last of each key id.
        """
        if is_retained:
            return Refused(Refusal.RETAINED)
        message = _decode(content)
        if isinstance(message, Refusal):
            return Refused(message)
        if message.header.get("typ") != kind.type_name:
            return Refused(Refusal.TYPE)
        key_id = _key_id(message.header.get("kid"))
        signers = [key for key in self.trust.find(key_id) if Purpose.COMMAND in key.may_sign]
        if not signers:
            return Refused(Refusal.KEY)
        signer = next((key for key in signers if jws.is_genuine(message, key.public)), None)
        if signer is None:
            return Refused(Refusal.SIGNATURE)
        claims = jws.read_json_object(message.payload)
        order = None if claims is None else _order(claims, key_id)
        if order is None:
            return Refused(Refusal.CLAIMS)
        why = self._objection(order, signer, at, counters.get(key_id, 0))
        return order if why is None else Refused(why, order.id)

    def _objection(
        self, order: Order, signer: IssuerKey, at: datetime | None, counter: int
    ) -> Refusal | None:
        if order.claims.get("aud") != self.audience:
            return Refusal.AUDIENCE
        if at is None:
            return Refusal.CLOCK
        if signer.valid_until is not None and at >= signer.valid_until:
            return Refusal.KEY
        late = _lateness(order.claims, at.timestamp())
        if late is not None:
            return late
        return Refusal.REPLAYED if order.counter <= counter else None


def _decode(content: bytes) -> jws.Jws | Refusal:
    if len(content) > SIZE_MAX:
        return Refusal.SIZE
    try:
        message = jws.decode(content.decode("ascii"))
    except UnicodeDecodeError:
        return Refusal.FORMAT
    return Refusal.FORMAT if isinstance(message, Reason) else message


def _key_id(text: object) -> bytes:
    is_one = isinstance(text, str) and _KEY_ID.fullmatch(text) is not None
    return bytes.fromhex(text) if is_one and isinstance(text, str) else b""


def _order(claims: Mapping[str, object], key_id: bytes) -> Order | None:
    order_id, counter = claims.get("jti"), whole(claims.get("ctr"), COUNTER_MAX)
    if not isinstance(order_id, str) or _ID.fullmatch(order_id) is None or counter is None:
        return None
    return Order(order_id, key_id, counter, claims)


def whole(value: object, most: int) -> int | None:
    """Return a whole number from 1 to `most`; None where it is anything else."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return value if is_whole and isinstance(value, int) and 1 <= value <= most else None


def _lateness(claims: Mapping[str, object], now_s: float) -> Refusal | None:
    issued_s, expires_s = whole(claims.get("iat"), 2**40), whole(claims.get("exp"), 2**40)
    if issued_s is None or expires_s is None:
        return Refusal.CLAIMS
    if not 0 < expires_s - issued_s <= LIFE_S_MAX:
        return Refusal.LIFETIME
    if issued_s > now_s + SKEW_S_MAX:
        return Refusal.EARLY
    return Refusal.EXPIRED if now_s >= expires_s + SKEW_S_MAX else None
