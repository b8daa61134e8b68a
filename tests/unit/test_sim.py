"""The simulation itself: a few of its seeds, and that the same seed is the same story."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sim.sample import play

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_few_seeds_keep_every_promise(seed):
    assert play(seed).breaches == ()


def test_the_same_seed_tells_the_same_story_whatever_the_hash_seed():
    first, second = (_trace(4, hash_seed) for hash_seed in ("1", "2"))
    assert first == second
    assert len(first) > 500


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
