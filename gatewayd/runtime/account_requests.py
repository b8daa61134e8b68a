"""What is asked for with an account, read one by one and refused in words."""

from collections.abc import Mapping
from typing import Any

from gatewayd.core.accounts import ACCOUNTS_MAX, flaw_of
from gatewayd.core.duty import CENTRE
from gatewayd.core.reasons import Locale
from gatewayd.core.refused_access import text
from gatewayd.core.roles import Role
from gatewayd.core.spelling import EXPECTED_CATEGORY, is_category
from gatewayd.ports import Accounts
from gatewayd.runtime.requests import RequestError


def check_local(caller: str) -> None:
    """Raise RequestError where the centre asks: whoever has its key is to get no way in here."""
    if caller.startswith(CENTRE):
        raise RequestError("accounts and PINs are given at the gate, not by the centre")


def read_label(request: Mapping[str, Any], key: str = "label") -> str:
    """Read a label. Raises RequestError."""
    label = str(request.get(key) or "")
    if not is_category(label):
        raise RequestError(f"`{key}` is a label of the site's, no name: {EXPECTED_CATEGORY}")
    return label


def check_free(accounts: Accounts, label: str) -> None:
    """Raise RequestError where the label is taken, or there is no room for one more."""
    if accounts.find(label) is not None or any(one.label == label for one in accounts.tokens):
        raise RequestError(f"there is a {label} already: choose another label, or remove that")
    if len(accounts.accounts) >= ACCOUNTS_MAX:
        raise RequestError(f"there are {ACCOUNTS_MAX} accounts already: remove some first")


def check_secret(label: str, role: Role, secret: str, locale: Locale = Locale.EN) -> None:
    """Raise RequestError where this cannot be the secret of that account."""
    flaw = flaw_of(label, role, secret)
    if flaw is not None:
        raise RequestError(text(flaw, locale))
