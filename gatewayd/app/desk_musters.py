"""Musters for the pages: taken in one tap, kept as they were, printed as often as it takes."""

import asyncio
from collections.abc import Mapping
from itertools import count, islice
from typing import Any

from gatewayd.app.desk_reading import Reading, drafts
from gatewayd.app.muster_pdf import print_muster
from gatewayd.app.people import Place, badges_of
from gatewayd.app.spreadsheet import spreadsheet
from gatewayd.core.events import format_time, parse_time
from gatewayd.core.folded import HOLDERS, read_counts
from gatewayd.core.muster import FrozenMuster, Muster
from gatewayd.core.policy import ANONYMOUS
from gatewayd.core.pseudonym import Pseudonyms
from gatewayd.core.recount import Present, nameless
from gatewayd.core.words import HolderId, Json
from gatewayd.ports import Clock
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.requests import Answer, RequestError

ROWS_AT_ONCE = 200  # Of the table, between two looks at the lanes.
KEPT_MAX = 8
PEOPLE_MAX = 2000  # On a page; all of them are on paper.


class Musters:
    """Taken from the tables: no disk is needed, and none is waited for."""

    def __init__(self, gate: Gate, reading: Reading, clock: Clock) -> None:
        self._gate = gate
        self._reading = reading
        self._clock = clock
        self._kept: dict[int, Muster] = {}
        self._numbers = count(1)
        self._badges: tuple[Pseudonyms | None, Mapping[HolderId, int]] = (None, {})

    async def take(self, request: Mapping[str, Any], _: str) -> Answer:
        """Carry out the request `muster`; `frozen`: as it was when the last alarm began."""
        muster = await self._frozen() if request.get("frozen") is True else await self._now()
        number = next(self._numbers)
        self._kept[number] = muster
        self._kept.pop(number - KEPT_MAX, None)
        badges = self._numbered()
        people: list[Json] = [
            {
                "badge": badges.get(one.holder),
                "category": one.category,
                "lane": one.lane,
                "since": format_time(one.since),
            }
            for one in muster.present[:PEOPLE_MAX]
        ]
        return {
            "ok": True,
            "muster": number,
            "at": format_time(muster.at),
            "alarm": muster.alarm,
            "total": muster.total,
            "uncertain": muster.uncertain,
            "by_category": dict[str, Json](muster.by_category),
            "people": people,
            "more": max(0, len(muster.present) - PEOPLE_MAX),
            "nameless": dict[str, Json](muster.nameless),
        }

    def find(self, number: object) -> Muster:
        """Return one that was taken. Raises RequestError."""
        found = self._kept.get(number) if isinstance(number, int) else None
        if found is None:
            raise RequestError("that list is not kept any more: take a new one")
        return found

    async def printed(self, muster: Muster, place: Place) -> bytes:
        """Return it on paper: for each a box to tick, and room to write who it is."""
        badges, at = self._numbered(), self._clock.utc()
        blank = {one.holder: "" for one in muster.present}
        return await self._reading.run(lambda: print_muster(muster, place, blank, badges, at))

    async def table(self, muster: Muster) -> bytes:
        """Return it for a spreadsheet."""
        badges = self._numbered()
        return await self._reading.run(lambda: _table(muster, badges))

    async def _now(self) -> Muster:
        rows = self._gate.cache.items(HOLDERS)
        present: list[Present] = []
        while page := list(islice(rows, ROWS_AT_ONCE)):
            for key, row in page:
                since = row.get("inside_since")
                if since is not None:
                    category = str(row.get("category") or ANONYMOUS)
                    present.append(Present(HolderId(key), category, None, parse_time(str(since))))
            await asyncio.sleep(0)
        by_category, uncertain = read_counts(self._gate.cache.get)
        present.sort(key=lambda one: one.since)
        left = nameless(by_category, present)
        return Muster(
            self._clock.utc(),
            tuple(present),
            tuple(sorted(left.items())),
            tuple(sorted(by_category.items())),
            uncertain,
        )

    async def _frozen(self) -> Muster:
        frozen = FrozenMuster()
        await self._reading.fold(drafts(frozen.fold))
        if frozen.taken is None:
            raise RequestError("there is no fire, lock-down or free passage in the records")
        return frozen.taken

    def _numbered(self) -> Mapping[HolderId, int]:
        """Return the badges by their pseudonyms; made once, in some milliseconds."""
        pseudonyms = self._gate.knowledge.pseudonyms
        if self._badges[0] is not pseudonyms:
            self._badges = (pseudonyms, badges_of(pseudonyms))
        return self._badges[1]


def _table(muster: Muster, badges: Mapping[HolderId, int]) -> bytes:
    rows: list[tuple[object, ...]] = [
        (badges.get(one.holder, ""), one.category, one.lane or "", format_time(one.since), 1)
        for one in muster.present
    ]
    rows += [("", category, "", "", number) for category, number in muster.nameless]
    return spreadsheet(["badge", "category", "lane", "since", "count"], rows)
