"""The seams between the rules and the world: the real thing, a test or the simulator fills them."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol, TypeVar

from gatewayd.core.accounts import Account, ApiToken
from gatewayd.core.events import Draft, Event
from gatewayd.core.folded import Change
from gatewayd.core.words import ClockQuality, Json

T = TypeVar("T")


class Clock(Protocol):
    """Two times: monotonic for durations, UTC wall clock for people. Never subtract wall times."""

    def monotonic(self) -> float: ...

    def utc(self) -> datetime: ...

    def quality(self) -> ClockQuality: ...


class Chance(Protocol):
    def fraction(self) -> float:
        """Draw from [0, 1)."""
        ...

    def token(self, size: int) -> bytes:
        """Draw `size` bytes that nobody can guess."""
        ...


class Blocking(Protocol):
    """The only way to do work that blocks: threads in production, inline in the simulation."""

    async def run(self, call: Callable[[], T]) -> T: ...


# --- disk ---


class StorageError(Exception):
    """The disk refuses; nothing of the failed call is stored. The message says what to do.

    place: the file or folder, with which the message begins. reason: the message without it, for
    those who are not at this machine.
    """

    def __init__(self, reason: str, place: Path | None = None) -> None:
        super().__init__(reason if place is None else f"{place}: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Receipts:
    """Which events the centre's broker has confirmed, in the present epoch.

    upto: every seq <= upto is confirmed. beyond: confirmed seqs above it, as few (first, last)
    ranges, both ends included, rising.
    """

    upto: int
    beyond: tuple[tuple[int, int], ...] = ()


class Journal(Protocol):
    """All events in order. Calls block and are thread-safe; run them through `Blocking`."""

    @property
    def epoch(self) -> str: ...

    def commit(self, drafts: Sequence[tuple[Draft, float]]) -> list[Event]:
        """Store drafts, each with its monotonic time, in one synchronous commit, all or none.

        Raises StorageError. When it returns, a power cut loses nothing of it.
        """
        ...

    def head(self) -> int:
        """Return the last seq of the present epoch; 0 if it is empty."""
        ...

    def read(self, after: int, limit: int) -> list[Event]:
        """Return up to `limit` events of the present epoch with seq > after, rising."""
        ...

    def receipts(self) -> Receipts: ...

    def confirm(self, seqs: Sequence[int]) -> Receipts:
        """Store receipts (any order, repeats welcome); return the new state."""
        ...


class Cache(Protocol):
    """What the door decides from: tables of documents, memory first, durable in the background."""

    def get(self, table: str, key: str) -> Mapping[str, Json] | None:
        """Look one document up in microseconds; the caller does not change it."""
        ...

    def items(self, table: str) -> Iterator[tuple[str, Mapping[str, Json]]]: ...

    def size(self, table: str) -> int: ...

    def apply(self, changes: Sequence[Change], epoch: str, upto: int) -> None:
        """Change memory now. `upto` is the journal seq that is folded in with these changes."""
        ...

    def keep(self, changes: Sequence[Change]) -> None:
        """Change received tables, which no journal can rebuild, in memory now."""
        ...

    def folded(self) -> tuple[str, int]:
        """Return (epoch, seq) up to which memory has the journal folded in; ("", 0) when new."""
        ...

    def flush(self) -> None:
        """Make everything applied so far durable. Blocks; thread-safe. Raises StorageError."""
        ...

    def compact(self) -> None:
        """Do what `flush` does, and leave nothing in the files of what was dropped or replaced."""
        ...

    def clear(self) -> None:
        """Forget all rows but the received ones, and start to fold from the beginning."""
        ...


class Accounts(Protocol):
    """Who can prove who they are. What changes something blocks, and so does `is_right`."""

    @property
    def accounts(self) -> list[Account]:
        """All of them, by label."""
        ...

    def find(self, label: str) -> Account | None: ...

    def is_right(self, label: str, secret: str) -> bool:
        """Tell whether it is the secret of this account; for an unknown label it takes as long."""
        ...

    def set(self, account: Account, secret: str) -> None:
        """Give an account, a new one too, this secret; it ends a lock. Raises StorageError."""
        ...

    def remove(self, label: str) -> None:
        """Forget an account that there is. Raises StorageError."""
        ...

    def lock(self, label: str, until: datetime) -> None:
        """Note until when an account that there is takes no secret. Raises StorageError."""
        ...

    def locked_until(self, label: str) -> datetime | None: ...

    @property
    def tokens(self) -> list[ApiToken]:
        """All of them, by label."""
        ...

    def find_token(self, secret: bytes) -> ApiToken | None: ...

    def stamp(self, label: str) -> str | None:
        """Return what changes with the secret of this account or token; None: there is none."""
        ...

    def add_token(self, token: ApiToken, secret: bytes) -> None:
        """Add one with a label that is free. Raises StorageError."""
        ...

    def remove_token(self, label: str) -> None:
        """Forget a token that there is. Raises StorageError."""
        ...

    def note_use(self, label: str, day: date) -> None:
        """Remember on which day a token was shown; does not block."""
        ...

    def flush(self) -> None:
        """Make durable on which days tokens were shown. Raises StorageError."""
        ...


# --- broker ---


@dataclass(frozen=True, slots=True)
class Message:
    topic: str
    payload: bytes
    qos: int = 1
    is_retained: bool = False
    content_type: str | None = None
    expiry_s: int | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The broker's answer to a publish (PUBACK). Code 0 and 0x10 are good, 0x80 and up are not."""

    code: int = 0

    @property
    def is_refused(self) -> bool:
        return self.code >= 0x80


class BrokerError(Exception):
    """There is no connection, or it was lost before the receipt. The message says why."""


class HungUpError(BrokerError):
    """The other side ended the connection, perhaps for what was sent last."""


class BrokerLink(Protocol):
    """One connection, from CONNACK to loss; a new one is made for each."""

    @property
    def window(self) -> int:
        """How many QoS 1 publishes may be in flight (ours, capped by the broker's maximum)."""
        ...

    async def publish(self, message: Message) -> Receipt:
        """Send now, in the order of calls; return at the receipt.

        Raises BrokerError at the loss of the connection, not at a time-out; the message may have
        arrived all the same.
        """
        ...

    async def subscribe(self, topic_filter: str) -> None: ...

    def messages(self) -> AsyncIterator[Message]:
        """Yield what arrives until the connection is lost, then raise BrokerError."""
        ...


class Broker(Protocol):
    def connect(self, will: Message | None) -> AbstractAsyncContextManager[BrokerLink]:
        """Connect; raises BrokerError, at once where the broker refuses. Closing says goodbye."""
        ...
