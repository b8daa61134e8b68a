"""What the host sets a controller to: times, and what becomes of the entry without a host."""

import struct
import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

UNLOCK_MS_MIN = 100
"""The shortest pulse that common turnstiles notice."""

UNLOCK_MS_MAX = 30_000
"""A gate that waits longer for one person stands open for the next one."""

HELD_MS_MIN = 1_000
HELD_MS_MAX = 600_000
"""A passage is no passage any more after ten minutes."""

HOST_LOST_MS_MIN = 1_000
"""Four pings of a host that is well."""

HOST_LOST_MS_MAX = 60_000
"""A host that restarts is back by then; longer, and nobody would rely on it."""


class WithoutHost(StrEnum):
    """What becomes of the entry while the host is lost; the exit is free in any case."""

    SECURE = "secure"
    """It is locked."""
    SAFE = "safe"
    """It is released, but for a lock-down (mode exit_only)."""


_PACKED = struct.Struct("<IIIIB")
_CODES = {WithoutHost.SECURE: 0, WithoutHost.SAFE: 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All of them are taken together.

    unlock_ms: what an open command waits that names no time. unlock_ms_max: what any may wait.
    held_ms: a passage that takes longer is logged as held. host_lost_ms: of silence, then the host
    is lost.
    """

    unlock_ms: int = 5_000
    unlock_ms_max: int = UNLOCK_MS_MAX
    held_ms: int = 30_000
    host_lost_ms: int = 2_000
    without_host: WithoutHost = WithoutHost.SECURE

    @property
    def is_possible(self) -> bool:
        """All of it lies within the limits; a controller takes nothing of what does not."""
        return (
            UNLOCK_MS_MIN <= self.unlock_ms <= self.unlock_ms_max <= UNLOCK_MS_MAX
            and HELD_MS_MIN <= self.held_ms <= HELD_MS_MAX
            and HOST_LOST_MS_MIN <= self.host_lost_ms <= HOST_LOST_MS_MAX
        )

    @property
    def checksum(self) -> int:
        """CRC-32 of the times as uint 32 bits and the code as one byte, in the order above."""
        times = (self.unlock_ms, self.unlock_ms_max, self.held_ms, self.host_lost_ms)
        return zlib.crc32(_PACKED.pack(*times, _CODES[self.without_host]))


FACTORY: Final = Settings()
"""Of a controller that nobody has set yet."""
