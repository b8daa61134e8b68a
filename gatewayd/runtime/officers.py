"""Officers at the gate: signing on and out, by PIN, by pass, or by the centre's word."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from gatewayd.core.decide import holder_of
from gatewayd.core.duty import (
    CENTRE,
    DESK,
    How,
    Session,
    officer_of,
    pass_label,
    read_sessions,
    told,
)
from gatewayd.core.events import Audit, Event
from gatewayd.core.folded import HOLDERS, OFFICERS
from gatewayd.core.spelling import EXPECTED_CATEGORY, is_category
from gatewayd.core.words import HolderId, Json
from gatewayd.ports import Blocking, Chance, Clock, Pins, StorageError
from gatewayd.runtime.asked import Scan
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.recorder import Recorder
from gatewayd.runtime.requests import Answer, RequestError, Verb, officer_audit, record

PIN_DIGITS_MIN, PIN_DIGITS_MAX = 6, 12
WRONG_PINS_MAX = 5  # Typing with wet hands takes three.
LOCKED_S = 300.0  # Five tries in it: the million PINs of six digits take two years.
SALT_SIZE = 16
OFFICERS_MAX = 500  # Of one gate; more is a mistake.


@dataclass(frozen=True, slots=True)
class SignOn:
    """What signing on works with."""

    pins: Pins
    blocking: Blocking
    clock: Clock
    chance: Chance


@dataclass(slots=True)
class _Tries:
    """Wrong PINs of an officer; each try counts as one until it was right."""

    wrong: int = 0
    locked_until_s: float = 0.0


class Officers:
    """One for each daemon: it counts wrong PINs."""

    def __init__(self, gate: Gate, recorder: Recorder, around: SignOn) -> None:
        self._gate = gate
        self._recorder = recorder
        self._around = around
        self._tries: dict[str, _Tries] = {}
        self.verbs: Mapping[str, Verb] = {
            "officer": self._sign,
            "officers": self._tell,
            "officer_add": self._add,
            "officer_remove": self._remove,
        }

    def take_pass(self, scan: Scan, answered: Callable[[str | None], None]) -> bool:
        """Sign on who holds up an officer's pass at the desk; False: it is no matter of ours.

        answered: given the label once it is recorded, None where the disk refuses.
        """
        if not self._gate.policy.officer.pass_signs_on:
            return False
        holder = self._officer_of(scan)
        if holder is None:
            return False
        label = pass_label(holder)
        before = [one for one in self._sessions() if one.caller == DESK]
        if any(one.officer == label for one in before):
            answered(label)
            return True
        for one in before:
            self._recorder.keep(_signed_out(one, "handover", DESK))

        def recorded(event: Event | None) -> None:
            answered(None if event is None else label)

        self._recorder.verdict(_signed_in(label, How.PASS, DESK), recorded)
        return True

    # --- verbs ---

    async def _sign(self, request: Mapping[str, Any], caller: str) -> Answer:
        match request.get("sign"):
            case "in":
                return await self._sign_in(request, caller)
            case "out":
                return await self._sign_out(request, caller)
            case _:
                raise RequestError("`sign` is one of: in, out")

    async def _sign_in(self, request: Mapping[str, Any], caller: str) -> Answer:
        how, label = await self._prove(request, caller)
        now = self._find(label)
        if now is not None and (now.caller == caller or how is How.CENTRE):
            return {"ok": True, **told(now), "already": True}
        if how is not How.CENTRE:  # One terminal, one officer: the one before goes off duty.
            for other in [one for one in self._sessions() if one.caller == caller]:
                await record(self._recorder, _signed_out(other, "handover", caller))
        await record(self._recorder, _signed_in(label, how, caller))
        begun = self._find(label)
        assert begun is not None, "the tables know what is recorded"
        return {"ok": True, **told(begun), "already": False}

    async def _prove(self, request: Mapping[str, Any], caller: str) -> tuple[How, str]:
        """Return with what the caller signs on, and the label. Raises RequestError."""
        if caller.startswith(CENTRE):
            return How.CENTRE, _label(request)
        if request.get("pass") is not None:
            holder = self._officer_of(Scan(str(request["pass"]).encode(), self._now_s()))
            if holder is None:
                raise RequestError(
                    "that is not a valid pass of an officer, by what this gate knows"
                )
            return How.PASS, pass_label(holder)
        label = _label(request)
        if label not in self._around.pins.officers:
            raise RequestError(f"there is no officer {label}: add them with `gatewayd officer add`")
        await self._check_pin(label, str(request.get("pin") or ""), caller)
        return How.PIN, label

    async def _check_pin(self, label: str, pin: str, caller: str) -> None:
        tries = self._tries.setdefault(label, _Tries())
        now_s = self._now_s()
        if now_s < tries.locked_until_s:
            minutes = -(-(tries.locked_until_s - now_s) // 60)
            raise RequestError(
                f"too many wrong PINs for {label}: wait {minutes:.0f} min, or sign on by pass"
            )
        tries.wrong += 1  # Before the check: a hundred tries at once are a hundred tries.
        is_last = tries.wrong >= WRONG_PINS_MAX
        if is_last:
            tries.locked_until_s = now_s + LOCKED_S
            tries.wrong = 0
        is_right = partial(self._around.pins.is_right, label, pin)
        if await self._around.blocking.run(is_right):
            self._tries.pop(label, None)
            return
        detail: dict[str, Json] = {"officer": label, "caller": caller}
        self._recorder.keep(officer_audit("pin_refused", detail))
        if is_last:
            detail |= {"minutes": round(LOCKED_S / 60)}
            self._recorder.keep(officer_audit("pin_locked", detail))
        raise RequestError(f"that is not the PIN of {label}")

    async def _sign_out(self, request: Mapping[str, Any], caller: str) -> Answer:
        own = [one for one in self._sessions() if one.caller == caller]
        if request.get("officer") is None and own:
            found: Session | None = own[-1]
        else:
            found = self._find(_label(request))
        if found is None:
            raise RequestError(
                f"{request.get('officer')} is not signed on; see `gatewayd officer list`"
            )
        await record(self._recorder, _signed_out(found, "asked", caller))
        return {"ok": True, **told(found)}

    async def _tell(self, _: Mapping[str, Any], __: str) -> Answer:
        rules = self._gate.policy.officer
        return {
            "ok": True,
            "on_duty": [told(one) for one in self._sessions()],
            "officers": list[Json](self._around.pins.officers),
            "required": rules.is_required,
        }

    async def _add(self, request: Mapping[str, Any], caller: str) -> Answer:
        """Give somebody a PIN; where they have one, it is changed."""
        label, pin = _local(request, caller), str(request.get("pin") or "")
        if not (pin.isascii() and pin.isdigit() and PIN_DIGITS_MIN <= len(pin) <= PIN_DIGITS_MAX):
            raise RequestError(f"a PIN has {PIN_DIGITS_MIN} to {PIN_DIGITS_MAX} digits")
        known = self._around.pins.officers
        if label not in known and len(known) >= OFFICERS_MAX:
            raise RequestError(f"there are {OFFICERS_MAX} officers already: remove some first")
        salt = self._around.chance.token(SALT_SIZE)
        await record(
            self._recorder, officer_audit("officer_added", {"officer": label, "caller": caller})
        )
        await self._change(partial(self._around.pins.set, label, pin, salt))
        self._tries.pop(label, None)
        return {"ok": True, "officer": label, "changed": label in known}

    async def _remove(self, request: Mapping[str, Any], caller: str) -> Answer:
        label = _local(request, caller)
        if label not in self._around.pins.officers:
            raise RequestError(f"there is no officer {label}; see `gatewayd officer list`")
        await record(
            self._recorder, officer_audit("officer_removed", {"officer": label, "caller": caller})
        )
        await self._change(partial(self._around.pins.remove, label))
        found = self._find(label)
        if found is not None:
            await record(self._recorder, _signed_out(found, "removed", caller))
        return {"ok": True, "officer": label}

    async def _change(self, change: Callable[[], None]) -> None:
        try:
            await self._around.blocking.run(change)
        except StorageError as error:
            raise RequestError(f"not done: {error}") from error

    # --- who is there ---

    def _sessions(self) -> list[Session]:
        return read_sessions(self._gate.cache.items(OFFICERS))

    def _find(self, label: str) -> Session | None:
        return next((one for one in self._sessions() if one.officer == label), None)

    def _officer_of(self, scan: Scan) -> HolderId | None:
        credential, at = self._gate.read(scan), self._around.clock.utc()
        shown = holder_of(credential)
        row = self._gate.cache.get(HOLDERS, shown) if shown is not None else None
        code_use = self._gate.code_use(credential, row)
        officer = officer_of(credential, self._gate.policy, at, code_use)
        if officer is not None:  # Else a lane decides about it, and uses it.
            self._gate.use_code(credential, code_use, at)
        return officer

    def _now_s(self) -> float:
        return self._around.clock.monotonic()


def _label(request: Mapping[str, Any]) -> str:
    label = str(request.get("officer") or "")
    if not is_category(label):
        raise RequestError(f"`officer` is a label of the site's, no name: {EXPECTED_CATEGORY}")
    return label


def _local(request: Mapping[str, Any], caller: str) -> str:
    if caller.startswith(CENTRE):
        raise RequestError("PINs are given at the gate, not by the centre")
    return _label(request)


def _signed_in(label: str, how: How, caller: str) -> Audit:
    return officer_audit("signed_in", {"officer": label, "how": str(how), "caller": caller})


def _signed_out(session: Session, how: str, caller: str) -> Audit:
    return officer_audit("signed_out", {"officer": session.officer, "how": how, "caller": caller})
