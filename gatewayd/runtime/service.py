"""Speaks to the service manager (systemd): ready, status, stopping, a pulse for its watchdog.

The protocol is sd_notify(3): datagrams of `NAME=value` lines to the socket in NOTIFY_SOCKET.
"""

import asyncio
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Never

STATUS_S = 5.0


class Service:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        watchdog_us = environment.get("WATCHDOG_USEC", "")
        self._watchdog_s = int(watchdog_us) / 1e6 if watchdog_us.isdigit() else None

    def tell(self, **words: str) -> None:
        """Send what changed; without a supervisor, or when it does not listen, nothing happens."""
        if not self._address:
            return
        # A leading @ stands for the NUL of the abstract namespace.
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        message = "\n".join(f"{name}={value}" for name, value in words.items())
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.settimeout(0)
            with suppress(OSError):
                sender.sendto(message.encode(), address)

    async def run(self, status: Callable[[], str]) -> Never:
        """Tell the pulse at half the watchdog's period, as sd_watchdog_enabled(3) advises."""
        period_s = STATUS_S if self._watchdog_s is None else min(STATUS_S, self._watchdog_s / 2)
        while True:
            self.tell(WATCHDOG="1", STATUS=status())
            await asyncio.sleep(period_s)
