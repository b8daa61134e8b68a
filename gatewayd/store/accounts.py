"""The file `accounts.json`: what secrets are checked with, never the secrets themselves.

`{"version": 1, "accounts": {label: {"role", "kind", "hash"}}, "tokens": {label: {"digest", "role",
"made"}}}`. Hashes are argon2id (RFC 9106) as PHC strings; a token is 32 random bytes, so SHA-256 is
enough for it. A stolen file still gives short PINs away to whoever tries them all: it belongs to
the gateway's user alone.
"""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerificationError
from argon2.low_level import Type

from gatewayd.core.accounts import (
    PIN_DIGITS_MIN,
    ROLES,
    Account,
    ApiToken,
    SecretKind,
    canonical,
)
from gatewayd.core.events import format_time, parse_time
from gatewayd.core.roles import Role
from gatewayd.core.spelling import is_category
from gatewayd.core.words import Json, LaneId
from gatewayd.ports import StorageError
from gatewayd.store.officer_pins import OFFICERS_NAME, is_scrypt, is_scrypt_right, parse_officers
from gatewayd.store.private_file import read_private, remove_private, write_private

ACCOUNTS_NAME = "accounts.json"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one guess costs: memory, and how often it is gone through."""

    memory_kib: int
    passes: int


COST = Cost(19 * 1024, 2)
"""The least that OWASP asks for. 60 ms on a PC, a third of a second on a Raspberry Pi 4: an officer
with a queue waits for it, and three times as much would still give a PIN of six digits away."""

_VERSION = 1
_LANES = 1  # Of argon2: the other cores have a gate to look after.
_HASH_SIZE, _SALT_SIZE = 32, 16
_STAMP_DIGITS = 32  # Enough that no two are the same; a salt is in what it is made of.
_MEMORY_KIB_MAX, _PASSES_MAX = 256 * 1024, 16  # A damaged file must not ask for all there is.


@dataclass(frozen=True, slots=True)
class _Entry:
    account: Account
    hash: str
    locked_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Token:
    token: ApiToken
    digest: bytes


@dataclass(frozen=True, slots=True)
class _Content:
    entries: Mapping[str, _Entry]
    tokens: Mapping[str, _Token]


class AccountFile:
    """Implements `ports.Accounts`, thread-safe. One for each daemon."""

    def __init__(self, path: Path, content: _Content, moved_aside: Path | None, cost: Cost) -> None:
        """moved_aside: the damaged file that was found in the place of this one."""
        self.moved_aside = moved_aside
        self._path = path
        self._content = content
        self._by_digest = _by_digest(content)
        self._hasher = PasswordHasher(
            cost.passes, cost.memory_kib, _LANES, _HASH_SIZE, _SALT_SIZE, type=Type.ID
        )
        self._nobodys = self._hasher.hash("0" * PIN_DIGITS_MIN)
        self._changing = Lock()
        self._is_flushed = True

    @classmethod
    def open(cls, directory: Path, cost: Cost = COST) -> "AccountFile":
        """Read the file; none is nobody. A damaged one is moved aside. Raises StorageError.

        The officers' PINs of an older version are taken over.
        """
        path, older = directory / ACCOUNTS_NAME, directory / OFFICERS_NAME
        content, aside = read_private(path, _parse)
        if content is None:
            officers, older_aside = read_private(older, parse_officers)
            content = _Content(
                {
                    label: _Entry(_officer(label), hash_)
                    for label, hash_ in (officers or {}).items()
                },
                {},
            )
            aside = aside or older_aside
            if officers:
                write_private(path, _document(content))
        remove_private(older)  # Else a PIN that was taken away could come back.
        return cls(path, content, aside, cost)

    # --- accounts ---

    @property
    def accounts(self) -> list[Account]:
        return [entry.account for _, entry in sorted(self._content.entries.items())]

    def find(self, label: str) -> Account | None:
        entry = self._content.entries.get(label)
        return None if entry is None else entry.account

    def is_right(self, label: str, secret: str) -> bool:
        """Tell it; a right secret under an older hash is hashed anew, if the disk takes it."""
        entry, typed = self._content.entries.get(label), canonical(secret)
        if entry is None:
            self._is_hash_of(self._nobodys, typed)
            return False
        if is_scrypt(entry.hash):
            is_right = is_scrypt_right(entry.hash, typed)
        else:
            is_right = self._is_hash_of(entry.hash, typed)
        if is_right and (is_scrypt(entry.hash) or self._hasher.check_needs_rehash(entry.hash)):
            with suppress(StorageError):
                self._put(replace(entry, hash=self._hasher.hash(typed)), instead_of=entry.hash)
        return is_right

    def set(self, account: Account, secret: str) -> None:
        self._put(_Entry(account, self._hasher.hash(canonical(secret))))

    def remove(self, label: str) -> None:
        with self._changing:
            left = {name: one for name, one in self._content.entries.items() if name != label}
            self._write(replace(self._content, entries=left))

    def lock(self, label: str, until: datetime) -> None:
        entry = self._content.entries[label]
        self._put(replace(entry, locked_until=until), instead_of=entry.hash)

    def locked_until(self, label: str) -> datetime | None:
        entry = self._content.entries.get(label)
        return None if entry is None else entry.locked_until

    # --- tokens ---

    @property
    def tokens(self) -> list[ApiToken]:
        return [one.token for _, one in sorted(self._content.tokens.items())]

    def find_token(self, secret: bytes) -> ApiToken | None:
        found = self._by_digest.get(hashlib.sha256(secret).digest())
        return None if found is None else found.token

    def stamp(self, label: str) -> str | None:
        content = self._content
        if (entry := content.entries.get(label)) is not None:
            return hashlib.sha256(entry.hash.encode()).hexdigest()[:_STAMP_DIGITS]
        token = content.tokens.get(label)
        return None if token is None else token.digest.hex()[:_STAMP_DIGITS]

    def add_token(self, token: ApiToken, secret: bytes) -> None:
        with self._changing:
            added = _Token(token, hashlib.sha256(secret).digest())
            tokens = {**self._content.tokens, token.label: added}
            self._write(replace(self._content, tokens=tokens))

    def remove_token(self, label: str) -> None:
        with self._changing:
            left = {name: one for name, one in self._content.tokens.items() if name != label}
            self._write(replace(self._content, tokens=left))

    def note_use(self, label: str, day: date) -> None:
        one = self._content.tokens.get(label)
        if one is None or one.token.used == day:
            return
        with self._changing:
            noted = replace(one, token=replace(one.token, used=day))
            self._take(replace(self._content, tokens={**self._content.tokens, label: noted}))
            self._is_flushed = False

    def flush(self) -> None:
        with self._changing:
            if not self._is_flushed:
                self._write(self._content)

    # --- the file ---

    def _is_hash_of(self, hash_: str, typed: bytes) -> bool:
        try:
            return self._hasher.verify(hash_, typed)
        except VerificationError:
            return False

    def _put(self, entry: _Entry, instead_of: str | None = None) -> None:
        """Store an entry; instead_of: only where nobody has changed the secret meanwhile."""
        label = entry.account.label
        with self._changing:
            now = self._content.entries.get(label)
            if instead_of is None or (now is not None and now.hash == instead_of):
                entries = {**self._content.entries, label: entry}
                self._write(replace(self._content, entries=entries))

    def _write(self, content: _Content) -> None:
        write_private(self._path, _document(content))
        self._take(content)
        self._is_flushed = True

    def _take(self, content: _Content) -> None:
        self._content = content
        self._by_digest = _by_digest(content)


def _officer(label: str) -> Account:
    return Account(label, Role.OFFICER, SecretKind.PIN)


def _by_digest(content: _Content) -> dict[bytes, _Token]:
    return {one.digest: one for one in content.tokens.values()}


# --- the document ---


def _document(content: _Content) -> dict[str, Json]:
    return {
        "version": _VERSION,
        "accounts": {label: _entry_row(one) for label, one in sorted(content.entries.items())},
        "tokens": {label: _token_row(one) for label, one in sorted(content.tokens.items())},
    }


def _entry_row(entry: _Entry) -> dict[str, Json]:
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


def _token_row(one: _Token) -> dict[str, Json]:
    token = one.token
    return {
        "digest": one.digest.hex(),
        "role": str(token.role),
        "lane": token.lane,
        "made": token.made.isoformat(),
        "used": None if token.used is None else token.used.isoformat(),
    }


def _parse(document: Any) -> _Content:  # noqa: ANN401 - JSON that anybody may have written
    if document["version"] != _VERSION:
        raise ValueError("another version")
    entries = {label: _entry(label, row) for label, row in document["accounts"].items()}
    tokens = {label: _token(label, row) for label, row in document["tokens"].items()}
    if not all(is_category(label) for label in (*entries, *tokens)):
        raise ValueError("not a label")
    return _Content(entries, tokens)


def _entry(label: str, row: Mapping[str, Any]) -> _Entry:
    role, hash_, locked_until = Role(row["role"]), row["hash"], row.get("locked_until")
    if role not in ROLES or not isinstance(hash_, str) or not _is_usable(hash_):
        raise ValueError("not an account")
    account = Account(label, role, SecretKind(row["kind"]), row.get("must_change") is True)
    return _Entry(account, hash_, None if locked_until is None else parse_time(locked_until))


def _token(label: str, row: Mapping[str, Any]) -> _Token:
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
    return _Token(token, digest)


def _is_usable(hash_: str) -> bool:
    """Tell whether a secret can be checked with this, at a price that the machine can pay."""
    if is_scrypt(hash_):
        return True
    found = extract_parameters(hash_)  # Raises a ValueError.
    return (
        found.type is Type.ID
        and found.memory_cost <= _MEMORY_KIB_MAX
        and found.time_cost <= _PASSES_MAX
        and found.parallelism == _LANES
    )
