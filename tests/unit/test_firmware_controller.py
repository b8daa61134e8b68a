"""The reference controller: what opens, what ends, what is logged, and that nothing blocks an exit."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from firmware_protocol.controller import (
    EDGES,
    Controller,
    Idle,
    Passing,
    Unlocked,
    boot,
    deadline_ms,
    step,
)
from firmware_protocol.inputs import (
    AcknowledgeLog,
    CancelCommand,
    Configure,
    FaultInput,
    FireInput,
    HostBack,
    HostLost,
    Input,
    ModeCommand,
    Noticed,
    OpenCommand,
    PassageBegan,
    PassageCompleted,
    Relock,
    Result,
    SecondBody,
    Tick,
    TurnedBack,
    Unlock,
)
from firmware_protocol.memory import Memory
from firmware_protocol.settings import FACTORY, UNLOCK_MS_MAX, Settings, WithoutHost
from firmware_protocol.words import Command, Direction, EndReason, LogEntry, LogKind, Mode, Outcome

ENTRY, EXIT = Direction.ENTRY, Direction.EXIT
ANNA, BUDI = b"anna" * 4, b"budi" * 4


class Gate:
    """A controller that remembers what it did, with its clock at 1000 ms."""

    def __init__(self, memory: Memory | None = None, now_ms: int = 1000) -> None:
        self.now_ms = now_ms
        self.controller, self.effects = boot(memory or Memory(), now_ms)
        self.take(HostBack())

    def take(self, *inputs: Input, after_ms: int = 0):
        """Return the effects of the last input."""
        self.now_ms += after_ms
        for what in inputs:
            self.controller, self.effects = step(self.controller, what, self.now_ms)
        return self.effects

    def open(self, grant: bytes = ANNA, direction: Direction = ENTRY, unlock_ms: int = 5000):
        return self.take(OpenCommand(Command(grant, direction), unlock_ms, self.now_ms + 1500))

    @property
    def logged(self) -> list[tuple[LogKind, bytes | None]]:
        """What was logged since the host came, in short."""
        return [(entry.kind, entry.grant) for entry in self.controller.memory.entries[2:]]


def test_an_open_command_unlocks_and_answers() -> None:
    gate = Gate()
    assert gate.open() == (Unlock(ENTRY, ANNA), Result(ANNA, Outcome.OPENED))
    assert gate.controller.gate == Unlocked(Command(ANNA, ENTRY), 6000)
    assert deadline_ms(gate.controller) == 6000


def test_a_passage_relocks_and_is_logged_with_its_grant() -> None:
    gate = Gate()
    gate.open()
    assert gate.take(PassageBegan(ENTRY)) == ()
    assert isinstance(gate.controller.gate, Passing)
    relock, entry = gate.take(PassageCompleted(ENTRY), after_ms=700)
    assert relock == Relock(ENTRY)
    assert entry == LogEntry(
        sequence=3, kind=LogKind.PASSAGE, boot=1, at_ms=1700, direction=ENTRY, grant=ANNA
    )
    assert gate.controller.gate == Idle()
    assert deadline_ms(gate.controller) is None


def test_a_passage_is_known_without_its_begin_too() -> None:
    gate = Gate()
    gate.open()
    gate.take(PassageCompleted(ENTRY))
    assert gate.logged == [(LogKind.PASSAGE, ANNA)]


@pytest.mark.parametrize("ending", [PassageCompleted(ENTRY), TurnedBack(), CancelCommand(ANNA)])
def test_a_repeat_gets_the_first_answer_and_never_moves_the_gate(ending: Input) -> None:
    gate = Gate()
    gate.open()
    assert gate.open() == (Result(ANNA, Outcome.OPENED, is_repeat=True),)
    gate.take(ending)
    assert gate.open() == (Result(ANNA, Outcome.OPENED, is_repeat=True),)
    assert gate.controller.gate == Idle()


def test_a_refusal_is_repeated_too_even_if_it_could_open_now() -> None:
    gate = Gate()
    gate.open(ANNA)
    assert gate.open(BUDI) == (Result(BUDI, Outcome.BUSY),)
    gate.take(PassageCompleted(ENTRY))
    assert gate.open(BUDI) == (Result(BUDI, Outcome.BUSY, is_repeat=True),)


def test_the_gate_relocks_by_itself_when_nobody_comes() -> None:
    gate = Gate()
    gate.open()
    assert gate.take(Tick(), after_ms=4999) == ()
    relock, entry = gate.take(Tick(), after_ms=1)
    assert (relock, entry.kind, entry.reason) == (
        Relock(ENTRY),
        LogKind.NOT_PASSED,
        EndReason.TIMEOUT,
    )


def test_no_command_keeps_the_gate_open_longer_than_the_limit() -> None:
    gate = Gate()
    gate.open(unlock_ms=10 * UNLOCK_MS_MAX)
    assert deadline_ms(gate.controller) == 1000 + UNLOCK_MS_MAX


def test_who_is_passing_has_all_the_time_and_is_logged_as_held_once() -> None:
    gate = Gate()
    gate.open()
    gate.take(PassageBegan(ENTRY))
    assert gate.take(Tick(), after_ms=FACTORY.held_ms - 1) == ()
    (held,) = gate.take(Tick(), after_ms=1)
    assert (held.kind, held.grant) == (LogKind.HELD, ANNA)
    assert gate.take(Tick(), after_ms=FACTORY.held_ms) == ()
    assert deadline_ms(gate.controller) is None
    gate.take(PassageCompleted(ENTRY))
    assert gate.logged == [(LogKind.HELD, ANNA), (LogKind.PASSAGE, ANNA)]


def test_who_turns_back_ends_the_command() -> None:
    gate = Gate()
    gate.open()
    gate.take(PassageBegan(ENTRY))
    relock, entry = gate.take(TurnedBack())
    assert (relock, entry.reason) == (Relock(ENTRY), EndReason.TURNED_BACK)
    assert gate.take(TurnedBack()) == ()


def test_a_command_that_comes_after_its_time_opens_nothing() -> None:
    gate = Gate()
    late = OpenCommand(Command(ANNA, ENTRY), 5000, expires_at_ms=gate.now_ms)
    assert gate.take(late) == (Result(ANNA, Outcome.EXPIRED),)
    assert gate.controller.gate == Idle()


def test_a_cancelled_command_relocks() -> None:
    gate = Gate()
    gate.open()
    relock, entry = gate.take(CancelCommand(ANNA))
    assert (relock, entry.reason) == (Relock(ENTRY), EndReason.CANCELLED)


def test_a_command_that_was_cancelled_before_it_came_does_not_open() -> None:
    gate = Gate()
    assert gate.take(CancelCommand(ANNA)) == ()
    assert gate.open() == (Result(ANNA, Outcome.DENIED, is_repeat=True),)


def test_a_cancellation_does_not_shut_the_gate_on_who_is_passing() -> None:
    gate = Gate()
    gate.open()
    gate.take(PassageBegan(ENTRY))
    assert gate.take(CancelCommand(ANNA)) == ()
    assert isinstance(gate.controller.gate, Passing)


def test_an_entry_without_a_command_is_forced() -> None:
    gate = Gate()
    (entry,) = gate.take(PassageCompleted(ENTRY))
    assert (entry.kind, entry.direction, entry.grant) == (LogKind.FORCED, ENTRY, None)


def test_an_entry_while_an_exit_is_expected_is_forced() -> None:
    gate = Gate()
    gate.open(direction=EXIT)
    gate.take(PassageCompleted(ENTRY))
    assert gate.logged == [(LogKind.FORCED, None)]
    assert gate.controller.command == Command(ANNA, EXIT)


def test_a_second_body_on_one_command_is_a_tailgate() -> None:
    gate = Gate()
    gate.open()
    gate.take(PassageBegan(ENTRY), SecondBody(), PassageCompleted(ENTRY))
    assert gate.logged == [(LogKind.TAILGATE, None), (LogKind.PASSAGE, ANNA)]


def test_an_exit_is_a_passage_in_every_state_and_mode() -> None:
    for mode in Mode:
        for is_fire in (False, True):
            for is_faulty in (False, True):
                for grant in (None, ANNA):
                    gate = Gate()
                    if grant:
                        gate.open(grant)
                    gate.take(ModeCommand(mode), FireInput(is_fire), FaultInput(is_faulty))
                    gate.take(HostLost())
                    (entry,) = gate.take(PassageBegan(EXIT), PassageCompleted(EXIT))
                    assert (entry.kind, entry.direction) == (LogKind.PASSAGE, EXIT)


def test_an_exit_during_an_entry_leaves_the_entry_in_force() -> None:
    gate = Gate()
    gate.open()
    assert gate.take(PassageBegan(EXIT)) == ()
    gate.take(PassageCompleted(EXIT))
    assert gate.logged == [(LogKind.PASSAGE, None)]
    assert gate.controller.command == Command(ANNA, ENTRY)


def test_an_exit_command_says_whose_the_next_exit_is() -> None:
    gate = Gate()
    assert gate.open(direction=EXIT) == (Unlock(EXIT, ANNA), Result(ANNA, Outcome.OPENED))
    gate.take(PassageBegan(EXIT), PassageCompleted(EXIT))
    assert gate.logged == [(LogKind.PASSAGE, ANNA)]


def test_lock_down_ends_an_entry_and_denies_the_next_but_not_an_exit() -> None:
    gate = Gate()
    gate.open()
    relock, changed, ended = gate.take(ModeCommand(Mode.EXIT_ONLY))
    assert relock == Relock(ENTRY)
    assert (changed.kind, changed.mode) == (LogKind.MODE_CHANGED, Mode.EXIT_ONLY)
    assert (ended.kind, ended.reason) == (LogKind.NOT_PASSED, EndReason.MODE)
    assert gate.open(BUDI) == (Result(BUDI, Outcome.DENIED),)
    assert gate.open(b"exit" * 4, EXIT)[-1].outcome is Outcome.OPENED


def test_lock_down_leaves_an_exit_and_who_is_passing_alone() -> None:
    for direction, began in ((EXIT, ()), (ENTRY, (PassageBegan(ENTRY),))):
        gate = Gate()
        gate.open(direction=direction)
        gate.take(*began)
        gate.take(ModeCommand(Mode.EXIT_ONLY))
        assert gate.logged == [(LogKind.MODE_CHANGED, None)]


def test_a_mode_that_is_in_force_already_changes_nothing() -> None:
    gate = Gate()
    assert gate.take(ModeCommand(Mode.NORMAL)) == ()


def test_in_free_mode_everybody_enters_and_nobody_is_attributed() -> None:
    gate = Gate()
    unlock, _ = gate.take(ModeCommand(Mode.FREE))
    assert unlock == Unlock(ENTRY, None)
    assert gate.open() == (Result(ANNA, Outcome.DENIED),)
    for what in (PassageCompleted(ENTRY), SecondBody(), PassageCompleted(EXIT)):
        (entry,) = gate.take(what)
        assert (entry.kind, entry.grant, entry.is_free) == (LogKind.PASSAGE, None, True)
    relock, _ = gate.take(ModeCommand(Mode.NORMAL))
    assert relock == Relock(ENTRY)


def test_who_is_passing_when_the_gate_is_freed_keeps_the_grant() -> None:
    gate = Gate()
    gate.open()
    gate.take(PassageBegan(ENTRY))
    unlock, _ = gate.take(ModeCommand(Mode.FREE))
    assert unlock == Unlock(ENTRY, None)
    (entry,) = gate.take(PassageCompleted(ENTRY))
    assert (entry.grant, entry.is_free) == (ANNA, False)


def test_freeing_the_gate_ends_the_command_that_nobody_used() -> None:
    gate = Gate()
    gate.open()
    gate.take(ModeCommand(Mode.FREE))
    assert gate.logged == [(LogKind.MODE_CHANGED, None), (LogKind.NOT_PASSED, ANNA)]


@pytest.mark.parametrize("began", [(), (PassageBegan(ENTRY),)])
def test_fire_frees_the_gate_and_ends_the_command(began: tuple[Input, ...]) -> None:
    gate = Gate()
    gate.open()
    gate.take(*began)
    unlock, fire, ended = gate.take(FireInput(is_on=True))
    assert unlock == Unlock(ENTRY, None)
    assert (fire.kind, ended.reason) == (LogKind.FIRE_ON, EndReason.FIRE)
    assert gate.take(FireInput(is_on=True)) == ()
    assert gate.open(BUDI) == (Result(BUDI, Outcome.FIRE),)
    assert gate.take(PassageCompleted(ENTRY))[0].is_free


@pytest.mark.parametrize(
    "attempt",
    [ModeCommand(Mode.NORMAL), ModeCommand(Mode.EXIT_ONLY), HostLost(), FaultInput(is_on=True)],
)
def test_nothing_locks_during_a_fire(attempt: Input) -> None:
    gate = Gate()
    gate.take(FireInput(is_on=True))
    assert Relock(ENTRY) not in gate.take(attempt)
    assert gate.controller.is_free


def test_after_the_fire_the_gate_locks_again() -> None:
    gate = Gate()
    gate.take(FireInput(is_on=True))
    relock, entry = gate.take(FireInput(is_on=False))
    assert (relock, entry.kind) == (Relock(ENTRY), LogKind.FIRE_OFF)


def test_a_broken_turnstile_denies_until_it_works_again() -> None:
    gate = Gate()
    (entry,) = gate.take(FaultInput(is_on=True))
    assert entry.kind is LogKind.FAULT_ON
    assert gate.take(FaultInput(is_on=True)) == ()
    assert gate.open() == (Result(ANNA, Outcome.DENIED),)
    gate.take(FaultInput(is_on=False))
    assert gate.open(BUDI)[-1].outcome is Outcome.OPENED


def test_a_free_gate_locks_when_the_host_is_lost_and_frees_when_it_is_back() -> None:
    gate = Gate()
    gate.take(ModeCommand(Mode.FREE))
    relock, lost = gate.take(HostLost())
    assert (relock, lost.kind) == (Relock(ENTRY), LogKind.HOST_LOST)
    assert gate.take(HostLost()) == ()
    assert gate.take(PassageCompleted(ENTRY))[0].kind is LogKind.FORCED
    unlock, back = gate.take(HostBack())
    assert (unlock, back.kind) == (Unlock(ENTRY, None), LogKind.HOST_BACK)
    assert gate.take(HostBack()) == ()


def test_a_command_outlives_its_host() -> None:
    gate = Gate()
    gate.open()
    gate.take(HostLost(), PassageCompleted(ENTRY))
    assert gate.logged == [(LogKind.HOST_LOST, None), (LogKind.PASSAGE, ANNA)]


def test_a_reboot_ends_the_command_and_remembers_it() -> None:
    gate = Gate()
    gate.open()
    again = Gate(gate.controller.memory, now_ms=50)
    assert again.controller.memory.boot_count == 2
    reboot = again.controller.memory.entries[2]
    assert (reboot.kind, reboot.grant, reboot.reason) == (
        LogKind.NOT_PASSED,
        ANNA,
        EndReason.REBOOT,
    )
    assert (reboot.boot, reboot.at_ms, reboot.sequence) == (2, 50, 3)
    assert again.open() == (Result(ANNA, Outcome.OPENED, is_repeat=True),)
    assert again.controller.gate == Idle()


def test_a_boot_locks_the_entry_first() -> None:
    _, effects = boot(Memory(), 0)
    assert effects[0] == Relock(ENTRY)
    assert [effect.kind for effect in effects[1:]] == [LogKind.BOOT]


def test_what_else_the_sensors_see_is_logged() -> None:
    gate = Gate()
    for kind in (LogKind.REVERSE, LogKind.TAMPER, LogKind.POWER):
        (entry,) = gate.take(Noticed(kind))
        assert entry.kind is kind


GRANTS = st.integers(0, 5).map(lambda number: bytes([number]) * 16)
DIRECTIONS = st.sampled_from(Direction)


class AnyLife(RuleBasedStateMachine):
    """Whatever happens in whatever order, the promises hold."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ms = 0
        self.controller, effects = boot(Memory(), 0)
        self.released: Unlock | None = None
        self.entries: list[LogEntry] = []
        self.opened: list[bytes] = []
        self.follow(effects)

    def follow(self, effects) -> None:
        for effect in effects:
            match effect:
                case Unlock():
                    self.released = effect
                case Relock(direction):
                    if self.released is not None and self.released.direction is direction:
                        self.released = None
                case Result(grant, Outcome.OPENED, False):
                    self.opened.append(grant)
                case LogEntry():
                    self.entries.append(effect)

    def take(self, what: Input):
        self.controller, effects = step(self.controller, what, self.now_ms)
        self.follow(effects)
        return effects

    @rule(grant=GRANTS, direction=DIRECTIONS, age_ms=st.integers(0, 2000))
    def open(self, grant: bytes, direction: Direction, age_ms: int) -> None:
        self.take(OpenCommand(Command(grant, direction), 5000, self.now_ms - age_ms + 1500))

    @rule(
        what=st.one_of(
            st.builds(CancelCommand, GRANTS),
            st.builds(ModeCommand, st.sampled_from(Mode)),
            st.builds(AcknowledgeLog, st.integers(0, 60)),
            st.builds(PassageBegan, DIRECTIONS),
            st.builds(PassageBegan, DIRECTIONS),
            st.builds(PassageCompleted, DIRECTIONS),
            st.just(TurnedBack()),
            st.just(SecondBody()),
            st.builds(FireInput, st.booleans()),
            st.builds(FaultInput, st.booleans()),
            st.just(HostLost()),
            st.just(HostBack()),
            st.builds(Configure, st.builds(Settings, without_host=st.sampled_from(WithoutHost))),
        )
    )
    def happen(self, what: Input) -> None:
        self.take(what)

    @rule(after_ms=st.integers(0, 40_000))
    def pass_time(self, after_ms: int) -> None:
        self.now_ms += after_ms
        self.take(Tick())

    @precondition(lambda self: self.now_ms > 0)
    @rule()
    def reboot(self) -> None:
        self.now_ms = 0
        self.released = None
        self.controller, effects = boot(self.controller.memory, 0)
        self.follow(effects)

    @rule()
    def walk_out(self) -> None:
        (entry,) = (it for it in self.take(PassageCompleted(EXIT)) if isinstance(it, LogEntry))
        assert entry.kind is LogKind.PASSAGE

    @invariant()
    def the_entry_is_open_only_for_everybody_or_for_one_command(self) -> None:
        command = self.controller.command
        if self.controller.is_free:
            assert self.released == Unlock(ENTRY, None)
        elif command is not None:
            assert self.released == Unlock(command.direction, command.grant)
        else:
            assert self.released is None

    @invariant()
    def no_command_opens_twice_and_each_one_ends_once(self) -> None:
        assert len(set(self.opened)) == len(self.opened)
        ended = [it.grant for it in self.entries if it.grant and it.kind is not LogKind.HELD]
        command = self.controller.command
        in_force = [] if command is None else [command.grant]
        assert sorted(ended + in_force) == sorted(self.opened)

    @invariant()
    def the_log_has_no_holes(self) -> None:
        assert [it.sequence for it in self.entries] == list(range(1, len(self.entries) + 1))
        memory = self.controller.memory
        assert memory.head == len(self.entries)
        assert list(memory.entries) == self.entries[memory.first - 1 :]


AnyLife.TestCase.settings = settings(max_examples=50, stateful_step_count=30)
TestAnyLife = AnyLife.TestCase


def test_every_edge_can_be_reached() -> None:
    ways = {
        (Idle, Unlocked): (),
        (Unlocked, Passing): (PassageBegan(ENTRY),),
        (Unlocked, Idle): (TurnedBack(),),
        (Passing, Idle): (PassageBegan(ENTRY), PassageCompleted(ENTRY)),
    }
    assert set(ways) == EDGES
    for edge, inputs in ways.items():
        gate = Gate()
        gates: list[Controller] = [gate.controller]
        gate.open()
        gates.append(gate.controller)
        for what in inputs:
            gate.take(what)
            gates.append(gate.controller)
        assert (type(gates[-2].gate), type(gates[-1].gate)) == edge
