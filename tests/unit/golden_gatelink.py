"""Makes the golden frames of firmware_protocol/PROTOCOL.md: one short life of a session.

`python -m tests.unit.golden_gatelink > tests/golden/gatelink.json` writes them anew, and with the
argument `shared` those of a shared line, into gatelink_shared.json.
"""

import json
import sys
from dataclasses import dataclass, replace

from firmware_protocol import bodies
from firmware_protocol.channel import Channel
from firmware_protocol.frames import VERSION, Frame, encode
from firmware_protocol.inputs import Result
from firmware_protocol.messages import (
    Auth,
    AuthOk,
    Cancel,
    ConfigGet,
    EventAck,
    GateState,
    Hello,
    HelloAck,
    Indicate,
    LogRead,
    LogState,
    Message,
    NoSession,
    Open,
    Ping,
    SetMode,
    State,
)
from firmware_protocol.settings import FACTORY, Settings, WithoutHost
from firmware_protocol.words import (
    Direction,
    EndReason,
    LogEntry,
    LogKind,
    Mode,
    Outcome,
    Signal,
)

PSK = bytes(range(0x20))
HOST_NONCE = bytes.fromhex("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf")
DEVICE_NONCE = bytes.fromhex("b0b1b2b3b4b5b6b7b8b9babbbcbdbebf")
SESSION = 0x01020304
GRANT = bytes.fromhex("00112233445566778899aabbccddeeff")
ENTRY, EXIT = Direction.ENTRY, Direction.EXIT

NAMES = {
    Hello: "HELLO",
    HelloAck: "HELLO_ACK",
    Auth: "AUTH",
    AuthOk: "AUTH_OK",
    NoSession: "NOSESS",
    Ping: "PING",
    State: "STATE",
    Open: "OPEN",
    Cancel: "CANCEL",
    Settings: "CONFIG",
    ConfigGet: "CONFIG_GET",
    SetMode: "SET_MODE",
    Indicate: "INDICATE",
    Result: "RESULT",
    LogEntry: "EVENT",
    EventAck: "EVENT_ACK",
    LogRead: "LOG_READ",
    LogState: "LOG_STATE",
}

HELLO = Hello(HOST_NONCE, VERSION, VERSION, "gmsc")
OFFER = HelloAck(
    nonce=DEVICE_NONCE,
    version=VERSION,
    device="tripod-1",
    firmware="1.0",
    boot=7,
    uptime_ms=60_000,
    log=bytes.fromhex("c0c1c2c3c4c5c6c7"),
    head=41,
    first=41,
    acknowledged=40,
    lost_count=0,
)
IDLE = State(
    uptime_ms=60_010,
    head=41,
    first=41,
    mode=Mode.NORMAL,
    gate=GateState.IDLE,
    entry_signal=Signal.CLOSED,
    exit_signal=Signal.READY,
    settings=FACTORY.checksum,
)
UNLOCKED = State(
    uptime_ms=61_000,
    head=41,
    first=42,
    mode=Mode.NORMAL,
    gate=GateState.UNLOCKED,
    grant=GRANT,
    entry_signal=Signal.GO,
    exit_signal=Signal.READY,
    settings=FACTORY.checksum,
)
LET_IN = replace(UNLOCKED, head=42, first=41, entry_signal=Signal.CLOSED, exit_signal=Signal.CLOSED)
BOOTED = LogEntry(sequence=41, kind=LogKind.BOOT, boot=7, at_ms=0)
HOST_BACK = LogEntry(sequence=42, kind=LogKind.HOST_BACK, boot=7, at_ms=60_000)
PASSED = LogEntry(
    sequence=42, kind=LogKind.PASSAGE, boot=7, at_ms=62_200, direction=ENTRY, grant=GRANT
)
TURNED_BACK = LogEntry(
    sequence=43,
    kind=LogKind.NOT_PASSED,
    boot=7,
    at_ms=70_000,
    direction=ENTRY,
    grant=bytes(reversed(GRANT)),
    reason=EndReason.TURNED_BACK,
)
FREE_ENTRY = LogEntry(
    sequence=45, kind=LogKind.PASSAGE, boot=7, at_ms=80_000, direction=ENTRY, is_free=True
)
FREED = LogEntry(sequence=44, kind=LogKind.MODE_CHANGED, boot=7, at_ms=79_000, mode=Mode.FREE)
LOG_STATE = LogState(head=41, first=41, acknowledged=40, lost_count=0)
LOG_STATE_IN_FORCE = LogState(head=41, first=42, acknowledged=41, lost_count=0, in_force=GRANT)
SETTINGS = Settings(
    unlock_ms=4_000,
    unlock_ms_max=10_000,
    held_ms=20_000,
    host_lost_ms=3_000,
    without_host=WithoutHost.SAFE,
)

LIFE: list[tuple[str, Message]] = [
    ("device", AuthOk()),
    ("device", IDLE),
    ("device", BOOTED),
    ("host", Ping()),
    ("host", LogRead()),
    ("device", LOG_STATE),
    ("host", EventAck(41)),
    ("host", SetMode(Mode.NORMAL)),
    ("host", Indicate(Signal.GO, ENTRY)),
    ("host", Open(GRANT, ENTRY, 62_490, 5000)),
    ("device", Result(GRANT, Outcome.OPENED)),
    ("device", UNLOCKED),
    ("device", LOG_STATE_IN_FORCE),
    ("device", Result(GRANT, Outcome.OPENED, is_repeat=True)),
    ("device", PASSED),
    ("device", TURNED_BACK),
    ("device", FREED),
    ("device", FREE_ENTRY),
    ("host", Cancel(GRANT)),
    ("host", LogRead(44)),
    ("host", Open(bytes(reversed(GRANT)), EXIT, 63_000)),
    ("host", ConfigGet()),
    ("device", FACTORY),
    ("host", SETTINGS),
    ("device", SETTINGS),
]
SHARED_LIFE: list[tuple[str, Message]] = [
    ("device", AuthOk()),
    ("host", Open(GRANT, ENTRY, 62_490, 5000)),
    ("device", Result(GRANT, Outcome.OPENED)),
    ("host", Ping()),
    ("device", BOOTED),
    ("device", HOST_BACK),
    ("device", LET_IN),
]
ADDRESS = 3


@dataclass(frozen=True)
class Golden:
    name: str
    sender: str
    sequence: int
    ack: int
    body: str
    wire: str


def golden_frames(life: list[tuple[str, Message]] = LIFE, address: int = 0) -> list[Golden]:
    """Both sides of a session that never lost a byte, in the order of the page."""
    kind, body = bodies.encode(NoSession())
    refused = Frame(kind=kind, is_from_device=True, body=body, address=address)
    kind, body = bodies.encode(HELLO)
    hello = Frame(kind=kind, is_from_device=False, body=body, address=address)
    nonces = HOST_NONCE + DEVICE_NONCE
    host = Channel(PSK, nonces, SESSION, is_device=False, address=address)
    device = Channel(PSK, nonces, SESSION, is_device=True, address=address)
    offer = device.seal(OFFER, hello.content())
    assert host.accept(offer, hello.content())
    transcript = hello.content() + offer.content()
    auth = host.seal(Auth(), transcript)
    assert device.accept(auth, transcript)
    frames = [(NoSession(), refused), (HELLO, hello), (OFFER, offer), (Auth(), auth)]
    for sender, message in life:
        ours, theirs = (host, device) if sender == "host" else (device, host)
        frame = ours.seal(message)
        assert theirs.accept(frame)
        frames.append((message, frame))
    return [
        Golden(
            name=NAMES[type(message)],
            sender="device" if frame.is_from_device else "host",
            sequence=frame.sequence,
            ack=frame.ack,
            body=frame.body.hex(),
            wire=encode(frame).hex(),
        )
        for message, frame in frames
    ]


def shared_frames() -> list[Golden]:
    """The same handshake and a turn in which a person is let in, on a line with other devices."""
    return golden_frames(SHARED_LIFE, ADDRESS)


if __name__ == "__main__":
    frames = shared_frames() if sys.argv[1:] == ["shared"] else golden_frames()
    print(json.dumps([vars(golden) for golden in frames], indent=1))
