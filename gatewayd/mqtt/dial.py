"""Opens the TCP or TLS connection to a broker, such that every wait for it can be cancelled.

The library would block a thread for it; a gateway that is offline for days is asked to stop in the
middle of such a wait and has two seconds.
"""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress

from gatewayd.mqtt.account import plainly
from gatewayd.ports import BrokerError

ADDRESS_S_MAX = 5.0  # TCP repeats its first packet after 1 and 3 s; later ones rarely help.
HANDSHAKE_S_MAX = 10.0  # A small box on a slow line needs a second or two.

_Address = tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int]]


async def dial(host: str, port: int, context: ssl.SSLContext | None) -> socket.socket:
    """Return a connected socket that does not block. Raises BrokerError."""
    failure: BrokerError | None = None
    for address in await _look_up(host, port):
        try:
            connected = await _connect(address, f"{host}:{port}")
        except BrokerError as error:
            failure = failure or error  # The first address is the one the name is for.
            continue
        if context is None:
            return connected
        return await _secure(connected, context, host, port)
    assert failure is not None, "a name has an address, or no such name is reported"
    raise failure


async def _look_up(host: str, port: int) -> list[_Address]:
    """Ask the system's resolver in a thread that nobody has to wait for.

    Without a network it may take half a minute. A pool (the event loop's own, or `Blocking`) joins
    its threads at the end of the run, and `Blocking` has few, needed for the journal.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[_Address]] = loop.create_future()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            tell(answer.set_exception, error)
        else:
            tell(answer.set_result, found)

    def tell(settle: Callable[..., None], outcome: object) -> None:
        def settle_if_wanted() -> None:
            if not answer.done():
                settle(outcome)

        with suppress(RuntimeError):  # The loop is closed: the run is over.
            loop.call_soon_threadsafe(settle_if_wanted)

    threading.Thread(target=ask, name=f"look up {host}", daemon=True).start()
    try:
        return await answer
    except OSError as error:
        raise BrokerError(
            f"{host}: no address found for this name ({plainly(error)}); check url, the name "
            "server and the network of this machine"
        ) from error


async def _connect(address: _Address, place: str) -> socket.socket:
    family, kind, protocol, _, endpoint = address
    opened = socket.socket(family, kind, protocol)
    try:
        opened.setblocking(False)  # noqa: FBT003 - the shape of the socket module
        # A receipt must not wait for more to send: each packet leaves at once.
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        async with asyncio.timeout(ADDRESS_S_MAX):
            await asyncio.get_running_loop().sock_connect(opened, endpoint)
    except BaseException as error:
        opened.close()
        match error:
            case TimeoutError():
                raise BrokerError(
                    f"{place} does not answer within {ADDRESS_S_MAX:.0f} s; check the network and "
                    "the firewalls on the way"
                ) from error
            case ConnectionRefusedError():
                raise BrokerError(
                    f"{place} refuses connections: nothing listens there; check that the broker "
                    "runs, and host and port in url"
                ) from error
            case OSError():
                raise BrokerError(
                    f"{place} cannot be reached ({plainly(error)}); check the network of this "
                    "machine"
                ) from error
            case _:
                raise
    return opened


async def _secure(
    connected: socket.socket, context: ssl.SSLContext, host: str, port: int
) -> ssl.SSLSocket:
    secured = context.wrap_socket(connected, server_hostname=host, do_handshake_on_connect=False)
    try:
        async with asyncio.timeout(HANDSHAKE_S_MAX):
            await _shake_hands(secured)
    except BaseException as error:
        secured.close()
        match error:
            case ssl.SSLCertVerificationError():
                raise BrokerError(
                    f"the certificate of {host}:{port} is not accepted ({error.verify_message}); "
                    "check ca_file, the name in url and the clock of this machine"
                ) from error
            case TimeoutError():
                raise BrokerError(
                    f"{host}:{port} does not answer the TLS handshake within "
                    f"{HANDSHAKE_S_MAX:.0f} s; check that it is the broker's TLS port"
                ) from error
            case OSError():
                raise BrokerError(
                    f"no TLS with {host}:{port} ({plainly(error)}); check that it is the broker's "
                    "TLS port, and certificate_file"
                ) from error
            case _:
                raise
    return secured


async def _shake_hands(secured: ssl.SSLSocket) -> None:
    loop = asyncio.get_running_loop()
    while True:
        try:
            secured.do_handshake()
        except ssl.SSLWantReadError:
            await _until_ready(secured.fileno(), loop.add_reader, loop.remove_reader)
        except ssl.SSLWantWriteError:
            await _until_ready(secured.fileno(), loop.add_writer, loop.remove_writer)
        else:
            return


async def _until_ready(
    descriptor: int, watch: Callable[..., None], unwatch: Callable[[int], bool]
) -> None:
    ready = asyncio.Event()
    watch(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        unwatch(descriptor)
