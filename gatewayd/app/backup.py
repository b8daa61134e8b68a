"""Backups of a site's state: records, tables and documents, and keys if they are locked.

The file is a gzipped tar: `manifest.json`, the copied files, and `keys.locked` if keys were asked
for. Settings, trust files and rosters are files of the manager's, and not in it.
"""

import hashlib
import io
import json
import os
import secrets
import tarfile
import tempfile
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from config.load import read
from gatewayd import __version__
from gatewayd.app.errors import BackupError
from gatewayd.app.key_files import CHECKPOINT_KEY_NAME, RELEASE_CODES_NAME, place_secret
from gatewayd.core.events import format_time
from gatewayd.core.words import Json
from gatewayd.runtime.clock import SystemClock
from gatewayd.store import journal_file
from gatewayd.store.accounts import ACCOUNTS_NAME
from gatewayd.store.backup_notes import BackupNote, note_backup
from gatewayd.store.files import give_to_owner, sync_directory
from gatewayd.store.journal_file import DATABASE_NAME, DamagedError, damage_named
from gatewayd.store.journal_verify import verify
from gatewayd.store.officer_pins import OFFICERS_NAME
from gatewayd.store.received import is_received_name, received_names
from gatewayd.store.refusals import refusals_named
from gatewayd.store.state_copy import COPIED_NAMES, copy_state
from gatewayd.store.state_directory import STATE_VERSION, state_directory

_MANIFEST = "manifest.json"
_UNREADABLE = (
    tarfile.TarError, zlib.error, EOFError, OSError, ValueError, OverflowError, LookupError,
    RecursionError,
)  # fmt: skip
"""What reading an archive raises that was cut off, changed, or made by somebody else.

LookupError: of tarfile, for the map of a sparse file that is cut off.
"""
_LOCKED = "keys.locked"
_SMALL_SIZE_MAX = 1 << 20  # Of the manifest and the keys.
_CHUNK_SIZE = 1 << 20

_SALT_SIZE = 16
_NONCE_SIZE = 12
_SCRYPT_N = 1 << 15  # 32 MB and a tenth of a second for each guess at the passphrase.
_LABEL = b"gatewayd backup keys 1"


@dataclass(frozen=True, slots=True)
class Place:
    """A site, its state directory, and the files of its keys by their names in a backup.

    retention: how long records may be kept, here or in a backup.
    """

    site: str
    directory: Path
    keys: Mapping[str, Path]
    retention: timedelta


def place_of(path: Path) -> Place:
    """Find the state of a site, whatever else is wrong in its settings file."""
    settings = read(path).settings
    directory = settings.storage.directory
    keys = {
        "privacy.key": settings.privacy.key_file,
        CHECKPOINT_KEY_NAME: directory / CHECKPOINT_KEY_NAME,
        ACCOUNTS_NAME: directory / ACCOUNTS_NAME,
        OFFICERS_NAME: directory / OFFICERS_NAME,  # Of an older version.
        RELEASE_CODES_NAME: settings.privacy.key_file.with_name(RELEASE_CODES_NAME),
    }
    retention = timedelta(days=settings.storage.retention_days)
    return Place(settings.site.path, directory, keys, retention)


def back_up(where: Place, target: Path, passphrase: str | None) -> dict[str, Json]:
    """Write a backup; return its manifest. The gateway may run meanwhile.

    passphrase: locks the keys; without one they are left out. Raises BackupError, StorageError.
    """
    if target.exists():
        raise BackupError(f"{target}: stands already and is never overwritten: give another name")
    with (
        refusals_named(target),
        tempfile.TemporaryDirectory(dir=target.absolute().parent, prefix=".backup-") as scratch,
    ):
        copied = Path(scratch)
        copy_state(where.directory, copied)
        _bring_up_to_date(copied / DATABASE_NAME, where.directory)
        if passphrase is not None:
            keys = {name: path.read_bytes() for name, path in where.keys.items() if path.exists()}
            (copied / _LOCKED).write_bytes(_lock(keys, passphrase))
        manifest = _manifest(copied, where)
        draft = copied / "draft"
        with draft.open("xb") as file:
            os.fchmod(file.fileno(), 0o600)
            _write_archive(copied, manifest, file)
            os.fsync(file.fileno())
        draft.rename(target)
        sync_directory(target.absolute().parent)
        note_backup(where.directory, BackupNote(str(manifest["made_at"]), str(target.absolute())))
        return manifest


def restore(where: Place, source: Path, passphrase: str | None) -> dict[str, Json]:
    """Put a backup in place; return its manifest. The gateway must not run.

    It goes on in a new epoch at its next start. Raises BackupError, KeyFileError, StorageError.
    """
    with state_directory(where.directory) as directory:
        if (directory / DATABASE_NAME).exists():
            raise BackupError(
                f"{directory}: there is a journal already, and it is never overwritten: move the "
                f"directory away first (mv {directory} {directory}.old)"
            )
        with (
            refusals_named(directory),
            tempfile.TemporaryDirectory(dir=directory, prefix=".restore-") as scratch,
        ):
            found = Path(scratch)
            manifest = _read_archive(source, found)
            _bring_up_to_date(found / DATABASE_NAME, source)
            proof = verify(found)
            if proof.finding_count:
                first = proof.findings[0]
                raise BackupError(f"{source}: its journal does not hold: {first.id} {first.what}")
            for name, secret in _unlocked(found, source, passphrase).items():
                if name in where.keys:
                    place_secret(where.keys[name], secret)
            names = [*received_names(found), *reversed(COPIED_NAMES)]
            for name in names:  # The journal last: it says that all is there.
                if (found / name).exists():
                    (directory / name).parent.mkdir(mode=0o700, exist_ok=True)
                    (found / name).rename(directory / name)
            give_to_owner(directory)
            sync_directory(directory)
        return manifest


def _bring_up_to_date(database: Path, source: Path) -> None:
    """Add what the journal of an older version lacks."""
    try:
        with damage_named():
            journal_file.open_database(database).close()
    except DamagedError as error:
        raise BackupError(f"{source}: the journal is damaged: {error}") from error


def _manifest(copied: Path, where: Place) -> dict[str, Json]:
    single = [name for name in (*COPIED_NAMES, _LOCKED) if (copied / name).exists()]
    names = [*single, *received_names(copied)]
    head = verify(copied).head
    now = SystemClock().utc()
    return {
        "format": 1,
        "state_version": STATE_VERSION,
        "made_by": __version__,
        "made_at": format_time(now),
        "delete_after": format_time(now + where.retention),
        "site": where.site,
        "head": None if head is None else f"{head.id}={head.chain.hex()}",
        "has_keys": _LOCKED in names,
        "files": {name: _digest(copied / name) for name in names},
    }


def _write_archive(copied: Path, manifest: Mapping[str, Json], file: BinaryIO) -> None:
    with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as archive:
        text = json.dumps(manifest, indent=1).encode()
        entry = tarfile.TarInfo(_MANIFEST)
        entry.size, entry.mode = len(text), 0o600
        archive.addfile(entry, io.BytesIO(text))
        files = manifest["files"]
        assert isinstance(files, dict)
        for name in files:
            archive.add(copied / name, arcname=name, filter=_anonymous)


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o600
    return entry


def _read_archive(source: Path, into: Path) -> dict[str, Json]:
    """Unpack the files that a backup has, each held against the manifest."""
    try:
        with tarfile.open(source, mode="r:gz") as archive:
            first = archive.next()
            is_manifest = first is not None and first.name == _MANIFEST and first.isreg()
            if first is None or not is_manifest or first.size > _SMALL_SIZE_MAX:
                raise BackupError(f"{source}: is no backup of a gateway")
            with _member(archive, first) as file:
                manifest = json.load(file)
            expected = _expected(manifest, source)
            while (entry := archive.next()) is not None:
                if entry.name in expected and entry.isreg():
                    with _member(archive, entry) as file:
                        _unpack(file, into / entry.name)
    except _UNREADABLE as error:
        raise BackupError(f"{source}: cannot be read as a backup: {error}") from error
    for name, digest in expected.items():
        if not (into / name).exists() or _digest(into / name) != digest:
            raise BackupError(f"{source}: {name} in it is damaged or missing: take another backup")
    assert isinstance(manifest, dict)
    return manifest


def _expected(manifest: object, source: Path) -> dict[str, str]:
    match manifest:
        case {"format": 1, "state_version": int(version), "files": dict(files)}:
            if version > STATE_VERSION:
                raise BackupError(f"{source}: made by a newer gatewayd: install that one first")
            known = {*COPIED_NAMES, _LOCKED, *filter(is_received_name, map(str, files))}
            if DATABASE_NAME in files and set(files) <= known:
                return {str(name): str(digest) for name, digest in files.items()}
        case _:
            pass
    raise BackupError(f"{source}: is no backup that this gatewayd knows")


@contextmanager
def _member(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> Iterator[BinaryIO]:
    file = archive.extractfile(entry)
    if file is None:
        raise tarfile.TarError(f"{entry.name} is no file")
    with file:
        yield file  # type: ignore[misc] # a reader of bytes, typed as IO[bytes]


def _unpack(file: BinaryIO, path: Path) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    with path.open("wb") as copy:
        while chunk := file.read(_CHUNK_SIZE):
            copy.write(chunk)
        copy.flush()
        os.fsync(copy.fileno())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _lock(keys: Mapping[str, bytes], passphrase: str) -> bytes:
    salt, nonce = secrets.token_bytes(_SALT_SIZE), secrets.token_bytes(_NONCE_SIZE)
    text = json.dumps({name: b64encode(secret).decode() for name, secret in keys.items()})
    return salt + nonce + AESGCM(_stretch(passphrase, salt)).encrypt(nonce, text.encode(), _LABEL)


def _unlocked(found: Path, source: Path, passphrase: str | None) -> dict[str, bytes]:
    """Return the keys of a backup; none where it has none, or nobody gave the passphrase."""
    path = found / _LOCKED
    if passphrase is None or not path.exists():
        return {}
    locked = path.read_bytes()
    salt, nonce = locked[:_SALT_SIZE], locked[_SALT_SIZE : _SALT_SIZE + _NONCE_SIZE]
    try:
        key = AESGCM(_stretch(passphrase, salt))
        text = key.decrypt(nonce, locked[_SALT_SIZE + _NONCE_SIZE :], _LABEL)
    except InvalidTag as error:
        raise BackupError(f"{source}: the passphrase does not open its keys") from error
    return {name: b64decode(secret) for name, secret in json.loads(text).items()}


def _stretch(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=_SCRYPT_N, r=8, p=1).derive(passphrase.encode())
