from datetime import UTC, datetime

import pytest

from gatewayd.core.token_times import read_time


@pytest.mark.parametrize(
    ("value", "at"),
    [
        (1622548800, datetime(2021, 6, 1, 12, tzinfo=UTC)),
        (1622548800.25, datetime(2021, 6, 1, 12, 0, 0, 250_000, tzinfo=UTC)),
        (253_370_764_800, datetime(9999, 1, 1, tzinfo=UTC)),
        (0, None),
        (253_370_764_801, None),
        (-1, None),
        (10**400, None),
        (float("inf"), None),
        (float("nan"), None),
        (True, None),
        ("1622548800", None),
        (None, None),
    ],
    ids=lambda value: str(value)[:24],
)
def test_times_are_seconds_of_years_that_can_be_meant(value, at):
    assert read_time(value) == at
