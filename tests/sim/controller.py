"""A simulated turnstile controller: the reference machine, its timer, and who watches it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from firmware_protocol import controller as machine
from firmware_protocol.inputs import Effect, FireInput, Input, Relock, Result, Unlock
from firmware_protocol.memory import Memory
from firmware_protocol.words import Direction, LogEntry, Outcome, Signal
from tests.sim.story import Executed, Logged, Overwritten, Story


@dataclass(frozen=True, slots=True)
class State:
    """What a controller says of itself at each change; `passing` is the grant of who passes."""

    is_fire: bool
    is_faulty: bool
    passing: str | None


class SimController:
    """Stands at a lane and outlives the gateway. Its uptime is the loop's time.

    keeps_log: a plain one reports what happens only while somebody listens.
    """

    def __init__(
        self, lane: str, story: Story, is_recorded: Callable[[str], bool], *, keeps_log: bool
    ) -> None:
        """is_recorded: tells whether the verdict with a grant stands on the gateway's disk."""
        self.lane = lane
        self.keeps_log = keeps_log
        self.log = lane.encode().rjust(8, b"\0")
        self.signals = dict.fromkeys(Direction, Signal.FAULT)
        self.tell_host: Callable[[Result | LogEntry | State], None] = _nobody
        self.tell_people: Callable[[Unlock | Relock | Signal, Direction], None] = _nobody
        self._story = story
        self._is_recorded = is_recorded
        self._timer: asyncio.TimerHandle | None = None
        self._told: State | None = None
        self._kept: tuple[LogEntry, ...] = ()
        self._is_fire = False
        self._boot(Memory())

    @property
    def gate(self) -> machine.Gate:
        return self._machine.gate

    @property
    def memory(self) -> Memory:
        return self._machine.memory

    @property
    def is_free(self) -> bool:
        return self._machine.is_free

    @property
    def in_force(self) -> str | None:
        command = self._machine.command
        return None if command is None else command.grant.hex()

    def take(self, what: Input) -> None:
        if isinstance(what, FireInput):
            self._is_fire = what.is_on
        self._machine, effects = machine.step(self._machine, what, uptime_ms())
        self._follow(effects)

    def reboot(self) -> None:
        """Lose power for a moment: what is in its memory stays, what it was doing ends."""
        self.signals = dict.fromkeys(Direction, Signal.FAULT)
        self._boot(self._machine.memory)
        self.take(FireInput(self._is_fire))

    def show(self, signal: Signal, direction: Direction) -> None:
        self.signals[direction] = signal
        self.tell_people(signal, direction)

    def state(self) -> State:
        is_passing = isinstance(self.gate, machine.Passing)
        passing = self.in_force if is_passing else None
        return State(self._machine.is_fire, self._machine.is_faulty, passing)

    def _boot(self, memory: Memory) -> None:
        self._machine, effects = machine.boot(memory, uptime_ms())
        self._follow(effects)

    def _tick(self) -> None:
        self.take(machine.Tick())

    def _deadline_ms(self) -> int | None:
        return machine.deadline_ms(self._machine)

    def _follow(self, effects: Sequence[Effect]) -> None:
        """Tell the host in the order of the serial binding: answers, the state, then the log."""
        now_s = uptime_ms() / 1000
        for effect in effects:
            match effect:
                case Result(grant, outcome, is_repeat):
                    if outcome is Outcome.OPENED and not is_repeat:
                        (direction,) = (it.direction for it in effects if _is_for(it, grant))
                        self._executed(grant.hex(), direction)
                    self.tell_host(effect)
                case LogEntry():
                    kept = self.keeps_log
                    log = self.log.hex()
                    seen = Logged(at_s=now_s, lane=self.lane, log=log, is_kept=kept, entry=effect)
                    self._story.saw(seen)
                case Unlock() | Relock():
                    pass
        self._note_overwritten()
        self._tell_state()
        for effect in effects:
            match effect:
                case LogEntry():
                    self.tell_host(effect)
                case Unlock(direction) | Relock(direction):
                    self.tell_people(effect, direction)
                case Result():
                    pass
        self._set_timer()

    def _executed(self, grant: str, direction: Direction) -> None:
        self._story.saw(
            Executed(
                at_s=uptime_ms() / 1000,
                lane=self.lane,
                grant=grant,
                direction=str(direction),
                is_recorded=self._is_recorded(grant),
            )
        )

    def _note_overwritten(self) -> None:
        before, self._kept = self._kept, self.memory.entries
        gone = [entry for entry in before if entry.sequence > self.memory.acknowledged]
        lost = tuple(entry for entry in gone if entry.sequence < self.memory.first)
        if lost and self.keeps_log:
            self._story.saw(
                Overwritten(
                    at_s=uptime_ms() / 1000, lane=self.lane, log=self.log.hex(), entries=lost
                )
            )

    def _tell_state(self) -> None:
        state = self.state()
        if state != self._told:
            self._told = state
            self.tell_host(state)

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline_ms = self._deadline_ms()
        if deadline_ms is not None:
            self._timer = asyncio.get_running_loop().call_at(deadline_ms / 1000, self._tick)


def uptime_ms() -> int:
    return round(asyncio.get_running_loop().time() * 1000)


def _is_for(effect: Effect, grant: bytes) -> bool:
    return isinstance(effect, Unlock) and effect.grant == grant


def _nobody(*_: object) -> None:
    pass
