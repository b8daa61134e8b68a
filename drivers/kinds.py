"""What a driver is to whoever writes settings: a name, the keys it takes, a way to build it.

A package with a driver of its own makes a DriverKind and announces it as an entry point.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import import_module
from typing import Any, Generic, TypeVar

from drivers.base import Messages
from drivers.bus import Buses
from drivers.keys import Key, UnfitError
from drivers.osdp_line import OsdpLines
from drivers.polled_line import PolledLines

Device = TypeVar("Device")

Values = Mapping[str, Any]
"""What `complete` makes of a settings table: each key of the kind, with the type it parses to."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a driver needs from the gateway around it.

    host_id: the gateway's name towards controllers, 1..32 printable ASCII characters.
    token: draws so many bytes that nobody can guess.
    messages: the device broker; None where the settings name none.
    buses: the lines that several controllers share. lines: those of boards that only answer.
    osdp_lines: those of OSDP devices.
    """

    host_id: str
    token: Callable[[int], bytes]
    messages: Messages | None = None
    buses: Buses = field(default_factory=Buses)
    lines: PolledLines = field(default_factory=PolledLines)
    osdp_lines: OsdpLines = field(default_factory=OsdpLines)


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake in a settings table; `path` leads to its key from there."""

    path: tuple[str, ...]
    expected: str
    found: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class DriverKind(Generic[Device]):
    """needs_messages: it is built only in surroundings that have `messages`.

    tells_inputs: a turnstile that reports its inputs for contacts (base.InputsSeen).

    across: finds the mistakes that show only between keys which are good by themselves.
    """

    name: str
    keys: tuple[Key, ...]
    build: Callable[[Values, Surroundings], Device]
    needs_messages: bool = False
    tells_inputs: bool = False
    across: Callable[[Values], Sequence[Problem]] = lambda _values: ()


def check(kind: DriverKind[Any], table: Mapping[str, object]) -> list[Problem]:
    """Return every mistake of a settings table, its key `driver` left out; reads key files."""
    names = [key.name for key in kind.keys]
    problems = [
        Problem((name,), f"one of {', '.join(names)}", "an unknown key", _nearest(name, names))
        for name in table
        if name not in names
    ]
    for key in kind.keys:
        if key.name in table:
            try:
                key.parse(table[key.name])
            except UnfitError as unfit:
                problems.append(Problem((key.name,), key.expected, unfit.found, unfit.hint))
        elif key.default is None:
            problems.append(Problem((key.name,), key.expected, "nothing", key.meaning))
    return problems or list(kind.across(complete(kind, table)))


def complete(kind: DriverKind[Any], table: Mapping[str, object]) -> Values:
    """Return a value for every key; raises UnfitError where `check` finds a mistake."""
    assert all(key.name in table or key.default is not None for key in kind.keys), "checked before"
    return {
        key.name: key.parse(table[key.name]) if key.name in table else key.default
        for key in kind.keys
    }


class Kinds(Mapping[str, DriverKind[Device]]):
    """Our own drivers, and those that installed packages announce as entry points of a group.

    own: where each DriverKind is, as `module:name`. Either is imported when its name is looked up:
    a gate needs two of them. An entry point cannot take over a name of ours. The look-up raises
    DriverError where it cannot be loaded.
    """

    def __init__(self, group: str, own: Mapping[str, str]) -> None:
        self._group = group
        self._own = own

    def __getitem__(self, name: str) -> DriverKind[Device]:
        if name in self._own:
            module, _, attribute = self._own[name].partition(":")
            kind = getattr(import_module(module), attribute)
            assert isinstance(kind, DriverKind), "a test looks all of them up"
            return kind
        from drivers import packages  # noqa: PLC0415, what it needs to look takes 5 % of a start

        found: DriverKind[Device] | None = packages.load(self._group, name, DriverKind)
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        from drivers import packages  # noqa: PLC0415, as above

        return iter(dict.fromkeys([*self._own, *packages.names(self._group)]))

    def __len__(self) -> int:
        return len(list(iter(self)))


def _nearest(name: str, names: Sequence[str]) -> str:
    return "".join(f"do you mean {found}?" for found in get_close_matches(name, names, n=1))
