"""The timers that a machine has its shell start: each calls back once, unless all are stopped."""

import asyncio
from collections.abc import Callable


class Timers:
    def __init__(self) -> None:
        self._running: set[asyncio.TimerHandle] = set()

    def start(self, after_ms: int, due: Callable[[], None]) -> None:
        def call() -> None:
            self._running.discard(handle)
            due()

        handle = asyncio.get_running_loop().call_later(after_ms / 1000, call)
        self._running.add(handle)

    def stop(self) -> None:
        for handle in self._running:
            handle.cancel()
