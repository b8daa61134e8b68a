from datetime import UTC, date, datetime

import pytest

from gatewayd.core.dcc_content import Content, read_content
from gatewayd.core.evidence import Dose, LabTest, Method, Recovery, Result, Statement
from gatewayd.core.reasons import Reason
from tests.unit.health_codes import RECOVERED_ENTRY, TESTED_ENTRY, VACCINATED, without_entries

DOSE = VACCINATED["v"][0]


def read(**changes) -> Content:
    content = read_content({**VACCINATED, **changes})
    assert isinstance(content, Content)
    return content


def read_dose(**changes):
    return read_content({**VACCINATED, "v": [{**DOSE, **changes}]})


def read_entry(group: str, entry: object):
    return read_content({**without_entries(), group: [entry]})


def test_a_vaccination_is_a_dose_of_a_series():
    found = read()
    assert found.statement is Statement.VACCINATION
    assert found.evidence.doses == (Dose(2, 2, date(2021, 5, 18)),)
    assert found.evidence.born == date(1990, 2, 3)
    assert found.person is not None
    assert found.person.subject == "CONTOH<<WARGA\x001990-02-03"


@pytest.mark.parametrize(
    ("changes", "method", "result"),
    [
        ({}, Method.MOLECULAR, Result.NEGATIVE),
        ({"tt": "LP217198-3", "tr": "260373001"}, Method.ANTIGEN, Result.POSITIVE),
        ({"tt": "a test", "tr": ""}, Method.OTHER, Result.UNKNOWN),
    ],
)
def test_a_test_has_a_method_a_result_and_a_time(changes, method, result):
    found = read_entry("t", {**TESTED_ENTRY, **changes})
    at = datetime(2021, 5, 30, 8, tzinfo=UTC)
    assert isinstance(found, Content)
    assert found.statement is Statement.TEST
    assert found.evidence.tests == (LabTest(method, result, at),)


def test_a_recovery_has_its_days():
    found = read_entry("r", RECOVERED_ENTRY)
    days = Recovery(date(2021, 3, 1), date(2021, 3, 12), date(2021, 8, 28))
    assert isinstance(found, Content)
    assert found.statement is Statement.RECOVERY
    assert found.evidence.recoveries == (days,)


def test_what_is_about_another_disease_is_no_evidence():
    found = read(v=[{**DOSE, "tg": "729999"}])
    assert found.evidence.doses == ()
    assert found.evidence.born is not None


# --- what issuers are known to write ---


@pytest.mark.parametrize(
    ("changes", "dose"),
    [
        ({"dn": 2.0, "sd": 2.0}, Dose(2, 2, date(2021, 5, 18))),
        ({"dt": " 2021-05-18T10:00:00+02:00"}, Dose(2, 2, date(2021, 5, 18))),
        ({"dt": "2021-05"}, Dose(2, 2, None)),
        ({"dt": ""}, Dose(2, 2, None)),
        ({"dn": 3, "sd": 1}, Dose(3, 1, date(2021, 5, 18))),
        ({"sd": 0}, Dose(2, None, date(2021, 5, 18))),
        ({"tg": " 840539006 ", "mp": "unheard of", "co": ""}, Dose(2, 2, date(2021, 5, 18))),
    ],
    ids=str,
)
def test_oddities_of_real_doses_are_taken_for_what_they_mean(changes, dose):
    found = read_dose(**changes)
    assert isinstance(found, Content)
    assert found.evidence.doses == (dose,)


@pytest.mark.parametrize(
    "changes",
    [
        {"t": None, "r": []},
        {"v": [DOSE, None]},
        {"dob": "1990"},
        {"dob": "1990-02"},
        {"dob": " 1990-02-03 "},
        {"ver": " 1.3.0 "},
        {"nam": {"fnt": "CONTOH"}},
        {"nam": {"fnt": "CONTOH", "gnt": None}},
        {"meta": {"more": 1}},
    ],
    ids=str,
)
def test_oddities_around_the_entry_are_passed_over(changes):
    assert len(read(**changes).evidence.doses) == 1


@pytest.mark.parametrize("changes", [{"dob": ""}, {"nam": {"fnt": ""}}], ids=str)
def test_who_is_not_told_apart_has_no_name_here(changes):
    assert read(**changes).person is None


# --- what is no certificate ---


@pytest.mark.parametrize(
    "changes",
    [
        {"ver": None},
        {"ver": "1.3"},
        {"ver": 1},
        {"dob": None},
        {"dob": "3.2.1990"},
        {"dob": 1990},
        {"nam": None},
        {"nam": {"gnt": "WARGA"}},
        {"nam": {"fnt": 7}},
        {"nam": {"fnt": "CONTOH", "gnt": 7}},
        {"v": None},
        {"v": []},
        {"v": [None]},
        {"v": ["entry"]},
        {"v": "entry"},
        {"v": b"entry"},
        {"v": {}},
    ],
    ids=str,
)
def test_what_the_schema_requires_must_be_there(changes):
    assert read_content({**VACCINATED, **changes}) is Reason.SCHEMA


@pytest.mark.parametrize("missing", DOSE)
def test_no_field_of_a_dose_may_be_missing(missing):
    assert read_dose(**{missing: None}) is Reason.SCHEMA


@pytest.mark.parametrize("missing", [key for key in TESTED_ENTRY if key != "tc"])
def test_no_field_of_a_test_may_be_missing(missing):
    assert read_entry("t", {**TESTED_ENTRY, missing: None}) is Reason.SCHEMA


@pytest.mark.parametrize("missing", RECOVERED_ENTRY)
def test_no_field_of_a_recovery_may_be_missing(missing):
    assert read_entry("r", {**RECOVERED_ENTRY, missing: None}) is Reason.SCHEMA


@pytest.mark.parametrize(
    "changes",
    [
        {"dn": -1},
        {"dn": True},
        {"dn": 1.5},
        {"dn": "2"},
        {"dn": float("nan")},
        {"sd": 100},
        {"dt": "18.05.2021"},
        {"tg": 840539006},
    ],
    ids=str,
)
def test_fields_of_another_form_are_refused(changes):
    assert read_dose(**changes) is Reason.SCHEMA


def test_a_time_of_another_form_is_refused():
    assert read_entry("t", {**TESTED_ENTRY, "sc": "yesterday"}) is Reason.SCHEMA


@pytest.mark.parametrize(
    "changes", [{"v": [DOSE, DOSE]}, {"t": [TESTED_ENTRY]}, {"v": [{}, {}]}], ids=str
)
def test_a_code_holds_one_entry_only(changes):
    assert read_content({**VACCINATED, **changes}) is Reason.MULTIPLE_CERTIFICATES
