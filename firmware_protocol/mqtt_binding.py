"""The MQTT binding of the controller protocol: each message as sealed JSON on its topic."""

from dataclasses import dataclass

from firmware_protocol.controller import UNLOCK_MS_MAX
from firmware_protocol.inputs import Result
from firmware_protocol.messages import (
    Cancel,
    GateState,
    Indicate,
    SetMode,
    State,
)
from firmware_protocol.mqtt_freshness import CHALLENGE_SIZE, Stamp
from firmware_protocol.mqtt_members import MemberError, Members
from firmware_protocol.mqtt_messages import (
    CONTACTS_MAX,
    FIRMWARE_SIZE_MAX,
    TTL_MS_MAX,
    Ack,
    DeviceKind,
    DeviceMessage,
    Gone,
    Heartbeat,
    HostKind,
    HostMessage,
    Open,
    Publication,
    topic_of,
)
from firmware_protocol.mqtt_seal import Refusal, Refused, Scalar, seal, unseal
from firmware_protocol.words import (
    Command,
    Direction,
    EndReason,
    LogEntry,
    LogKind,
    Mode,
    Outcome,
    Signal,
)


@dataclass(frozen=True, slots=True)
class FromHost:
    stamp: Stamp
    message: HostMessage


@dataclass(frozen=True, slots=True)
class FromDevice:
    stamp: Stamp
    message: DeviceMessage


def write(
    key: bytes, device: str, message: HostMessage | DeviceMessage, stamp: Stamp
) -> Publication:
    """Return the message, sealed with its sender's key."""
    kind, members = _members(message)
    head: dict[str, Scalar] = {
        "session": stamp.session,
        "ctr": stamp.counter,
        "echo": stamp.echo,
    }
    stamped = head | members
    present = {name: value for name, value in stamped.items() if value is not None}
    topic = topic_of(device, kind)
    return Publication(topic, seal(key, topic, present))


def write_will(key: bytes, device: str, will: Gone) -> Publication:
    """Return what the broker says for the device; its `session` stands for the stamp."""
    topic = topic_of(device, DeviceKind.STATE)
    members = {"state": "fault", "reason": "offline", "session": will.session}
    return Publication(topic, seal(key, topic, members))


def read_host(key: bytes, device: str, topic: str, payload: bytes) -> FromHost | Refused | None:
    """Return a host's message; None if the topic is none that a host writes to."""
    kind = next((kind for kind in HostKind if topic == topic_of(device, kind)), None)
    if kind is None:
        return None
    members = unseal(key, topic, payload)
    if isinstance(members, Refused):
        return members
    try:
        taken = Members(members)
        return FromHost(_read_stamp(taken), _read_host(kind, taken))
    except MemberError as error:
        return Refused(Refusal.MALFORMED, f"{kind}: {error}")


def read_device(
    key: bytes, device: str, topic: str, payload: bytes
) -> FromDevice | Gone | Refused | None:
    """Return a device's message; None if the topic is none that a device writes to."""
    kind = next((kind for kind in DeviceKind if topic == topic_of(device, kind)), None)
    if kind is None:
        return None
    members = unseal(key, topic, payload)
    if isinstance(members, Refused):
        return members
    try:
        taken = Members(members)
        message = _read_device(kind, taken)
        return message if isinstance(message, Gone) else FromDevice(_read_stamp(taken), message)
    except MemberError as error:
        return Refused(Refusal.MALFORMED, f"{kind}: {error}")


# --- writing -------------------------------------------------------------------------------------


def _members(
    message: HostMessage | DeviceMessage,
) -> tuple[HostKind | DeviceKind, dict[str, Scalar]]:
    match message:
        case Ack(nonce, log, upto, is_hello):
            return HostKind.ACK, {"nonce": nonce, "log": log.hex(), "upto": upto, "hello": is_hello}
        case Open(command, unlock_ms, ttl_ms):
            return HostKind.OPEN, {
                "grant": command.grant.hex(),
                "direction": command.direction,
                "unlock_ms": unlock_ms,
                "ttl_ms": ttl_ms,
            }
        case Cancel(grant):
            return HostKind.CANCEL, {"grant": grant.hex()}
        case SetMode(mode):
            return HostKind.MODE, {"mode": mode}
        case Indicate(signal, direction):
            return HostKind.INDICATE, {"signal": signal, "direction": direction}
        case Heartbeat():
            return DeviceKind.HEARTBEAT, _heartbeat_members(message)
        case Result(grant, outcome):
            return DeviceKind.RESULT, {"grant": grant.hex(), "outcome": outcome}
        case LogEntry():
            return DeviceKind.EVENT, _entry_members(message)


def _heartbeat_members(beat: Heartbeat) -> dict[str, Scalar]:
    state = beat.state
    return {
        "nonce": beat.nonce,
        "firmware": beat.firmware,
        "log": beat.log.hex(),
        "first": state.first,
        "head": state.head,
        "acked": beat.acknowledged,
        "boot": beat.boot,
        "uptime_ms": state.uptime_ms,
        "mode": state.mode,
        "gate": state.gate,
        "grant": _hex_or_none(state.grant),
        "fire": state.is_fire,
        "fault": state.is_faulty,
        "entry_signal": state.entry_signal,
        "exit_signal": state.exit_signal,
        "contacts": state.contacts,
    }


def _entry_members(entry: LogEntry) -> dict[str, Scalar]:
    return {
        "seq": entry.sequence,
        "kind": entry.kind,
        "boot": entry.boot,
        "at_ms": entry.at_ms,
        "direction": entry.direction,
        "grant": _hex_or_none(entry.grant),
        "reason": entry.reason,
        "mode": entry.mode,
        "free": entry.is_free or None,
    }


def _hex_or_none(value: bytes | None) -> str | None:
    return None if value is None else value.hex()


# --- reading -------------------------------------------------------------------------------------


def _read_stamp(members: Members) -> Stamp:
    return Stamp(
        members.hexadecimal("session", CHALLENGE_SIZE),
        members.integer("ctr", 1),
        members.hexadecimal("echo", CHALLENGE_SIZE) if members.has("echo") else None,
    )


def _read_host(kind: HostKind, members: Members) -> HostMessage:
    match kind:
        case HostKind.ACK:
            return Ack(
                members.hexadecimal("nonce", CHALLENGE_SIZE),
                members.log_name(),
                members.integer("upto", 0),
                members.flag("hello"),
            )
        case HostKind.OPEN:
            return Open(
                Command(members.grant(), members.word("direction", Direction)),
                members.integer("unlock_ms", 1, UNLOCK_MS_MAX),
                members.integer("ttl_ms", 1, TTL_MS_MAX),
            )
        case HostKind.CANCEL:
            return Cancel(members.grant())
        case HostKind.MODE:
            return SetMode(members.word("mode", Mode))
        case HostKind.INDICATE:
            return Indicate(members.word("signal", Signal), members.word("direction", Direction))


def _read_device(kind: DeviceKind, members: Members) -> DeviceMessage | Gone:
    match kind:
        case DeviceKind.HEARTBEAT:
            return _read_heartbeat(members)
        case DeviceKind.RESULT:
            return Result(members.grant(), members.word("outcome", Outcome), is_repeat=False)
        case DeviceKind.EVENT:
            return _read_entry(members)
        case DeviceKind.STATE:
            return Gone(members.hexadecimal("session", CHALLENGE_SIZE))


def _read_heartbeat(members: Members) -> Heartbeat:
    has_contacts = members.has("contacts")
    return Heartbeat(
        nonce=members.hexadecimal("nonce", CHALLENGE_SIZE),
        firmware=members.text("firmware", FIRMWARE_SIZE_MAX),
        log=members.log_name(),
        boot=members.integer("boot", 1),
        acknowledged=members.integer("acked", 0),
        state=State(
            uptime_ms=members.integer("uptime_ms", 0),
            head=members.integer("head", 0),
            first=members.integer("first", 1),
            mode=members.word("mode", Mode),
            gate=members.word("gate", GateState),
            grant=members.grant() if members.has("grant") else None,
            is_fire=members.flag("fire"),
            is_faulty=members.flag("fault"),
            entry_signal=members.word("entry_signal", Signal),
            exit_signal=members.word("exit_signal", Signal),
            contacts=members.integer("contacts", 0, CONTACTS_MAX) if has_contacts else None,
        ),
    )


def _read_entry(members: Members) -> LogEntry:
    kind = members.word_if_known("kind", LogKind) or LogKind.OTHER
    bodies = (LogKind.PASSAGE, LogKind.FORCED, LogKind.TAILGATE)
    has_grant = members.has("grant") or kind is LogKind.NOT_PASSED
    has_direction = members.has("direction") or kind in bodies
    return LogEntry(
        sequence=members.integer("seq", 1),
        kind=kind,
        boot=members.integer("boot", 1),
        at_ms=members.integer("at_ms", 0),
        direction=members.word("direction", Direction) if has_direction else None,
        grant=members.grant() if has_grant else None,
        reason=members.word_if_known("reason", EndReason),
        mode=members.word_if_known("mode", Mode),
        is_free=members.has("free") and members.flag("free"),
    )
