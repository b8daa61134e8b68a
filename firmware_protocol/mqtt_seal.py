"""The sealed payload of the MQTT binding: one flat JSON object that ends with its own MAC."""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Never

PSK_SIZE = 32
PAYLOAD_SIZE_MAX = 1024
"""The longest message of this version takes about 500 bytes; a controller needs one such buffer."""

_HEX_SIZE = 64
_MAC_OPENING = b',"mac":"'
_TAIL_SIZE = len(_MAC_OPENING) + _HEX_SIZE + len(b'"}')

Scalar = None | bool | int | str


class Sender(StrEnum):
    """Who made a message; each has its own key, so that none can be sent back to its maker."""

    HOST = "host"
    DEVICE = "device"


class Refusal(StrEnum):
    """Why a message was not taken. None of them is answered."""

    RETAINED = "retained"
    OVERSIZED = "oversized"
    UNSEALED = "unsealed"
    """It does not end with a MAC: it is not a message of this protocol."""
    FORGED = "forged"
    """The MAC is wrong: another key, another topic, or altered on the way."""
    MALFORMED = "malformed"
    """The MAC is right, but the JSON is not what this version says."""
    STALE = "stale"
    """It answers no challenge of the last seconds, or repeats an earlier message."""


@dataclass(frozen=True, slots=True)
class Refused:
    reason: Refusal
    detail: str = ""


def derive_key(psk: bytes, sender: Sender) -> bytes:
    """Return the sender's MAC key: HKDF-SHA256 (RFC 5869), no salt, 32 bytes."""
    assert len(psk) == PSK_SIZE, f"a lane's key is {PSK_SIZE} bytes"
    extracted = hmac.digest(bytes(32), psk, "sha256")
    return hmac.digest(extracted, f"gatelink/v1 mqtt {sender}".encode() + b"\x01", "sha256")


def seal(key: bytes, topic: str, members: Mapping[str, Scalar]) -> bytes:
    """Return `members` as JSON, closed by the member `mac` over the topic and all before it."""
    assert members
    text = json.dumps(dict(members), separators=(",", ":")).encode()[:-1]
    payload = text + _MAC_OPENING + _mac(key, topic, text) + b'"}'
    assert len(payload) <= PAYLOAD_SIZE_MAX
    return payload


def unseal(key: bytes, topic: str, payload: bytes) -> dict[str, object] | Refused:
    """Return the members (with `mac`); nothing is parsed before the MAC was found right."""
    if len(payload) > PAYLOAD_SIZE_MAX:
        return Refused(Refusal.OVERSIZED, f"{len(payload)} bytes, at most {PAYLOAD_SIZE_MAX}")
    text, tail = payload[:-_TAIL_SIZE], payload[-_TAIL_SIZE:]
    if not (text and tail.startswith(_MAC_OPENING) and tail.endswith(b'"}')):
        return Refused(Refusal.UNSEALED, f'the payload must end with {_MAC_OPENING!r}64 hex"}}')
    mac = tail[len(_MAC_OPENING) : -2]
    if not hmac.compare_digest(mac, _mac(key, topic, text)):
        return Refused(Refusal.FORGED, "wrong key, or written for another topic")
    return _parse(payload)


def _mac(key: bytes, topic: str, text: bytes) -> bytes:
    return hmac.digest(key, topic.encode() + b"\n" + text, "sha256").hex().encode()


def _parse(payload: bytes) -> dict[str, object] | Refused:
    try:
        members = json.loads(
            payload.decode(),
            object_pairs_hook=_unique,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
        )
    except (ValueError, RecursionError) as error:
        return Refused(Refusal.MALFORMED, str(error))
    assert isinstance(members, dict), "JSON that ends with a brace is an object"
    return members


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is named twice")
    return members


def _refuse_number(text: str) -> Never:
    raise ValueError(f"{text} is not an integer; no other numbers are used")
