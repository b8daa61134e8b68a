"""People who are only described: read with all mistakes, and what they would hold up."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from gatewayd.core.credential import HealthCertificate, RosterId
from gatewayd.core.described import Described, parse_described
from gatewayd.core.evidence import Dose, Evidence, LabTest, Method, Recovery, Result
from gatewayd.core.policy import Policy
from gatewayd.core.standing import Standing
from gatewayd.core.words import Status

WIB = ZoneInfo("Asia/Jakarta")
NOW = datetime(2021, 9, 10, tzinfo=UTC)

DOCUMENT = {
    "category": "staff",
    "region": "kaltim",
    "status": "red",
    "born": date(1990, 1, 1),
    "doses": [{"number": 2, "series": 2, "given_on": "2021-05-01"}],
    "tests": [{"method": "antigen", "result": "negative", "sampled_at": "2021-09-10T08:00:00"}],
    "recoveries": [{"positive_on": "2021-03-01", "valid_until": "2021-08-28"}],
}


def test_everything_that_certificates_say_can_be_described():
    described, mistakes = parse_described(DOCUMENT, WIB)
    assert mistakes == ()
    evidence = Evidence(
        doses=(Dose(2, 2, date(2021, 5, 1)),),
        tests=(LabTest(Method.ANTIGEN, Result.NEGATIVE, datetime(2021, 9, 10, 1, tzinfo=UTC)),),
        recoveries=(Recovery(date(2021, 3, 1), None, date(2021, 8, 28)),),
        born=date(1990, 1, 1),
    )
    assert described == Described("staff", "kaltim", Status.RED, evidence)


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"category": 5}, ("category",)),
        ({"status": "purple"}, ("status",)),
        ({"born": "soon"}, ("born",)),
        ({"doses": 2}, ("doses",)),
        ({"doses": [{"number": 0}]}, ("doses", "0", "number")),
        ({"doses": [{"number": True}]}, ("doses", "0", "number")),
        ({"tests": [{"method": "nose"}]}, ("tests", "0", "method")),
        ({"tests": [{"sampled_at": "today"}]}, ("tests", "0", "sampled_at")),
        ({"recoveries": [{"since": "2021-03-01"}]}, ("recoveries", "0", "since")),
        ({"colour": "red"}, ("colour",)),
    ],
)
def test_a_mistake_is_named_by_its_path(changed, path):
    _, mistakes = parse_described({**DOCUMENT, **changed}, WIB)
    assert [mistake.path for mistake in mistakes] == [path]


def test_who_has_evidence_shows_a_certificate_and_everybody_else_an_id():
    described, _ = parse_described(DOCUMENT, WIB)
    certificate = described.shown(NOW)
    assert isinstance(certificate, HealthCertificate)
    assert certificate.evidence == described.evidence
    plain = Described("staff", "kaltim").shown(NOW)
    assert isinstance(plain, RosterId)
    assert (plain.entry.category, plain.entry.region) == ("staff", "kaltim")


def test_a_certificate_stands_for_the_category_that_is_described():
    assert Described("staff").admits_by(Policy(zone=UTC)).health_certificate_category == "staff"


def test_a_status_that_is_described_is_known_from_before():
    assert Described("staff").known(NOW) == Standing()
    known = Described("staff", status=Status.RED).known(NOW)
    assert known.status is Status.RED
    assert known.until is not None
    assert known.until > NOW
