"""Many seeds at once: plays them in several processes, and adds up what they found."""

import gc
import os
import time
import traceback
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.sim.loop import Deadlock, Escaped
from tests.sim.marks import MARKS, RARE, marks
from tests.sim.promises import Breach, broken
from tests.sim.world import run_seed

REGRESSIONS = Path(__file__).with_name("regressions.txt")
PROCESSES_MAX = 2  # The developers' machines and CI have two cores.
AHEAD = 8  # Seeds handed out before their turn: one that takes long holds nobody up.
SAMPLE_SEEDS_MIN = 100  # A smaller sample may miss a mark by bad luck,
RARE_SEEDS_MIN = 300  # and one smaller than this a rare one.


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one seed came to. moments: how much was seen in it; digest: of all of that."""

    seed: int
    breaches: tuple[Breach, ...]
    marks: Counter[str]
    moments: int
    virtual_s: float = 0.0
    digest: str = ""
    cpu_s: float = field(default=0.0, compare=False)


@dataclass(slots=True)
class Sample:
    """reached: in how many seeds each mark was reached; times: how often in all of them."""

    seeds: int = 0
    moments: int = 0
    virtual_s: float = 0.0
    cpu_s: float = 0.0
    times: Counter[str] = field(default_factory=Counter)
    failed: list[Outcome] = field(default_factory=list)
    reached: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(MARKS, 0)))

    def add(self, outcome: Outcome) -> None:
        self.seeds += 1
        self.moments += outcome.moments
        self.virtual_s += outcome.virtual_s
        self.cpu_s += outcome.cpu_s
        self.times.update(outcome.marks)
        self.reached.update(name for name, count in outcome.marks.items() if count)
        if outcome.breaches:
            self.failed.append(outcome)

    def missed(self) -> list[str]:
        """Return the marks that a sample of this size should have reached and did not."""
        missed = [name for name, seeds in self.reached.items() if not seeds]
        return [
            name
            for name in missed
            if self.seeds >= (RARE_SEEDS_MIN if name in RARE else SAMPLE_SEEDS_MIN)
        ]


def play(seed: int) -> Outcome:
    """Run one seed; that the simulation itself falls over is a breach too."""
    begun_s = time.process_time()
    try:
        with garbage_kept():
            story = run_seed(seed)
    except (Exception, Deadlock, Escaped):  # noqa: BLE001 - whatever it is, it is the seed's finding
        fell = Breach("the simulation comes to its end", 0.0, traceback.format_exc())
        return Outcome(seed, (fell,), Counter(), 0, cpu_s=time.process_time() - begun_s)
    moments, virtual_s = len(story.seen), story.seen[-1].at_s
    breaches, reached, digest = tuple(broken(story)), marks(story), story.digest()
    cpu_s = time.process_time() - begun_s
    return Outcome(seed, breaches, reached, moments, virtual_s, digest, cpu_s)


def play_all(seeds: Iterable[int]) -> Iterator[Outcome]:
    """Yield the outcomes in the order of the seeds, which are taken as they can be played.

    Closed early, it plays no more of them.
    """
    pool = ProcessPoolExecutor(min(PROCESSES_MAX, os.cpu_count() or 1))
    waiting: deque[Future[Outcome]] = deque()
    try:
        for seed in seeds:
            waiting.append(pool.submit(play, seed))
            if len(waiting) >= AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def regressions() -> list[int]:
    """Return the seeds that once failed, or are kept for a mark."""
    lines = REGRESSIONS.read_text(encoding="utf-8").splitlines()
    return [int(line.split()[0]) for line in lines if line and not line.startswith("#")]


@contextmanager
def garbage_kept() -> Iterator[None]:
    """Collect no garbage meanwhile: of some minutes it is small, and looking for it a quarter of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
