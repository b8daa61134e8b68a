"""Host and device over a line that spoils, holds back, cuts and joins what it carries."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_protocol.host import Host
from firmware_protocol.inputs import PassageBegan, PassageCompleted, TurnedBack, Unlock
from firmware_protocol.reports import (
    Answered,
    EntriesLost,
    LogEnd,
    Logged,
    NeverSent,
    Unanswered,
)
from firmware_protocol.words import Direction, Outcome
from tests.unit.gatelink_line import ENTRY, EXIT, PSK, Line, counting_token

pytestmark = pytest.mark.slow


class BadLine:
    """Loses writes, spoils bytes, cuts writes in pieces, holds some back and joins them."""

    def __init__(self, random: Random, error_rate: float) -> None:
        self._random = random
        self._error_rate = error_rate
        self._held = {"host": b"", "device": b""}

    def __call__(self, to: str, data: bytes) -> list[bytes]:
        random = self._random
        if random.random() < self._error_rate * 20:
            return []
        spoilt = bytes(
            random.randrange(256) if random.random() < self._error_rate else byte for byte in data
        )
        arriving, self._held[to] = self._held[to] + spoilt, b""
        if random.random() < 0.1:
            self._held[to] = arriving
            return []
        cut = random.randrange(len(arriving) + 1)
        return [arriving[:cut], arriving[cut:]]


class Story:
    """A line, what happened on it, and what must be true of it in the end."""

    def __init__(self, seed: int, error_rate: float) -> None:
        self.random = Random(seed)
        self.line = Line(seed=str(seed))
        self.line.spoil = BadLine(self.random, error_rate)
        self.grants = 0
        self.hosts = 0
        self.told_by_host: list[list[int]] = []
        self.line.plug()

    def live(self, what: str) -> None:
        line = self.line
        match what:
            case "open":
                self.grants += 1
                direction = self.random.choice(list(Direction))
                line.open(self.grants.to_bytes(16), direction, ttl_ms=1500)
            case "walk":
                command = line.device.controller.command
                line.sense(PassageBegan(ENTRY if command is None else command.direction))
                line.sense(PassageCompleted(ENTRY if command is None else command.direction))
            case "turn back":
                line.sense(TurnedBack())
            case "walk out":
                line.sense(PassageCompleted(EXIT))
            case "reboot":
                line.reboot()
            case "cable":
                line.unplug()
                line.run(self.random.randrange(3000))
                line.plug()
            case "host":
                self.forget_host()
                self.hosts += 1
                token = counting_token(f"host {self.hosts}")
                line.host = Host(PSK, name="gateway", token=token)
                line.plug()
            case "record":
                self.record()
        line.run(self.random.choice([0, 5, 50, 400, 2000]))

    def record(self) -> None:
        if self.line.host._log.name:
            self.line.acknowledge(self.line.host._log.expected - 1, self.line.host._log.name)

    def forget_host(self) -> None:
        self.line.unplug()
        self.told_by_host.append([it.entry.sequence for it in self.line.told(Logged)])
        self.check_answers()
        self.check_ends()
        self.line.reports.clear()

    def clear_up(self) -> None:
        self.line.spoil = lambda _, data: [data]
        for _ in range(40):
            self.line.run(500)
            self.record()
        assert self.line.host.is_connected
        assert self.line.told(LogEnd)

    def check_answers(self) -> None:
        answers = Counter(it.grant for it in self.line.told(Answered, Unanswered, NeverSent))
        assert set(answers.values()) <= {1}
        unlocked = {it.grant for it in self.line.done(Unlock)}
        for report in self.line.told(Answered, NeverSent):
            is_opened = isinstance(report, Answered) and report.outcome is Outcome.OPENED
            assert is_opened == (report.grant in unlocked)

    def check_ends(self) -> None:
        """What an end of the log does not name, and the log neither, never opened."""
        unlocked = {it.grant for it in self.line.done(Unlock)}
        unknown: set[bytes] = set()
        for report in self.line.reports:
            match report:
                case Unanswered(grant):
                    unknown.add(grant)
                case Logged(_, entry):
                    unknown.discard(entry.grant)
                case LogEnd(_, in_force):
                    assert unknown & unlocked <= set(in_force)

    def check(self) -> None:
        line = self.line
        unlocks = Counter(effect.grant for effect in line.done(Unlock))
        assert set(unlocks.values()) <= {1}
        self.check_answers()
        self.check_ends()
        self.told_by_host.append([it.entry.sequence for it in line.told(Logged)])
        for told in self.told_by_host:
            assert told == sorted(set(told))
        assert line.told(EntriesLost) == []
        memory = line.device.controller.memory
        everything = set().union(*self.told_by_host)
        assert everything == set(range(1, memory.head + 1))
        assert memory.acknowledged == memory.head


WHAT = [
    "open",
    "open",
    "walk",
    "walk",
    "turn back",
    "walk out",
    "record",
    "reboot",
    "cable",
    "host",
]


@given(
    seed=st.integers(0, 2**32),
    error_rate=st.sampled_from([0.0, 0.0005, 0.005]),
    life=st.lists(st.sampled_from(WHAT), max_size=25),
)
@settings(max_examples=40)
def test_nothing_opens_twice_and_nothing_is_lost(
    seed: int, error_rate: float, life: list[str]
) -> None:
    story = Story(seed, error_rate)
    for what in life:
        story.live(what)
    story.clear_up()
    story.check()
