"""What a run holds open: its stores, its clock, and the socket that it is asked through."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatewayd.app.chance import SystemChance
from gatewayd.app.control_client import SOCKET_NAME
from gatewayd.app.errors import NO, EarlyEnd
from gatewayd.app.key_files import read_or_make_checkpoint_key
from gatewayd.core.projection import project
from gatewayd.core.words import ClockQuality, Json
from gatewayd.runtime.clock import SystemClock
from gatewayd.runtime.control import listen
from gatewayd.runtime.timekeeping import SiteClock, System
from gatewayd.store.accounts import AccountFile
from gatewayd.store.cache import TinyCache
from gatewayd.store.clock_note import read_clock_note
from gatewayd.store.journal import SqliteJournal
from gatewayd.store.state_directory import state_directory

RUN_BYTES = 6  # Tells one run of a gateway from another.
PAGE_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Opened:
    """checkpoint_key: signs checkpoints of the journal."""

    run: str
    directory: Path
    journal: SqliteJournal
    cache: TinyCache
    control: socket.socket
    clock: SiteClock
    checkpoint_key: Ed25519PrivateKey
    accounts: AccountFile

    def findings(self) -> dict[str, Json]:
        """Return what was not as it was left, for the records."""
        report = self.journal.report
        told: dict[str, Json] = {}
        if report.reason:
            told["new_epoch"] = report.reason
        if report.moved_aside is not None:
            told["moved_aside"] = report.moved_aside.name
        if self.accounts.moved_aside is not None:
            told["accounts_moved_aside"] = self.accounts.moved_aside.name
        if self.cache.damage:
            told["cache_rebuilt"] = self.cache.damage
        return told


@contextmanager
def open_state(directory: Path) -> Iterator[Opened]:
    """Open everything in the state directory for this process alone.

    Raises StorageError, KeyFileError and EarlyEnd.
    """
    chance, system = SystemChance(), SystemClock()
    run = chance.token(RUN_BYTES).hex()
    with state_directory(directory):
        noted = read_clock_note(directory)
        epoch_ms = round(max(system.utc(), noted or system.utc()).timestamp() * 1000)
        with (
            closing(SqliteJournal.open(directory, run, epoch_ms, chance.token)) as journal,
            closing(TinyCache.open(directory)) as cache,
            closing(_listen(directory / SOCKET_NAME)) as control,
        ):
            catch_up(cache, journal)
            clock = site_clock(system, noted, journal)
            key = read_or_make_checkpoint_key(directory)
            accounts = AccountFile.open(directory)
            try:
                yield Opened(run, directory, journal, cache, control, clock, key, accounts)
            finally:
                (directory / SOCKET_NAME).unlink(missing_ok=True)


def site_clock(system: System, noted: datetime | None, journal: SqliteJournal) -> SiteClock:
    """Return the clock of a run; `noted`: what the clock note says."""
    known = [at for at in (noted, _last_time(journal)) if at is not None]
    return SiteClock(system, max(known, default=None), is_noted=noted is not None)


def catch_up(cache: TinyCache, journal: SqliteJournal) -> None:
    """Fold into the tables what the journal has, of all epochs, and a crash kept out of them."""
    position = journal.place(*cache.folded())
    while events := journal.read_from(position, PAGE_ROWS):
        for event in events:
            cache.apply(project(event, cache.get), event.epoch, event.seq)
        position = journal.place(*cache.folded())


def _last_time(journal: SqliteJournal) -> datetime | None:
    """Return the time of the newest event of when the clock was to be believed, of a page."""
    newest = journal.place(journal.epoch, journal.head())
    for count in (1, PAGE_ROWS):  # As a rule the newest is one.
        for event in reversed(journal.read_from(max(0, newest - count), count)):
            if event.draft.clock is not ClockQuality.UNSYNCED:
                return event.draft.at
    return None


def _listen(path: Path) -> socket.socket:
    try:
        return listen(path)
    except OSError as error:
        raise EarlyEnd(
            f"{path}: the control socket cannot be made: {error}; a socket's path has at most 107 "
            "characters, and its directory must be writable",
            NO,
        ) from error
