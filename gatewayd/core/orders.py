"""Signed messages from the centre that ask for something now, taken or refused by name.

The claims are `aud` (the path of the site), `iat` and `exp` (unix seconds), `jti` (its id), `ctr`
(the signer's unix milliseconds, rising), `nonce` where the gateway asks for one, and those of the
kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from gatewayd.core.json_faults import find_fault
from gatewayd.core.signed import Refusal, Refused, Seal, Signed, read_signed, whole
from gatewayd.core.trust import Purpose, Trust

SIZE_MAX = 16 * 1024  # Bytes; the longest of them has a few hundred.
LIFE_S_MAX = 30  # Whoever records one and sends it later has so long.
SKEW_S_MAX = 5  # Between two clocks that are both synchronised over a slow line.
DEPTH_MAX = 8  # Their claims are words and numbers.
COUNTER_MAX = 2**53  # What every reader of JSON can tell apart.


class OrderKind(StrEnum):
    """Each is signed by a key that may sign just this."""

    RECEIPT = "receipt"
    COMMAND = "command"
    CHECKIN = "checkin"
    STATUS = "status"

    @property
    def type_name(self) -> str:
        return f"onegate-{self}+jws"

    @property
    def purpose(self) -> Purpose:
        return Purpose(self.value)


@dataclass(frozen=True, slots=True)
class Order:
    """A message that is genuine, for us and of now; what it asks for stands in `claims`."""

    id: str
    key_id: bytes
    counter: int
    claims: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Now:
    """When a message is read.

    at: None where the clock is not synchronised; then it must carry one of `nonces`, which the
    gateway told a moment ago. counters: the last of each key id.
    """

    at: datetime | None
    counters: Mapping[bytes, int]
    nonces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judge:
    """What messages are held against. audience: the path of the site."""

    audience: str
    trust: Trust

    def read(
        self, content: bytes, kind: OrderKind, now: Now, *, is_retained: bool
    ) -> Order | Refused:
        """Check everything that does not depend on what is asked."""
        if is_retained:
            return Refused(Refusal.RETAINED)
        seal = Seal(kind.type_name, kind.purpose, self.audience, SIZE_MAX)
        message = read_signed(content, seal, self.trust)
        if isinstance(message, Refused):
            return message
        claims: Any = message.claims  # They are of JSON.
        if find_fault(claims, DEPTH_MAX) is not None:
            return Refused(Refusal.CONTENT, message.id)
        counter = whole(message.claims.get("ctr"), COUNTER_MAX)
        if counter is None:
            return Refused(Refusal.CLAIMS, message.id)
        order = Order(message.id, message.key.key_id, counter, message.claims)
        why = _objection(order, message, now)
        return order if why is None else Refused(why, order.id)


def _objection(order: Order, message: Signed, now: Now) -> Refusal | None:
    valid_until = message.key.valid_until
    late = _lateness(order.claims, now)
    if late is not None:
        return late
    if now.at is not None and valid_until is not None and now.at >= valid_until:
        return Refusal.KEY
    is_replayed = order.counter <= now.counters.get(order.key_id, 0)
    return Refusal.REPLAYED if is_replayed else None


def _lateness(claims: Mapping[str, object], now: Now) -> Refusal | None:
    issued_s, expires_s = whole(claims.get("iat"), 2**40), whole(claims.get("exp"), 2**40)
    if issued_s is None or expires_s is None:
        return Refusal.CLAIMS
    if not 0 < expires_s - issued_s <= LIFE_S_MAX:
        return Refusal.LIFETIME
    if now.at is None:
        return None if claims.get("nonce") in now.nonces else Refusal.CLOCK
    now_s = now.at.timestamp()
    if issued_s > now_s + SKEW_S_MAX:
        return Refusal.EARLY
    return Refusal.EXPIRED if now_s >= expires_s + SKEW_S_MAX else None
