"""The certificate inside an EU DCC: schema 1.3 of the eHealth Network, as it is really filled in.

What the schema requires must be there, in the form it requires. What issuers are known to get wrong
is taken for what it means: blanks around a text, lists that are null, doses as 2.0, a date with a
time behind it, an empty code. A value nobody knows is no mistake: the schema leaves codes open.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from gatewayd.core.evidence import (
    Dose,
    Evidence,
    LabTest,
    Method,
    Person,
    Recovery,
    Result,
    Statement,
    name_person,
    read_birth_date,
    read_date,
    read_instant,
)
from gatewayd.core.reasons import Reason

COVID_19 = "840539006"  # SNOMED CT, as all codes of diseases and results here.

_VERSION = re.compile(r"\d{1,3}\.\d{1,3}\.\d{1,3}")
_DATE = re.compile(r"(\d{4}(-\d{2}(-\d{2}(T.{1,40})?)?)?)?")
_DOSES_MAX = 99  # Beyond it somebody counts something else.
_METHODS = {"LP6464-4": Method.MOLECULAR, "LP217198-3": Method.ANTIGEN}
_RESULTS = {"260415000": Result.NEGATIVE, "260373001": Result.POSITIVE}

_Entry = Mapping[object, object]


@dataclass(frozen=True, slots=True)
class Content:
    """One statement about one person."""

    statement: Statement
    person: Person | None
    evidence: Evidence


def read_content(certificate: Mapping[object, object]) -> Content | Reason:
    """Understand the map under claim -260, key 1; it may hold one entry only."""
    entries = _collect(certificate)
    if entries is None or not entries:
        return Reason.SCHEMA
    if len(entries) > 1:
        return Reason.MULTIPLE_CERTIFICATES
    [(statement, entry)] = entries
    evidence = _READERS[statement](entry) if _has_common_fields(entry) else None
    holder = _read_holder(certificate)
    if evidence is None or holder is None:
        return Reason.SCHEMA
    if _text(entry, "tg") != COVID_19:
        evidence = Evidence()
    person, born = holder
    return Content(statement, person, replace(evidence, born=born))


def _read_holder(certificate: _Entry) -> tuple[Person | None, date | None] | None:
    """Return who it is about and when they were born; None where that is not as it must be."""
    version, born, name = (
        _text(certificate, "ver"),
        _date(certificate, "dob"),
        certificate.get("nam"),
    )
    if version is None or _VERSION.fullmatch(version) is None or born is None:
        return None
    if not isinstance(name, Mapping):
        return None
    family, given = _text(name, "fnt"), _text(name, "gnt")
    if family is None or (given is None and name.get("gnt") is not None):
        return None
    return name_person(family, given or "", born), read_birth_date(born)


def _collect(certificate: Mapping[object, object]) -> list[tuple[Statement, _Entry]] | None:
    """Return all entries; None where one is not a map."""
    found: list[tuple[Statement, _Entry]] = []
    for key, statement in _GROUPS.items():
        group = certificate.get(key)
        if group is None:
            continue
        if not isinstance(group, Sequence) or isinstance(group, str | bytes):
            return None
        for entry in group:
            if isinstance(entry, Mapping):
                found.append((statement, entry))
            elif entry is not None:
                return None
    return found


def _has_common_fields(entry: _Entry) -> bool:
    """Tell whether agent, country, issuer and identifier are there, as in every entry."""
    return all(_text(entry, key) is not None for key in ("tg", "co", "is", "ci"))


def _read_vaccination(entry: _Entry) -> Evidence | None:
    codes = [_text(entry, key) for key in ("vp", "mp", "ma")]
    number, series, given_on = _count(entry, "dn"), _count(entry, "sd"), _date(entry, "dt")
    if None in codes or number is None or series is None or given_on is None:
        return None
    return Evidence(doses=(Dose(number, series or None, read_date(given_on)),))


def _read_test(entry: _Entry) -> Evidence | None:
    method, result, sampled_at = (_text(entry, key) for key in ("tt", "tr", "sc"))
    if method is None or result is None or sampled_at is None:
        return None
    if _DATE.fullmatch(sampled_at) is None:
        return None
    test = LabTest(
        method=_METHODS.get(method, Method.OTHER),
        result=_RESULTS.get(result, Result.UNKNOWN),
        sampled_at=read_instant(sampled_at),
    )
    return Evidence(tests=(test,))


def _read_recovery(entry: _Entry) -> Evidence | None:
    positive, begins, ends = (_date(entry, key) for key in ("fr", "df", "du"))
    if positive is None or begins is None or ends is None:
        return None
    recovery = Recovery(read_date(positive), read_date(begins), read_date(ends))
    return Evidence(recoveries=(recovery,))


_GROUPS = {"v": Statement.VACCINATION, "t": Statement.TEST, "r": Statement.RECOVERY}
_READERS: Mapping[Statement, Callable[[_Entry], Evidence | None]] = {
    Statement.VACCINATION: _read_vaccination,
    Statement.TEST: _read_test,
    Statement.RECOVERY: _read_recovery,
}


def _text(entry: _Entry, key: str) -> str | None:
    value = entry.get(key)
    return value.strip() if isinstance(value, str) else None


def _date(entry: _Entry, key: str) -> str | None:
    """Return a date as it is written, blank and incomplete ones too."""
    text = _text(entry, key)
    return text if text is not None and _DATE.fullmatch(text) else None


def _count(entry: _Entry, key: str) -> int | None:
    match entry.get(key):
        case bool():
            return None
        case int() | float() as value if 0 <= value <= _DOSES_MAX and value == int(value):
            return int(value)
        case _:
            return None
