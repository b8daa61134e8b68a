"""Controllers that each break one rule of the serial binding alone, by its id; see the frames too."""

from dataclasses import replace

from firmware_protocol import bodies, device_link
from firmware_protocol import device as device_module
from firmware_protocol.device import Device
from firmware_protocol.device_link import DeviceLink
from firmware_protocol.frames import Frame
from firmware_protocol.inputs import (
    ModeCommand,
    PassageBegan,
    PassageCompleted,
    Result,
)
from firmware_protocol.memory import Memory
from firmware_protocol.messages import (
    LogRead,
    Open,
    Ping,
)
from firmware_protocol.settings import FACTORY, UNLOCK_MS_MAX, Settings, WithoutHost
from firmware_protocol.words import Direction, Mode
from tests.unit.conform_broken_frames import BROKEN, breaks, with_link

ENTRY = Direction.ENTRY

PATCHES: dict[str, tuple[object, str, object]] = {
    "R3b": (device_link, "NOSESS_MS", 0),
    "R19b": (device_module, "EVENTS_AHEAD", 100),
}
"""Where breaking a rule takes another number only."""


# --- the gate -----------------------------------------------------------------------------------


class Senses(Device):
    """A device that does something else with what its sensors tell."""

    def sense(self, what, now_ms: int):
        changed = self.change(what)
        return self._output() if changed is None else super().sense(changed, now_ms)


def senses(rule: str):
    def note(change):
        BROKEN[rule] = type(f"Breaks{rule}", (Senses,), {"change": change})
        return change

    return note


@senses("R13d")
def locks_a_safe_entry(device, what):
    memory = device._controller.memory
    if what == PassageCompleted(ENTRY):
        secure = replace(memory.settings, without_host=WithoutHost.SECURE)
        device._controller = replace(device._controller, memory=replace(memory, settings=secure))
    return what


@senses("R13e")
def opens_a_lock_down(device, what):
    if what == PassageCompleted(ENTRY):
        device._controller = replace(device._controller, mode=Mode.NORMAL)
    return what


@senses("R9d")
def never_holds(device, what):
    if isinstance(what, PassageBegan):
        memory = device._controller.memory
        slow = replace(memory.settings, held_ms=600_000)
        device._controller = replace(device._controller, memory=replace(memory, settings=slow))
    return what


class Obeys(Device):
    """A device that does something else with what the host says."""

    def _obey(self, message, now_ms: int) -> None:
        changed = self.change(message, now_ms)
        if changed is not None:
            super()._obey(changed, now_ms)

    def remember(self, **changed) -> None:
        memory = replace(self._controller.memory, **changed)
        self._controller = replace(self._controller, memory=memory)


def obeys(rule: str):
    def note(change):
        BROKEN[rule] = type(f"Breaks{rule}", (Obeys,), {"change": change})
        return change

    return note


@obeys("R9e")
def waits_as_it_likes(device, message, now_ms):
    is_open = isinstance(message, Open) and message.unlock_ms is None
    return replace(message, unlock_ms=4_000) if is_open else message


@obeys("R9f")
def has_no_maximum(device, message, now_ms):
    if isinstance(message, Open):
        settings = device._controller.memory.settings
        device.remember(settings=replace(settings, unlock_ms_max=UNLOCK_MS_MAX))
    return message


@obeys("R21a")
def has_no_log_to_read(device, message, now_ms):
    return None if isinstance(message, LogRead) else message


@obeys("R21b")
def sends_nothing_again(device, message, now_ms):
    return LogRead() if isinstance(message, LogRead) else message


@obeys("R22a")
def has_no_settings(device, message, now_ms):
    return bodies.ConfigGet() if isinstance(message, Settings) else message


@obeys("R22b")
def takes_any_settings(device, message, now_ms):
    if isinstance(message, Settings):
        device.remember(settings=message)
        return bodies.ConfigGet()
    return message


@breaks("R23")
class ShowsNoChecksum(Device):
    def _state(self, now_ms: int):
        return replace(super()._state(now_ms), settings=0)


@breaks("R13b")
class IsImpatient(Device):
    def _host_lost_at_ms(self) -> int | None:
        at_ms = super()._host_lost_at_ms()
        return None if at_ms is None else at_ms - 1_500


# --- what is said -------------------------------------------------------------------------------


@with_link("R8h")
class NeverSaysRepeat(DeviceLink):
    def send(self, message) -> None:
        is_result = isinstance(message, Result)
        super().send(replace(message, is_repeat=False) if is_result else message)


# --- the log and what is kept -------------------------------------------------------------------


@breaks("R19a")
class TellsOnce(Device):
    def _push(self, now_ms: int) -> None:
        super()._push(now_ms)
        self._repeat_at_ms = None


@breaks("R19c")
class BeginsWithTheNewest(Device):
    def _begin(self) -> None:
        super()._begin()
        self._pushed = self._controller.memory.head - 1


@breaks("R14d")
def loses_its_settings(psk: bytes, memory: Memory, **kwargs) -> Device:
    return Device(psk, replace(memory, settings=FACTORY), **kwargs)


MODE_BEFORE = [Mode.NORMAL]


@breaks("R11d")
class KeepsItsMode(Device):
    def start(self, now_ms: int):
        super().start(now_ms)
        return self.sense(ModeCommand(MODE_BEFORE[0]), now_ms)

    def _step(self, what, now_ms: int) -> None:
        super()._step(what, now_ms)
        MODE_BEFORE[0] = self._controller.mode


# --- shared lines -------------------------------------------------------------------------------


@with_link("R24a")
class SpeaksUnasked(DeviceLink):
    def take_data(self) -> bytes:
        self.give_word_back()
        return super().take_data()


@with_link("R24b")
class SpeaksWhenGreeted(DeviceLink):
    def _greet(self, frame: Frame, now_ms: int) -> None:
        super()._greet(frame, now_ms)
        self.give_word_back()


@with_link("R24c")
class SpeaksToStrangers(DeviceLink):
    def _refuse(self, session: int) -> None:
        super()._refuse(session)
        self.give_word_back()


@obeys("R25")
def ends_twice(device, message, now_ms):
    if isinstance(message, Ping):
        Device._obey(device, message, now_ms)
    return message


BROKEN["R26"] = Device  # On a line that takes too long.
for _rule in PATCHES:
    BROKEN[_rule] = Device
