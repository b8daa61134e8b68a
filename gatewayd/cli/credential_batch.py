"""The lines of `gatewayd credential verify --batch`: a request in, an answer out."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from gatewayd.cli.json_lines import LINE_SIZE_MAX
from gatewayd.core.credential import Kind
from gatewayd.core.events import parse_time
from gatewayd.core.reasons import Reason
from gatewayd.core.tables import Expected
from gatewayd.core.trust import Trust, collect
from gatewayd.core.trust_documents import parse_trust
from gatewayd.core.verification import Verified, verify
from gatewayd.core.words import Json

BAD_REQUEST = "bad_request"


KEPT_MAX = 128  # More than the health issuers of the EU.
KEPT_LENGTH_MAX = 100_000  # Characters; a world's trust list in each line is read each time.

_Believed = tuple[Trust, tuple[str, ...]]


class Answer(NamedTuple):
    """The line that goes out, and a sentence for each thing in the request that was not used."""

    line: dict[str, Json]
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class Bench:
    """Answers lines; `trust` and `at` count where a line says nothing.

    What lines bring as trust is kept for later ones, which mostly bring the same: reading it costs
    as much as all else.
    """

    trust: Trust
    at: datetime
    _kept: dict[str, _Believed] = field(default_factory=dict)

    def answer(self, line: bytes) -> Answer:
        """Answer a line; one that is no request is refused as BAD_REQUEST."""
        request = _read_object(line)
        if isinstance(request, Expected):
            return _refuse(None, request)
        name = request.get("id")
        if not isinstance(name, str | int | float | None):
            return _refuse(None, Expected("a text or a number as id"))
        scans, at = _read_scans(request.get("scans")), _read_time(request.get("at"), self.at)
        if isinstance(scans, Expected):
            return _refuse(name, scans)
        if isinstance(at, Expected):
            return _refuse(name, at)
        trust, problems = self._believe(request.get("trust"))
        return Answer({"id": name, **describe(verify(scans, trust, at))}, problems)

    def _believe(self, document: Json) -> _Believed:
        if document is None:
            return self.trust, ()
        try:
            brought = json.dumps(document)
        except RecursionError:  # Nested just so deep that it could be read.
            return _read_trust(document)
        believed = self._kept.pop(brought, None) or _read_trust(document)
        if len(brought) <= KEPT_LENGTH_MAX:
            self._kept[brought] = believed  # Last in the order of age.
        if len(self._kept) > KEPT_MAX:
            del self._kept[next(iter(self._kept))]
        return believed


def describe(verified: Verified) -> dict[str, Json]:
    """Return a finding as programs read it."""
    is_good = verified.reason is Reason.OK
    return {
        "outcome": "accept" if is_good else "reject",
        "reason": None if is_good else str(verified.reason),
        "kind": str(verified.kind),
        "issuer": verified.issuer,
    }


def _read_trust(document: Json) -> _Believed:
    found = parse_trust(document)
    problems = tuple(f"trust: {problem}" for problem in found.problems)
    return collect(found.keys, found.revocations), problems


def _refuse(name: Json, expected: Expected) -> Answer:
    kind = str(Kind.UNREADABLE)
    line = {"id": name, "outcome": "reject", "reason": BAD_REQUEST, "kind": kind, "issuer": None}
    return Answer(line, (f"expected {expected.what}",))


def _read_object(line: bytes) -> dict[str, Json] | Expected:
    if len(line) > LINE_SIZE_MAX:
        return Expected(f"at most {LINE_SIZE_MAX} bytes")
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return Expected("JSON")
    return found if isinstance(found, dict) else Expected("a JSON object")


def _read_scans(value: Json) -> list[bytes] | Expected:
    match value:
        case [*scans] if all(isinstance(scan, str) for scan in scans):
            return [str(scan).encode(errors="replace") for scan in scans]
        case _:
            return Expected("a list of texts as scans")


def _read_time(value: Json, default: datetime) -> datetime | Expected:
    if value is None:
        return default
    try:
        return parse_time(value).astimezone(UTC) if isinstance(value, str) else _TIME
    except (ValueError, OverflowError):
        return _TIME


_TIME = Expected("a time with its zone as at, like 2027-01-31T08:00:00+07:00")
