"""Speaks to the service manager (systemd): ready, status, stopping, a pulse for its watchdog.

The protocol is sd_notify(3): datagrams of `NAME=value` lines to the socket in NOTIFY_SOCKET.
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Never

log = logging.getLogger(__name__)

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

    async def run(self, status: Callable[[], str], is_moving: Callable[[], bool]) -> Never:
        """Tell the pulse at half the watchdog's period, as sd_watchdog_enabled(3) advises.

        Only while `is_moving` says so (that the event loop turns shows by itself): without a pulse
        for its whole period systemd ends this process and starts another.
        """
        period_s = STATUS_S if self._watchdog_s is None else min(STATUS_S, self._watchdog_s / 2)
        was_moving = True
        while True:
            if is_moving():
                self.tell(WATCHDOG="1", STATUS=status())
                was_moving = True
            elif was_moving:
                log.error("commit_stuck", extra={"fields": {"what_to_do": _LOOK}})
                self.tell(STATUS="a record has been on its way to the disk for too long")
                was_moving = False
            await asyncio.sleep(period_s)


_LOOK = "the disk does not answer (see dmesg); without a pulse systemd starts gatewayd again"
