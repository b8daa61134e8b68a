"""The messages of the MQTT binding, their limits and their topics."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from firmware_protocol.inputs import Result
from firmware_protocol.messages import Cancel, Indicate, SetMode, State
from firmware_protocol.words import Command, LogEntry

FIRMWARE_SIZE_MAX: Final = 32

TTL_MS_MAX: Final = 10_000
"""Nobody waits longer before a closed gate, and an `open` must be worthless soon."""

CONTACTS_MAX: Final = (1 << 32) - 1
"""All 32 inputs are closed."""


@dataclass(frozen=True, slots=True)
class Ack:
    """The host is there, and has every entry of `log` up to `upto` on its disk.

    nonce: the host's own challenge. is_hello: answer with a heartbeat at once.
    """

    nonce: str
    log: bytes
    upto: int
    is_hello: bool


@dataclass(frozen=True, slots=True)
class Open:
    """Let one person through. ttl_ms counts from the heartbeat that is echoed."""

    command: Command
    unlock_ms: int
    ttl_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """How the device is, and its challenge `nonce`.

    log: drawn each time the log's storage is formatted. acknowledged: the highest `upto` it took.
    """

    nonce: str
    firmware: str
    log: bytes
    boot: int
    acknowledged: int
    state: State


@dataclass(frozen=True, slots=True)
class Gone:
    """The will: the broker lost the device's connection `session`."""

    session: str


HostMessage = Ack | Open | Cancel | SetMode | Indicate
DeviceMessage = Heartbeat | Result | LogEntry


class HostKind(StrEnum):
    """The last level of a message's topic."""

    ACK = "ack"
    OPEN = "open"
    CANCEL = "cancel"
    MODE = "mode"
    INDICATE = "indicate"


class DeviceKind(StrEnum):
    """The last level of a message's topic."""

    HEARTBEAT = "heartbeat"
    RESULT = "result"
    EVENT = "event"
    STATE = "state"


@dataclass(frozen=True, slots=True)
class Publication:
    """To be published with QoS 1, not retained."""

    topic: str
    payload: bytes


def topic_of(device: str, kind: HostKind | DeviceKind) -> str:
    return f"gatelink/v1/{device}/{kind}"
