"""What the gate knows, replaced whole: one change at a time, made off the event loop."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Never, TypeVar

from gatewayd.core.documents import Document, Office
from gatewayd.core.received import Received
from gatewayd.ports import Blocking
from gatewayd.runtime.asked import Knowledge
from gatewayd.runtime.gate import Gate

T = TypeVar("T")

WAITING_MAX = 16  # Documents come one after the other; a slow disk and a line that flaps add some.

Know = Callable[[Received], Knowledge | Sequence[str]]
"""Puts together what stands at the site and what the centre sent; sentences where it cannot be."""


@dataclass(frozen=True, slots=True)
class Stock:
    """What all knowledge is made of at one moment."""

    office: Office
    know: Know
    received: Received


@dataclass(frozen=True, slots=True)
class Edition:
    """A stock, and the knowledge that was made of it."""

    stock: Stock
    knowledge: Knowledge


@dataclass(frozen=True, slots=True)
class _Renewal:
    carry_out: Callable[[], Awaitable[None]]
    is_over: asyncio.Future[None]


@dataclass(slots=True)
class Library:
    """stock: what the knowledge of the gate was made of. told: called when that is another.

    `run` makes the changes: one that has begun ends, whoever waits for it.
    """

    gate: Gate
    blocking: Blocking
    stock: Stock
    told: list[Callable[[], None]] = field(default_factory=list)
    _asked: asyncio.Queue[_Renewal] = field(default_factory=lambda: asyncio.Queue(WAITING_MAX))

    def documents(self) -> tuple[Document, ...]:
        """Return those of the centre that are in force."""
        received = self.stock.received.documents
        return tuple(received[slot] for slot in sorted(received))

    async def renew(
        self, make: Callable[[Stock], Edition | T], then: Callable[[Edition | T], None]
    ) -> None:
        """Put what `make` returns in force, if it is an edition; return when that is over.

        make: called in a thread, with the stock of now; whatever must be durable first, it stores.
        then: called with what it returned, also where whoever asked has gone since: what is on
        disk is in force, recorded and answered.
        """

        async def carry_out() -> None:
            made = await self.blocking.run(lambda: make(self.stock))
            if isinstance(made, Edition):
                self._put_in_force(made)
            then(made)

        is_over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        await self._asked.put(_Renewal(carry_out, is_over))
        await is_over

    async def run(self) -> Never:
        """Make one change after the other, until cancelled."""
        while True:
            renewal = await self._asked.get()
            if renewal.is_over.done():
                continue  # Whoever asked has gone, and nothing has begun.
            try:
                await renewal.carry_out()
            except Exception as error:
                if not renewal.is_over.done():
                    renewal.is_over.set_exception(error)
                raise
            if not renewal.is_over.done():
                renewal.is_over.set_result(None)

    def _put_in_force(self, edition: Edition) -> None:
        self.stock = edition.stock
        self.gate.knowledge = edition.knowledge
        for tell in self.told:
            tell()
