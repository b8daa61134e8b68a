"""Times in the web tokens of others (CWT, JWT): seconds since 1970, in real data with fractions."""

from datetime import UTC, datetime, timedelta

CLOCK_SKEW = timedelta(seconds=60)
"""So much may an issuer's clock be ahead of ours: a certificate is good the moment it is issued."""

_SECONDS_MIN = CLOCK_SKEW.total_seconds()  # So that taking the skew off stays after 1970,
_SECONDS_MAX = 253_370_764_800  # and adding to the begin of the year 9999 within datetime.


def read_time(value: object) -> datetime | None:
    """Read a NumericDate; None where it is none, or outside the years that can be meant."""
    match value:
        case bool():
            return None
        case int() | float() if _SECONDS_MIN <= value <= _SECONDS_MAX:
            return datetime.fromtimestamp(value, UTC)
        case _:
            return None
