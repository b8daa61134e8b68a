"""The type byte and the CBOR map of each message of the serial binding."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import cbor2

from firmware_protocol.fields import Code, Field, FieldError, Flag, Octets, Text, Unsigned
from firmware_protocol.inputs import Result
from firmware_protocol.messages import (
    LOG_NAME_SIZE,
    NONCE_SIZE,
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
    Malformed,
    Message,
    NoSession,
    Open,
    Ping,
    SetMode,
    State,
)
from firmware_protocol.settings import Settings, WithoutHost
from firmware_protocol.words import (
    GRANT_SIZE,
    Direction,
    EndReason,
    LogEntry,
    LogKind,
    Mode,
    Outcome,
    Signal,
)


@dataclass(frozen=True, slots=True)
class Layout:
    """`type` is the byte in the frame's head."""

    type: int
    fields: tuple[Field, ...]


DIRECTION = Code({0: Direction.ENTRY, 1: Direction.EXIT})
MODE = Code({0: Mode.NORMAL, 1: Mode.EXIT_ONLY, 2: Mode.FREE})
SIGNAL = Code(
    {
        0: Signal.READY,
        1: Signal.WAIT,
        2: Signal.GO,
        3: Signal.REFUSED,
        4: Signal.ASK_OFFICER,
        5: Signal.CLOSED,
        6: Signal.EMERGENCY,
        7: Signal.FAULT,
    }
)
GATE = Code({0: GateState.IDLE, 1: GateState.UNLOCKED, 2: GateState.PASSING})
OUTCOME = Code(
    {0: Outcome.OPENED, 1: Outcome.BUSY, 2: Outcome.FIRE, 3: Outcome.DENIED, 4: Outcome.EXPIRED}
)
WITHOUT_HOST = Code({0: WithoutHost.SECURE, 1: WithoutHost.SAFE})
# Open lists: an entry of a later version must still reach the journal and be acknowledged.
LOGGED_DIRECTION = Code(DIRECTION.words, is_open=True)
LOGGED_MODE = Code(MODE.words, is_open=True)
END_REASON = Code(
    {
        0: EndReason.TIMEOUT,
        1: EndReason.TURNED_BACK,
        2: EndReason.CANCELLED,
        3: EndReason.MODE,
        4: EndReason.FIRE,
        5: EndReason.REBOOT,
    },
    is_open=True,
)
LOG_KIND = Code(
    {
        0: LogKind.OTHER,
        1: LogKind.PASSAGE,
        2: LogKind.NOT_PASSED,
        3: LogKind.FORCED,
        4: LogKind.TAILGATE,
        5: LogKind.REVERSE,
        6: LogKind.HELD,
        7: LogKind.FIRE_ON,
        8: LogKind.FIRE_OFF,
        9: LogKind.FAULT_ON,
        10: LogKind.FAULT_OFF,
        11: LogKind.TAMPER,
        12: LogKind.POWER,
        13: LogKind.BOOT,
        14: LogKind.MODE_CHANGED,
        15: LogKind.HOST_LOST,
        16: LogKind.HOST_BACK,
    },
    is_open=True,
    unknown=LogKind.OTHER,
)
GRANT = Octets(GRANT_SIZE)
NONCE = Octets(NONCE_SIZE)
NAME = Text(32)
U8, U32, U64 = Unsigned(8), Unsigned(32), Unsigned(64)

LAYOUTS: Mapping[type[Message], Layout] = {
    Hello: Layout(
        0x01,
        (
            Field(0, "nonce", NONCE),
            Field(1, "version_min", U8),
            Field(2, "version_max", U8),
            Field(3, "host", NAME),
        ),
    ),
    HelloAck: Layout(
        0x02,
        (
            Field(0, "nonce", NONCE),
            Field(1, "version", U8),
            Field(2, "device", NAME),
            Field(3, "firmware", NAME),
            Field(4, "boot", U32),
            Field(5, "uptime_ms", U64),
            Field(6, "log", Octets(LOG_NAME_SIZE)),
            Field(7, "head", U64),
            Field(8, "first", U64),
            Field(9, "acknowledged", U64),
            Field(10, "lost_count", U64),
        ),
    ),
    Auth: Layout(0x03, ()),
    AuthOk: Layout(0x04, ()),
    NoSession: Layout(0x05, ()),
    Ping: Layout(0x10, ()),
    State: Layout(
        0x11,
        (
            Field(0, "uptime_ms", U64),
            Field(1, "head", U64),
            Field(2, "first", U64),
            Field(3, "mode", MODE),
            Field(4, "gate", GATE),
            Field(5, "grant", GRANT, is_optional=True),
            Field(6, "is_fire", Flag(), is_optional=True),
            Field(7, "is_faulty", Flag(), is_optional=True),
            Field(8, "entry_signal", SIGNAL),
            Field(9, "exit_signal", SIGNAL),
            Field(10, "settings", U32),
            Field(11, "contacts", U32, is_optional=True),
        ),
    ),
    Open: Layout(
        0x20,
        (
            Field(0, "grant", GRANT),
            Field(1, "direction", DIRECTION),
            Field(2, "unlock_ms", U32, is_optional=True),
            Field(3, "expires_at_ms", U64),
        ),
    ),
    Cancel: Layout(0x21, (Field(0, "grant", GRANT),)),
    SetMode: Layout(0x22, (Field(0, "mode", MODE),)),
    Indicate: Layout(0x23, (Field(0, "signal", SIGNAL), Field(1, "direction", DIRECTION))),
    Settings: Layout(
        0x24,
        (
            Field(0, "unlock_ms", U32),
            Field(1, "unlock_ms_max", U32),
            Field(2, "held_ms", U32),
            Field(3, "host_lost_ms", U32),
            Field(4, "without_host", WITHOUT_HOST),
        ),
    ),
    ConfigGet: Layout(0x25, ()),
    Result: Layout(
        0x2F,
        (
            Field(0, "grant", GRANT),
            Field(1, "outcome", OUTCOME),
            Field(2, "is_repeat", Flag(), is_optional=True),
        ),
    ),
    LogEntry: Layout(
        0x30,
        (
            Field(0, "sequence", U64),
            Field(1, "kind", LOG_KIND),
            Field(2, "boot", U32),
            Field(3, "at_ms", U64),
            Field(4, "direction", LOGGED_DIRECTION, is_optional=True),
            Field(5, "grant", GRANT, is_optional=True),
            Field(6, "reason", END_REASON, is_optional=True),
            Field(7, "mode", LOGGED_MODE, is_optional=True),
            Field(8, "is_free", Flag(), is_optional=True),
        ),
    ),
    EventAck: Layout(0x31, (Field(0, "upto", U64),)),
    LogRead: Layout(0x32, (Field(0, "start", U64, is_optional=True),)),
    LogState: Layout(
        0x33,
        (
            Field(0, "head", U64),
            Field(1, "first", U64),
            Field(2, "acknowledged", U64),
            Field(3, "lost_count", U64),
            Field(4, "in_force", GRANT, is_optional=True),
        ),
    ),
}
_BY_TYPE = {layout.type: kind for kind, layout in LAYOUTS.items()}


def encode(message: Message) -> tuple[int, bytes]:
    """Return the type byte and the CBOR body."""
    layout = LAYOUTS[type(message)]
    plain = {
        field.key: field.form.write(value)
        for field in layout.fields
        if not (_is_absent(value := getattr(message, field.name)) and field.is_optional)
    }
    return layout.type, cbor2.dumps(plain)


def decode(type_byte: int, body: bytes) -> Message | Malformed:
    """Read a foreign body. Unknown keys are ignored: a later version may add some."""
    kind = _BY_TYPE.get(type_byte)
    if kind is None:
        return Malformed(f"no message has the type {type_byte:02x}")
    try:
        plain = _load(body)
        values = {
            field.name: field.form.read(plain[field.key])
            for field in LAYOUTS[kind].fields
            if field.key in plain or not field.is_optional
        }
    except FieldError as error:
        return Malformed(f"{kind.__name__}: {error}")
    except KeyError as error:
        return Malformed(f"{kind.__name__}: key {error} is missing")
    make: Callable[..., Message] = kind
    return make(**values)


def _is_absent(value: object) -> bool:
    return value is None or value is False


def _load(body: bytes) -> Mapping[Any, Any]:
    """Read one CBOR map: definite lengths, no tags, no key twice, nothing after it."""
    source = io.BytesIO(body)
    decoder = cbor2.CBORDecoder(
        source,
        semantic_decoders=_NoTags(),
        read_size=1,
        max_depth=4,
        allow_indefinite=False,
        allow_duplicate_keys=False,
    )
    try:
        plain = decoder.decode()
    except cbor2.CBORDecodeError as error:
        raise FieldError(f"not the CBOR that is allowed here: {error}") from error
    if type(plain) is not dict or source.read():
        raise FieldError("expected one CBOR map and nothing after it")
    return plain


class _NoTags(dict[int, Callable[..., object]]):
    """Finds a refusal for every tag, known or not: a tag could stand for something huge."""

    def __missing__(self, tag: int) -> Callable[..., object]:
        return _refuse_tag


def _refuse_tag(*_: object) -> NoReturn:
    raise ValueError("tags are not allowed")
