"""Measures the decision cache beside stock TinyDB storages.

    python -m benchmarks.store [--sizes 1000,10000,100000,1000000] [--directory .] [--json FILE]

Above 100,000 rows TinyDB's own storages on disk are left out: each write of theirs writes all rows,
for 10 s and more. Each pair is measured in turns in the same run, on the disk of `--directory`.
Compare ratios: the figures themselves say more about the disk than about the code.
"""

import argparse
import json
import random
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tinydb import TinyDB
from tinydb.middlewares import CachingMiddleware
from tinydb.storages import JSONStorage, MemoryStorage

from benchmarks.measuring import beside, row, tell, timed
from gatewayd.core.folded import Change
from gatewayd.store.cache import TinyCache
from gatewayd.store.keyed_table import KeyedDB

STOCK_MAX = 100_000
EPOCH = "019abc0123450001"
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
    parser.add_argument("--sizes", default="1000,10000,100000,1000000", help="rows in the cache")
    parser.add_argument(
        "--directory", default=".", help="where to write; use the disk you ask about"
    )
    parser.add_argument("--json", help="also write the figures to this file")
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(dir=arguments.directory) as name:
        for size in (int(size) for size in arguments.sizes.split(",")):
            rows += cache(Path(name), size)
    tell(rows, arguments.json)


def cache(scratch: Path, size: int) -> Iterator[dict[str, Any]]:
    keys = [f"k1.{number:032x}" for number in range(size)]
    yield from _keyed(scratch, keys)
    yield from _apply_and_flush(scratch, keys)
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        path = Path(name) / "stock.json"
        rows = {str(number): DOCUMENT for number in range(1, size + 1)}
        path.write_text(json.dumps({"holders": rows}))
        if size <= STOCK_MAX:
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
            yield row(f"{what}: get", who, timed(lambda: table.get(doc_id=key()), 20_000))
            yield row(
                f"{what}: durable upsert", who, timed(lambda: table.put({key(): DOCUMENT}), 2000)
            )
            database.storage.clear()
            table.put(dict.fromkeys(keys, DOCUMENT))
        yield row(f"{what}: open", who, timed(lambda: KeyedDB(path).close(), 3))
        yield _memory(f"{what}: open, traced", lambda: KeyedDB(path))


def _memory(what: str, open_database: Callable[[], TinyDB]) -> dict[str, Any]:
    """Open and read, and tell what stays in memory, by the row's name."""
    tracemalloc.start()
    opened: list[TinyDB] = []

    def open_and_read() -> None:
        opened.append(open_database())
        opened[0].table("holders").get(doc_id=1)

    took = timed(open_and_read, 1)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    opened[0].close()
    return row(what, f"{held / 2**20:,.1f} MiB", took)


def _apply_and_flush(scratch: Path, keys: list[str]) -> Iterator[dict[str, Any]]:
    what, who = f"cache, {len(keys):,} rows", "TinyCache"
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        tables = TinyCache.open(Path(name))
        tables.apply([Change("holders", key, DOCUMENT) for key in keys], EPOCH, 1)
        tables.flush()

        def apply() -> None:
            tables.apply([Change("holders", random.choice(keys), DOCUMENT)], EPOCH, 2)

        yield row(f"{what}: apply", who, timed(apply, 20_000))
        tables.clear()
        tables.apply([Change("holders", key, DOCUMENT) for key in keys], EPOCH, 1)
        applied, flushed = beside(tables.flush, apply)
        yield row(f"{what}: snapshot in a thread", who, flushed)
        yield row(f"{what}: apply meanwhile", who, applied)
        tables.close()


def _stock(who: str, open_database: Callable[[], TinyDB], size: int) -> Iterator[dict[str, Any]]:
    what = f"cache, {size:,} rows"
    count = max(3, min(200, 200_000 // size))
    opened = []

    def open_and_read() -> None:
        opened.append(open_database())
        len(opened[-1].table("holders"))

    yield row(f"{what}: open", who, timed(open_and_read, 1))
    table = opened[0].table("holders")
    key = iter(random.choices(range(1, size + 1), k=1000)).__next__
    yield row(f"{what}: get", who, timed(lambda: table.get(doc_id=key()), count))
    yield row(
        f"{what}: durable upsert" if who == "JSONStorage" else f"{what}: upsert, not durable",
        who,
        timed(lambda: table.update(DOCUMENT, doc_ids=[key()]), count),
    )
    opened[0].close()
    if who == "Caching":
        yield _memory(f"{what}: open, traced, {who}", open_database)


if __name__ == "__main__":
    main()
