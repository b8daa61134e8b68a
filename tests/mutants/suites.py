"""Runs the tests in a copy of the tree, and tells which of them failed first."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.mutant import SEED

TEST_S_MAX = 60  # A mutant may hang; the slowest of the quick tests takes a few seconds.
RUN_S_MAX = 1800  # All quick end-to-end tests on a machine that others use too.
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+?)(?:\[.*)?(?: - .*)?$", re.MULTILINE)
_BROKEN = re.compile(r"BROKEN: ([^:]+):")
_QUICK = "not slow and not browser and not node and not debian"
SUITES: tuple[tuple[str, ...], ...] = (
    ("pytest", "-n", "2", "-m", _QUICK, "tests/unit"),
    ("tests.sim", "--seeds", "100"),
    ("pytest", "-n", "2", "-m", f"{_QUICK} and not alone", "tests/e2e"),
)
"""All that is quick, the cheapest first."""


@dataclass(frozen=True, slots=True)
class Failure:
    """by: the first test that failed, or the promise that the simulation saw broken."""

    by: str


def run_named(tree: Path, names: Sequence[str]) -> Failure | None:
    """Run tests by their names, and seeds by their numbers."""
    tests = [name for name in names if not name.startswith(SEED)]
    failure = _run(tree, ("pytest", *tests)) if tests else None
    for name in names:
        if failure is None and name.startswith(SEED):
            failure = _run(tree, ("tests.sim", "--seed", name.removeprefix(SEED)))
    return failure


def run_suites(tree: Path) -> Failure | None:
    for suite in SUITES:
        failure = _run(tree, suite)
        if failure is not None:
            return failure
    return None


def _run(tree: Path, module: tuple[str, ...]) -> Failure | None:
    """Raises RuntimeError where the tests did not even run: that proves nothing."""
    name, *arguments = module
    options = ["-q", "-x", "-p", "no:cacheprovider", "-o", f"timeout={TEST_S_MAX}"]
    command = [sys.executable, "-m", name, *(options if name == "pytest" else ()), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    try:
        ran = subprocess.run(
            command,
            cwd=tree,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=RUN_S_MAX,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Failure(f"{name} came to no end")
    if ran.returncode == 0:
        return None
    if ran.returncode != 1:
        raise RuntimeError(f"{' '.join(command)} did not run:\n{(ran.stdout + ran.stderr)[-2000:]}")
    if name == "pytest":
        found = _FAILED.search(ran.stdout)
        return Failure(found[1] if found else "a test that timed out")
    promise = _BROKEN.search(ran.stdout)
    return Failure(f"simulation: {promise[1] if promise else 'a mark was missed'}")
