"""Reading foreign tables: a value, a default, or a mistake with its path; and times in a zone."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import StrEnum
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core import tables
from gatewayd.core.tables import Expected, Mistake, Table, text, texts, word

JAKARTA = ZoneInfo("Asia/Jakarta")
MAKASSAR = ZoneInfo("Asia/Makassar")


class Colour(StrEnum):
    GREEN = "green"
    RED = "red"


def test_a_value_is_read_and_a_missing_one_is_the_default():
    table = Table({"name": "north"})
    assert table.take("name", text, "gate") == "north"
    assert table.take("title", text, None) is None
    assert table.mistakes == []


def test_a_bad_value_is_a_mistake_and_the_default_stands_in():
    table = Table({"name": 5}, ("site",))
    assert table.take("name", text, "gate") == "gate"
    assert table.mistakes == [Mistake(("site", "name"), "a text", 5)]


def test_all_reads_every_value_and_leaves_out_the_bad_ones():
    table = Table({"a": "x", "b": 1, "c": "z"})
    assert table.all(text) == {"a": "x", "c": "z"}
    assert [mistake.path for mistake in table.mistakes] == [("b",)]


def test_a_table_in_a_table_shares_the_mistakes_and_knows_its_path():
    table = Table({"site": {"door": {"name": 5}}})
    table.table("site").table("door").take("name", text, None)
    assert table.mistakes == [Mistake(("site", "door", "name"), "a text", 5)]


def test_a_missing_table_is_an_empty_one():
    table = Table({})
    assert table.table("site").take("name", text, "gate") == "gate"
    assert table.mistakes == []


def test_what_should_be_a_table_and_is_not_is_a_mistake():
    table = Table({"site": "north"})
    assert table.table("site").values == {}
    assert table.mistakes == [Mistake(("site",), "a table of its own", "north")]


def test_unknown_keys_are_refused_at_every_depth_with_what_is_known_beside_them():
    table = Table({"nmae": 1, "site": {"x": 2, "name": "a"}})
    table.take("name", text, None)
    table.table("site").take("name", text, None)
    table.refuse_unknown()
    assert table.mistakes == [
        Mistake(("nmae",), "one of name, site", "nmae"),
        Mistake(("site", "x"), "one of name", "x"),
    ]


def test_a_complaint_may_name_a_key_below_and_what_was_found():
    table = Table({"site": {"door": 1}}, ("top",))
    table.complain("site.door", "a door", found="back")
    table.complain("site", "nothing")
    assert table.mistakes == [
        Mistake(("top", "site", "door"), "a door", "back"),
        Mistake(("top", "site"), "nothing", {"door": 1}),
    ]


@pytest.mark.parametrize("value", ["", 5, None, ["a"]])
def test_a_text_is_not_empty(value):
    assert text(value) == Expected("a text")


@pytest.mark.parametrize("value", [[], "a", [1], ["a", 1], None, ("a",)])
def test_texts_are_a_list_of_some(value):
    assert texts(value) == Expected("a list of texts")
    assert texts(["a", "b"]) == ("a", "b")


@pytest.mark.parametrize("value", ["blue", "GREEN", 1, None, ["green"], {}])
def test_a_word_is_one_of_those_that_are_named(value):
    assert word(Colour)(value) == Expected("one of green, red")
    assert word(Colour)("green") is Colour.GREEN


# --- times ---


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2021-11-29T00:00:00+07:00", datetime(2021, 11, 28, 17, tzinfo=UTC)),
        ("2021-11-29T00:00:00Z", datetime(2021, 11, 29, tzinfo=UTC)),
        ("2021-11-29T08:30", datetime(2021, 11, 29, 1, 30, tzinfo=UTC)),
        ("2021-11-29", datetime(2021, 11, 28, 17, tzinfo=UTC)),
        (date(2021, 11, 29), datetime(2021, 11, 28, 17, tzinfo=UTC)),
        (datetime(2021, 11, 29, 8, 30), datetime(2021, 11, 29, 1, 30, tzinfo=UTC)),  # noqa: DTZ001
        (
            datetime(2021, 11, 29, 8, 30, tzinfo=timezone(timedelta(hours=9))),
            datetime(2021, 11, 28, 23, 30, tzinfo=UTC),
        ),
    ],
)
def test_a_time_is_local_unless_it_says_otherwise(value, expected):
    found = tables.time(JAKARTA)(value)
    assert found == expected
    assert isinstance(found, datetime)
    assert found.tzinfo is UTC


def test_the_same_day_begins_earlier_in_makassar():
    in_makassar, in_jakarta = (tables.time(zone)("2021-11-29") for zone in (MAKASSAR, JAKARTA))
    assert isinstance(in_makassar, datetime)
    assert isinstance(in_jakarta, datetime)
    assert in_jakarta - in_makassar == timedelta(hours=1)


@pytest.mark.parametrize("value", ["2021-11-29", "20211129", "2021-W48-1", date(2021, 11, 29)])
def test_a_date_is_its_first_moment_and_as_an_end_the_first_after_it(value):
    begin, end = datetime(2021, 11, 28, 17, tzinfo=UTC), datetime(2021, 11, 29, 17, tzinfo=UTC)
    assert tables.time(JAKARTA)(value) == begin
    assert tables.time(JAKARTA, is_end=True)(value) == end


def test_a_time_of_day_says_itself_when_it_ends():
    end = tables.time(JAKARTA, is_end=True)("2021-11-29T12:00")
    assert end == datetime(2021, 11, 29, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "value", ["", "tomorrow", "2021-13-01", "29-11-2021", 5, None, True, time(8), ["2021-11-29"]]
)
def test_what_is_no_time_is_a_mistake(value):
    expected = Expected("a date or a date with time, like 2021-11-29T00:00:00+07:00")
    assert tables.time(JAKARTA)(value) == expected


@pytest.mark.parametrize(
    ("value", "is_end"), [("9999-12-31", True), (date.max, True), ("0001-01-01", False)]
)
def test_the_ends_of_the_calendar_are_a_mistake_too(value, is_end):
    found = tables.time(JAKARTA, is_end=is_end)(value)
    assert found == Expected("a date well between the years 1 and 9999")


@settings(max_examples=100)
@given(
    st.one_of(st.text(max_size=30), st.dates().map(str), st.datetimes().map(str), st.dates()),
    st.booleans(),
    st.sampled_from([UTC, JAKARTA, MAKASSAR]),
)
def test_no_text_and_no_date_raises(value, is_end, zone):
    assert isinstance(tables.time(zone, is_end=is_end)(value), datetime | Expected)
