"""Inflating what a stranger compressed, to a size that cannot hurt."""

import zlib

from gatewayd.core.reasons import Reason

INFLATED_SIZE_MAX = 64 * 1024  # Twice the largest published card; a full code could hold 2.9 MB.

ZLIB = zlib.MAX_WBITS
RAW_DEFLATE = -zlib.MAX_WBITS  # Without header and checksum, as JWS has it.


def inflate(data: bytes, form: int) -> bytes | Reason:
    """Return all that was compressed (`form`: ZLIB or RAW_DEFLATE), which is all of `data`."""
    stream = zlib.decompressobj(form)
    try:
        inflated = stream.decompress(data, INFLATED_SIZE_MAX + 1)
    except zlib.error:
        return Reason.ZLIB
    if len(inflated) > INFLATED_SIZE_MAX:
        return Reason.TOO_LARGE
    return inflated if stream.eof and not stream.unused_data else Reason.ZLIB
