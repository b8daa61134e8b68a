"""One hour of the market in figures, and whether anything grew from one to another."""

from collections import Counter
from dataclasses import dataclass, field

from tests.sim.promises import Breach

WARM_HOURS = 6  # Until then the tables fill, and Python takes the memory that it will need.
GROWTH_MAX = 1.02

HEAD = (
    "| hour | weather | scans | opened | events | journal rows | removed | MB | processor s | "
    "objects in memory | RSS MB | at rest after s |\n|" + "---|" * 12
)


@dataclass(slots=True)
class Hour:
    """What happened in one, and how much there is of everything at its end.

    cpu_s: of this program, simulation included. blocks: how many objects Python has in memory.
    """

    number: int
    weather: str
    counts: Counter[str] = field(default_factory=Counter)
    breaches: list[Breach] = field(default_factory=list)
    cpu_s: float = 0.0
    rss: int = 0
    blocks: int = 0
    rows: int = 0
    removed: int = 0
    bytes: int = 0
    rest_s: float = 0.0


def grown_from(hours: list[Hour]) -> list[str]:
    """Say what is more in the last hour than in the same weather once everything was warm."""
    warm = [hour for hour in hours if hour.number > WARM_HOURS]
    if not warm:
        return []
    last = hours[-1]
    first = next(hour for hour in warm if hour.weather == last.weather)
    return [
        f"{name}: {before} in hour {first.number}, {after} in hour {last.number}"
        for name in ("blocks", "rss")
        if (after := getattr(last, name)) > GROWTH_MAX * (before := getattr(first, name))
    ]


def line(hour: Hour) -> str:
    """Return its row of the table, whose head is `HEAD`."""
    counts = hour.counts
    cells = (
        hour.number,
        hour.weather,
        counts["scans"],
        counts["opened"],
        counts["recorded"],
        hour.rows,
        hour.removed,
        hour.bytes >> 20,
        f"{hour.cpu_s:.0f}",
        hour.blocks,
        hour.rss >> 20,
        f"{hour.rest_s:.0f}",
    )
    return "| " + " | ".join(map(str, cells)) + " |"
