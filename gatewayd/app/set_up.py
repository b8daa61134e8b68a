"""The way in before there is a manager: a token in a file that only the gateway's user reads."""

import logging
from contextlib import suppress
from functools import partial
from pathlib import Path

from gatewayd.core import base64url
from gatewayd.core.roles import Role
from gatewayd.ports import Accounts, Chance, StorageError
from gatewayd.runtime.users import TOKEN_SIZE, SetUp
from gatewayd.store.private_file import remove_private, replace_private

log = logging.getLogger(__name__)

SET_UP_NAME = "setup-token"


def make_set_up(directory: Path, accounts: Accounts, chance: Chance) -> SetUp | None:
    """Make a new token; where there is a manager, take an old one away."""
    path = directory / SET_UP_NAME
    if any(one.role is Role.MANAGER for one in accounts.accounts):
        with suppress(StorageError):  # It is good for nothing.
            remove_private(path)
        return None
    token = base64url.encode(chance.token(TOKEN_SIZE))
    try:
        replace_private(path, f"{token}\n")
    except StorageError as error:  # `gatewayd user setup` shows it all the same.
        log.warning("token_not_noted", extra={"fields": {"what_to_do": str(error)}})
    text = (
        f"there is no manager yet: `gatewayd user setup` shows the page where the first one is "
        f"made, with the token of {path}"
    )
    log.warning("set_up_needed", extra={"fields": {"what_to_do": text}})
    return SetUp(token, partial(remove_private, path))
