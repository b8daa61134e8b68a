from datetime import UTC, date, datetime

import pytest

from gatewayd.core.evidence import Dose, Evidence, LabTest, Method, Result
from gatewayd.core.fhir import read_bundle
from tests.unit.health_codes import BUNDLE

PATIENT = BUNDLE["entry"][0]["resource"]
SHOT = BUNDLE["entry"][1]["resource"]
SAMPLED = "2021-05-30T08:00:00+07:00"
OBSERVATION = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "94558-4"}]},
    "valueCodeableConcept": {"coding": [{"system": "http://snomed.info/sct", "code": "260415000"}]},
    "effectiveDateTime": SAMPLED,
}


def concept(*codes: object) -> dict[str, object]:
    return {"coding": [{"code": code} for code in codes]}


def read(*resources: object):
    entries = [{"resource": resource} for resource in resources]
    found = read_bundle({"resourceType": "Bundle", "entry": entries})
    assert found is not None
    return found


def evidence(*resources: object) -> Evidence:
    return read(*resources)[1]


def test_doses_are_counted_in_the_order_of_their_days():
    later, earlier = {**SHOT, "occurrenceDateTime": "2021-04-29"}, {**SHOT}
    assert evidence(later, earlier).doses == (
        Dose(1, None, date(2021, 4, 18)),
        Dose(2, None, date(2021, 4, 29)),
    )


def test_two_records_of_one_day_are_one_dose():
    again = {**SHOT, "occurrenceDateTime": "2021-04-18T10:00:00+07:00"}
    assert len(evidence(SHOT, again).doses) == 1


def test_one_dose_of_the_vaccine_that_needs_one_is_the_series():
    assert evidence({**SHOT, "vaccineCode": concept("212")}).doses == (
        Dose(1, 1, date(2021, 4, 18)),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "not-done"},
        {"resourceType": "ImmunizationRecommendation"},
        {"vaccineCode": concept("140")},
        {"vaccineCode": concept(511)},
        {"vaccineCode": {}},
        {"vaccineCode": None},
        {"vaccineCode": {"coding": ["511"]}},
    ],
    ids=str,
)
def test_what_is_no_dose_against_it_is_left_out(changes):
    assert evidence({**SHOT, **changes}).doses == ()


@pytest.mark.parametrize("day", [None, "2021", "2021-04", 7], ids=str)
def test_a_dose_without_a_whole_day_has_none(day):
    assert evidence({**SHOT, "occurrenceDateTime": day}).doses == (Dose(1, None, None),)


@pytest.mark.parametrize(
    ("changes", "method", "result"),
    [
        ({}, Method.ANTIGEN, Result.NEGATIVE),
        ({"code": concept("94500-6")}, Method.MOLECULAR, Result.NEGATIVE),
        ({"valueCodeableConcept": concept("10828004")}, Method.ANTIGEN, Result.POSITIVE),
        ({"valueCodeableConcept": concept("260373001", "1")}, Method.ANTIGEN, Result.POSITIVE),
        ({"valueCodeableConcept": concept("?")}, Method.ANTIGEN, Result.UNKNOWN),
        (
            {"valueCodeableConcept": concept("260373001", "260415000")},
            Method.ANTIGEN,
            Result.UNKNOWN,
        ),
        ({"valueCodeableConcept": None}, Method.ANTIGEN, Result.UNKNOWN),
    ],
    ids=str,
)
def test_a_test_has_a_method_a_result_and_a_time(changes, method, result):
    at = datetime(2021, 5, 30, 1, tzinfo=UTC)
    assert evidence({**OBSERVATION, **changes}).tests == (LabTest(method, result, at),)


def test_a_test_without_a_time_has_none():
    [test] = evidence({**OBSERVATION, "effectiveDateTime": None}).tests
    assert test.sampled_at is None


@pytest.mark.parametrize(
    "changes",
    [{"status": "preliminary"}, {"code": concept("718-7")}, {"resourceType": "Specimen"}],
    ids=str,
)
def test_other_observations_are_left_out(changes):
    assert evidence({**OBSERVATION, **changes}).tests == ()


def test_the_person_is_the_one_patient():
    person, found = read(PATIENT, SHOT)
    assert person is not None
    assert person.subject == "CONTOH<<WARGA\x001990-02-03"
    assert found.born == date(1990, 2, 3)


@pytest.mark.parametrize(
    "resources",
    [
        [],
        [SHOT],
        [PATIENT, PATIENT],
        [{**PATIENT, "name": []}],
        [{**PATIENT, "name": [{"given": ["Warga"]}]}],
        [{**PATIENT, "birthDate": None}],
        [{**PATIENT, "birthDate": "soon"}],
    ],
    ids=str,
)
def test_who_is_not_one_known_person_is_nobody(resources):
    assert read(*resources)[0] is None


@pytest.mark.parametrize("given", [None, "Warga", [7]], ids=str)
def test_given_names_may_be_missing(given):
    person, _ = read({**PATIENT, "name": [{"family": "Contoh", "given": given}]})
    assert person is not None
    assert person.name == "CONTOH<<"


@pytest.mark.parametrize(
    "bundle", [{}, {"resourceType": "Bundle"}, {"resourceType": "Patient", "entry": []}], ids=str
)
def test_another_resource_is_no_bundle(bundle):
    assert read_bundle(bundle) is None


def test_entries_that_are_none_are_passed_over():
    bundle = {
        "resourceType": "Bundle",
        "entry": [None, 7, {}, {"resource": "x"}, {"resource": SHOT}],
    }
    found = read_bundle(bundle)
    assert found is not None
    assert len(found[1].doses) == 1
