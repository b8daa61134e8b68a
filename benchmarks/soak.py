"""Minutes of a crowd at the gate in real time: memory, latency, and what is left at the end.

    python -m benchmarks.soak [--minutes 10] [--scans-per-s 20] [--lanes 16] [--json FILE]

The daemon on ttys, connected to a mosquitto with a subscriber; people show signed passes and walk.
In the end three accounts must agree: the openings that the turnstiles saw, the rows of the journal,
and the messages at the subscriber; the outbox must be empty, and memory no larger than it was after
the first minute. Exits with 1 where it is not so.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.gate_load import Load, Plan, load
from benchmarks.gate_site import Daemon, House
from benchmarks.measuring import percentiles
from benchmarks.processes import go_first
from benchmarks.sync_subscriber import Subscriber
from gatewayd.app.records import read_events
from tests.e2e.mosquitto import IN_MEMORY, OPEN, Mosquitto

HOLDERS, ROWS = 10_000, 40_000  # Some weeks of a house.
CODES = 4096  # A code shown again within two seconds is noise.
WALK_S = 0.2
STEP_S = 30.0  # Between two looks at memory.
GROWTH_MIB_MAX = 8.0
"""Of 24,000 events in ten minutes some 300 bytes each: a leak of one object would show."""
EMPTY_S = 30.0  # For the outbox, on a machine that has other work.


@dataclass(frozen=True, slots=True)
class Step:
    """Half a minute. pauses_us: from a scan to the open command."""

    scans: int
    per_s: float
    p50_us: float
    p99_us: float
    max_us: float
    rss_mib: float
    unanswered: int


@dataclass(frozen=True, slots=True)
class Accounts:
    openings: int
    rows: int
    """Events in the journal of this run."""
    messages: int
    unrecorded: int
    """Openings without an admitted verdict in the journal, or without the record of a passage."""
    unopened: int
    """Admitted verdicts that no turnstile saw."""
    lost: int
    """Rows that did not arrive at the subscriber."""
    strange: int
    """Arrived, and no row."""
    left: int
    """In the outbox at the end."""

    @property
    def is_good(self) -> bool:
        faults = (self.unrecorded, self.unopened, self.lost, self.strange, self.left)
        return self.openings > 0 and not any(faults)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--scans-per-s", type=float, default=20.0)
    parser.add_argument("--lanes", type=int, default=16)
    parser.add_argument("--directory", default=".", help="where to write")
    parser.add_argument("--first", action="store_true", help="run before others; needs rights")
    parser.add_argument("--json", dest="file", help="also write the figures to this file")
    arguments = parser.parse_args()
    if arguments.first:
        go_first()
    with tempfile.TemporaryDirectory(dir=arguments.directory, prefix="soak") as name:
        house = House(Path(name).resolve(), HOLDERS)
        house.make_stores(ROWS)
        steps, accounts = soak(
            house, arguments.lanes, arguments.minutes * 60, arguments.scans_per_s
        )
    growth_mib = grown_mib(steps)
    print(f"{accounts}, {growth_mib:+.1f} MiB after the first minute")
    if arguments.file:
        told = {"steps": [*map(asdict, steps)], **asdict(accounts), "growth_mib": growth_mib}
        Path(arguments.file).write_text(json.dumps(told, indent=1) + "\n")
    return 0 if accounts.is_good and growth_mib <= GROWTH_MIB_MAX else 1


def soak(
    house: House, lanes: int, seconds: float, per_s: float, step_s: float = STEP_S
) -> tuple[list[Step], Accounts]:
    """Let people come for so long; print each step as it ends."""
    with (
        Mosquitto(house.folder, OPEN, storage=IN_MEMORY) as broker,
        Subscriber(broker.port, "onegate/#") as centre,
    ):
        plan = Plan(
            house.folder, house.write(lanes, broker.port), house.codes(lanes, CODES // lanes)
        )
        known = {event["id"] for event in read_events(house.state)}
        with load(plan) as people:
            with Daemon(house) as daemon:
                daemon.wait_until_ready()
                steps = []
                for number in range(round(seconds / step_s)):
                    steps.append(_step(daemon, people, step_s, lanes / per_s))
                    print(f"{(number + 1) * step_s / 60:5.1f} min  {steps[-1]}", flush=True)
                left = _emptied(daemon)
            opened = people.opened()
        rows = [event for event in read_events(house.state) if event["id"] not in known]
        centre.wait_for(len(rows), 1.0)
        return steps, count(opened, rows, {one.decode() for one in centre.arrived}, left)


def _step(daemon: Daemon, people: Load, seconds: float, period_s: float) -> Step:
    measured = people.measure(seconds, period_s, WALK_S)
    timed = percentiles(measured.openings_us)
    return Step(
        scans=len(measured.openings),
        per_s=round(len(measured.openings) / seconds, 1),
        p50_us=round(timed["p50_us"]),
        p99_us=round(timed["p99_us"]),
        max_us=round(timed["max_us"]),
        rss_mib=round(daemon.memory["rss"], 1),
        unanswered=measured.unanswered,
    )


def _emptied(daemon: Daemon) -> int:
    """Wait until the outbox is empty; return what is left in it."""
    deadline_s = time.perf_counter() + EMPTY_S
    while (left := daemon.status()["broker"]["depth"]) and time.perf_counter() < deadline_s:
        time.sleep(0.1)
    return int(left)


def count(
    opened: Sequence[str], rows: Sequence[dict[str, Any]], arrived: set[str], left: int
) -> Accounts:
    """Hold the accounts against each other; a grant that was opened twice is one too many."""
    admitted = {row["data"]["grant"] for row in rows if row["type"] == "onegate.access.admitted.v1"}
    passed = {row["data"]["grant"] for row in rows if row["type"] == "onegate.passage.completed.v1"}
    ids = {row["id"] for row in rows}
    return Accounts(
        openings=len(opened),
        rows=len(rows),
        messages=len(arrived),
        unrecorded=len(opened) - len(admitted & passed & set(opened)),
        unopened=len(admitted - set(opened)),
        lost=len(ids - arrived),
        strange=len(arrived - ids),
        left=left,
    )


def grown_mib(steps: Sequence[Step]) -> float:
    """Return by how much memory grew after the first minute."""
    first, *_ = [step.rss_mib for step in steps[1:]] or [steps[0].rss_mib]
    return steps[-1].rss_mib - first


if __name__ == "__main__":
    sys.exit(main())
