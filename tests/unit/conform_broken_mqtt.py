"""Controllers that each break one rule of the MQTT binding alone, by its id."""

import json
from collections.abc import Callable
from dataclasses import replace

from firmware_protocol import mqtt_device
from firmware_protocol.inputs import ModeCommand
from firmware_protocol.mqtt_binding import write_will
from firmware_protocol.mqtt_device import DeviceSide
from firmware_protocol.mqtt_freshness import Freshness, Stamp
from firmware_protocol.mqtt_messages import Ack, Gone, HostKind, Publication
from firmware_protocol.mqtt_seal import PAYLOAD_SIZE_MAX, seal
from firmware_protocol.words import Mode

BROKEN: dict[str, Callable[..., DeviceSide]] = {}
"""Makes the controller that breaks a rule, from what a `DeviceSide` is made of."""

KNOWN = {"session", "ctr", "echo", "grant", "direction", "unlock_ms", "ttl_ms", "mac"}


def reads(*rules: str):
    """Have a controller take something else for what was sent, signed as it should be."""

    def note(change: Callable[[dict], dict | None]):
        class Reads(DeviceSide):
            def feed(self, topic: str, payload: bytes, *, is_retained: bool, now_ms: int):
                if topic.endswith(HostKind.OPEN) and (members := change(_members(payload))):
                    payload = seal(self._host_key, topic, members)
                return super().feed(topic, payload, is_retained=is_retained, now_ms=now_ms)

        for rule in rules:
            BROKEN[rule] = Reads
        return change

    return note


def _members(payload: bytes) -> dict:
    try:
        members = json.loads(payload)
    except ValueError:
        members = json.loads(payload + b"}")
    return {name: value for name, value in members.items() if name != "mac"}


@reads("M3a", "M3b", "M3c")
def checks_no_mac(members: dict) -> dict:
    return members


@reads("M3d")
def cuts_what_is_too_long(members: dict) -> dict | None:
    is_long = len(json.dumps(members)) > PAYLOAD_SIZE_MAX
    return {name: members[name] for name in members if name in KNOWN} if is_long else None


@reads("M3e")
def guesses(members: dict) -> dict:
    is_known = members.get("direction") in {"entry", "exit"}
    return {**members, "direction": members["direction"] if is_known else "entry"}


@reads("M3f")
def knows_no_later_versions(members: dict) -> dict | None:
    return members if set(members) <= KNOWN else {**members, "ttl_ms": 0}


def accepts(rule: str):
    """Have a controller tell fresh from stale in its own way."""

    def note(accept):
        own = type(f"Freshness{rule}", (Freshness,), {"accept": accept})

        class Accepts(DeviceSide):
            def __init__(self, *args, **kwargs) -> None:
                super().__init__(*args, **kwargs)
                self._freshness.__class__ = own

        BROKEN[rule] = Accepts
        return accept

    return note


@accepts("M4a")
def takes_what_answers_nothing(freshness: Freshness, stamp: Stamp, now_ms: int) -> int | None:
    known = {it.nonce for it in freshness._challenges}
    return Freshness.accept(freshness, stamp, now_ms) if stamp.echo in known else now_ms


@accepts("M4b")
def counts_nothing(freshness: Freshness, stamp: Stamp, now_ms: int) -> int | None:
    if stamp.session == freshness._session:
        freshness._counter = 0
    return Freshness.accept(freshness, stamp, now_ms)


@accepts("M4c")
def forgets_no_challenge(freshness: Freshness, stamp: Stamp, now_ms: int) -> int | None:
    answered = next((it for it in freshness._challenges if it.nonce == stamp.echo), None)
    is_old = answered is not None and now_ms - answered.at_ms > 5_000
    return now_ms if is_old else Freshness.accept(freshness, stamp, now_ms)


@accepts("M4d")
def takes_every_session(freshness: Freshness, stamp: Stamp, now_ms: int) -> int | None:
    freshness._newest_number = 0
    return Freshness.accept(freshness, stamp, now_ms)


class SaysTheSame(DeviceSide):
    """Answers a hello with the challenge of before."""

    def _obey(self, message, asked_at_ms: int, now_ms: int) -> None:
        if isinstance(message, Ack) and message.is_hello and self._nonce:
            super()._obey(replace(message, is_hello=False), asked_at_ms, now_ms)
            self._send_heartbeat(now_ms)
        else:
            super()._obey(message, asked_at_ms, now_ms)


class KeepsItsChallenges(DeviceSide):
    """Over a power cut, as a maker's flash would."""

    kept: Freshness | None = None

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        cls = KeepsItsChallenges
        if self.controller.memory.boot_count > 1 and cls.kept is not None:
            self._freshness._challenges = cls.kept._challenges
            self._freshness._number = cls.kept._number
        cls.kept = self._freshness


class HasAnOldWill(DeviceSide):
    """Makes its will once for all."""

    def will(self) -> Publication:
        super().will()
        return write_will(self._device_key, self._device.name, Gone("00" * 8))


class ShowsNothingAtOnce(DeviceSide):
    def _tell(self, now_ms: int) -> None:
        pass


class TakesEveryLog(DeviceSide):
    def _obey(self, message, asked_at_ms: int, now_ms: int) -> None:
        if isinstance(message, Ack):
            message = replace(message, log=self._device.log)
        super()._obey(message, asked_at_ms, now_ms)


class SaysNothingForLong(DeviceSide):
    def _beat(self, now_ms: int) -> None:
        super()._beat(now_ms)
        self._beat_at_ms = now_ms + 2_500


class IsImpatient(DeviceSide):
    def _hear(self, now_ms: int) -> None:
        super()._hear(now_ms)
        self._host_lost_at_ms = now_ms + 1_300


class TellsOnce(DeviceSide):
    def _push(self, now_ms: int) -> None:
        super()._push(now_ms)
        if self._pushed:
            self._push_again_at_ms = now_ms + 3_600_000


class RepeatsTheNewest(DeviceSide):
    def _push(self, now_ms: int) -> None:
        if self._pushed and self._is_pushing() and now_ms >= self._push_again_at_ms:
            self._pushed = self.controller.memory.head - 1
            self._push_again_at_ms = now_ms + 500
        super()._push(now_ms)


MODE_BEFORE = [Mode.NORMAL]


class KeepsItsMode(DeviceSide):
    def connected(self, now_ms: int):
        self._step(ModeCommand(MODE_BEFORE[0]), now_ms)
        return super().connected(now_ms)

    def _step(self, what, now_ms: int) -> None:
        super()._step(what, now_ms)
        MODE_BEFORE[0] = self.controller.mode


PATCHES: dict[str, tuple[object, str, object]] = {"R19b": (mqtt_device, "EVENT_WINDOW", 100)}
"""Where breaking a rule takes another number only."""

BROKEN |= {
    "R11d": KeepsItsMode,
    "R13b": IsImpatient,
    "R19a": TellsOnce,
    "R19b": DeviceSide,
    "R19c": RepeatsTheNewest,
    "M4e": SaysTheSame,
    "M4f": KeepsItsChallenges,
    "M5a": SaysNothingForLong,
    "M5c": HasAnOldWill,
    "M5b": ShowsNothingAtOnce,
    "M6": TakesEveryLog,
}
