"""Fuzz targets: the controller protocol, both bindings, each side against a stranger and a liar.

A liar has the key: what it sends is sealed as it should be, so that the bodies are reached too.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from random import Random

from firmware_protocol import bodies
from firmware_protocol.channel import Channel
from firmware_protocol.device import Device, Identity
from firmware_protocol.frames import (
    BODY_SIZE_MAX,
    P_SIZE_MAX,
    Deframer,
    Frame,
    Noise,
    cobs_decode,
    cobs_encode,
    encode,
)
from firmware_protocol.host import Host
from firmware_protocol.memory import LOG_ROWS_MAX, Memory
from firmware_protocol.messages import (
    AuthOk,
    Cancel,
    Hello,
    HelloAck,
    Malformed,
    SetMode,
)
from firmware_protocol.mqtt_binding import FromDevice, FromHost, read_device, read_host, write
from firmware_protocol.mqtt_freshness import CHALLENGE_SIZE
from firmware_protocol.mqtt_host import HostSide
from firmware_protocol.mqtt_messages import DeviceKind, HostKind, topic_of
from firmware_protocol.mqtt_seal import (
    PAYLOAD_SIZE_MAX,
    Refused,
    Sender,
    derive_key,
    unseal,
)
from firmware_protocol.words import Command, Direction, Mode
from tests.fuzz.cbor_trees import mutate_cbor
from tests.fuzz.json_trees import dumps, mutate_json
from tests.fuzz.target import Given, Target, chunks
from tests.unit.gatelink_line import LOG, PSK, Line, counting_token
from tests.unit.mqtt_world import DEVICE, World

_GRANT = b"grant of 16 byte"
_CODES = tuple(layout.type for layout in bodies.LAYOUTS.values())


# --- frames and bodies ---


def _frames(data: bytes) -> None:
    given = Given(data)
    random, wire = Random(given.byte()), given.rest()
    whole = Deframer().feed(wire)
    deframer = Deframer()
    found = [one for piece in chunks(wire, random) for one in deframer.feed(piece)]
    assert found == whole, "the chunks change it"
    assert len(deframer._buffer) <= P_SIZE_MAX + 1, "holds more than a frame"
    for one in whole:
        if isinstance(one, Frame):
            assert Deframer().feed(encode(one)) == [one]
    decoded = cobs_decode(wire[:P_SIZE_MAX].replace(b"\0", b""))
    if decoded is not None and len(decoded) <= P_SIZE_MAX:
        assert cobs_decode(cobs_encode(decoded)) == decoded


def _frame_seeds() -> list[bytes]:
    line = Line()
    line.connect()
    line.open()
    line.run(300)
    sent = [data for _, _, data in line.sent]
    return [*(data + b"\0" for data in sent[:8]), b"".join(sent[:4]) + b"\7"]


def _in_frames(data: bytes, random: Random) -> bytes:
    """Put what is there into frames with a right checksum."""
    made = data[: random.choice((0, 0, 3))]
    for _ in range(random.choice((1, 2))):
        body = random.choice((data[:BODY_SIZE_MAX], data[1:40], random.randbytes(4)))
        frame = Frame(
            kind=random.choice((*_CODES, 0, 255)),
            is_from_device=random.random() < 0.5,
            session=random.choice((0, 1, 2**32 - 1)),
            sequence=random.choice((0, 1, 65535)),
            is_repeat=random.random() < 0.5,
            body=body,
            mac=random.choice((b"", bytes(8))),
        )
        made += encode(frame)
    return made + random.randbytes(1)


def _body(data: bytes) -> None:
    given = Given(data)
    code, body = given.byte(), given.rest()[:BODY_SIZE_MAX]
    for kind in (code, _CODES[code % len(_CODES)]):
        message = bodies.decode(kind, body)
        if isinstance(message, Malformed) or _has_unknown_words(message):
            continue
        again, plain = bodies.encode(message)
        assert again == kind
        assert bodies.decode(kind, plain) == message


def _has_unknown_words(message: object) -> bool:
    """Tell whether a code of a later version was read as no word: that is not written again."""
    required = ("direction", "reason", "mode", "kind")
    return any(getattr(message, name, "") in {None, "other"} for name in required)


def _body_seeds() -> list[bytes]:
    frames = [frame for data in _frame_seeds() for frame in Deframer().feed(data)]
    return [one.body + bytes([one.kind]) for one in frames if isinstance(one, Frame)]


def _mutate_body(data: bytes, random: Random) -> bytes:
    code = random.choice(_CODES) if random.random() < 0.1 or not data else data[-1]
    return mutate_cbor(data[:-1], random)[:BODY_SIZE_MAX] + bytes([code])


# --- the serial sides ---


def _cut_bodies(data: bytes) -> list[tuple[int, bytes]]:
    """Take an input as messages: a type byte, a size, a body; again until all is used."""
    found, at = [], 0
    while at + 2 <= len(data) and len(found) < 20:
        size = data[at + 1] % (BODY_SIZE_MAX + 1)
        found.append((data[at], data[at + 2 : at + 2 + size]))
        at += 2 + size
    return found


def _host(data: bytes) -> None:
    """Let a device that has the key say anything, in its session and before."""
    given = Given(data)
    random, now_ms = Random(given.byte()), 0
    host = Host(PSK, name="gateway", token=counting_token("fuzz"))
    hello = _sent(host.open_line(now_ms).data)[-1]
    first = bodies.decode(hello.kind, hello.body)
    assert isinstance(first, Hello)
    nonce = bytes(range(16))
    channel = Channel(PSK, first.nonce + nonce, 7, is_device=True)
    offer = HelloAck(
        nonce=nonce, version=1, device="tripod", firmware="1.0", boot=1, uptime_ms=1000, log=LOG,
        head=5, first=1, acknowledged=0, lost_count=0,
    )  # fmt: skip
    offered = channel.seal(offer, hello.content())
    auth = _sent(host.feed(encode(offered), now_ms).data)[-1]
    assert channel.accept(auth, hello.content() + offered.content())
    host.feed(encode(channel.seal(AuthOk())), now_ms)
    assert host.is_connected
    host.open(Command(_GRANT, Direction.ENTRY), 5000, 1500, now_ms)
    for kind, body in _cut_bodies(given.rest()):
        now_ms += random.choice((0, 1, 50, 250, 600))
        frame = channel.seal_body(kind, body)
        if random.random() < 0.1:
            frame = replace(frame, mac=b"", session=random.choice((0, 7)))
        output = host.feed(encode(frame), now_ms)
        assert len(output.data) <= 4096, "says more than is asked"
        due_ms = host.deadline_ms()
        if due_ms is not None and due_ms <= now_ms:
            host.tick(now_ms)
    host.wish(Cancel(_GRANT), now_ms)
    host.tick(now_ms + 2000)
    host.close_line(now_ms + 2000)
    assert not host.is_connected


def _device(data: bytes) -> None:
    """Let a host that has the key say anything."""
    given = Given(data)
    random, now_ms = Random(given.byte()), 0
    token = counting_token("fuzz")
    device = Device(PSK, Memory(), device=Identity("tripod", "1.0", LOG), token=token)
    device.start(0)
    kind, body = bodies.encode(Hello(bytes(16), 1, 1, "gateway"))
    hello = Frame(kind=kind, is_from_device=False, body=body)
    offered = _sent(device.feed(encode(hello), now_ms).data)[-1]
    offer = bodies.decode(offered.kind, offered.body)
    assert isinstance(offer, HelloAck)
    channel = Channel(PSK, bytes(16) + offer.nonce, offered.session, is_device=False)
    assert channel.accept(offered, hello.content())
    kind, body = bodies.encode(bodies.Auth())
    proof = channel.seal_body(kind, body, hello.content() + offered.content())
    device.feed(encode(proof), now_ms)
    for code, said in _cut_bodies(given.rest()):
        now_ms += random.choice((0, 1, 50, 250, 1100))
        frame = channel.seal_body(code, said)
        if random.random() < 0.1:
            frame = replace(frame, mac=b"", session=random.choice((0, 1)))
        output = device.feed(encode(frame), now_ms)
        assert len(output.data) <= 4096, "says more than is asked"
        due_ms = device.deadline_ms()
        if due_ms is not None and due_ms <= now_ms:
            device.tick(now_ms)
        assert len(device.controller.memory.entries) <= LOG_ROWS_MAX


def _sent(data: bytes) -> list[Frame]:
    return [one for one in Deframer().feed(data) if not isinstance(one, Noise)]


def _lying_seeds(*, is_device: bool) -> Callable[[], list[bytes]]:
    def seeds() -> list[bytes]:
        line = Line()
        line.plug()
        line.run(100)
        line.open()
        line.wish(SetMode(Mode.EXIT_ONLY))
        line.run(800)
        frames = [frame for _, _, data in line.sent for frame in _sent(data)]
        made = [
            bytes([frame.kind, len(frame.body)]) + frame.body
            for frame in frames
            if frame.is_from_device is is_device and len(frame.body) < 200
        ]
        whole = b"".join(made[:12])
        return [*(one + b"\0" for one in dict.fromkeys(made[:20])), whole + b"\1"]

    return seeds


def _mutate_lie(data: bytes, random: Random) -> bytes:
    """Change one of the messages as CBOR."""
    said = _cut_bodies(data[:-1]) or [(0x11, b"\xa0")]
    at = random.randrange(len(said))
    kind, body = said[at]
    match random.randrange(5):
        case 0:
            said.insert(at, said[random.randrange(len(said))])
        case 1:
            said[at] = (random.choice(_CODES), body)
        case _:
            said[at] = (kind, mutate_cbor(body, random)[:BODY_SIZE_MAX])
    made = b"".join(bytes([kind, len(body)]) + body for kind, body in said)
    return made + random.randbytes(1)


# --- the MQTT binding ---

_KEYS = {sender: derive_key(PSK, sender) for sender in Sender}


def sealed(key: bytes, topic: str, text: bytes) -> bytes:
    """Seal what may be no message at all: everything but its last brace."""
    from firmware_protocol.mqtt_seal import _MAC_OPENING, _mac  # noqa: PLC0415 - the seal's own

    bare = text[:-1] if text.endswith(b"}") else text
    return bare + _MAC_OPENING + _mac(key, topic, bare) + b'"}'


def _mqtt_message(data: bytes) -> None:
    """Read any sealed payload on any topic, and what nobody sealed."""
    given = Given(data)
    number, text = given.byte(), given.rest()
    for kinds, sender, read in (
        (list(HostKind), Sender.HOST, read_host),
        (list(DeviceKind), Sender.DEVICE, read_device),
    ):
        topic = topic_of(DEVICE, kinds[number % len(kinds)])
        assert isinstance(read(_KEYS[sender], DEVICE, topic, text), Refused), "forged"
        payload = sealed(_KEYS[sender], topic, text)
        found = read(_KEYS[sender], DEVICE, topic, payload)
        if len(payload) > PAYLOAD_SIZE_MAX:
            assert isinstance(found, Refused)
        if isinstance(found, FromHost | FromDevice):
            again = write(_KEYS[sender], DEVICE, found.message, found.stamp)
            assert again.topic == topic
            assert read(_KEYS[sender], DEVICE, topic, again.payload) == found
        other = topic_of("other", kinds[number % len(kinds)])
        assert read(_KEYS[sender], DEVICE, other, payload) is None


def _carried() -> list[tuple[bool, str, bytes]]:
    world = World()
    world.link()
    world.open(_GRANT)
    world.run(3000)
    return [
        (one.to_device, one.publication.topic, one.publication.payload) for one in world.carried
    ]


def _mqtt_seeds() -> list[bytes]:
    found: dict[str, bytes] = {}
    for to_device, topic, payload in _carried():
        kind = topic.rpartition("/")[2]
        kinds = list(map(str, HostKind if to_device else DeviceKind))
        members = json.loads(payload)
        del members["mac"]
        found.setdefault(topic, dumps(members) + bytes([kinds.index(kind)]))
    return list(found.values())


def _mutate_mqtt(data: bytes, random: Random) -> bytes:
    return mutate_json(data[:-1], random) + (data[-1:] or b"\0")


def _mqtt_host(data: bytes) -> None:
    """Let a device that has the key say anything: lines are topic, blank, members."""
    host = HostSide(DEVICE, PSK, counting_token("fuzz"))
    host.start(0)
    nonce = b"0" * (2 * CHALLENGE_SIZE)
    now_ms, counter = 0, 0
    for line in data.split(b"\n")[:12]:
        kind, _, said = line.partition(b" ")
        if kind not in {str(one).encode() for one in DeviceKind} or not said.startswith(b"{"):
            continue
        counter += 1
        stamp = b'{"session":"%s","ctr":%d,"echo":"%s",' % (nonce, counter, host._nonce.encode())
        topic = topic_of(DEVICE, DeviceKind(kind.decode()))
        payload = sealed(_KEYS[Sender.DEVICE], topic, stamp + said[1:])
        host.feed(topic, payload, is_retained=False, now_ms=now_ms)
        if host.is_linked:
            host.open(Command(_GRANT, Direction.ENTRY), 5000, 1500, now_ms)
            host.acknowledge(bytes(8), 0)
        now_ms += 400
        host.tick(now_ms)
    assert len(host._pending) <= 1


def _mqtt_host_seeds() -> list[bytes]:
    lines = []
    for to_device, topic, payload in _carried():
        members = json.loads(payload)
        for name in ("mac", "session", "ctr", "echo"):
            members.pop(name, None)
        if not to_device:
            lines.append(topic.rpartition("/")[2].encode() + b" " + dumps(members))
    return [b"\n".join(lines[:4]), b"\n".join(lines[1:10])]


def _mutate_line(data: bytes, random: Random) -> bytes:
    lines = data.split(b"\n")
    at = random.randrange(len(lines))
    kind, blank, said = lines[at].partition(b" ")
    if random.random() < 0.2:
        lines.insert(at, random.choice(lines))
    else:
        lines[at] = kind + blank + mutate_json(said, random).replace(b"\n", b"")
    return b"\n".join(lines)


def _unseal(data: bytes) -> None:
    for topic in ("gatelink/v1/x/open", "gatelink/v1/x/result"):
        found = unseal(_KEYS[Sender.HOST], topic, data)
        assert isinstance(found, Refused), "forged"


TARGETS = (
    Target("gatelink-frames", "gatelink's serial frames", _frames, _frame_seeds, _in_frames),
    Target("gatelink-body", "the bodies of serial messages", _body, _body_seeds, _mutate_body),
    Target("gatelink-host", "a controller that has the key and says anything", _host,
           _lying_seeds(is_device=True), _mutate_lie, is_slow=True),
    Target("gatelink-device", "a host that has the key and says anything", _device,
           _lying_seeds(is_device=False), _mutate_lie, is_slow=True),
    Target("gatelink-mqtt", "messages of the MQTT binding, sealed", _mqtt_message, _mqtt_seeds,
           _mutate_mqtt, size_max=2000),
    Target("gatelink-mqtt-host", "a controller on MQTT that has the key and says anything",
           _mqtt_host, _mqtt_host_seeds, _mutate_line, size_max=8000),
    Target("gatelink-seal", "the MQTT binding, unsealed", _unseal,
           lambda: [payload for _, _, payload in _carried()[:6]]),
)  # fmt: skip
