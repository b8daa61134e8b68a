"""The C controller as a process on a pty, and the simulated people at it.

It takes the orders of `gatewayd simulate turnstile` and tells in the same words, so that what tests
that one tests this one. Built with the sanitizers: whatever they find ends it, and the test fails.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

from drivers.simulated.people import Behaviour, People
from firmware_protocol.inputs import (
    PassageBegan,
    PassageCompleted,
    SecondBody,
    Sensed,
    TurnedBack,
)
from firmware_protocol.words import Command, Direction
from tests.e2e.eventually import PATIENCE_S, eventually
from tests.e2e.test_gatelink_pty import Controller
from tests.unit.c_controller import built

STEP_S = 0.005
PIPE = asyncio.subprocess.PIPE


class CTurnstile(Controller):
    """One process; `is_ended_well` once it has quit without a complaint of the sanitizers."""

    def __init__(self, process: asyncio.subprocess.Process, people: People) -> None:
        super().__init__(process)
        self._people = people
        self._command: Command | None = None
        self._seen = 0

    def order(self, text: str) -> None:
        match text.split():
            case ["next", word]:
                self._people.choose_next(Behaviour(word))
            case ["exit"]:
                self._people.walk_out(self._command, self._now_ms())
            case ["force"]:
                self._people.force(self._now_ms())
            case ["step", "in"]:
                super().order("began entry")
            case ["step", "back"]:
                super().order("back")
            case _:
                super().order(text)

    async def have_done(self, order: str, event: str | None) -> None:
        count = len(self.events)
        self.order(order)
        if event is not None:
            await eventually(lambda: event in [it["event"] for it in self.events[count:]])

    async def walk(self) -> None:
        """Have the people do what they do, for ever."""
        while True:
            for told in self.events[self._seen :]:
                self._watch(told)
            self._seen = len(self.events)
            while (what := self._people.take_due(self._now_ms())) is not None:
                super().order(_seen_as(what))
            await asyncio.sleep(STEP_S)

    def _watch(self, told: dict) -> None:
        if told["event"] == "unlocked" and "grant" in told:
            self._command = Command(bytes.fromhex(told["grant"]), Direction(told["direction"]))
            self._people.let_in(self._command, self._now_ms())
        elif self._command is not None and told.get("grant") == self._command.grant.hex():
            self._people.stop(self._command.grant)
            self._command = None

    def _now_ms(self) -> int:
        return round(1000 * asyncio.get_running_loop().time())


@contextlib.asynccontextmanager
async def c_turnstile(
    port: Path,
    state: Path,
    walk_ms: int = 100,
    *,
    behaviour: Behaviour = Behaviour.PASS,
    address: int = 0,
) -> AsyncIterator[CTurnstile]:
    psk = state.with_suffix(".psk")
    psk.write_text(bytes(range(32)).hex())
    psk.chmod(0o600)
    process = await asyncio.create_subprocess_exec(
        built() / "controller", port, psk, state, str(address), stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    running = CTurnstile(process, People((behaviour,), walk_ms, Random(0)))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(running.read())
        walking = tasks.create_task(running.walk())
        try:
            await eventually(lambda: bool(running.events))
            yield running
        finally:
            running.order("quit")
            async with asyncio.timeout(PATIENCE_S):
                await process.wait()
            walking.cancel()
            assert process.stderr is not None
            complaint = (await process.stderr.read()).decode()
    assert (process.returncode, complaint) == (0, "")


def _seen_as(what: Sensed) -> str:
    match what:
        case PassageBegan(direction):
            return f"began {direction}"
        case PassageCompleted(direction):
            return f"through {direction}"
        case TurnedBack():
            return "back"
        case SecondBody():
            return "second"
        case _:
            raise AssertionError(f"no simulated person does {what}")
