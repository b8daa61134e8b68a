"""The controller's side of the serial link: sessions, answers, its log on the way to the host."""

from collections.abc import Callable
from dataclasses import dataclass

from firmware_protocol import bodies
from firmware_protocol import controller as machine
from firmware_protocol import memory as kept
from firmware_protocol.channel import Channel
from firmware_protocol.controller import Controller, Idle, Passing, Unlocked
from firmware_protocol.frames import VERSION, Deframer, Frame, Noise, encode
from firmware_protocol.inputs import (
    AcknowledgeLog,
    CancelCommand,
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
    NONCE_SIZE,
    Auth,
    AuthOk,
    Cancel,
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
from firmware_protocol.words import Command, Direction, LogEntry, Signal

HOST_LOST_MS = 2_000
"""Eight missed pings: a host that restarts is not lost for long, a dead one is noticed."""

EVENTS_AHEAD = 8
"""Entries on their way un-acknowledged: half a kilobyte, 45 ms at 115200."""

EVENT_REPEAT_MS = 100
EVENT_REPEAT_MS_MAX = 500
"""The host commits to its disk before it acknowledges; a slow card must not be flooded."""

NOSESS_MS = 100
"""At most ten a second: enough to greet again at once, no food for a flood."""


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


@dataclass(frozen=True, slots=True)
class _Offer:
    """A session that was offered and not yet proven; the one in force stays until then."""

    channel: Channel
    transcript: bytes


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
    ) -> None:
        """`token` draws that many random bytes."""
        self._psk = psk
        self._device = device
        self._token = token
        self._controller = Controller(memory)
        self._signals = {Direction.ENTRY: Signal.CLOSED, Direction.EXIT: Signal.CLOSED}
        self._deframer = Deframer()
        self._channel: Channel | None = None
        self._offer: _Offer | None = None
        self._heard_at_ms = 0
        self._refused_at_ms = -NOSESS_MS
        self._pushed = 0
        self._repeat_ms = EVENT_REPEAT_MS
        self._repeat_at_ms: int | None = None
        self._told: State | None = None
        self._data = bytearray()
        self._effects: list[Effect | Indicate] = []
        self.noise_count = 0
        self.forged_count = 0

    @property
    def controller(self) -> Controller:
        return self._controller

    def start(self, now_ms: int) -> Output:
        """Power up; says at once that it knows no session, so that a host need not find out."""
        self._controller, effects = machine.boot(self._controller.memory, now_ms)
        self._effects += effects
        self._refuse(0)
        return self._output()

    def feed(self, data: bytes, now_ms: int) -> Output:
        """Take bytes from the line, in any chunks."""
        for found in self._deframer.feed(data):
            match found:
                case Noise():
                    self.noise_count += 1
                case Frame():
                    self._take(found, now_ms)
        return self._output()

    def sense(self, what: Input, now_ms: int) -> Output:
        """Take what the sensors saw."""
        self._step(what, now_ms)
        return self._output()

    def tick(self, now_ms: int) -> Output:
        if not self._controller.is_host_lost and now_ms >= self._heard_at_ms + HOST_LOST_MS:
            self._step(HostLost(), now_ms)
        self._step(Tick(), now_ms)
        if self._repeat_at_ms is not None and now_ms >= self._repeat_at_ms:
            self._repeat_ms = min(2 * self._repeat_ms, EVENT_REPEAT_MS_MAX)
            self._push_from(self._controller.memory.first, now_ms)
        return self._output()

    def deadline_ms(self) -> int | None:
        """Return when `tick` is due; None if nothing is timed."""
        host_lost = None if self._controller.is_host_lost else self._heard_at_ms + HOST_LOST_MS
        times = (host_lost, self._repeat_at_ms, machine.deadline_ms(self._controller))
        return min((time for time in times if time is not None), default=None)

    # --- sessions ------------------------------------------------------------------------------

    def _take(self, frame: Frame, now_ms: int) -> None:
        if frame.is_from_device or frame.address:
            return  # Our own echo, or for another device on the bus.
        if not frame.mac:
            self._greet(frame, now_ms)
        elif self._offer is not None and frame.session == self._offer.channel.session:
            self._prove(self._offer, frame, now_ms)
        elif self._channel is None or frame.session != self._channel.session:
            if now_ms >= self._refused_at_ms + NOSESS_MS:
                self._refused_at_ms = now_ms
                self._refuse(frame.session)
        elif self._channel.accept(frame):
            self._hear(now_ms)
            self._obey(frame, now_ms)
        else:
            self.forged_count += 1

    def _greet(self, frame: Frame, now_ms: int) -> None:
        hello = bodies.decode(frame.kind, frame.body)
        if not isinstance(hello, Hello):
            return
        nonce = self._token(NONCE_SIZE)
        channel = Channel(self._psk, hello.nonce + nonce, self._draw_session(), is_device=True)
        memory = self._controller.memory
        offered = channel.seal(
            HelloAck(
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
            ),
            frame.content(),
        )
        self._offer = _Offer(channel, frame.content() + offered.content())
        self._data += encode(offered)

    def _prove(self, offer: _Offer, frame: Frame, now_ms: int) -> None:
        is_auth = isinstance(bodies.decode(frame.kind, frame.body), Auth)
        if not is_auth or not offer.channel.accept(frame, offer.transcript):
            self.forged_count += 1
            return
        self._channel, self._offer = offer.channel, None
        self._told = None
        self._send(AuthOk())
        self._hear(now_ms)
        self._tell_state(now_ms)
        self._repeat_ms = EVENT_REPEAT_MS
        self._push_from(self._controller.memory.first, now_ms)

    def _draw_session(self) -> int:
        current = 0 if self._channel is None else self._channel.session
        while (session := int.from_bytes(self._token(4), "little")) in {0, current}:
            pass
        return session

    def _refuse(self, session: int) -> None:
        kind, body = bodies.encode(NoSession())
        self._data += encode(Frame(kind=kind, is_from_device=True, session=session, body=body))

    # --- orders --------------------------------------------------------------------------------

    def _hear(self, now_ms: int) -> None:
        self._heard_at_ms = now_ms
        self._step(HostBack(), now_ms)

    def _obey(self, frame: Frame, now_ms: int) -> None:
        match bodies.decode(frame.kind, frame.body):
            case Ping():
                self._told = None
                self._tell_state(now_ms)
            case Open(grant, direction, unlock_ms, expires_at_ms):
                order = OpenCommand(Command(grant, direction), unlock_ms, expires_at_ms)
                self._step(order, now_ms)
            case Cancel(grant):
                self._step(CancelCommand(grant), now_ms)
            case SetMode(mode):
                self._step(ModeCommand(mode), now_ms)
            case Indicate(signal, direction) as order:
                self._signals[direction] = signal
                self._effects.append(order)
                self._tell_state(now_ms)
            case EventAck(upto):
                self._acknowledge(upto, now_ms)
            case LogRead(start):
                self._send(self._log_state())
                self._push_from(start, now_ms)
            case (
                Hello() | HelloAck() | Auth() | AuthOk() | NoSession() | State() | Result()
                | LogEntry() | LogState() | Malformed()
            ):  # fmt: skip
                pass  # Of the wrong side, the wrong time, or of a later version.

    def _step(self, what: Input, now_ms: int) -> None:
        self._controller, effects = machine.step(self._controller, what, now_ms)
        self._effects += effects
        for effect in effects:
            match effect:
                case Result():
                    self._send(effect)
                case Unlock() | Relock() | LogEntry():
                    pass
        self._tell_state(now_ms)
        self._push(now_ms)

    # --- to the host ---------------------------------------------------------------------------

    def _tell_state(self, now_ms: int) -> None:
        """Send the state if more than its counters changed since it was last sent."""
        state = self._state(now_ms)
        if self._told is None or self._told.without_counters() != state.without_counters():
            self._told = state
            self._send(state)

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

    def _push_from(self, start: int, now_ms: int) -> None:
        self._pushed, self._repeat_at_ms = start - 1, None
        self._push(now_ms)

    def _push(self, now_ms: int) -> None:
        """Send what may be sent of the log and was not; repeat while some is not acknowledged."""
        memory = self._controller.memory
        if self._channel is None or self._controller.is_host_lost or not memory.entries:
            self._repeat_at_ms = None
            return
        ahead = kept.read(memory, memory.first, EVENTS_AHEAD)
        for entry in ahead:
            if entry.sequence > self._pushed:
                self._pushed = entry.sequence
                self._send(entry)
        if self._repeat_at_ms is None:
            self._repeat_at_ms = now_ms + self._repeat_ms

    def _send(self, message: Message) -> None:
        if self._channel is not None:
            self._data += encode(self._channel.seal(message))

    def _output(self) -> Output:
        output = Output(bytes(self._data), tuple(self._effects))
        self._data.clear()
        self._effects.clear()
        return output
