"""What the journal says about itself: checkpoints, and what was removed, lost or erased.

Each is an audit event of the subject `journal`, so the centre has it too: whoever changes the
journal of a gateway later has to change what was published as well.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gatewayd.core import base64url
from gatewayd.core.events import Audit, AuditSubject
from gatewayd.core.words import Json

EVENT_ID = re.compile(r"([0-9a-f]{16})-([1-9][0-9]{0,18})")

_CHECKPOINT = "checkpoint"
_TRIMMED = "trimmed"
_ERASED = "erased"
_GAP = "gap"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The chain as it stood after the event `id`, signed by the gateway.

    signature: Ed25519 by the owner of `public` (32 bytes) over `gatewayd journal checkpoint 1`,
    the id and the chain in hex, with spaces between.
    """

    id: str
    chain: bytes
    public: bytes
    signature: bytes

    @classmethod
    def sign(cls, event_id: str, chain: bytes, key: Ed25519PrivateKey) -> Self:
        public = key.public_key().public_bytes_raw()
        return cls(event_id, chain, public, key.sign(_signed_bytes(event_id, chain)))

    def is_genuine(self) -> bool:
        try:
            key = Ed25519PublicKey.from_public_bytes(self.public)
            key.verify(self.signature, _signed_bytes(self.id, self.chain))
        except (ValueError, InvalidSignature):
            return False
        return True

    def fact(self) -> Audit:
        detail: dict[str, Json] = {
            "id": self.id,
            "chain": self.chain.hex(),
            "key": base64url.encode(self.public),
            "signature": base64url.encode(self.signature),
        }
        return _audit(_CHECKPOINT, detail)


@dataclass(frozen=True, slots=True)
class Trimmed:
    """All rows up to `position`, that of the event `id`, are removed from now on.

    chain: as it stood there; the next row follows it.
    """

    id: str
    position: int
    row_count: int
    chain: bytes

    def fact(self) -> Audit:
        detail: dict[str, Json] = {
            "id": self.id,
            "position": self.position,
            "row_count": self.row_count,
            "chain": self.chain.hex(),
        }
        return _audit(_TRIMMED, detail)


@dataclass(frozen=True, slots=True)
class Erased:
    """The content of these events is erased lawfully; their places in the chain are kept.

    left: the SHA-256 of what is left of each, in the same order. officer: who did it.
    """

    ids: tuple[str, ...]
    left: tuple[bytes, ...] = ()
    officer: str = ""

    def fact(self) -> Audit:
        detail: dict[str, Json] = {
            "ids": list[Json](self.ids),
            "left": list[Json]([each.hex() for each in self.left]),
            "officer": self.officer,
        }
        return _audit(_ERASED, detail)


@dataclass(frozen=True, slots=True)
class Gap:
    """Events from `first` to `last` of an epoch had no receipt, and are removed all the same.

    reason: `age` or `size`.
    """

    epoch: str
    first: int
    last: int
    reason: str

    def fact(self) -> Audit:
        detail: dict[str, Json] = {
            "lost_epoch": self.epoch,
            "first": self.first,
            "last": self.last,
            "reason": self.reason,
        }
        return _audit(_GAP, detail)


Listed = Checkpoint | Trimmed | Erased


def read_listed(fact: Audit) -> Listed | None:
    """Read what a fact says about the journal; None where it says nothing of the kind."""
    if fact.subject is not AuditSubject.JOURNAL:
        return None
    match fact.action, fact.detail:
        case "checkpoint", {"id": str(event_id), "chain": str(chain), **rest}:
            parts = [base64url.decode(str(rest.get(name, ""))) for name in ("key", "signature")]
            return Checkpoint(event_id, _unhex(chain), parts[0] or b"", parts[1] or b"")
        case "trimmed", {"id": str(event_id), "position": int(position), "chain": str(chain)}:
            return Trimmed(event_id, position, _count(fact.detail), _unhex(chain))
        case "erased", {"ids": list(ids)}:
            return Erased(_texts(ids), *_left(fact.detail))
        case _:
            return None


def _texts(values: list[Json]) -> tuple[str, ...]:
    return tuple(str(each) for each in values)


def _left(detail: Mapping[str, Json]) -> tuple[tuple[bytes, ...], str]:
    left, officer = detail.get("left"), detail.get("officer")
    digests = _texts(left) if isinstance(left, list) else ()
    return tuple(_unhex(each) for each in digests), str(officer or "")


def _count(detail: Mapping[str, Json]) -> int:
    count = detail.get("row_count")
    return count if isinstance(count, int) else 0


def _unhex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _signed_bytes(event_id: str, chain: bytes) -> bytes:
    return f"gatewayd journal checkpoint 1 {event_id} {chain.hex()}".encode()


def _audit(action: str, detail: dict[str, Json]) -> Audit:
    return Audit(subject=AuditSubject.JOURNAL, action=action, detail=detail)
