"""Fuzz targets: what readers and boards send over serial lines and the device broker."""

import struct
from binascii import crc_hqx
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Protocol

import osdp_sys

from drivers.base import Inbound, Signal
from drivers.boards.board_7e_codec import (
    COMMAND_SIZE,
    Code,
    Status,
    command,
    find_request,
    find_status,
    status,
)
from drivers.boards.modbus import ModbusDevice
from drivers.contacts import Contact, Debounced, Normally
from drivers.framers import (
    CODE_SIZE_MAX,
    LINE_SIZE_MAX,
    Aim,
    Frame,
    LineFramer,
    Terminator,
    silence_s,
)
from drivers.gm65_codec import CodeOutput, Gm65Decoder, heartbeat, read_zone
from drivers.gm65_zones import ScanMode
from drivers.osdp_events import CARD_SIZE_MAX, CardRead, hex_digits, read_event
from drivers.polled_line import HEARD_SIZE_MAX
from drivers.readers.gm65 import Gm65Session
from drivers.readers.session import Session
from drivers.readers.ssi import SsiSession
from drivers.sensors.mqtt_sensor import MqttSensor
from drivers.ssi_codec import Opcode, Source, SsiDecoder, packet
from drivers.turnstiles.relay_profiles import Pulsed, RelayKind, relay_profile
from gatewayd.core.parts import PART_DIGITS_MAX, PARTS_MAX, expire, gather
from tests.fuzz.json_trees import dumps, mutate_json
from tests.fuzz.lines import mutate_words
from tests.fuzz.target import Given, Target, chunks

_NOW_S = 1000.0


class _Decoder(Protocol):
    @property
    def deadline_s(self) -> float | None: ...

    def feed(self, data: bytes, now_s: float) -> Sequence[Any]: ...

    def expire(self, now_s: float) -> Sequence[Any]: ...


def _decode(make: Callable[[], _Decoder], pieces: Sequence[bytes]) -> list[Any]:
    decoder = make()
    found = [event for piece in pieces for event in decoder.feed(piece, _NOW_S)]
    for _ in range(3):
        if decoder.deadline_s is not None:
            assert not decoder.expire(decoder.deadline_s - 0.001), "ended before its time"
            found += decoder.expire(decoder.deadline_s)
    assert decoder.deadline_s is None, "never comes to an end"
    return found


def _same_in_any_chunks(make: Callable[[], _Decoder], data: bytes, seed: int) -> list[Any]:
    whole = _decode(make, [data])
    pieces = chunks(data, Random(seed))
    assert _decode(make, pieces) == whole, f"the chunks change it: {pieces!r:.300}"
    for item in whole:
        if isinstance(item, Frame):
            assert 0 < len(item.code) <= LINE_SIZE_MAX, "a code that no QR code holds"
    return whole


# --- codes on a line ---


def _line(data: bytes) -> None:
    given = Given(data)
    terminator = list(Terminator)[given.byte() % len(Terminator)]
    aim = Aim.KEEP if given.byte() % 2 else Aim.STRIP
    seed, body = given.byte(), given.rest()
    gap_s = silence_s(terminator, 9600)
    for item in _same_in_any_chunks(lambda: LineFramer(terminator, gap_s, aim), body, seed):
        if isinstance(item, Frame) and aim is Aim.STRIP:
            assert len(item.code) <= CODE_SIZE_MAX
    framer = LineFramer(terminator, gap_s, aim)
    framer.feed(body, _NOW_S)
    assert len(framer._buffer) <= LINE_SIZE_MAX, "holds more than one code"


_LINES = (
    b"]Q1S-1\r\n", b"\x02S-1\x03\r\n", b"A\rB\nC\r\n", b"S-1\t", b"\x02\x03", b"x" * 4400 + b"\r",
    b"\x02a\x02b\x03\x04", b"\r\n\r\n", b"S-1",
)  # fmt: skip


def _line_seeds() -> list[bytes]:
    return [line + bytes([0, 0, kind]) for kind, line in enumerate(_LINES)]


# --- GM65 and SSI ---


def _gm65(data: bytes) -> None:
    given = Given(data)
    output = list(CodeOutput)[given.byte() % 2]
    _same_in_any_chunks(lambda: Gm65Decoder(output, 9600), given.rest(), given.byte())


def gm65_answer(body: bytes, begin: bytes = b"\x02\0") -> bytes:
    return begin + body + crc_hqx(body, 0).to_bytes(2, "big")


_GM65 = (
    gm65_answer(b"\0\x01\xd6"), gm65_answer(b"\0\x01\0", b"\x03\0"), b"\x03\0\x05]Q1S-",
    b"\x03\0\x03S-1\r\n", b"S-1\r", b"\x03\x1b\xb1" + b"7" * 7089, heartbeat(), read_zone(0x2A, 2),
    gm65_answer(b"\0\x02\x39\x01") + b"\x03\0\x01x", b"noise\x02\0\0",
)  # fmt: skip


def _gm65_seeds() -> list[bytes]:
    return [one + bytes([0, kind]) for one in _GM65 for kind in (0, 1)]


def _ssi(data: bytes) -> None:
    given = Given(data)
    _same_in_any_chunks(lambda: SsiDecoder(9600), given.rest(), given.byte())


_SSI = (
    packet(Opcode.DECODE_DATA, b"\xf1S-1", source=Source.READER),
    packet(Opcode.CMD_ACK, source=Source.READER),
    packet(Opcode.CMD_NAK, b"\x01", source=Source.READER),
    packet(Opcode.REPLY_REVISION, b"PAA v1", source=Source.READER),
    packet(Opcode.MULTIPACKET_SEGMENT, b"\0\0\x01abc", source=Source.READER, status=2),
    packet(Opcode.EVENT, b"\x0a", source=Source.READER),
)


def _ssi_seeds() -> list[bytes]:
    return [*(one + b"\0" for one in _SSI), b"".join(_SSI) + b"\0"]


def mend_ssi(data: bytes, random: Random) -> bytes:
    """Change data of packets and make their sizes and checksums right again."""
    made = b""
    for _ in range(random.choice((1, 2, 4))):
        opcode = random.choice((*map(int, Opcode), random.randrange(256)))
        body = data[: random.choice((0, 1, 2, 8, 60, 251))]
        if random.random() < 0.5:
            body = random.randbytes(random.choice((0, 1, 3, 5)))
        made += packet(opcode, body, source=random.choice((0, 0, 4)), status=random.randrange(8))
    return made + random.choice((b"", b"\0", b"\xff")) + random.randbytes(1)


def mend_gm65(data: bytes, random: Random) -> bytes:
    """Change answers and codes and make their sizes and checksums right again."""
    made = b""
    for _ in range(random.choice((1, 2, 4))):
        body = data[: random.choice((1, 2, 2, 8, 60, 200))] or b"\0"
        match random.randrange(4):
            case 0:
                made += gm65_answer(bytes([random.choice((0, 0, 1)), len(body)]) + body)
            case 1:
                made += b"\x03" + len(body).to_bytes(2, "big") + body
            case 2:
                made += gm65_answer(b"\0\x01" + bytes([random.choice((0xD6, 0x81, 0, 0x39))]))
            case _:
                made += random.choice((b"\x03\0", b"\x02\0", b"\x02", body)) + random.randbytes(2)
    return made + random.randbytes(2)


def _session(make: Callable[[], Session]) -> Callable[[bytes], None]:
    """Play a reader's session: bytes between pauses, each told by a byte at the end."""

    def check(data: bytes) -> None:
        given, session, now_s = Given(data), make(), _NOW_S
        session.open(now_s)
        random = Random(given.byte())
        for piece in chunks(given.rest(), random)[:60]:
            output = session.feed(piece, now_s)
            assert len(output.data) <= 512, "answers more than it is told"
            match random.randrange(6):
                case 0 if session.deadline_s is not None:
                    now_s = max(now_s, session.deadline_s)
                    session.tick(now_s)
                case 1:
                    session.show(random.choice(list(Signal)), now_s)
                case 2:
                    session.tick(now_s)
                case _:
                    now_s += 0.001
        session.close("the end")
        assert session.deadline_s is None

    return check


def _gm65_session() -> Session:
    return Gm65Session("tty", ScanMode.SENSE, CodeOutput.ENCLOSED, saves=True, baudrate=9600)


def _set_up_reader() -> list[bytes]:
    answers = [b"\0\x02\x39\x01", b"\0\x01\xd7", b"\0\x01\x81", b"\0\x01\0"]
    return [b"".join(map(gm65_answer, answers)) + b"\x03\0\x03S-1" + bytes([n]) for n in range(4)]


# --- parts of a code, after the reader ---


def _parts(data: bytes) -> None:
    """Hold up what stands between line ends, one after the other, and wait at a blank line."""
    pending, at_s, seen = None, 0.0, 0
    for scan in data.split(b"\n")[:100]:
        at_s += 0.5 if scan else 30.0
        pending, over = expire(pending, at_s)
        for one in over:
            assert one.startswith(b"shc:/")
        pending, scans = gather(pending, scan, at_s)
        seen += len(scans) + len(over)
        if pending is not None:
            size = sum(map(len, pending.parts.values()))
            assert size <= PARTS_MAX * (PART_DIGITS_MAX + 20), "gathers without end"
            assert 0 < pending.missing_count < PARTS_MAX
    _, over = expire(pending, at_s + 60)
    assert seen + len(over) <= data.count(b"\n") + 2, "more scans than were shown"


_PARTS = (
    b"shc:/1/2/5676\nshc:/2/2/2909", b"shc:/1/3/56\n\nshc:/1/2/55\nS-1", b"shc:/32/32/1\nshc:/0/1/1",
    b"shc:/1/1/567629", b"shc:/1/2/56\nshc:/1/2/56\nshc:/1/2/57\nshc:/2/2/" + b"1" * 2382,
)  # fmt: skip


# --- OSDP, Modbus, boards ---


def _osdp(data: bytes) -> None:
    given = Given(data)
    kind, form, bits = given.byte(), given.byte(), given.byte() * (1 + given.byte() % 9)
    body = given.rest()[:CARD_SIZE_MAX]
    events = (osdp_sys.EVENT_CARDREAD, osdp_sys.EVENT_STATUS, osdp_sys.EVENT_KEYPRESS)
    event = {"event": events[kind % 3], "format": form % 4, "type": form % 5, "length": bits}
    found = read_event({**event, "data": body, "report": body})
    if isinstance(found, CardRead):
        assert 0 <= found.bit_count <= 8 * len(found.data)
        digits = hex_digits(found)
        assert len(digits) == -(-found.bit_count // 4)
        if digits:
            int(digits, 16)


def _board(data: bytes) -> None:
    given = Given(data)
    address, heard = given.byte(), given.rest()
    found = find_status(heard, address)
    if found is not None:
        assert status(found)[:15] in heard, "a status that nobody sent"
        assert find_status(status(found), address) == found
    while True:
        request, rest = find_request(heard, address)
        if request is None:
            assert len(rest) < COMMAND_SIZE
            return
        assert len(rest) < len(heard)
        heard = rest


def _board_seeds() -> list[bytes]:
    state = Status(1, 2, 0, 1, 0, 5, 1 << 23, 0, 1, 12)
    frames = (status(state), command(1, Code.OPEN_LEFT, 1), b"\x7e\x7f" + status(state)[:9])
    return [frame + b"\1" for frame in (*frames, b"".join(frames))]


def mend_board(data: bytes, random: Random) -> bytes:
    """Return frames with any content and a right check byte."""
    made = data[: random.choice((0, 1, 5))]
    for _ in range(random.choice((1, 2))):
        begin, size = random.choice(((b"\x7f", 16), (b"\x7e\0", 5)))
        frame = (begin + bytes([1, 1]) + data + bytes(20))[: size + 1]
        made += frame + bytes([~sum(frame) & 0xFF])
    return made + b"\1"


class _Deaf:
    """Stands for the line of a Modbus device, which is never asked here."""

    baudrate, port = 9600, "tty"


_DEVICE = ModbusDevice(_Deaf(), 1)  # type: ignore[arg-type] # it is given what was heard


def _modbus(data: bytes) -> None:
    given = Given(data)
    function = (1, 2, 3, 5, 6, 16)[given.byte() % 6]
    heard = given.rest()[-HEARD_SIZE_MAX:]
    found = _DEVICE._find(heard, function, lambda _: True)
    if found is not None:
        assert found.function_code & 0x7F == function
        found.encode()


def _modbus_crc(frame: bytes) -> bytes:
    value = 0xFFFF
    for byte in frame:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return struct.pack("<H", value)


_MODBUS = (
    "010201050", "0101010500", "0103040001000200", "01050200000700", "01060001000200", "01100001000200",
    "0182020", "01850300",
)  # fmt: skip


def _modbus_seeds() -> list[bytes]:
    bare = [bytes.fromhex(text[: len(text) // 2 * 2]) for text in _MODBUS]
    return [b"\xff" + one + _modbus_crc(one) + bytes([n]) for n, one in enumerate(bare)]


def mend_modbus(data: bytes, random: Random) -> bytes:
    """Return an answer with any size and content and a right checksum."""
    function = random.choice((1, 2, 3, 5, 6, 16, 0x81, 0x83, 0x90, 0x85))
    size = random.choice((0, 1, 2, 3, 4, 5, 16, 40))
    body = bytes([1, function]) + random.choice((b"", bytes([random.randrange(256)]))) + data[:size]
    frame = body + _modbus_crc(body)
    return (
        data[: random.choice((0, 3))] + frame + data[: random.choice((0, 2))] + random.randbytes(1)
    )


def _contact(data: bytes) -> None:
    """Let a contact bounce: it changes only when all that was seen for its time says so."""
    debounced, at_s, changed_s = Debounced(0.05, is_on=False), 0.0, -1.0
    contact = Contact(1, Normally.CLOSED)
    for byte in data[:200]:
        at_s += (byte >> 1) / 1000
        if debounced.feed(contact.is_active((bool(byte & 1),)), at_s):
            assert at_s - changed_s >= 0.05
            changed_s = at_s


# --- JSON on the device broker ---


def _relay(kind: RelayKind) -> Callable[[bytes], None]:
    topics = {
        RelayKind.SHELLY: ("relay/online", "gatewayd-relay-1/rpc"),
        RelayKind.TASMOTA: ("tele/relay/LWT", "stat/relay/RESULT"),
    }[kind]

    def check(data: bytes) -> None:
        profile = relay_profile(kind, "relay", 1, 700)
        profile.probe()
        profile.pulse()
        for topic in topics:
            answer = profile.read(Inbound(topic, data, is_retained=False))
            told = getattr(answer, "fault", None)
            assert told is None or len(told) < 400
            if isinstance(answer, Pulsed):
                profile.pulse()

    return check


_SHELLY = ({"id": 2, "result": {}}, {"id": 1, "error": {"code": -103, "message": "no"}}, {"id": 1})
_TASMOTA = ({"PulseTime1": {"Set": 7, "Remaining": 0}}, {"POWER": "ON"}, {"POWER1": "ON"})


def _sensor(data: bytes) -> None:
    for member in ("", "contact", "a.b"):
        sensor = MqttSensor(_Deaf(), "t", member, closed="true", opened="false")  # type: ignore[arg-type]
        assert sensor._read(data) in {True, False, None}


TARGETS = (
    Target("line", "a reader's line: all terminators, AIM ids", _line, _line_seeds,
           mutate_words((b"\r", b"\n", b"\x02", b"\x03", b"\x04", b"\t", b"]Q1", b"x" * 300))),
    Target("gm65", "frames of a GM65", _gm65, _gm65_seeds, mend_gm65, size_max=8000),
    Target("gm65-session", "a GM65 being set up and watched", _session(_gm65_session),
           _set_up_reader, mend_gm65),
    Target("ssi", "packets of SSI", _ssi, _ssi_seeds, mend_ssi),
    Target("ssi-session", "a Zebra reader being set up and watched",
           _session(lambda: SsiSession("tty", 9600)), _ssi_seeds, mend_ssi),
    Target("parts", "codes of several parts", _parts, lambda: _PARTS,
           mutate_words((b"shc:/", b"/1/2/", b"/2/2/", b"\n", b"\n\n", b"5", b"/"))),
    Target("osdp", "events of OSDP devices", _osdp, lambda: [b"\x12\x34\x56\x1a\x00\x00\x00"]),
    Target("board-7e", "frames of 7E/7F boards, both ways", _board, _board_seeds, mend_board),
    Target("modbus", "answers on a Modbus line", _modbus, _modbus_seeds, mend_modbus, size_max=300),
    Target("contact", "a contact that bounces", _contact, lambda: [b"\x03\x02\x65\x64\x03"]),
    Target("shelly", "answers of a Shelly relay", _relay(RelayKind.SHELLY),
           lambda: [*map(dumps, _SHELLY), b"true"], mutate_json, size_max=12_000),
    Target("tasmota", "answers of a Tasmota relay", _relay(RelayKind.TASMOTA),
           lambda: [*map(dumps, _TASMOTA), b"Online"], mutate_json, size_max=12_000),
    Target("mqtt-sensor", "a contact that speaks MQTT", _sensor,
           lambda: [dumps({"contact": True}), dumps({"a": {"b": "false"}}), b"true"], mutate_json,
           size_max=12_000),
)  # fmt: skip
