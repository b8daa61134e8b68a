"""A gateway that is killed again and again while it records and sends; then everything is counted.

    python -m benchmarks.kills [--events 20000] [--kills 100] [--seed 1] [--directory .]

A process with the real journal and publisher records verdicts and sends them to a real mosquitto,
as fast as it can, and is killed (kill -9) at drawn points of the way. In the end a subscriber with
a session must have had each event that was ever recorded, and the journal must hold together. Exits
with 1 where it is not so.
"""

import argparse
import asyncio
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from benchmarks.sync_gateway import open_journal, run
from benchmarks.sync_subscriber import Subscriber
from gatewayd.core.events import Event
from gatewayd.store.journal_verify import verify
from tests.e2e.mosquitto import IN_MEMORY, OPEN, Mosquitto

LANES = 4
KILL_S_MAX = 0.01  # After the drawn point: what a commit or a receipt takes.
QUIET_S_MAX = 60.0  # Nothing new for so long: it will not come any more.


@dataclass(frozen=True, slots=True)
class Account:
    kills: int
    recorded: int
    """How many events the journal has."""
    lost: int
    """Of those that were on disk, and said to be, how many never arrived."""
    gaps: int
    """How many numbers from 1 to the last recorded are missing among those that arrived."""
    strange: int
    """How many arrived that are not in the journal."""
    twice: int
    """How many arrived once more; a centre leaves them out by their id."""
    findings: int
    """What `gatewayd journal verify` has to say."""
    seconds: float

    @property
    def is_good(self) -> bool:
        return (self.lost, self.gaps, self.strange, self.findings) == (0, 0, 0, 0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--directory", default=".", help="where to write")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.directory) as name:
        directory, random = Path(name).resolve(), Random(arguments.seed)
        account = kill_and_count(directory, arguments.events, arguments.kills, random)
    print(f"{account}, seed {arguments.seed}")
    return 0 if account.is_good else 1


def kill_and_count(directory: Path, count: int, kills: int, random: Random) -> Account:
    """Have `count` events recorded and sent, with so many kills at drawn points of the way."""
    state, promises = directory / "state", directory / "promises"
    state.mkdir(mode=0o700)
    began_s = time.monotonic()
    marks = sorted(random.sample(range(1, count), kills))
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.sync_gateway"])
    with (
        Mosquitto(directory, OPEN, storage=IN_MEMORY) as broker,
        Subscriber(broker.port, "onegate/#") as centre,
    ):

        def a_life(mark: int, wanted: int) -> None:
            """Record up to `wanted` and send, until so many arrived, and then no more."""
            life = context.Process(target=live, args=(state, promises, broker.port, wanted))
            life.start()
            centre.wait_for(mark, QUIET_S_MAX)
            time.sleep(random.uniform(0, KILL_S_MAX))
            assert life.exitcode is None, "it ended by itself"
            life.kill()
            life.join()

        for mark in marks:
            a_life(mark, count)
        a_life(count, count)
        a_life(head(state), 0)  # The last one brings what is left.
        time.sleep(0.2)  # What comes too often is on its way.
        return _account(state, promises, centre, kills, time.monotonic() - began_s)


def live(state: Path, promises: Path, port: int, count: int) -> None:
    """Record and send until killed; write down the id of what is on disk before anybody is told."""
    notes = os.open(promises, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def promise(events: Sequence[Event]) -> None:
        os.write(notes, b"".join(event.id.encode() + b"\n" for event in events))

    asyncio.run(run(state, port, count, LANES, promise))


def head(state: Path) -> int:
    """Return how many events the journal has; nobody else may have it open."""
    journal = open_journal(state)
    try:
        return journal.head()
    finally:
        journal.close()


def _account(
    state: Path, promises: Path, centre: Subscriber, kills: int, seconds: float
) -> Account:
    journal = open_journal(state)
    recorded = {f"{journal.epoch}-{seq}".encode() for seq in range(1, journal.head() + 1)}
    journal.close()
    promised = set(promises.read_bytes().split())
    return Account(
        kills=kills,
        recorded=len(recorded),
        lost=len(promised - centre.arrived),
        gaps=len(recorded - centre.arrived),
        strange=len(centre.arrived - recorded),
        twice=centre.count - len(centre.arrived),
        findings=len(verify(state).findings),
        seconds=round(seconds, 1),
    )


if __name__ == "__main__":
    sys.exit(main())
