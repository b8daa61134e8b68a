"""The centre's side of a measurement: a subscriber with a session that costs next to nothing.

Python's MQTT clients take longer for a message than those who are measured take to send it, so
this one reads the socket itself: MQTT 3.1.1, QoS 1, receipts of all that came at once in one write.
"""

import re
import socket
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Self

READ_SIZE = 256 * 1024
CONNECT_S_MAX = 10.0
IDS = re.compile(rb'"id": ?"([^"]+)"(?!, ?"chain")')
"""Of events; a checkpoint of the hash chain names the event before it as well."""


class Subscriber:
    """Counts what arrives at the broker of 127.0.0.1:`port`; `arrived` are ids, without repeats."""

    def __init__(self, port: int, topic_filter: str) -> None:
        self.arrived: set[bytes] = set()
        self.count = 0
        self.last_s = 0.0
        """When the last new one came."""
        self._first: tuple[float, int] | None = None
        self._socket = _connect(port)
        session = _text(b"centre")
        self._socket.sendall(_packet(0x10, _text(b"MQTT") + b"\x04\x00\x00\x00" + session))
        wish = b"\x00\x01" + _text(topic_filter.encode()) + b"\x01"
        self._socket.sendall(_packet(0x82, wish))
        self._is_subscribed = threading.Event()
        self._thread = threading.Thread(target=self._receive)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._is_subscribed.wait(CONNECT_S_MAX), "the broker grants the subscription"
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def wait_for(self, count: int, seconds: float) -> None:
        """Return when so many different ones are here, or when nothing new came for so long."""
        began_s = time.monotonic()
        while len(self.arrived) < count:
            if time.monotonic() - max(began_s, self.last_s) > seconds:
                return
            time.sleep(0.02)

    @property
    def per_s(self) -> float:
        """Return how many came a second after the first ones, or since `start`, to the last."""
        first_s, first_count = self._first or (0.0, 0)
        return (len(self.arrived) - first_count) / max(1e-9, self.last_s - first_s)

    def start(self) -> None:
        """Count the time from now on: what is on the way in packs would come as of nothing."""
        self._first = time.monotonic(), 0

    def _receive(self) -> None:
        buffer = b""
        with suppress(OSError):
            while data := self._socket.recv(READ_SIZE):
                buffer = self._take(buffer + data)

    def _take(self, buffer: bytes) -> bytes:
        """Read all whole packets and answer them; return the rest."""
        at, receipts, known_count = 0, bytearray(), len(self.arrived)
        while (end := _end(buffer, at)) is not None:
            body, kind = end[0], buffer[at] >> 4
            if kind == 9:
                self._is_subscribed.set()
            if kind == 3:
                message = body + 2 + int.from_bytes(buffer[body : body + 2])
                receipts += b"\x40\x02" + buffer[message : message + 2]
                ids = IDS.findall(buffer, message + 2, end[1])
                self.count += len(ids)
                self.arrived.update(ids)
            at = end[1]
        if len(self.arrived) > known_count:
            self.last_s = time.monotonic()
            self._first = self._first or (self.last_s, len(self.arrived))
        if receipts:
            self._socket.sendall(receipts)
        return buffer[at:]


def publish_all(port: int, messages: Iterable[tuple[bytes, bytes]], window: int = 100) -> None:
    """Hand (topic, payload) pairs to a broker at QoS 1, and return when it has taken all."""
    with _connect(port) as link:
        link.sendall(_packet(0x10, _text(b"MQTT") + b"\x04\x02\x00\x00" + _text(b"loader")))
        link.recv(4)
        flying = 0
        for number, (topic, payload) in enumerate(messages):
            mid = (number % 0xFFFF + 1).to_bytes(2)
            link.sendall(_packet(0x32, _text(topic) + mid + payload))
            flying += 1
            while flying >= window:
                flying -= _receipts(link)
        while flying:
            flying -= _receipts(link)


def _receipts(link: socket.socket) -> int:
    """Return how many came; they are four bytes each."""
    data = link.recv(READ_SIZE)
    while len(data) % 4:
        data += link.recv(4 - len(data) % 4)
    assert data, "the broker hung up"
    return len(data) // 4


def _connect(port: int) -> socket.socket:
    link = socket.create_connection(("127.0.0.1", port), CONNECT_S_MAX)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    link.settimeout(None)
    return link


def _text(content: bytes) -> bytes:
    return len(content).to_bytes(2) + content


def _packet(head: int, body: bytes) -> bytes:
    size, length = len(body), b""
    while size > 127:
        length += bytes([size & 127 | 128])
        size >>= 7
    return bytes([head]) + length + bytes([size]) + body


def _end(buffer: bytes, at: int) -> tuple[int, int] | None:
    """Return where the body of the packet at `at` begins and ends; None while it is not whole."""
    size, shift, body = 0, 0, at + 1
    while body < len(buffer):
        size |= (buffer[body] & 127) << shift
        shift += 7
        body += 1
        if buffer[body - 1] < 128:
            return (body, body + size) if body + size <= len(buffer) else None
    return None
