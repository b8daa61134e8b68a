"""`python -m tests.sim`: plays seeds, and says which promise broke where.

    python -m tests.sim --seeds 1000          the seeds that once failed, then 1 to 1000
    python -m tests.sim --seeds 50 --start 7  the same with 7 to 56
    python -m tests.sim --seed 41 --trace     one seed, and all that was seen in it

Exit code 1 if a promise was broken, or if a sample of at least 100 seeds missed a mark (300: a rare
one): a place that no seed reaches is not tested, whatever the result says.
"""

import argparse
import sys
import time
from contextlib import closing

from tests.sim.promises import Breach, broken
from tests.sim.sample import Sample, play, play_all, regressions
from tests.sim.world import run_seed

FAILED_MAX = 5  # So many failed seeds are enough to look at; the rest of the sample is not played.


def main() -> int:
    asked = _ask()
    if asked.seed is None:
        return _sample(range(asked.start, asked.start + asked.seeds))
    return _trace(asked.seed) if asked.trace else _one(asked.seed)


def _ask() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.sim",
        description="Plays the gateway in simulated worlds where everything goes wrong.",
    )
    parser.add_argument("--seeds", type=int, default=100, help="how many seeds (100)")
    parser.add_argument("--start", type=int, default=1, help="the first of them (1)")
    parser.add_argument("--seed", type=int, help="play this seed alone")
    parser.add_argument("--trace", action="store_true", help="with --seed: show all that was seen")
    asked = parser.parse_args()
    if asked.trace and asked.seed is None:
        parser.error("--trace needs --seed: whose story shall be told?")
    return asked


def _sample(seeds: range) -> int:
    begun_s = time.perf_counter()
    sample = Sample()
    again = [seed for seed in regressions() if seed not in seeds]
    with closing(play_all([*again, *seeds])) as outcomes:
        for outcome in outcomes:
            sample.add(outcome)
            if outcome.breaches:
                _tell_failed(outcome.seed, outcome.breaches)
            if len(sample.failed) >= FAILED_MAX:
                print(f"{FAILED_MAX} seeds failed: the rest is not played")
                return 1
    takes_s = time.perf_counter() - begun_s
    for name, count in sorted(sample.reached.items(), key=lambda item: -item[1]):
        print(f"{count:6} of {sample.seeds} seeds: {name}")
    missed = sample.missed()
    for name in missed:
        print(f"MISSED: no seed reached {name!r}; does the simulation still try it?")
    print(
        f"{sample.seeds} seeds ({seeds.start} to {seeds.stop - 1}, and {len(again)} more that once "
        f"failed), {sample.moments} moments in {takes_s:.0f} s: {len(sample.failed)} "
        f"broke a promise, {len(missed)} marks missed"
    )
    return 1 if sample.failed or missed else 0


def _one(seed: int) -> int:
    outcome = play(seed)
    if outcome.breaches:
        _tell_failed(seed, outcome.breaches)
        return 1
    print(f"seed {seed}: every promise kept, in {outcome.moments} moments")
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
