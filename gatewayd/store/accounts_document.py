"""The document in `accounts.json`, as types: what a file of anybody's making is read with.

`{"version": 1, "accounts": {label: {"role", "kind", "hash"}}, "tokens": {label: {"digest", "role",
"lane", "made", "used"}}}`. Hashes are PHC strings.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from argon2 import extract_parameters
from argon2.low_level import Type

from gatewayd.core.accounts import ROLES, Account, ApiToken, SecretKind
from gatewayd.core.events import format_time, parse_time
from gatewayd.core.roles import Role
from gatewayd.core.spelling import is_category
from gatewayd.core.words import Json, LaneId
from gatewayd.store.officer_pins import is_scrypt

LANES = 1  # Of argon2: the other cores have a gate to look after.

_VERSION = 1
_MEMORY_KIB_MAX, _PASSES_MAX = 256 * 1024, 16  # A damaged file must not ask for all there is.


@dataclass(frozen=True, slots=True)
class Entry:
    account: Account
    hash: str
    locked_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Token:
    token: ApiToken
    digest: bytes


@dataclass(frozen=True, slots=True)
class Content:
    entries: Mapping[str, Entry]
    tokens: Mapping[str, Token]


def document_of(content: Content) -> dict[str, Json]:
    return {
        "version": _VERSION,
        "accounts": {label: _entry_row(one) for label, one in sorted(content.entries.items())},
        "tokens": {label: _token_row(one) for label, one in sorted(content.tokens.items())},
    }


def _entry_row(entry: Entry) -> dict[str, Json]:
    account = entry.account
    row: dict[str, Json] = {
        "role": str(account.role),
        "kind": str(account.kind),
        "hash": entry.hash,
    }
    if account.must_change:
        row["must_change"] = True
    if entry.locked_until is not None:
        row["locked_until"] = format_time(entry.locked_until)
    return row


def _token_row(one: Token) -> dict[str, Json]:
    token = one.token
    return {
        "digest": one.digest.hex(),
        "role": str(token.role),
        "lane": token.lane,
        "made": token.made.isoformat(),
        "used": None if token.used is None else token.used.isoformat(),
    }


def parse(document: Any) -> Content:  # noqa: ANN401 - JSON that anybody may have written
    """Read it; raises ValueError, KeyError, TypeError or AttributeError for anything else."""
    if document["version"] != _VERSION:
        raise ValueError("another version")
    entries = {label: _entry(label, row) for label, row in document["accounts"].items()}
    tokens = {label: _token(label, row) for label, row in document["tokens"].items()}
    if not all(is_category(label) for label in (*entries, *tokens)):
        raise ValueError("not a label")
    return Content(entries, tokens)


def _entry(label: str, row: Mapping[str, Any]) -> Entry:
    role, hash_, locked_until = Role(row["role"]), row["hash"], row.get("locked_until")
    if role not in ROLES or not isinstance(hash_, str) or not _is_usable(hash_):
        raise ValueError("not an account")
    account = Account(label, role, SecretKind(row["kind"]), row.get("must_change") is True)
    return Entry(account, hash_, None if locked_until is None else parse_time(locked_until))


def _token(label: str, row: Mapping[str, Any]) -> Token:
    digest, lane, used = bytes.fromhex(row["digest"]), row["lane"], row["used"]
    if len(digest) != hashlib.sha256().digest_size or not isinstance(lane, str | None):
        raise ValueError("not a token")
    token = ApiToken(
        label=label,
        role=Role(row["role"]),
        lane=None if lane is None else LaneId(lane),
        made=date.fromisoformat(row["made"]),
        used=None if used is None else date.fromisoformat(used),
    )
    return Token(token, digest)


def _is_usable(hash_: str) -> bool:
    """Tell whether a secret can be checked with this, at a price that the machine can pay."""
    if is_scrypt(hash_):
        return True
    found = extract_parameters(hash_)  # Raises a ValueError.
    return (
        hash_.isascii()
        and found.type is Type.ID
        and found.memory_cost <= _MEMORY_KIB_MAX
        and found.time_cost <= _PASSES_MAX
        and found.parallelism == LANES
    )
