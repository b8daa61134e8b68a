"""Who is inside, and what a day was like, from the records of a site."""

import csv
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from gatewayd.app.errors import MISUSE, EarlyEnd, told_plainly
from gatewayd.app.key_files import read_or_make_privacy_key
from gatewayd.app.records import read_drafts
from gatewayd.app.site import read_rules
from gatewayd.core.pseudonym import Namespace, Pseudonyms
from gatewayd.core.recap import Recap
from gatewayd.core.recount import Recount
from gatewayd.core.words import HolderId
from gatewayd.runtime.clock import SystemClock

NAMES_MAX = 250_000  # As many as a roster may have.


def count_again(path: Path, at: datetime) -> tuple[Recount, ZoneInfo]:
    """Return who was inside at a time, and the zone of the gate."""
    with told_plainly():
        settings = read_rules(path).settings
    recount = Recount()
    for draft in read_drafts(settings.storage.directory):
        if draft.at > at:
            break
        recount.fold(draft)
    return recount, ZoneInfo(settings.site.timezone)


def recap_day(path: Path, day: date | None) -> Recap:
    """Return the recap of a day at the gate; today by default."""
    with told_plainly():
        settings = read_rules(path).settings
    zone = ZoneInfo(settings.site.timezone)
    first = day or SystemClock().utc().astimezone(zone).date()
    begins = datetime.combine(first, time.min, tzinfo=zone)
    ends = datetime.combine(first + timedelta(days=1), time.min, tzinfo=zone)
    recap = Recap(begins, ends, zone)
    for draft in read_drafts(settings.storage.directory):
        if draft.at >= ends:
            break
        recap.fold(draft)
    return recap


def read_names(path: Path, names: Path) -> Mapping[HolderId, str]:
    """Read the site's own list `id,name`, which stays in memory. Raises EarlyEnd."""
    with told_plainly():
        settings = read_rules(path).settings
        if not settings.privacy.key_file.exists():
            raise EarlyEnd(f"{settings.privacy.key_file}: no privacy key; run the gateway first", 1)
        pseudonyms = Pseudonyms(read_or_make_privacy_key(settings.privacy.key_file))
    with names.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        return {pseudonyms.of(Namespace.PERSON, one): name for one, name in _rows(names, file)}


def _rows(path: Path, file: Iterator[str]) -> Iterator[tuple[str, str]]:
    table = csv.DictReader(file)
    if not {"id", "name"} <= set(table.fieldnames or ()):
        raise EarlyEnd(f"{path}: expected a header with id and name", MISUSE)
    for number, row in enumerate(table, 1):
        if number > NAMES_MAX:
            raise EarlyEnd(f"{path}: expected at most {NAMES_MAX} rows", MISUSE)
        yield (row["id"] or "").strip(), (row["name"] or "").strip()
