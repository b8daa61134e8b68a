"""`python -m tests.sim`: plays seeds, and says which promise broke where.

    python -m tests.sim --seeds 1000          the seeds that are kept, then 1 to 1000
    python -m tests.sim --seeds 50 --start 7  the same with 7 to 56
    python -m tests.sim --within-s 300 --seeds-min 300    as many as fit five minutes
    python -m tests.sim --seed 41             one seed, and the digest of its story
    python -m tests.sim --seed 41 --trace     one seed, and all that was seen in it
    python -m tests.sim --list                the promises, and the marks

Exit code 1 if a promise was broken, if fewer seeds than asked for fit the time, or if a sample of at
least 100 seeds missed a mark (300: a rare one): what no seed reaches is not tested, whatever the
result says.
"""

import argparse
import itertools
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import closing

from tests.sim.marks import MARKS, RARE
from tests.sim.promises import PROMISES, Breach, broken, in_words
from tests.sim.sample import PROCESSES_MAX, Sample, play, play_all, regressions
from tests.sim.world import run_seed

FAILED_MAX = 5  # So many failed seeds are enough to look at; the rest of the sample is not played.
TOLD_EACH = 500  # Seeds: whoever waits an hour wants to know that it goes on.


def main() -> int:
    asked = _ask()
    if asked.list:
        return _list()
    if asked.seed is not None:
        return _trace(asked.seed) if asked.trace else _one(asked.seed)
    if asked.within_s is None:
        return sample(range(asked.start, asked.start + asked.seeds), asked.seeds, Sample())
    found = Sample()
    seeds = within(itertools.count(asked.start), asked.within_s, asked.seeds_min, found)
    return sample(seeds, asked.seeds_min, found)


def _ask() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.sim",
        description="Plays the gateway in simulated worlds where everything goes wrong.",
    )
    parser.add_argument("--seeds", type=int, default=100, help="how many seeds (100)")
    parser.add_argument("--start", type=int, default=1, help="the first of them (1)")
    parser.add_argument("--within-s", type=float, help="instead of --seeds: as many as fit")
    parser.add_argument("--seeds-min", type=int, default=1, help="fewer in that time are a failure")
    parser.add_argument("--seed", type=int, help="play this seed alone")
    parser.add_argument("--trace", action="store_true", help="with --seed: show all that was seen")
    parser.add_argument("--list", action="store_true", help="name the promises and the marks")
    asked = parser.parse_args()
    if asked.trace and asked.seed is None:
        parser.error("--trace needs --seed: whose story shall be told?")
    return asked


def within(seeds: Iterable[int], seconds: float, seeds_min: int, found: Sample) -> Iterator[int]:
    """Yield as many as fit the time.

    Where others have the machine as well, it goes on until there are enough, or until the sample has
    had as much of the processors as if it had been alone for that time.
    """
    end_s = time.perf_counter() + seconds
    for count, seed in enumerate(seeds):
        is_enough = count >= seeds_min or found.cpu_s >= PROCESSES_MAX * seconds
        if is_enough and time.perf_counter() >= end_s:
            return
        yield seed


def sample(seeds: Iterable[int], seeds_min: int, found: Sample) -> int:
    """Play and tell; return the exit code."""
    begun_s = time.perf_counter()
    again = regressions()
    with closing(play_all(itertools.chain(again, seeds))) as outcomes:
        for outcome in outcomes:
            found.add(outcome)
            if outcome.breaches:
                _tell_failed(outcome.seed, outcome.breaches)
            if len(found.failed) >= FAILED_MAX:
                print(f"{FAILED_MAX} seeds failed: the rest is not played")
                return 1
            if found.seeds % TOLD_EACH == 0:
                print(f"{found.seeds} seeds, {time.perf_counter() - begun_s:.0f} s", flush=True)
    _tell_marks(found)
    missed = found.missed()
    print(
        f"{found.seeds} seeds (the last: {outcome.seed}; {len(again)} of them are kept ones), "
        f"{found.moments} moments in {found.virtual_s / 3600:.1f} virtual hours, played in "
        f"{time.perf_counter() - begun_s:.0f} s: {len(found.failed)} broke a promise, "
        f"{len(missed)} marks missed"
    )
    is_short = found.seeds - len(again) < seeds_min
    if is_short:
        print(f"TOO FEW: {seeds_min} seeds should have fitted the time: what has become slower?")
    return 1 if found.failed or missed or is_short else 0


def _tell_marks(found: Sample) -> None:
    """Print a table in Markdown: docs/reliability.md shows that of a large sample."""
    print(f"| mark | of {found.seeds} seeds | times |\n|---|---|---|")
    for name, count in sorted(found.reached.items(), key=lambda item: (-item[1], item[0])):
        print(f"| {_starred(name)} | {count} | {found.times[name]} |")
    for name in found.missed():
        print(f"MISSED: no seed reached {name!r}; does the simulation still try it?")


def _one(seed: int) -> int:
    outcome = play(seed)
    if outcome.breaches:
        _tell_failed(seed, outcome.breaches)
        return 1
    print(f"seed {seed}: every promise kept, in {outcome.moments} moments; digest {outcome.digest}")
    return 0


def _trace(seed: int) -> int:
    story = run_seed(seed)
    for line in story.lines():
        print(line)
    print(story.left)
    breaches = broken(story)
    for breach in breaches:
        _tell(breach)
    return 1 if breaches else 0


def _list() -> int:
    print(f"{len(PROMISES)} promises, each checked in every seed:")
    for promise in PROMISES:
        print(f"- {in_words(promise)}")
    print(f"{len(MARKS)} marks, each to be reached by one of 100 seeds, * of 300:")
    for name in MARKS:
        print(f"- {_starred(name)}")
    return 0


def _starred(mark: str) -> str:
    return f"{mark} *" if mark in RARE else mark


def _tell_failed(seed: int, breaches: tuple[Breach, ...]) -> None:
    """Tell the first breach of each promise: those behind it mostly follow from it."""
    print(f"FAILED: seed {seed}; its story: python -m tests.sim --seed {seed} --trace")
    first: dict[str, Breach] = {}
    for breach in breaches:
        first.setdefault(breach.promise, breach)
    for breach in first.values():
        _tell(breach)
    print(f"  ({len(breaches)} breaches in all)", flush=True)


def _tell(breach: Breach) -> None:
    print(f"  {breach.at_s:.4f} s: BROKEN: {breach.promise}: {breach.how}")


if __name__ == "__main__":
    sys.exit(main())
