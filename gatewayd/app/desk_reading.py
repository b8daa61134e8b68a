"""Reads the records for the pages: in slices, one reader at a time, beside a gate that works."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import TypeVar

from gatewayd.core.events import Draft, load_draft
from gatewayd.ports import Blocking, StorageError
from gatewayd.runtime.requests import RequestError
from gatewayd.store import journal_file
from gatewayd.store.journal_file import DATABASE_NAME
from gatewayd.store.journal_rows import Row
from gatewayd.store.refusals import refusals_named

T = TypeVar("T")

SLICE_ROWS = 200  # Some 10 ms of one of the four threads; the others commit meanwhile.
PAUSE_S = 0.01  # Between slices: half of the time the interpreter is all the gate's.
WAITING_MAX = 8  # Readers; each may take seconds over the records of three weeks.


class Reading:
    """One for each daemon: all pages together hold one thread at most."""

    def __init__(self, directory: Path, blocking: Blocking) -> None:
        self.directory = directory
        self._blocking = blocking
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def run(self, call: Callable[[], T]) -> T:
        """Do something else that blocks, not for long. Raises RequestError."""
        async with self._asked():
            return await self._in_turn(call)

    async def fold(self, fold: Callable[[Row], object], after: int = 0) -> int:
        """Hand the rows behind a position to `fold`, in a thread; return the last position.

        Raises RequestError where others are in front, or the disk refuses.
        """
        async with self._asked():
            while True:
                last = await self._in_turn(partial(_slice, self.directory, after, fold))
                if last is None:
                    return after
                after = last
                await asyncio.sleep(PAUSE_S)

    async def _in_turn(self, call: Callable[[], T]) -> T:
        """Take a thread for one slice: who asks for little waits for one slice of another's."""
        async with self._turn:
            return await self._blocking.run(call)

    @asynccontextmanager
    async def _asked(self) -> AsyncIterator[None]:
        if self._waiting >= WAITING_MAX:
            raise RequestError("others are reading the records just now: try again in a moment")
        self._waiting += 1
        try:
            yield
        except StorageError as error:
            raise RequestError(str(error)) from error
        finally:
            self._waiting -= 1


def drafts(
    fold: Callable[[Draft], object], is_wanted: Callable[[bytes], bool] = lambda _: True
) -> Callable[[Row], None]:
    """Return what folds what rows say; erased ones are left out, and unwanted bodies."""

    def folded(row: Row) -> None:
        if row.body is not None and is_wanted(row.body):
            fold(load_draft(row.body))

    return folded


def _slice(directory: Path, after: int, fold: Callable[[Row], object]) -> int | None:
    """Fold some rows; return the position of the last, None where there was none."""
    path = directory / DATABASE_NAME
    with refusals_named(path), closing(journal_file.open_reader(path)) as reader:
        rows = journal_file.read_rows(reader, after, SLICE_ROWS)
    for row in rows.values():
        if row is not None:
            fold(row)
    return max(rows, default=None)
