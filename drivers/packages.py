"""The drivers that installed packages announce as entry points."""

from importlib.metadata import entry_points
from typing import TypeVar

from drivers.base import DriverError

Kind = TypeVar("Kind")


def names(group: str) -> set[str]:
    return entry_points(group=group).names


def load(group: str, name: str, expected: type[Kind]) -> Kind | None:
    """Return what an entry point leads to; None where no package has one of that name.

    Raises DriverError where it cannot be loaded, or is something else.
    """
    for point in entry_points(group=group, name=name):
        try:
            kind = point.load()
        except (ImportError, AttributeError) as error:
            raise DriverError(
                f"driver {name!r} ({point.value}) cannot be loaded: {error}; "
                "install its package again, or take it away"
            ) from error
        if not isinstance(kind, expected):
            found = f"{kind!r}, not a {expected.__name__}"
            raise DriverError(f"driver {name!r} ({point.value}) is {found}")
        return kind
    return None
