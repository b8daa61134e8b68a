"""A serial line with OSDP devices, driven by libosdp from the event loop.

libosdp does the protocol, and the secure channel that is enforced for every device.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, Never

import osdp_sys

from drivers.osdp_device import OsdpDevice, Panel
from drivers.serial_link import SerialLink
from drivers.shared_lines import SharedLines

# With this a command reaches a device within 10 ms (median); 50 ms is the most that libosdp allows.
REFRESH_S: Final = 0.005
# Bytes that libosdp does not fetch are noise: its longest packet has 1440.
UNREAD_SIZE_MAX: Final = 4096

MARK: Final = b"\xff"
"""What libosdp sends before a packet, for the line to settle."""
WRITE_FAILED: Final = -1
"""With this libosdp gives up a command at once, which it would else repeat for 8 s."""


class OsdpLine:
    """Up to 126 devices; all are placed before the first of them runs."""

    def __init__(self, link: SerialLink) -> None:
        self.port = link.port
        self.baudrate = link.baudrate
        self._link = link
        self._devices: list[OsdpDevice] = []
        self._channel = _Channel(link, self._is_away)
        self._panel: Panel | None = None
        self._keeping = asyncio.Lock()
        self._is_open = asyncio.Event()
        self._heard = b""
        self._came: list[tuple[int, Mapping[str, object]]] = []
        self._completed: list[tuple[int, int]] = []

    def place(self, address: int, key: bytes) -> OsdpDevice:
        """key: the 16 bytes that this device has too (SCBK)."""
        assert self._panel is None, "devices are placed before the line is kept"
        device = OsdpDevice(self.port, self.baudrate, address, key, self.keep)
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
        panel.set_command_completion_callback(self._complete)
        for index, device in enumerate(self._devices):
            device.join(panel, index)
        return panel

    def _is_away(self, address: int) -> bool:
        return any(device.is_away for device in self._devices if device.address == address)

    def _take(self, index: int, event: Mapping[str, object]) -> int:
        # Told later: an exception in here would end the protocol.
        self._came.append((index, event))
        return 0

    def _complete(self, index: int, _command: Mapping[str, object], status: int) -> None:
        self._completed.append((index, status))

    async def _refresh(self, panel: Panel) -> Never:
        loop = asyncio.get_running_loop()
        while True:
            await self._is_open.wait()
            panel.refresh()
            completed, self._completed = self._completed, []
            for index, status in completed:
                self._devices[index].complete(status)
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

    def _received(self, data: bytes, at_s: float) -> None:
        self._channel.unread += data
        del self._channel.unread[:-UNREAD_SIZE_MAX]
        heard = self._heard + data
        self._heard = data[-1:]
        for device in self._devices:
            device.hear(heard, at_s)

    def _lost(self, reason: str) -> None:
        self._is_open.clear()
        for device in self._devices:
            device.end(reason)


class OsdpLines:
    """The OSDP lines of a gateway by their ports."""

    def __init__(self) -> None:
        self._lines = SharedLines[OsdpLine]()

    def place(self, port: str, baudrate: int, address: int, key: bytes) -> OsdpDevice:
        """Return a place on the line of a port; raises DriverError for another baud rate."""
        return self._lines.take(port, baudrate, OsdpLine).place(address, key)


class _Channel:
    """What libosdp reads and writes; an exception in here would end the protocol."""

    def __init__(self, link: SerialLink, is_away: Callable[[int], bool]) -> None:
        """is_away: tells whether nothing may be sent to the device at an address."""
        self.id = 0
        self.unread = bytearray()
        self._link = link
        self._is_away = is_away

    def read(self, size_max: int) -> bytes:
        data = bytes(self.unread[:size_max])
        del self.unread[:size_max]
        return data

    def write(self, data: bytes) -> int:
        if self._is_away(_address(data)):
            return WRITE_FAILED
        # What a lost line does not take the far side would not have heard either.
        self._link.write(data)
        return len(data)

    def flush(self) -> None:
        self.unread.clear()


def _address(packet: bytes) -> int:
    return packet.removeprefix(MARK)[1]
