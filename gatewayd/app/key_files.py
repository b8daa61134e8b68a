"""Secret keys on disk: files of mode 0600, written whole or not at all, never overwritten."""

import json
import os
import re
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from gatewayd.app import trust_directory
from gatewayd.app.errors import KeyFileError
from gatewayd.core.jwks import parse_issuer
from gatewayd.core.pseudonym import KEY_SIZE
from gatewayd.core.signatures import PrivateKey
from gatewayd.core.trust import IssuerKey, Purpose, issuer_document, key_id
from gatewayd.store.files import sync_directory

PRIVATE_SUFFIX = ".key.pem"
PUBLIC_SUFFIX = trust_directory.SUFFIX

CHECKPOINT_KEY_NAME = "checkpoint.key.pem"
RELEASE_CODES_NAME = "release-codes.json"

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
_FILE_SIZE_MAX = 10_000  # A key has some hundred bytes.
_OTHERS = 0o077  # The rights of group and everybody else.


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An issuer's private key, and the name that stands in its passes."""

    issuer: str
    private: Ed25519PrivateKey


def read_or_make_privacy_key(path: Path) -> bytes:
    """Return the key of the pseudonyms; made of chance at the first start."""
    if not _stands(path):
        _write_new(path, f"{secrets.token_hex(KEY_SIZE)}\n".encode(), mode=0o600)
    return read_secret(path, KEY_SIZE)


def read_private(path: Path) -> bytes:
    """Read a file that nobody else may read. Raises KeyFileError."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & _OTHERS:
                raise KeyFileError(f"{path}: others can read this secret; run: chmod 600 {path}")
            return file.read(_FILE_SIZE_MAX)
    except OSError as error:
        raise _unreadable(path, error) from error


def read_secret(path: Path, size: int) -> bytes:
    """Read a file that holds `size` bytes as hex digits, and nobody else may read."""
    text = read_private(path).decode("ascii", errors="replace").strip()
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if len(secret) != size:
        raise KeyFileError(
            f"{path}: expected {2 * size} hex digits, found something else; restore it from a "
            "backup, or take it away and have a new one made"
        )
    return secret


def make_signing_key(
    directory: Path,
    issuer: str,
    may_sign: frozenset[Purpose] = frozenset({Purpose.PASS}),
    place: str = "",
    file_name: str | None = None,
) -> tuple[Path, Path]:
    """Make an issuer's key pair; returns the paths of the private and of the public file.

    place: for which place in the hierarchy it signs messages from above. file_name: what the files
    are called where that is not the issuer's name: a second key has to lie beside the first.
    """
    for name in (issuer, file_name or issuer):
        if not _FILE_NAME.fullmatch(name):
            raise KeyFileError(
                f"{name!r}: expected a name of 1 to 32 characters of a-z, A-Z, 0-9, '.', '_' and "
                "'-', because files are called so"
            )
    private = Ed25519PrivateKey.generate()
    private_path = directory / f"{file_name or issuer}{PRIVATE_SUFFIX}"
    public_path = directory / f"{file_name or issuer}{PUBLIC_SUFFIX}"
    for path in (private_path, public_path):
        if _stands(path):
            raise _stands_already(path)
    public = IssuerKey(issuer, private.public_key(), may_sign, path=place)
    document = json.dumps(issuer_document(public), indent=2)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write_new(private_path, pem, mode=0o600)
    _write_new(public_path, f"{document}\n".encode(), mode=0o644)
    return private_path, public_path


def read_or_make_checkpoint_key(directory: Path) -> Ed25519PrivateKey:
    """Return the key that signs the checkpoints of the journal; made at the first start.

    One that cannot be used is moved aside, and a new one made: the gate opens all the same, and
    who verifies the journal sees that there were two signers. Raises KeyFileError.
    """
    path = directory / CHECKPOINT_KEY_NAME
    if _stands(path):
        try:
            private = load_pem_private_key(read_private(path), password=None)
        except (KeyFileError, ValueError, TypeError, UnsupportedAlgorithm):
            private = None
        if isinstance(private, Ed25519PrivateKey):
            return private
        path.replace(path.with_name(f"{CHECKPOINT_KEY_NAME}.corrupt"))
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write_new(path, pem, mode=0o600)
    return key


def place_secret(path: Path, secret: bytes) -> None:
    """Write a secret where none stands, for the owner only; the same one may stand there."""
    if not _stands(path) or read_private(path) != secret:
        _write_new(path, secret, mode=0o600)


def read_signing_key(path: Path, issuer: str | None = None) -> SigningKey:
    """Read a private key; its issuer is the one given, else that of the public file beside it."""
    private = read_private_key(path)
    if not isinstance(private, Ed25519PrivateKey):
        raise KeyFileError(f"{path}: expected an Ed25519 key; make one with: gatewayd pass keygen")
    return SigningKey(issuer or _read_issuer(path, private), private)


def read_private_key(path: Path) -> PrivateKey:
    """Read a private key for messages: Ed25519, or P-256 for ES256."""
    try:
        private = load_pem_private_key(read_private(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyFileError(f"{path}: expected a private key in PEM, without password") from error
    if isinstance(private, Ed25519PrivateKey):
        return private
    if isinstance(private, EllipticCurvePrivateKey) and isinstance(private.curve, SECP256R1):
        return private
    raise KeyFileError(f"{path}: expected an Ed25519 or P-256 key")


def _read_issuer(private_path: Path, private: Ed25519PrivateKey) -> str:
    path = private_path.with_name(private_path.name.removesuffix(PRIVATE_SUFFIX) + PUBLIC_SUFFIX)
    try:
        keys, _ = parse_issuer(json.loads(path.read_bytes()))
    except (OSError, ValueError, RecursionError):
        keys = ()
    for key in keys:
        if key.key_id == key_id(private.public_key()):
            return key.issuer
    raise KeyFileError(
        f"{path}: expected the public half of {private_path.name}, with the issuer's name; "
        "put it there, or give --issuer"
    )


def _stands(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise _unreadable(path, error) from error


def _write_new(path: Path, content: bytes, *, mode: int) -> None:
    """Appear whole under a name that is free; a power cut leaves nothing or all of it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.") as draft:
            os.fchmod(draft.fileno(), mode)
            draft.write(content)
            draft.flush()
            os.fsync(draft.fileno())
            try:
                path.hardlink_to(draft.name)  # Unlike a rename, this fails where a file stands.
            except FileExistsError as error:
                raise _stands_already(path) from error
        sync_directory(path.parent)
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be written: {error.strerror}") from error


def _unreadable(path: Path, error: OSError) -> KeyFileError:
    what = f"{path}: cannot be read: {error.strerror}"
    return KeyFileError(f"{what}; look at its owner and rights, and at the folders above it")


def _stands_already(path: Path) -> KeyFileError:
    return KeyFileError(
        f"{path}: stands already and is never overwritten, since whatever was made with the old "
        "key would stop working; move it away first, or choose another name"
    )
