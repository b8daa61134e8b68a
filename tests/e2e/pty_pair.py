"""A cable between two ttys that a test can pull out and put back."""

import contextlib
import os
import selectors
import termios
import threading
import tty
from pathlib import Path
from typing import Self


class PtyPair:
    """Two ttys, `left` and `right` (paths that stay the same); what enters one leaves the other.

    A thread carries the bytes, so it works beside any loop and with programs of their own.
    Like a UART without flow control it drops what the far side does not take.
    """

    def __init__(self, directory: Path) -> None:
        self.left = directory / "left"
        self.right = directory / "right"
        self._fds: list[int] = []
        self._thread: threading.Thread | None = None
        self.speed: int | None = None
        """What enters `left` at another speed (termios.B...) is lost; None takes all."""

    def __enter__(self) -> Self:
        self.plug()
        return self

    def __exit__(self, *_: object) -> None:
        self.unplug()

    def plug(self) -> None:
        assert self._thread is None, "the cable is in"
        left, right = self._make(self.left), self._make(self.right)
        self._left = left
        stop, self._stop = os.pipe()
        self._fds += [stop]
        self._ready = selectors.DefaultSelector()
        self._ready.register(left, selectors.EVENT_READ, right)
        self._ready.register(right, selectors.EVENT_READ, left)
        self._ready.register(stop, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._carry, args=(self._ready, stop))
        self._thread.start()

    def unplug(self) -> None:
        """Hang up both sides and take the paths away, as pulling a USB adapter does."""
        if self._thread is None:
            return
        os.close(self._stop)
        self._thread.join()
        self._thread = None
        self._ready.close()
        for path in (self.left, self.right):
            path.unlink()
        for fd in self._fds:
            os.close(fd)
        self._fds.clear()

    def disturb(self, noise: bytes) -> None:
        """Have bytes arrive at `left` that `right` never sent."""
        os.write(self._left, noise)

    def _make(self, path: Path) -> int:
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        path.symlink_to(os.ttyname(slave))
        # The slave stays open here, so that the master does not hang up when a program leaves.
        self._fds += [master, slave]
        return master

    def _carry(self, ready: selectors.BaseSelector, stop: int) -> None:
        while True:
            for key, _ in ready.select():
                if key.fd == stop:
                    return
                data = os.read(key.fd, 4096)
                if self.speed in (None, termios.tcgetattr(self._left)[_OSPEED]):
                    with contextlib.suppress(BlockingIOError):
                        os.write(key.data, data)


_OSPEED = 5  # Where termios.tcgetattr has the speed; at either end of a pty it is the same.
