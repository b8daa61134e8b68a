"""How each side of the MQTT binding tells a message of now from a recorded, late or repeated one.

Each side draws a session at its start and counts its messages; it hands out challenges, and each
message echoes a challenge heard from the other side. A message counts if it echoes one of ours of
the last seconds, and either its counter rises within the present session, or it brings another
session on a newer challenge than any accepted before. A peer is greeted with a new challenge, which
nothing from before its start can echo: so no earlier session comes back, and nothing need be kept
over a reboot.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

FRESH_MS = 5_000
"""Longer than a link lasts without a heartbeat (3 s), so that a live peer always knows one."""

CHALLENGE_SIZE = 8
"""Bytes of a challenge, and of a session. They need to be new, not secret: a repeat is likely after
2^32 of them, that is 136 years."""

# One a second and one per new peer fit well; more would only be memory for a peer that floods.
_CHALLENGES_MAX = 16


@dataclass(frozen=True, slots=True)
class Stamp:
    """What every message carries: who sent it since when, its number, what it answers."""

    session: str
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
        self._session = ""
        self._counter = 0
        self._newest_number = 0

    def challenge(self, now_ms: int) -> str:
        """Hand out a new one: 16 hex digits."""
        self._number += 1
        nonce = self._token(CHALLENGE_SIZE).hex()
        self._challenges.append(_Challenge(self._number, nonce, now_ms))
        return nonce

    def accept(self, stamp: Stamp, now_ms: int) -> int | None:
        """Return when the challenge it answers was handed out; None if the message is stale."""
        answered = next((one for one in self._challenges if one.nonce == stamp.echo), None)
        if answered is None or now_ms - answered.at_ms > FRESH_MS:
            return None
        if stamp.session == self._session:
            is_next = stamp.counter > self._counter
        else:
            is_next = answered.number > self._newest_number
        if not is_next:
            return None
        self._session, self._counter = stamp.session, stamp.counter
        self._newest_number = max(self._newest_number, answered.number)
        return answered.at_ms
