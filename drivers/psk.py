"""The key that a device and its gateway share, kept in a file as hex digits."""

import os
import re
import stat
from pathlib import Path
from typing import Final

from drivers.keys import Key, UnfitError

# gatelink signs with HMAC-SHA256; a key as long as its digest has all the strength there is.
PSK_SIZE: Final = 32

_FILE_SIZE_MAX: Final = 1000  # The digits, and blank space around them.
_MAKE: Final = f"make one with: openssl rand -hex {PSK_SIZE}, and give the controller the same"


def read_psk(path: Path) -> bytes:
    """Return the 32 bytes; raises UnfitError, whose text never holds any of them."""
    return read_hex_key(path, PSK_SIZE, _MAKE)


def read_hex_key(path: Path, size: int, remedy: str) -> bytes:
    """Return the `size` bytes of a key file; raises UnfitError, whose text never holds them."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(_FILE_SIZE_MAX)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name.
        reason = getattr(error, "strerror", None) or error
        raise UnfitError(f"{path!s:.200}, which cannot be read: {reason}", remedy) from error
    if mode & stat.S_IRWXO:
        raise UnfitError(f"{path} open to all", f"run: chmod o= {path}")
    digits = content.decode("ascii", errors="replace").strip()
    if not re.fullmatch(rf"[0-9A-Fa-f]{{{2 * size}}}", digits):
        raise UnfitError(f"{len(digits)} characters that are not such a key in {path}", remedy)
    return bytes.fromhex(digits)


def _parse(value: object) -> bytes:
    if isinstance(value, str) and value:
        return read_psk(Path(value))
    raise UnfitError("no name of a file", _MAKE)


PSK_FILE: Final = Key(
    "psk_file",
    "the key that the controller has too, so that nobody else can open this lane",
    f"a file with {2 * PSK_SIZE} hex digits that other users cannot read",
    _parse,
)
