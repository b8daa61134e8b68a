"""`python -m tests.mutants`: plants each defect in a copy of the tree, and sees that a test fails.

    python -m tests.mutants               all of them, two at a time
    python -m tests.mutants receipt disk  those with such a word in their name
    python -m tests.mutants --list        their names

Exit code 1 if one is noticed by no test.
"""

import argparse
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutants.all import MUTANTS
from tests.mutants.mutant import ROOT, Mutant
from tests.mutants.suites import Failure, run_named, run_suites

AT_A_TIME = 2  # The developers' machines and CI have two cores.
LEFT_BEHIND = (".git", ".venv", "node_modules", ".*_cache", ".hypothesis", "build", "dist", "var")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutants",
        description="Plants defects in copies of the source, and sees that each is caught.",
    )
    parser.add_argument("words", nargs="*", help="only those with such a word in the name")
    parser.add_argument("--list", action="store_true", help="print the names, and run nothing")
    asked = parser.parse_args()
    chosen = [
        mutant
        for mutant in MUTANTS
        if not asked.words or any(word in mutant.name for word in asked.words)
    ]
    if asked.list or not chosen:
        print(*(mutant.name for mutant in chosen or MUTANTS), sep="\n")
        return 0 if asked.list else 2
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        return _hunt(chosen, Path(folder))


def _hunt(chosen: list[Mutant], folder: Path) -> int:
    catchers = dict.fromkeys(name for mutant in chosen for name in mutant.caught_by)
    unharmed = run_named(_copy(folder / "unharmed"), list(catchers))
    if unharmed is not None:
        print(f"{unharmed.by} fails without any mutant: that proves nothing", file=sys.stderr)
        return 2
    print("| planted defect | breaks | caught by | s |\n|---|---|---|---|", flush=True)
    trees = (folder / str(number) for number in range(len(chosen)))
    caught = 0
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        for mutant, (failure, took_s) in zip(chosen, pool.map(_catch, chosen, trees), strict=True):
            by = "**nothing**" if failure is None else failure.by
            print(f"| {mutant.name} | {mutant.breaks} | {by} | {took_s:.0f} |", flush=True)
            caught += failure is not None
    print(f"\n{caught} of {len(chosen)} caught")
    return 0 if caught == len(chosen) else 1


def _catch(mutant: Mutant, into: Path) -> tuple[Failure | None, float]:
    begun_s = time.perf_counter()
    tree = _copy(into)
    mutant.plant(tree)
    failure = run_named(tree, mutant.caught_by) or run_suites(tree)
    shutil.rmtree(tree)
    return failure, time.perf_counter() - begun_s


def _copy(into: Path) -> Path:
    shutil.copytree(ROOT, into, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_BEHIND))
    return into


if __name__ == "__main__":
    sys.exit(main())
