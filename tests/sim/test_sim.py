"""The simulation itself: a few of its seeds, and that the same seed is the same story."""

import itertools
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from tests.sim import __main__ as command
from tests.sim import sample as many
from tests.sim.marks import MARKS, RARE
from tests.sim.sample import (
    AHEAD,
    RARE_SEEDS_MIN,
    SAMPLE_SEEDS_MIN,
    Outcome,
    Sample,
    play,
    play_all,
    regressions,
)
from tests.sim.site import draw_site

ROOT = Path(__file__).parents[2]
WIRED = next(
    seed
    for seed in itertools.count(1)
    if any(lane.is_wired for lane in draw_site(Random(f"{seed} site")).lanes)
)
TWICE = (2, WIRED)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_few_seeds_keep_every_promise(seed):
    assert play(seed).breaches == ()


def test_the_same_seed_tells_the_same_story_whatever_the_hash_seed():
    first, second = (_digests(hash_seed) for hash_seed in ("1", "2"))
    assert first == second
    assert len(set(first)) == len(TWICE)


def test_a_story_does_not_depend_on_those_that_were_told_before():
    plain, wired = TWICE
    alone = play(plain)
    assert play(wired).marks["lane on a wire"] == 1
    assert play(plain) == alone
    assert alone.marks["lane on a wire"] == 0


def test_one_site_in_ten_has_a_lane_on_a_wire():
    sites = [draw_site(Random(number)) for number in range(1000)]
    assert 60 <= sum(any(lane.is_wired for lane in site.lanes) for site in sites) <= 140


def test_seeds_are_taken_as_they_can_be_played(monkeypatch):
    taken = []

    def count() -> Iterator[int]:
        for seed in itertools.count(1):
            taken.append(seed)
            yield seed

    monkeypatch.setattr(many, "play", int)
    with closing(play_all(count())) as outcomes:
        assert [next(outcomes) for _ in range(5)] == [1, 2, 3, 4, 5]
    assert len(taken) < AHEAD + 5


@pytest.mark.parametrize(("seeds_min", "exit_code"), [(1, 0), (2, 1)])
def test_too_few_seeds_in_the_time_are_a_failure(seeds_min, exit_code, monkeypatch):
    kept = Outcome(1, (), Counter(), 10)
    monkeypatch.setattr(command, "regressions", list)
    monkeypatch.setattr(command, "play_all", lambda seeds: (kept for _ in seeds))
    assert command.sample(iter([1]), seeds_min, Sample()) == exit_code


@pytest.mark.parametrize(("cpu_s_of_each", "count"), [(0.01, 30), (4.0, 3)])
def test_seeds_go_on_until_enough_or_none_more_would_have_fitted(cpu_s_of_each, count, monkeypatch):
    """The time is over at once, as where others have the whole machine."""
    ticks = itertools.count(0.0, 10.0)
    monkeypatch.setattr(command.time, "perf_counter", lambda: next(ticks))
    found, played = Sample(), 0
    for _ in command.within(itertools.count(1), 5.0, 30, found):
        played += 1
        found.cpu_s += cpu_s_of_each
    assert played == count


def test_a_sample_that_is_large_enough_must_reach_each_mark():
    sample = Sample()
    kept = Outcome(1, (), Counter(dict.fromkeys(MARKS, 1)), 10)
    for _ in range(SAMPLE_SEEDS_MIN - 1):
        sample.add(replace(kept, marks=Counter()))
    assert sample.missed() == []
    sample.add(replace(kept, marks=Counter({"fire": 3})))
    assert set(sample.missed()) == set(MARKS) - RARE - {"fire"}
    for _ in range(RARE_SEEDS_MIN - SAMPLE_SEEDS_MIN):
        sample.add(replace(kept, marks=Counter()))
    assert set(sample.missed()) == set(MARKS) - {"fire"}
    sample.add(kept)
    assert sample.missed() == []


def test_the_seeds_that_once_failed_are_read():
    assert set(regressions()) >= {11, 17, 41}


def _digests(hash_seed: str) -> list[str]:
    told = f"from tests.sim.sample import play\nfor seed in {TWICE}: print(play(seed).digest)"
    done = subprocess.run(
        [sys.executable, "-c", told],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()
