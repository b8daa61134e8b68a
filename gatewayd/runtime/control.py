"""The control socket: one JSON object a line in, one a line out, for people on this machine.

Whoever may open the socket (its file mode says who) may ask; the system tells which user it is.
"""

import asyncio
import json
import logging
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Never

from gatewayd.core.json_faults import find_fault
from gatewayd.core.words import Json

log = logging.getLogger(__name__)

SOCKET_MODE = 0o660
DEPTH_MAX = 8  # Of a request: words, and what is to be noted.
LINE_SIZE_MAX = 64 * 1024  # A request is a few words; an answer may be longer.
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: Linux `struct ucred`, see unix(7).

AnswerRequest = Callable[[Mapping[str, Any], str], Awaitable[dict[str, Json]]]


async def serve_control(listening: socket.socket, answer: AnswerRequest) -> Never:
    """Answer until cancelled."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _converse(reader, writer, answer)
        except ConnectionError:
            pass  # They hung up before they had their answer.
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_unix_server(connected, sock=listening, limit=LINE_SIZE_MAX)
    async with server:
        await server.serve_forever()
    raise AssertionError("a server serves until it is cancelled")


def listen(path: Path) -> socket.socket:
    """Make the socket at `path`; one left by a killed run is replaced. Raises OSError."""
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(str(path))
        path.chmod(SOCKET_MODE)
    except OSError:
        listening.close()
        raise
    return listening


async def _converse(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: AnswerRequest
) -> None:
    caller = _caller(writer)
    while True:
        try:
            line = await reader.readline()
        except ValueError:  # Longer than the limit.
            line = b"x"
        if not line:
            return
        request = _parse(line)
        if request is None:
            answered: dict[str, Json] = {"ok": False, "text": "expected one JSON object a line"}
        else:
            answered = await answer(request, caller)
        writer.write(json.dumps(answered).encode() + b"\n")
        await writer.drain()


def _parse(line: bytes) -> Mapping[str, Any] | None:
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        return None
    is_sound = isinstance(request, dict) and find_fault(request, DEPTH_MAX) is None
    return request if is_sound else None


def _caller(writer: asyncio.StreamWriter) -> str:
    peer = writer.get_extra_info("socket")
    raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(raw)
    return f"uid:{uid}"
