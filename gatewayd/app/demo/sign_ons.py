"""Who may sign in at the pages of the demo: one of each role, with secrets of this run."""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gatewayd.core.accounts import flaw_of
from gatewayd.core.roles import Role
from gatewayd.core.words import Json

Ask = Callable[[Mapping[str, Json]], Awaitable[Mapping[str, Any]]]

_LABELS = {
    Role.OFFICER: "petugas",
    Role.MANAGER: "pengelola",
    Role.TECHNICIAN: "teknisi",
    Role.AUDITOR: "auditor",
}
_LETTERS = "abcdefghjkmnpqrstuvwxyz"  # None that is taken for another one.
_GROUPS, _GROUP_SIZE = 3, 4
_PIN_DIGITS = 6


@dataclass(frozen=True, slots=True)
class SignOn:
    """What somebody types at the page where people sign in."""

    role: Role
    label: str
    secret: str


async def give_accounts(ask: Ask) -> tuple[SignOn, ...]:
    """Make them at a gate that runs."""
    sign_ons = tuple(SignOn(role, label, _secret(role, label)) for role, label in _LABELS.items())
    for one in sign_ons:
        account = {"label": one.label, "role": str(one.role), "secret": one.secret}
        answer = await ask({"do": "user_add", **account})
        assert answer["ok"] is True, answer
    return sign_ons


def _secret(role: Role, label: str) -> str:
    while True:
        secret = _drawn(role)
        if flaw_of(label, role, secret) is None:
            return secret


def _drawn(role: Role) -> str:
    if role is Role.OFFICER:
        return "".join(secrets.choice("0123456789") for _ in range(_PIN_DIGITS))
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_GROUP_SIZE)) for _ in range(_GROUPS))
    return "-".join(groups)
