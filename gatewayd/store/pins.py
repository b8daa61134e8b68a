"""The file `officers.json`: what the officers' PINs are checked with, never the PINs themselves.

`{"version": 1, "officers": {label: {"salt", "hash", "n"}}}`, hashes by scrypt (RFC 7914). A stolen
file still gives short PINs away to whoever tries them all: it belongs to the gateway's user alone.
"""

import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from gatewayd.core.spelling import is_category
from gatewayd.store.files import sync_directory
from gatewayd.store.refusals import refusals_named

PINS_NAME = "officers.json"
SALT_SIZE = 16
SIZE_MAX = 1 << 20  # Thousands of officers.

_VERSION = 1
_N = 1 << 15  # 32 MB and a tenth of a second for each guess.
_N_MAX = 1 << 17  # 128 MB: a damaged file must not ask for all memory.
_BLOCK, _LANES = 8, 1
_OVERHEAD_BYTES = 1 << 20  # Beside the 128 * N * r bytes that scrypt needs.


@dataclass(frozen=True, slots=True)
class _Entry:
    salt: str
    hash: str
    n: int


class PinFile:
    """One for each daemon. Checking and changing block for a tenth of a second."""

    def __init__(
        self, path: Path, entries: Mapping[str, _Entry], moved_aside: Path | None = None
    ) -> None:
        """moved_aside: the damaged file that was found in the place of this one."""
        self.moved_aside = moved_aside
        self._path = path
        self._entries = dict(entries)

    @classmethod
    def open(cls, directory: Path) -> "PinFile":
        """Read the file; none is no officer. A damaged one is moved aside. Raises StorageError."""
        path = directory / PINS_NAME
        with refusals_named(path):
            if not path.exists():
                return cls(path, {})
            entries = _parse(path.read_bytes()[: SIZE_MAX + 1])
            if entries is not None:
                return cls(path, entries)
            aside = path.with_suffix(".corrupt")
            path.replace(aside)
            sync_directory(directory)
        return cls(path, {}, aside)

    @property
    def officers(self) -> list[str]:
        """The labels of all who have a PIN, sorted."""
        return sorted(self._entries)

    def is_right(self, officer: str, pin: str) -> bool:
        """Tell whether it is the PIN of this officer, who has one."""
        entry = self._entries[officer]
        found = _hash(pin, bytes.fromhex(entry.salt), entry.n)
        return hmac.compare_digest(found, bytes.fromhex(entry.hash))

    def set(self, officer: str, pin: str, salt: bytes) -> None:
        """Give an officer this PIN instead of any before. Raises StorageError."""
        entry = _Entry(salt.hex(), _hash(pin, salt, _N).hex(), _N)
        self._write({**self._entries, officer: entry})

    def remove(self, officer: str) -> None:
        """Forget the PIN of an officer, who has one. Raises StorageError."""
        self._write({label: one for label, one in self._entries.items() if label != officer})

    def _write(self, entries: dict[str, _Entry]) -> None:
        listed = {label: asdict(one) for label, one in sorted(entries.items())}
        new = self._path.with_suffix(".new")
        with refusals_named(self._path):
            new.unlink(missing_ok=True)
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                json.dump({"version": _VERSION, "officers": listed}, file)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
            sync_directory(self._path.parent)
        self._entries = entries


def _hash(pin: str, salt: bytes, n: int) -> bytes:
    memory = 128 * n * _BLOCK + _OVERHEAD_BYTES
    return hashlib.scrypt(pin.encode(), salt=salt, n=n, r=_BLOCK, p=_LANES, maxmem=memory)


def _parse(body: bytes) -> dict[str, _Entry] | None:
    """Return the entries; None where anything in the file is not as it was written."""
    try:
        document = json.loads(body)
        if document["version"] != _VERSION:
            return None
        entries = {label: _entry(row) for label, row in document["officers"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return entries if all(is_category(label) for label in entries) else None


def _entry(row: Mapping[str, object]) -> _Entry:
    """Read an entry; raises ValueError, KeyError or TypeError where it is none."""
    salt, digest, n = row["salt"], row["hash"], row["n"]
    if not (isinstance(salt, str) and isinstance(digest, str) and isinstance(n, int)):
        raise TypeError("not an officer's entry")
    is_power = n > 1 and n & (n - 1) == 0 and n <= _N_MAX
    if len(bytes.fromhex(salt)) < SALT_SIZE or not bytes.fromhex(digest) or not is_power:
        raise ValueError("not an officer's entry")
    return _Entry(salt, digest, n)
