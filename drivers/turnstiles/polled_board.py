"""What a turnstile's board must do to be served by `PolledTurnstile`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Never, Protocol

from drivers.base import Capabilities, Direction, Mode


@dataclass(frozen=True, slots=True)
class Seen:
    """What one reading of a board tells.

    passages: how many went through since the last reading. is_gap: others may have gone unseen.
    is_fire: the fire input is on. is_free: everybody may pass, for another reason.
    fault: why it cannot open, "" if it can. notes: anything else for the journal.
    is_open: whether it still waits for a person in a direction; without the key it does not tell.
    passing: the directions in which somebody is in it, as far as it tells.
    """

    passages: Mapping[Direction, int] = field(default_factory=dict)
    is_gap: bool = False
    is_fire: bool = False
    is_free: bool = False
    fault: str = ""
    notes: tuple[str, ...] = ()
    is_open: Mapping[Direction, bool] = field(default_factory=dict)
    passing: frozenset[Direction] = frozenset()


class Line(Protocol):
    """What a board is reached by."""

    @property
    def port(self) -> str: ...

    async def keep(self) -> Never:
        """Keep it open until cancelled."""
        ...

    async def tried(self) -> None:
        """Return when it is known whether the board can be reached."""
        ...

    async def opened(self) -> None:
        """Return when the board can be asked."""
        ...


class Board(Protocol):
    """One board on a line. Each method raises the errors of PolledLine, and RefusedError.

    Nothing here repeats a command by itself, and no command blocks the exit.
    """

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def poll_s(self) -> float:
        """From one reading to the next."""
        ...

    @property
    def sees(self) -> frozenset[Direction]:
        """The directions in which it tells passages."""
        ...

    @property
    def can_close(self) -> bool:
        """An entry that nobody used can be taken back."""
        ...

    def ready_s(self, direction: Direction) -> float:
        """Return the loop time from which on it takes the next open."""
        ...

    async def start(self) -> Seen:
        """Get it ready after a (re)connect; in fire only read it."""
        ...

    async def read(self) -> Seen: ...

    async def open(self, direction: Direction, before_s: float) -> Seen | None:
        """Let one person through, for a time that the board keeps itself; sent once.

        A board that counts returns what it has counted by now: who passed before the open, or also
        on it where the board says that it waits for nobody any more.
        """
        ...

    async def close_entry(self) -> None:
        """Take back an entry; who is in the turnstile already may still come through."""
        ...

    async def set_mode(self, mode: Mode) -> None: ...
