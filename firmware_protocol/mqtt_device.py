"""The device's side of the MQTT binding: the reference controller on topics, without any I/O."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from firmware_protocol import memory as kept
from firmware_protocol.controller import (
    Controller,
    Idle,
    Passing,
    Unlocked,
    deadline_ms,
    step,
)
from firmware_protocol.device import Identity
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
from firmware_protocol.messages import Cancel, GateState, Indicate, SetMode, State
from firmware_protocol.mqtt_binding import FromHost, read_host, write, write_will
from firmware_protocol.mqtt_freshness import CHALLENGE_SIZE, Freshness, Stamp
from firmware_protocol.mqtt_messages import (
    Ack,
    DeviceMessage,
    Gone,
    Heartbeat,
    HostMessage,
    Open,
    Publication,
)
from firmware_protocol.mqtt_seal import Refusal, Refused, Sender, derive_key
from firmware_protocol.words import Direction, LogEntry, Signal

HEARTBEAT_MS: Final = 1_000
"""Often enough to miss a dead device in 3 s, and cheap: 60 MB a day with its answer."""

HOST_LOST_MS: Final = 3_000
"""The host answers each heartbeat; it may fail to do so twice."""

EVENT_REPEAT_MS: Final = 500
"""Longer than a network's round trip plus the commit on the host's slow card."""

EVENT_WINDOW: Final = 8
"""Entries on their way at once: what a small broker buffers for one client."""


@dataclass(frozen=True, slots=True)
class DeviceOutput:
    """First store `controller.memory` if it changed, then act on the effects, then publish."""

    effects: tuple[Effect | Indicate, ...]
    publications: tuple[Publication, ...]
    refused: Refused | None


class DeviceSide:
    """One controller on the broker. Times are milliseconds of its uptime."""

    def __init__(
        self, psk: bytes, controller: Controller, *, device: Identity, token: Callable[[int], bytes]
    ) -> None:
        """psk: the lane's 32 bytes. controller: booted. token: draws that many random bytes."""
        self.controller = controller
        self._device = device
        self._token = token
        self._host_key = derive_key(psk, Sender.HOST)
        self._device_key = derive_key(psk, Sender.DEVICE)
        self._freshness = Freshness(token)
        self._counter = 0
        self._nonce = ""
        self._session = ""
        self._is_connected = False
        self._beat_at_ms = 0
        self._host_nonce: str | None = None
        self._host_lost_at_ms = 0
        self._signals = {Direction.ENTRY: Signal.CLOSED, Direction.EXIT: Signal.CLOSED}
        self._told = self._state(0)
        self._pushed = 0
        self._push_again_at_ms = 0
        self._effects: list[Effect | Indicate] = []
        self._publications: list[Publication] = []

    # --- the connection --------------------------------------------------------------------------

    def will(self) -> Publication:
        """Return the will for the next connection; call it once before each."""
        self._session = self._token(CHALLENGE_SIZE).hex()
        return write_will(self._device_key, self._device.name, Gone(self._session))

    def connected(self, now_ms: int) -> DeviceOutput:
        """Begin to talk: the topics of the host are subscribed to."""
        self._is_connected = True
        self._beat(now_ms)
        return self._output(now_ms)

    def disconnected(self) -> None:
        self._is_connected = False

    # --- what happens ----------------------------------------------------------------------------

    def feed(self, topic: str, payload: bytes, *, is_retained: bool, now_ms: int) -> DeviceOutput:
        """Take a message, whoever sent it."""
        received = read_host(self._host_key, self._device.name, topic, payload)
        if is_retained and received is not None:
            received = Refused(Refusal.RETAINED, "messages of this protocol are never retained")
        if isinstance(received, FromHost):
            asked_at_ms = self._freshness.accept(received.stamp, now_ms)
            if asked_at_ms is None:
                received = Refused(Refusal.STALE, "it echoes no heartbeat of now, or is repeated")
            else:
                self._hear(now_ms)
                self._obey(received.message, asked_at_ms, now_ms)
        return self._output(now_ms, received if isinstance(received, Refused) else None)

    def sense(self, what: Input, now_ms: int) -> DeviceOutput:
        """Let the controller know what its sensors and contacts say."""
        self._step(what, now_ms)
        return self._output(now_ms)

    def tick(self, now_ms: int) -> DeviceOutput:
        self._step(Tick(), now_ms)
        if not self.controller.is_host_lost and now_ms >= self._host_lost_at_ms:
            self._step(HostLost(), now_ms)
        if self._is_connected and now_ms >= self._beat_at_ms:
            self._beat(now_ms)
        return self._output(now_ms)

    def deadline_ms(self) -> int | None:
        """Return when `tick` is due; None if nothing is timed."""
        relock_at_ms = deadline_ms(self.controller)
        times = [] if relock_at_ms is None else [relock_at_ms]
        if not self.controller.is_host_lost:
            times.append(self._host_lost_at_ms)
        if self._is_connected:
            times.append(self._beat_at_ms)
            if self._is_pushing():
                times.append(self._push_again_at_ms)
        return min(times, default=None)

    # --- from the host ---------------------------------------------------------------------------

    def _hear(self, now_ms: int) -> None:
        self._host_lost_at_ms = now_ms + HOST_LOST_MS
        if self.controller.is_host_lost:
            self._push_again_at_ms = now_ms
            self._step(HostBack(), now_ms)

    def _obey(self, message: HostMessage, asked_at_ms: int, now_ms: int) -> None:
        match message:
            case Ack(nonce, log, upto, is_hello):
                self._host_nonce = nonce
                if log == self._device.log and upto > self.controller.memory.acknowledged:
                    self._push_again_at_ms = now_ms + EVENT_REPEAT_MS
                    self._step(AcknowledgeLog(upto), now_ms)
                if is_hello:
                    self._beat(now_ms)
            case Open(command, unlock_ms, ttl_ms):
                self._step(OpenCommand(command, unlock_ms, asked_at_ms + ttl_ms), now_ms)
            case Cancel(grant):
                self._step(CancelCommand(grant), now_ms)
            case SetMode(mode):
                self._step(ModeCommand(mode), now_ms)
            case Indicate(signal, direction):
                self._signals[direction] = signal
                self._effects.append(message)
                self._tell(now_ms)

    def _step(self, what: Input, now_ms: int) -> None:
        self.controller, effects = step(self.controller, what, now_ms)
        self._effects += effects
        for effect in effects:
            match effect:
                case Result():
                    self._publish(effect)
                case Unlock() | Relock() | LogEntry():
                    pass  # Entries are in the memory; `_push` takes them from there.
        self._tell(now_ms)

    # --- to the host -----------------------------------------------------------------------------

    def _beat(self, now_ms: int) -> None:
        self._beat_at_ms = now_ms + HEARTBEAT_MS
        self._nonce = self._freshness.challenge(now_ms)
        self._send_heartbeat(now_ms)

    def _tell(self, now_ms: int) -> None:
        """Send a heartbeat between two beats if more changed than its counters."""
        state = self._state(now_ms)
        shown = replace(self._told, uptime_ms=now_ms, head=state.head, first=state.first)
        if self._is_connected and state != shown:
            self._send_heartbeat(now_ms)

    def _send_heartbeat(self, now_ms: int) -> None:
        memory = self.controller.memory
        self._told = self._state(now_ms)
        beat = Heartbeat(
            nonce=self._nonce,
            firmware=self._device.firmware,
            log=self._device.log,
            boot=memory.boot_count,
            acknowledged=memory.acknowledged,
            state=self._told,
        )
        self._publish(beat)

    def _state(self, now_ms: int) -> State:
        controller = self.controller
        return State(
            uptime_ms=now_ms,
            head=controller.memory.head,
            first=controller.memory.first,
            mode=controller.mode,
            gate=_gate_state(controller),
            grant=None if controller.command is None else controller.command.grant,
            is_fire=controller.is_fire,
            is_faulty=controller.is_faulty,
            entry_signal=self._signals[Direction.ENTRY],
            exit_signal=self._signals[Direction.EXIT],
            contacts=controller.contacts,
        )

    def _push(self, now_ms: int) -> None:
        """Send what the window takes of the log; all of it again when nobody acknowledged."""
        if not (self._is_connected and self._is_pushing()):
            return
        memory = self.controller.memory
        if now_ms >= self._push_again_at_ms:
            self._pushed = memory.first - 1
        start = max(self._pushed + 1, memory.first)
        for entry in kept.read(memory, start, memory.first + EVENT_WINDOW - start):
            self._publish(entry)
            self._pushed = entry.sequence
            self._push_again_at_ms = now_ms + EVENT_REPEAT_MS

    def _is_pushing(self) -> bool:
        return not self.controller.is_host_lost and bool(self.controller.memory.entries)

    def _publish(self, message: DeviceMessage) -> None:
        if self._is_connected:
            self._counter += 1
            stamp = Stamp(self._session, self._counter, self._host_nonce)
            self._publications.append(write(self._device_key, self._device.name, message, stamp))

    def _output(self, now_ms: int, refused: Refused | None = None) -> DeviceOutput:
        self._push(now_ms)
        output = DeviceOutput(tuple(self._effects), tuple(self._publications), refused)
        self._effects.clear()
        self._publications.clear()
        return output


def _gate_state(controller: Controller) -> GateState:
    match controller.gate:
        case Idle():
            return GateState.IDLE
        case Unlocked():
            return GateState.UNLOCKED
        case Passing():
            return GateState.PASSING
