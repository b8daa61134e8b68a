"""FHIR bundles (R4) in SMART Health Cards: the person, their vaccinations and test results.

What is not about COVID-19 is left out. Vaccines are known by CVX codes, tests by LOINC, results by
SNOMED CT, as the profiles for SMART Health Cards ask.
"""

from collections.abc import Iterator, Mapping
from datetime import date

from gatewayd.core.evidence import (
    Dose,
    Evidence,
    LabTest,
    Method,
    Person,
    Result,
    name_person,
    read_birth_date,
    read_date,
    read_instant,
)

_CVX = (  # The vaccines against COVID-19 that the CDC published by 2023; from 500 on not its own.
    "207 208 210 211 212 213 217 218 219 221 225 226 227 228 229 230 300 301 302 308 309 310 311 "
    "312 313 500 501 502 503 504 505 506 507 508 509 510 511 512 513 514 515 516 517 518 519 520 "
    "521"
)
_LOINC_MOLECULAR = (  # Nucleic acid amplification, of whatever sample and gene.
    "94306-8 94307-6 94308-4 94309-2 94310-0 94314-2 94315-9 94316-7 94500-6 94502-2 94533-7 "
    "94534-5 94559-2 94565-9 94759-8 94845-5 95406-5 95409-9 95425-5 95608-6 95609-4 96123-5"
)
_LOINC_ANTIGEN = "94558-4 95209-3 96119-3 97097-0"

_VACCINES = frozenset(_CVX.split())
_SINGLE_DOSE = frozenset({"212"})  # Janssen: one dose is the series.
_MOLECULAR = frozenset(_LOINC_MOLECULAR.split())
_ANTIGEN = frozenset(_LOINC_ANTIGEN.split())
_RESULTS = {
    "260373001": Result.POSITIVE,  # detected
    "10828004": Result.POSITIVE,
    "260415000": Result.NEGATIVE,  # not detected
    "260385009": Result.NEGATIVE,
}
_FINAL = frozenset({"final", "amended", "corrected"})

_Resource = Mapping[str, object]


def read_bundle(bundle: _Resource) -> tuple[Person | None, Evidence] | None:
    """Return who it is about and what it says; None where it is no bundle.

    No person where none, or more than one, is described.
    """
    if bundle.get("resourceType") != "Bundle" or not isinstance(bundle.get("entry"), list):
        return None
    resources = list(_resources(bundle))
    patients = [each for each in resources if each.get("resourceType") == "Patient"]
    person, born = _read_patient(patients[0]) if len(patients) == 1 else (None, None)
    return person, Evidence(doses=_read_doses(resources), tests=_read_tests(resources), born=born)


def _resources(bundle: _Resource) -> Iterator[_Resource]:
    entries = bundle.get("entry")
    for entry in entries if isinstance(entries, list) else ():
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict):
            yield resource


def _read_patient(patient: _Resource) -> tuple[Person | None, date | None]:
    born = patient.get("birthDate")
    match patient.get("name"):
        case [{"family": str() as family, **rest}, *_] if isinstance(born, str):
            given = rest.get("given")
        case _:
            return None, None
    names = given if isinstance(given, list) else []
    spelled = " ".join(name for name in names if isinstance(name, str))
    return name_person(family, spelled, born), read_birth_date(born)


def _read_doses(resources: list[_Resource]) -> tuple[Dose, ...]:
    """Count doses by their days: two records of one day are one dose, recorded twice."""
    series: dict[date | None, int | None] = {}
    for each in resources:
        if each.get("resourceType") != "Immunization" or each.get("status") != "completed":
            continue
        codes = _codes(each.get("vaccineCode")) & _VACCINES
        if codes:
            given = each.get("occurrenceDateTime")
            day = read_date(given) if isinstance(given, str) else None
            series[day] = 1 if codes & _SINGLE_DOSE else None
    days = sorted(series, key=lambda day: day or date.min)
    return tuple(Dose(number, series[day], day) for number, day in enumerate(days, 1))


def _read_tests(resources: list[_Resource]) -> tuple[LabTest, ...]:
    return tuple(
        test
        for each in resources
        if each.get("resourceType") == "Observation" and each.get("status") in _FINAL
        if (test := _read_test(each)) is not None
    )


def _read_test(observation: _Resource) -> LabTest | None:
    """Return the test; None where it is one for something else."""
    codes = _codes(observation.get("code"))
    if codes & _ANTIGEN:
        method = Method.ANTIGEN
    elif codes & _MOLECULAR:
        method = Method.MOLECULAR
    else:
        return None
    results = {
        _RESULTS[code] for code in _codes(observation.get("valueCodeableConcept")) & _RESULTS.keys()
    }
    sampled = observation.get("effectiveDateTime")
    return LabTest(
        method=method,
        result=results.pop() if len(results) == 1 else Result.UNKNOWN,
        sampled_at=read_instant(sampled) if isinstance(sampled, str) else None,
    )


def _codes(concept: object) -> set[str]:
    """Return the codes of a concept; those of the systems used here do not overlap."""
    codings = concept.get("coding") if isinstance(concept, dict) else None
    if not isinstance(codings, list):
        return set()
    found = [coding.get("code") for coding in codings if isinstance(coding, dict)]
    return {code for code in found if isinstance(code, str)}
