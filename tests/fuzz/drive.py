"""Feeds one target in this process: with atheris, which follows the coverage, else with hypothesis.

Either way the same promises hold beside those of the target: an input takes bounded time and
memory, and no error but the declared one comes out.
"""

import contextlib
import importlib.util
import io
import resource
import sys
import tempfile
import time
import traceback
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
_STUCK_S: Final = 60  # Wall time, on a machine that does other things too; see `Target.run`.
_BATCH: Final = 2_000  # Inputs of hypothesis between two looks at the clock.

_TRACED: Final = [
    "gatewayd.core", "gatewayd.store", "gatewayd.desk.given", "gatewayd.desk.hosts",
    "gatewayd.mqtt.topics", "drivers", "firmware_protocol", "config",
]  # fmt: skip
"""Where decoders are; to trace all the rest would cost each start some seconds."""

FAILED_PREFIXES: Final = ("crash-", "timeout-", "oom-")


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

    folder: has the `corpus` and takes inputs that fail, named as libFuzzer names them.
    """
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    if HAS_ATHERIS:
        _drive_atheris(target, runs, seconds, number, folder)
    else:
        _drive_hypothesis(target, runs, seconds, number, folder)


def _drive_atheris(target: Target, runs: int, seconds: int, number: int, folder: Path) -> None:
    import atheris  # noqa: PLC0415 - only where it is

    def mutate(data: bytes, size_max: int, mutation: int) -> bytes:
        random = Random(mutation)
        if random.random() < 0.4:
            return bytes(atheris.Mutate(data, size_max))
        return target.mutate(data, random)[:size_max]

    arguments = [
        sys.argv[0],
        f"-runs={runs}",
        f"-max_total_time={seconds}",
        f"-seed={number}",
        f"-max_len={target.size_max}",
        f"-timeout={_STUCK_S}",
        f"-rss_limit_mb={RSS_MB_MAX}",
        f"-artifact_prefix={folder}/",
        "-print_final_stats=1",
        "-reload=0",
        str(folder / "corpus"),
    ]
    atheris.Setup(arguments, target.run, custom_mutator=mutate)
    atheris.Fuzz()


def _drive_hypothesis(target: Target, runs: int, seconds: int, number: int, folder: Path) -> None:
    """Tell figures in libFuzzer's words."""
    begun_s, done = time.monotonic(), 0
    last = b""

    def one(data: bytes) -> None:
        nonlocal done, last
        done, last = done + 1, data
        target.run(data)

    batch = 0
    while (runs < 0 or done < runs) and (seconds == 0 or time.monotonic() < begun_s + seconds):
        count = _BATCH if runs < 0 else min(_BATCH, runs - done)
        play = settings(
            max_examples=count,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )(seed(number * 10_000 + batch)(given(inputs(target))(one)))
        try:
            play()
        except BaseException:  # noqa: BLE001 - whatever it is, the input is kept and told
            traceback.print_exc()
            with tempfile.NamedTemporaryFile(dir=folder, prefix="crash-", delete=False) as file:
                file.write(last)
            break
        batch += 1
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
