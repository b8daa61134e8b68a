"""What health certificates say, in one neutral form for all their formats.

It lives only while a decision is made. What stays of a certificate is a pseudonym of its holder,
its kind, its issuer, and what the rules made of it; so nothing here shows its content in a log.
Products are left out: how many doses a series has is all that rules ask of them.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum

NAME_LENGTH_MAX = 160  # Family and given name; certificates hold 80 characters of each.

_WRITTEN_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:T.+)?)?)?")
_WORD = re.compile(r"[^\W\d_]+")
_APOSTROPHES = str.maketrans("", "", "'`\N{RIGHT SINGLE QUOTATION MARK}")
_SPELLED_OUT = str.maketrans(
    {
        "Ä": "AE",
        "Æ": "AE",
        "Å": "AA",
        "Ð": "D",
        "Đ": "D",
        "Ł": "L",
        "Ö": "OE",
        "Ø": "OE",
        "Œ": "OE",
        "Þ": "TH",
        "Ü": "UE",
        "ẞ": "SS",
    }
)
"""ICAO 9303, part 3, section 6: letters that are more than one with an accent."""


class Statement(StrEnum):
    """What a certificate can be about; issuers' keys can be bound to it."""

    VACCINATION = "vaccination"
    TEST = "test"
    RECOVERY = "recovery"


class Method(StrEnum):
    """How a test was made."""

    MOLECULAR = "molecular"
    """PCR, and others that multiply the virus's RNA."""
    ANTIGEN = "antigen"
    OTHER = "other"


class Result(StrEnum):
    NEGATIVE = "negative"
    POSITIVE = "positive"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Dose:
    """The `number`-th dose, counted from 1, of a series of `series`; None where nobody says."""

    number: int
    series: int | None
    given_on: date | None


@dataclass(frozen=True, slots=True)
class LabTest:
    method: Method
    result: Result
    sampled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Recovery:
    """Over an infection that a test first found on `positive_on`; counts within the other two."""

    positive_on: date | None
    valid_from: date | None
    valid_until: date | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All about COVID-19; what a certificate says of other diseases is left out.

    born: the last day that the birth date as written can mean, so that an age is never too high.
    """

    doses: tuple[Dose, ...] = field(default=(), repr=False)
    tests: tuple[LabTest, ...] = field(default=(), repr=False)
    recoveries: tuple[Recovery, ...] = field(default=(), repr=False)
    born: date | None = field(default=None, repr=False)

    def age(self, on: date) -> int | None:
        """Return the age in full years; None where no birth date is given, or one to come."""
        if self.born is None or on < self.born:
            return None
        is_birthday_ahead = (on.month, on.day) < (self.born.month, self.born.day)
        return on.year - self.born.year - is_birthday_ahead


@dataclass(frozen=True, slots=True)
class Person:
    """Who a certificate is about, spelled so that all formats spell them the same.

    born: the birth date as written: YYYY, YYYY-MM or YYYY-MM-DD.
    """

    name: str = field(repr=False)
    born: str = field(repr=False)

    @property
    def subject(self) -> str:
        """What pseudonyms are made of."""
        return f"{self.name}\0{self.born}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A genuine health certificate; valid from `not_before` on, and before `not_after`.

    person: None where the certificate does not say enough to tell two people apart.
    """

    issuer: str
    person: Person | None
    evidence: Evidence
    not_before: datetime
    not_after: datetime | None
    is_revoked: bool = False


def name_person(family: str, given: str, born: str) -> Person | None:
    """Return the person; None without a name or a birth date: too many people share the rest.

    Names are spelled as in the machine-readable line of a passport, `FAMILY<<GIVEN<NAMES`.
    """
    written = _WRITTEN_DATE.fullmatch(born.strip())
    name = f"{_spell(family)}<<{_spell(given)}"[:NAME_LENGTH_MAX]
    if written is None or name == "<<":
        return None
    return Person(name, "-".join(part for part in written.groups() if part))


def read_date(text: str) -> date | None:
    """Read a whole date, also with a time behind it; None where it is no date or not whole."""
    written = _WRITTEN_DATE.fullmatch(text.strip())
    if written is None or written[3] is None:
        return None
    return _make_date(written[1], written[2], written[3])


def read_birth_date(text: str) -> date | None:
    """Read a date of which day, or month and day, may be missing: the last that it can mean."""
    written = _WRITTEN_DATE.fullmatch(text.strip())
    if written is None:
        return None
    year, month, day = written.groups()
    if day is not None:
        return _make_date(year, month, day)
    days = ("31", "30", "29", "28")
    found = (_make_date(year, month or "12", day) for day in days)
    return next((day for day in found if day is not None), None)


def read_instant(text: str) -> datetime | None:
    """Read a time with its zone; one without counts as UTC. A date alone is no time."""
    if "T" not in text:
        return None
    try:
        at = datetime.fromisoformat(text.strip())
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _spell(name: str) -> str:
    """Spell as a passport does; names in other scripts stay as they are."""
    upper = unicodedata.normalize("NFC", name[:NAME_LENGTH_MAX]).upper()
    bare = unicodedata.normalize("NFKD", upper.translate(_SPELLED_OUT))
    letters = "".join(letter for letter in bare if not unicodedata.combining(letter))
    return "<".join(_WORD.findall(letters.translate(_APOSTROPHES)))


def _make_date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
