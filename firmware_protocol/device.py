"""The controller's side of the serial link: sessions, answers, its log on the way to the host."""

from collections.abc import Callable
from dataclasses import dataclass

from firmware_protocol import controller as machine
from firmware_protocol import memory as kept
from firmware_protocol.controller import Controller, Host, Idle, Passing, Unlocked
from firmware_protocol.device_link import DeviceLink, Proven
from firmware_protocol.frames import VERSION
from firmware_protocol.inputs import (
    AcknowledgeLog,
    CancelCommand,
    Configure,
    Effect,
    HostBack,
    HostLost,
    Input,
    ModeCommand,
    OpenCommand,
    Relock,
    Result,
    Tick,
    Unlock,
)
from firmware_protocol.memory import Memory
from firmware_protocol.messages import (
    Auth,
    AuthOk,
    Cancel,
    ConfigGet,
    EventAck,
    GateState,
    Hello,
    HelloAck,
    Indicate,
    LogRead,
    LogState,
    Malformed,
    Message,
    NoSession,
    Open,
    Ping,
    SetMode,
    State,
)
from firmware_protocol.settings import Settings
from firmware_protocol.words import Command, Direction, LogEntry, Signal

EVENTS_AHEAD = 8
"""Entries on their way un-acknowledged: half a kilobyte, 45 ms at 115200."""

EVENT_REPEAT_MS = 100
EVENT_REPEAT_MS_MAX = 500
"""The host commits to its disk before it acknowledges; a slow card must not be flooded."""


@dataclass(frozen=True, slots=True)
class Identity:
    """name, firmware: 1..32 printable ASCII characters. log: 8 bytes, drawn with each new log."""

    name: str
    firmware: str
    log: bytes


@dataclass(frozen=True, slots=True)
class Output:
    """First store `controller.memory` if it changed, then act on the effects, then send."""

    data: bytes
    effects: tuple[Effect | Indicate, ...]


class Device:
    """A controller on a serial line. Times are its uptime in milliseconds.

    Each call returns what to do; then `tick` is due at `deadline_ms`. Foreign input never raises.
    """

    def __init__(
        self,
        psk: bytes,
        memory: Memory,
        *,
        device: Identity,
        token: Callable[[int], bytes],
        address: int = 0,
    ) -> None:
        """`token` draws that many random bytes. address: 1..126 on a shared line, else 0."""
        self._device = device
        self._controller = Controller(memory)
        self._link = DeviceLink(psk, token=token, introduce=self._introduce, address=address)
        self._signals = {Direction.ENTRY: Signal.CLOSED, Direction.EXIT: Signal.CLOSED}
        self._heard_at_ms = 0
        self._pushed = 0
        self._repeat_ms = EVENT_REPEAT_MS
        self._repeat_at_ms: int | None = None
        self._told: State | None = None
        self._effects: list[Effect | Indicate] = []

    @property
    def controller(self) -> Controller:
        return self._controller

    @property
    def noise_count(self) -> int:
        """Broken frames since the start."""
        return self._link.noise_count

    @property
    def forged_count(self) -> int:
        """Whole frames with a wrong or repeated MAC since the start."""
        return self._link.forged_count

    def start(self, now_ms: int) -> Output:
        """Power up; says at once that it knows no session, so that a host need not find out."""
        self._heard_at_ms = now_ms
        self._controller, effects = machine.boot(self._controller.memory, now_ms)
        self._effects += effects
        self._link.start()
        return self._output()

    def feed(self, data: bytes, now_ms: int) -> Output:
        """Take bytes from the line, in any chunks."""
        for message in self._link.feed(data, now_ms):
            if isinstance(message, Proven):
                self._begin()
            self._heard_at_ms = now_ms
            self._step(HostBack(), now_ms)
            if not isinstance(message, Proven | Malformed):
                self._obey(message, now_ms)
        return self._output()

    def sense(self, what: Input, now_ms: int) -> Output:
        """Take what the sensors saw."""
        self._step(what, now_ms)
        return self._output()

    def tick(self, now_ms: int) -> Output:
        lost_at_ms = self._host_lost_at_ms()
        if lost_at_ms is not None and now_ms >= lost_at_ms:
            self._step(HostLost(), now_ms)
        self._step(Tick(), now_ms)
        return self._output()

    def deadline_ms(self) -> int | None:
        """Return when `tick` is due; None if nothing is timed."""
        repeat_at_ms = self._repeat_at_ms if self._link.has_word else None
        times = (self._host_lost_at_ms(), repeat_at_ms, machine.deadline_ms(self._controller))
        return min((time for time in times if time is not None), default=None)

    def _host_lost_at_ms(self) -> int | None:
        if self._controller.host is Host.LOST:
            return None
        return self._heard_at_ms + self._controller.memory.settings.host_lost_ms

    # --- from the host -------------------------------------------------------------------------

    def _introduce(self, nonce: bytes, now_ms: int) -> HelloAck:
        memory = self._controller.memory
        return HelloAck(
            nonce=nonce,
            version=VERSION,
            device=self._device.name,
            firmware=self._device.firmware,
            boot=memory.boot_count,
            uptime_ms=now_ms,
            log=self._device.log,
            head=memory.head,
            first=memory.first,
            acknowledged=memory.acknowledged,
            lost_count=memory.lost_count,
        )

    def _begin(self) -> None:
        """Forget what the host of another session was told."""
        self._told = None
        self._pushed = 0
        self._repeat_ms, self._repeat_at_ms = EVENT_REPEAT_MS, None

    def _obey(self, message: Message, now_ms: int) -> None:
        match message:
            case Ping():
                self._link.take_word()
                self._push(now_ms)
                self._told = None
                self._tell_state(now_ms)
                self._link.give_word_back()
            case Open() | Cancel() | SetMode():
                self._step(_order(message), now_ms)
            case Indicate(signal, direction) as order:
                self._signals[direction] = signal
                self._effects.append(order)
                self._tell_state(now_ms)
            case Settings() as settings:
                self._step(Configure(settings), now_ms)
                self._link.send(self._controller.memory.settings)
            case ConfigGet():
                self._link.send(self._controller.memory.settings)
            case EventAck(upto):
                self._acknowledge(upto, now_ms)
            case LogRead(start):
                self._link.send(self._log_state())
                if start is not None:
                    self._push_again(start, now_ms)
            case (
                Hello() | HelloAck() | Auth() | AuthOk() | NoSession() | State() | Result()
                | LogEntry() | LogState() | Malformed()
            ):  # fmt: skip
                pass  # Of the wrong side or the wrong time.

    def _step(self, what: Input, now_ms: int) -> None:
        self._controller, effects = machine.step(self._controller, what, now_ms)
        self._effects += effects
        for effect in effects:
            match effect:
                case Result():
                    self._link.send(effect)
                case Unlock() | Relock() | LogEntry():
                    pass
        self._tell_state(now_ms)
        self._push(now_ms)

    # --- to the host ---------------------------------------------------------------------------

    def _tell_state(self, now_ms: int) -> None:
        """Send the state if more than its counters changed since it was last sent."""
        if not self._link.has_word:
            return
        state = self._state(now_ms)
        if self._told is None or self._told.without_counters() != state.without_counters():
            self._told = state
            self._link.send(state)

    def _state(self, now_ms: int) -> State:
        controller, memory = self._controller, self._controller.memory
        match controller.gate:
            case Idle():
                gate = GateState.IDLE
            case Unlocked():
                gate = GateState.UNLOCKED
            case Passing():
                gate = GateState.PASSING
        return State(
            uptime_ms=now_ms,
            head=memory.head,
            first=memory.first,
            mode=controller.mode,
            gate=gate,
            grant=None if controller.command is None else controller.command.grant,
            is_fire=controller.is_fire,
            is_faulty=controller.is_faulty,
            entry_signal=self._signals[Direction.ENTRY],
            exit_signal=self._signals[Direction.EXIT],
            settings=memory.settings.checksum,
            contacts=controller.contacts,
        )

    def _log_state(self) -> LogState:
        memory = self._controller.memory
        return LogState(
            head=memory.head,
            first=memory.first,
            acknowledged=memory.acknowledged,
            lost_count=memory.lost_count,
            in_force=None if memory.in_force is None else memory.in_force.grant,
        )

    def _acknowledge(self, upto: int, now_ms: int) -> None:
        before = self._controller.memory.acknowledged
        self._step(AcknowledgeLog(upto), now_ms)
        if self._controller.memory.acknowledged != before:
            self._repeat_ms, self._repeat_at_ms = EVENT_REPEAT_MS, None
            self._push(now_ms)

    def _push_again(self, start: int, now_ms: int) -> None:
        self._pushed, self._repeat_at_ms = min(self._pushed, start - 1), None
        self._push(now_ms)

    def _push(self, now_ms: int) -> None:
        """Send what may be sent of the log and was not; repeat while some is not acknowledged."""
        memory = self._controller.memory
        if not self._link.has_session or self._controller.is_host_lost or not memory.entries:
            self._repeat_at_ms = None
            return
        if not self._link.has_word:
            return
        if self._repeat_at_ms is not None and now_ms >= self._repeat_at_ms:
            self._repeat_ms = min(2 * self._repeat_ms, EVENT_REPEAT_MS_MAX)
            self._pushed, self._repeat_at_ms = 0, None
        ahead = kept.read(memory, memory.first, EVENTS_AHEAD)
        for entry in ahead:
            if entry.sequence > self._pushed:
                self._pushed = entry.sequence
                self._link.send(entry)
        if self._repeat_at_ms is None:
            self._repeat_at_ms = now_ms + self._repeat_ms

    def _output(self) -> Output:
        output = Output(self._link.take_data(), tuple(self._effects))
        self._effects.clear()
        return output


def _order(message: Open | Cancel | SetMode) -> OpenCommand | CancelCommand | ModeCommand:
    match message:
        case Open(grant, direction, expires_at_ms, unlock_ms):
            return OpenCommand(Command(grant, direction), unlock_ms, expires_at_ms)
        case Cancel(grant):
            return CancelCommand(grant)
        case SetMode(mode):
            return ModeCommand(mode)
