"""One OSDP device on a line: whether it answers, what it tells, and what it is told.

To a device that was silent, or whose key is another, libosdp gives a try every 300 s only
(github.com/osdp-dev/libosdp/issues/197); one that is taken away and put back it tries at once.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Never, Protocol

import osdp_sys

from drivers.osdp_events import OsdpEvent, read_event
from drivers.polled_line import LineDownError, RefusedError, SilentError

# A secure channel takes 0.3 s where all is well.
TRY_S: Final = 2.0
# How long a device is away before it is put back.
AWAY_S: Final = 0.1
# The first try may fall into the start of the device; two that fail are an outage.
UNANSWERED_S: Final = 3.0

_START: Final = 0x53
_REPLY: Final = 0x80


class Panel(Protocol):
    """What is used here of osdp_sys.ControlPanel; devices go by their index."""

    def set_event_callback(self, callback: Callable[[int, Mapping[str, object]], int]) -> None: ...

    def set_command_completion_callback(
        self, callback: Callable[[int, Mapping[str, object], int], None]
    ) -> None: ...

    def refresh(self) -> None: ...

    def sc_status(self) -> int:
        """Return a bit for each device, on if its secure channel is up."""
        ...

    def disable_pd(self, index: int) -> bool: ...

    def enable_pd(self, index: int) -> bool: ...

    def get_pd_id(self, index: int) -> Mapping[str, int] | None: ...

    def check_capability(self, index: int, capability: int) -> tuple[int, int]: ...

    def submit_command(self, index: int, command: Mapping[str, object]) -> bool: ...

    def flush_commands(self, index: int) -> int: ...


class OsdpDevice:
    """One device's place on a line. Its driver runs it, and is told what happens to it."""

    def __init__(
        self,
        port: str,
        baudrate: int,
        address: int,
        key: bytes,
        keep: Callable[[], Awaitable[Never]],
    ) -> None:
        """keep: keeps the line open, among the devices on it."""
        self.port = port
        self.baudrate = baudrate
        self.address = address
        self.key = key
        self._keep = keep
        self._panel: Panel
        self._index: int
        self._is_up = asyncio.Event()
        self._heard_s: float | None = None
        self._is_loss_told = False
        self._awaited: asyncio.Future[int] | None = None
        self._since_s = 0.0
        self._try_s = 0.0
        # When it is put back, while it is away.
        self._back_s: float | None = None
        self._up: Callable[[str], None] = _ignore
        self._came: Callable[[OsdpEvent, float], None] = _ignore_event
        self._lost: Callable[[str], None] = _ignore

    async def run(
        self,
        up: Callable[[str], None],
        came: Callable[[OsdpEvent, float], None],
        lost: Callable[[str], None],
    ) -> Never:
        """Serve until cancelled.

        up: it answers over its secure channel; with what it calls itself. came: what it tells, with
        the loop time. lost: once per outage, with a sentence that says what to look at.
        """
        self._up, self._came, self._lost = up, came, lost
        self._is_loss_told = False
        self._is_up.clear()
        try:
            await self._keep()
        finally:
            self._up, self._came, self._lost = _ignore, _ignore_event, _ignore

    @property
    def is_up(self) -> bool:
        return self._is_up.is_set()

    async def risen(self) -> None:
        """Return when it answers over its secure channel."""
        await self._is_up.wait()

    def silence_s(self) -> float:
        """Return how long ago it was heard last; it is polled every 50 ms."""
        now_s = asyncio.get_running_loop().time()
        return math.inf if self._heard_s is None else now_s - self._heard_s

    def can(self, capability: int) -> bool:
        """Tell whether the device says that it has a capability (osdp_sys.CAP_...)."""
        return self.is_up and self._panel.check_capability(self._index, capability)[0] > 0

    def count(self, capability: int) -> int:
        """Return how many inputs, outputs ... the device says that it has."""
        return self._panel.check_capability(self._index, capability)[1] if self.is_up else 0

    def command(self, command: Mapping[str, object]) -> bool:
        """Send a command (osdp_sys.CMD_...) as soon as it is its turn; False without a channel."""
        return self.is_up and bool(self._panel.submit_command(self._index, dict(command)))

    async def carry_out(self, command: Mapping[str, object], before_s: float) -> None:
        """Send a command and return when the device has acknowledged it; one at a time.

        before_s: loop time from which on it is not sent (again) any more: libosdp by itself would
        repeat it to a silent device for 8 s, and after an outage. Raises LineDownError and
        RefusedError where nothing was sent, and SilentError where it may have been carried out.
        """
        assert self._awaited is None, "one at a time"
        if not self.is_up:
            raise LineDownError(self._unanswered())
        if not self.command(command):
            raise RefusedError(f"{self._called()} takes no commands now")
        self._awaited = asyncio.get_running_loop().create_future()
        status = osdp_sys.COMPLETION_ABORTED
        try:
            async with asyncio.timeout_at(before_s):
                status = await self._awaited
        except TimeoutError as error:
            raise SilentError(self._unanswered()) from error
        finally:
            self._awaited = None
            if status != osdp_sys.COMPLETION_OK:
                self._take_away(asyncio.get_running_loop().time())
        if status != osdp_sys.COMPLETION_OK:
            raise SilentError(f"{self._called()} did not acknowledge a command")

    # --- for its line --------------------------------------------------------------------------

    @property
    def is_away(self) -> bool:
        """Nothing may be sent to it now."""
        return self._back_s is not None

    def join(self, panel: Panel, index: int) -> None:
        self._panel, self._index = panel, index

    def begin(self, now_s: float) -> None:
        """Begin on a line that was just opened, with nothing of what was before."""
        self._go_down()
        self._since_s = now_s
        self._take_away(now_s)

    def hear(self, data: bytes, at_s: float) -> None:
        if bytes([_START, self.address | _REPLY]) in data:
            self._heard_s = at_s

    def complete(self, status: int) -> None:
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_result(status)

    def take(self, event: Mapping[str, object], now_s: float) -> None:
        known = read_event(event)
        if known is not None and self.is_up:
            self._came(known, now_s)

    def look(self, now_s: float, *, is_secure: bool) -> None:
        """Follow the secure channel, and try again where there is none."""
        if self._back_s is not None:
            self._put_back(now_s)
        elif is_secure and not self.is_up:
            self._is_loss_told = False
            self._is_up.set()
            self._up(self._name())
        elif not is_secure and self.is_up:
            self._go_down()
            self._since_s = now_s - UNANSWERED_S
            self._take_away(now_s)
        elif not is_secure and now_s >= self._try_s:
            self._take_away(now_s)
        if not self.is_up and now_s - self._since_s >= UNANSWERED_S:
            self._lose(self._unanswered())

    def end(self, reason: str) -> None:
        self._go_down()
        self._lose(reason)

    def _go_down(self) -> None:
        self._is_up.clear()
        self._heard_s = None
        self.complete(osdp_sys.COMPLETION_ABORTED)

    def _take_away(self, now_s: float) -> None:
        """Have nothing more sent to it, not even what libosdp repeats, until it is back."""
        self._panel.flush_commands(self._index)
        self._panel.disable_pd(self._index)
        self._back_s = now_s + AWAY_S

    def _put_back(self, now_s: float) -> None:
        # libosdp takes it back only when it gave up what it last sent to it.
        if self._back_s is not None and now_s >= self._back_s:
            if not self._panel.enable_pd(self._index):
                return
            self._back_s = None
            self._try_s = now_s + TRY_S
            self._heard_s = None

    def _lose(self, reason: str) -> None:
        if not self._is_loss_told:
            self._is_loss_told = True
            self._lost(reason)

    def _called(self) -> str:
        return f"the OSDP device at address {self.address} of {self.port}"

    def _unanswered(self) -> str:
        if self._heard_s is not None and not self.is_up:
            return (
                f"{self._called()} answers, but has no secure channel with this key: is it the one "
                "in scbk_file? (in install mode it takes a new one)"
            )
        return (
            f"{self._called()} does not answer: is it powered, are A and B the right way round, "
            f"and are its address and speed ({self.baudrate} baud) those of the settings?"
        )

    def _name(self) -> str:
        known = self._panel.get_pd_id(self._index) or {}
        # libosdp hands unsigned numbers on as signed ones.
        vendor, serial = (known.get(key, 0) for key in ("vendor_code", "serial_number"))
        return f"vendor {vendor & 0xFFFFFF:06x}, serial {serial & 0xFFFFFFFF:08x}"


def _ignore(_: str) -> None:
    """Tell nobody: the driver does not run."""


def _ignore_event(_event: OsdpEvent, _at_s: float) -> None:
    """Tell nobody: the driver does not run."""
