"""Charts on a page: bars by the hour, and a curve over a day, each in a frame with an axis."""

from collections.abc import Sequence
from dataclasses import dataclass

from gatewayd.app.pdf import Page, width

HOURS = 24
DARK, MIDDLE, LIGHT = 0.25, 0.5, 0.72  # Greys that stay apart on a cheap printer.

_AXIS = 28.0  # Room for the numbers on the left.
_SMALL = 7.0
_TICKS_MAX = 5


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a chart is on its page: its lower left corner and its size, numbers included."""

    left: float
    bottom: float
    width: float
    height: float

    def x(self, hour: float) -> float:
        """Return where an hour of the day is."""
        return self.left + _AXIS + (self.width - _AXIS) * hour / HOURS

    def y(self, value: float, most: int) -> float:
        return self.bottom + 12 + (self.height - 12) * value / most


def draw_bars(page: Page, frame: Frame, series: Sequence[Sequence[int]]) -> None:
    """Draw a bar for each hour and series, side by side, the first one dark."""
    most = _draw_axes(page, frame, max(map(max, series)))
    room = (frame.x(1) - frame.x(0)) * 0.8 / len(series)
    for number, values in enumerate(series):
        for hour, value in enumerate(values):
            left = frame.x(hour + 0.1) + number * room
            height = frame.y(value, most) - frame.y(0, most)
            if value:
                page.bar((left, frame.y(0, most)), room, height, (DARK, LIGHT)[number])


def draw_curve(
    page: Page, frame: Frame, steps: Sequence[tuple[float, int]], limit: int | None
) -> None:
    """Draw a number that holds from each hour on, up to the last one, and its limit above it."""
    highest = max(value for _, value in steps)
    # One more, so that the limit is not the upper end.
    most = _draw_axes(page, frame, max(highest, 0 if limit is None else limit + 1))
    if limit is not None:
        y = frame.y(limit, most)
        page.bar((frame.x(0), y - 0.75), frame.x(HOURS) - frame.x(0), 1.5, MIDDLE)
    points: list[tuple[float, float]] = []
    for hour, value in steps:
        if points:
            points.append((frame.x(hour), points[-1][1]))
        points.append((frame.x(hour), frame.y(value, most)))
    page.line(points, 1.2)


def _draw_axes(page: Page, frame: Frame, highest: int) -> int:
    """Draw hours and numbers; return the number at the upper end."""
    step = _tick_step(highest)
    most = max(step, -(-highest // step) * step)
    for value in range(0, most + 1, step):
        y, words = frame.y(value, most), str(value)
        page.frame((frame.x(0), y), frame.x(HOURS) - frame.x(0), 0)
        page.text((frame.x(0) - 4 - width(words, _SMALL), y - 2.5), words, _SMALL)
    for hour in range(0, HOURS + 1, 2):
        words = f"{hour:02}"
        page.text((frame.x(hour) - width(words, _SMALL) / 2, frame.bottom), words, _SMALL)
    return most


def _tick_step(highest: int) -> int:
    """Return 1, 2 or 5 times a power of ten, so that a few lines reach the highest number."""
    power = 1
    while True:
        for digit in (1, 2, 5):
            if digit * power * _TICKS_MAX >= highest:
                return digit * power
        power *= 10
