"""What the host has of a device's log over the MQTT binding: each entry once, losses counted."""

from firmware_protocol.mqtt_messages import Heartbeat
from firmware_protocol.reports import EntriesLost, LogEnd
from firmware_protocol.words import LogEntry


class LogReader:
    """Reads the log in order, over outages too, and says when the end of it settles all grants."""

    def __init__(self) -> None:
        self._name = b""
        self._next = 1
        self._upto = 0
        self._broken_name = b""
        self._is_ended = False
        self._unsettled_until_ms = 0

    @property
    def name(self) -> bytes:
        return self._name

    def attach(self, beat: Heartbeat) -> bool:
        """Begin with a new link; False if the log once forgot entries that it had told before.

        Such a log gives numbers a second time, and its entries would be taken for repeats.
        """
        if beat.log != self._name:
            self._name, self._next, self._upto = beat.log, beat.acknowledged + 1, 0
        self._next = max(self._next, beat.acknowledged + 1)
        self._is_ended = False
        if self._next > beat.state.head + 1:
            self._broken_name = self._name
        return self._name != self._broken_name

    def upto(self, log: bytes) -> int:
        """Return up to where that log is on the host's disk; 0 if the host cannot say."""
        return self._upto if log == self._name else 0

    def acknowledge(self, log: bytes, upto: int) -> bool:
        """Note what is on the host's disk; False if that is nothing new."""
        if log != self._name or upto <= self._upto:
            return False
        assert upto < self._next, "acknowledged an entry that was never told"
        self._upto = upto
        return True

    def take(self, entry: LogEntry) -> bool:
        """Return whether it is the next one. The device repeats the others, in order."""
        is_next = entry.sequence == self._next
        self._next += is_next
        return is_next

    def unsettle(self, now_ms: int) -> None:
        """Note that a grant went unanswered: only what the device says from now on settles it."""
        self._is_ended = False
        self._unsettled_until_ms = now_ms

    def look(
        self, beat: Heartbeat, asked_at_ms: int, *, is_answered: bool
    ) -> tuple[EntriesLost | LogEnd, ...]:
        """Compare with a heartbeat that was sent at or after `asked_at_ms`.

        is_answered: no open command waits for its answer.
        """
        lost_count = max(0, beat.state.first - self._next)
        self._next += lost_count
        lost = (EntriesLost(self._name, lost_count),) if lost_count else ()
        is_end = (
            self._next > beat.state.head and is_answered and asked_at_ms >= self._unsettled_until_ms
        )
        if self._is_ended or not is_end:
            return lost
        self._is_ended = True
        in_force = () if beat.state.grant is None else (beat.state.grant,)
        return (*lost, LogEnd(self._name, in_force))
