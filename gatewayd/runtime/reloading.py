"""Reads rules, lists and keys anew while the gate works, for a person, a signal or the centre."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Never

from gatewayd.core.events import Audit, AuditSubject
from gatewayd.core.words import Json
from gatewayd.runtime.library import Edition, Library, Stock
from gatewayd.runtime.recorder import Recorder
from gatewayd.runtime.requests import Answer, RequestError

log = logging.getLogger(__name__)

SIGNAL = "signal"


@dataclass(frozen=True, slots=True)
class Reread:
    """What files of now make. left_out: what of them is not used, a sentence each.

    needs_restart: sections of the settings that were changed and count from the next start on.
    """

    edition: Edition
    left_out: tuple[str, ...] = ()
    needs_restart: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unusable:
    """The files have mistakes, a sentence each."""

    mistakes: tuple[str, ...]


Reading = Callable[[Stock], Reread | Unusable]
"""Reads the files of the site anew; called in a thread."""


class Reloading:
    """asked: set by whoever wants it done, and does not wait for the answer."""

    def __init__(
        self, library: Library, recorder: Recorder, read: Reading, asked: asyncio.Event
    ) -> None:
        self._asked = asked
        self._library = library
        self._recorder = recorder
        self._read = read

    async def run(self) -> Never:
        """Reload whenever it is asked for, until cancelled."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            try:
                await self.reload(SIGNAL)
            except RequestError as refused:
                log.error("not_reloaded", extra={"fields": {"what_to_do": str(refused)}})  # noqa: TRY400, foreseen

    async def answer(self, _: Mapping[str, Any], caller: str) -> Answer:
        """Carry out the request `reload`."""
        told = await self.reload(caller)
        return {
            "ok": True,
            "policy": list[Json](self._library.gate.policy.versions),
            "left_out": list[Json](told.left_out),
            "needs_restart": list[Json](told.needs_restart),
        }

    async def reload(self, caller: str) -> Reread:
        """Put in force what the files say. Raises RequestError: everything is as before."""
        found: list[Reread | Unusable] = []

        def make(stock: Stock) -> Edition | None:
            found.append(self._read(stock))
            return found[0].edition if isinstance(found[0], Reread) else None

        def record(_: Edition | None) -> None:
            if isinstance(found[0], Reread):
                self._record(found[0], caller)

        await self._library.renew(make, record)
        match found[0]:
            case Unusable(mistakes=mistakes):
                told = "\n".join(mistakes)
                raise RequestError(f"{told}\nnothing was changed: everything is as before")
            case Reread() as reread:
                return reread

    def _record(self, reread: Reread, caller: str) -> None:
        known = reread.edition.knowledge
        detail: dict[str, Json] = {
            "officer": caller,
            "policy": list[Json](self._library.gate.policy.versions),
            "rosters": {roster.name: len(roster.entries) for roster in known.rosters},
            "trusted_keys": len(known.trust.keys),
            "needs_restart": list[Json](reread.needs_restart),
        }
        self._recorder.keep(Audit(subject=AuditSubject.GATEWAY, action="reloaded", detail=detail))
        for sentence in reread.left_out:
            log.warning("look_at_this", extra={"fields": {"text": sentence}})
        log.info("reloaded", extra={"fields": detail})
