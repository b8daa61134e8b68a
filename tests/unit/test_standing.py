"""With which status somebody stands: by rules, by a pass, by what is known from before."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gatewayd.core.credential import HealthCertificate, Kind, SignedPass, UnknownId
from gatewayd.core.evidence import Dose, Evidence, LabTest, Method, Result
from gatewayd.core.policy import Policy
from gatewayd.core.standing import Standing, find_standing
from gatewayd.core.words import HolderId, Status
from tests.unit.rulesets.people import load

SECOND = timedelta(seconds=1)
HOLDER = HolderId("00000000.11111111111111111111111111111111")
WIB = ZoneInfo("Asia/Jakarta")
SETS = tuple(load(name) for name in ("pl-2022-02-11", "pl-2022-07-17"))
SWITCH = datetime(2022, 7, 16, 17, tzinfo=UTC)  # 17 July 2022 in Jakarta.
SCREENED = Policy(zone=WIB, rule_sets=SETS)
TWO_DOSES = Evidence(doses=(Dose(2, 2, date(2021, 5, 1)),), born=date(1990, 1, 1))
NOBODY = Standing()


def shown(evidence: Evidence = TWO_DOSES, **changed) -> HealthCertificate:
    certificate = HealthCertificate(
        holder=HOLDER,
        kind=Kind.DCC,
        issuer="ID",
        evidence=evidence,
        not_before=SWITCH - timedelta(days=90),
        not_after=SWITCH + timedelta(days=90),
    )
    return replace(certificate, **changed)


def stand(certificate, at: datetime, known: Standing = NOBODY, policy: Policy = SCREENED):
    return find_standing(certificate, known, policy, at)


def test_rules_change_at_the_second_of_their_date():
    before, after = stand(shown(), SWITCH - SECOND), stand(shown(), SWITCH)
    assert (before.status, after.status) == (Status.GREEN, Status.YELLOW)
    assert before.until == SWITCH, "what the old rules said ends with them"
    assert before.ruling.rule_set == "pl-2022-02-11/1"
    assert after.ruling.rule_set == "pl-2022-07-17/1"
    assert after.ruling.rule == "full"


def test_without_rules_a_certificate_says_nothing_of_a_status():
    assert stand(shown(), SWITCH, policy=Policy(zone=WIB)) == NOBODY


def test_before_all_rules_nothing_is_known():
    early = datetime(2021, 1, 1, tzinfo=UTC)
    certificate = shown(not_before=early)
    assert stand(certificate, early) == NOBODY


@pytest.mark.parametrize(
    "changed",
    [
        {"is_revoked": True},
        {"not_before": SWITCH + SECOND},
        {"not_after": SWITCH},
    ],
)
def test_a_certificate_that_is_refused_teaches_nothing(changed):
    assert stand(shown(**changed), SWITCH) == NOBODY


def test_a_certificate_without_an_end_counts():
    assert stand(shown(not_after=None), SWITCH).status is Status.YELLOW


def test_of_two_certificates_the_better_one_counts():
    negative = LabTest(Method.MOLECULAR, Result.NEGATIVE, SWITCH - timedelta(hours=1))
    tested = stand(shown(Evidence(tests=(negative,))), SWITCH)
    assert (tested.status, tested.until) == (Status.GREEN, SWITCH + timedelta(hours=71))
    known = replace(tested, ruling=None)
    assert stand(shown(), SWITCH, known) == known
    assert stand(shown(), SWITCH, Standing(Status.RED, SWITCH + SECOND)).status is Status.YELLOW


def test_black_counts_whichever_came_first():
    positive = LabTest(Method.MOLECULAR, Result.POSITIVE, SWITCH - timedelta(hours=1))
    green = Standing(Status.GREEN, SWITCH + timedelta(days=1))
    black = stand(shown(Evidence(tests=(positive,))), SWITCH, green)
    assert black.status is Status.BLACK
    known = replace(black, ruling=None)
    assert stand(shown(), SWITCH, known) == known


def test_the_word_of_a_pass_ends_with_its_time():
    signed = SignedPass(
        holder=HOLDER,
        issuer="dukcapil",
        category="staff",
        not_before=SWITCH,
        not_after=SWITCH + timedelta(days=1),
        pass_id="01",
        status=Status.GREEN,
        status_until=SWITCH + SECOND,
    )
    known = Standing(Status.RED, SWITCH + timedelta(days=1))
    assert stand(signed, SWITCH, known) == Standing(Status.GREEN, SWITCH + SECOND)
    assert stand(signed, SWITCH + SECOND, known) == known
    for_good = replace(signed, status_until=None)
    assert stand(for_good, SWITCH, known) == Standing(Status.GREEN)
    assert stand(replace(signed, status=None), SWITCH, known) == known


def test_who_shows_nothing_of_it_stands_as_before():
    known = Standing(Status.RED, SWITCH + SECOND)
    assert stand(UnknownId(HOLDER), SWITCH, known) == known
