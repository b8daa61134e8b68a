"""How each side of the MQTT binding tells a message of now from a recorded, late or repeated one.

Each side hands out challenges, and each message echoes the newest challenge its sender has heard.
A message counts if it echoes one of ours of the last seconds, and if (age of the echoed challenge,
counter) rises from one accepted message to the next. So nothing need be kept over a reboot: a side
that starts anew has handed out no challenge yet, and what was sent before then echoes none of its.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

FRESH_MS = 5_000
"""Longer than a link lasts without a heartbeat (3 s), so that a live peer always knows one."""

CHALLENGE_SIZE = 8
"""Bytes. They need to be new, not secret: 2^32 of them make a repeat likely, that is 136 years."""

# One a second and one per new peer fit well; more would only be memory for a peer that floods.
_CHALLENGES_MAX = 16


@dataclass(frozen=True, slots=True)
class Stamp:
    """What every message carries: the sender's rising counter, and the challenge it answers."""

    counter: int
    echo: str | None


@dataclass(frozen=True, slots=True)
class _Challenge:
    number: int
    nonce: str
    at_ms: int


class Freshness:
    """The challenges that one side handed out, and what it accepted last."""

    def __init__(self, token: Callable[[int], bytes]) -> None:
        """`token` draws that many random bytes."""
        self._token = token
        self._challenges: deque[_Challenge] = deque(maxlen=_CHALLENGES_MAX)
        self._number = 0
        self._accepted = (0, 0)

    def challenge(self, now_ms: int) -> str:
        """Hand out a new one: 16 hex digits."""
        self._number += 1
        nonce = self._token(CHALLENGE_SIZE).hex()
        self._challenges.append(_Challenge(self._number, nonce, now_ms))
        return nonce

    def accept(self, stamp: Stamp, now_ms: int) -> int | None:
        """Return when the challenge it answers was handed out; None if the message is stale."""
        for challenge in self._challenges:
            place = (challenge.number, stamp.counter)
            if (
                challenge.nonce == stamp.echo
                and now_ms - challenge.at_ms <= FRESH_MS
                and place > self._accepted
            ):
                self._accepted = place
                return challenge.at_ms
        return None
