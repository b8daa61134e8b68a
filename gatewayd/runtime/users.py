"""Who may sign on at this gate: gives accounts, secrets and tokens, and takes them away."""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from gatewayd.core.accounts import (
    ROLES,
    SET_UP_CALLER,
    TOKENS_MAX,
    Account,
    ApiToken,
    Denied,
    flaw_of,
    kind_of,
    write_token,
)
from gatewayd.core.duty import CENTRE
from gatewayd.core.refused_access import RefusedAccess
from gatewayd.core.roles import USER, Role, Who
from gatewayd.core.spelling import is_category
from gatewayd.core.words import Json, LaneId
from gatewayd.ports import Accounts, Blocking, Chance, Clock
from gatewayd.runtime.account_requests import check_free, check_local, check_secret, read_label
from gatewayd.runtime.proving import Proving
from gatewayd.runtime.recorder import Recorder
from gatewayd.runtime.requests import Answer, RequestError, Verb, officer_audit

PAGE = "page"
"""The caller of whoever has not proved yet who they are."""

TOKEN_SIZE = 32
_PIN_DIGITS = 8  # Of one that is made up here: typed once.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # None that is taken for another one.
_PASSWORD_LETTERS = 20


@dataclass(frozen=True, slots=True)
class SetUp:
    """The way in before there is a manager. end: takes the file with the token away; blocks."""

    token: str
    end: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Address:
    """Where the pages are; fingerprint: of their certificate, in hex, None without TLS."""

    url: str
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class Around:
    """What accounts work with. sign_off: ends the duty of a label that is removed by a caller."""

    accounts: Accounts
    proving: Proving
    blocking: Blocking
    clock: Clock
    chance: Chance
    recorder: Recorder
    lanes: tuple[LaneId, ...]
    sign_off: Callable[[str, str], Awaitable[None]]
    address: Callable[[], Address] | None = None
    """None: there are no pages."""
    set_up: SetUp | None = None
    """None: there is a manager, or there are no pages."""


class Users:
    """One for each daemon."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._accounts = around.accounts
        self._set_up = around.set_up
        self.verbs: Mapping[str, Verb] = {
            "user_setup": self._tell_set_up,
            "user_list": self._list,
            "user_add": self._add,
            "user_remove": self._remove,
            "user_password": self._give_secret,
            "user_token": self._add_token,
            "user_untoken": self._remove_token,
        }

    @property
    def is_set_up_needed(self) -> bool:
        """Whether nobody manages this gate yet."""
        return self._set_up is not None

    # --- at the page ---

    async def sign_in(self, label: str, secret: str, new: str | None) -> Account | Denied:
        """Return who signs in. new: their secret from now on. Raises StorageError."""
        found = await self._around.proving.prove(label, secret, PAGE)
        if isinstance(found, Denied):
            return found
        if new is None:
            return Denied(RefusedAccess.MUST_CHANGE) if found.must_change else found
        flaw = flaw_of(label, found.role, new)
        if flaw is not None or new == secret:
            return Denied(flaw or RefusedAccess.SECRET_SAME)
        account = replace(found, kind=kind_of(found.role, new), must_change=False)
        await self._note("secret_changed", label, f"{USER}{label}")
        await self._around.blocking.run(partial(self._accounts.set, account, new))
        return account

    async def set_up(self, token: str, label: str, password: str) -> Account | Denied:
        """Make the first manager. Raises StorageError."""
        if self._set_up is None:
            return Denied(RefusedAccess.SET_UP)
        if not hmac.compare_digest(token.encode("utf-8", "replace"), self._set_up.token.encode()):
            return Denied(RefusedAccess.SET_UP_TOKEN)
        if not is_category(label):
            return Denied(RefusedAccess.LABEL)
        flaw = flaw_of(label, Role.MANAGER, password)
        if flaw is not None:
            return Denied(flaw)
        if self._accounts.stamp(label) is not None:
            return Denied(RefusedAccess.LABEL_TAKEN)
        account = Account(label, Role.MANAGER, kind_of(Role.MANAGER, password))
        await self._note("user_added", label, SET_UP_CALLER, {"role": str(account.role)})
        await self._set(account, password)
        return account

    def note_sign_in(self, who: Who) -> None:
        """Record that somebody came to a page."""
        self._keep("page_signed_in", who)

    def note_sign_out(self, who: Who) -> None:
        """Record that somebody left."""
        self._keep("page_signed_out", who)

    def _keep(self, action: str, who: Who) -> None:
        detail: dict[str, Json] = {"officer": who.label, "role": str(who.role), "caller": PAGE}
        self._around.recorder.keep(officer_audit(action, detail))

    # --- verbs ---

    async def _tell_set_up(self, _: Mapping[str, Any], caller: str) -> Answer:
        """Tell where the pages are, and whoever is on this machine the way to a first manager."""
        if caller.startswith((USER, CENTRE)):
            raise RequestError("that is told on the machine itself only")
        if self._around.address is None:
            raise RequestError("the settings have no section [desk]: there are no pages")
        address = self._around.address()
        set_up = None
        if self._set_up is not None:  # Behind `#`: a browser sends it nowhere, no log has it.
            set_up = f"{address.url}/setup#{self._set_up.token}"
        return {
            "ok": True,
            "address": address.url,
            "set_up_address": set_up,
            "fingerprint": address.fingerprint,
        }

    async def _list(self, _: Mapping[str, Any], caller: str) -> Answer:
        check_local(caller)
        return {
            "ok": True,
            "accounts": [_told(one) for one in self._accounts.accounts],
            "tokens": [_token_told(one) for one in self._accounts.tokens],
            "set_up_needed": self._set_up is not None,
        }

    async def _add(self, request: Mapping[str, Any], caller: str) -> Answer:
        self._check_may(caller)
        label, role = read_label(request), _role(request)
        check_free(self._accounts, label)
        return await self._give("user_added", label, role, request, caller)

    async def _give_secret(self, request: Mapping[str, Any], caller: str) -> Answer:
        self._check_may(caller)
        account = self._find(request)
        return await self._give("secret_changed", account.label, account.role, request, caller)

    async def _give(
        self, action: str, label: str, role: Role, request: Mapping[str, Any], caller: str
    ) -> Answer:
        """Give an account the secret that was asked for, or one that is good for one time."""
        given = request.get("secret")
        secret = self._made_up(label, role) if given is None else str(given)
        check_secret(label, role, secret)
        await self._note(action, label, caller, {"role": str(role)})
        await self._set(Account(label, role, kind_of(role, secret), given is None), secret)
        answer: Answer = {"ok": True, "label": label, "role": str(role)}
        return answer if given is not None else {**answer, "secret": secret}

    async def _remove(self, request: Mapping[str, Any], caller: str) -> Answer:
        self._check_may(caller)
        account = self._find(request)
        managers = [one for one in self._accounts.accounts if one.role is Role.MANAGER]
        if caller.startswith(USER) and managers == [account]:
            raise RequestError(
                f"{account.label} is the only manager: add another one first, or use `gatewayd "
                "user remove` on the machine itself"
            )
        await self._note("user_removed", account.label, caller)
        await self._around.blocking.run(partial(self._accounts.remove, account.label))
        await self._around.sign_off(account.label, caller)
        return {"ok": True, "label": account.label}

    async def _add_token(self, request: Mapping[str, Any], caller: str) -> Answer:
        self._check_may(caller)
        label, role = read_label(request), _role(request, Role.DISPLAY)
        check_free(self._accounts, label)
        if len(self._accounts.tokens) >= TOKENS_MAX:
            raise RequestError(f"there are {TOKENS_MAX} tokens already: remove some first")
        lane = self._lane(request, role)
        token = ApiToken(label, role, lane, self._around.clock.utc().date())
        await self._note("token_added", label, caller, {"role": str(role), "lane": lane})
        secret = self._around.chance.token(TOKEN_SIZE)
        await self._around.blocking.run(partial(self._accounts.add_token, token, secret))
        return {"ok": True, **_token_told(token), "token": write_token(secret)}

    async def _remove_token(self, request: Mapping[str, Any], caller: str) -> Answer:
        self._check_may(caller)
        label = read_label(request)
        if all(one.label != label for one in self._accounts.tokens):
            raise RequestError(f"there is no token {label}; see `gatewayd user list`")
        await self._note("token_removed", label, caller)
        await self._around.blocking.run(partial(self._accounts.remove_token, label))
        return {"ok": True, "label": label}

    # --- what they share ---

    def _check_may(self, caller: str) -> None:
        """Raise RequestError where it is not for this caller; the routes have seen to it before."""
        check_local(caller)
        if not caller.startswith(USER):
            return
        label = caller.removeprefix(USER)
        roles = {one.label: one.role for one in self._accounts.accounts}
        roles |= {one.label: one.role for one in self._accounts.tokens}
        if roles.get(label) is not Role.MANAGER:
            raise RequestError("that is for a manager")

    def _find(self, request: Mapping[str, Any]) -> Account:
        label = read_label(request)
        found = self._accounts.find(label)
        if found is None:
            raise RequestError(f"there is no {label}; see `gatewayd user list`")
        return found

    def _lane(self, request: Mapping[str, Any], role: Role) -> LaneId | None:
        given = request.get("lane")
        if role is not Role.DISPLAY:
            if given is not None:
                raise RequestError("only a display belongs to a lane")
            return None
        lane = LaneId(str(given))
        if lane not in self._around.lanes:
            raise RequestError(f"`lane` is one of: {', '.join(self._around.lanes)}")
        return lane

    async def _set(self, account: Account, secret: str) -> None:
        blocking = self._around.blocking
        await blocking.run(partial(self._accounts.set, account, secret))
        self._around.proving.forget(account.label)
        if account.role is Role.MANAGER and self._set_up is not None:
            ended, self._set_up = self._set_up, None
            await blocking.run(ended.end)

    async def _note(
        self, action: str, label: str, caller: str, more: Mapping[str, Json] | None = None
    ) -> None:
        detail: dict[str, Json] = {"officer": label, "caller": caller, **(more or {})}
        told: dict[str, Json] = {key: one for key, one in detail.items() if one is not None}
        await self._around.recorder.record(officer_audit(action, told))

    def _made_up(self, label: str, role: Role) -> str:
        """Return a secret that nobody knows yet."""
        letters, count = (
            ("0123456789", _PIN_DIGITS) if role is Role.OFFICER else (_LETTERS, _PASSWORD_LETTERS)
        )
        while True:
            drawn = int.from_bytes(self._around.chance.token(TOKEN_SIZE))
            secret = ""
            for _ in range(count):
                drawn, index = divmod(drawn, len(letters))
                secret += letters[index]
            if flaw_of(label, role, secret) is None:
                return secret


def _role(request: Mapping[str, Any], *more: Role) -> Role:
    known = (*ROLES, *more)
    for role in known:
        if request.get("role") == role:
            return role
    raise RequestError(f"`role` is one of: {', '.join(known)}")


def _told(account: Account) -> dict[str, Json]:
    return {
        "label": account.label,
        "role": str(account.role),
        "kind": str(account.kind),
        "must_change": account.must_change,
    }


def _token_told(token: ApiToken) -> dict[str, Json]:
    return {
        "label": token.label,
        "role": str(token.role),
        "lane": token.lane,
        "made": token.made.isoformat(),
        "used": None if token.used is None else token.used.isoformat(),
    }
