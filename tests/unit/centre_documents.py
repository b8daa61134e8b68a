"""Policies, rosters and trust lists as a centre signs them."""

from datetime import datetime
from hashlib import sha256
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from gatewayd.core.documents import DocumentKind, Office, Slot
from gatewayd.core.trust import IssuerKey, Purpose, collect
from gatewayd.core.words import Json
from tests.unit.doubles import PSEUDONYMS, START
from tests.unit.signing import AUDIENCE, SIGNER, signed

SIGNS = frozenset({Purpose.POLICY, Purpose.ROSTER, Purpose.TRUST})
KEY = IssuerKey("centre", SIGNER.public_key(), SIGNS)
ZONE = ZoneInfo("Asia/Jakarta")
OFFICE = Office(AUDIENCE, ZONE, collect([KEY]), PSEUDONYMS.key_id)

_ids = count(1)


def holder(number: int) -> str:
    return f"{PSEUDONYMS.key_id}.{number:032x}"


def people(*numbers: int, **cells: str) -> dict[str, dict[str, str]]:
    return {holder(number): {"category": "staff", **cells} for number in numbers}


def roster_hash(entries: dict[str, dict[str, str]]) -> str:
    """Compute what the page for integrators says."""
    columns = ("category", "valid_from", "valid_until", "blocked", "region")
    lines = [
        ",".join([who, *(cells.get(column, "") for column in columns)]) + "\n"
        for who, cells in entries.items()
    ]
    return sha256("".join(sorted(lines)).encode()).hexdigest()


def document(
    slot: Slot, version: int = 1, at: datetime = START, signer: Any = SIGNER, **claims: Any
) -> bytes:
    """Sign a document; `claims` are its content, and what is to stand otherwise in its head."""
    head: dict[str, Any] = {
        "aud": slot.path,
        "jti": f"d-{next(_ids)}",
        "iat": int(at.timestamp()),
        "version": version,
    }
    if slot.name:
        head["name"] = slot.name
    return signed({**head, **claims}, f"onegate-{slot.kind}+jws", signer)


def policy_slot(path: str = AUDIENCE) -> Slot:
    return Slot(DocumentKind.POLICY, path)


def roster_slot(name: str = "staff", path: str = AUDIENCE) -> Slot:
    return Slot(DocumentKind.ROSTER, path, name)


def trust_slot(path: str = AUDIENCE) -> Slot:
    return Slot(DocumentKind.TRUST, path)


def policy(path: str = AUDIENCE, version: int = 1, **values: Json) -> bytes:
    return document(policy_slot(path), version, policy=values)


def roster(
    entries: dict[str, dict[str, str]], version: int = 1, slot: Slot | None = None, **claims: Any
) -> bytes:
    said = {"entries": entries, "hash": roster_hash(entries), **claims}
    return document(slot or roster_slot(), version, **said)


def delta(base: int, result: dict[str, dict[str, str]], version: int, **claims: Any) -> bytes:
    said = {"base": base, "set": {}, "remove": [], "hash": roster_hash(result), **claims}
    return document(roster_slot(), version, **said)
