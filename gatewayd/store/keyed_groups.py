r"""The file format of the keyed storage: groups of changes, each of them whole or absent.

    group <generation> <body size> <crc32>\n
    "table"\t"key"\t{document}\n

One line per change; a line with nothing after its second tab drops the row. Names and documents are
JSON in ASCII, in which no raw tab or line end occurs, so `less` shows the file. The CRC-32 is over
the header up to it and the body.
"""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from json import dumps, loads
from typing import BinaryIO

Change = tuple[str, str, bytes | None]
"""Table, key, and the encoded document that takes the row's place; None drops the row."""

_HEADER = re.compile(rb"group ([0-9]{1,15}) ([0-9]{1,15}) ([0-9a-f]{8})\n")
_HEADER_SIZE_MAX = 64
_CHECKSUM_SIZE = 9  # eight digits and the line end


class BrokenGroupError(Exception):
    """Here is no whole group: the file was cut, or it is damaged."""


@dataclass(frozen=True, slots=True)
class Group:
    generation: int
    changes: list[Change]


def pack(generation: int, changes: Sequence[Change]) -> bytes:
    """Return one group. Documents come encoded, as one line without tabs."""
    body = b"".join(
        b"%b\t%b\t%b\n" % (dumps(table).encode(), dumps(key).encode(), document or b"")
        for table, key, document in changes
    )
    head = b"group %d %d " % (generation, len(body))
    return b"%b%08x\n%b" % (head, _checksum(head, body), body)


def read_group(file: BinaryIO, size_max: int) -> Group | None:
    """Read the next group; None at the end of the file. Raises BrokenGroupError.

    size_max: no body is larger, whatever a damaged header says (the size of the file will do).
    """
    header = file.readline(_HEADER_SIZE_MAX)
    if not header:
        return None
    match = _HEADER.fullmatch(header)
    if match is None or int(match[2]) > size_max:
        raise BrokenGroupError("no group begins here")
    body = file.read(int(match[2]))
    if not _is_whole(match, body):
        raise BrokenGroupError("a group is cut off or changed")
    try:
        return Group(int(match[1]), _parse(body))
    except (ValueError, RecursionError) as error:
        raise BrokenGroupError("a group holds no rows") from error


def has_group(data: bytes) -> bool:
    """Tell whether a whole group stands anywhere in `data`."""
    return any(
        _is_whole(match, data[match.end() : match.end() + int(match[2])])
        for match in _HEADER.finditer(data)
    )


def _is_whole(header: re.Match[bytes], body: bytes) -> bool:
    head = header[0][:-_CHECKSUM_SIZE]
    return len(body) == int(header[2]) and _checksum(head, body) == int(header[3], 16)


def _checksum(head: bytes, body: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(head))


def _parse(body: bytes) -> list[Change]:
    changes: list[Change] = []
    tables: dict[bytes, str] = {}  # A few, on every line; nearly no key has anything escaped.
    for line in body.splitlines():
        encoded, key, document = line.split(b"\t", 2)
        table = tables.get(encoded)
        if table is None:
            table = tables[encoded] = _text(encoded)
        name = _text(key) if b"\\" in key else key[1:-1].decode()
        changes.append((table, name, document or None))
    return changes


def _text(encoded: bytes) -> str:
    text = loads(encoded)
    if not isinstance(text, str):
        raise ValueError("a name is a text")  # noqa: TRY004 - as `loads` says it
    return text
