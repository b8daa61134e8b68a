"""How network relays are asked for a board-timed pulse over MQTT, and how they answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from drivers.base import DriverError, Inbound

# A status of all components of a big Shelly takes about 2 KiB.
PAYLOAD_SIZE_MAX: Final = 8_192
# Tasmota counts tenths of a second up to here; above it counts seconds.
_TASMOTA_TENTHS_MAX: Final = 111


class RelayKind(StrEnum):
    SHELLY = "shelly"
    TASMOTA = "tasmota"


@dataclass(frozen=True, slots=True)
class Request:
    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Online:
    """What the device's will says; the device itself retains it, so it may be old."""

    is_on: bool


@dataclass(frozen=True, slots=True)
class Probed:
    """The device answered a probe just now; `fault` says why it cannot be used."""

    fault: str | None = None
    remedy: Request | None = None


@dataclass(frozen=True, slots=True)
class Pulsed:
    """The answer to a pulse; `fault` None: the relay is on, and its own timer ends that."""

    fault: str | None = None


Answer = Online | Probed | Pulsed


class Profile(Protocol):
    """One relay of a device."""

    @property
    def topic_filters(self) -> tuple[str, ...]: ...

    def probe(self) -> Request: ...

    def pulse(self) -> Request: ...

    def read(self, inbound: Inbound) -> Answer | None:
        """Return None for everything that is no answer to us; never raises."""
        ...


def relay_profile(kind: RelayKind, device: str, channel: int, pulse_ms: int) -> Profile:
    """Make a profile; `channel` as the maker counts: from 0 (Shelly), from 1 (Tasmota).

    Raises DriverError for a pulse that the device cannot time.
    """
    match kind:
        case RelayKind.SHELLY:
            return Shelly(device, channel, pulse_ms)
        case RelayKind.TASMOTA:
            return Tasmota(device, channel, pulse_ms)


class Shelly:
    """Shelly Gen2 and later: JSON-RPC over MQTT.

    Source: shelly-api-docs.shelly.cloud, Gen2 MQTT and Switch (`Switch.Set`, `toggle_after`).
    """

    def __init__(self, device: str, channel: int, pulse_ms: int) -> None:
        self._device = device
        self._channel = channel
        self._pulse_s = pulse_ms / 1000
        self._source = f"gatewayd-{device}-{channel}"
        self._number = 0
        self._pulse_number: int | None = None

    @property
    def topic_filters(self) -> tuple[str, ...]:
        return (f"{self._device}/online", f"{self._source}/rpc")

    def probe(self) -> Request:
        return self._call("Switch.GetStatus", {"id": self._channel})

    def pulse(self) -> Request:
        timed_on = {"id": self._channel, "on": True, "toggle_after": self._pulse_s}
        request = self._call("Switch.Set", timed_on)
        self._pulse_number = self._number
        return request

    def read(self, inbound: Inbound) -> Answer | None:
        if inbound.topic == f"{self._device}/online":
            return _online(inbound.payload, b"true", b"false")
        if inbound.is_retained or inbound.topic != f"{self._source}/rpc":
            return None
        answer = _json_object(inbound.payload)
        number = answer.get("id")
        if type(number) is not int or not ("result" in answer or "error" in answer):
            return None
        fault = f"error {answer['error']!r:.200}" if "error" in answer else None
        if number != self._pulse_number:
            return Probed(fault)
        self._pulse_number = None
        return Pulsed(fault)

    def _call(self, method: str, params: Mapping[str, object]) -> Request:
        self._number += 1
        call = {"id": self._number, "src": self._source, "method": method, "params": dict(params)}
        return Request(f"{self._device}/rpc", json.dumps(call).encode())


class Tasmota:
    """Tasmota: one command a topic; an answer carries no id of its question.

    Source: tasmota.github.io/docs, MQTT and Commands (`Power<x>`, `PulseTime<x>`).
    """

    def __init__(self, device: str, channel: int, pulse_ms: int) -> None:
        assert channel > 0, "POWER0 would switch every relay of the device"
        self._device = device
        self._channel = channel
        self._tenths, rest_ms = divmod(pulse_ms, 100)
        if rest_ms or not 0 < self._tenths <= _TASMOTA_TENTHS_MAX:
            raise DriverError(
                f"relay {device}: pulse_ms = {pulse_ms}, but a Tasmota relay times 100 to 11100 ms "
                "in steps of 100; take the nearest"
            )

    @property
    def topic_filters(self) -> tuple[str, ...]:
        return (f"tele/{self._device}/LWT", f"stat/{self._device}/RESULT")

    def probe(self) -> Request:
        """Ask for the pulse time; without it, ON would leave the gate open."""
        return Request(f"cmnd/{self._device}/PulseTime{self._channel}", b"")

    def pulse(self) -> Request:
        return Request(f"cmnd/{self._device}/POWER{self._channel}", b"ON")

    def read(self, inbound: Inbound) -> Answer | None:
        if inbound.topic == f"tele/{self._device}/LWT":
            return _online(inbound.payload, b"Online", b"Offline")
        if inbound.is_retained or inbound.topic != f"stat/{self._device}/RESULT":
            return None
        answer = _json_object(inbound.payload)
        pulse_time = answer.get(f"PulseTime{self._channel}")
        if isinstance(pulse_time, dict):
            return self._check(pulse_time.get("Set"))
        # A device with a single relay leaves the number out.
        names = {f"POWER{self._channel}"} | ({"POWER"} if self._channel == 1 else set())
        return Pulsed() if any(answer.get(name) == "ON" for name in names) else None

    def _check(self, tenths: object) -> Probed:
        if tenths == self._tenths:
            return Probed()
        name = f"PulseTime{self._channel}"
        remedy = Request(f"cmnd/{self._device}/{name}", str(self._tenths).encode())
        return Probed(f"its {name} is {tenths!r:.20} and must be {self._tenths}", remedy)


def _online(payload: bytes, on: bytes, off: bytes) -> Online | None:
    return Online(payload == on) if payload in {on, off} else None


def _json_object(payload: bytes) -> dict[str, object]:
    """Return the object, or an empty one where the payload is something else."""
    if len(payload) > PAYLOAD_SIZE_MAX:
        return {}
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
