"""What pages asked for lately, so that a request sent twice is carried out once.

A page names each request by a key of its own, `{run}.{now_ms}.{chance}`, with the run and the
running clock as the gateway told them last: a request that is repeated gets the first answer, and
one that comes late, or from before a restart, opens nothing.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gatewayd.core.words import Json
from gatewayd.ports import Clock

HEADER = "Idempotency-Key"
LATE_S = 30.0
"""As long as the centre's orders are good for; who tapped a button longer ago looks elsewhere."""
KEPT_S = 600.0  # A page that was put away in a pocket asks what became of it.
KEPT_MAX = 4096  # Seven a second for all of it; more is no hands.

_KEY = re.compile(r"(?P<run>[0-9A-Za-z-]{1,64})\.(?P<at_ms>[0-9]{1,15})\.[0-9A-Za-z-]{8,64}")

Answer = dict[str, Json]
Act = Callable[[], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class _Asked:
    what: tuple[str, str]
    at_s: float
    answer: asyncio.Future[Answer]


class Repeats:
    """One for each server."""

    def __init__(self, run: str, clock: Clock) -> None:
        self._run = run
        self._clock = clock
        self._asked: dict[tuple[str, str], _Asked] = {}

    async def once(self, caller: str, key: str, what: tuple[str, str], act: Act) -> Answer:
        """Carry it out, or return what became of it; `code` says why not.

        what: the path and the body, which a repetition has in common with the first.
        """
        known = self._asked.get((caller, key))
        if known is not None:
            if known.what != what:
                return _no("key_reused", "this key stands for another request")
            return await asyncio.shield(known.answer)
        flaw = self._flaw(key)
        if flaw is not None:
            return flaw
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[caller, key] = _Asked(what, self._clock.monotonic(), answer)
        try:
            result = await act()
        except BaseException:
            answer.set_result(_no("failed", "the gateway could not say what became of this"))
            raise
        answer.set_result(result)
        return result

    def _flaw(self, key: str) -> Answer | None:
        """Tell why a key that is not known is not for now; forget those that served."""
        now_s = self._clock.monotonic()
        kept = {one: asked for one, asked in self._asked.items() if now_s - asked.at_s < KEPT_S}
        self._asked = kept
        read = _KEY.fullmatch(key)
        if read is None:
            return _no("key", f"`{HEADER}` is run.now_ms.chance, that of 8 to 64 characters")
        if read["run"] != self._run:
            return _no("restarted", "the gateway has started anew since: see whether it was done")
        age_ms = round(now_s * 1000) - int(read["at_ms"])
        if not -1 <= age_ms < LATE_S * 1000:
            return _no("late", "this was asked too long ago: it is not done now")
        if len(kept) >= KEPT_MAX:
            return _no("too_many", "too many requests: wait a while")
        return None


def _no(code: str, text: str) -> Answer:
    return {"ok": False, "code": code, "text": text}
