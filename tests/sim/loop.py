"""An asyncio event loop whose clock jumps to the next timer: hours in milliseconds, no file descriptors.

No virtual clock can be mixed with real I/O, so a loop that has nothing left to wait for is a
deadlock, and any use of threads escapes the simulation: both raise at once. Tasks hash by their
birth number, because asyncio cancels and waits for them in the order of sets.
"""

import asyncio
import selectors
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")


class Deadlock(BaseException):
    """Every task waits for something that nothing left in the loop can bring."""


class Escaped(BaseException):
    """Something tried to leave virtual time: a thread, or a callback from one."""


class SimLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        _BornTask.born = 0
        self._selector_of_time = _NoWaitSelector()
        super().__init__(self._selector_of_time)
        self.set_task_factory(lambda loop, coro, **kwargs: _BornTask(coro, loop=loop, **kwargs))

    def time(self) -> float:
        return self._selector_of_time.now_s

    def call_soon_threadsafe(
        self, callback: Callable[..., object], *args: Any, **kwargs: Any
    ) -> NoReturn:
        raise Escaped(f"call_soon_threadsafe({callback!r})")

    def run_in_executor(self, executor: Any, func: Callable[..., object], *args: Any) -> NoReturn:
        raise Escaped(f"run_in_executor({func!r})")


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` to its end in virtual time; leftover tasks are cancelled, as `asyncio.run` does."""
    with _no_threads(), asyncio.Runner(loop_factory=SimLoop) as runner:
        return runner.run(main)


@contextmanager
def _no_threads() -> Iterator[None]:
    """Have every thread that somebody starts meanwhile raise Escaped."""

    def start(thread: threading.Thread) -> NoReturn:
        raise Escaped(f"{thread!r} was started")

    started = threading.Thread.start
    threading.Thread.start = start  # type: ignore[method-assign]
    try:
        yield
    finally:
        threading.Thread.start = started  # type: ignore[method-assign]


class _NoWaitSelector(selectors.SelectSelector):
    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise Deadlock
        self.now_s += max(timeout, 0.0)
        return []


class _BornTask(asyncio.Task[Any]):
    born = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _BornTask.born += 1
        self._birth = _BornTask.born
        super().__init__(*args, **kwargs)

    def __hash__(self) -> int:
        return self._birth

    def __eq__(self, other: object) -> bool:
        return self is other


def in_virtual_time(scenario: Callable[..., Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Make a test of a scenario without arguments."""

    def test() -> None:
        run(scenario())

    test.__name__ = scenario.__name__
    return test
