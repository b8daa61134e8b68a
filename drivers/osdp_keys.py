"""The settings that every driver of an OSDP device takes."""

from pathlib import Path
from typing import Final

from drivers.keys import Key, UnfitError, whole
from drivers.psk import read_hex_key
from drivers.serial_keys import PORT

SCBK_SIZE: Final = 16
# The sample key of the standard (SCBK-D): every device and every attacker has it.
SAMPLE_KEY: Final = bytes(range(0x30, 0x40))

_REMEDY: Final = f"make one with: openssl rand -hex {SCBK_SIZE}, and set the device to the same"


def read_scbk(path: Path) -> bytes:
    """Return the 16 bytes; raises UnfitError, whose text never holds them, also for SCBK-D."""
    key = read_hex_key(path, SCBK_SIZE, _REMEDY)
    if key == SAMPLE_KEY:
        raise UnfitError(f"the sample key SCBK-D, which everybody knows, in {path}", _REMEDY)
    return key


def _parse(value: object) -> bytes:
    if isinstance(value, str) and value:
        return read_scbk(Path(value))
    raise UnfitError("no name of a file", _REMEDY)


OSDP_KEYS: Final = (
    PORT,
    whole("baudrate", "bits per second, as set in the device", 9600, 230_400, 9600),
    whole("address", "of the device on its line, as set in it", 0, 126, 0),
    Key(
        "scbk_file",
        "the key of the secure channel, that the device has too",
        f"a file with {2 * SCBK_SIZE} hex digits that other users cannot read",
        _parse,
    ),
)
