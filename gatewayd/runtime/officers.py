"""Officers at the gate: signing on and out, by PIN, by pass, or by the centre's word."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from gatewayd.core.accounts import (
    PIN_DIGITS_MAX,
    PIN_DIGITS_MIN,
    Account,
    Denied,
    SecretKind,
)
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
from gatewayd.core.refused_access import RefusedAccess
from gatewayd.core.roles import USER, Role
from gatewayd.core.words import HolderId, Json
from gatewayd.ports import Accounts, Blocking, Clock
from gatewayd.runtime.account_requests import (
    check_free,
    check_local,
    check_secret,
    read_label,
)
from gatewayd.runtime.asked import Scan
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.proving import Proving
from gatewayd.runtime.recorder import Recorder
from gatewayd.runtime.requests import (
    Answer,
    RequestError,
    Verb,
    note,
    officer_audit,
    record,
)

ON_DUTY = (Role.OFFICER, Role.MANAGER)
"""Who may be on duty: managers stand in for officers."""


@dataclass(frozen=True, slots=True)
class SignOn:
    """What signing on works with."""

    accounts: Accounts
    proving: Proving
    blocking: Blocking
    clock: Clock


class Officers:
    def __init__(self, gate: Gate, recorder: Recorder, around: SignOn) -> None:
        self._gate = gate
        self._recorder = recorder
        self._around = around
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
        if caller.startswith(USER):  # They have proved it to the page.
            return How.PAGE, self._person(caller)
        label = _label(request)
        await self._check_pin(label, str(request.get("pin") or ""), caller)
        return How.PIN, label

    def _person(self, caller: str) -> str:
        """Return the label of a person who may be on duty; a program is never."""
        label = caller.removeprefix(USER)
        account = self._around.accounts.find(label)
        if account is None or account.role not in ON_DUTY:
            raise RequestError(f"{label} is no officer here, nor a manager")
        return label

    async def _check_pin(self, label: str, pin: str, caller: str) -> None:
        found = await self._around.proving.prove(label, pin, caller)
        match found:
            case Account(must_change=True):
                raise RequestError(
                    f"that PIN of {label} is good for one time: sign in at the page with it, and "
                    "choose your own"
                )
            case Account(role=role) if role in ON_DUTY:
                return
            case Denied(code=RefusedAccess.LOCKED, wait_s=wait_s):
                minutes = -(-wait_s // 60)
                raise RequestError(
                    f"too many wrong PINs for {label}: wait {minutes:.0f} min, or sign on by pass"
                )
            case Denied(code=RefusedAccess.BUSY):
                raise RequestError("many sign on just now: try it again in a moment")
            case Account() | Denied():
                raise RequestError(
                    f"that is not the PIN of {label}, or {label} is no officer; see `gatewayd "
                    "officer list`"
                )

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
        left = note(request)
        more: dict[str, Json] = {} if left is None else {"note": left}
        await record(self._recorder, _signed_out(found, "asked", caller, more))
        return {"ok": True, **told(found)}

    async def _tell(self, _: Mapping[str, Any], __: str) -> Answer:
        rules = self._gate.policy.officer
        return {
            "ok": True,
            "on_duty": [told(one) for one in self._sessions()],
            "officers": [
                one.label for one in self._around.accounts.accounts if one.role is Role.OFFICER
            ],
            "required": rules.is_required,
        }

    async def _add(self, request: Mapping[str, Any], caller: str) -> Answer:
        """Give somebody a PIN; where they have one, it is changed."""
        label, pin = _local(request, caller), str(request.get("pin") or "")
        if not (pin.isascii() and pin.isdigit() and PIN_DIGITS_MIN <= len(pin) <= PIN_DIGITS_MAX):
            raise RequestError(f"a PIN has {PIN_DIGITS_MIN} to {PIN_DIGITS_MAX} digits")
        accounts = self._around.accounts
        known = accounts.find(label)
        if known is None:
            check_free(accounts, label)
        elif known.role is not Role.OFFICER:
            raise RequestError(f"{label} is a {known.role}, who has no PIN: choose another label")
        check_secret(label, Role.OFFICER, pin)
        await record(
            self._recorder, officer_audit("officer_added", {"officer": label, "caller": caller})
        )
        account = Account(label, Role.OFFICER, SecretKind.PIN)
        await self._around.blocking.run(partial(accounts.set, account, pin))
        self._around.proving.forget(label)
        return {"ok": True, "officer": label, "changed": known is not None}

    async def _remove(self, request: Mapping[str, Any], caller: str) -> Answer:
        label = _local(request, caller)
        known = self._around.accounts.find(label)
        if known is None or known.role is not Role.OFFICER:
            raise RequestError(f"there is no officer {label}; see `gatewayd officer list`")
        await record(
            self._recorder, officer_audit("officer_removed", {"officer": label, "caller": caller})
        )
        await self._around.blocking.run(partial(self._around.accounts.remove, label))
        await self.sign_off(label, caller)
        return {"ok": True, "officer": label}

    async def sign_off(self, label: str, caller: str) -> None:
        """End the duty of somebody who is no officer any more. Raises RequestError."""
        found = self._find(label)
        if found is not None:
            await record(self._recorder, _signed_out(found, "removed", caller))

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
    return read_label(request, "officer")


def _local(request: Mapping[str, Any], caller: str) -> str:
    check_local(caller)
    return _label(request)


def _signed_in(label: str, how: How, caller: str) -> Audit:
    return officer_audit("signed_in", {"officer": label, "how": str(how), "caller": caller})


def _signed_out(
    session: Session, how: str, caller: str, more: Mapping[str, Json] | None = None
) -> Audit:
    detail: dict[str, Json] = {"officer": session.officer, "how": how, "caller": caller}
    return officer_audit("signed_out", {**detail, **(more or {})})
