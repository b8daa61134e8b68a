"""How many pages may be open: each costs the box a connection, and what is told to all of them."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

PAGES_MAX = 200  # A big gate has ten desks and ten screens; beyond this something opens them.
PAGES_OF_ONE_MAX = 40  # Of an account: of a desk that several share, with pages left open.
PAGES_FROM_ONE_MAX = 80  # Of an address: of all that stand behind one proxy.


class Full(StrEnum):
    """Why there is no room for one more page."""

    ALL = "pages_full"
    ACCOUNT = "pages_of_account"
    ADDRESS = "pages_of_address"


class Seats:
    """One for each daemon."""

    def __init__(self) -> None:
        self._taken = 0
        self._by_label: Counter[str] = Counter()
        self._by_address: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._taken

    def refusal(self, label: str, address: str) -> Full | None:
        """Return why one more page of that account from there cannot be opened."""
        if self._taken >= PAGES_MAX:
            return Full.ALL
        if self._by_label[label] >= PAGES_OF_ONE_MAX:
            return Full.ACCOUNT
        return Full.ADDRESS if self._by_address[address] >= PAGES_FROM_ONE_MAX else None

    @contextmanager
    def taken(self, label: str, address: str) -> Iterator[None]:
        """Hold a seat as long as the page is open."""
        self._change(label, address, 1)
        try:
            yield
        finally:
            self._change(label, address, -1)

    def _change(self, label: str, address: str, by: int) -> None:
        self._taken += by
        for counter, key in ((self._by_label, label), (self._by_address, address)):
            counter[key] += by
            if not counter[key]:
                del counter[key]
