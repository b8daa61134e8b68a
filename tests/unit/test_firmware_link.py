"""Host and device on a line: how they find each other, and what each does when the other is gone."""

from dataclasses import replace
from itertools import pairwise

import pytest

from firmware_protocol import bodies
from firmware_protocol.channel import Channel
from firmware_protocol.device_link import NOSESS_MS
from firmware_protocol.frames import Deframer, Frame, encode
from firmware_protocol.host_link import LOST_MS, SUSPECT_MS
from firmware_protocol.inputs import HostBack, Unlock
from firmware_protocol.memory import Memory
from firmware_protocol.messages import Hello, Indicate, SetMode
from firmware_protocol.reports import (
    Connected,
    Disconnected,
    LogEnd,
    Logged,
    Loss,
    StateSeen,
)
from firmware_protocol.settings import FACTORY
from firmware_protocol.words import Direction, LogKind, Mode, Signal
from tests.unit.gatelink_line import ANNA, ENTRY, PSK, Line, lose_all, lose_to


def frames(line: Line, to: str) -> list[Frame]:
    return [
        frame
        for _, whom, data in line.sent
        if whom == to
        for frame in Deframer().feed(data)
        if isinstance(frame, Frame)
    ]


def kinds(line: Line, to: str) -> list[int]:
    return [frame.kind for frame in frames(line, to)]


# --- finding each other -----------------------------------------------------------------------


def test_host_and_device_agree_within_two_round_trips() -> None:
    line = Line()
    line.plug()
    line.run(8)
    assert line.told(Connected) == [Connected("tripod", "1.0")]
    assert kinds(line, "device")[:2] == [0x01, 0x03]
    assert kinds(line, "host")[:2] == [0x02, 0x04]


def test_after_the_start_the_state_comes_then_the_log_then_its_end() -> None:
    line = Line()
    line.plug()
    line.run(100)
    kinds_told = [type(report) for report in line.reports]
    assert kinds_told == [Connected, StateSeen, Logged, Logged, LogEnd]


def test_a_silent_line_is_told_once_and_greeted_ever_more_slowly() -> None:
    line = Line()
    line.spoil = lose_all
    line.plug()
    line.run(LOST_MS - 1)
    assert line.reports == []
    line.run(60_000)
    assert line.reports == [Disconnected(Loss.SILENT)]
    greeted = [at_ms for at_ms, _, _ in line.sent]
    assert greeted[:5] == [0, 150, 450, 1050, 2250]
    assert {b - a for a, b in pairwise(greeted[4:])} == {1200}


def test_a_closed_line_is_told_at_the_very_start_too() -> None:
    line = Line()
    line.unplug()
    line.unplug()
    assert line.reports == [Disconnected(Loss.LINE)]
    assert line.host.deadline_ms() is None


def test_another_key_is_named_as_the_reason() -> None:
    line = Line(host_psk=bytes(32))
    line.plug()
    line.run(5000)
    assert line.reports == [Disconnected(Loss.KEY)]
    assert line.host.forged_count > 0
    assert line.device.controller.is_host_lost


def test_a_device_that_comes_later_is_found_at_once() -> None:
    line = Line()
    line.spoil = lose_all
    line.plug()
    line.run(10_100)
    line.spoil = lambda _, data: [data]
    line.reboot()
    line.run(20)
    assert line.told(Connected)


def test_another_version_is_refused_and_named() -> None:
    line = Line()
    line.spoil = lose_to("host")
    line.plug()
    line.run(3)
    (hello,) = frames(line, "device")
    nonce = bodies.decode(hello.kind, hello.body).nonce
    offer = bodies.decode(frames(line, "host")[0].kind, frames(line, "host")[0].body)
    channel = Channel(PSK, nonce + offer.nonce, 99, is_device=True)
    later = bodies.HelloAck(
        **{**{name: getattr(offer, name) for name in offer.__slots__}, "version": 2}
    )
    line.inject("host", encode(channel.seal(later, hello.content())))
    line.spoil = lose_all
    line.run(2000)
    assert line.reports == [Disconnected(Loss.VERSION)]


def test_greetings_of_both_sides_carry_fresh_nonces() -> None:
    line = Line()
    line.spoil = lose_to("host")
    line.plug()
    line.run(5000)
    greetings = frames(line, "device")
    answers = frames(line, "host")
    assert len(greetings) == len({frame.body for frame in greetings}) > 4
    assert len(answers) == len({frame.session for frame in answers}) == len(greetings)


# --- losing each other ------------------------------------------------------------------------


def test_a_silent_device_is_suspected_then_lost_then_found_again() -> None:
    line = Line().connect()
    heard_ms = line.host._link._heard_at_ms
    line.spoil = lose_all
    line.run(heard_ms + SUSPECT_MS - 1 - line.now_ms)
    assert 0x01 not in kinds(line, "device")
    line.run(1)
    assert 0x01 in kinds(line, "device")
    line.run(LOST_MS - SUSPECT_MS - 1)
    assert line.reports == []
    line.run(1)
    assert line.reports == [Disconnected(Loss.SILENT)]
    line.spoil = lambda _, data: [data]
    line.run(1500)
    assert [type(report) for report in line.told(Connected, Disconnected)] == [
        Disconnected,
        Connected,
    ]
    assert line.told(LogEnd)


def test_a_short_silence_is_told_to_nobody() -> None:
    line = Line().connect()
    line.spoil = lose_all
    line.run(700)
    line.spoil = lambda _, data: [data]
    line.run(1000)
    assert line.told(Connected, Disconnected) == []
    line.open()
    line.run(10)
    assert line.done(Unlock) == [Unlock(ENTRY, ANNA)]


def test_an_unplugged_line_is_told_once_and_plugging_it_in_again_reads_the_log() -> None:
    line = Line().connect()
    line.unplug()
    line.run(5000)
    assert line.reports == [Disconnected(Loss.LINE)]
    line.plug()
    line.run(100)
    assert line.told(Connected, LogEnd)


def test_a_rebooted_device_is_greeted_at_once() -> None:
    line = Line().connect()
    line.reboot()
    line.run(30)
    assert line.told(Disconnected) == []
    assert line.told(LogEnd)


def test_a_device_that_does_not_know_the_session_says_so_but_not_in_a_flood() -> None:
    line = Line().connect()
    line.boot(line.device.controller.memory)
    line._flying.clear()
    line.sent.clear()
    for number in range(20):
        line.wish(Indicate(Signal.GO if number % 2 else Signal.WAIT, ENTRY))
    line.spoil = lose_to("host")
    line.run(NOSESS_MS)
    assert kinds(line, "host").count(0x05) <= 2


def test_a_lie_about_the_session_does_not_end_it() -> None:
    line = Line().connect()
    kind, body = bodies.encode(bodies.NoSession())
    lie = encode(Frame(kind=kind, is_from_device=True, session=0, body=body))
    line.spoil = lambda to, data: [data] if to == "host" else _without(Hello, data)
    line.inject("host", lie)
    line.open()
    line.run(100)
    assert line.done(Unlock) == [Unlock(ENTRY, ANNA)]
    assert line.told(Connected, Disconnected) == []


def _without(kind: type, data: bytes) -> list[bytes]:
    found = [it for it in Deframer().feed(data) if isinstance(it, Frame)]
    return [encode(it) for it in found if not isinstance(bodies.decode(it.kind, it.body), kind)]


def test_no_session_of_somebody_else_is_ignored() -> None:
    line = Line().connect()
    kind, body = bodies.encode(bodies.NoSession())
    line.inject("host", encode(Frame(kind=kind, is_from_device=True, session=12345, body=body)))
    assert kinds(line, "device") == []


def test_the_device_notices_that_its_host_is_gone_and_back() -> None:
    line = Line().connect()
    line.wish(SetMode(Mode.FREE))
    line.run(10)
    line.spoil = lose_to("device")
    line.run(FACTORY.host_lost_ms + 300)
    assert line.device.controller.is_host_lost
    assert not line.device.controller.is_free
    line.spoil = lambda _, data: [data]
    line.run(1500)
    assert not line.device.controller.is_host_lost
    logged = [entry.kind for entry in line.device.controller.memory.entries]
    assert logged[-2:] == [LogKind.HOST_LOST, LogKind.HOST_BACK]


# --- attacks ----------------------------------------------------------------------------------


def test_the_device_keeps_its_session_until_a_new_one_is_proven() -> None:
    line = Line().connect()
    for number in range(5):
        kind, body = bodies.encode(Hello(bytes([number]) * 16, 1, 1, "intruder"))
        line.inject("device", encode(Frame(kind=kind, is_from_device=False, body=body)))
    line.run(50)
    line.open()
    line.run(10)
    assert line.done(Unlock) == [Unlock(ENTRY, ANNA)]
    assert line.told(Connected, Disconnected) == []


def test_a_session_is_not_proven_with_another_transcript() -> None:
    line = Line()
    line.spoil = lambda to, data: [data] if to == "device" else [_with_other_name(data)]
    line.plug()
    line.run(3000)
    assert line.reports == [Disconnected(Loss.KEY)]


def _with_other_name(data: bytes) -> bytes:
    """Change what is said in a HelloAck and repair its CRC: only the MAC can tell."""
    found = [frame for frame in Deframer().feed(data) if isinstance(frame, Frame)]
    changed = [
        Frame(
            kind=frame.kind,
            is_from_device=True,
            session=frame.session,
            sequence=frame.sequence,
            ack=frame.ack,
            body=frame.body.replace(b"tripod", b"tripos"),
            mac=frame.mac,
        )
        for frame in found
    ]
    return b"".join(encode(frame) for frame in changed)


def test_a_recording_of_a_whole_session_moves_nothing_later() -> None:
    line = Line().connect()
    line = Line(seed="first")
    line.plug()
    line.run(100)
    line.open()
    line.run(1000)
    recorded = line.sent

    device_only = Line(memory=Memory(), seed="second")
    for _, to, data in recorded:
        if to == "device":
            device_only.inject("device", data)
    assert device_only.done(Unlock) == []
    assert device_only.device.controller.is_host_lost

    host_only = Line(seed="third")
    host_only.spoil = lose_all
    host_only.plug()
    for _, to, data in recorded:
        if to == "host":
            host_only.inject("host", data)
    assert host_only.reports == []


def test_a_recording_of_the_same_session_moves_nothing_again() -> None:
    line = Line().connect()
    line.open()
    line.run(300)
    recorded = list(line.sent)
    line.reports.clear()
    line.effects.clear()
    for _, to, data in recorded:
        line.inject(to, data)
    assert line.reports == []
    assert line.effects == []
    assert line.host.forged_count > 0
    assert line.device.forged_count > 0


def test_our_own_echo_is_not_taken_for_the_other_side() -> None:
    line = Line().connect()
    line.open()
    line.run(50)
    for _, to, data in list(line.sent):
        line.inject("host" if to == "device" else "device", data)
    assert line.host.forged_count == line.device.forged_count == 0


def test_noise_is_counted_apart_from_forgery() -> None:
    line = Line().connect()
    line.inject("host", b"\0garbage\0")
    line.inject("device", b"\0garbage\0")
    assert (line.host.noise_count, line.device.noise_count) == (1, 1)
    assert (line.host.forged_count, line.device.forged_count) == (0, 0)


def test_messages_of_the_wrong_side_do_nothing() -> None:
    """Even signed ones: a broken maker's firmware is no reason to fall over."""
    line = Line().connect()
    for sender, message in [
        (line.device._link._channel, Hello(b"n" * 16, 1, 1, "x")),
        (line.host._link._channel, bodies.AuthOk()),
    ]:
        before = (list(line.reports), list(line.effects))
        whom = "host" if sender is line.device._link._channel else "device"
        line.inject(whom, encode(sender.seal(message)))
        assert (line.reports, line.effects) == before


def test_a_signed_body_that_makes_no_sense_is_ignored() -> None:
    line = Line().connect()
    frame = line.device._link._channel.seal(bodies.AuthOk())
    bad = Frame(kind=0x2F, is_from_device=True, session=frame.session, sequence=frame.sequence)
    from firmware_protocol.channel import _mac  # noqa: PLC0415

    mac = _mac(line.device._link._channel._key_out, b"", bad, frame.sequence)
    line.inject(
        "host", encode(Frame(**{**{n: getattr(bad, n) for n in bad.__slots__}, "mac": mac}))
    )
    assert line.reports == []
    assert line.host.forged_count == 0


def test_the_session_id_is_never_zero_nor_the_one_in_force() -> None:
    line = Line().connect()
    in_force = line.device._link._channel.session
    drawn = iter([b"\0" * 4, in_force.to_bytes(4, "little"), b"\5\0\0\0"])
    line.device._link._token = lambda size: next(drawn) if size == 4 else b"n" * size
    assert line.device._link._draw_session() == 5


@pytest.mark.parametrize("direction", list(Direction))
def test_signals_reach_the_lamps(direction: Direction) -> None:
    line = Line().connect()
    line.wish(Indicate(Signal.REFUSED, direction))
    line.run(10)
    assert line.effects == [Indicate(Signal.REFUSED, direction)]
    (seen,) = line.told(StateSeen)
    shown = seen.state.entry_signal if direction is ENTRY else seen.state.exit_signal
    assert shown is Signal.REFUSED


def test_a_host_that_is_back_need_not_be_told_again() -> None:
    line = Line().connect()
    line.sense(HostBack())
    assert line.effects == []


def test_a_forged_proof_starts_no_session() -> None:
    for to, kind in (("device", 0x03), ("host", 0x04)):
        line = Line()
        line.spoil = _change_mac_of(kind)
        line.plug()
        line.run(3000)
        assert line.reports == [Disconnected(Loss.SILENT)]
        assert (line.device if to == "device" else line.host).forged_count > 0


def _change_mac_of(kind: int):
    def spoil(_: str, data: bytes) -> list[bytes]:
        found = [it for it in Deframer().feed(data) if isinstance(it, Frame)]
        spoilt = [replace(it, mac=bytes(8)) if it.kind == kind else it for it in found]
        return [b"".join(encode(it) for it in spoilt)]

    return spoil


def test_unsigned_frames_of_other_kinds_are_ignored() -> None:
    line = Line().connect()
    for kind in range(256):
        if kind not in {0x01, 0x05}:
            line.inject("device", encode(Frame(kind=kind, is_from_device=False, body=b"\xa0")))
            line.inject("host", encode(Frame(kind=kind, is_from_device=True, body=b"\xa0")))
    assert (line.sent, line.reports, line.effects) == ([], [], [])


def test_a_closed_line_needs_no_time() -> None:
    line = Line()
    assert line.host.tick(5).data == b""
