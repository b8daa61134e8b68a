from datetime import UTC, date, datetime

import pytest

from gatewayd.core.evidence import (
    Dose,
    Evidence,
    name_person,
    read_birth_date,
    read_date,
    read_instant,
)


@pytest.mark.parametrize(
    ("family", "given", "name"),
    [
        ("Musterfrau-Gößinger", "Gabriele", "MUSTERFRAU<GOESSINGER<<GABRIELE"),
        ("MUSTERFRAU<GOESSINGER", "GABRIELE", "MUSTERFRAU<GOESSINGER<<GABRIELE"),
        (" anyperson ", "Jane C.", "ANYPERSON<<JANE<C"),
        ("O'Brien", "Séan", "OBRIEN<<SEAN"),
        ("Łukasiewicz", "Bjørn Åge", "LUKASIEWICZ<<BJOERN<AAGE"),
        ("Sukarno", "", "SUKARNO<<"),
        ("", "Sukarno", "<<SUKARNO"),
        ("张", "伟", "张<<伟"),
    ],
)
def test_a_name_is_spelled_as_in_a_passport(family, given, name):
    person = name_person(family, given, "1990-01-02")
    assert person is not None
    assert person.subject == f"{name}\x001990-01-02"


def test_one_person_is_the_same_whatever_accents_and_times_are_written():
    written = [
        name_person("Gößinger", "Zoë", "1998-02-26"),
        name_person("GOESSINGER", "ZOE", " 1998-02-26T00:00:00 "),
        name_person("Go\u0308ßinger", "Zoe\u0308", "1998-02-26"),
    ]
    assert len(set(written)) == 1


def test_another_birth_date_is_another_person():
    born = ["1998-02-26", "1998-02", "1998"]
    assert len({name_person("Anyperson", "Jane", each) for each in born}) == 3


@pytest.mark.parametrize(
    ("family", "given", "born"),
    [("Any", "Jane", ""), ("Any", "Jane", "soon"), ("", "", "1990-01-02"), ("--", "1", "1990")],
)
def test_without_name_or_birth_date_nobody_is_told_apart(family, given, born):
    assert name_person(family, given, born) is None


def test_neither_name_nor_content_shows_in_logs():
    person = name_person("Anyperson", "Jane", "1990-01-02")
    evidence = Evidence(doses=(Dose(1, 2, date(2021, 1, 1)),), born=date(1990, 1, 2))
    assert (repr(person), repr(evidence)) == ("Person()", "Evidence()")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2021-02-18", date(2021, 2, 18)),
        (" 2021-02-18T12:00:00Z ", date(2021, 2, 18)),
        ("2021-02", None),
        ("2021", None),
        ("2021-02-30", None),
        ("", None),
        ("18.02.2021", None),
        ("٢٠٢١-٠٢-١٨", None),
    ],
)
def test_a_date_is_read_only_if_it_is_whole(text, found):
    assert read_date(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1998-02-26", date(1998, 2, 26)),
        ("1998-02", date(1998, 2, 28)),
        ("2000-02", date(2000, 2, 29)),
        ("1998-04", date(1998, 4, 30)),
        ("1998", date(1998, 12, 31)),
        ("1998-13", None),
        ("0000", None),
        ("", None),
    ],
)
def test_of_an_incomplete_birth_date_the_youngest_age_counts(text, found):
    assert read_birth_date(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2021-02-20T12:34:56Z", datetime(2021, 2, 20, 12, 34, 56, tzinfo=UTC)),
        ("2021-02-20T12:34:56+02:00", datetime(2021, 2, 20, 10, 34, 56, tzinfo=UTC)),
        ("2021-02-20T12:34", datetime(2021, 2, 20, 12, 34, tzinfo=UTC)),
        ("2021-02-20", None),
        ("T", None),
        ("0001-01-01T00:00:00+14:00", None),
    ],
)
def test_a_time_of_a_test_is_read_in_its_zone(text, found):
    assert read_instant(text) == found


def test_the_age_counts_full_years():
    evidence = Evidence(born=date(2004, 2, 29))
    days = [date(2022, 2, 28), date(2022, 3, 1), date(2004, 2, 28)]
    assert [evidence.age(day) for day in days] == [17, 18, None]
    assert Evidence().age(days[0]) is None
