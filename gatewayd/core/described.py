"""A person who is only described, to see what a policy would make of somebody like that."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo

from gatewayd.core.credential import Credential, HealthCertificate, Kind, RosterId
from gatewayd.core.evidence import Dose, Evidence, LabTest, Method, Recovery, Result
from gatewayd.core.policy import Policy
from gatewayd.core.roster import RosterEntry
from gatewayd.core.spelling import read_time
from gatewayd.core.standing import Standing
from gatewayd.core.tables import Expected, Mistake, Table, text, word
from gatewayd.core.words import HolderId, Status

HOLDER = HolderId("00000000.00000000000000000000000000000000")  # Nobody has this pseudonym.


@dataclass(frozen=True, slots=True)
class Described:
    """status: one that is known already; with evidence the rules give another."""

    category: str
    region: str | None = None
    status: Status | None = None
    evidence: Evidence | None = None

    def shown(self, at: datetime) -> Credential:
        """Return what such a person holds up: a certificate if there is evidence, else an id."""
        if self.evidence is None:
            return RosterId(HOLDER, "described", RosterEntry(self.category, region=self.region))
        day = timedelta(days=1)
        return HealthCertificate(
            holder=HOLDER,
            kind=Kind.DCC,
            issuer="described",
            evidence=self.evidence,
            not_before=at - day,
            not_after=at + day,
        )

    def admits_by(self, policy: Policy) -> Policy:
        """Return the policy under which a certificate stands for somebody of this category."""
        return replace(policy, health_certificate_category=self.category)

    def known(self, at: datetime) -> Standing:
        if self.status is None:
            return Standing()
        return Standing(self.status, at + timedelta(days=1))


def parse_described(
    document: Mapping[str, object], zone: tzinfo
) -> tuple[Described, tuple[Mistake, ...]]:
    """Read a description; times without a zone are in `zone`."""
    table = Table(document)
    doses = [
        Dose(
            one.take("number", _number, None) or 1,
            one.take("series", _number, None),
            one.take("given_on", _date, None),
        )
        for one in table.list_of_tables("doses")
    ]
    tests = [
        LabTest(
            one.take("method", word(Method), Method.MOLECULAR),
            one.take("result", word(Result), Result.UNKNOWN),
            one.take("sampled_at", lambda value: read_time(value, zone), None),
        )
        for one in table.list_of_tables("tests")
    ]
    recoveries = [
        Recovery(
            one.take("positive_on", _date, None),
            one.take("valid_from", _date, None),
            one.take("valid_until", _date, None),
        )
        for one in table.list_of_tables("recoveries")
    ]
    born = table.take("born", _date, None)
    evidence = Evidence(tuple(doses), tuple(tests), tuple(recoveries), born)
    described = Described(
        category=table.take("category", text, "visitor"),
        region=table.take("region", text, None),
        status=table.take("status", word(Status), None),
        evidence=None if evidence == Evidence() else evidence,
    )
    table.refuse_unknown()
    return described, tuple(table.mistakes)


def _number(value: object) -> int | Expected:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 99:
        return value
    return Expected("a number from 1 to 99")


def _date(value: object) -> date | Expected:
    at = read_time(value, UTC)
    return Expected("a date, like 2021-05-01") if isinstance(at, Expected) else at.date()
