"""Feeds one target in this process: with atheris, which follows the coverage, else with hypothesis.

Either way the same promises hold beside those of the target: an input takes bounded time and
memory, and no error but the declared one comes out.
"""

import contextlib
import importlib.util
import io
import mmap
import resource
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Final

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.target import Target

HAS_ATHERIS: Final = importlib.util.find_spec("atheris") is not None
"""It is built for x86_64 only."""

MEMORY_MAX: Final = 2 << 30
"""Of address space, for the whole process. All targets loaded take a quarter of that."""

RSS_MB_MAX: Final = 768
INPUT_SIZE_MAX: Final = 1 << 18
_STUCK_S: Final = 60  # Wall time, on a machine that does other things too; see `Target.run`.
_BATCH: Final = 2_000  # Inputs of hypothesis between two looks at the clock.

_TRACED: Final = [
    "gatewayd.core", "gatewayd.store", "gatewayd.desk.given", "gatewayd.desk.hosts",
    "gatewayd.mqtt.topics", "drivers", "firmware_protocol", "config",
]  # fmt: skip
"""Where decoders are; to trace all the rest would cost each start some seconds."""

_HEAD: Final = struct.Struct("<QI")  # How many inputs there were, and the size of the last.


@contextlib.contextmanager
def instrumented() -> Iterator[None]:
    """Trace the coverage of the decoders that are imported inside."""
    if not HAS_ATHERIS:
        yield
        return
    import atheris  # noqa: PLC0415 - only where it is

    with contextlib.redirect_stderr(io.StringIO()), atheris.instrument_imports(include=_TRACED):
        yield


def drive(target: Target, runs: int, seconds: int, number: int, folder: Path) -> None:
    """Feed a target until one of the limits; does not return.

    folder: has the `corpus`. What is fed is noted there before: see `last_input`.
    """
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    feed = _Feed(target, folder)
    if HAS_ATHERIS:
        _drive_atheris(feed, runs, seconds, number, folder)
    else:
        _drive_hypothesis(feed, runs, seconds, number)


def last_input(folder: Path) -> tuple[int, bytes]:
    """Return how many inputs were fed, and the last: the one that ended the process, if any did."""
    noted = (folder / "now").read_bytes()
    count, size = _HEAD.unpack_from(noted)
    return count, noted[_HEAD.size : _HEAD.size + size]


class _Feed:
    """Feeds a target, and notes each input where it outlives the process, whatever ends that."""

    def __init__(self, target: Target, folder: Path) -> None:
        self.target = target
        self._count = 0
        with (folder / "now").open("w+b") as file:
            file.truncate(_HEAD.size + INPUT_SIZE_MAX)
            self._now = mmap.mmap(file.fileno(), 0)

    def __call__(self, data: bytes) -> None:
        self._count += 1
        size = len(data)
        self._now[: _HEAD.size] = _HEAD.pack(self._count, size)
        self._now[_HEAD.size : _HEAD.size + size] = data
        self.target.run(data)


def _drive_atheris(feed: _Feed, runs: int, seconds: int, number: int, folder: Path) -> None:
    import atheris  # noqa: PLC0415 - only where it is

    def mutate(data: bytes, size_max: int, mutation: int) -> bytes:
        random = Random(mutation)
        if random.random() < 0.4:
            return bytes(atheris.Mutate(data, size_max))
        return feed.target.mutate(data, random)[:size_max]

    arguments = [
        sys.argv[0],
        f"-runs={runs}",
        f"-max_total_time={seconds}",
        f"-seed={number}",
        f"-max_len={feed.target.size_max}",
        f"-timeout={_STUCK_S}",
        f"-rss_limit_mb={RSS_MB_MAX}",
        f"-artifact_prefix={folder}/",
        "-print_final_stats=1",
        "-reload=0",
        str(folder / "corpus"),
    ]
    atheris.Setup(arguments, feed, custom_mutator=mutate)
    atheris.Fuzz()


def _drive_hypothesis(feed: _Feed, runs: int, seconds: int, number: int) -> None:
    """Tell figures in libFuzzer's words."""
    begun_s, done, batch = time.monotonic(), 0, 0

    def one(data: bytes) -> None:
        feed(data)

    while (runs < 0 or done < runs) and (seconds == 0 or time.monotonic() < begun_s + seconds):
        count = _BATCH if runs < 0 else min(_BATCH, runs - done)
        play = settings(
            max_examples=count,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )(seed(number * 10_000 + batch)(given(inputs(feed.target))(one)))
        play()
        done, batch = done + count, batch + 1
    print(f"stat::number_of_executed_units: {done}", file=sys.stderr, flush=True)
    sys.exit(0)


def inputs(target: Target) -> st.SearchStrategy[bytes]:
    """Draw inputs for hypothesis: seeds changed once or several times, and any bytes."""
    seeds = [bytes(one) for one in target.seeds()]

    def changed(begin: bytes, number: int, count: int) -> bytes:
        random = Random(number)
        for _ in range(count):
            begin = target.mutate(begin, random)[: target.size_max]
        return begin

    spoilt = st.builds(changed, st.sampled_from(seeds), st.integers(0, 2**32), st.integers(1, 4))
    return st.one_of(spoilt, spoilt, spoilt, st.binary(max_size=64))
