"""The simulation itself: a few of its seeds, and that the same seed is the same story."""

import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.sim.marks import MARKS, RARE
from tests.sim.sample import (
    RARE_SEEDS_MIN,
    SAMPLE_SEEDS_MIN,
    Outcome,
    Sample,
    play,
    regressions,
)

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_few_seeds_keep_every_promise(seed):
    assert play(seed).breaches == ()


def test_the_same_seed_tells_the_same_story_whatever_the_hash_seed():
    first, second = (_trace(4, hash_seed) for hash_seed in ("1", "2"))
    assert first == second
    assert len(first) > 500


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


def _trace(seed: int, hash_seed: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.sim", "--seed", str(seed), "--trace"],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()
