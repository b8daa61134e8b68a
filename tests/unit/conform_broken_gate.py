"""Controllers that each break one rule that both bindings have, by the rule's id."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from firmware_protocol import memory as memory_module
from firmware_protocol.controller import Controller, Passing, Unlocked
from firmware_protocol.device import Device
from firmware_protocol.device_link import DeviceLink
from firmware_protocol.inputs import (
    AcknowledgeLog,
    CancelCommand,
    FireInput,
    HostLost,
    Input,
    ModeCommand,
    OpenCommand,
    PassageCompleted,
    TurnedBack,
)
from firmware_protocol.memory import Memory
from firmware_protocol.messages import Indicate
from firmware_protocol.mqtt_device import DeviceSide
from firmware_protocol.settings import WithoutHost
from firmware_protocol.words import Direction, LogEntry, LogKind, Mode, Outcome

ENTRY, EXIT = Direction.ENTRY, Direction.EXIT


@dataclass(frozen=True)
class Broken:
    """A controller for each binding, and what its memory is after a power cut."""

    serial: type[Device] = Device
    mqtt: type[DeviceSide] = DeviceSide
    keeps: Callable[[Memory], Memory] = field(default=lambda memory: memory)


BROKEN: dict[str, Broken] = {}

PATCHES: dict[str, tuple[object, str, object]] = {"R18": (memory_module, "LOG_ROWS_MAX", 100)}
"""Where breaking a rule takes another number only."""
BROKEN["R18"] = Broken()


class Mqtt(DeviceSide):
    """A controller over MQTT whose parts have the names of those of the serial one."""

    @property
    def _controller(self) -> Controller:
        return self.controller

    @_controller.setter
    def _controller(self, controller: Controller) -> None:
        self.controller = controller


def breaks(rule: str):
    """Mix what is decorated into the controllers of both bindings."""

    def note(mixin: type) -> type:
        BROKEN[rule] = Broken(type(rule, (mixin, Device), {}), type(rule, (mixin, Mqtt), {}))
        return mixin

    return note


class Steps:
    """Something else happens than what does; `change` may return None for nothing."""

    change: Callable

    def _step(self, what: Input, now_ms: int) -> None:
        changed = self.change(what, now_ms)
        if changed is not None:
            super()._step(changed, now_ms)

    def keep(self, **changed) -> None:
        memory = replace(self._controller.memory, **changed)
        self._controller = replace(self._controller, memory=memory)


def steps(rule: str):
    def note(change):
        breaks(rule)(type(f"Breaks{rule}", (Steps,), {"change": change}))
        return change

    return note


def says(rule: str):
    """Have something else said than what is to be said."""

    def note(change):
        def send(link, message) -> None:
            DeviceLink.send(link, change(message))

        def publish(side, message) -> None:
            Mqtt._publish(side, change(message))

        link = type("Link", (DeviceLink,), {"send": send})

        def begin(made, *args, **kwargs) -> None:
            Device.__init__(made, *args, **kwargs)
            made._link.__class__ = link

        BROKEN[rule] = Broken(
            type(rule, (Device,), {"__init__": begin}), type(rule, (Mqtt,), {"_publish": publish})
        )
        return change

    return note


def keeps(rule: str):
    """Have the memory changed by a power cut."""

    def note(change):
        BROKEN[rule] = Broken(keeps=lambda memory: change(memory) if memory.boot_count else memory)
        return change

    return note


# --- exit, fire, host lost ----------------------------------------------------------------------


@steps("R6a")
def has_no_exit_in_a_lock_down(device, what, now_ms):
    is_locked = device._controller.mode is Mode.EXIT_ONLY
    return None if is_locked and what == PassageCompleted(EXIT) else what


@steps("R6b")
def takes_who_leaves_for_who_enters(device, what, now_ms):
    is_exit = what == PassageCompleted(EXIT) and device._controller.command
    return PassageCompleted(ENTRY) if is_exit else what


@steps("R6c")
def refuses_exits_in_a_lock_down(device, what, now_ms):
    if isinstance(what, OpenCommand) and device._controller.mode is Mode.EXIT_ONLY:
        return replace(what, command=replace(what.command, direction=ENTRY))
    return what


@steps("R6d")
def has_no_exit_without_a_host(device, what, now_ms):
    is_lost = device._controller.is_host_lost
    return None if is_lost and what == PassageCompleted(EXIT) else what


@steps("R7a")
def has_no_fire_input(device, what, now_ms):
    return None if isinstance(what, FireInput) else what


@steps("R7b")
def ends_a_fire_by_a_message(device, what, now_ms):
    if isinstance(what, ModeCommand):
        device._step(FireInput(is_on=False), now_ms)
    return what


@steps("R13c")
def stays_free(device, what, now_ms):
    if isinstance(what, HostLost):
        safe = replace(device._controller.memory.settings, without_host=WithoutHost.SAFE)
        device.keep(settings=safe)
    return what


# --- commands -----------------------------------------------------------------------------------


@breaks("R8a")
class ShowsNoGrant:
    def _state(self, now_ms: int):
        return replace(super()._state(now_ms), grant=None)


@steps("R8b")
def forgets_its_answers(device, what, now_ms):
    device.keep(answers=())
    return what


@steps("R8c")
def forgets_its_refusals(device, what, now_ms):
    answers = device._controller.memory.answers
    device.keep(answers=tuple(it for it in answers if it.outcome is Outcome.OPENED))
    return what


@steps("R8d")
def opens_late(device, what, now_ms):
    return replace(what, expires_at_ms=now_ms + 1) if isinstance(what, OpenCommand) else what


@steps("R8e")
def opens_for_two(device, what, now_ms):
    if isinstance(what, OpenCommand) and device._controller.command is not None:
        device._step(TurnedBack(), now_ms)
    return what


@steps("R8f")
def remembers_few_answers(device, what, now_ms):
    device.keep(answers=device._controller.memory.answers[-8:])
    return what


@steps("R8g")
def opens_in_every_mode(device, what, now_ms):
    if isinstance(what, OpenCommand):
        device._controller = replace(device._controller, mode=Mode.NORMAL)
    return what


@steps("R9a")
def stays_open_for_long(device, what, now_ms):
    return replace(what, unlock_ms=20_000) if isinstance(what, OpenCommand) else what


@breaks("R9b")
class WaitsForItsHost:
    def _step(self, what: Input, now_ms: int) -> None:
        super()._step(what, now_ms)
        gate = self._controller.gate
        if isinstance(what, HostLost) and isinstance(gate, Unlocked):
            later = replace(gate, relock_at_ms=gate.relock_at_ms + 60_000)
            self._controller = replace(self._controller, gate=later)


@steps("R9c")
def locks_people_in(device, what, now_ms):
    if isinstance(what, CancelCommand) and isinstance(device._controller.gate, Passing):
        device._step(TurnedBack(), now_ms)
    return what


@steps("R10a")
def cancels_nothing(device, what, now_ms):
    return None if isinstance(what, CancelCommand) else what


@steps("R10b")
def cancels_only_what_it_has(device, what, now_ms):
    command = device._controller.command
    is_new = isinstance(what, CancelCommand) and (command is None or command.grant != what.grant)
    return None if is_new else what


# --- modes, signals, bodies ---------------------------------------------------------------------


@steps("R11a")
def logs_a_mode_twice(device, what, now_ms):
    if isinstance(what, ModeCommand) and what.mode is device._controller.mode:
        other = Mode.NORMAL if what.mode is not Mode.NORMAL else Mode.EXIT_ONLY
        device._step(ModeCommand(other), now_ms)
    return what


@breaks("R11b")
class KeepsACommandInALockDown:
    def _step(self, what: Input, now_ms: int) -> None:
        gate = self._controller.gate
        is_kept = isinstance(what, ModeCommand) and isinstance(gate, Unlocked)
        if is_kept:
            self._controller = replace(self._controller, gate=Passing(gate.command, None))
        super()._step(what, now_ms)
        if is_kept:
            self._controller = replace(self._controller, gate=gate)


@breaks("R11c")
class HasNoLights:
    def _obey(self, message, *at_ms: int) -> None:
        if not isinstance(message, Indicate):
            super()._obey(message, *at_ms)


@says("R12a")
def tells_no_grant(message):
    return replace(message, grant=None) if isinstance(message, LogEntry) else message


@says("R12b")
def calls_force_a_passage(message):
    is_forced = isinstance(message, LogEntry) and message.kind is LogKind.FORCED
    return replace(message, kind=LogKind.PASSAGE) if is_forced else message


@says("R12c")
def never_says_free(message):
    return replace(message, is_free=False) if isinstance(message, LogEntry) else message


@says("R13a")
def tells_no_loss(message):
    is_lost = isinstance(message, LogEntry) and message.kind is LogKind.HOST_LOST
    return replace(message, kind=LogKind.OTHER) if is_lost else message


# --- the log, and what is kept ------------------------------------------------------------------


@keeps("R14a")
def loses_its_log(memory: Memory) -> Memory:
    return replace(memory, entries=(), acknowledged=memory.head)


@keeps("R14b")
def forgets_acknowledgements(memory: Memory) -> Memory:
    sequences = range(memory.acknowledged - 1, memory.acknowledged + 1)
    again = tuple(
        LogEntry(sequence=it, kind=LogKind.OTHER, boot=memory.boot_count, at_ms=0)
        for it in sequences
    )
    return replace(memory, acknowledged=sequences[0] - 1, entries=again + memory.entries)


@keeps("R14c")
def loses_its_answers(memory: Memory) -> Memory:
    return replace(memory, answers=())


@keeps("R16")
def loses_its_command(memory: Memory) -> Memory:
    return replace(memory, in_force=None)


@says("R17a")
def has_a_hole(message):
    is_entry = isinstance(message, LogEntry) and message.sequence % 7 == 0
    return replace(message, sequence=message.sequence + 1) if is_entry else message


TIMES = [0]


@says("R17b")
def tells_another_time_each_time(message):
    TIMES[0] += 1
    is_entry = isinstance(message, LogEntry)
    return replace(message, at_ms=message.at_ms + TIMES[0]) if is_entry else message


@steps("R20a")
def frees_one_by_one(device, what, now_ms):
    if isinstance(what, AcknowledgeLog):
        return AcknowledgeLog(min(what.upto, device._controller.memory.acknowledged + 1))
    return what


@steps("R20b")
def frees_what_is_not_there(device, what, now_ms):
    if isinstance(what, AcknowledgeLog):
        return AcknowledgeLog(min(what.upto, device._controller.memory.head))
    return what
