"""A line between several ttys, as RS-485: what one of them sends, all others hear."""

import contextlib
import os
import selectors
import threading
import tty
from pathlib import Path
from typing import Self


class PtyBus:
    """The ttys `ports` (paths); a thread carries the bytes. Nothing keeps two from speaking at once."""

    def __init__(self, directory: Path, count: int) -> None:
        self.ports = [directory / f"bus-{number}" for number in range(count)]
        self.turns: list[Path] = []
        """Who spoke, each time that it was another one than before."""
        self._fds: list[int] = []

    def __enter__(self) -> Self:
        masters = {self._make(port): port for port in self.ports}
        stop, self._stop = os.pipe()
        self._fds.append(stop)
        self._thread = threading.Thread(target=self._carry, args=(masters, stop))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._stop)
        self._thread.join()
        for port in self.ports:
            port.unlink()
        for fd in self._fds:
            os.close(fd)

    def _make(self, port: Path) -> int:
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        port.symlink_to(os.ttyname(slave))
        # The slave stays open here, so that the master does not hang up when a program leaves.
        self._fds += [master, slave]
        return master

    def _carry(self, masters: dict[int, Path], stop: int) -> None:
        with selectors.DefaultSelector() as ready:
            for fd in (*masters, stop):
                ready.register(fd, selectors.EVENT_READ)
            while True:
                for key, _ in ready.select():
                    if key.fd == stop:
                        return
                    self._pass_on(masters, key.fd)

    def _pass_on(self, masters: dict[int, Path], speaker: int) -> None:
        data = os.read(speaker, 4096)
        if self.turns[-1:] != [masters[speaker]]:
            self.turns.append(masters[speaker])
        for listener in masters:
            if listener != speaker:
                with contextlib.suppress(BlockingIOError):
                    os.write(listener, data)
