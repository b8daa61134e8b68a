from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from gatewayd.core.companions import WAIT_S, FirstShown, join, keep
from gatewayd.core.credential import HealthCertificate, Kind, UnknownId
from gatewayd.core.evidence import Dose, Evidence, LabTest, Method, Result
from gatewayd.core.reasons import Reason
from gatewayd.core.words import HolderId

NOW = datetime(2021, 11, 29, tzinfo=UTC)
DOSE = Dose(2, 2, date(2021, 5, 18))
TEST = LabTest(Method.MOLECULAR, Result.NEGATIVE, NOW)
VACCINATION = HealthCertificate(
    holder=HolderId("a1.person"),
    kind=Kind.DCC,
    issuer="ID",
    evidence=Evidence(doses=(DOSE,)),
    not_before=NOW - timedelta(days=9),
    not_after=NOW + timedelta(days=9),
)
TESTED = replace(VACCINATION, evidence=Evidence(tests=(TEST,), born=date(1990, 2, 3)))
FIRST = FirstShown(VACCINATION, 100.0)


def joined(first: FirstShown | None, shown: HealthCertificate, at_s: float = 99.9):
    credential = join(first, shown, at_s)
    assert isinstance(credential, HealthCertificate)
    return credential


def test_what_was_not_enough_is_kept_for_a_minute():
    assert keep(VACCINATION, Reason.REGION_TEST, 40.0) == FirstShown(VACCINATION, 40.0 + WAIT_S)


@pytest.mark.parametrize("reason", [Reason.OK, Reason.EXPIRED, Reason.CAPACITY_FULL])
def test_where_no_other_certificate_helps_nothing_is_kept(reason):
    assert keep(VACCINATION, reason, 40.0) is None


def test_only_a_certificate_that_names_somebody_is_kept():
    assert keep(UnknownId(HolderId("a1.person")), Reason.REGION_TEST, 40.0) is None
    assert keep(replace(VACCINATION, holder=None), Reason.REGION_TEST, 40.0) is None


def test_the_evidence_of_both_counts_together():
    both = joined(FIRST, TESTED)
    assert both.evidence == Evidence((DOSE,), (TEST,), (), date(1990, 2, 3))
    assert joined(FIRST, VACCINATION).evidence == VACCINATION.evidence


def test_both_count_as_long_as_both_are_valid():
    later, earlier = NOW - timedelta(days=1), NOW + timedelta(days=1)
    both = joined(FIRST, replace(TESTED, not_before=later, not_after=earlier))
    assert (both.not_before, both.not_after) == (later, earlier)
    endless = joined(FIRST, replace(TESTED, not_after=None))
    assert endless.not_after == VACCINATION.not_after
    first = FirstShown(replace(VACCINATION, not_after=None), 100.0)
    assert joined(first, replace(TESTED, not_after=None)).not_after is None


def test_nothing_is_joined_without_a_first_or_too_late_or_to_another_person():
    assert joined(None, TESTED) is TESTED
    assert joined(FIRST, TESTED, 100.0) is TESTED
    other = replace(TESTED, holder=HolderId("a1.other"))
    assert joined(FIRST, other) is other
    revoked = replace(TESTED, is_revoked=True)
    assert joined(FIRST, revoked) is revoked
    plain = UnknownId(HolderId("a1.person"))
    assert join(FIRST, plain, 0.0) is plain
