"""`python -m tests.fuzz`: feeds every decoder that eats foreign bytes, and says which broke its word.

    python -m tests.fuzz --seconds 60               all targets within a minute
    python -m tests.fuzz --inputs 10000000 --seconds 600   rounds of ten minutes, until ten million
    python -m tests.fuzz --target dcc --runs 50000  one target, the same in each run
    python -m tests.fuzz --target dcc --input a100  one input, with what it breaks
    python -m tests.fuzz --list                     the targets, and what they eat

Exit code 1 if a promise was broken; the input is told in hex.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.fuzz import drive

with drive.instrumented():
    from tests.fuzz.targets import TARGETS

from tests.fuzz.rounds import Limits, Tally, play_round

WORKERS = 2  # As many as the machines that this is made for have cores.


def main() -> int:
    asked = _ask()
    if asked.list:
        for target in TARGETS.values():
            print(f"{target.name:20} {target.eats}")
        return 0
    names = asked.target or list(TARGETS)
    if asked.input is not None:
        TARGETS[names[0]].run(bytes.fromhex(asked.input))
        print(f"{names[0]}: every promise kept")
        return 0
    return _play([TARGETS[name] for name in names], asked)


def _ask() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz",
        description="Feeds what strangers could send to every decoder of the gateway.",
    )
    parser.add_argument("--seconds", type=int, default=60, help="for a round of all targets (60)")
    parser.add_argument("--runs", type=int, default=-1, help="inputs for each target, and no clock")
    parser.add_argument("--inputs", type=int, default=0, help="rounds until so many inputs in all")
    parser.add_argument("--seed", type=int, default=1, help="of chance (1)")
    parser.add_argument("--target", action="append", choices=TARGETS, help="only this; may repeat")
    parser.add_argument("--input", help="with --target: feed this one input, in hex")
    parser.add_argument("--list", action="store_true", help="name the targets")
    asked = parser.parse_args()
    if asked.input is not None and asked.target is None:
        parser.error("--input needs --target: what is to be fed with it?")
    return asked


def _play(targets: list[drive.Target], asked: argparse.Namespace) -> int:
    seconds = 0 if asked.runs >= 0 else asked.seconds
    limits = Limits(asked.runs, seconds, min(WORKERS, len(targets)))
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="gatewayd-fuzz-") as made:
        number = asked.seed
        while targets:
            play_round(targets, limits, number, Path(made), tally)
            tally.tell()
            number += 1
            if tally.inputs >= asked.inputs:
                break
            targets = [target for target in targets if target.name not in tally.failed]
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
