"""Measures the way to the centre beside a mosquitto bridge and thingsboard-gateway.

    python -m benchmarks.sync [--backlog 200000] [--small 5000] [--rounds 3] [--directory .]

Drain: what waited while the centre was away, from its return to the last event at a subscriber with
a session. Live: events that are made while they are sent. All contestants take turns on the same
machine, with the same bodies and the same broker at the centre, which keeps nothing on its disk.
The limit of rate that our backlog keeps to by itself (1000 a second) is off. --small is for those
that cannot do more in a sensible time: a bridge with durable settings (it writes its whole file for
each message), and thingsboard-gateway. Without PyPI, --no-thingsboard.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.sync_bridge import bridge, messages
from benchmarks.sync_gateway import fill, gateway
from benchmarks.sync_subscriber import Subscriber, publish_all
from benchmarks.sync_thingsboard import TELEMETRY, Platform, install, numbered, thingsboard
from tests.e2e.mosquitto import IN_MEMORY, OPEN, Mosquitto

PATIENCE_S = 60.0  # Without anything new: thingsboard-gateway takes its time to come back.
EVENTS = "onegate/#"

Run = Callable[[Path, int], Subscriber]
"""Takes a directory of its own and how many events; returns what arrived."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backlog", type=int, default=200_000, help="events that wait")
    parser.add_argument("--small", type=int, default=5000, help="the same, for the slow ones")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--directory", default=".", help="where to write")
    parser.add_argument("--no-thingsboard", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.directory) as name:
        scratch = Path(name).resolve()
        python = None if arguments.no_thingsboard else install(scratch)
        pairs = contests(python, arguments.backlog, arguments.small)
        for what, (count, runs) in pairs.items():
            print(f"{what}, {count:,} events", flush=True)
            compete(scratch, count, runs, arguments.rounds)


def contests(
    python: Path | None, backlog: int, small: int
) -> dict[str, tuple[int, dict[str, Run]]]:
    """Return what is measured: how many events, and who takes turns."""
    small_runs: dict[str, Run] = {"gatewayd": drain, "bridge, durable": drain_durable_bridge}
    live_runs: dict[str, Run] = {"gatewayd": live, "bridge": live_bridge}
    if python is not None:
        small_runs["thingsboard-gateway"] = lambda *each: drain_thingsboard(python, *each)
        live_runs["thingsboard-gateway"] = lambda *each: live_thingsboard(python, *each)
    return {
        "drain": (backlog, {"gatewayd": drain, "bridge, not durable": drain_bridge}),
        "drain of less": (small, small_runs),
        "live": (small, live_runs),
    }


def compete(scratch: Path, count: int, runs: dict[str, Run], rounds: int) -> None:
    """Run all in turns and tell each turn, then how many times as fast as each the first one is."""
    rates: dict[str, list[float]] = {who: [] for who in runs}
    for _ in range(rounds):
        for who, run in runs.items():
            with tempfile.TemporaryDirectory(dir=scratch) as name:
                arrived = run(Path(name), count)
            rates[who].append(arrived.per_s)
            found = len(arrived.arrived)
            print(
                f"    {who:<22}{arrived.per_s:>8,.0f}/s  {count - found} missing"
                f"  {arrived.count - found} twice",
                flush=True,
            )
    ours, *others = rates.values()
    for who, theirs in zip(list(rates)[1:], others, strict=True):
        ratios = sorted(one / other for one, other in zip(ours, theirs, strict=True))
        print(
            f"  {median(ratios):.2f} times {who} ({ratios[0]:.2f} to {ratios[-1]:.2f})", flush=True
        )


@contextmanager
def listening(centre: Mosquitto, count: int, topic_filter: str = EVENTS) -> Iterator[Subscriber]:
    """Start the centre, and at the end of the block wait until all events are there."""
    with centre, Subscriber(centre.port, topic_filter) as subscriber:
        yield subscriber
        subscriber.wait_for(count, PATIENCE_S)


def _centre(directory: Path) -> Mosquitto:
    return Mosquitto(directory, OPEN, storage=IN_MEMORY)


def drain(directory: Path, count: int) -> Subscriber:
    state = directory / "state"
    state.mkdir(mode=0o700)
    fill(state, count)
    centre = _centre(directory)
    with gateway(state, centre.port), listening(centre, count) as subscriber:
        pass
    return subscriber


def drain_bridge(directory: Path, count: int, *, is_durable: bool = False) -> Subscriber:
    centre = _centre(directory)
    with (
        bridge(directory, centre.port, count, is_durable=is_durable),
        listening(centre, count) as subscriber,
    ):
        pass
    return subscriber


def drain_durable_bridge(directory: Path, count: int) -> Subscriber:
    return drain_bridge(directory, count, is_durable=True)


def drain_thingsboard(python: Path, directory: Path, count: int) -> Subscriber:
    centre = _centre(directory)
    with (
        thingsboard(python, directory, centre, count),
        listening(centre, count, TELEMETRY) as subscriber,
        Platform(centre.port),
    ):
        subscriber.wait_for(count, PATIENCE_S)
    return subscriber


def live(directory: Path, count: int) -> Subscriber:
    state = directory / "state"
    state.mkdir(mode=0o700)
    centre = _centre(directory)
    with (
        gateway(state, centre.port, "--produce", str(count)),
        listening(centre, count) as subscriber,
    ):
        pass
    return subscriber


def live_bridge(directory: Path, count: int) -> Subscriber:
    centre = _centre(directory)
    with (
        listening(centre, count) as subscriber,
        bridge(directory, centre.port, 0, is_durable=True) as gate,
    ):
        subscriber.start()
        publish_all(gate.port, messages(count))
        subscriber.wait_for(count, PATIENCE_S)
    return subscriber


def live_thingsboard(python: Path, directory: Path, count: int) -> Subscriber:
    centre = _centre(directory)
    with (
        thingsboard(python, directory, centre, 0) as gate_port,
        listening(centre, count, TELEMETRY) as subscriber,
        Platform(centre.port),
    ):
        subscriber.start()
        publish_all(gate_port, numbered(count))
        subscriber.wait_for(count, PATIENCE_S)
    return subscriber


if __name__ == "__main__":
    main()
