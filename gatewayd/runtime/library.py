"""What the gate knows, replaced whole: one change at a time, made off the event loop."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from gatewayd.core.documents import Document, Office
from gatewayd.core.received import Received
from gatewayd.ports import Blocking
from gatewayd.runtime.asked import Knowledge
from gatewayd.runtime.gate import Gate

T = TypeVar("T")

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


@dataclass(slots=True)
class Library:
    """stock: what the knowledge of the gate was made of. told: called when that is another."""

    gate: Gate
    blocking: Blocking
    stock: Stock
    told: list[Callable[[], None]] = field(default_factory=list)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def documents(self) -> tuple[Document, ...]:
        """Return those of the centre that are in force."""
        received = self.stock.received.documents
        return tuple(received[slot] for slot in sorted(received))

    async def renew(self, make: Callable[[Stock], Edition | T]) -> Edition | T:
        """Put what `make` returns in force, if it is an edition; return it either way.

        make: called in a thread, with the stock of now; whatever must be durable first, it stores.
        """
        async with self._lock:
            made = await self.blocking.run(lambda: make(self.stock))
            if isinstance(made, Edition):
                self.stock = made.stock
                self.gate.knowledge = made.knowledge
                for tell in self.told:
                    tell()
            return made
