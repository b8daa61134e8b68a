"""What the centre signs for the simulated site; with another's key, what somebody else makes up."""

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatewayd.core import jws
from gatewayd.core.documents import UNSENDABLE, DocumentKind, Slot
from gatewayd.core.orders import LIFE_S_MAX, OrderKind
from gatewayd.core.trust import IssuerKey, Purpose, issuer_document
from gatewayd.mqtt import topics
from gatewayd.mqtt.topics import SitePath

SITE = SitePath("mojokerto", "dukcapil", "gmsc")


def _private(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())


CENTRE = _private("the simulated centre")
STRANGER = _private("a stranger")
KEY = IssuerKey("centre", CENTRE.public_key(), UNSENDABLE)
PASS_KEY = IssuerKey("hall", _private("an issuer").public_key(), frozenset({Purpose.PASS}))

ORDER_TOPICS = {
    OrderKind.COMMAND: topics.command(SITE),
    OrderKind.CHECKIN: topics.check_in(SITE),
    OrderKind.STATUS: topics.status(SITE),
    OrderKind.RECEIPT: topics.receipt(SITE),
}

POLICY = Slot(DocumentKind.POLICY, str(SITE))
REGION_POLICY = Slot(DocumentKind.POLICY, SITE.region)
ROSTER = Slot(DocumentKind.ROSTER, f"{SITE.region}/{SITE.organisation}", "guests")
TRUST = Slot(DocumentKind.TRUST, "/")
SLOTS = (POLICY, REGION_POLICY, ROSTER, TRUST)


def topic_of(slot: Slot) -> str:
    return topics.documents(SITE, slot.path)[slot.kind].replace("+", slot.name)


def order(
    kind: OrderKind,
    at: datetime,
    order_id: str,
    counter: int,
    claims: Mapping[str, object],
    signer: Ed25519PrivateKey = CENTRE,
) -> bytes:
    """Sign an order of that moment."""
    now_s = int(at.timestamp())
    times = {"iat": now_s, "exp": now_s + LIFE_S_MAX, "ctr": counter}
    return _sign(kind.type_name, {"aud": str(SITE), "jti": order_id, **times, **claims}, signer)


def document(
    slot: Slot,
    at: datetime,
    document_id: str,
    version: int,
    content: Mapping[str, object],
    signer: Ed25519PrivateKey = CENTRE,
) -> bytes:
    head: dict[str, Any] = {
        "aud": slot.path,
        "jti": document_id,
        "iat": int(at.timestamp()),
        "version": version,
    }
    if slot.name:
        head["name"] = slot.name
    return _sign(slot.kind.type_name, {**head, **content}, signer)


def policy(slot: Slot, number: int) -> dict[str, object]:
    """Say something that verdicts show by their versions, and some also by what they are."""
    values: dict[str, object] = {"legal_basis": f"decree {number} of {slot.path}"}
    if slot.path == str(SITE):
        values["unknown_holder"] = ("refuse", "refer")[number % 2]
    return {"policy": values}


def trust(number: int) -> dict[str, object]:
    """Bring a key for passes, now and then with nothing else."""
    return {"trust": None if number % 4 == 0 else issuer_document(PASS_KEY)}


def roster(entries: Mapping[str, Mapping[str, str]]) -> dict[str, object]:
    return {"entries": entries, "hash": roster_hash(entries)}


def roster_change(
    base: int, before: Mapping[str, Mapping[str, str]], after: Mapping[str, Mapping[str, str]]
) -> dict[str, object]:
    put = {who: cells for who, cells in after.items() if before.get(who) != cells}
    gone = [who for who in before if who not in after]
    return {"base": base, "set": put, "remove": gone, "hash": roster_hash(after)}


def roster_hash(entries: Mapping[str, Mapping[str, str]]) -> str:
    """Compute what docs/integration.md says."""
    columns = ("category", "valid_from", "valid_until", "blocked", "region")
    lines = [
        ",".join([who, *(cells.get(column, "") for column in columns)]) + "\n"
        for who, cells in entries.items()
    ]
    return sha256("".join(sorted(lines)).encode()).hexdigest()


def _sign(type_name: str, claims: Mapping[str, object], signer: Ed25519PrivateKey) -> bytes:
    head = {"typ": type_name, "kid": KEY.key_id.hex()}
    return jws.write(head, json.dumps(claims, separators=(",", ":")).encode(), signer).encode()
