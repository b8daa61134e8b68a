"""Connections to the pages: how many there may be, and what becomes of those that say nothing."""

import asyncio
import errno
import socket
import ssl
from contextlib import asynccontextmanager

import pytest

from config.schema import Desk
from gatewayd.app.certificate import PagesCertificate
from gatewayd.desk import listening as module
from gatewayd.desk.listening import Connections, accept, listen
from tests.e2e.eventually import eventually
from tests.unit.doubles import SimClock


class Greeter(asyncio.Protocol):
    def connection_made(self, transport):
        transport.write(b"hello")


@asynccontextmanager
async def listened(tls=None):
    """Yield the port where connections are greeted."""
    [at] = listen("127.0.0.1", 0)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(accept(at, Connections(), Greeter, tls))
        yield at.getsockname()[1]
        task.cancel()
    at.close()


async def greeted(port):
    """Return what is heard first, and the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        return await reader.read(5), writer
    except ConnectionError:
        return b"", writer


async def test_the_last_handles_are_not_given_away(monkeypatch):
    monkeypatch.setattr(module, "CONNECTIONS_MAX", 3)
    async with listened() as port:
        came = [await greeted(port) for _ in range(5)]
        assert [heard for heard, _ in came] == [b"hello"] * 3 + [b""] * 2
        came[0][1].close()
        await came[0][1].wait_closed()

        async def is_room():
            heard, writer = await greeted(port)
            came.append((heard, writer))
            return heard == b"hello"

        async with asyncio.timeout(20):
            while not await is_room():  # Until the server has heard of the end.
                await asyncio.sleep(0)
        for _, writer in came:
            writer.close()


async def test_one_address_does_not_take_all_of_them(monkeypatch):
    monkeypatch.setattr(module, "CONNECTIONS_FROM_ONE_MAX", 2)
    connections, kept = Connections(), [socket.socket() for _ in range(5)]
    assert [connections.take(one, "10.0.0.1") for one in kept[:3]] == [True, True, False]
    assert connections.take(kept[3], "10.0.0.2")
    kept[0].close()
    assert connections.take(kept[4], "10.0.0.1")
    for one in kept:
        one.close()


async def test_who_speaks_no_tls_is_hung_up_on_and_others_are_served(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "HANDSHAKE_S", 0.2)
    certificate = PagesCertificate(Desk(host="0.0.0.0", port=1), tmp_path, SimClock())
    async with listened(certificate.open()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert b"hello" not in await reader.read()
        silent, silent_writer = await asyncio.open_connection("127.0.0.1", port)
        trusted = ssl.create_default_context(cafile=str(tmp_path / "pages.pem"))
        _, good = opened = await asyncio.open_connection(
            "127.0.0.1", port, ssl=trusted, server_hostname="localhost"
        )
        assert await opened[0].read(5) == b"hello"
        assert await silent.read() == b"", "who says nothing is let go"
        old = ssl.create_default_context(cafile=str(tmp_path / "pages.pem"))
        old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection("127.0.0.1", port, ssl=old, server_hostname="localhost")
        for one in (writer, silent_writer, good):
            one.close()


async def test_where_there_are_no_handles_left_it_waits_for_some(monkeypatch):
    monkeypatch.setattr(module, "PAUSE_S", 0.0)
    loop = asyncio.get_running_loop()
    kept, refusals = (
        loop.sock_accept,
        [OSError(errno.EMFILE, "no handles"), ConnectionAbortedError()],
    )

    async def refuse(listening):
        if refusals:
            raise refusals.pop()
        return await kept(listening)

    monkeypatch.setattr(loop, "sock_accept", refuse)
    async with listened() as port:
        heard, writer = await greeted(port)
        assert heard == b"hello"
        writer.close()
    await eventually(lambda: not refusals)


def test_a_port_that_is_taken_is_told():
    [first] = listen("127.0.0.1", 0)
    with pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", first.getsockname()[1])
    first.close()


def test_an_address_of_another_machine_is_told():
    with pytest.raises(OSError, match=r"[Aa]ssign"):
        listen("203.0.113.77", 0)


def test_a_name_with_an_address_that_is_not_ours_listens_at_the_other(monkeypatch):
    there = [(socket.AF_INET, 0, 0, "", (address, 0)) for address in ("203.0.113.77", "127.0.0.1")]
    monkeypatch.setattr(module.socket, "getaddrinfo", lambda *_, **__: there)
    [one] = listen("gate.lan", 0)
    assert one.getsockname()[0] == "127.0.0.1"
    one.close()


def test_a_second_address_whose_port_is_taken_closes_the_first(monkeypatch):
    [taken] = listen("127.0.0.1", 0)
    port = taken.getsockname()[1]
    there = [
        (socket.AF_INET, 0, 0, "", ("127.0.0.2", port)),
        (socket.AF_INET, 0, 0, "", ("127.0.0.1", port)),
    ]
    monkeypatch.setattr(module.socket, "getaddrinfo", lambda *_, **__: there)
    with pytest.raises(OSError, match="in use"):
        listen("gate.lan", port)
    taken.close()
