"""Measures the stores: durable appends beside raw SQLite, the cache beside stock TinyDB storages.

    python benchmarks/store.py [--sizes 1000,10000,100000] [--directory .] [--json store.json]

Each pair is measured in turns in the same run, on the disk of `--directory`. Compare ratios: the
figures themselves say more about the disk than about the code.
"""

import argparse
import gc
import json
import os
import random
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tinydb import TinyDB
from tinydb.middlewares import CachingMiddleware
from tinydb.storages import JSONStorage, MemoryStorage

from gatewayd.core.events import Access, AccessOutcome, Draft, dump_draft
from gatewayd.core.projection import Change
from gatewayd.core.words import Direction, GrantId, HolderId, LaneId, Status
from gatewayd.store.cache import TinyCache
from gatewayd.store.journal import SqliteJournal
from gatewayd.store.keyed_table import KeyedDB

Figures = dict[str, float]
EPOCH = "019abc0123450001"
AT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
DOCUMENT = {
    "category": "visitor",
    "status": "green",
    "status_until": "2026-11-23T08:30:00.000Z",
    "reason": "ok",
    "policy": ["national@12", "site@3"],
    "inside_since": "2026-11-22T08:30:00.000Z",
    "lane": "lane-1",
    "grant": "b" * 32,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="1000,10000,100000", help="rows in the cache")
    parser.add_argument(
        "--directory", default=".", help="where to write; use the disk you ask about"
    )
    parser.add_argument("--json", help="also write the figures to this file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.directory) as name:
        scratch = Path(name)
        rows = [*append(scratch), *commit_under_load(scratch)]
        for size in (int(size) for size in arguments.sizes.split(",")):
            rows += cache(scratch, size)
    for row in rows:
        print(_line(row))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(rows, indent=1) + "\n")


# --- journal -------------------------------------------------------------------------------------


def append(scratch: Path) -> Iterator[dict[str, Any]]:
    """Durable appends in groups: the journal, and raw SQLite given the same bodies ready-made."""
    for group in (1, 10, 100):
        with _journal(scratch) as journal, _raw_sqlite(scratch) as raw:
            drafts = [(_draft(n), float(n)) for n in range(group)]
            bodies = [(dump_draft(draft),) for draft, _ in drafts]

            def raw_encoding(raw: sqlite3.Connection = raw, drafts: list[Any] = drafts) -> None:
                _raw_commit(raw, [(dump_draft(draft),) for draft, _ in drafts])

            calls: dict[str, Callable[[], object]] = {
                "raw SQLite FULL": lambda raw=raw, bodies=bodies: _raw_commit(raw, bodies),
                "raw SQLite FULL, encoding too": raw_encoding,
                "journal": lambda journal=journal, drafts=drafts: journal.commit(drafts),
            }
            timings = _in_turns(calls, 3000 if group == 1 else 300)
            base = timings["raw SQLite FULL"]["p50_us"]
            for who, figures in timings.items():
                rate = {"events_per_s": group / figures["mean_us"] * 1e6}
                ratio = {"times_raw": figures["p50_us"] / base}
                yield {"what": f"append, groups of {group}", "who": who, **figures, **rate, **ratio}


def commit_under_load(scratch: Path) -> Iterator[dict[str, Any]]:
    """Single commits alone, while receipts are stored, and while the journal is read."""
    with _journal(scratch) as journal:
        journal.commit([(_draft(n), float(n)) for n in range(20_000)])
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
            with _repeated(load):
                figures = _percentiles(_timed(lambda: journal.commit([(_draft(1), 1.0)]), 1500))
            yield {"what": "one commit", "who": who, **figures}


def _draft(number: int) -> Draft:
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


# --- cache ---------------------------------------------------------------------------------------


def cache(scratch: Path, size: int) -> Iterator[dict[str, Any]]:
    keys = [f"k1.{number:032x}" for number in range(size)]
    yield from _keyed(scratch, keys)
    yield from _apply_and_flush(scratch, keys)
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        path = Path(name) / "stock.json"
        rows = {str(number): DOCUMENT for number in range(1, size + 1)}
        path.write_text(json.dumps({"holders": rows}))
        yield from _stock("JSONStorage", lambda: TinyDB(path), size)
        yield from _stock(
            "Caching", lambda: TinyDB(path, storage=CachingMiddleware(JSONStorage)), size
        )
        memory = TinyDB(storage=MemoryStorage)
        memory.storage.write({"holders": rows})
        yield from _stock("Memory (keeps nothing)", lambda: memory, size)


def _keyed(scratch: Path, keys: list[str]) -> Iterator[dict[str, Any]]:
    what, who = f"cache, {len(keys):,} rows", "keyed storage"
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        path = Path(name) / "cache"
        with KeyedDB(path) as database:
            table = database.table("holders")
            for start in range(0, len(keys), 1000):
                table.put(dict.fromkeys(keys[start : start + 1000], DOCUMENT))
            key = iter(random.choices(keys, k=30_000)).__next__
            yield _row(f"{what}: get", who, _timed(lambda: table.get(doc_id=key()), 20_000))
            yield _row(
                f"{what}: durable upsert", who, _timed(lambda: table.put({key(): DOCUMENT}), 2000)
            )
            database.storage.clear()
            table.put(dict.fromkeys(keys, DOCUMENT))
        yield _row(f"{what}: open", who, _timed(lambda: KeyedDB(path).close(), 3))


def _apply_and_flush(scratch: Path, keys: list[str]) -> Iterator[dict[str, Any]]:
    what, who = f"cache, {len(keys):,} rows", "TinyCache"
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        tables = TinyCache.open(Path(name))
        tables.apply([Change("holders", key, DOCUMENT) for key in keys], EPOCH, 1)
        tables.flush()

        def apply() -> None:
            tables.apply([Change("holders", random.choice(keys), DOCUMENT)], EPOCH, 2)

        yield _row(f"{what}: apply", who, _timed(apply, 20_000))
        tables.clear()
        tables.apply([Change("holders", key, DOCUMENT) for key in keys], EPOCH, 1)
        applied, flushed = _beside(tables.flush, apply)
        yield _row(f"{what}: snapshot in a thread", who, flushed)
        yield _row(f"{what}: apply meanwhile", who, applied)
        tables.close()


def _stock(who: str, open_database: Callable[[], TinyDB], size: int) -> Iterator[dict[str, Any]]:
    what = f"cache, {size:,} rows"
    count = max(3, min(200, 200_000 // size))
    opened = []

    def open_and_read() -> None:
        opened.append(open_database())
        len(opened[-1].table("holders"))

    yield _row(f"{what}: open", who, _timed(open_and_read, 1))
    table = opened[0].table("holders")
    key = iter(random.choices(range(1, size + 1), k=1000)).__next__
    yield _row(f"{what}: get", who, _timed(lambda: table.get(doc_id=key()), count))
    yield _row(
        f"{what}: durable upsert" if who == "JSONStorage" else f"{what}: upsert, not durable",
        who,
        _timed(lambda: table.update(DOCUMENT, doc_ids=[key()]), count),
    )
    opened[0].close()


# --- measuring -----------------------------------------------------------------------------------


def _row(what: str, who: str, timings_us: list[float]) -> dict[str, Any]:
    return {"what": what, "who": who, **_percentiles(timings_us)}


def _percentiles(timings_us: list[float]) -> Figures:
    ordered = sorted(timings_us)
    last = len(ordered) - 1
    return {
        "p50_us": ordered[last // 2],
        "p99_us": ordered[round(last * 0.99)],
        "max_us": ordered[last],
        "mean_us": sum(ordered) / len(ordered),
    }


def _timed(call: Callable[[], object], count: int) -> list[float]:
    """Return the microseconds of each of `count` calls."""
    gc.collect()
    return [_timed_once(call) for _ in range(count)]


def _timed_once(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1e6


def _in_turns(calls: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Figures]:
    """Time several calls one after the other, so that what disturbs one disturbs all."""
    timings: dict[str, list[float]] = {who: [] for who in calls}
    for _ in range(rounds):
        for who, call in calls.items():
            timings[who].append(_timed_once(call))
    return {who: _percentiles(each) for who, each in timings.items()}


@contextmanager
def _repeated(load: Callable[[], object]) -> Iterator[None]:
    """Run `load` again and again in a thread until the end of the block."""
    is_over = threading.Event()

    def repeat() -> None:
        while not is_over.is_set():
            load()

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _beside(
    slow: Callable[[], object], quick: Callable[[], object]
) -> tuple[list[float], list[float]]:
    """Run `slow` once in a thread; return the timings of `quick` meanwhile, and of `slow`."""
    slow_us: list[float] = []
    thread = threading.Thread(target=lambda: slow_us.append(_timed_once(slow)))
    quick_us = []
    thread.start()
    while thread.is_alive():
        quick_us.append(_timed_once(quick))
    thread.join()
    return quick_us or [0.0], slow_us


def _line(row: Mapping[str, Any]) -> str:
    rate = f"{row['events_per_s']:>10,.0f}/s" if "events_per_s" in row else ""
    ratio = f"{row['times_raw']:>6.2f}x" if "times_raw" in row else ""
    return (
        f"{row['what']:<44}{row['who']:<32}p50 {row['p50_us']:>11,.1f}  p99 {row['p99_us']:>11,.1f}"
        f"  max {row['max_us']:>11,.1f} us{rate}{ratio}"
    )


if __name__ == "__main__":
    main()
