"""Measures the journal: durable appends beside raw SQLite, under load, and with a long backlog.

    python -m benchmarks.journal [--backlog 1000000] [--directory .] [--json journal.json]

Those that are compared are measured in turns in the same run, on the disk of `--directory`. Compare
ratios: the figures themselves say more about the disk than about the code.
"""

import argparse
import os
import sqlite3
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.measuring import in_turns, percentiles, repeated, row, tell, timed, timed_once
from gatewayd.core.events import Access, AccessOutcome, Draft, dump_draft
from gatewayd.core.words import Direction, GrantId, HolderId, LaneId, Status
from gatewayd.store.journal import SqliteJournal
from gatewayd.store.journal_verify import verify

AT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
PAGE_COUNT = 100  # As the backfill reads.


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backlog", type=int, default=1_000_000, help="events that wait")
    parser.add_argument(
        "--directory", default=".", help="where to write; use the disk you ask about"
    )
    parser.add_argument("--json", help="also write the figures to this file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.directory) as name:
        scratch = Path(name)
        rows = [*append(scratch), *commit_under_load(scratch), *backlog(scratch, arguments.backlog)]
    tell(rows, arguments.json)


def append(scratch: Path) -> Iterator[dict[str, Any]]:
    """Durable appends in groups: the journal, and raw SQLite given the same bodies ready-made."""
    for group in (1, 10, 100):
        with _journal(scratch) as journal, _raw_sqlite(scratch) as raw:
            drafts = [(a_verdict(n), float(n)) for n in range(group)]
            bodies = [(dump_draft(draft),) for draft, _ in drafts]

            def raw_encoding(raw: sqlite3.Connection = raw, drafts: list[Any] = drafts) -> None:
                _raw_commit(raw, [(dump_draft(draft),) for draft, _ in drafts])

            calls: dict[str, Callable[[], object]] = {
                "raw SQLite FULL": lambda raw=raw, bodies=bodies: _raw_commit(raw, bodies),
                "raw SQLite FULL, encoding too": raw_encoding,
                "journal": lambda journal=journal, drafts=drafts: journal.commit(drafts),
            }
            timings = in_turns(calls, 3000 if group == 1 else 300)
            base = timings["raw SQLite FULL"]["p50_us"]
            for who, figures in timings.items():
                rate = {"events_per_s": group / figures["mean_us"] * 1e6}
                ratio = {"times_raw": figures["p50_us"] / base}
                yield {"what": f"append, groups of {group}", "who": who, **figures, **rate, **ratio}


def commit_under_load(scratch: Path) -> Iterator[dict[str, Any]]:
    """Single commits alone, while receipts are stored, and while the journal is read."""
    with _journal(scratch) as journal:
        journal.commit([(a_verdict(n), float(n)) for n in range(20_000)])
        seqs = iter(range(1, 20_000))
        loads: dict[str, Callable[[], object]] = {
            "alone": lambda: time.sleep(0.005),
            "beside receipts, 20 every 5 ms": lambda: (
                journal.confirm([next(seqs, 1) for _ in range(20)]),
                time.sleep(0.005),
            ),
            "beside a reader, 500 at a time": lambda: journal.read(0, 500),
        }
        for who, load in loads.items():
            with repeated(load):
                figures = percentiles(timed(lambda: journal.commit([(a_verdict(1), 1.0)]), 1500))
            yield {"what": "one commit", "who": who, **figures}


def a_verdict(number: int) -> Draft:
    fact = Access(
        outcome=AccessOutcome.ADMITTED,
        lane=LaneId("lane-1"),
        direction=Direction.ENTRY,
        reason="ok",
        source="gateway",
        kind="pass",
        holder=HolderId("k1." + "a" * 32),
        category="visitor",
        status=Status.GREEN,
        grant=GrantId("b" * 32),
        policy=("national@12", "site@3"),
        latency_us=number,
    )
    return Draft(fact, AT)


@contextmanager
def _journal(scratch: Path) -> Iterator[SqliteJournal]:
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        journal = SqliteJournal.open(Path(name), "run-1", 1_800_000_000_000, os.urandom)
        yield journal
        journal.close()


@contextmanager
def _raw_sqlite(scratch: Path) -> Iterator[sqlite3.Connection]:
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        raw = sqlite3.connect(Path(name) / "raw.db", isolation_level=None)
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute("PRAGMA synchronous = FULL")
        raw.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, body BLOB NOT NULL)")
        yield raw
        raw.close()


def _raw_commit(raw: sqlite3.Connection, bodies: list[tuple[bytes]]) -> None:
    raw.execute("BEGIN IMMEDIATE")
    raw.executemany("INSERT INTO events (body) VALUES (?)", bodies)
    raw.execute("COMMIT")


def backlog(scratch: Path, count: int) -> Iterator[dict[str, Any]]:
    """Measure what a backlog of `count` events costs: time and memory, where it could grow."""
    what = f"backlog of {count:,}"
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        directory = Path(name)
        journal = _open(directory)
        yield row(f"{what}: append, empty", "journal", timed(lambda: _append(journal, 1), 500))
        while journal.head() < count:
            _append(journal, 1000)
        yield row(f"{what}: append, full", "journal", timed(lambda: _append(journal, 1), 500))
        seqs = iter(range(0, count, max(1, count // 200)))
        tracemalloc.start()
        pages = timed(lambda: journal.read(next(seqs), PAGE_COUNT), 200)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        yield row(f"{what}: page of {PAGE_COUNT} anywhere", f"peak {peak // 1024} KiB", pages)
        journal.close()
        yield row(f"{what}: start", "journal", [timed_once(lambda: _open(directory).close())])
        tracemalloc.start()
        seconds = timed_once(lambda: verify(directory)) / 1e6
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        proof = row(f"{what}: verify, traced", f"peak {peak // 1024} KiB", [seconds * 1e6])
        yield {**proof, "events_per_s": count / seconds}


def _append(journal: SqliteJournal, count: int) -> None:
    journal.commit([(a_verdict(number), float(number)) for number in range(count)])


def _open(directory: Path) -> SqliteJournal:
    return SqliteJournal.open(directory, "run-1", 1_800_000_000_000, os.urandom)


if __name__ == "__main__":
    main()
