"""Tells a lane what happened in order, even if being told makes it send the next command."""

from collections import deque
from collections.abc import Callable, Iterable

from drivers.base import GateReport


class Telling:
    """Keeps reports until somebody listens; a report made while one is told comes after it."""

    def __init__(self) -> None:
        self._untold: deque[GateReport] = deque()
        self._report: Callable[[GateReport], None] | None = None
        self._is_telling = False

    @property
    def is_heard(self) -> bool:
        return self._report is not None

    def start(self, report: Callable[[GateReport], None]) -> None:
        self._report = report
        self.tell([])

    def stop(self) -> None:
        self._report = None

    def tell(self, reports: Iterable[GateReport]) -> None:
        self._untold += reports
        if self._is_telling or self._report is None:
            return
        self._is_telling = True
        try:
            while self._untold:
                self._report(self._untold.popleft())
        finally:
            self._is_telling = False
