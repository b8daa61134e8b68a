"""Controllers that each break one rule of the serial binding, by the rule's id."""

from collections.abc import Callable
from dataclasses import replace

from firmware_protocol import bodies, device_link
from firmware_protocol import device as device_module
from firmware_protocol import memory as memory_module
from firmware_protocol.controller import Host, Passing, Unlocked
from firmware_protocol.device import Device
from firmware_protocol.device_link import DeviceLink, Proven
from firmware_protocol.frames import VERSION, Deframer, Frame, Noise, cobs_decode
from firmware_protocol.inputs import (
    AcknowledgeLog,
    FireInput,
    HostLost,
    ModeCommand,
    PassageBegan,
    PassageCompleted,
    Result,
    TurnedBack,
)
from firmware_protocol.memory import Memory
from firmware_protocol.messages import (
    Cancel,
    Hello,
    Indicate,
    LogRead,
    Malformed,
    Open,
    Ping,
    SetMode,
)
from firmware_protocol.settings import FACTORY, UNLOCK_MS_MAX, Settings, WithoutHost
from firmware_protocol.words import Direction, LogEntry, LogKind, Mode, Outcome

ENTRY, EXIT = Direction.ENTRY, Direction.EXIT
BROKEN: dict[str, Callable[..., Device]] = {}
"""Makes the controller that breaks a rule, from what a `Device` is made of."""

PATCHES: dict[str, tuple[object, str, object]] = {
    "R3b": (device_link, "NOSESS_MS", 0),
    "R18": (memory_module, "LOG_ROWS_MAX", 100),
    "R19b": (device_module, "EVENTS_AHEAD", 100),
}
"""Where breaking a rule takes another number only."""


def breaks(rule: str):
    def note(make):
        assert rule not in BROKEN
        BROKEN[rule] = make
        return make

    return note


class Links(Device):
    """A device with a link of its own making."""

    link: type[DeviceLink]

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._link.__class__ = self.link
        self._link.device = self


def with_link(rule: str):
    def note(link: type[DeviceLink]):
        BROKEN[rule] = type(f"Breaks{rule}", (Links,), {"link": link})
        return link

    return note


# --- sessions -----------------------------------------------------------------------------------


@breaks("R1a")
def draws_the_same_nonce(*args, token, **kwargs) -> Device:
    same = b"n" * 16
    return Device(*args, token=lambda size: same if size == 16 else token(size), **kwargs)


@with_link("R1b")
class TakesEveryOffer(DeviceLink):
    offers: list = []  # noqa: RUF012 - of one test

    def _greet(self, frame: Frame, now_ms: int) -> None:
        super()._greet(frame, now_ms)
        self.offers.append(self._offer)

    def _take(self, frame: Frame, now_ms: int):
        for offer in self.offers:
            if frame.session == offer.channel.session and self._channel is not offer.channel:
                return self._prove(offer, frame)
        return super()._take(frame, now_ms)


@with_link("R2a")
class ForgetsItsSessionAtHello(DeviceLink):
    def _greet(self, frame: Frame, now_ms: int) -> None:
        super()._greet(frame, now_ms)
        self._channel = None


@with_link("R2b")
class KeepsOldSessions(DeviceLink):
    def _prove(self, offer, frame: Frame):
        old = self._channel
        proven = super()._prove(offer, frame)
        self.old = old
        return proven

    def _take(self, frame: Frame, now_ms: int):
        old = getattr(self, "old", None)
        if old is not None and frame.session == old.session and old.accept(frame):
            return bodies.decode(frame.kind, frame.body)
        return super()._take(frame, now_ms)


@with_link("R3a")
class SaysNothingToStrangers(DeviceLink):
    def _refuse(self, session: int) -> None:
        pass


@with_link("R3c")
class SaysNothingAtItsBoot(DeviceLink):
    def start(self) -> None:
        pass


@with_link("R4a")
class TakesUnsigned(DeviceLink):
    def _take(self, frame: Frame, now_ms: int):
        message = bodies.decode(frame.kind, frame.body)
        if not frame.mac and not isinstance(message, Hello):
            return message
        return super()._take(frame, now_ms)


class ChecksNoMac(DeviceLink):
    def _take(self, frame: Frame, now_ms: int):
        taken = super()._take(frame, now_ms)
        if taken is None and self._channel and frame.session == self._channel.session:
            return bodies.decode(frame.kind, frame.body)
        return taken


with_link("R4b")(ChecksNoMac)
with_link("R4c")(ChecksNoMac)


class ChecksNoProof(DeviceLink):
    def _prove(self, offer, frame: Frame):
        offer.channel._received = 0
        self._channel, self._offer = offer.channel, None
        self.send(bodies.AuthOk())
        return Proven()


with_link("R4d")(ChecksNoProof)
with_link("R5b")(ChecksNoProof)


@breaks("R5a")
class SpeaksWhatItIsAsked(Device):
    def _introduce(self, nonce: bytes, now_ms: int):
        return replace(super()._introduce(nonce, now_ms), version=VERSION + 6)


# --- frames -------------------------------------------------------------------------------------


class LaxDeframer(Deframer):
    """Finds a frame in everything that can be read as one."""

    def feed(self, data: bytes):
        return [_read(part) for part in data.split(b"\0") if part]


def _read(part: bytes) -> Frame | Noise:
    payload = cobs_decode(part) or b""
    if len(payload) < 15:
        return Noise.SHORT
    content = payload[:-4]
    is_signed = content[0] & 1
    return Frame(
        kind=content[1],
        is_from_device=bool(content[2] & 0x80),
        address=content[2] & 0x7F,
        sequence=int.from_bytes(content[3:5], "little"),
        ack=int.from_bytes(content[5:7], "little"),
        session=int.from_bytes(content[7:11], "little"),
        body=content[11:-8] if is_signed else content[11:],
        mac=content[-8:] if is_signed else b"",
    )


class Lax(Device):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._link._deframer = LaxDeframer()


for _rule in ("R27a", "R27b", "R27c"):
    breaks(_rule)(Lax)


@with_link("R27d")
class HearsEverything(DeviceLink):
    def _take(self, frame: Frame, now_ms: int):
        return super()._take(replace(frame, address=0, is_from_device=False), now_ms)


class WantsWholeFrames(Deframer):
    def feed(self, data: bytes):
        return Deframer().feed(data)


@breaks("R28")
class NeedsFramesAtOnce(Device):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._link._deframer = WantsWholeFrames()


@with_link("R29a")
class KnowsNoLaterVersions(DeviceLink):
    def _take(self, frame: Frame, now_ms: int):
        taken = super()._take(frame, now_ms)
        return None if isinstance(taken, Ping) and frame.body != b"\xa0" else taken


@with_link("R29b")
class Guesses(DeviceLink):
    def _take(self, frame: Frame, now_ms: int):
        taken = super()._take(frame, now_ms)
        if isinstance(taken, Malformed) and frame.kind == 0x20 and len(frame.body) > 18:
            return Open(frame.body[3:19], ENTRY, now_ms + 1_000)
        return taken


@with_link("R30a")
class TakesRepeats(DeviceLink):
    taken: list = []  # noqa: RUF012 - of one test

    def _take(self, frame: Frame, now_ms: int):
        if frame in self.taken:
            return bodies.decode(frame.kind, frame.body)
        self.taken.append(frame)
        return super()._take(frame, now_ms)


@with_link("R30b")
class NeedsEveryFrame(DeviceLink):
    def _take(self, frame: Frame, now_ms: int):
        channel = self._channel
        is_ours = channel is not None and frame.session == channel.session
        if is_ours and frame.sequence != (channel._received + 1) % (1 << 16):
            return None
        return super()._take(frame, now_ms)


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


@senses("R6a")
def has_no_exit_in_a_lock_down(device, what):
    is_locked = device._controller.mode is Mode.EXIT_ONLY
    return None if is_locked and what == PassageCompleted(EXIT) else what


@senses("R6b")
def takes_who_leaves_for_who_enters(device, what):
    is_exit = what == PassageCompleted(EXIT) and device._controller.command
    return PassageCompleted(ENTRY) if is_exit else what


@senses("R6d")
def has_no_exit_without_a_host(device, what):
    is_lost = device._controller.host is Host.LOST
    return None if is_lost and what == PassageCompleted(EXIT) else what


@senses("R7a")
def has_no_fire_input(device, what):
    return None if isinstance(what, FireInput) else what


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


@obeys("R6c")
def refuses_exits_in_a_lock_down(device, message, now_ms):
    if isinstance(message, Open) and device._controller.mode is Mode.EXIT_ONLY:
        return replace(message, direction=ENTRY)
    return message


@obeys("R7b")
def ends_a_fire_by_a_message(device, message, now_ms):
    if isinstance(message, SetMode):
        device._step(FireInput(is_on=False), now_ms)
    return message


@obeys("R8b")
def forgets_its_answers(device, message, now_ms):
    device.remember(answers=())
    return message


@obeys("R8c")
def forgets_its_refusals(device, message, now_ms):
    answers = device._controller.memory.answers
    device.remember(answers=tuple(it for it in answers if it.outcome is Outcome.OPENED))
    return message


@obeys("R8d")
def opens_late(device, message, now_ms):
    return replace(message, expires_at_ms=now_ms + 1) if isinstance(message, Open) else message


@obeys("R8e")
def opens_for_two(device, message, now_ms):
    if isinstance(message, Open) and device._controller.command is not None:
        device._step(TurnedBack(), now_ms)
    return message


@obeys("R8f")
def remembers_few_answers(device, message, now_ms):
    device.remember(answers=device._controller.memory.answers[-8:])
    return message


@obeys("R8g")
def opens_in_every_mode(device, message, now_ms):
    if isinstance(message, Open):
        device._controller = replace(device._controller, mode=Mode.NORMAL)
    return message


@obeys("R9a")
def stays_open_for_long(device, message, now_ms):
    return replace(message, unlock_ms=20_000) if isinstance(message, Open) else message


@obeys("R9c")
def locks_people_in(device, message, now_ms):
    if isinstance(message, Cancel) and isinstance(device._controller.gate, Passing):
        device._step(TurnedBack(), now_ms)
    return message


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


@obeys("R10a")
def cancels_nothing(device, message, now_ms):
    return None if isinstance(message, Cancel) else message


@obeys("R10b")
def cancels_only_what_it_has(device, message, now_ms):
    command = device._controller.command
    is_new = isinstance(message, Cancel) and (command is None or command.grant != message.grant)
    return None if is_new else message


@obeys("R11a")
def logs_a_mode_twice(device, message, now_ms):
    if isinstance(message, SetMode) and message.mode is device._controller.mode:
        other = Mode.NORMAL if message.mode is not Mode.NORMAL else Mode.EXIT_ONLY
        device._step(ModeCommand(other), now_ms)
    return message


@obeys("R11b")
def keeps_a_command_in_a_lock_down(device, message, now_ms):
    gate = device._controller.gate
    if isinstance(message, SetMode) and isinstance(gate, Unlocked):
        device._controller = replace(device._controller, gate=Passing(gate.command, None))
        device._step(ModeCommand(message.mode), now_ms)
        device._controller = replace(device._controller, gate=gate)
        return None
    return message


@obeys("R11c")
def has_no_lights(device, message, now_ms):
    return None if isinstance(message, Indicate) else message


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


@breaks("R8a")
class ShowsNoGrant(Device):
    def _state(self, now_ms: int):
        return replace(super()._state(now_ms), grant=None)


@breaks("R23")
class ShowsNoChecksum(Device):
    def _state(self, now_ms: int):
        return replace(super()._state(now_ms), settings=0)


@breaks("R9b")
class WaitsForItsHost(Device):
    def _step(self, what, now_ms: int) -> None:
        super()._step(what, now_ms)
        gate = self._controller.gate
        if isinstance(what, HostLost) and isinstance(gate, Unlocked):
            later = replace(gate, relock_at_ms=gate.relock_at_ms + 60_000)
            self._controller = replace(self._controller, gate=later)


@breaks("R13b")
class IsImpatient(Device):
    def _host_lost_at_ms(self) -> int | None:
        at_ms = super()._host_lost_at_ms()
        return None if at_ms is None else at_ms - 1_500


@breaks("R13c")
class StaysFree(Device):
    def _step(self, what, now_ms: int) -> None:
        if isinstance(what, HostLost):
            memory = self._controller.memory
            safe = replace(memory.settings, without_host=WithoutHost.SAFE)
            self._controller = replace(self._controller, memory=replace(memory, settings=safe))
        super()._step(what, now_ms)


# --- what is said -------------------------------------------------------------------------------


def says(rule: str):
    """Have the link say something else than it is told to."""

    def note(change):
        def send(link, message) -> None:
            DeviceLink.send(link, change(message))

        BROKEN[rule] = type(
            f"Breaks{rule}", (Links,), {"link": type("L", (DeviceLink,), {"send": send})}
        )
        return change

    return note


@says("R8h")
def never_says_repeat(message):
    return replace(message, is_repeat=False) if isinstance(message, Result) else message


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


@breaks("R20a")
class FreesOneByOne(Device):
    def _acknowledge(self, upto: int, now_ms: int) -> None:
        memory = self._controller.memory
        super()._acknowledge(min(upto, memory.acknowledged + 1), now_ms)


@breaks("R20b")
class FreesWhatIsNotThere(Device):
    def _acknowledge(self, upto: int, now_ms: int) -> None:
        super()._acknowledge(min(upto, self._controller.memory.head), now_ms)


def boots_with(rule: str):
    """Have the memory changed by a power cut."""

    def note(change):
        def make(psk: bytes, memory: Memory, **kwargs) -> Device:
            return Device(psk, change(memory) if memory.boot_count else memory, **kwargs)

        BROKEN[rule] = make
        return change

    return note


@boots_with("R14a")
def loses_its_log(memory: Memory) -> Memory:
    return replace(memory, entries=(), acknowledged=memory.head)


@boots_with("R14c")
def loses_its_answers(memory: Memory) -> Memory:
    return replace(memory, answers=())


@boots_with("R14d")
def loses_its_settings(memory: Memory) -> Memory:
    return replace(memory, settings=FACTORY)


@boots_with("R16")
def loses_its_command(memory: Memory) -> Memory:
    return replace(memory, in_force=None)


@breaks("R14b")
class KeepsAcknowledgementsInRam(Device):
    flash: tuple[int, tuple[LogEntry, ...]] = (0, ())

    def __init__(self, psk: bytes, memory: Memory, **kwargs) -> None:
        cls = KeepsAcknowledgementsInRam
        if memory.boot_count:
            acknowledged, entries = cls.flash
            memory = replace(memory, acknowledged=acknowledged, entries=entries + memory.entries)
        cls.flash = (0, ())
        super().__init__(psk, memory, **kwargs)

    def _step(self, what, now_ms: int) -> None:
        before = self._controller.memory
        super()._step(what, now_ms)
        if isinstance(what, AcknowledgeLog) and self._controller.memory.entries != before.entries:
            cls = KeepsAcknowledgementsInRam
            freed = [it for it in before.entries if it.sequence <= what.upto]
            cls.flash = (cls.flash[0], (*cls.flash[1], *freed)[-20:])
            cls.flash = (cls.flash[1][0].sequence - 1, cls.flash[1])


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


@with_link("R24")
class SpeaksUnasked(DeviceLink):
    def take_data(self) -> bytes:
        self._is_asked = True
        return super().take_data()


@obeys("R25")
def ends_twice(device, message, now_ms):
    if isinstance(message, Ping):
        Device._obey(device, message, now_ms)
    return message


BROKEN["R26"] = Device  # On a line that takes too long.
for _rule in PATCHES:
    BROKEN[_rule] = Device
