"""What starting costs the processor: Python itself, the libraries, commands, and the daemon's code.

    python -m benchmarks.start [--rounds 7] [--json FILE]

Seconds of processor time, in turns, so that what disturbs one disturbs all: read the ratios to bare
Python with its own libraries. A whole start with stores, its memory, and the processor at rest are
measured by `python -m benchmarks.gate`.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

FLOOR = "python with asyncio, ssl, sqlite3"
EXAMPLE = Path(__file__).parents[1] / "config/examples/one-serial-lane.toml"
GATEWAYD = ("-m", "gatewayd")
PROGRAMS = {
    "python": ("-c", "pass"),
    FLOOR: ("-c", "import asyncio, json, logging, sqlite3, ssl"),
    "gatewayd --help": (*GATEWAYD, "--help"),
    "gatewayd status": (*GATEWAYD, "status", "-c", str(EXAMPLE)),
    "gatewayd check": (*GATEWAYD, "check", "-c", str(EXAMPLE)),
    "the code of gatewayd run": ("-c", "import gatewayd.cli.run"),
    "and that of its pages": ("-c", "import gatewayd.cli.run, gatewayd.app.desk"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", dest="file", help="also write the figures to this file")
    arguments = parser.parse_args()
    rows = measure(arguments.rounds)
    for row in rows:
        print(
            f"{row['what']:<36}cpu {row['cpu_s']:.3f} s  best {row['cpu_best_s']:.3f} s"
            f"  wall {row['wall_s']:.3f} s  {row['ratio']:>5.1f}x"
        )
    if arguments.file:
        Path(arguments.file).write_text(json.dumps(rows, indent=1) + "\n")


def measure(rounds: int) -> list[dict[str, Any]]:
    """Return the medians of each program, with its ratio to `FLOOR`."""
    for words in PROGRAMS.values():
        run(words)  # What is compiled once is compiled now.
    taken: dict[str, list[tuple[float, float]]] = {what: [] for what in PROGRAMS}
    for _ in range(rounds):
        for what, words in PROGRAMS.items():
            taken[what].append(run(words))
    floor_s = median(cpu_s for cpu_s, _ in taken[FLOOR])
    return [
        {
            "what": what,
            "cpu_s": median(cpu_s for cpu_s, _ in times),
            "cpu_best_s": min(cpu_s for cpu_s, _ in times),
            "wall_s": median(wall_s for _, wall_s in times),
            "ratio": median(cpu_s for cpu_s, _ in times) / floor_s,
        }
        for what, times in taken.items()
    ]


def run(words: tuple[str, ...]) -> tuple[float, float]:
    """Run Python with these words; return its seconds of processor, and those by the clock."""
    before, begun_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    quiet = subprocess.DEVNULL
    subprocess.run((sys.executable, *words), stdout=quiet, stderr=quiet, check=False)  # noqa: S603
    wall_s, after = time.perf_counter() - begun_s, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu_s, wall_s


if __name__ == "__main__":
    main()
