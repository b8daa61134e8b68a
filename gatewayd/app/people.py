"""Who is inside, and what a day was like, from the records of a site."""

import csv
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from gatewayd.app.errors import MISUSE, NO, EarlyEnd, told_plainly
from gatewayd.app.key_files import read_or_make_privacy_key
from gatewayd.app.records import read_drafts
from gatewayd.app.site import Rules, read_rules
from gatewayd.app.storage_directory import storage_directory
from gatewayd.core.muster import FrozenMuster, Muster, call_muster
from gatewayd.core.passes import BADGES_MAX, badge_subject
from gatewayd.core.pseudonym import Namespace, Pseudonyms
from gatewayd.core.reasons import Locale
from gatewayd.core.recap import Recap, day_bounds
from gatewayd.core.recount import Recount
from gatewayd.core.without_app import WithoutApp, came_without_app
from gatewayd.core.words import HolderId
from gatewayd.runtime.clock import SystemClock

NAMES_MAX = 250_000  # As many as a roster may have.


@dataclass(frozen=True, slots=True)
class Place:
    """What a list says of the site that it is of."""

    name: str
    zone: ZoneInfo
    locale: Locale


def place(path: Path) -> Place:
    with told_plainly():
        site = read_rules(path).settings.site
    return Place(site.name, ZoneInfo(site.timezone), Locale(site.locale))


def muster_at(path: Path, at: datetime) -> Muster:
    """Return who was inside at a time."""
    recount = Recount()
    for draft in read_drafts(storage_directory(path)):
        if draft.at <= at:  # Records that a controller told late are not in order.
            recount.fold(draft)
    return call_muster(recount, at)


def frozen_muster(path: Path, alarms: Collection[str]) -> Muster:
    """Return who was inside when the last of these alarms began. Raises EarlyEnd if none did."""
    frozen = FrozenMuster(alarms)
    for draft in read_drafts(storage_directory(path)):
        frozen.fold(draft)
    if frozen.taken is None:
        known = ", ".join(sorted(alarms))
        raise EarlyEnd(f"no alarm of these is in the records: {known}; leave --frozen out", NO)
    return frozen.taken


def read_badges(path: Path) -> Mapping[HolderId, int]:
    """Return the pseudonyms of the numbered guest badges; none without the privacy key."""
    with told_plainly():
        key_file = read_rules(path).settings.privacy.key_file
        if not key_file.exists():
            return {}
        pseudonyms = Pseudonyms(read_or_make_privacy_key(key_file))
    return badges_of(pseudonyms)


def badges_of(pseudonyms: Pseudonyms) -> Mapping[HolderId, int]:
    """Return the numbers of all badges by what they are called in the records."""
    return {
        pseudonyms.of(Namespace.PERSON, badge_subject(number)): number
        for number in range(1, BADGES_MAX + 1)
    }


@dataclass(frozen=True, slots=True)
class Day:
    """A day at the gate, from its first moment on. limit: how many could be inside, None any."""

    rules: Rules
    begins: datetime
    ends: datetime

    @property
    def limit(self) -> int | None:
        return self.rules.policy.at(self.begins).capacity.total


def day_at_gate(path: Path, day: date | None) -> Day:
    """Return a day; today by default."""
    with told_plainly():
        rules = read_rules(path)
    zone = ZoneInfo(rules.settings.site.timezone)
    first = day or SystemClock().utc().astimezone(zone).date()
    return Day(rules, *day_bounds(first, zone))


def recap_day(day: Day) -> Recap:
    """Return what a day was like, in numbers."""
    recap = Recap(day.begins, day.ends, day.rules.policy.zone)
    for draft in read_drafts(day.rules.settings.storage.directory):
        if draft.at < day.ends:
            recap.fold(draft)
    return recap


def staff_without_app(day: Day) -> list[WithoutApp]:
    """Return who of the staff came in on that day without a code of their own."""
    staff = day.rules.policy.at(day.begins).staff_categories
    directory = day.rules.settings.storage.directory
    found = [
        came_without_app(draft, staff)
        for draft in read_drafts(directory)
        if day.begins <= draft.at < day.ends
    ]
    return [one for one in found if one is not None]


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
