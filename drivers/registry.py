"""The drivers by name: which there are, which settings they take, and how to build one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, Generic, TypeVar

from drivers.base import DriverError, Messages, Reader, Turnstile
from drivers.framers import Aim, Terminator
from drivers.keys import Key, UnfitError, choice, text, whole
from drivers.psk import PSK_FILE
from drivers.readers.line import LineReader
from drivers.serial_link import SerialLink
from drivers.turnstiles.gatelink import GatelinkTurnstile
from firmware_protocol.controller import UNLOCK_MS_MAX

Device = TypeVar("Device")

Values = Mapping[str, Any]
"""What `complete` makes of a settings table: each key of the kind, with the type it parses to."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a driver needs from the gateway around it.

    host_id: the gateway's name towards controllers, 1..32 printable ASCII characters.
    token: draws so many bytes that nobody can guess.
    messages: the device broker; None where the settings name none.
    """

    host_id: str
    token: Callable[[int], bytes]
    messages: Messages | None = None


@dataclass(frozen=True, slots=True)
class DriverKind(Generic[Device]):
    """needs_messages: it is built only in surroundings that have `messages`."""

    name: str
    keys: tuple[Key, ...]
    build: Callable[[Values, Surroundings], Device]
    needs_messages: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake in a settings table; `path` leads to its key from there."""

    path: tuple[str, ...]
    expected: str
    found: str
    hint: str = ""


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
    return problems


def complete(kind: DriverKind[Any], table: Mapping[str, object]) -> Values:
    """Return a value for every key; raises UnfitError where `check` finds a mistake."""
    assert all(key.name in table or key.default is not None for key in kind.keys), "checked before"
    return {
        key.name: key.parse(table[key.name]) if key.name in table else key.default
        for key in kind.keys
    }


class Kinds(Mapping[str, DriverKind[Device]]):
    """Our own drivers, and those that installed packages announce as entry points of a group.

    An entry point names a DriverKind, is loaded when its name is looked up, and cannot take over a
    name of ours. The look-up raises DriverError where it cannot be loaded.
    """

    def __init__(self, group: str, own: Sequence[DriverKind[Device]]) -> None:
        self._group = group
        self._own = {kind.name: kind for kind in own}

    def __getitem__(self, name: str) -> DriverKind[Device]:
        if name in self._own:
            return self._own[name]
        for point in entry_points(group=self._group, name=name):
            return _load(point)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._own, *entry_points(group=self._group).names]))

    def __len__(self) -> int:
        return len(list(iter(self)))


def _load(point: EntryPoint) -> DriverKind[Any]:
    try:
        kind = point.load()
    except (ImportError, AttributeError) as error:
        raise DriverError(
            f"driver {point.name!r} ({point.value}) cannot be loaded: {error}; "
            "install its package again, or take it away"
        ) from error
    if not isinstance(kind, DriverKind):
        raise DriverError(f"driver {point.name!r} ({point.value}) is {kind!r}, not a DriverKind")
    return kind


def _nearest(name: str, names: Sequence[str]) -> str:
    return "".join(f"do you mean {found}?" for found in get_close_matches(name, names, n=1))


# --- the keys that several drivers take ---

PORT: Final = text(
    "port",
    "the serial line of the device; its by-path name stays the same when devices are swapped",
    "the name of a serial port, such as /dev/serial/by-path/...",
)
BAUDRATE: Final = whole(
    "baudrate", "bits per second, as set in the device; USB ports ignore it", 300, 4_000_000, 115200
)
UNLOCK_MS: Final = whole(
    "unlock_ms", "how long the turnstile waits for the person", 100, UNLOCK_MS_MAX, 5000
)


# --- our own drivers ---


def _build_line(values: Values, _: Surroundings) -> Reader:
    return LineReader(
        SerialLink(values["port"], values["baudrate"]),
        terminator=values["terminator"],
        aim=values["aim"],
        idle_ms=values["idle_ms"],
        repeat_ms=values["repeat_ms"],
    )


LINE: Final[DriverKind[Reader]] = DriverKind(
    "line",
    (
        PORT,
        BAUDRATE,
        choice("terminator", "what the reader sends after a code", Terminator.AUTO),
        choice("aim", "what becomes of the AIM id before a code (]Q1)", Aim.STRIP),
        whole("idle_ms", "a longer silence ends a code that has no terminator", 0, 10_000, 0),
        whole("repeat_ms", "the same code again within this time is noise", 0, 60_000, 2000),
    ),
    _build_line,
)


def _build_gatelink(values: Values, around: Surroundings) -> Turnstile:
    return GatelinkTurnstile(
        SerialLink(values["port"], values["baudrate"]),
        values["psk_file"],
        host_id=around.host_id,
        token=around.token,
    )


GATELINK: Final[DriverKind[Turnstile]] = DriverKind(
    "gatelink", (PORT, BAUDRATE, PSK_FILE, UNLOCK_MS), _build_gatelink
)

READERS: Final = Kinds[Reader]("gatewayd.readers", [LINE])
TURNSTILES: Final = Kinds[Turnstile]("gatewayd.turnstiles", [GATELINK])
