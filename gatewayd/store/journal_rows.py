"""One row of the journal and the hash chain over all rows, which outlives a lawful erasure.

    digest_n = SHA-256(salt_n | body_n)
    chain_n  = SHA-256(chain_{n-1} | digest_n | head_n)         chain_0 = 32 zero bytes

`salt` is 16 bytes of chance, `head` is `{epoch}-{seq} {class} {run} {appended_s}` in UTF-8 with
`appended_s` as `float.hex` writes it, `|` joins bytes, and n counts rows through all epochs of the
file. Whoever may erase a person's event puts its digest in the place of body and salt: the chain
still verifies, and without the salt nobody can find out by guessing what the body was. What is left
of the event for all, that somebody was counted, is a body without salt: the event that lists the
erasure answers for it.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, NamedTuple, Self, cast

SALT_SIZE = 16
CHAIN_SIZE = 32
CHAIN_START = bytes(CHAIN_SIZE)


Content = tuple[str, bytes, bytes, str, float]
"""Class, body, salt, run and appended_s of a row."""


class Row(NamedTuple):
    """A stored event, its fields in the order of the table's columns.

    position: counts through all epochs of the file, from 1.
    digest: None as long as `salt` is there, and in the place of both after an erasure; `body` is
    what is left then, None where nothing is.
    """

    position: int
    epoch: str
    seq: int
    event_class: str
    body: bytes | None
    salt: bytes | None
    digest: bytes | None
    chain: bytes
    run: str
    appended_s: float

    @classmethod
    def parse(cls, values: Sequence[object]) -> Self | None:
        """Take a row as SQLite returns it; None where damage changed the type of a column."""
        is_sound = len(values) == len(_COLUMN_TYPES) and all(map(isinstance, values, _COLUMN_TYPES))
        return cls(*cast("Sequence[Any]", values)) if is_sound else None

    @property
    def id(self) -> str:
        return f"{self.epoch}-{self.seq}"

    def linked(self, previous: bytes) -> Self:
        """Return this row with its chain, as it follows the row whose chain is `previous`."""
        return self._replace(chain=self._link(previous))

    def is_linked(self, previous: bytes) -> bool:
        """Tell whether exactly this row was appended after the one whose chain is `previous`."""
        return self.chain == self._link(previous)

    @property
    def is_erased(self) -> bool:
        return self.salt is None

    def erased(self, left: bytes | None = None) -> Self:
        """Return this row with what is left of its content, and what keeps its place."""
        return self._replace(body=left, salt=None, digest=self._content_digest())

    @classmethod
    def appended(cls, previous: bytes, end: tuple[int, str, int], content: Content) -> Self:
        """Make the row that follows one whose chain is `previous`.

        end: its position, epoch and seq. It does what `linked` does, once and without a copy: it
        stands in the way of each verdict.
        """
        position, epoch, seq = end
        event_class, body, salt, run, appended_s = content
        digest = sha256(salt + body).digest()
        head = f"{epoch}-{seq} {event_class} {run} {appended_s.hex()}"
        chain = sha256(previous + digest + head.encode()).digest()
        return cls(position, epoch, seq, event_class, body, salt, None, chain, run, appended_s)

    def _content_digest(self) -> bytes:
        if self.body is not None and self.salt is not None:
            return sha256(self.salt + self.body).digest()
        return self.digest or b""

    def _link(self, previous: bytes) -> bytes:
        head = f"{self.id} {self.event_class} {self.run} {self.appended_s.hex()}"
        return sha256(previous + self._content_digest() + head.encode()).digest()


_COLUMN_TYPES: tuple[type | tuple[type, ...], ...] = (
    int,
    str,
    int,
    str,
    (bytes, type(None)),
    (bytes, type(None)),
    (bytes, type(None)),
    bytes,
    str,
    float,
)
