"""The session of the driver `gm65`: finds a reader's speed, sets it up, watches it (pure).

Settings are compared first and changed only where they differ, and not kept in flash unless that is
asked for: they are checked again at each start and after each outage.
"""

from dataclasses import dataclass
from typing import Final

from drivers.base import Signal
from drivers.framers import Empty, Fragment, Frame, Framed, Overlong
from drivers.gm65_codec import (
    Answer,
    CodeOutput,
    Gm65Decoder,
    Gm65Event,
    HeartbeatAnswered,
    heartbeat,
    read_zone,
    save_zones,
    write_zone,
)
from drivers.gm65_zones import BAUD_ZONE, OUTPUT_ZONE, TRIGGER_ZONE, ScanMode, settings_for
from drivers.readers.session import Found, Lost, Output

SPEEDS: Final = (9600, 57600, 115200)
# An answer takes 25 ms at 9600 baud; a reader that sends its longest code takes longer.
ANSWER_S: Final = 0.5
PROBES_MAX: Final = 2
HEARTBEAT_S: Final = 10.0
MISSED_MAX: Final = 3
# It looks for 5 s after a trigger unless it was set otherwise, so it never stops for long.
TRIGGER_S: Final = 1.0
# A reader that does not take its settings stays so until somebody does something.
REFUSED_S: Final = 10.0

_PROBE: Final = read_zone(BAUD_ZONE, 2)
_TRIGGER: Final = write_zone(TRIGGER_ZONE, b"\1")


# --- states ---


@dataclass(frozen=True, slots=True)
class _Closed:
    pass


@dataclass(frozen=True, slots=True)
class _Probing:
    """Asks at one speed after the other."""

    index: int


@dataclass(frozen=True, slots=True)
class _Comparing:
    """Asks for a setting; `was_written` if it was changed just before."""

    index: int
    was_written: bool = False


@dataclass(frozen=True, slots=True)
class _Writing:
    index: int


@dataclass(frozen=True, slots=True)
class _Saving:
    pass


@dataclass(frozen=True, slots=True)
class _Serving:
    missed_count: int = 0
    is_heard: bool = True


_State = _Closed | _Probing | _Comparing | _Writing | _Saving | _Serving


class Gm65Session:
    def __init__(
        self, port: str, mode: ScanMode, output: CodeOutput, *, saves: bool, baudrate: int
    ) -> None:
        """`port` is for messages. `baudrate` is tried first. `saves`: changes go to flash too."""
        self._port = port
        self._output = output
        self._saves = saves
        self._speeds = (baudrate, *(speed for speed in SPEEDS if speed != baudrate))
        self._settings = settings_for(mode, output)
        self._triggers = mode is ScanMode.COMMAND
        self._state: _State = _Closed()
        self._decoder = Gm65Decoder(output, baudrate)
        self._speed = baudrate
        self._until_s = 0.0
        self._trigger_s = 0.0
        self._probe_count = 0
        self._has_changed = False
        self._is_loss_told = False
        self._done = Output()

    @property
    def deadline_s(self) -> float | None:
        """When to call `tick`, if nothing happens before."""
        if isinstance(self._state, _Closed):
            return None
        times = [self._until_s]
        if isinstance(self._state, _Serving) and self._triggers:
            times.append(self._trigger_s)
        if self._decoder.deadline_s is not None:
            times.append(self._decoder.deadline_s)
        return min(times)

    def open(self, now_s: float) -> Output:
        self._enter(_Probing(0), now_s)
        return self._take_done()

    def close(self, reason: str) -> Output:
        self._state = _Closed()
        self._lose(reason)
        return self._take_done()

    def show(self, signal: Signal, now_s: float) -> Output:  # noqa: ARG002 - the shape of Session
        """Show nothing: it sounds at a code, and knows no command to sound or light."""
        return Output()

    def feed(self, data: bytes, now_s: float) -> Output:
        for event in self._decoder.feed(data, now_s):
            self._meet(event, now_s)
        return self._take_done()

    def tick(self, now_s: float) -> Output:
        for event in self._decoder.expire(now_s):
            self._meet(event, now_s)
        if now_s >= self._until_s:
            self._time_out(now_s)
        if isinstance(self._state, _Serving) and self._triggers and now_s >= self._trigger_s:
            self._trigger_s = now_s + TRIGGER_S
            self._done.data += _TRIGGER
        return self._take_done()

    # --- what the reader says ---

    def _meet(self, event: Gm65Event, now_s: float) -> None:
        match event:
            case Answer(is_done, data):
                self._answered(data if is_done else None, now_s)
            case HeartbeatAnswered():
                self._hear()
            case Frame() | Overlong() | Empty():
                self._hear()
                self._tell(event)
            case Fragment():
                self._tell(event)

    def _hear(self) -> None:
        if isinstance(self._state, _Serving):
            self._state = _Serving()

    def _tell(self, event: Framed) -> None:
        if isinstance(self._state, _Serving):
            self._done.events.append(event)

    def _answered(self, data: bytes | None, now_s: float) -> None:
        """Go on with what was asked for; `data` is None if the reader refused."""
        match self._state:
            case _Probing():
                if data is not None and len(data) == 2:
                    self._has_changed = False
                    self._enter(_Comparing(0), now_s)
            case _Comparing():
                if data is None or len(data) != 2:  # Or else the second probe is answered too.
                    self._compared(self._state, data, now_s)
            case _Writing(index):
                self._has_changed = True
                self._enter(_Comparing(index, was_written=True), now_s)
            case _Saving():
                self._serve(now_s)
            case _Serving():
                self._hear()
            case _Closed():
                pass

    def _compared(self, state: _Comparing, data: bytes | None, now_s: float) -> None:
        if data == bytes([self._settings[state.index][1]]):
            self._go_on(state.index + 1, now_s)
        elif state.was_written:
            self._refuse(state.index, now_s)
        else:
            self._enter(_Writing(state.index), now_s)

    def _go_on(self, index: int, now_s: float) -> None:
        if index < len(self._settings):
            self._enter(_Comparing(index), now_s)
        elif self._saves and self._has_changed:
            self._enter(_Saving(), now_s)
        else:
            self._serve(now_s)

    def _serve(self, now_s: float) -> None:
        self._is_loss_told = False
        self._done.events.append(Found("", self._speed))
        self._state = _Serving()
        self._until_s = now_s + HEARTBEAT_S
        self._trigger_s = now_s

    def _refuse(self, index: int, now_s: float) -> None:
        address, value = self._settings[index]
        remedy = (
            'write output = "plain"'
            if address == OUTPUT_ZONE
            else "is it of the GM65 family? For others there is the driver line"
        )
        self._lose(f"{self._port}: the reader does not keep {value:02X} at {address:04X}; {remedy}")
        self._enter(_Probing(0), now_s)
        self._done.data, self._probe_count = b"", 0
        self._until_s = now_s + REFUSED_S

    # --- time and silence ---

    def _time_out(self, now_s: float) -> None:
        match self._state:
            case _Probing(index):
                if self._probe_count < PROBES_MAX:
                    self._ask(now_s)
                else:
                    self._probe_next(index + 1, now_s)
            case _Comparing() | _Writing() | _Saving():
                # Answers name no request, but come in order: whatever was late is in before the
                # answer to a probe, which no other looks like.
                self._enter(_Probing(0), now_s)
            case _Serving(missed_count, is_heard):
                self._beat(0 if is_heard else missed_count + 1, now_s)
            case _Closed():
                pass

    def _probe_next(self, index: int, now_s: float) -> None:
        if index == len(self._speeds):
            speeds = ", ".join(str(speed) for speed in self._speeds)
            self._lose(
                f"{self._port}: no GM65 answers at {speeds} baud: is it powered, are RX and TX "
                "crossed, and does it talk on its serial port (not as a keyboard)?"
            )
            index = 0
        self._enter(_Probing(index), now_s)

    def _beat(self, missed_count: int, now_s: float) -> None:
        if missed_count == MISSED_MAX:
            self._lose(f"{self._port}: the reader stopped answering: is it powered and plugged in?")
            self._enter(_Probing(0), now_s)
            return
        self._state = _Serving(missed_count, is_heard=False)
        self._until_s = now_s + HEARTBEAT_S
        # Some of the family know no heartbeat; all can be asked for a setting.
        self._done.data += heartbeat() if missed_count == 0 else _PROBE

    def _lose(self, reason: str) -> None:
        if not self._is_loss_told:
            self._is_loss_told = True
            self._done.events.append(Lost(reason))

    # --- requests ---

    def _enter(self, state: _Probing | _Comparing | _Writing | _Saving, now_s: float) -> None:
        self._state = state
        self._probe_count = 0
        if isinstance(state, _Probing):
            self._speed = self._speeds[state.index]
            self._decoder = Gm65Decoder(self._output, self._speed)
            self._done.baudrate = self._speed
        self._ask(now_s)

    def _ask(self, now_s: float) -> None:
        match self._state:
            case _Probing():
                self._probe_count += 1
                self._done.data = _PROBE
            case _Comparing(index):
                self._done.data = read_zone(self._settings[index][0], 1)
            case _Writing(index):
                address, value = self._settings[index]
                self._done.data = write_zone(address, bytes([value]))
            case _Saving():
                self._done.data = save_zones()
            case _Closed() | _Serving():
                raise AssertionError("nothing is asked for here")
        self._until_s = now_s + ANSWER_S

    def _take_done(self) -> Output:
        done, self._done = self._done, Output()
        return done
