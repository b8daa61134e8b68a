"""How long the gate takes from a scan to the command that opens it, and what the gateway needs.

    python -m benchmarks.gate [--lanes 1 8 32] [--seconds 60] [--rows 1000000] [--holders 100000]
        [--backlog 200000] [--stores DIRECTORY] [--json FILE]

The daemon runs on ttys, connected to a mosquitto, with a roster of so many people, all of them in
its decision cache too, and so many rows in its journal. Timed is from the last byte that a reader
sends to the first byte of the open command at the turnstile's tty: while nothing else is to do, and
while a backlog drains; and, in turns with it, the least that Python could do (`gate_floor`).
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.gate_load import Load, Plan, load
from benchmarks.gate_site import Daemon, House
from benchmarks.measuring import percentiles
from benchmarks.processes import go_first
from tests.e2e.mosquitto import IN_MEMORY, OPEN, Mosquitto

CODES_MIN, CODES = 256, 2048  # A code shown again within two seconds is noise.
PERIODS_S = {1: 0.4, 8: 1.0, 32: 1.5}
"""Between two people at one lane: quicker than people walk (1.5), so that there are enough."""
PERIOD_S = 1.5
WALK_S = 0.2

Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lanes", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--seconds", type=float, default=60.0, help="of scans, each time")
    parser.add_argument("--warm", type=float, default=5.0, help="seconds of scans before each time")
    parser.add_argument("--saturated", type=float, default=10.0, help="seconds of as many as can")
    parser.add_argument("--rest", type=float, default=60.0, help="seconds of idle lanes")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the journal")
    parser.add_argument("--holders", type=int, default=100_000)
    parser.add_argument("--backlog", type=int, default=200_000)
    parser.add_argument("--starts", type=int, default=3, help="timed starts for each of --lanes")
    parser.add_argument("--directory", default=".", help="where to write; the disk you ask about")
    parser.add_argument("--stores", type=Path, help="where to keep the stores for the next time")
    parser.add_argument("--first", action="store_true", help="run before others; needs rights")
    parser.add_argument("--json", dest="file", help="also write the figures to this file")
    arguments = parser.parse_args()
    if arguments.first:
        go_first()
    with tempfile.TemporaryDirectory(dir=arguments.directory, prefix="gate") as name:
        house = House(Path(name).resolve(), arguments.holders)
        prepare(house, arguments.rows, arguments.stores)
        rows = []
        for lanes in arguments.lanes:
            for row in measure(house, lanes, arguments):
                print(_line(row), flush=True)
                rows.append(row)
    if arguments.file:
        Path(arguments.file).write_text(json.dumps(rows, indent=1) + "\n")


def prepare(house: House, rows: int, kept: Path | None) -> None:
    """Make the stores, or take those that were kept."""
    if kept is not None and kept.exists():
        house.copy_stores(kept)
        return
    print(f"making {rows} rows of {house.holders} people ...", file=sys.stderr)
    house.make_stores(rows)
    if kept is not None:
        house.keep_stores(kept)


def measure(house: House, lanes: int, arguments: argparse.Namespace) -> Iterator[Row]:
    """Yield the rows about so many lanes."""
    with Mosquitto(house.folder, OPEN, storage=IN_MEMORY) as broker:
        keys = house.write(lanes, broker.port)
        plan = Plan(house.folder, keys, house.codes(lanes, max(CODES_MIN, CODES // lanes)))
        if arguments.starts:
            yield start(house, plan, arguments.starts)
        house.set_backlog(0)
        with running(house, plan) as (daemon, people):
            yield {"what": "rest", "lanes": lanes, **rest(daemon, arguments.rest)}
            yield scanned("idle", daemon, people, lanes, arguments)
            yield saturated(daemon, people, lanes, arguments.saturated)
        if arguments.backlog:
            house.set_backlog(arguments.backlog)
            with running(house, plan) as (daemon, people):
                yield scanned("backlog", daemon, people, lanes, arguments)


def start(house: House, plan: Plan, count: int) -> Row:
    """Time starts: to the first verdict, and to the first open command."""
    verdicts_s, openings_s, ready = [], [], {}
    for _ in range(count):
        with load(plan) as people, Daemon(house) as daemon:
            openings_s.append(people.first_opening() - daemon.started_s)
            verdicts_s.append(daemon.first_verdict_s())
            ready = daemon.memory
    return {
        "what": "start",
        "lanes": len(plan.psks),
        "first_verdict_s": sorted(verdicts_s),
        "first_open_s": sorted(openings_s),
        **ready,
    }


@contextmanager
def running(house: House, plan: Plan) -> Iterator[tuple[Daemon, Load]]:
    with load(plan) as people, Daemon(house) as daemon:
        database = house.folder / f"floor-{time.monotonic_ns()}.db"
        ports = [str(house.folder / f"floor-{name}") for name in ("codes", "answers")]
        command = [sys.executable, "-m", "benchmarks.gate_floor", *ports, str(database)]
        process = subprocess.Popen(command)  # noqa: S603 - our own program
        try:
            daemon.wait_until_ready()
            yield daemon, people
        finally:
            process.kill()
            process.wait()


def rest(daemon: Daemon, seconds: float) -> Row:
    """Return the seconds of processor that a minute costs in which nobody comes."""
    before_s = daemon.cpu_s
    time.sleep(seconds)
    return {"cpu_s_per_min": (daemon.cpu_s - before_s) * 60 / seconds, **daemon.memory}


def scanned(
    what: str, daemon: Daemon, people: Load, lanes: int, arguments: argparse.Namespace
) -> Row:
    period_s = PERIODS_S.get(lanes, PERIOD_S)
    people.measure(arguments.warm, period_s, WALK_S)
    before, cpu_s, begun_s = daemon.status(), daemon.cpu_s, time.perf_counter()
    measured = people.measure(arguments.seconds, period_s, WALK_S)
    lasted_s, after = time.perf_counter() - begun_s, daemon.status()
    sent = (after["broker"]["receipts"] - before["broker"]["receipts"]) / lasted_s
    return {
        "what": what,
        "lanes": lanes,
        "scans": len(measured.openings),
        "unanswered": measured.unanswered,
        **percentiles(measured.openings_us),
        **{f"floor_{name}": value for name, value in percentiles(measured.floor_us).items()},
        "floor_scans": len(measured.floor),
        "cpu_share": (daemon.cpu_s - cpu_s) / lasted_s,
        "load_cpu_share": measured.cpu_s / lasted_s,
        "receipts_per_s": sent,
        "backlog_left": after["broker"]["depth"],
        **daemon.memory,
    }


def saturated(daemon: Daemon, people: Load, lanes: int, seconds: float) -> Row:
    """Let the next person come as soon as the lane is free."""
    cpu_s, begun_s = daemon.cpu_s, time.perf_counter()
    measured = people.measure(seconds, 0.0, 0.0)
    lasted_s = time.perf_counter() - begun_s
    return {
        "what": "saturated",
        "lanes": lanes,
        "scans": len(measured.openings),
        "unanswered": measured.unanswered,
        "per_s": len(measured.openings) / seconds,
        **percentiles(measured.openings_us),
        "cpu_share": (daemon.cpu_s - cpu_s) / lasted_s,
        "load_cpu_share": measured.cpu_s / lasted_s,
        **daemon.memory,
    }


def _line(row: Row) -> str:
    head = f"{row['lanes']:>3} lanes  {row['what']:<10}"
    memory = f"rss {row['rss']:.0f} MiB  pss {row['pss']:.0f} MiB"
    match row["what"]:
        case "start":
            verdict, opened = (
                " ".join(f"{each:.2f}" for each in row[name])
                for name in ("first_verdict_s", "first_open_s")
            )
            return f"{head}first verdict {verdict} s  first open {opened} s  {memory}"
        case "rest":
            return f"{head}{row['cpu_s_per_min']:.2f} s of processor a minute  {memory}"
    p50, p99, most = (row[f"{name}_us"] / 1000 for name in ("p50", "p99", "max"))
    timed = f"{row['scans']} scans  p50 {p50:.2f}  p99 {p99:.2f}  max {most:.2f} ms"
    used = f"processor {row['cpu_share']:.2f} (load {row['load_cpu_share']:.2f})  {memory}"
    missed = f"  {row['unanswered']} NOT ANSWERED" if row["unanswered"] else ""
    if row["what"] == "saturated":
        return f"{head}{row['per_s']:.0f}/s  {timed}  {used}{missed}"
    floor_p50, floor_p99 = (row[f"floor_{name}_us"] / 1000 for name in ("p50", "p99"))
    ratio = f"floor p50 {floor_p50:.2f}  p99 {floor_p99:.2f}  ratio {p50 / floor_p50:.2f}"
    left = f"  {row['receipts_per_s']:.0f} receipts/s, {row['backlog_left']} left"
    return f"{head}{timed}  {ratio}  {used}{left}{missed}"


if __name__ == "__main__":
    main()
