"""Lets connections in to the pages, so many in all and from one address: the rest is hung up on.

Each costs a file handle and some ten kB, of which the gate itself needs to find some at any time.
asyncio's own server takes as many as come, also those that never say what they want.
"""

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Never

from gatewayd.desk.rates import asker_of

CONNECTIONS_MAX = 512  # Of the 1024 handles that a process has where nobody raised it.
CONNECTIONS_FROM_ONE_MAX = 256  # All that stand behind one proxy; a browser opens six.
HANDSHAKE_S = 10.0  # A tablet at the end of the Wi-Fi takes one second for it.
PAUSE_S = 1.0  # Where there are no handles left: some connection ends meanwhile.
BACKLOG = 128

_ABSENT = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


def listen(host: str, port: int) -> list[socket.socket]:
    """Return sockets that listen at all addresses of this name.

    Raises OSError where there is none of them on this machine, or the port is taken.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    listening: list[socket.socket] = []
    refusal: OSError | None = None
    for family, _, _, _, address in dict.fromkeys(found):
        try:
            listening.append(_listen_at(family, address))
        except OSError as error:
            refusal = error
            if error.errno not in _ABSENT:  # A name may have an address that is none of ours.
                break
    if listening and (refusal is None or refusal.errno in _ABSENT):
        return listening
    for one in listening:
        one.close()
    raise refusal or OSError(f"{host}: no address")


def _listen_at(family: int, address: tuple[object, ...]) -> socket.socket:
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:  # Else it would take the port of its IPv4 twin.
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.setblocking(False)  # noqa: FBT003, the library's call
        one.bind(address)
        one.listen(BACKLOG)
    except OSError:
        one.close()
        raise
    return one


class Connections:
    """Those that are open; one for each server."""

    def __init__(self) -> None:
        self._open: dict[socket.socket, str] = {}

    def take(self, connection: socket.socket, address: str) -> bool:
        """Count a connection in, until it is closed; False: there is no room for it."""
        self._open = {one: asker for one, asker in self._open.items() if one.fileno() != -1}
        asker = asker_of(address)
        from_one = sum(other == asker for other in self._open.values())
        if len(self._open) >= CONNECTIONS_MAX or from_one >= CONNECTIONS_FROM_ONE_MAX:
            return False
        self._open[connection] = asker
        return True


async def accept(
    listening: socket.socket,
    connections: Connections,
    make: Callable[[], asyncio.Protocol],
    tls: ssl.SSLContext | None,
) -> Never:
    """Give each connection that comes to a protocol of its own, for ever."""
    loop = asyncio.get_running_loop()

    async def shake_hands(connection: socket.socket) -> None:
        timeout_s = None if tls is None else HANDSHAKE_S
        try:
            await loop.connect_accepted_socket(
                make, connection, ssl=tls, ssl_handshake_timeout=timeout_s
            )
        except OSError:  # They hung up, took too long, or speak no TLS of today.
            connection.close()

    async with asyncio.TaskGroup() as tasks:
        while True:
            try:
                connection, address = await loop.sock_accept(listening)
            except ConnectionError:
                continue  # Gone before they came in.
            except OSError:
                await asyncio.sleep(PAUSE_S)
                continue
            connection.setblocking(False)  # noqa: FBT003, the library's call
            if connections.take(connection, str(address[0])):
                tasks.create_task(shake_hands(connection), name="page connection")
            else:
                with suppress(OSError):
                    connection.close()
    raise AssertionError("connections are taken until it is cancelled")
