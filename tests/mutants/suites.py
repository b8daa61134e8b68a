"""Runs the tests in a copy of the tree, and tells which of them failed first."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.mutant import SEED

RUN_S_MAX = 1800  # A mutant may hang; all quick end-to-end tests take some minutes.
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+?)(?:\[.*)?(?: - .*)?$", re.MULTILINE)
_BROKEN = re.compile(r"(?:BROKEN|MISSED): ([^:\n]+)")
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
    options = ["-q", "-x", "-p", "no:cacheprovider"]
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
    found = (_FAILED if name == "pytest" else _BROKEN).search(ran.stdout)
    if found is None:
        raise RuntimeError(f"{' '.join(command)} did not run:\n{(ran.stdout + ran.stderr)[-2000:]}")
    return Failure(found[1])
