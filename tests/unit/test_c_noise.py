"""Whatever comes on its line, the C controller stays within its memory and hears the next frame."""

import zlib
from random import Random

import pytest

from firmware_protocol import bodies
from firmware_protocol.frames import Frame, encode
from tests.unit.c_host import Host

# The first of them builds the controller, on a machine that may have other work.
pytestmark = [pytest.mark.compiler, pytest.mark.timeout(120)]


def noise(random: Random, size_max: int) -> bytes:
    """Bytes with more zeros and fewer different ones than chance has."""
    drawn = bytes(random.choice([0, 1, 2, 5, 255, random.randrange(256)]) for _ in range(size_max))
    return drawn[: random.randrange(size_max + 1)]


def frames_of_anything(random: Random, host: Host) -> bytes:
    body = noise(random, 227)
    kind = random.choice([layout.type for layout in bodies.LAYOUTS.values()])
    if random.random() < 0.2:
        content = noise(random, 246)
        return encode_content(content)
    if random.random() < 0.3:
        return encode(Frame(kind=kind, is_from_device=False, body=body))
    return encode(host.channel.seal_body(kind, almost(random, kind, body)))


def almost(random: Random, kind: int, body: bytes) -> bytes:
    """A body that is nearly right, or nothing like it."""
    if random.random() < 0.3:
        return body
    layout = next(it for it in bodies.LAYOUTS.values() if it.type == kind)
    pairs = [bytes([field.key]) + value(random) for field in layout.fields]
    return bytes([0xA0 | len(pairs)]) + b"".join(pairs)


def value(random: Random) -> bytes:
    major, info = random.randrange(8), random.choice([0, 1, 2, 3, 16, 24, 25, 26, 27, 28, 31])
    return bytes([major << 5 | info]) + random.randbytes(random.choice([0, 1, 2, 4, 8, 16]))


def encode_content(content: bytes) -> bytes:
    payload = content + zlib.crc32(content).to_bytes(4, "little")
    return b"\0" + b"".join(bytes([len(it) + 1]) + it for it in payload.split(b"\0")) + b"\0"


@pytest.mark.parametrize("address", [0, 5])
@pytest.mark.parametrize(
    ("rounds", "seed"), [(300, 1), pytest.param(1_500, 2, marks=pytest.mark.slow)]
)
@pytest.mark.timeout(300)
def test_noise_and_nonsense_do_no_harm(rounds: int, seed: int, address: int) -> None:
    random = Random(seed)
    host = Host(address)
    for count in range(rounds):
        make = random.choice([lambda: noise(random, 600), lambda: frames_of_anything(random, host)])
        host.say(make())
        if count % 50 == 0:
            assert host.is_answered()
    assert host.is_answered()
    assert host.device.noise_count > rounds / 10


HELLO = encode(Frame(kind=0x01, is_from_device=False, body=b"\xa0"))[1:-1]
CONTENT = bytes.fromhex("11100000000000000000")


@pytest.mark.parametrize(
    "wire",
    [
        b"\0" + b"\x05" * 252 + b"\0",
        b"\0\xff\x01\0",
        b"\0" + HELLO[:-1] + bytes([HELLO[-1] ^ 1]) + b"\0",
        encode_content(CONTENT),
        encode_content(CONTENT + bytes(8)),
        encode_content(b"\x20" + CONTENT[1:] + bytes(20)),
        encode_content(b"\x14" + CONTENT[1:] + bytes(20)),
        encode_content(b"\x18" + CONTENT[1:] + bytes(20)),
    ],
    ids=["long", "code", "crc", "short", "short-mac", "version", "bit-2", "bit-3"],
)
def test_what_is_noise_is_counted_and_never_answered(wire: bytes) -> None:
    host = Host()
    assert host.say(wire) == []
    assert (host.device.noise_count, host.device.forged_count) == (1, 0)
    assert host.is_answered()


def test_the_longest_frame_is_no_noise() -> None:
    host = Host()
    assert host.say(encode_content(b"\x10\x7e" + b"\x01" * 244)) == []
    assert host.device.noise_count == 0
    host.say(encode_content(b"\x10\x7e" + b"\x01" * 245))
    assert host.device.noise_count == 1
