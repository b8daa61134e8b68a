"""The host's side of the MQTT binding: one device's link and commands, without any I/O."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from firmware_protocol.inputs import Result
from firmware_protocol.messages import Cancel, Indicate, SetMode, State
from firmware_protocol.mqtt_binding import FromDevice, read_device, write
from firmware_protocol.mqtt_freshness import CHALLENGE_SIZE, Freshness, Stamp
from firmware_protocol.mqtt_log import LogReader
from firmware_protocol.mqtt_messages import (
    TTL_MS_MAX,
    Ack,
    DeviceMessage,
    Gone,
    Heartbeat,
    HostMessage,
    Open,
    Publication,
)
from firmware_protocol.mqtt_reports import Output, Report, Unlinked
from firmware_protocol.mqtt_seal import Refusal, Refused, Sender, derive_key
from firmware_protocol.reports import Answered, Connected, Logged, NeverSent, StateSeen, Unanswered
from firmware_protocol.words import Command, Direction, LogEntry, Mode, Signal

LOST_MS: Final = 3_000
"""Three heartbeats: two may be lost on a radio link without stopping the lane."""

REPEAT_MS: Final = 300
"""An unanswered open is repeated: longer than a slow round trip, shorter than patience."""

OPENS_MAX: Final = 8
"""A lane has one open under way; more than a few mean that the host went wrong."""

# One hello per start is enough; recorded heartbeats that are played back must not cause a flood.
_HELLO_MS: Final = 200
# Acks can be many after an outage, and the challenges that a side remembers are few.
_CHALLENGE_MS: Final = 500


@dataclass(slots=True)
class _Link:
    session: str
    nonce: str
    nonce_at_ms: int
    told: State | None = None


@dataclass(slots=True)
class _Pending:
    """An open command that waits for its answer; repeated only to the session it was made for."""

    command: Command
    unlock_ms: int
    expires_at_ms: int
    repeat_at_ms: int
    session: str


class HostSide:
    """One device as the host sees it. Times are milliseconds of any clock that only goes forward.

    Each call returns what to publish and what to tell; then `tick` is due at `deadline_ms()`.
    Foreign input never raises.
    """

    def __init__(self, device: str, psk: bytes, token: Callable[[int], bytes]) -> None:
        """psk: the lane's 32 bytes. token: draws that many random bytes."""
        self._device = device
        self._host_key = derive_key(psk, Sender.HOST)
        self._device_key = derive_key(psk, Sender.DEVICE)
        self._freshness = Freshness(token)
        self._session = token(CHALLENGE_SIZE).hex()
        self._counter = 0
        self._nonce, self._nonce_at_ms = "", -_CHALLENGE_MS
        self._hello_at_ms = 0
        self._link: _Link | None = None
        # When silence becomes an outage; None while one was told and not yet ended.
        self._silent_at_ms: int | None = None
        self._log = LogReader()
        self._pending: dict[bytes, _Pending] = {}
        self._mode: Mode | None = None
        self._signals: dict[Direction, Signal] = {}
        self._cancelled: bytes | None = None
        self._refused: Refused | None = None
        self._publications: list[Publication] = []
        self._reports: list[Report] = []

    # --- what happens ------------------------------------------------------------------------

    def start(self, now_ms: int) -> None:
        """From now on a silent device is missed."""
        self._silent_at_ms = now_ms + LOST_MS

    def disconnected(self) -> Output:
        """Note that the host's own connection to the broker is gone."""
        self._unlink("there is no connection to the device broker; see [device_broker]")
        return self._output()

    def feed(self, topic: str, payload: bytes, *, is_retained: bool, now_ms: int) -> Output:
        """Take a message, whoever sent it."""
        received = read_device(self._device_key, self._device, topic, payload)
        if is_retained and received is not None:
            received = Refused(Refusal.RETAINED, "messages of this protocol are never retained")
        match received:
            case None:
                pass
            case Refused():
                self._refused = received
                self._reports.append(received)
            case Gone(session):
                if self._link is not None and self._link.session == session:
                    self._unlink(f"the broker lost {self._device}; look at its power and network")
            case FromDevice(stamp, message):
                self._take(stamp, message, now_ms)
        return self._output()

    def tick(self, now_ms: int) -> Output:
        if self._silent_at_ms is not None and now_ms >= self._silent_at_ms:
            self._unlink(self._silence())
        for grant, pending in list(self._pending.items()):
            if now_ms >= pending.expires_at_ms:
                self.withdraw(grant)
                self._log.unsettle(now_ms)
                self._reports.append(Unanswered(grant))
            elif now_ms >= pending.repeat_at_ms and self._is_repeatable(pending):
                self._send_open(pending, now_ms)
        return self._output()

    def deadline_ms(self) -> int | None:
        """Return when `tick` is due; None if nothing is timed."""
        times = [] if self._silent_at_ms is None else [self._silent_at_ms]
        for pending in self._pending.values():
            times.append(pending.expires_at_ms)
            if self._is_repeatable(pending):
                times.append(pending.repeat_at_ms)
        return min(times, default=None)

    # --- commands ----------------------------------------------------------------------------

    @property
    def is_linked(self) -> bool:
        return self._link is not None

    def open(self, command: Command, unlock_ms: int, ttl_ms: int, now_ms: int) -> Output:
        """Send it now; one of `Answered`, `Unanswered` and `NeverSent` comes within `ttl_ms`."""
        assert 0 < ttl_ms <= TTL_MS_MAX - LOST_MS
        if command.grant in self._pending:
            return self._output()
        if self._link is None or len(self._pending) == OPENS_MAX:
            self._reports.append(NeverSent(command.grant))
            return self._output()
        pending = _Pending(command, unlock_ms, now_ms + ttl_ms, now_ms, self._link.session)
        self._pending[command.grant] = pending
        self._send_open(pending, now_ms)
        return self._output()

    def withdraw(self, grant: bytes) -> None:
        """Forget an open that could not be published."""
        del self._pending[grant]

    def cancel(self, grant: bytes) -> Output:
        """Sent now, and again after each heartbeat that has the grant in force."""
        self._cancelled = grant
        self._send(Cancel(grant))
        return self._output()

    def indicate(self, signal: Signal, direction: Direction) -> Output:
        """Sent now, and again after each heartbeat that names another signal."""
        self._signals[direction] = signal
        self._send(Indicate(signal, direction))
        return self._output()

    def set_mode(self, mode: Mode) -> Output:
        """Sent now, and again after each heartbeat that names another mode."""
        self._mode = mode
        self._send(SetMode(mode))
        return self._output()

    def acknowledge(self, log: bytes, upto: int) -> Output:
        """Everything up to `upto` is on the host's disk."""
        if self._log.acknowledge(log, upto) and self._link is not None:
            self._send_ack(self._link.nonce, log)
        return self._output()

    # --- from the device -----------------------------------------------------------------------

    def _take(self, stamp: Stamp, message: DeviceMessage, now_ms: int) -> None:
        asked_at_ms = self._freshness.accept(stamp, now_ms)
        match message:
            case Heartbeat():
                if asked_at_ms is None:
                    self._hello(message, now_ms)
                else:
                    self._beat(message, stamp.session, asked_at_ms, now_ms)
            case Result() | LogEntry() if asked_at_ms is None or self._link is None:
                self._reports.append(Refused(Refusal.STALE, "of another link, late or repeated"))
            case Result(grant, outcome):
                if self._pending.pop(grant, None) is not None:
                    self._reports.append(Answered(grant, outcome))
            case LogEntry():
                if self._log.take(message):
                    self._reports.append(Logged(self._log.name, message))

    def _hello(self, beat: Heartbeat, now_ms: int) -> None:
        """Challenge a device that knows no challenge of ours: it, or this host, just started.

        The challenge is new, so that nothing from before the start can echo it.
        """
        if now_ms >= self._hello_at_ms:
            self._hello_at_ms = now_ms + _HELLO_MS
            self._draw_challenge(now_ms)
            self._send_ack(beat.nonce, beat.log, is_hello=True)

    def _beat(self, beat: Heartbeat, session: str, asked_at_ms: int, now_ms: int) -> None:
        link = self._link
        if link is None or link.session != session:
            link = self._relink(beat, session, now_ms)
            if link is None:
                return
        self._silent_at_ms = now_ms + LOST_MS
        if link.nonce != beat.nonce:
            link.nonce, link.nonce_at_ms = beat.nonce, now_ms
        self._renew_challenge(now_ms)
        self._send_ack(beat.nonce, beat.log)
        self._insist(beat.state)
        self._observe(link, beat.state)
        self._reports += self._log.look(beat, asked_at_ms, is_answered=not self._pending)

    def _relink(self, beat: Heartbeat, session: str, now_ms: int) -> _Link | None:
        if self._link is not None:
            self._unlink(f"{self._device} restarted, or lost the broker for a moment")
        if not self._log.attach(beat):
            detail = "its log lost entries that it had told; it needs a new log id"
            self._refused = Refused(Refusal.MALFORMED, detail)
            self._reports.append(self._refused)
            return None
        self._refused = None
        self._link = _Link(session, beat.nonce, now_ms)
        self._reports.append(Connected(self._device, beat.firmware))
        return self._link

    def _insist(self, state: State) -> None:
        """Say again what the device does not show: it may have been lost, or forgotten."""
        if self._mode is not None and state.mode is not self._mode:
            self._send(SetMode(self._mode))
        shown = {Direction.ENTRY: state.entry_signal, Direction.EXIT: state.exit_signal}
        for direction, signal in self._signals.items():
            if shown[direction] is not signal:
                self._send(Indicate(signal, direction))
        if self._cancelled is not None and state.grant == self._cancelled:
            self._send(Cancel(self._cancelled))

    def _observe(self, link: _Link, state: State) -> None:
        """Tell the first state of a link, and each that differs in more than its counters."""
        if link.told is None or state != replace(
            link.told, uptime_ms=state.uptime_ms, head=state.head, first=state.first
        ):
            link.told = state
            self._reports.append(StateSeen(state))

    # --- to the device ---------------------------------------------------------------------------

    def _send(self, message: HostMessage) -> None:
        if self._link is not None:
            self._write(message, self._link.nonce)

    def _send_open(self, pending: _Pending, now_ms: int) -> None:
        assert self._link is not None
        pending.repeat_at_ms = now_ms + REPEAT_MS
        # Counted from a heartbeat that left before it came here: it ends there before it ends here.
        ttl_ms = pending.expires_at_ms - self._link.nonce_at_ms
        self._send(Open(pending.command, pending.unlock_ms, ttl_ms))

    def _send_ack(self, echo: str, log: bytes, *, is_hello: bool = False) -> None:
        self._write(Ack(self._nonce, log, self._log.upto(log), is_hello), echo)

    def _write(self, message: HostMessage, echo: str) -> None:
        self._counter += 1
        stamp = Stamp(self._session, self._counter, echo)
        self._publications.append(write(self._host_key, self._device, message, stamp))

    def _is_repeatable(self, pending: _Pending) -> bool:
        return self._link is not None and self._link.session == pending.session

    def _renew_challenge(self, now_ms: int) -> None:
        if now_ms - self._nonce_at_ms >= _CHALLENGE_MS:
            self._draw_challenge(now_ms)

    def _draw_challenge(self, now_ms: int) -> None:
        self._nonce, self._nonce_at_ms = self._freshness.challenge(now_ms), now_ms

    def _unlink(self, reason: str) -> None:
        self._link = None
        if self._silent_at_ms is not None:
            self._silent_at_ms = None
            self._reports.append(Unlinked(reason))

    def _silence(self) -> str:
        if self._refused is None:
            return f"no heartbeat of {self._device} for 3 s; look at its power and network"
        return (
            f"{self._device} is heard, but its messages are refused as {self._refused.reason}"
            f" ({self._refused.detail}); look at its key and its firmware"
        )

    def _output(self) -> Output:
        output = Output(tuple(self._publications), tuple(self._reports))
        self._publications.clear()
        self._reports.clear()
        return output
