from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.pass_orders import COLUMNS, ROWS_MAX, PassOrder, parse_orders
from gatewayd.core.words import Status

JAKARTA = ZoneInfo("Asia/Jakarta")


def parse(text: str, zone=JAKARTA):
    return parse_orders(text.encode(), zone)


def test_a_row_may_say_everything():
    header = "id,category,label,valid_from,valid_until,purpose,host,entries"
    orders, problems = parse(
        f'{header}\nINV-1,visitor,"Tamu, satu",2026-11-23,2026-11-24,paspor,Loket 3,2\n'
    )
    assert problems == ()
    assert orders == (
        PassOrder(
            "INV-1",
            "visitor",
            "Tamu, satu",
            datetime(2026, 11, 22, 17, tzinfo=UTC),
            datetime(2026, 11, 24, 17, tzinfo=UTC),
            "paspor",
            "Loket 3",
            2,
        ),
    )
    assert "INV-1" not in repr(orders)


def test_a_row_may_vouch_for_a_status_maybe_for_less_long_than_the_pass():
    (day, whole, none), problems = parse(
        "id,category,status,status_until\n1,staff,green,2026-11-23\n2,staff,yellow,\n3,staff,,\n"
    )
    assert problems == ()
    assert (day.status, day.status_until) == (
        Status.GREEN,
        datetime(2026, 11, 23, 17, tzinfo=UTC),
    )
    assert (whole.status, whole.status_until) == (Status.YELLOW, None)
    assert (none.status, none.status_until) == (None, None)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ("unknown,", "a status of green, yellow, red, black"),
        ("Green,", "a status of"),
        ("green,soon", "status_until as"),
        (",2026-11-23", "status_until only with one"),
    ],
)
def test_a_status_that_is_none_is_told(cells, said):
    orders, [problem] = parse(f"id,category,status,status_until\n1,staff,{cells}")
    assert orders == ()
    assert said in problem


def test_id_and_category_are_enough_in_any_order_and_from_any_spreadsheet():
    wanted = (PassOrder("1", "staff"), PassOrder("2", "visitor"))
    for text in (
        "id,category\n1,staff\n2,visitor",
        "\ufeffCategory; ID\r\nstaff;1\r\n;\r\nvisitor;2\r\n",
        "id,category,label,entries\n1,staff\n\n2,visitor,,\n",
    ):
        assert parse(text) == (wanted, ())


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (",staff", "an id"),
        ("1\t2,staff", "an id"),
        ("1,Staff", "a category"),
        ("1,staff,soon", "valid_from as"),
        ("1,staff,,soon", "valid_until as"),
        ("1,staff,,,\x07", "a purpose"),
        ("1,staff,,," + "p" * 65, "a purpose"),
        ("1,staff,,,,-1", "entries"),
        ("1,staff,,,,1000", "entries"),
        ("1,staff,,,,two", "entries"),
        ("1,staff,,,,\u0663", "entries"),
        ("1,staff,,,,,x", "a label"[:0] + "label"),
        ("1,staff,,,,,," + "too", "no more cells"),
    ],
    ids=str,
)
def test_a_broken_row_is_told_by_its_number_and_not_repeated(row, said):
    label = "l" * 41
    text = f"id,category,valid_from,valid_until,purpose,entries,label\n{row.replace(',x', ',' + label)}\n9,staff"
    orders, [problem] = parse(text)
    assert [order.subject for order in orders] == ["9"]
    assert problem.startswith("row 2: expected ")
    assert said in problem


# More digits than Python reads, and more characters in a cell than its `csv` does.
@pytest.mark.parametrize("cell", ["9" * 4301, "x" * 140_000], ids=len)
def test_a_row_that_is_longer_than_any_can_be_is_not_read(cell):
    orders, problems = parse(f"id,category,entries\n1,staff,{cell}\n2,staff,{cell}\n9,staff,1")
    assert [order.subject for order in orders] == ["9"]
    assert problems[1] == "row 3: expected at most 4096 characters"


@pytest.mark.parametrize("header", ["", "id", "id,category,colour", "id,category,id", "1,staff"])
def test_a_table_without_a_sound_header_has_no_rows(header):
    orders, [problem] = parse(f"{header}\n1,staff")
    assert orders == ()
    assert problem.startswith("row 1: expected a header")


def test_a_table_that_is_too_long_is_refused_whole():
    orders, [problem] = parse("id,category\n" + "1,staff\n" * (ROWS_MAX + 1))
    assert orders == ()
    assert str(ROWS_MAX) in problem


@given(st.text(max_size=60))
@settings(max_examples=100)
def test_no_row_makes_it_raise(row):
    parse(f"{','.join(COLUMNS)}\n{row}")
