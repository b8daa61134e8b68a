"""The running daemon is killed over and over while people pass and something else is wrong as well.

    python -m benchmarks.crashes [--kills 300] [--seed 1] [--fault NAME ...] [--directory .]

Two lanes (a turnstile with a log, a board without), people, a real mosquitto, the centre at it. In
the end three accounts are compared: what the turnstiles opened, what is on the disk, and what the
centre got. Prints a table by faults, anew after each 25 kills; exits with 1 if one does not agree.
"""

import argparse
import asyncio
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.accounts import Figures
from tests.crash.faults import Fault
from tests.crash.sweep import sweep
from tests.e2e import eventually

PATIENCE_S = 300.0  # A test gives up sooner; this one may run for hours beside other work.
COLUMNS = ("kills", "openings", "rows", "messages", "lost", "unrecorded", "double", "early_exits")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--fault",
        action="append",
        choices=[fault.name.lower() for fault in Fault],
        help="only this one; can be given again",
    )
    parser.add_argument("--directory", default=".", type=Path, help="where to write")
    arguments = parser.parse_args()
    names = arguments.fault or [fault.name for fault in Fault]
    eventually.PATIENCE_S = PATIENCE_S
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # Leaves no process and no disk.
    began_s = time.monotonic()
    account = asyncio.run(_swept(arguments, [Fault[name.upper()] for name in names]))
    print(f"seed {arguments.seed}, {time.monotonic() - began_s:.0f} s")
    return 1 if account.findings or account.total.lost else 0


@dataclass
class Account:
    """Of all worlds together. marks: what shows that the kills met something, and how often."""

    figures: defaultdict[Fault, Figures] = field(default_factory=lambda: defaultdict(Figures))
    marks: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    @property
    def total(self) -> Figures:
        total = Figures()
        for figures in self.figures.values():
            total += figures
        return total


async def _swept(arguments: argparse.Namespace, faults: Sequence[Fault]) -> Account:
    """Run the worlds one after the other, and print after each what there is so far."""
    account = Account()
    folder = arguments.directory.resolve()
    async for book in sweep(folder, arguments.kills, arguments.seed, faults):
        for fault, figures in book.figures.items():
            account.figures[fault] += figures
        account.marks += book.marks
        account.findings += book.findings
        _print(account)
    return account


def _print(account: Account) -> None:
    print("| fault |", " | ".join(COLUMNS), "|")
    print("|---" * (len(COLUMNS) + 1) + "|")
    for fault in Fault:
        if fault in account.figures:
            print(f"| {fault} |", _cells(account.figures[fault]), "|")
    print("| all |", _cells(account.total), "|\n")
    for mark, count in account.marks.items():
        print(f"{mark}: {count}")
    print(*account.findings, sep="\n", flush=True)


def _cells(figures: Figures) -> str:
    return " | ".join(f"{getattr(figures, column):,}" for column in COLUMNS)


if __name__ == "__main__":
    sys.exit(main())
