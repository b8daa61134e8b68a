"""What people take away from the pages: reports, musters, records; each is in the audit trail."""

import csv
import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from gatewayd.app.desk_days import Days
from gatewayd.app.desk_musters import Musters
from gatewayd.app.desk_reading import Reading, drafts
from gatewayd.app.people import Place
from gatewayd.app.report_pdf import print_report
from gatewayd.app.spreadsheet import spreadsheet
from gatewayd.core.events import Draft, Event, event_type, format_time
from gatewayd.core.feed import feed_row
from gatewayd.core.reasons import Locale
from gatewayd.core.recap import ROW_NAMES, Recap
from gatewayd.core.roles import Who
from gatewayd.core.words import Json
from gatewayd.desk.behind import File, MakeFile
from gatewayd.ports import Cache, Clock
from gatewayd.runtime.recorder import Recorder
from gatewayd.runtime.requests import Answer, RequestError, officer_audit, record, signed

EXPORT_ROWS_MAX = 50_000
"""Of one file: 25 MB in memory, and what spreadsheets open. A longer time is several files."""

CSV, PDF, JSON = "text/csv", "application/pdf", "application/json"
_TOLD = ("id", "at", "class", "outcome", "kinds")  # Columns of their own; the rest is `data`.


class Files:
    """place: what papers say of the site; the language is whoever asks's."""

    def __init__(
        self,
        around: tuple[Reading, Days, Musters],
        place: Place,
        recorder: Recorder,
        cache: Cache,
        clock: Clock,
    ) -> None:
        self._reading, self._days, self._musters = around
        self._place = place
        self._recorder = recorder
        self._cache = cache
        self._clock = clock
        self.makers: Mapping[str, MakeFile] = {
            "report": self._told_why(self._report),
            "muster_list": self._told_why(self._muster),
            "export": self._told_why(self._export),
        }

    def _told_why(self, make: MakeFile) -> MakeFile:
        async def made(request: Mapping[str, Any], who: Who) -> File | Answer:
            try:
                return await make(request, who)
            except RequestError as refusal:
                return {"ok": False, "code": "file", "text": str(refusal)}

        return made

    async def _report(self, request: Mapping[str, Any], who: Who) -> File:
        day = self._days.asked(request)
        name = f"{day}"
        await self._note("report", {"day": name}, who)
        match request.get("format"):
            case "json":
                return File(f"recap-{name}.json", JSON, await self._days.read(day, _recap_json))
            case "csv":
                return File(f"recap-{name}.csv", CSV, await self._days.read(day, _recap_table))
            case "pdf":
                place, limit, at = self._placed(request), self._days.limit(day), self._clock.utc()
                printed = await self._days.read(
                    day, lambda recap: print_report(recap, place, limit, at)
                )
                return File(f"recap-{name}.pdf", PDF, printed)
            case _:
                raise RequestError("`format` is one of: json, csv, pdf")

    async def _muster(self, request: Mapping[str, Any], who: Who) -> File:
        """Return a list that was taken; an evacuation waits for no disk."""
        muster = self._musters.find(request.get("muster"))
        detail: dict[str, Json] = {"what": "muster", **signed(self._cache, who.caller)}
        self._recorder.keep(officer_audit("downloaded", detail))
        name = f"muster-{muster.at.astimezone(self._place.zone):%Y-%m-%d-%H%M%S}"
        match request.get("format"):
            case "csv":
                return File(f"{name}.csv", CSV, await self._musters.table(muster))
            case "pdf":
                body = await self._musters.printed(muster, self._placed(request))
                return File(f"{name}.pdf", PDF, body)
            case _:
                raise RequestError("`format` is one of: csv, pdf")

    async def _export(self, request: Mapping[str, Any], who: Who) -> File:
        """Return records without whom they are of; `gatewayd journal export` has all of it."""
        first, last = (self._days.asked({"day": request.get(key)}) for key in ("first", "last"))
        begins, ends = self._days.bounds(first)[0], self._days.bounds(last)[1]
        if begins >= ends:
            raise RequestError("`first` is the earlier day")
        await self._note("records", {"first": str(first), "last": str(last)}, who)
        table = _Export(begins, ends)
        await self._reading.fold(drafts(table.fold))
        if table.count > EXPORT_ROWS_MAX:
            raise RequestError(
                f"{table.count} records are too many for one file of {EXPORT_ROWS_MAX}: "
                "choose fewer days"
            )
        return File(f"records-{first}-{last}.csv", CSV, await self._reading.run(table.body))

    async def _note(self, what: str, detail: Mapping[str, Json], who: Who) -> None:
        """Record who takes what away. Raises RequestError: what is not recorded is not told."""
        told = {"what": what, **detail, **signed(self._cache, who.caller)}
        await record(self._recorder, officer_audit("downloaded", told))

    def _placed(self, request: Mapping[str, Any]) -> Place:
        given = request.get("locale")
        locale = Locale(str(given)) if given in [*map(str, Locale)] else self._place.locale
        return Place(self._place.name, self._place.zone, locale)


class _Export:
    """Rows of a time, for a spreadsheet; those beyond what one file holds are only counted."""

    def __init__(self, begins: datetime, ends: datetime) -> None:
        self.count = 0
        self._begins = begins
        self._ends = ends
        self._text = io.StringIO()
        self._table = csv.writer(self._text)
        self._table.writerow(["time", "type", "data"])

    def fold(self, draft: Draft) -> None:
        if not self._begins <= draft.at < self._ends:
            return
        self.count += 1
        if self.count > EXPORT_ROWS_MAX:
            return
        row = feed_row(Event(epoch="", seq=0, draft=draft, run="", appended_s=0.0))
        data = {name: value for name, value in row.items() if name not in _TOLD}
        told = json.dumps(data, ensure_ascii=False)
        self._table.writerow([format_time(draft.at.astimezone(UTC)), event_type(draft.fact), told])

    def body(self) -> bytes:
        return self._text.getvalue().encode("utf-8-sig")


def _recap_json(recap: Recap) -> bytes:
    return json.dumps(recap.document()).encode()


def _recap_table(recap: Recap) -> bytes:
    return spreadsheet(ROW_NAMES, recap.rows())
