"""How ids, categories and dates are spelled: the same in passes, rosters and commands."""

import re
from datetime import datetime, tzinfo

from gatewayd.core import tables
from gatewayd.core.tables import Expected

ID_LENGTH_MAX = 64  # The longest ids in use (staff, population, visitor) have about 20 characters.
URL_LENGTH_MAX = 256  # Issuers of SMART Health Cards have names of about 50 characters.

EXPECTED_ID = f"1 to {ID_LENGTH_MAX} printable ASCII characters without a blank at either end"
EXPECTED_ISSUER = f"{EXPECTED_ID}, or an https address"
EXPECTED_CATEGORY = "1 to 32 characters of a-z, 0-9, _ and -, a letter first"

_ISSUER_URL = re.compile(r"https://[!-~]*[!-.0-~]")
_CATEGORY = re.compile(r"[a-z][a-z0-9_-]{0,31}")


def is_id(text: str) -> bool:
    """Tell whether this can stand for a person in a pass or roster, or be an issuer's name."""
    return (
        0 < len(text) <= ID_LENGTH_MAX
        and text.isascii()
        and text.isprintable()
        and text.strip() == text
    )


def is_issuer(text: str) -> bool:
    """Tell whether this can be an issuer's name; a web address may be longer than other names."""
    return is_id(text) or is_issuer_url(text)


def is_issuer_url(text: str) -> bool:
    """Tell whether this is an address as SMART Health Cards name issuers: https, no `/` behind."""
    return _ISSUER_URL.fullmatch(text) is not None and len(text) <= URL_LENGTH_MAX


def is_category(text: str) -> bool:
    """Tell whether this can be a category; a person's number, which is secret, never can."""
    return _CATEGORY.fullmatch(text) is not None


def read_time(text: object, zone: tzinfo, *, is_end: bool = False) -> datetime | Expected:
    """Read a date, or a date with time, as an instant in UTC; local in `zone` unless it says.

    A date alone is its first moment; with `is_end` it is the first moment after that day.
    """
    return tables.time(zone, is_end=is_end)(text)
