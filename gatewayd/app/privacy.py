"""One person's records at a site: found, shown to them, and erased at their request."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from config.schema import Settings
from gatewayd.app.control_client import NoGatewayError, NotRunningError, ask
from gatewayd.app.errors import MISUSE, NO, EarlyEnd, told_plainly
from gatewayd.app.key_files import read_or_make_privacy_key
from gatewayd.app.opened import Opened, open_state
from gatewayd.app.records import read_table
from gatewayd.app.site import read_rules
from gatewayd.core import disclosure
from gatewayd.core.centre_statuses import KEPT
from gatewayd.core.events import (
    Audit,
    AuditSubject,
    Event,
    fact_data,
    format_time,
    load_draft,
)
from gatewayd.core.folded import PASSES, TABLES
from gatewayd.core.projection import project
from gatewayd.core.pseudonym import PSEUDONYM, Namespace, Pseudonyms
from gatewayd.core.reasons import Locale
from gatewayd.core.words import HolderId, Json
from gatewayd.mqtt import payloads
from gatewayd.mqtt.payloads import PublishStatus
from gatewayd.ports import Receipts, StorageError
from gatewayd.runtime.blocking import ThreadBlocking
from gatewayd.runtime.clock import SystemClock
from gatewayd.runtime.erasure import Erasure, Forgotten
from gatewayd.runtime.recorder import Recorder
from gatewayd.store import receipts
from gatewayd.store.backup_notes import read_backup_notes
from gatewayd.store.cache import CACHE_FILE_NAMES
from gatewayd.store.journal_erasure import walk_about
from gatewayd.store.journal_file import DATABASE_NAME
from gatewayd.store.journal_opening import read_receipts_of
from gatewayd.store.journal_rows import Row

_SHOWN_ALREADY = frozenset({DATABASE_NAME, f"{DATABASE_NAME}-wal", *CACHE_FILE_NAMES})
_CHUNK_SIZE = 1 << 20


def find_holder(path: Path, person: str | None, holder: str | None) -> HolderId:
    """Return the pseudonym that is meant. Raises EarlyEnd."""
    _check_one(person, holder)
    if person is None:
        return HolderId(str(holder))
    with told_plainly():
        key_file = read_rules(path).settings.privacy.key_file
        if not key_file.exists():
            raise EarlyEnd(f"{key_file}: no privacy key; run the gateway first", NO)
        return Pseudonyms(read_or_make_privacy_key(key_file)).of(Namespace.PERSON, person)


def _check_one(person: str | None, holder: str | None) -> None:
    if (person is None) == (holder is None):
        raise EarlyEnd("give --id, a person's id, or --holder, a pseudonym of the records", MISUSE)
    if holder is not None and PSEUDONYM.fullmatch(holder) is None:
        raise EarlyEnd("--holder: expected 8 hex digits, a full stop, and 32 more", MISUSE)


# --- shown ---


def count_records(path: Path, holder: HolderId) -> tuple[int, int]:
    """Return how many records and rows of tables know a holder."""
    with told_plainly():
        directory = read_rules(path).settings.storage.directory
        drafts = [load_draft(row.body or b"") for row in walk_about(directory, holder)]
        shown = [fact_data(draft.fact) for draft in drafts]
        return len(shown), len(_tables(directory, holder, shown))


def disclose(path: Path, holder: HolderId) -> dict[str, Json]:
    """Return all that is known of a holder, with what it means and what becomes of it."""
    with told_plainly():
        settings = read_rules(path).settings
        directory, locale = settings.storage.directory, Locale(settings.site.locale)
        confirmed = read_receipts_of(directory)
        records = [
            _record(row, settings, locale, confirmed) for row in walk_about(directory, holder)
        ]
        shown = [one["data"] for one in records if isinstance(one["data"], dict)]
        tables = _tables(directory, holder, shown)
        documents: list[Mapping[str, Json]] = [*shown, *tables.values()]
        return {
            "holder": holder,
            "made_at": format_time(SystemClock().utc()),
            "site": {
                "path": settings.site.path,
                "name": settings.site.name,
                "registration_id": settings.site.registration_id,
                "contact": settings.site.contact,
            },
            "purpose": disclosure.purpose(locale),
            "kept": {
                "retention_days": settings.storage.retention_days,
                "outbox_days_max": settings.storage.outbox_days_max,
            },
            "sent_to": None if settings.broker is None else settings.broker.host,
            "publish_status": str(settings.privacy.publish_status),
            "records": list[Json](records),
            "tables": dict[str, Json](tables),
            "fields": disclosure.fields(documents, locale),
            "also_in": list[Json](_also_in(directory, holder)),
        }


def _also_in(directory: Path, holder: str) -> list[str]:
    """Return the backups, and the files of the state directory that name a holder besides.

    Those are damaged ones that were moved aside, and lists that the centre sent.
    """
    with told_plainly():
        notes = read_backup_notes(directory)
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return [
        *(f"{note.path} (backup of {note.at})" for note in notes),
        *(str(path) for path in files if path.name not in _SHOWN_ALREADY and _has(path, holder)),
    ]


def _has(path: Path, holder: str) -> bool:
    wanted, seen = holder.encode(), b""
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_SIZE):
                if wanted in seen + chunk:
                    return True
                seen = chunk[-len(wanted) :]
    except OSError:  # Gone since it was listed, or not ours to read.
        return False
    return False


def _record(
    row: Row, settings: Settings, locale: Locale, confirmed: Mapping[str, Receipts]
) -> dict[str, Json]:
    draft = load_draft(row.body or b"")
    event = Event(row.epoch, row.seq, draft, row.run, row.appended_s)
    is_sent = receipts.has(confirmed.get(row.epoch, Receipts(0)), row.seq)
    storage = settings.storage
    waits = settings.broker is not None and not is_sent
    days = max(storage.retention_days, storage.outbox_days_max) if waits else storage.retention_days
    return {
        "id": event.id,
        "time": format_time(draft.at),
        "clockquality": str(draft.clock),
        "meaning": disclosure.meaning(draft.fact, locale),
        "data": fact_data(draft.fact),
        "is_sent": is_sent,
        "as_sent": payloads.event_data(event, PublishStatus(settings.privacy.publish_status)),
        "kept_until": format_time(draft.at + timedelta(days=days)),
    }


def _tables(
    directory: Path, holder: HolderId, shown: Sequence[Mapping[str, Json]]
) -> dict[str, dict[str, Json]]:
    """Return the rows of the decision cache that know a holder, as `table/key`."""
    passes = {data.get("pass_id") for data in shown}
    return {
        f"{table}/{key}": row
        for table in (*TABLES, KEPT)
        for key, row in read_table(directory, table)
        if key == holder or row.get("holder") == holder or (table == PASSES and key in passes)
    }


# --- erased ---


def erase(path: Path, person: str | None, holder: str | None) -> dict[str, Json]:
    """Erase somebody, through the gateway if it runs; return what was erased. Raises EarlyEnd."""
    _check_one(person, holder)
    with told_plainly():
        directory = read_rules(path).settings.storage.directory
    request: dict[str, Json] = {"do": "erase"}
    request |= {"id": person} if holder is None else {"holder": holder}
    try:
        answer = ask(directory, request)
    except NotRunningError:
        found = find_holder(path, person, holder)
        answer = {"ok": True, "holder": found, **_erase_directly(directory, found).document()}
    except NoGatewayError as error:
        raise EarlyEnd(str(error), MISUSE) from error
    return {**answer, "also_in": list[Json](_also_in(directory, str(answer.get("holder"))))}


def _erase_directly(directory: Path, holder: HolderId) -> Forgotten:
    if not (directory / DATABASE_NAME).exists():
        raise EarlyEnd(f"{directory}: nothing was ever recorded here", NO)
    if directory.stat().st_uid != os.geteuid():
        raise EarlyEnd(
            f"{directory}: the gateway is not running, so that this command writes the files "
            f"itself: run it as their owner (sudo -u {directory.owner()} gatewayd privacy ...), or "
            "start the gateway first",
            MISUSE,
        )
    with told_plainly(), open_state(directory) as opened:
        return asyncio.run(_erase_from(opened, holder))


async def _erase_from(opened: Opened, holder: HolderId) -> Forgotten:
    cache, refused = opened.cache, None

    def fold(events: Sequence[Event]) -> None:
        for event in events:
            cache.apply(project(event, cache.get), event.epoch, event.seq)

    with ThreadBlocking() as blocking:
        recorder = Recorder(opened.journal, blocking, opened.clock, [fold])
        erasure = Erasure(opened.journal, cache, recorder, blocking, lambda _: None)
        async with asyncio.TaskGroup() as tasks:
            recording = tasks.create_task(recorder.run(), name="recorder")
            try:
                if found := opened.findings():
                    await recorder.record(_opened(found))
                forgotten = await erasure.erase(holder, f"uid:{os.getuid()}")
            except StorageError as error:
                refused = error
            recording.cancel()
    if refused is not None:
        raise refused
    return forgotten


def _opened(found: dict[str, Json]) -> Audit:
    return Audit(subject=AuditSubject.GATEWAY, action="opened", detail=found)
