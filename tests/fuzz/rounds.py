"""Gives each target its turn, each in a process of its own, and counts what came of it."""

import os
import re
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.fuzz import place
from tests.fuzz.drive import HAS_ATHERIS, drive, last_input
from tests.fuzz.target import Target

_ENDED: Final = "stat::number_of_executed_units"  # What both engines say at a good end.
_COVERED: Final = re.compile(r"\bcov: (\d+)")
_TOLD_LINES_MAX: Final = 30  # Of what a failed target said: its traceback.


@dataclass(frozen=True, slots=True)
class Limits:
    """Of a round. runs: for each target, -1 without; seconds: for all together, 0 without."""

    runs: int
    seconds: int
    workers: int


@dataclass(slots=True)
class Row:
    inputs: int = 0
    seconds: float = 0.0
    coverage: int | None = None


@dataclass(slots=True)
class Tally:
    rows: dict[str, Row] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    @property
    def inputs(self) -> int:
        return sum(row.inputs for row in self.rows.values())

    def tell(self) -> None:
        print(f"{'target':20} {'inputs':>10} {'seconds':>8} {'inputs/s':>9} {'edges':>6}")
        for name, row in self.rows.items():
            rate = row.inputs / max(row.seconds, 0.1)
            edges = "-" if row.coverage is None else str(row.coverage)
            print(f"{name:20} {row.inputs:10} {row.seconds:8.0f} {rate:9.0f} {edges:>6}")
        engine = "atheris" if HAS_ATHERIS else "hypothesis"
        print(f"{self.inputs} inputs with {engine}: {len(self.failed)} targets broke a promise")
        sys.stdout.flush()


@dataclass(slots=True)
class _Turn:
    target: Target
    folder: Path
    begun_s: float


def play_round(
    targets: Sequence[Target], limits: Limits, number: int, folder: Path, tally: Tally
) -> None:
    """Give each target a turn; number: the seed of chance. What was found is fed on next time."""
    end_s = time.monotonic() + limits.seconds
    waiting = list(targets)
    running: dict[int, _Turn] = {}
    while waiting or running:
        while waiting and len(running) < limits.workers:
            left_s = end_s - time.monotonic()
            turns = -(-len(waiting) // limits.workers)
            seconds = max(1, round(left_s / turns - 0.3)) if limits.seconds else 0
            turn = _begin(waiting.pop(0), folder)
            running[_fork(turn, limits.runs, seconds, number)] = turn
        pid, _ = os.wait()
        place.remove(pid)
        _end(running.pop(pid), tally)


def _begin(target: Target, folder: Path) -> _Turn:
    own = folder / target.name
    corpus = own / "corpus"
    if not corpus.exists():
        corpus.mkdir(parents=True)
        for number, one in enumerate(target.seeds()):
            (corpus / f"seed-{number}").write_bytes(one)
    return _Turn(target, own, time.monotonic())


def _fork(turn: _Turn, runs: int, seconds: int, number: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        said = os.open(turn.folder / "said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(said, 1)
        os.dup2(said, 2)
        drive(turn.target, runs, seconds, number, turn.folder)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - whatever it is, it is told, and the process ends here
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _end(turn: _Turn, tally: Tally) -> None:
    name = turn.target.name
    said = (turn.folder / "said").read_text(errors="replace")
    row = tally.rows.setdefault(name, Row())
    row.seconds += time.monotonic() - turn.begun_s
    count, last = last_input(turn.folder)
    row.inputs += count
    covered = _COVERED.findall(said)
    row.coverage = int(covered[-1]) if covered else row.coverage
    if _ENDED not in said:
        tally.failed.append(name)
        _tell(name, said, last)


def _tell(name: str, said: str, last: bytes) -> None:
    lines = [line for line in said.splitlines() if not line.startswith(("#", "INFO", "WARNING"))]
    print(f"--- {name} broke a promise:", *lines[-_TOLD_LINES_MAX:], sep="\n")
    print(f"python -m tests.fuzz --target {name} --input {last.hex()}")
    sys.stdout.flush()
