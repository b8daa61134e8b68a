from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.lane_codes import LaneCode, check_stamped, seconds_left, stamp, write_code
from gatewayd.core.reasons import Reason
from gatewayd.core.words import Direction, LaneId

KEY = bytes(range(32))  # A test key.
SITE = "mojokerto/dukcapil/gmsc"
NOW = datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)
CODE = LaneCode(SITE, LaneId("lane-1"), Direction.ENTRY)
SHOWN = stamp(write_code(CODE), KEY, NOW)


def check(text: str, at: datetime = NOW, key: bytes = KEY, site: str = SITE) -> LaneCode | Reason:
    return check_stamped(text, site, key, at)


def test_a_poster_names_the_place_and_the_purpose():
    assert write_code(CODE) == f"onegate:{SITE}/lane-1/entry"
    passport = LaneCode(SITE, LaneId("lane-1"), Direction.ENTRY, "paspor")
    address = "https://masuk.example.go.id/"
    assert write_code(passport, address) == f"{address}{SITE}/lane-1/entry/paspor"


def test_the_golden_code_of_a_display_never_changes():
    assert f"onegate:{SITE}/lane-1/entry?59843644.f8975e991231f55d" == SHOWN


@pytest.mark.parametrize("prefix", ["onegate:", "https://a.go.id/x/", "https://a.go.id/#"])
@pytest.mark.parametrize("purpose", [None, "entry"])
def test_a_display_is_read_again_whatever_stands_before(prefix, purpose):
    for lane in ("lane-1", "entry", "exit"):
        code = LaneCode(SITE, LaneId(lane), Direction.EXIT, purpose)
        assert check(stamp(write_code(code, prefix), KEY, NOW)) == code


@pytest.mark.parametrize(
    ("passed_s", "reason"),
    [
        (-34, Reason.NOT_YET_VALID),
        (-33, None),
        (0, None),
        (116, None),
        (117, Reason.EXPIRED),
        (9e6, Reason.EXPIRED),
    ],
)
def test_a_code_counts_for_its_time_and_a_little_more(passed_s, reason):
    found = check(SHOWN, NOW + timedelta(seconds=passed_s))
    assert found == (reason or CODE)


def test_it_changes_every_30_seconds():
    text = write_code(CODE)
    begin = NOW - timedelta(seconds=3)
    assert seconds_left(NOW) == 27
    assert seconds_left(begin) == 30
    assert stamp(text, KEY, begin) == SHOWN
    assert stamp(text, KEY, begin + timedelta(seconds=29.9)) == SHOWN
    assert stamp(text, KEY, begin + timedelta(seconds=30)) != SHOWN


@pytest.mark.parametrize("at", range(len(SHOWN)))
def test_no_character_can_be_changed(at):
    for character in "a0/?":
        changed = SHOWN[:at] + character + SHOWN[at + 1 :]
        if changed != SHOWN:
            assert isinstance(check(changed), Reason)


def test_the_code_of_another_site_or_key_or_a_poster_does_not_count():
    assert check(SHOWN, site="mojokerto/dukcapil/other") is Reason.PREFIX
    assert check(SHOWN, key=bytes(32)) is Reason.SIGNATURE
    assert check(write_code(CODE)) is Reason.PRESENCE
    assert check("x" * 513) is Reason.TOO_LARGE


@given(st.text(max_size=60))
@settings(max_examples=100)
def test_no_text_makes_it_raise(text):
    assert isinstance(check(text), Reason)
    assert isinstance(check(f"onegate:{SITE}/{text}"), Reason)
