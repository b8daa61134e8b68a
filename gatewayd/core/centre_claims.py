"""How claims of the centre's messages are spelled that are about a person."""

import re
from collections.abc import Sequence
from datetime import datetime

from gatewayd.core.spelling import EXPECTED_CATEGORY, is_category
from gatewayd.core.tables import Expected, Mistake, ReadValue
from gatewayd.core.token_times import read_time
from gatewayd.core.words import HolderId


def holder(key_id: str) -> ReadValue[HolderId]:
    """Read a pseudonym under the key of this id; under another one it would mean nobody here."""

    def read(value: object) -> HolderId | Expected:
        if isinstance(value, str) and re.fullmatch(rf"{key_id}\.[0-9a-f]{{32}}", value):
            return HolderId(value)
        return Expected(f"a pseudonym under the key {key_id}")

    return read


def category(value: object) -> str | Expected:
    is_good = isinstance(value, str) and is_category(value)
    return str(value) if is_good else Expected(EXPECTED_CATEGORY)


def unix_seconds(value: object) -> datetime | Expected:
    return read_time(value) or Expected("a time in unix seconds")


def tell(mistakes: Sequence[Mistake]) -> Expected:
    """Say what is wrong, without what stood there: it could be anybody's number."""
    return Expected("; ".join(f"{one.path[-1]}: expected {one.expected}" for one in mistakes))
