"""The settings of a GM65 reader that a gateway looks at, by their addresses (pure)."""

from enum import StrEnum
from typing import Final

from drivers.gm65_codec import CodeOutput

# How it looks for codes, with its light and its sounds.
MODE_ZONE: Final = 0x0000
# 1 makes it look for a code, in command mode.
TRIGGER_ZONE: Final = 0x0002
# Its speed, two bytes.
BAUD_ZONE: Final = 0x002A
# What it puts around a code.
OUTPUT_ZONE: Final = 0x0060

# Codes enclosed; no prefix, code id or suffix.
ENCLOSED: Final = 0x81


class ScanMode(StrEnum):
    """When the reader looks for a code.

    CONTINUOUS: always. SENSE: when something moves in front of it. COMMAND: when it is told to,
    which the gateway does once a second.
    """

    CONTINUOUS = "continuous"
    SENSE = "sense"
    COMMAND = "command"


# The last two bits are the mode; the others are its light, its sound and its aimer.
_MODES: Final = {ScanMode.COMMAND: 0xD5, ScanMode.CONTINUOUS: 0xD6, ScanMode.SENSE: 0xD7}


def settings_for(mode: ScanMode, output: CodeOutput) -> list[tuple[int, int]]:
    """Return the addresses and the values that they must have.

    What a reader puts around plain codes is left as it is.
    """
    settings = [(MODE_ZONE, _MODES[mode])]
    if output is CodeOutput.ENCLOSED:
        settings.append((OUTPUT_ZONE, ENCLOSED))
    return settings
