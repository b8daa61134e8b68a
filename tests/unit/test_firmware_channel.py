"""A session's frames: authentic, new, and of the other side, or refused."""

import hashlib
import hmac
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_protocol.channel import Channel
from firmware_protocol.messages import EventAck, Ping

PSK = bytes(range(32))
NONCES = b"h" * 16 + b"d" * 16


def pair(psk: bytes = PSK, nonces: bytes = NONCES, session: int = 7) -> tuple[Channel, Channel]:
    host = Channel(PSK, NONCES, 7, is_device=False)
    return host, Channel(psk, nonces, session, is_device=True)


def test_a_frame_is_accepted_once() -> None:
    host, device = pair()
    first, second = host.seal(Ping()), host.seal(Ping())
    assert device.accept(first)
    assert not device.accept(first)
    assert device.accept(second)
    assert not device.accept(first)


def test_lost_frames_do_not_matter() -> None:
    host, device = pair()
    for _ in range(1000):
        frame = host.seal(Ping())
    assert device.accept(frame)


def test_frames_are_told_apart_after_the_sequence_has_wrapped() -> None:
    host, device = pair()
    first = host.seal(Ping())
    assert device.accept(first)
    host._sent += 65_534  # So many frames that never arrived.
    assert device.accept(host.seal(Ping()))
    again = host.seal(Ping())
    assert again.sequence == first.sequence
    assert not device.accept(first)
    assert device.accept(again)


@pytest.mark.parametrize(
    "other",
    [
        pair(psk=bytes(32)),
        pair(nonces=b"H" + NONCES[1:]),
        (Channel(PSK, NONCES, 7, is_device=False),) * 2,
    ],
)
def test_another_key_nonce_or_direction_is_refused(other: tuple[Channel, Channel]) -> None:
    host, _ = pair()
    assert not other[1].accept(host.seal(Ping()))


@given(st.integers(0, 7), st.data())
@settings(max_examples=50)
def test_nothing_of_a_frame_can_be_changed(which: int, data) -> None:
    host, device = pair()
    frame = host.seal(EventAck(5))
    changes = [
        {"kind": 0x20},
        {"is_from_device": True},
        {"session": 8},
        {"sequence": 1},
        {"ack": 1},
        {"address": 1},
        {"is_repeat": True},
        {"body": data.draw(st.binary(max_size=40).filter(lambda body: body != frame.body))},
    ]
    assert not device.accept(replace(frame, **changes[which]))
    assert device.accept(frame)


def test_a_transcript_is_part_of_what_is_signed() -> None:
    host, device = pair()
    frame = host.seal(Ping(), b"hello")
    assert not device.accept(frame, b"hullo")
    assert device.accept(frame, b"hello")


def test_the_mac_is_what_the_protocol_says() -> None:
    """Counted by hand: HKDF with one block, then HMAC over P, then the counter."""
    prk = hmac.digest(NONCES, PSK, "sha256")
    key = hmac.digest(prk, b"gatelink1 host\x01", "sha256")
    host, _ = pair()
    host.seal(Ping())
    frame = host.seal(Ping())
    signed = bytes.fromhex("11 10 00 0100 0000 07000000 a0") + (1).to_bytes(8, "little")
    assert frame.mac == hmac.new(key, signed, hashlib.sha256).digest()[:8]
