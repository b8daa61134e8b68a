from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core import roster as roster_module
from gatewayd.core.pseudonym import KEY_SIZE, Namespace, Pseudonyms
from gatewayd.core.roster import COLUMNS, Roster, RosterEntry, RowProblem, parse_roster
from gatewayd.core.totp import OtpKey

JAKARTA = ZoneInfo("Asia/Jakarta")
PSEUDONYMS = Pseudonyms(bytes(KEY_SIZE))
HEADER = ",".join(COLUMNS[:-2])  # Most sites have no columns for the region and for secrets.
PERSON = "198701012010011001"


def parse(*lines: str, joint: str = "\n") -> tuple[Roster, tuple[RowProblem, ...]]:
    return parse_roster("staff", joint.join(lines).encode(), JAKARTA, PSEUDONYMS)


def entry_of(roster: Roster, person: str = PERSON) -> RosterEntry | None:
    return roster.entries.get(PSEUDONYMS.of(Namespace.PERSON, person))


def parse_row(row: str) -> tuple[RosterEntry | None, list[str]]:
    roster, problems = parse(HEADER, row)
    return entry_of(roster), [problem.what for problem in problems]


# --- good files ---


def test_a_row_becomes_an_entry_under_a_pseudonym():
    entry, problems = parse_row(f"{PERSON},staff,2026-01-01,2026-12-31,no,room 12")
    assert problems == []
    assert entry == RosterEntry(
        "staff",
        valid_from=datetime(2025, 12, 31, 17, tzinfo=UTC),
        valid_until=datetime(2026, 12, 31, 17, tzinfo=UTC),
    )


def test_a_row_can_tell_the_region_that_somebody_comes_from():
    roster, problems = parse("id,category,region", f"{PERSON},visitor,kaltim", "2,visitor,")
    assert (entry_of(roster), entry_of(roster, "2")) == (
        RosterEntry("visitor", region="kaltim"),
        RosterEntry("visitor"),
    )
    assert problems == ()
    roster, problems = parse("id,category,region", f"{PERSON},visitor,Jl. Melati 5")
    assert entry_of(roster) is None
    assert problems[0].what.startswith("region: expected 1 to 32 characters")


SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


def test_a_row_can_have_the_secret_of_the_persons_phone():
    key = OtpKey(b"12345678901234567890")
    roster, problems = parse("id,otp_key,category", f"1,{SECRET},staff", "2,,staff")
    assert (entry_of(roster, "1"), entry_of(roster, "2")) == (
        RosterEntry("staff", otp_key=key),
        RosterEntry("staff"),
    )
    assert problems == ()
    assert SECRET not in repr(roster.entries)
    assert "12345678" not in repr(dict(roster.entries))


@pytest.mark.parametrize(("blocked", "is_listed"), [("no", False), ("yes", True)])
def test_a_row_whose_secret_cannot_be_used_lets_nobody_in_and_is_told(blocked, is_listed):
    roster, [problem] = parse("id,category,blocked,otp_key", f"1,staff,{blocked},{SECRET[:-9]}!")
    assert entry_of(roster, "1") == (RosterEntry("staff", blocked=True) if is_listed else None)
    assert problem.what.startswith("otp_key: expected a secret of 16")
    assert SECRET[:4] not in problem.what


def test_a_row_with_another_mistake_and_a_secret_lets_nobody_in():
    roster, [problem] = parse("id,category,otp_key", f"1,Staff,{SECRET}")
    assert entry_of(roster, "1") is None
    assert problem.what.startswith("category")


def test_ids_and_notes_are_forgotten():
    roster, _ = parse(HEADER, f"{PERSON},staff,,,,a private remark")
    kept = repr(dict(roster.entries)) + repr(roster)
    assert PERSON not in kept
    assert "private" not in kept


def test_times_of_day_are_local_unless_they_say_otherwise():
    entry, _ = parse_row(f"{PERSON},staff,2026-01-01T08:00,2026-01-01T08:00:00Z,,")
    assert entry == RosterEntry(
        "staff",
        datetime(2026, 1, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 1, 8, tzinfo=UTC),
    )


@pytest.mark.parametrize("limits", [",", ",9999-12-31"])
def test_blank_and_the_end_of_time_are_no_limit(limits):
    entry, problems = parse_row(f"{PERSON},staff,{limits},,")
    assert (entry, problems) == (RosterEntry("staff"), [])


@pytest.mark.parametrize("word", ["yes", "YA", "True", "1", " ya "])
def test_words_that_block(word):
    entry, problems = parse_row(f"{PERSON},staff,,,{word},")
    assert (entry, problems) == (RosterEntry("staff", blocked=True), [])


@pytest.mark.parametrize("word", ["no", "Tidak", "FALSE", "0", "", " "])
def test_words_that_do_not_block(word):
    entry, problems = parse_row(f"{PERSON},staff,,,{word},")
    assert (entry, problems) == (RosterEntry("staff"), [])


@pytest.mark.parametrize(
    "lines",
    [
        (HEADER, f"{PERSON},staff,,,,"),
        ("category,id", f"staff,{PERSON}"),
        ("id;category", f"{PERSON};staff"),
        (" ID , Category ", f" {PERSON} , staff "),
        ("\ufeffid,category", f"{PERSON},staff"),
        ('"id","category"', f'"{PERSON}","staff"'),
        ("id,category,note", f'{PERSON},staff,"one, two ""three"""'),
        ("id,category", "", f"{PERSON},staff", ",", " ,\t", ""),
    ],
    ids=str,
)
@pytest.mark.parametrize("joint", ["\n", "\r\n"])
def test_files_as_spreadsheets_write_them(lines, joint):
    roster, problems = parse(*lines, joint=joint)
    assert problems == ()
    assert entry_of(roster) == RosterEntry("staff")


def test_a_note_in_another_encoding_does_no_harm():
    content = f"id,category,note\n{PERSON},staff,caf".encode() + b"\xe9\n"
    roster, problems = parse_roster("staff", content, JAKARTA, PSEUDONYMS)
    assert problems == ()
    assert entry_of(roster) == RosterEntry("staff")


# --- broken rows ---


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (",staff,,,,", "id: expected"),
        ("1é,staff,,,,", "id: expected"),
        ("1\x00,staff,,,,", "id: expected"),
        (f"{'1' * 65},staff,,,,", "id: expected"),
        ("1.98701E+17,staff,,,,", "spreadsheet"),
        ('"1,98701E+17",staff,,,,', "spreadsheet"),
        ("1,,,,,", "category: expected"),
        ("1,Staff Ahli,,,,", "category: expected"),
        ("1,staff,01/02/2026,,,", "valid_from: expected a date"),
        ("1,staff,,31/12/2026,,", "valid_until: expected a date"),
        ("1,staff,0001-01-01,,,", "valid_from: expected a date"),
        ("1,staff,2026-02-02,2026-02-01,,", "valid_until: expected a time after"),
        ("1,staff,,,,,", "6 cells"),
        ("1,staff", "6 cells"),
        ('1,staff,,,,"note', "quotes"),
        ('1,staff,,,,"no"te', "quotes"),
    ],
)
def test_a_broken_row_is_named_and_admits_nobody_while_the_others_count(row, said):
    roster, [problem] = parse(HEADER, "0,staff,,,,", row, f"{PERSON},staff,,,,")
    assert problem.row == 3
    assert said in problem.what
    assert set(roster.entries) == {PSEUDONYMS.of(Namespace.PERSON, each) for each in ("0", PERSON)}


def test_every_mistake_of_a_row_is_told():
    _, problems = parse_row("1,Staff,yesterday,tomorrow,perhaps,")
    assert len(problems) == 4


def test_a_cell_is_never_repeated_because_it_could_name_a_person():
    secret = "3516010101870001"
    for column in range(len(COLUMNS) - 1):
        cells = [f"{secret}é"] * (len(COLUMNS) - 1)
        cells[column] = secret
        _, problems = parse(HEADER, ",".join(cells))
        assert problems
        assert not any(secret in problem.what for problem in problems)


@pytest.mark.parametrize("broken", ["Staff,,,ya,", "staff,31/12/2026,,1,", "staff,,x,yes,"])
def test_a_broken_row_still_blocks(broken):
    roster, problems = parse(HEADER, f"{PERSON},{broken}")
    assert len(problems) == 1
    entry = entry_of(roster)
    assert entry is not None
    assert entry.blocked


def test_what_may_mean_blocked_counts_as_blocked():
    entry, [problem] = parse_row(f"{PERSON},staff,,,Y,")
    assert entry == RosterEntry("staff", blocked=True)
    assert "yes or no" in problem


def test_a_category_that_is_none_is_not_kept():
    """With columns shifted it would be a person's number, and events carry the category."""
    entry, _ = parse_row(f"{PERSON},3516010101870001,,,yes,")
    assert entry == RosterEntry("unknown", blocked=True)


# --- the same id twice ---


def test_an_id_that_stands_twice_is_named_and_the_first_row_counts():
    roster, [problem] = parse(HEADER, f"{PERSON},staff,,,,", f"{PERSON},visitor,,,,")
    assert (problem.row, "row 2" in problem.what) == (3, True)
    assert entry_of(roster) == RosterEntry("staff")


@pytest.mark.parametrize("rows", [("staff,,,no,", "visitor,,,yes,"), ("staff,,,yes,", "staff,,,,")])
def test_of_rows_with_the_same_id_the_one_that_blocks_counts(rows):
    roster, problems = parse(HEADER, *(f"{PERSON},{row}" for row in rows))
    assert len(problems) == 1
    entry = entry_of(roster)
    assert entry is not None
    assert entry.blocked


def test_a_good_row_does_not_mend_a_broken_one_with_the_same_id():
    roster, problems = parse(HEADER, f"{PERSON},Staff,,,,", f"{PERSON},staff,,,,")
    assert [problem.row for problem in problems] == [2, 3]
    assert entry_of(roster) is None


# --- broken files ---


@pytest.mark.parametrize(
    "header",
    [
        "",
        "category",
        "id",
        "id,category,id",
        "id,category,blockd",
        "id,category,name",
        "id,category,",
        "id\tcategory",
        f"{PERSON},staff",
        'id,category,"note',
        "\x00i\x00d",
    ],
)
def test_without_a_sound_header_nobody_is_listed(header):
    roster, [problem] = parse(header, f"{PERSON},staff,no")
    assert problem.row == 1
    assert roster.entries == {}
    assert PERSON not in problem.what


def test_more_rows_than_the_limit_are_refused_whole(monkeypatch):
    monkeypatch.setattr(roster_module, "ROW_COUNT_MAX", 2)
    assert len(parse("id,category", "1,staff", "2,staff")[0].entries) == 2
    roster, [problem] = parse("id,category", "1,staff", "2,staff", "3,staff")
    assert roster.entries == {}
    assert "at most 2 rows" in problem.what


@given(st.binary(max_size=200))
@settings(max_examples=150)
def test_no_file_makes_it_raise(content):
    parse_roster("staff", content, JAKARTA, PSEUDONYMS)
    parse_roster("staff", HEADER.encode() + b"\n" + content, JAKARTA, PSEUDONYMS)


@given(st.lists(st.sampled_from([PERSON, "staff", "2026-01-01", "yes", '"', ",", "\n", "1"])))
@settings(max_examples=150)
def test_every_row_is_used_or_named(words):
    rows = "".join(words).split("\n")
    roster, problems = parse("id,category", *rows)
    used_or_named = len(roster.entries) + len({problem.row for problem in problems})
    assert used_or_named >= sum(1 for row in rows if row.strip(","))
