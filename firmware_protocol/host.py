"""The host's side of the serial link: commands, the log, and what became of them, without I/O."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from firmware_protocol.host_commands import Opening, Openings, Wishes
from firmware_protocol.host_link import HostLink, LinkReport, Lost, Received, Started
from firmware_protocol.host_log import Asked, AtEnd, HostLog, Reading, Unread
from firmware_protocol.host_settings import HostSettings
from firmware_protocol.inputs import Result
from firmware_protocol.messages import (
    Auth,
    AuthOk,
    Cancel,
    ConfigGet,
    EventAck,
    Hello,
    HelloAck,
    Indicate,
    LogRead,
    LogState,
    NoSession,
    Open,
    Ping,
    SetMode,
    State,
)
from firmware_protocol.reports import (
    Answered,
    Connected,
    Disconnected,
    Loss,
    NeverSent,
    Report,
    SettingsDiffer,
    SettingsTaken,
    StateSeen,
    Unanswered,
)
from firmware_protocol.settings import FACTORY, Settings
from firmware_protocol.words import Command, LogEntry, Outcome

REQUEST_MS = 100
"""A request for the log that brought nothing is repeated after this."""


@dataclass(frozen=True, slots=True)
class Output:
    """What to send now and what to tell, each in its order."""

    data: bytes
    reports: tuple[Report, ...]


class Host:
    """The host of one controller. Times are milliseconds of any clock that only goes forward.

    Each call returns what to send and to tell; then `tick` is due at `deadline_ms`. Foreign input
    never raises. On a shared line commands wait for the next `turn`, and what other calls return
    to be sent belongs to the present one.
    """

    def __init__(
        self,
        psk: bytes,
        *,
        name: str,
        token: Callable[[int], bytes],
        address: int = 0,
        settings: Settings = FACTORY,
    ) -> None:
        """name: 1..32 printable ASCII characters. token: draws that many random bytes.

        address: the device's, 1..126 on a shared line, 0 on one of its own. settings: what the
        device is set to.
        """
        self._log = HostLog()
        self._link = HostLink(psk, name=name, token=token, judge=self._judge, address=address)
        self._settings = HostSettings(settings)
        self._device: HelloAck | None = None
        self._state: State | None = None
        self._uptime_offset_ms = 0
        """Device uptime minus our time; never more than it really is."""
        self._openings = Openings()
        self._wishes = Wishes()
        self._gap_asked_at_ms = -REQUEST_MS
        self._reports: list[Report] = []

    @property
    def is_connected(self) -> bool:
        """Between the reports Connected and Disconnected."""
        return self._device is not None

    @property
    def noise_count(self) -> int:
        """Broken frames since the start."""
        return self._link.noise_count

    @property
    def forged_count(self) -> int:
        """Whole frames with a wrong or repeated MAC since the start."""
        return self._link.forged_count

    def open_line(self, now_ms: int) -> Output:
        """Begin on a line that has just been opened."""
        self._link.open_line(now_ms)
        return self._output(now_ms)

    def close_line(self, now_ms: int) -> Output:
        """End because the line is gone."""
        self._follow(self._link.close_line(), now_ms)
        return self._output(now_ms)

    def feed(self, data: bytes, now_ms: int) -> Output:
        """Take bytes from the line, in any chunks."""
        self._follow(self._link.feed(data, now_ms), now_ms)
        return self._output(now_ms)

    def tick(self, now_ms: int) -> Output:
        self._follow(self._link.tick(now_ms), now_ms)
        for opening in self._openings.take_expired(now_ms):
            self._reports.append(Unanswered(opening.command.grant))
            self._log.progress = Unread()  # Only the log tells what became of it.
        self._send_due(now_ms)
        return self._output(now_ms)

    def deadline_ms(self) -> int | None:
        """Return when `tick` is due; None if nothing is timed."""
        times = [self._link.deadline_ms(), *self._openings.expiries_ms()]
        if self.is_connected and not self._link.is_shared:
            times += self._openings.repeats_ms()
            if isinstance(self._log.progress, Asked):
                times.append(self._log.progress.repeat_at_ms)
        return min((time for time in times if time is not None), default=None)

    # --- turns on a shared line ----------------------------------------------------------------

    @property
    def is_answered(self) -> bool:
        """Whether the device gave the word back that the last `turn` gave it."""
        return self._link.is_answered

    def turn_at_ms(self) -> int | None:
        """Return when the next turn is due; None while the line is closed."""
        at_ms = self._link.turn_at_ms()
        if at_ms is None or not self.is_connected:
            return at_ms
        return min([at_ms, *self._openings.repeats_ms()])

    def is_urgent(self, now_ms: int) -> bool:
        """Whether a person waits for the next turn."""
        return self.is_connected and any(at_ms <= now_ms for at_ms in self._openings.repeats_ms())

    def turn(self, now_ms: int) -> bytes:
        """Return all there is to say; then the device has the word until `is_answered`."""
        self._send_openings(now_ms)
        self._ask_for_end(now_ms)
        return self._link.turn(now_ms)

    def miss(self, now_ms: int) -> None:
        """Note that nothing more came in the time that the device has for its answer."""
        self._link.miss(now_ms)

    # --- commands ------------------------------------------------------------------------------

    def open(self, command: Command, unlock_ms: int, ttl_ms: int, now_ms: int) -> Output:
        """Send it now; one of Answered, Unanswered and NeverSent follows within its time."""
        if not self.is_connected:
            self._reports.append(NeverSent(command.grant))
        elif command.grant not in self._openings:
            opening = Opening(command, unlock_ms, now_ms + ttl_ms, now_ms)
            if not self._openings.add(opening):
                self._reports.append(Answered(command.grant, Outcome.BUSY))
        self._send_due(now_ms)
        return self._output(now_ms)

    def wish(self, message: SetMode | Indicate | Cancel, now_ms: int) -> Output:
        """Send it now (no lock in a fire), and again until the device shows that it is done."""
        is_held = self._state is None or (self._state.is_fire and not isinstance(message, Indicate))
        sent = None if is_held else self._link.send(message)
        self._wishes.add(message, None if sent is None else now_ms)
        return self._output(now_ms)

    def acknowledge(self, log: bytes, upto: int, now_ms: int) -> Output:
        """Tell the device that everything up to here is on our disk."""
        if self._log.acknowledge(log, upto):
            self._link.send(EventAck(upto))
        return self._output(now_ms)

    # --- from the device -----------------------------------------------------------------------

    def _follow(self, reports: Iterable[LinkReport], now_ms: int) -> None:
        for report in reports:
            match report:
                case Started(offer):
                    self._start(offer, now_ms)
                case Lost(loss):
                    self._end(loss)
                case Received():
                    self._read(report, now_ms)

    def _judge(self, offer: HelloAck) -> Loss | None:
        return None if self._log.is_continued_by(offer) else Loss.LOG

    def _start(self, offer: HelloAck, now_ms: int) -> None:
        if self._device is None or self._device.device != offer.device:
            self._reports.append(Connected(offer.device, offer.firmware))
        self._device, self._state = offer, None
        self._uptime_offset_ms = offer.uptime_ms - now_ms
        self._log.begin(offer)
        if self._log.acknowledged > offer.acknowledged:
            self._link.send(EventAck(self._log.acknowledged))
        self._wishes.restart()
        self._openings.restart(now_ms)
        self._send_due(now_ms)

    def _end(self, loss: Loss) -> None:
        for opening in self._openings.take_all():
            self._reports.append(Unanswered(opening.command.grant))
        self._device, self._state = None, None
        self._reports.append(Disconnected(loss))

    def _read(self, received: Received, now_ms: int) -> None:
        match received.message:
            case State() as state:
                self._see(state, now_ms)
            case Result(grant, outcome):
                self._settle(grant, outcome)
            case LogEntry() as entry:
                self._take_entry(entry, now_ms)
            case LogState() as state:
                self._reports += self._log.note(state, received.ack)
            case Settings() as found:
                self._compare(found)
            case (
                Hello()
                | HelloAck()
                | Auth()
                | AuthOk()
                | NoSession()
                | Ping()
                | Open()
                | Cancel()
                | SetMode()
                | Indicate()
                | ConfigGet()
                | EventAck()
                | LogRead()
            ):
                pass  # Of the wrong side or the wrong time.

    def _see(self, state: State, now_ms: int) -> None:
        self._uptime_offset_ms = state.uptime_ms - now_ms
        if state.grant is not None:
            self._settle(state.grant, Outcome.OPENED)
        before, self._state = self._state, state
        if before is None or before.without_counters() != state.without_counters():
            self._reports.append(StateSeen(state))
        for message in self._wishes.take_unmet(state, self._openings, now_ms):
            self._link.send(message)
        match self._settings.check(state.settings, now_ms):
            case ConfigGet() as question:
                self._link.send(question)
            case SettingsTaken() as taken:
                self._reports.append(taken)
            case None:
                pass

    def _compare(self, found: Settings) -> None:
        for what in self._settings.compare(found):
            match what:
                case SettingsDiffer():
                    self._reports.append(what)
                case Settings():
                    self._link.send(what)

    def _take_entry(self, entry: LogEntry, now_ms: int) -> None:
        if entry.sequence <= self._log.acknowledged:
            self._link.send(EventAck(self._log.acknowledged))  # The last one got lost.
        elif entry.sequence > self._log.expected:
            if now_ms >= self._gap_asked_at_ms + REQUEST_MS:
                self._gap_asked_at_ms = now_ms
                self._link.send(LogRead(self._log.expected))
        elif entry.sequence == self._log.expected:
            if entry.grant is not None:
                self._settle(entry.grant, Outcome.OPENED)  # The result got lost, the log tells.
            self._reports += self._log.take(entry, self._age_ms(entry, now_ms))

    def _age_ms(self, entry: LogEntry, now_ms: int) -> int:
        """Return how long ago it was; of an earlier boot, that it was before this one."""
        assert self._device is not None
        began_ms = entry.at_ms if entry.boot == self._device.boot else 0
        return max(0, now_ms + self._uptime_offset_ms - began_ms)

    # --- open commands and the log's end -------------------------------------------------------

    def _send_due(self, now_ms: int) -> None:
        if not self._link.is_shared:
            self._send_openings(now_ms)

    def _send_openings(self, now_ms: int) -> None:
        for opening in self._openings.take_due(now_ms):
            expires_at_ms = opening.expires_at_ms + self._uptime_offset_ms
            command = opening.command
            order = Open(command.grant, command.direction, expires_at_ms, opening.unlock_ms)
            self._link.send(order, is_repeat=opening.sent_count > 1)
            if not isinstance(self._log.progress, AtEnd):
                self._log.progress = Unread()  # The end that was asked for would not have it.

    def _settle(self, grant: bytes, outcome: Outcome) -> None:
        if self._openings.settle(grant):
            self._reports.append(Answered(grant, outcome))

    def _ask_for_end(self, now_ms: int) -> None:
        """Ask where the log ends, when no command is under way that could still change it."""
        match self._log.progress:
            case Asked(_, repeat_at_ms) if now_ms < repeat_at_ms:
                return
            case Reading() | AtEnd():
                return
            case Unread() | Asked():
                if len(self._openings) == 0:
                    sequence = self._link.send(LogRead())
                    if sequence is not None:
                        self._log.progress = Asked(sequence, now_ms + REQUEST_MS)

    def _output(self, now_ms: int) -> Output:
        if not self._link.is_shared:
            self._ask_for_end(now_ms)
        output = Output(self._link.take_data(), tuple(self._reports))
        self._reports.clear()
        return output
