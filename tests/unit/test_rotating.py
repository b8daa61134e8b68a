"""Rotating codes: how they are held up, and each reason for which one does not count."""

from datetime import UTC, datetime

import pytest

from gatewayd.core.reasons import Reason
from gatewayd.core.rotating import (
    WRONG_MAX,
    CodeFound,
    CodeUse,
    judge,
    take_apart,
    write_text,
)
from gatewayd.core.totp import OtpKey, code_of, step_at
from gatewayd.core.words import HolderId
from gatewayd.runtime.rotating_codes import RotatingCodes
from tests.unit.doubles import SimClock

KEY = OtpKey(bytes(range(20)))
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
STEP = step_at(NOW)
ANNA = HolderId("00000000.00000000000000000000000000000001")
CODE = code_of(KEY, STEP)
WRONG = next(code for code in ("000000", "000001", "000002", "000003") if code not in CODE)


@pytest.mark.parametrize("shown", ["1001", "a:b", "OG1:%69 VD:3", "1001:123456"])
@pytest.mark.parametrize("code", ["123456", "12345678"])
def test_what_is_written_is_taken_apart_again(shown, code):
    assert write_text(shown, code) == f"OGT1:{shown}:{code}"
    assert take_apart(write_text(shown, code)) == (shown, code)


@pytest.mark.parametrize(
    "behind",
    ["", "1001", ":123456", "1001:12345", "1001:123456789", "1001:12345x", "1001:123456\n"],
)
def test_anything_else_is_not(behind):
    assert take_apart(f"OGT1:{behind}") is None


def test_digits_of_other_scripts_are_none():
    assert take_apart("OGT1:1001:" + "\u0661" * 6) is None


def test_a_code_of_now_counts_and_uses_its_step():
    assert judge(KEY, CODE, CodeUse(), NOW) == CodeFound(step=STEP)


def test_a_step_that_is_recorded_is_used_after_a_restart_too():
    codes = RotatingCodes(SimClock())
    assert codes.use(ANNA, STEP).used_step == STEP
    codes.held_up(ANNA, CodeFound(step=STEP + 1))  # Its record may not be on disk yet.
    assert codes.use(ANNA, STEP).used_step == STEP + 1


def test_a_wrong_code_gives_none_back_that_was_used():
    codes = RotatingCodes(SimClock())
    codes.held_up(ANNA, CodeFound(step=STEP))
    codes.held_up(ANNA, CodeFound(Reason.CODE_WRONG))
    assert codes.use(ANNA, None) == CodeUse(STEP, 1)


def test_without_a_code_it_is_missing_whatever_the_clock():
    for use in (CodeUse(), CodeUse(is_clock_known=False)):
        assert judge(KEY, None, use, NOW) == CodeFound(Reason.CODE_MISSING)


def test_without_a_known_time_no_code_counts_and_none_is_used():
    use = CodeUse(is_clock_known=False)
    assert judge(KEY, CODE, use, NOW) == CodeFound(Reason.CLOCK_UNSYNCED)


@pytest.mark.parametrize("code", [WRONG, code_of(KEY, STEP - 2), code_of(KEY, STEP + 2)])
def test_a_code_of_another_time_is_wrong(code):
    assert judge(KEY, code, CodeUse(), NOW) == CodeFound(Reason.CODE_WRONG)


def test_after_too_many_wrong_ones_the_right_one_is_not_looked_at():
    assert judge(KEY, CODE, CodeUse(wrong_count=WRONG_MAX - 1), NOW).step == STEP
    assert judge(KEY, CODE, CodeUse(wrong_count=WRONG_MAX), NOW) == CodeFound(Reason.CODE_WRONG)


@pytest.mark.parametrize(
    ("shown", "used", "counts"),
    [
        (0, 0, False),
        (1, 1, False),
        (-1, -1, False),
        (-1, 0, False),
        (0, 1, False),
        (0, -1, True),
        (1, 0, True),
        (0, -100_000, True),
        (0, 2, True),  # Used by a clock that ran ahead: it must not lock anybody out.
    ],
)
def test_a_step_counts_once_and_none_before_one_that_was_used(shown, used, counts):
    found = judge(KEY, code_of(KEY, STEP + shown), CodeUse(STEP + used), NOW)
    assert found == (CodeFound(step=STEP + shown) if counts else CodeFound(Reason.REPLAYED))
