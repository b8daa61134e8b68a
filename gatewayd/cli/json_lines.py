"""Lines on stdin for commands that answer each of them with one: whatever comes."""

from collections.abc import Iterator
from typing import BinaryIO

LINE_SIZE_MAX = 4 * 1024 * 1024  # Bytes: all health issuers of the world take about 2 MB.


def read_lines(stream: BinaryIO, size_max: int) -> Iterator[bytes]:
    """Return the lines as they come; of one over `size_max`, that much of it and one byte more."""
    while line := stream.readline(size_max + 1):
        rest = line
        while len(rest) > size_max and not rest.endswith(b"\n"):
            rest = stream.readline(size_max + 1)
        yield line
