"""The words by which a gateway without the time tells a new message from an old one.

While its clock is not synchronised the birth message carries the present word, which changes every
30 s of the monotonic clock; an order must echo it. Nobody who did not hear it just now can.
"""

import hashlib
import hmac
from datetime import datetime
from functools import cached_property

from gatewayd.core.words import ClockQuality
from gatewayd.ports import Chance, Clock

STEP_S = 30.0
_SIZE = 16


class Nonces:
    def __init__(self, clock: Clock, chance: Chance) -> None:
        self._clock = clock
        self._chance = chance

    @property
    def present(self) -> str | None:
        """The word to tell now; None while the clock itself tells old from new."""
        return self._word(0) if self._clock.quality() is ClockQuality.UNSYNCED else None

    @property
    def valid(self) -> tuple[str, ...]:
        """The words that an order may carry: the present one, and the one before."""
        return self._word(0), self._word(-1)

    @cached_property
    def _secret(self) -> bytes:
        return self._chance.token(32)

    def _word(self, steps: int) -> str:
        step = int(self._clock.monotonic() // STEP_S) + steps
        return hmac.digest(self._secret, str(step).encode(), hashlib.sha256)[:_SIZE].hex()


def known_time(clock: Clock) -> datetime | None:
    """Return now; None where the clock is not synchronised, and a nonce has to serve instead."""
    return None if clock.quality() is ClockQuality.UNSYNCED else clock.utc()
