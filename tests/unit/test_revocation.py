import pytest

from gatewayd.core.revocation import RevocationList, parse_revocations
from gatewayd.core.tables import Expected

LIST = {"kid": "kid-1", "method": "rid", "ctr": 3, "rids": ["all", "old.1639490372"]}


def parse(document) -> RevocationList:
    reading = parse_revocations("issuer", document)
    assert not isinstance(reading, Expected)
    assert reading.skipped_count == 0
    return reading.revocations


def test_an_id_alone_takes_back_everything_under_it():
    revocations = parse(LIST)
    assert (revocations.issuer, revocations.key_id) == ("issuer", b"kid-1")
    assert revocations.counter == 3
    assert revocations.revokes("all", 4e9)
    assert not revocations.revokes("other", 0)


def test_a_time_takes_back_what_was_issued_before_it():
    revocations = parse(LIST)
    assert revocations.revokes("old", 1639490371.999)
    assert not revocations.revokes("old", 1639490372)
    assert not revocations.revokes("old", 1639490372.288)


def test_of_two_entries_of_one_id_the_wider_counts():
    for rids in (["a.100", "a.200"], ["a.200", "a.100"]):
        revocations = parse({**LIST, "rids": rids})
        assert revocations.revokes("a", 150)
        assert not revocations.revokes("a", 250)
    assert parse({**LIST, "rids": ["a", "a.1"]}).revokes("a", 4e9)


def test_entries_that_cannot_be_read_are_counted_and_the_others_used():
    rids = ["good", "longer-than-the-24-characters", "a.b", "", 7, None, "a b"]
    reading = parse_revocations("issuer", {**LIST, "rids": rids})
    assert not isinstance(reading, Expected)
    assert reading.skipped_count == len(rids) - 1
    assert reading.revocations.revokes("good", 4e9)


@pytest.mark.parametrize(
    "document",
    [None, [], {}, {**LIST, "method": "jti"}, {**LIST, "rids": {}}, {**LIST, "ctr": "1"}],
    ids=str,
)
def test_another_document_is_no_list(document):
    assert isinstance(parse_revocations("issuer", document), Expected)
