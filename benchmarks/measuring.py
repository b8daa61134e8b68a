"""Times calls, alone, in turns and beside each other, and tells the figures in lines."""

import gc
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Figures = dict[str, float]


def row(what: str, who: str, timings_us: list[float]) -> dict[str, Any]:
    return {"what": what, "who": who, **percentiles(timings_us)}


def percentiles(timings_us: list[float]) -> Figures:
    ordered = sorted(timings_us)
    last = len(ordered) - 1
    return {
        "p50_us": ordered[last // 2],
        "p99_us": ordered[round(last * 0.99)],
        "max_us": ordered[last],
        "mean_us": sum(ordered) / len(ordered),
    }


def timed(call: Callable[[], object], count: int) -> list[float]:
    """Return the microseconds of each of `count` calls."""
    gc.collect()
    return [timed_once(call) for _ in range(count)]


def timed_once(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1e6


def in_turns(calls: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Figures]:
    """Time several calls one after the other, so that what disturbs one disturbs all."""
    timings: dict[str, list[float]] = {who: [] for who in calls}
    for _ in range(rounds):
        for who, call in calls.items():
            timings[who].append(timed_once(call))
    return {who: percentiles(each) for who, each in timings.items()}


@contextmanager
def repeated(load: Callable[[], object]) -> Iterator[None]:
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


def beside(
    slow: Callable[[], object], quick: Callable[[], object]
) -> tuple[list[float], list[float]]:
    """Run `slow` once in a thread; return the timings of `quick` meanwhile, and of `slow`."""
    slow_us: list[float] = []
    thread = threading.Thread(target=lambda: slow_us.append(timed_once(slow)))
    quick_us = []
    thread.start()
    while thread.is_alive():
        quick_us.append(timed_once(quick))
    thread.join()
    return quick_us or [0.0], slow_us


def line(row: Mapping[str, Any]) -> str:
    rate = f"{row['events_per_s']:>10,.0f}/s" if "events_per_s" in row else ""
    ratio = f"{row['times_raw']:>6.2f}x" if "times_raw" in row else ""
    return (
        f"{row['what']:<44}{row['who']:<32}p50 {row['p50_us']:>11,.1f}  p99 {row['p99_us']:>11,.1f}"
        f"  max {row['max_us']:>11,.1f} us{rate}{ratio}"
    )


def tell(rows: Sequence[Mapping[str, Any]], file: str | None) -> None:
    """Print the rows, and write them to a JSON file too."""
    for each in rows:
        print(line(each))
    if file:
        Path(file).write_text(json.dumps(rows, indent=1) + "\n")
