"""A serial line with OSDP devices, driven by libosdp from the event loop.

libosdp does the protocol, and the secure channel that is enforced for every device. To a device
that was silent, or whose key is another, it gives a try every 300 s only
(github.com/osdp-dev/libosdp/issues/197); one that is taken away and put back it tries at once.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, Never, Protocol

import osdp_sys

from drivers.base import DriverError
from drivers.osdp_events import OsdpEvent, read_event
from drivers.serial_link import SerialLink

# With this a command reaches a device within 10 ms (median); 50 ms is the most that libosdp allows.
REFRESH_S: Final = 0.005
# A secure channel takes 0.3 s where all is well.
TRY_S: Final = 2.0
# How long a device is away before it is put back.
AWAY_S: Final = 0.1
# The first try may fall into the start of the device; two that fail are an outage.
UNANSWERED_S: Final = 3.0
# Bytes that libosdp does not fetch are noise: its longest packet has 1440.
UNREAD_SIZE_MAX: Final = 4096

_START: Final = 0x53
_REPLY: Final = 0x80


class Panel(Protocol):
    """What is used here of osdp_sys.ControlPanel; devices go by their index."""

    def set_event_callback(self, callback: Callable[[int, Mapping[str, object]], int]) -> None: ...

    def refresh(self) -> None: ...

    def sc_status(self) -> int:
        """Return a bit for each device, on if its secure channel is up."""
        ...

    def disable_pd(self, index: int) -> bool: ...

    def enable_pd(self, index: int) -> bool: ...

    def get_pd_id(self, index: int) -> Mapping[str, int] | None: ...

    def check_capability(self, index: int, capability: int) -> tuple[int, int]: ...

    def submit_command(self, index: int, command: Mapping[str, object]) -> bool: ...


class OsdpLine:
    """Up to 126 devices; all are placed before the first of them runs."""

    def __init__(self, link: SerialLink) -> None:
        self.port = link.port
        self.baudrate = link.baudrate
        self._link = link
        self._channel = _Channel(link)
        self._devices: list[OsdpDevice] = []
        self._panel: Panel | None = None
        self._keeping = asyncio.Lock()
        self._is_open = asyncio.Event()
        self._came: list[tuple[int, Mapping[str, object]]] = []

    def place(self, address: int, key: bytes) -> "OsdpDevice":
        """key: the 16 bytes that this device has too (SCBK)."""
        assert self._panel is None, "devices are placed before the line is kept"
        device = OsdpDevice(self, address, key)
        self._devices.append(device)
        return device

    async def keep(self) -> Never:
        """Keep the line open until cancelled. Each device's driver does so; one is enough."""
        async with self._keeping:
            if self._panel is None:
                self._panel = self._make_panel()
            try:
                async with asyncio.TaskGroup() as tasks:
                    running = self._link.run(self._opened, self._received, self._lost)
                    tasks.create_task(running, name=f"line {self.port}")
                    tasks.create_task(self._refresh(self._panel), name=f"osdp at {self.port}")
            finally:
                self._is_open.clear()
        raise AssertionError("a line is kept until it is cancelled")

    def _make_panel(self) -> Panel:
        # It would write on the standard error, past our log.
        osdp_sys.set_loglevel(osdp_sys.LOG_EMERG)
        panel: Panel = osdp_sys.ControlPanel(
            [
                {
                    "name": f"{self.port} {device.address}",
                    "address": device.address,
                    "flags": osdp_sys.FLAG_ENFORCE_SECURE,
                    "scbk": device.key,
                    "channel": self._channel,
                }
                for device in self._devices
            ]
        )
        panel.set_event_callback(self._take)
        for index, device in enumerate(self._devices):
            device.join(panel, index)
        return panel

    def _take(self, index: int, event: Mapping[str, object]) -> int:
        # Told later: an exception in here would end the protocol.
        self._came.append((index, event))
        return 0

    async def _refresh(self, panel: Panel) -> Never:
        loop = asyncio.get_running_loop()
        while True:
            await self._is_open.wait()
            panel.refresh()
            came, self._came = self._came, []
            for index, event in came:
                self._devices[index].take(event, loop.time())
            secure = panel.sc_status()
            for index, device in enumerate(self._devices):
                device.look(loop.time(), is_secure=bool(secure >> index & 1))
            await asyncio.sleep(REFRESH_S)

    # --- the line ------------------------------------------------------------------------------

    def _opened(self) -> None:
        self._channel.unread.clear()
        for device in self._devices:
            device.begin(asyncio.get_running_loop().time())
        self._is_open.set()

    def _received(self, data: bytes, _at_s: float) -> None:
        self._channel.unread += data
        del self._channel.unread[:-UNREAD_SIZE_MAX]
        for device in self._devices:
            device.hear(data)

    def _lost(self, reason: str) -> None:
        self._is_open.clear()
        for device in self._devices:
            device.end(reason)


class OsdpDevice:
    """One device's place on a line. Its driver runs it, and is told what happens to it."""

    def __init__(self, line: OsdpLine, address: int, key: bytes) -> None:
        self.port = line.port
        self.address = address
        self.key = key
        self._line = line
        self._panel: Panel
        self._index: int
        self._is_up = False
        self._is_heard = False
        self._is_loss_told = False
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
        self._is_up = self._is_loss_told = False
        try:
            await self._line.keep()
        finally:
            self._up, self._came, self._lost = _ignore, _ignore_event, _ignore

    def can(self, capability: int) -> bool:
        """Tell whether the device says that it has a capability (osdp_sys.CAP_...)."""
        return self._is_up and self._panel.check_capability(self._index, capability)[0] > 0

    def command(self, command: Mapping[str, object]) -> bool:
        """Send a command (osdp_sys.CMD_...) as soon as it is its turn; False without a channel."""
        return self._is_up and bool(self._panel.submit_command(self._index, dict(command)))

    # --- for its line --------------------------------------------------------------------------

    def join(self, panel: Panel, index: int) -> None:
        self._panel, self._index = panel, index

    def begin(self, now_s: float) -> None:
        """Begin on a line that was just opened, with nothing of what was before."""
        self._is_up = self._is_heard = False
        self._since_s = now_s
        self._take_away(now_s)

    def hear(self, data: bytes) -> None:
        self._is_heard = self._is_heard or bytes([_START, self.address | _REPLY]) in data

    def take(self, event: Mapping[str, object], now_s: float) -> None:
        known = read_event(event)
        if known is not None and self._is_up:
            self._came(known, now_s)

    def look(self, now_s: float, *, is_secure: bool) -> None:
        """Follow the secure channel, and try again where there is none."""
        if self._back_s is not None:
            self._put_back(now_s)
        elif is_secure and not self._is_up:
            self._is_up, self._is_loss_told = True, False
            self._up(self._name())
        elif not is_secure and self._is_up:
            self._is_up = self._is_heard = False
            self._since_s = now_s - UNANSWERED_S
            self._take_away(now_s)
        elif not is_secure and now_s >= self._try_s:
            self._take_away(now_s)
        if not self._is_up and now_s - self._since_s >= UNANSWERED_S:
            self._lose(self._unanswered())

    def end(self, reason: str) -> None:
        self._is_up = False
        self._lose(reason)

    def _take_away(self, now_s: float) -> None:
        self._panel.disable_pd(self._index)
        self._back_s = now_s + AWAY_S

    def _put_back(self, now_s: float) -> None:
        if self._back_s is not None and now_s >= self._back_s:
            self._back_s = None
            self._try_s = now_s + TRY_S
            self._is_heard = False
            self._panel.enable_pd(self._index)

    def _lose(self, reason: str) -> None:
        if not self._is_loss_told:
            self._is_loss_told = True
            self._lost(reason)

    def _unanswered(self) -> str:
        name = f"the OSDP device at address {self.address} of {self.port}"
        if self._is_heard:
            return (
                f"{name} answers, but has no secure channel with this key: is it the one in "
                "scbk_file? (in install mode it takes a new one)"
            )
        return (
            f"{name} does not answer: is it powered, are A and B the right way round, and are its "
            f"address and speed ({self._line.baudrate} baud) those of the settings?"
        )

    def _name(self) -> str:
        known = self._panel.get_pd_id(self._index) or {}
        # libosdp hands unsigned numbers on as signed ones.
        vendor, serial = (known.get(key, 0) for key in ("vendor_code", "serial_number"))
        return f"vendor {vendor & 0xFFFFFF:06x}, serial {serial & 0xFFFFFFFF:08x}"


class OsdpLines:
    """The OSDP lines of a gateway by their ports, so that the devices on one port share it."""

    def __init__(self) -> None:
        self._lines: dict[str, OsdpLine] = {}

    def place(self, port: str, baudrate: int, address: int, key: bytes) -> OsdpDevice:
        """Return a place on the line of a port; raises DriverError for another baud rate."""
        line = self._lines.setdefault(port, OsdpLine(SerialLink(port, baudrate)))
        if line.baudrate != baudrate:
            raise DriverError(
                f"{port} is used at {line.baudrate} and at {baudrate} baud: the devices on one "
                "line must be set to the same baud rate"
            )
        return line.place(address, key)


class _Channel:
    """What libosdp reads and writes; an exception in here would end the protocol."""

    def __init__(self, link: SerialLink) -> None:
        self.id = 0
        self.unread = bytearray()
        self._link = link

    def read(self, size_max: int) -> bytes:
        data = bytes(self.unread[:size_max])
        del self.unread[:size_max]
        return data

    def write(self, data: bytes) -> int:
        # What a lost line does not take the far side would not have heard either.
        self._link.write(data)
        return len(data)

    def flush(self) -> None:
        self.unread.clear()


def _ignore(_: str) -> None:
    """Tell nobody: the driver does not run."""


def _ignore_event(_event: OsdpEvent, _at_s: float) -> None:
    """Tell nobody: the driver does not run."""
