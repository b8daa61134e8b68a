"""The file `accounts.json`: what secrets are checked with, never the secrets themselves.

Hashes are argon2id (RFC 9106); a token is 32 random bytes, so SHA-256 is enough for it. A stolen
file still gives short PINs away to whoever tries them all: it belongs to the gateway's user alone.
"""

import hashlib
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from threading import Lock

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from argon2.low_level import ARGON2_VERSION, Type

from gatewayd.core.accounts import (
    Account,
    ApiToken,
    SecretKind,
    canonical,
)
from gatewayd.core.roles import Role
from gatewayd.ports import StorageError
from gatewayd.store.accounts_document import LANES, Content, Entry, Token, document_of, parse
from gatewayd.store.officer_pins import OFFICERS_NAME, is_scrypt, is_scrypt_right, parse_officers
from gatewayd.store.private_file import read_private, remove_private, write_private

ACCOUNTS_NAME = "accounts.json"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one guess costs: memory, and how often it is gone through."""

    memory_kib: int
    passes: int


COST = Cost(19 * 1024, 2)
"""The least that OWASP asks for: 80 ms here, so about a third of a second on a Raspberry Pi 4. An
officer with a queue waits for it, and three times as much would still give six digits away."""

_HASH_SIZE, _SALT_SIZE = 32, 16
_STAMP_DIGITS = 32  # Enough that no two are the same; a salt is in what it is made of.


class AccountFile:
    """Implements `ports.Accounts`, thread-safe. One for each daemon."""

    def __init__(self, path: Path, content: Content, moved_aside: Path | None, cost: Cost) -> None:
        """moved_aside: the damaged file that was found in the place of this one."""
        self.moved_aside = moved_aside
        self._path = path
        self._content = content
        self._by_digest = _by_digest(content)
        self._hasher = PasswordHasher(
            cost.passes, cost.memory_kib, LANES, _HASH_SIZE, _SALT_SIZE, type=Type.ID
        )
        self._nobodys = _nobodys(cost)
        self._changing = Lock()
        self._is_flushed = True

    @classmethod
    def open(cls, directory: Path, cost: Cost = COST) -> "AccountFile":
        """Read the file; none is nobody. A damaged one is moved aside. Raises StorageError.

        The officers' PINs of an older version are taken over.
        """
        path, older = directory / ACCOUNTS_NAME, directory / OFFICERS_NAME
        content, aside = read_private(path, parse)
        if content is None:
            officers, older_aside = read_private(older, parse_officers)
            content = Content(
                {label: Entry(_officer(label), hash_) for label, hash_ in (officers or {}).items()},
                {},
            )
            aside = aside or older_aside
            if officers:
                write_private(path, document_of(content))
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
        self._put(Entry(account, self._hasher.hash(canonical(secret))))

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
            added = Token(token, hashlib.sha256(secret).digest())
            tokens = {**self._content.tokens, token.label: added}
            self._write(replace(self._content, tokens=tokens))

    def remove_token(self, label: str) -> None:
        with self._changing:
            left = {name: one for name, one in self._content.tokens.items() if name != label}
            self._write(replace(self._content, tokens=left))

    def note_use(self, label: str, day: date) -> None:
        before = self._content.tokens.get(label)
        if before is None or before.token.used == day:
            return
        if not self._changing.acquire(blocking=False):
            return  # Somebody writes the file, and a disk is not waited for: noted at the next use.
        try:
            one = self._content.tokens.get(label)
            if one is not None:  # Else it was made worthless just now, and stays so.
                noted = replace(one, token=replace(one.token, used=day))
                self._take(replace(self._content, tokens={**self._content.tokens, label: noted}))
                self._is_flushed = False
        finally:
            self._changing.release()

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

    def _put(self, entry: Entry, instead_of: str | None = None) -> None:
        """Store an entry; instead_of: only where nobody has changed the secret meanwhile."""
        label = entry.account.label
        with self._changing:
            now = self._content.entries.get(label)
            if instead_of is None or (now is not None and now.hash == instead_of):
                entries = {**self._content.entries, label: entry}
                self._write(replace(self._content, entries=entries))

    def _write(self, content: Content) -> None:
        write_private(self._path, document_of(content))
        self._take(content)
        self._is_flushed = True

    def _take(self, content: Content) -> None:
        self._content = content
        self._by_digest = _by_digest(content)


def _officer(label: str) -> Account:
    return Account(label, Role.OFFICER, SecretKind.PIN)


def _by_digest(content: Content) -> dict[bytes, Token]:
    return {one.digest: one for one in content.tokens.values()}


def _nobodys(cost: Cost) -> str:
    """Return a hash that no secret has, and that costs as much to find that out as any other.

    It is written, not made: that would cost a guess at each start.
    """
    salt, digest = (
        b64encode(bytes(size)).rstrip(b"=").decode() for size in (_SALT_SIZE, _HASH_SIZE)
    )
    parameters = f"m={cost.memory_kib},t={cost.passes},p={LANES}"
    return f"$argon2id$v={ARGON2_VERSION}${parameters}${salt}${digest}"
