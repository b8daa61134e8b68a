"""The C controller in place of the Python one: the same calls, the same outputs, the same memory.

It runs as a process under the address and undefined-behaviour sanitizers (firmware_protocol/c/host/
bench.c); where they find anything the process ends, and the test fails with what they say.
"""

import atexit
import functools
import os
import shutil
import subprocess
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware_protocol import bodies
from firmware_protocol.controller import Controller, Host, Idle, Passing, Unlocked
from firmware_protocol.device import Identity, Output
from firmware_protocol.frames import Deframer, Frame
from firmware_protocol.inputs import (
    ContactsSeen,
    Effect,
    FaultInput,
    FireInput,
    Input,
    Noticed,
    PassageBegan,
    PassageCompleted,
    Relock,
    Result,
    SecondBody,
    TurnedBack,
    Unlock,
)
from firmware_protocol.memory import Memory
from firmware_protocol.messages import Indicate
from firmware_protocol.words import Direction, LogKind
from tests.unit.c_store import STORE_SIZE, image_of, memory_of

SOURCE = Path(__file__).parents[2] / "firmware_protocol/c"
DIRECTIONS = [Direction.ENTRY, Direction.EXIT]
NEVER_MS = 2**64 - 1


@functools.cache
def built() -> Path:
    """Return a directory with the programs, built once in each run of the tests."""
    directory = Path(tempfile.mkdtemp(prefix="gatelink-c-"))
    atexit.register(shutil.rmtree, directory)
    make = ["make", "-s", "-j2", "-C", str(SOURCE), f"BUILD={directory}", "sanitized"]
    said = subprocess.run(make, capture_output=True, text=True, check=False)
    if said.returncode != 0:
        pytest.fail(f"the C controller cannot be built:\n{said.stderr}", pytrace=False)
    return directory / "sanitized"


class Bench:
    """One process, with a storage of its own."""

    def __init__(self) -> None:
        handle, name = tempfile.mkstemp(dir=built(), prefix="store-")
        os.close(handle)
        self.store = Path(name)
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self._process = subprocess.Popen(
            [built() / "bench", self.store],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def say(self, order: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(order + "\n")
        self._process.stdin.flush()

    def hear(self) -> list[str]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._errors.seek(0)
            pytest.fail("the C controller ended:\n" + self._errors.read().decode(), pytrace=False)
        return line.split()

    def ask(self, order: str) -> str:
        """Return the one line that answers."""
        self.say(order)
        return " ".join(self.hear())

    def stop(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._errors.close()


_idle: list[Bench] = []
"""Benches whose device is gone: the next one is cheaper on them than on a new process."""


def take_bench() -> Bench:
    return _idle.pop() if _idle else Bench()


def _release(bench: Bench) -> None:
    if bench.is_running:
        bench.ask("trace 0")
        bench.ask("break 0")
        _idle.append(bench)


@atexit.register
def _stop_benches() -> None:
    for bench in _idle:
        bench.stop()


class CDevice:
    """Shaped like `firmware_protocol.device.Device`."""

    def __init__(
        self,
        psk: bytes,
        memory: Memory,
        *,
        device: Identity,
        token: Callable[[int], bytes],
        address: int = 0,
    ) -> None:
        self.bench = take_bench()
        self.trace: list[tuple[str, ...]] = []
        """What it did in its order, writes to its storage too if `trace_store` was called."""
        weakref.finalize(self, _release, self.bench)
        self._token = token
        self._start = f"start {device.name} {device.firmware} {psk.hex()} {address}"
        self.write_store(image_of(memory, device.log))
        self.noise_count = self.forged_count = 0

    def read_store(self) -> bytes:
        return self.bench.store.read_bytes()

    def write_store(self, image: bytes) -> None:
        assert len(image) == STORE_SIZE
        self.bench.store.write_bytes(image)

    def trace_store(self) -> None:
        self.bench.ask("trace 1")

    def break_store(self) -> None:
        self.bench.ask("break 1")

    # --- what a Device does --------------------------------------------------------------------

    def start(self, now_ms: int) -> Output:
        return self._run(f"{self._start} {now_ms}")

    def feed(self, data: bytes, now_ms: int) -> Output:
        return self._run(f"feed {now_ms} {data.hex() or '-'}")

    def tick(self, now_ms: int) -> Output:
        return self._run(f"tick {now_ms}")

    def sense(self, what: Input, now_ms: int) -> Output:
        return self._run(f"sense {now_ms} {_sensed(what)}")

    def deadline_ms(self) -> int | None:
        return None if self._deadline_ms == NEVER_MS else self._deadline_ms

    @property
    def controller(self) -> Controller:
        memory = memory_of(self.read_store())
        stage, at, mode, host, is_fire, is_faulty = self._gate
        gate: Idle | Unlocked | Passing = Idle()
        if stage:
            assert memory.in_force is not None
            at_ms = None if at == "-" else int(at)
            gate = (
                Unlocked(memory.in_force, int(at))
                if stage == 1
                else Passing(memory.in_force, at_ms)
            )
        return Controller(
            memory,
            gate,
            bodies.MODE.words[mode],
            bool(is_fire),
            bool(is_faulty),
            list(Host)[host],
            self._contacts,
        )

    # --- the process ---------------------------------------------------------------------------

    def _run(self, order: str) -> Output:
        self.bench.say(order)
        data = b""
        effects: list[Effect | Indicate] = []
        while True:
            said = self.bench.hear()
            self.trace.append(tuple(said))
            match said:
                case ["sent", sent]:
                    data += bytes.fromhex(sent)
                    effects += _results(bytes.fromhex(sent))
                case ["relay", direction, "0"]:
                    effects.append(Relock(DIRECTIONS[int(direction)]))
                case ["relay", direction, "1", *grant]:
                    whose = bytes.fromhex(grant[0]) if grant else None
                    effects.append(Unlock(DIRECTIONS[int(direction)], whose))
                case ["signal", direction, signal]:
                    shown = bodies.SIGNAL.words[int(signal)]
                    effects.append(Indicate(shown, DIRECTIONS[int(direction)]))
                case ["wrote", _, _]:
                    pass
                case ["random", size]:
                    self.bench.say(self._token(int(size)).hex())
                case ["done", deadline, stage, at, mode, host, fire, faulty, closed, noise, forged]:
                    self._deadline_ms = int(deadline)
                    self._contacts = None if closed == "-" else int(closed)
                    self._gate = int(stage), at, int(mode), int(host), int(fire), int(faulty)
                    self.noise_count, self.forged_count = int(noise), int(forged)
                    return Output(data, tuple(effects))
                case _:
                    pytest.fail(f"the bench said {said}")


def _results(data: bytes) -> list[Result]:
    """Return the answers in what was sent: the C controller has no other way to tell them."""
    messages = [
        bodies.decode(frame.kind, frame.body)
        for frame in Deframer().feed(data)
        if isinstance(frame, Frame)
    ]
    return [message for message in messages if isinstance(message, Result)]


def _sensed(what: Input) -> str:
    """Return number, direction, state and contacts as in hal.h."""
    notices = {LogKind.REVERSE: 4, LogKind.TAMPER: 5, LogKind.POWER: 6}
    match what:
        case PassageBegan(direction):
            return f"0 {DIRECTIONS.index(direction)} 0 0"
        case PassageCompleted(direction):
            return f"1 {DIRECTIONS.index(direction)} 0 0"
        case TurnedBack():
            return "2 0 0 0"
        case SecondBody():
            return "3 0 0 0"
        case Noticed(kind):
            return f"{notices[kind]} 0 0 0"
        case FireInput(is_on):
            return f"7 0 {is_on:d} 0"
        case FaultInput(is_on):
            return f"8 0 {is_on:d} 0"
        case ContactsSeen(closed):
            return f"9 0 0 {closed}"
        case _:
            raise AssertionError(f"no sensor says {what}")
