"""The settings that every driver of a serial line takes."""

from typing import Final

from drivers.keys import text, whole

PORT: Final = text(
    "port",
    "the serial line of the device; its by-path name stays the same when devices are swapped",
    "the name of a serial port, such as /dev/serial/by-path/...",
    r"[^\0]+",
)
BAUDRATE: Final = whole(
    "baudrate", "bits per second, as set in the device; USB ports ignore it", 300, 4_000_000, 115200
)
REPEAT_MS: Final = whole(
    "repeat_ms", "the same code again within this time is noise", 0, 60_000, 2000
)
