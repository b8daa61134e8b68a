"""How the host sees to it that its controller has the settings that it should have."""

from firmware_protocol.messages import ConfigGet
from firmware_protocol.reports import SettingsDiffer, SettingsTaken
from firmware_protocol.settings import Settings

RETRY_MS = 1_000
"""A controller that does not take them is told again, but it is not urgent."""


class HostSettings:
    """Compares the checksum in each state; what differs is asked for, told once, and set."""

    def __init__(self, wanted: Settings) -> None:
        assert wanted.is_possible
        self.wanted = wanted
        self._is_told = False
        self._is_asked = False
        self._asked_at_ms = -RETRY_MS

    def check(self, checksum: int, now_ms: int) -> ConfigGet | SettingsTaken | None:
        """Return what to ask now, or that what was told is over."""
        if checksum == self.wanted.checksum:
            was_told, self._is_told = self._is_told, False
            return SettingsTaken() if was_told else None
        if now_ms < self._asked_at_ms + RETRY_MS:
            return None
        self._is_asked, self._asked_at_ms = True, now_ms
        return ConfigGet()

    def compare(self, found: Settings) -> tuple[SettingsDiffer | Settings, ...]:
        """Return what to tell, and the settings if they are to be sent (once for each `check`)."""
        was_asked, self._is_asked = self._is_asked, False
        if found == self.wanted or not was_asked:
            return ()
        was_told, self._is_told = self._is_told, True
        return (self.wanted,) if was_told else (SettingsDiffer(found), self.wanted)
