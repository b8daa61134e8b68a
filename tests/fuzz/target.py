"""What a fuzz target is: a function of bytes that holds a decoder to its word."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.fuzz.nasty import mutate_bytes

CPU_S_MAX: Final = 2.0
"""For one input. The slowest promised thing takes some milliseconds; the tracing of coverage makes
it ten times slower, and a busy machine twice."""

Mutate = Callable[[bytes, Random], bytes]


@dataclass(frozen=True, slots=True)
class Target:
    """check: raises for an input only if the decoder broke a promise.

    eats: what a stranger sends here, for the table of docs/reliability.md. seeds: small valid
    examples, made by our own encoders. mutate: changes that keep the outer form, so that more than
    the first check is reached. is_slow: an input takes about a millisecond or more.
    """

    name: str
    eats: str
    check: Callable[[bytes], object]
    seeds: Callable[[], Sequence[bytes]]
    mutate: Mutate = mutate_bytes
    size_max: int = 4096
    is_slow: bool = False

    def run(self, data: bytes) -> None:
        """Hold the decoder to its word on one input; raises what is wrong."""
        begun_s = time.process_time()
        self.check(data)
        took_s = time.process_time() - begun_s
        assert took_s <= CPU_S_MAX, f"took {took_s:.1f} s of processor time"


class Given:
    """An input, taken apart from its end: small choices there, so that seeds begin as they are."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def byte(self) -> int:
        """Return the last byte and drop it; 0 where nothing is left."""
        last, self._data = self._data[-1:], self._data[:-1]
        return last[0] if last else 0

    def rest(self) -> bytes:
        return self._data


def chunks(data: bytes, random: Random) -> list[bytes]:
    """Cut data as a serial line might hand it over: any pieces, one byte each, or two halves."""
    if not data:
        return []
    match random.randrange(3):
        case 0:
            return [data[at : at + 1] for at in range(len(data))]
        case 1:
            cut = random.randrange(len(data) + 1)
            return [data[:cut], data[cut:]]
        case _:
            ends = sorted(random.randrange(len(data) + 1) for _ in range(random.randrange(8)))
            return [data[a:b] for a, b in zip([0, *ends], [*ends, len(data)], strict=True)]
