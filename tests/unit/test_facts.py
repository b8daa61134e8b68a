"""The facts that status rules are written over, one by one, with absurd evidence too."""

import json
import re
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.evidence import Dose, Evidence, LabTest, Method, Recovery, Result
from gatewayd.core.facts import CentreWord, Counting, Here, Mark, derive_facts, is_fact
from gatewayd.core.words import Json, Status

JAKARTA = ZoneInfo("Asia/Jakarta")
NOW = datetime(2021, 9, 10, 5, tzinfo=UTC)  # Noon in Jakarta.
HERE = Here(NOW, JAKARTA)
NOBODY = Evidence()
PLAIN = Counting()


def facts(
    evidence: Evidence = NOBODY, word: CentreWord | None = None, counting: Counting = PLAIN
) -> dict[str, Json]:
    return derive_facts(evidence, word, HERE, counting)


def fact(path: str, *about: object) -> Json:
    """Return one fact, found as rules find it."""
    assert is_fact(path)
    found: Json = facts(*about)  # type: ignore[arg-type]
    for key in path.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found


def negative(hours_ago: float, method: Method = Method.MOLECULAR) -> LabTest:
    return LabTest(method, Result.NEGATIVE, NOW - timedelta(hours=hours_ago))


def positive(days_ago: float) -> LabTest:
    return LabTest(Method.ANTIGEN, Result.POSITIVE, NOW - timedelta(days=days_ago))


def samples(*tests: LabTest) -> Evidence:
    return Evidence(tests=tests)


def test_of_nobody_only_the_time_is_known():
    assert facts() == {
        "now": "2021-09-10T05:00:00.000Z",
        "today": "2021-09-10",
        "evidence": 0,
        "age": None,
        "doses": {"count": 0, "series": None, "day": None},
        "negative": {},
        "positive": None,
        "recovery": None,
        "marks": {},
        "centre": None,
    }


def test_today_is_the_day_where_the_gate_stands():
    late = Here(datetime(2021, 9, 10, 17, tzinfo=UTC), JAKARTA)
    assert derive_facts(NOBODY, None, late, Counting())["today"] == "2021-09-11"


def test_each_piece_of_evidence_counts():
    recovery = Recovery(date(2021, 1, 1), None, None)
    evidence = Evidence((Dose(1, 2, None),), (negative(1), positive(3)), (recovery,))
    word = CentreWord(marks=(Mark("contact", NOW),))
    assert fact("evidence", evidence, word) == 5


def test_an_age_is_in_full_years():
    assert fact("age.years", Evidence(born=date(2003, 9, 10))) == 18
    assert fact("age.years", Evidence(born=date(2003, 9, 11))) == 17
    assert fact("age", Evidence(born=date(2021, 9, 10))) == {"years": 0}
    assert fact("age", Evidence(born=date(2021, 9, 11))) is None


# --- doses ---


def test_the_highest_dose_given_by_now_is_the_one_told():
    doses = (Dose(2, 2, date(2021, 9, 9)), Dose(1, 2, date(2021, 8, 1)))
    assert fact("doses", Evidence(doses)) == {"count": 2, "series": 2, "day": 2}
    ahead = (*doses, Dose(3, 3, date(2021, 9, 11)))
    assert fact("doses.count", Evidence(ahead)) == 2


def test_a_dose_without_a_date_counts():
    assert fact("doses", Evidence((Dose(1, None, None),))) == {
        "count": 1,
        "series": None,
        "day": None,
    }


# --- negative results ---


def test_the_newest_negative_result_is_told_by_method():
    evidence = samples(negative(50), negative(3.5), negative(30, Method.ANTIGEN))
    newest = {"at": "2021-09-10T01:30:00.000Z", "day": 1, "hours": 3}
    assert fact("negative.molecular", evidence) == newest
    assert fact("negative.any", evidence) == newest
    assert fact("negative.antigen", evidence) == {
        "at": "2021-09-08T23:00:00.000Z",
        "day": 2,
        "hours": 30,
    }


@pytest.mark.parametrize(("hours_ago", "hours"), [(23.9999, 23), (24, 24), (24.0001, 24)])
def test_hours_are_full_ones(hours_ago, hours):
    assert fact("negative.any.hours", samples(negative(hours_ago))) == hours


def test_a_test_of_another_method_says_nothing_of_now():
    evidence = samples(negative(1, Method.OTHER))
    assert fact("negative.other.hours", evidence) == 1
    assert fact("negative.any", evidence) is None


@pytest.mark.parametrize(
    "test",
    [
        negative(-0.001),
        LabTest(Method.MOLECULAR, Result.NEGATIVE, None),
        LabTest(Method.MOLECULAR, Result.UNKNOWN, NOW),
    ],
)
def test_what_is_not_known_to_be_negative_by_now_is_not(test):
    assert fact("negative", samples(test)) == {}


def test_a_negative_result_counts_until_a_positive_one_of_its_day_or_later():
    assert fact("negative.any", samples(negative(1), positive(1))) is not None
    assert fact("negative.any", samples(negative(1), positive(0.4))) is None
    assert fact("negative.any", samples(negative(100), positive(1))) is None


def test_negative_results_of_an_episode_count_from_a_day_on():
    counting = Counting(negatives_from_day=11)
    day_10 = samples(positive(9), negative(1))
    day_11 = samples(positive(10), negative(1))
    assert fact("negative.any", day_10, None, counting) is None
    assert fact("negative.any", day_11, None, counting) is not None


# --- positive results ---


def test_days_count_from_the_first_positive_one():
    assert fact("positive.day", samples(positive(0))) == 1
    assert fact("positive.day", samples(positive(13.9))) == 15  # Calendar days, not 24 hours.


@pytest.mark.parametrize(("episode_days", "day"), [(0, 3), (27, 3), (28, 31)])
def test_a_later_positive_result_belongs_to_the_episode_for_some_days(episode_days, day):
    evidence = samples(positive(30), positive(2))
    assert fact("positive.day", evidence, None, Counting(episode_days)) == day


def test_a_positive_result_counts_at_once_whatever_its_date():
    unknown = LabTest(Method.OTHER, Result.POSITIVE, None)
    assert fact("positive.day", samples(unknown)) == 1
    assert fact("positive.day", samples(positive(-500))) == 1
    ahead = Recovery(date(9999, 12, 31), None, None)
    assert fact("positive.day", Evidence(recoveries=(ahead,))) == 1


def test_marks_can_count_as_positive_results():
    word = CentreWord(marks=(Mark("case", NOW - timedelta(days=2)), Mark("other", NOW)))
    assert fact("positive", NOBODY, word) is None
    assert fact("positive.day", NOBODY, word, Counting(positive_marks=("case",))) == 3


def test_negative_results_are_told_by_the_day_of_the_episode():
    evidence = samples(
        positive(10),
        negative(8 * 24, Method.ANTIGEN),
        negative(6 * 24),
        negative(5 * 24 + 0.001),
        negative(5 * 24),
        negative(24),
    )
    assert fact("positive", evidence) == {
        "day": 11,
        "first_negative_day": {"antigen": 3, "any": 3, "molecular": 5},
        "last_negative_day": {"antigen": 3, "any": 10, "molecular": 10},
        "confirmed_negative_day": {"any": 5, "molecular": 6},
    }


def test_two_negative_results_confirm_each_other_24_hours_apart():
    path = "positive.confirmed_negative_day.molecular"
    assert fact(path, samples(positive(10), negative(48), negative(24))) == 10
    assert fact(path, samples(positive(10), negative(48), negative(24.001))) is None


# --- recovery ---


def test_a_recovery_is_told_while_it_is_vouched_for():
    def day(begins: date | None, ends: date | None) -> Json:
        recovery = Recovery(date(2021, 9, 1), begins, ends)
        return fact("recovery.day", Evidence(recoveries=(recovery,)))

    assert day(None, None) == 10
    assert day(date(2021, 9, 10), date(2021, 9, 10)) == 10
    assert day(date(2021, 9, 11), None) is None
    assert day(None, date(2021, 9, 9)) is None
    assert fact("recovery", Evidence(recoveries=(Recovery(None, None, None),))) is None
    ahead = Recovery(date(2021, 9, 11), date(2021, 9, 10), None)
    assert fact("recovery", Evidence(recoveries=(ahead,))) is None


# --- the centre ---


def test_a_mark_is_told_while_it_lasts():
    since = NOW - timedelta(days=4)
    ends = NOW + timedelta(seconds=1)
    for until, is_told in ((None, True), (ends, True), (NOW, False)):
        word = CentreWord(marks=(Mark("contact", since, until),))
        assert (fact("marks.contact", NOBODY, word) is not None) is is_told


def test_a_mark_is_told_with_the_negative_results_since():
    word = CentreWord(marks=(Mark("contact", NOW - timedelta(days=4)),))
    evidence = samples(negative(4 * 24 + 11), negative(4 * 24 + 13, Method.ANTIGEN))
    assert fact("marks.contact", evidence, word) == {
        "day": 5,
        "first_negative_day": {"any": 1, "molecular": 1},
        "last_negative_day": {"any": 1, "molecular": 1},
        "confirmed_negative_day": {},
    }


def test_of_two_marks_of_a_name_the_newer_one_is_told():
    newer, older = (
        Mark("contact", NOW - timedelta(days=1)),
        Mark("contact", NOW - timedelta(days=9)),
    )
    assert fact("marks.contact.day", NOBODY, CentreWord(marks=(newer, older))) == 2
    assert fact("marks.contact.day", NOBODY, CentreWord(marks=(older, newer))) == 2


def test_the_centres_word_ends():
    word = CentreWord(Status.BLACK, NOW + timedelta(seconds=1), (Mark("contact", NOW),))
    assert fact("centre.status", NOBODY, word) == "black"
    over = CentreWord(Status.BLACK, NOW, (Mark("contact", NOW),))
    assert facts(NOBODY, over) == facts()


# --- names, and what cannot happen ---


@pytest.mark.parametrize(
    "path",
    [
        "doses.cuont",
        "dose",
        "marks.",
        "marks.a.b",
        "negative.pcr",
        "positive.first_negative_day.any.x",
        "age.",
        "",
    ],
)
def test_what_nobody_ever_has_is_no_fact(path):
    assert not is_fact(path)


TIMES = st.none() | st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-12))]))
DATES = st.none() | st.dates()
ANYBODY = st.builds(
    Evidence,
    st.lists(st.builds(Dose, st.integers(1, 99), st.none() | st.integers(1, 99), DATES)).map(tuple),
    st.lists(
        st.builds(LabTest, st.sampled_from(Method), st.sampled_from(Result), TIMES), max_size=6
    ).map(tuple),
    st.lists(st.builds(Recovery, DATES, DATES, DATES), max_size=3).map(tuple),
    DATES,
)
MARKS = st.builds(
    Mark, st.sampled_from(["contact", "case"]), st.datetimes(timezones=st.just(UTC)), TIMES
)
ANY_WORD = st.builds(
    CentreWord, st.none() | st.sampled_from(Status), TIMES, st.lists(MARKS, max_size=3).map(tuple)
)
ZONES = st.sampled_from(
    [JAKARTA, UTC, ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Pacific/Pago_Pago")]
)


@settings(max_examples=200)
@given(ANYBODY, ANY_WORD, ZONES, st.integers(0, 40), st.integers(0, 40))
def test_absurd_evidence_is_told_in_facts_too(evidence, word, zone, episode_days, from_day):
    counting = Counting(episode_days, from_day, ("case",))
    found = derive_facts(evidence, word, Here(NOW, zone), counting)
    assert json.loads(json.dumps(found)) == found
    for path, value in _paths(found, ()):
        assert is_fact(path)
        if path.endswith(".day") or "_day." in path:
            assert value is None or value >= 1


def _paths(value: Json, path: tuple[str, ...]) -> list[tuple[str, Json]]:
    if not isinstance(value, dict):
        return [(".".join(path), value)]
    return [found for key, item in value.items() for found in _paths(item, (*path, key))]


READERS_OF_CERTIFICATES = {
    "credential.py",
    "dcc.py",
    "dcc_content.py",
    "evidence.py",
    "fhir.py",
    "shc.py",
    "signer_certificates.py",
}


def test_what_decides_knows_no_disease():
    core = Path(__file__).parents[2] / "gatewayd" / "core"
    words = re.compile("covid|corona|omicron|pcr|vaccin|vaksin|swab|peduli", re.IGNORECASE)
    deciding = [file for file in core.glob("*.py") if file.name not in READERS_OF_CERTIFICATES]
    assert [file.name for file in deciding if words.search(file.read_text())] == []
