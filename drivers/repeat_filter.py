"""Tells a new scan from the same code that is still in the reader's view (pure)."""

from hashlib import blake2s
from typing import Final

# More codes than one person holds before a reader by turns; older ones are forgotten first.
REMEMBERED_COUNT_MAX: Final = 16


class RepeatFilter:
    """Noise reduction for readers that send a code again and again; no defence against replays.

    Remembers a digest of each code for as long as the window, never the code.
    """

    def __init__(self, window_s: float) -> None:
        """With a window of 0 nothing is a repeat."""
        self._window_s = window_s
        self._seen_s: dict[bytes, float] = {}

    def is_repeat(self, code: bytes, now_s: float) -> bool:
        """Tell whether the same code came less than the window ago, a repeat counted in."""
        digest = blake2s(code, digest_size=16).digest()
        self._forget(now_s)
        is_repeat = self._seen_s.pop(digest, None) is not None
        if len(self._seen_s) == REMEMBERED_COUNT_MAX:
            del self._seen_s[next(iter(self._seen_s))]
        self._seen_s[digest] = now_s
        return is_repeat

    def _forget(self, now_s: float) -> None:
        self._seen_s = {
            digest: seen_s
            for digest, seen_s in self._seen_s.items()
            if now_s - seen_s < self._window_s
        }
