"""The reference state machine of a turnstile controller, whatever wire its commands come on.

The exit is mechanically free in every state and mode: `Unlock` and `Relock` for the exit mean its
lamp, and a command for the exit only says whose the next passage out is. Fire wins over everything.
Times are milliseconds of the device's own uptime.
"""

from dataclasses import dataclass, field, replace
from enum import Enum, auto

from firmware_protocol import memory as kept
from firmware_protocol.inputs import (
    AcknowledgeLog,
    CancelCommand,
    Circumstance,
    Configure,
    ContactsSeen,
    Effect,
    FaultInput,
    FireInput,
    HostBack,
    HostLost,
    Input,
    ModeCommand,
    Noticed,
    OpenCommand,
    Order,
    PassageBegan,
    PassageCompleted,
    Relock,
    Result,
    SecondBody,
    Sensed,
    Tick,
    TurnedBack,
    Unlock,
)
from firmware_protocol.memory import Memory
from firmware_protocol.settings import (
    UNLOCK_MS_MAX as UNLOCK_MS_MAX,  # noqa: PLC0414 - the MQTT binding takes it from here
)
from firmware_protocol.settings import WithoutHost
from firmware_protocol.words import Command, Direction, EndReason, LogEntry, LogKind, Mode, Outcome


class Host(Enum):
    """What is known of the host."""

    AWAITED = auto()
    """Not heard since the boot, and not for long."""
    THERE = auto()
    LOST = auto()


@dataclass(frozen=True, slots=True)
class Idle:
    """No command is in force."""


@dataclass(frozen=True, slots=True)
class Unlocked:
    """Waits for the person; relocks by itself at `relock_at_ms`, whatever became of the host."""

    command: Command
    relock_at_ms: int


@dataclass(frozen=True, slots=True)
class Passing:
    """The person is in the turnstile. `held_at_ms` is None once it was logged as held."""

    command: Command
    held_at_ms: int | None


Gate = Idle | Unlocked | Passing
EDGES = frozenset({(Idle, Unlocked), (Unlocked, Passing), (Unlocked, Idle), (Passing, Idle)})


@dataclass(frozen=True, slots=True)
class Controller:
    """A powered controller. Only `memory` survives a reboot; see `boot`."""

    memory: Memory
    gate: Gate = field(default_factory=Idle)
    mode: Mode = Mode.NORMAL
    is_fire: bool = False
    is_faulty: bool = False
    host: Host = Host.AWAITED
    contacts: int | None = None
    """The inputs for contacts of the site; nothing here depends on them."""

    @property
    def is_host_lost(self) -> bool:
        """It is not there, be it lost or only awaited."""
        return self.host is not Host.THERE

    @property
    def is_free(self) -> bool:
        """Everybody may enter: in a fire, in mode free, or without a host if the settings say so.

        Only a host that is there keeps the entry free by mode; a lock-down outlives it.
        """
        if self.is_fire:
            return True
        match self.mode:
            case Mode.EXIT_ONLY:
                return False
            case Mode.FREE if self.host is Host.THERE:
                return True
            case Mode.FREE | Mode.NORMAL:
                is_safe = self.memory.settings.without_host is WithoutHost.SAFE
                return is_safe and self.host is Host.LOST

    @property
    def command(self) -> Command | None:
        match self.gate:
            case Idle():
                return None
            case Unlocked(command) | Passing(command):
                return command


Step = tuple[Controller, tuple[Effect, ...]]


def boot(memory: Memory, now_ms: int) -> Step:
    """Start with what was kept: entry locked, mode normal, no host yet.

    A command that was in force when the power went ends here as not passed: nobody saw a passage.
    """
    controller = Controller(replace(memory, boot_count=memory.boot_count + 1, in_force=None))
    effects: list[Effect] = [Relock(Direction.ENTRY)]
    if memory.in_force is not None:
        controller, entry = _not_passed(controller, memory.in_force, EndReason.REBOOT, now_ms)
        effects.append(entry)
    controller, entry = _log(controller, LogKind.BOOT, now_ms)
    return controller, (*effects, entry)


def step(controller: Controller, what: Input, now_ms: int) -> Step:
    """Return the next controller and the effects, to be run in their order.

    Store its `memory` before running them: an answer or a log entry that left the device and was
    forgotten in a power cut would let a repeat open twice, or use a sequence number twice.
    """
    match what:
        case OpenCommand() | CancelCommand() | ModeCommand() | Configure() | AcknowledgeLog():
            after, effects = _obey(controller, what, now_ms)
        case PassageBegan() | PassageCompleted() | TurnedBack() | SecondBody() | Noticed():
            after, effects = _sense(controller, what, now_ms)
        case FireInput() | FaultInput() | ContactsSeen() | HostLost() | HostBack() | Tick():
            after, effects = _endure(controller, what, now_ms)
    edge = (type(controller.gate), type(after.gate))
    assert edge[0] is edge[1] or edge in EDGES, f"no such edge: {edge}"
    assert after.memory.in_force == after.command
    return after, (*_lock_effects(controller, after), *effects)


def deadline_ms(controller: Controller) -> int | None:
    """Say when the next `Tick` is due; None if nothing is timed."""
    match controller.gate:
        case Idle():
            return None
        case Unlocked(_, relock_at_ms):
            return relock_at_ms
        case Passing(_, held_at_ms):
            return held_at_ms


def _obey(controller: Controller, order: Order, now_ms: int) -> Step:
    match order:
        case OpenCommand():
            return _open(controller, order, now_ms)
        case CancelCommand(grant):
            return _cancel(controller, grant, now_ms)
        case ModeCommand(mode):
            return _change_mode(controller, mode, now_ms)
        case Configure(settings) if settings.is_possible:
            return replace(controller, memory=replace(controller.memory, settings=settings)), ()
        case Configure():
            return controller, ()
        case AcknowledgeLog(upto):
            return replace(controller, memory=kept.acknowledge(controller.memory, upto)), ()


def _open(controller: Controller, order: OpenCommand, now_ms: int) -> Step:
    command = order.command
    before = kept.recall(controller.memory, command.grant)
    if before is not None:
        return controller, (Result(command.grant, before, is_repeat=True),)
    outcome = _judge(controller, order, now_ms)
    memory = kept.remember(controller.memory, command.grant, outcome)
    if outcome is Outcome.OPENED:
        settings = memory.settings
        unlock_ms = settings.unlock_ms if order.unlock_ms is None else order.unlock_ms
        relock_at_ms = now_ms + min(unlock_ms, settings.unlock_ms_max)
        controller = replace(controller, gate=Unlocked(command, relock_at_ms))
        memory = replace(memory, in_force=command)
    result = Result(command.grant, outcome, is_repeat=False)
    return replace(controller, memory=memory), (result,)


def _judge(controller: Controller, order: OpenCommand, now_ms: int) -> Outcome:
    if now_ms >= order.expires_at_ms:
        return Outcome.EXPIRED
    if controller.is_fire:
        return Outcome.FIRE
    is_locked_down = (
        controller.mode is Mode.EXIT_ONLY and order.command.direction is Direction.ENTRY
    )
    if controller.is_faulty or controller.mode is Mode.FREE or is_locked_down:
        return Outcome.DENIED
    if controller.command is not None:
        return Outcome.BUSY
    return Outcome.OPENED


def _cancel(controller: Controller, grant: bytes, now_ms: int) -> Step:
    match controller.gate:
        case Unlocked(command) if command.grant == grant:
            return _end(controller, EndReason.CANCELLED, now_ms)
        case Idle() | Unlocked() | Passing():
            if kept.recall(controller.memory, grant) is not None:
                return controller, ()
            memory = kept.remember(controller.memory, grant, Outcome.DENIED)
            return replace(controller, memory=memory), ()


def _change_mode(controller: Controller, mode: Mode, now_ms: int) -> Step:
    if mode is controller.mode:
        return controller, ()
    controller, changed = _log(replace(controller, mode=mode), LogKind.MODE_CHANGED, now_ms, mode)
    match controller.gate:
        case Unlocked(command) if mode is Mode.FREE or (
            mode is Mode.EXIT_ONLY and command.direction is Direction.ENTRY
        ):
            controller, ended = _end(controller, EndReason.MODE, now_ms)
            return controller, (changed, *ended)
        case Idle() | Unlocked() | Passing():
            return controller, (changed,)


def _sense(controller: Controller, sensed: Sensed, now_ms: int) -> Step:
    match sensed:
        case PassageBegan(direction):
            return _begin(controller, direction, now_ms)
        case PassageCompleted(direction):
            return _complete(controller, direction, now_ms)
        case TurnedBack() if controller.command is not None:
            return _end(controller, EndReason.TURNED_BACK, now_ms)
        case TurnedBack():
            return controller, ()
        case SecondBody() if controller.is_free:
            return _unattributed(controller, LogKind.PASSAGE, Direction.ENTRY, now_ms)
        case SecondBody():
            return _unattributed(controller, LogKind.TAILGATE, Direction.ENTRY, now_ms)
        case Noticed(kind):
            controller, entry = _log(controller, kind, now_ms)
            return controller, (entry,)


def _begin(controller: Controller, direction: Direction, now_ms: int) -> Step:
    match controller.gate:
        case Unlocked(command) if command.direction is direction:
            held_at_ms = now_ms + controller.memory.settings.held_ms
            return replace(controller, gate=Passing(command, held_at_ms)), ()
        case Idle() | Unlocked() | Passing():
            return controller, ()


def _complete(controller: Controller, direction: Direction, now_ms: int) -> Step:
    command = controller.command
    if command is not None and command.direction is direction:
        memory = replace(controller.memory, in_force=None)
        memory, entry = kept.append(
            memory, LogKind.PASSAGE, now_ms, direction=direction, grant=command.grant
        )
        return replace(controller, gate=Idle(), memory=memory), (entry,)
    is_breach = direction is Direction.ENTRY and not controller.is_free
    kind = LogKind.FORCED if is_breach else LogKind.PASSAGE
    return _unattributed(controller, kind, direction, now_ms)


def _endure(controller: Controller, circumstance: Circumstance, now_ms: int) -> Step:
    match circumstance:
        case FireInput(is_on):
            return _change_fire(controller, is_on=is_on, now_ms=now_ms)
        case FaultInput(is_on) if is_on is not controller.is_faulty:
            kind = LogKind.FAULT_ON if is_on else LogKind.FAULT_OFF
            controller, entry = _log(replace(controller, is_faulty=is_on), kind, now_ms)
            return controller, (entry,)
        case HostLost() if controller.host is not Host.LOST:
            controller, entry = _log(replace(controller, host=Host.LOST), LogKind.HOST_LOST, now_ms)
            return controller, (entry,)
        case HostBack() if controller.host is not Host.THERE:
            controller, entry = _log(
                replace(controller, host=Host.THERE), LogKind.HOST_BACK, now_ms
            )
            return controller, (entry,)
        case FaultInput() | HostLost() | HostBack():
            return controller, ()
        case ContactsSeen(closed):
            return replace(controller, contacts=closed), ()
        case Tick():
            return _tick(controller, now_ms)


def _change_fire(controller: Controller, *, is_on: bool, now_ms: int) -> Step:
    if is_on is controller.is_fire:
        return controller, ()
    kind = LogKind.FIRE_ON if is_on else LogKind.FIRE_OFF
    controller, changed = _log(replace(controller, is_fire=is_on), kind, now_ms)
    if controller.command is None:
        return controller, (changed,)
    # Also for a person in the turnstile: with dropped arms no sensor would ever tell the end.
    controller, ended = _end(controller, EndReason.FIRE, now_ms)
    return controller, (changed, *ended)


def _tick(controller: Controller, now_ms: int) -> Step:
    match controller.gate:
        case Unlocked(_, relock_at_ms) if now_ms >= relock_at_ms:
            return _end(controller, EndReason.TIMEOUT, now_ms)
        case Passing(command, int() as held_at_ms) if now_ms >= held_at_ms:
            memory, entry = kept.append(
                controller.memory,
                LogKind.HELD,
                now_ms,
                direction=command.direction,
                grant=command.grant,
            )
            return replace(controller, gate=Passing(command, None), memory=memory), (entry,)
        case Idle() | Unlocked() | Passing():
            return controller, ()


def _end(controller: Controller, reason: EndReason, now_ms: int) -> Step:
    """End the command in force; nobody passed."""
    assert controller.command is not None
    idle = replace(controller, gate=Idle(), memory=replace(controller.memory, in_force=None))
    idle, entry = _not_passed(idle, controller.command, reason, now_ms)
    return idle, (entry,)


def _not_passed(
    controller: Controller, command: Command, reason: EndReason, now_ms: int
) -> tuple[Controller, LogEntry]:
    memory, entry = kept.append(
        controller.memory,
        LogKind.NOT_PASSED,
        now_ms,
        direction=command.direction,
        grant=command.grant,
        reason=reason,
    )
    return replace(controller, memory=memory), entry


def _unattributed(controller: Controller, kind: LogKind, direction: Direction, now_ms: int) -> Step:
    memory, entry = kept.append(
        controller.memory, kind, now_ms, direction=direction, is_free=controller.is_free
    )
    return replace(controller, memory=memory), (entry,)


def _log(
    controller: Controller, kind: LogKind, now_ms: int, mode: Mode | None = None
) -> tuple[Controller, LogEntry]:
    memory, entry = kept.append(controller.memory, kind, now_ms, mode=mode)
    return replace(controller, memory=memory), entry


def _lock_effects(before: Controller, after: Controller) -> tuple[Effect, ...]:
    """Say what the locks have to do, from what was released before and what is now."""
    was, is_now = _released(before), _released(after)
    if was == is_now:
        return ()
    relock = was is not None and (is_now is None or is_now.direction is not was.direction)
    effects: list[Effect] = []
    if was is not None and relock:
        effects.append(Relock(was.direction))
    if is_now is not None:
        effects.append(is_now)
    return tuple(effects)


def _released(controller: Controller) -> Unlock | None:
    if controller.is_free:
        return Unlock(Direction.ENTRY, None)
    if controller.command is not None:
        return Unlock(controller.command.direction, controller.command.grant)
    return None
