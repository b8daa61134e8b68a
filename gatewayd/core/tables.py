"""Reading the tables of a foreign document: values or, all at once, the mistakes in them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import TypeVar

T = TypeVar("T")
D = TypeVar("D")
WordT = TypeVar("WordT", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Mistake:
    """Where (key path), what was expected, and what was found."""

    path: tuple[str, ...]
    expected: str
    found: object


@dataclass(frozen=True, slots=True)
class Expected:
    """What a reader says instead of a value."""

    what: str


ReadValue = Callable[[object], T | Expected]


@dataclass(slots=True)
class Table:
    values: Mapping[str, object]
    path: tuple[str, ...] = ()
    mistakes: list[Mistake] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    tables: list["Table"] = field(default_factory=list)

    def take(self, key: str, read: ReadValue[T], default: D) -> T | D:
        self.taken.add(key)
        if key not in self.values:
            return default
        value = read(self.values[key])
        if isinstance(value, Expected):
            self.complain(key, value.what)
            return default
        return value

    def all(self, read: ReadValue[T]) -> dict[str, T]:
        found = {key: self.take(key, read, None) for key in self.values}
        return {key: value for key, value in found.items() if value is not None}

    def table(self, key: str) -> "Table":
        self.taken.add(key)
        value = self.values.get(key, {})
        if not isinstance(value, Mapping):
            self.complain(key, "a table of its own")
            value = {}
        table = Table(value, (*self.path, key), self.mistakes)
        self.tables.append(table)
        return table

    def list_of_tables(self, key: str) -> list["Table"]:
        """Return the tables of a list; the items are counted from 0 in paths, as texts."""
        self.taken.add(key)
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
            self.complain(key, f"sections [[{key}]]")
            return []
        tables = [
            Table(item, (*self.path, key, str(index)), self.mistakes)
            for index, item in enumerate(value)
        ]
        self.tables += tables
        return tables

    def complain(self, key: str, expected: str, found: object = None) -> None:
        path = (*self.path, *key.split("."))
        shown = self.values.get(key) if found is None else found
        self.mistakes.append(Mistake(path, expected, shown))

    def refuse_unknown(self) -> None:
        for key in self.values:
            if key not in self.taken:
                self.complain(key, f"one of {', '.join(sorted(self.taken))}", found=key)
        for table in self.tables:
            table.refuse_unknown()


def text(value: object) -> str | Expected:
    return value if isinstance(value, str) and value else Expected("a text")


def texts(value: object) -> tuple[str, ...] | Expected:
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return tuple(value)
    return Expected("a list of texts")


def word(words: type[WordT]) -> ReadValue[WordT]:
    def read(value: object) -> WordT | Expected:
        allowed = [str(word) for word in words]
        return words(value) if value in allowed else Expected(f"one of {', '.join(allowed)}")

    return read


def time(zone: tzinfo, *, is_end: bool = False) -> ReadValue[datetime]:
    """Read an instant, local in `zone` unless it says otherwise.

    A date alone is its first moment; with `is_end` it is the first moment after that day.
    """

    def read(value: object) -> datetime | Expected:
        try:
            return _instant(_parse_date(value) if isinstance(value, str) else value)
        except ValueError:
            return _DATE
        except OverflowError:
            return Expected("a date well between the years 1 and 9999")

    def _instant(found: object) -> datetime | Expected:
        match found:
            case datetime():
                at = found
            case date():
                day = found + timedelta(days=is_end)
                at = datetime(day.year, day.month, day.day, tzinfo=zone)
            case _:
                return _DATE
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)

    return read


def _parse_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return datetime.fromisoformat(text)


_DATE = Expected("a date or a date with time, like 2021-11-29T00:00:00+07:00")
