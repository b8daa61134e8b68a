"""Documents in force at a site, and what the next one makes of them."""

import pytest

from gatewayd.core.documents import Document, DocumentKind, Withdrawn, read_document
from gatewayd.core.policy_layers import Level, parse_layers
from gatewayd.core.received import Floor, Received, policy_layers, rosters, trusted
from gatewayd.core.roster import RosterEntry, find_entry
from gatewayd.core.roster_documents import hash_rows
from gatewayd.core.signed import Refusal, Refused
from gatewayd.core.trust import NATIONAL
from tests.unit.centre_documents import (
    OFFICE,
    ZONE,
    delta,
    document,
    holder,
    people,
    policy,
    policy_slot,
    roster,
    roster_hash,
    roster_slot,
    trust_slot,
)
from tests.unit.doubles import START
from tests.unit.signing import AUDIENCE


def read(message, slot=None):
    found = read_document(message, slot or policy_slot(), OFFICE, START)
    assert isinstance(found, Document), found
    return found


def taken(*messages, slot=None):
    received = Received()
    for message in messages:
        received = received.take(read(message, slot))
        assert isinstance(received, Received), received
    return received


def why(found):
    assert isinstance(found, Refused), found
    return found.why


def test_a_higher_version_takes_the_place_of_the_one_before():
    received = taken(policy(version=1, mode="observe"), policy(version=5, mode="enforce"))
    assert received.documents[policy_slot()].version == 5
    assert received.floors[policy_slot()].version == 5


def test_versions_never_go_back_for_each_place_by_itself():
    received = taken(policy(version=5))
    assert why(received.take(read(policy(version=4)))) is Refusal.ROLLBACK
    elsewhere = policy_slot("mojokerto")
    assert isinstance(received.take(read(policy("mojokerto", 1), elsewhere)), Received)


def test_the_same_document_again_changes_nothing():
    received = taken(policy(version=5, mode="observe"))
    assert received.take(read(policy(version=5, mode="observe"))) is received
    assert why(received.take(read(policy(version=5, mode="enforce")))) is Refusal.ROLLBACK


def test_what_was_lost_may_come_again_and_nothing_older():
    received = taken(policy(version=5)).without(frozenset({policy_slot()}))
    assert received.documents == {}
    assert why(received.take(read(policy(version=4)))) is Refusal.ROLLBACK
    assert why(received.take(read(policy(version=5, mode="observe")))) is Refusal.ROLLBACK
    back = received.take(read(policy(version=5)))
    assert policy_slot() in back.documents


def test_where_only_the_version_of_what_was_here_is_known_any_of_it_is_taken():
    received = Received({}, {policy_slot(): Floor(5, "")})
    assert isinstance(received.take(read(policy(version=5))), Received)
    assert why(received.take(read(policy(version=4)))) is Refusal.ROLLBACK


def test_a_document_that_is_withdrawn_holds_its_place():
    received = taken(policy(version=1, mode="observe"), document(policy_slot(), 2, policy=None))
    assert received.documents[policy_slot()].content == Withdrawn()
    assert policy_layers(received, AUDIENCE, ZONE) == ()
    assert why(received.take(read(policy(version=1, mode="observe")))) is Refusal.ROLLBACK


# --- policies ---


def test_layers_stand_from_the_nation_down_to_the_site_with_a_name_for_verdicts():
    received = Received()
    for path, version in ((AUDIENCE, 12), (NATIONAL, 3), ("mojokerto", 1)):
        received = received.take(read(policy(path, version, mode="observe"), policy_slot(path)))
    found = policy_layers(received, AUDIENCE, ZONE)
    assert [one.layer.level for one in found] == [Level.NATIONAL, Level.REGION, Level.SITE]
    assert [one.layer.values["version"] for one in found] == [
        "/@3",
        "mojokerto@1",
        f"{AUDIENCE}@12",
    ]
    made, mistakes = parse_layers(
        [one.layer for one in found], ZONE, exits_have_readers=True, rule_sets={}
    )
    assert made.versions == ("/@3", "mojokerto@1", f"{AUDIENCE}@12")
    assert mistakes == ()


def test_what_is_wrong_with_the_dates_of_a_layer_is_found():
    [one] = policy_layers(taken(policy(valid_from="soon")), AUDIENCE, ZONE)
    assert [mistake.path for mistake in one.mistakes] == [("valid_from",)]


# --- rosters ---

FULL = people(1, 2, 3)


def test_changes_are_laid_over_the_roster_before():
    result = people(1, 3) | people(4, category="visitor")
    change = delta(1, result, 2, set=people(4, category="visitor"), remove=[holder(2), holder(9)])
    received = taken(roster(FULL), change, slot=roster_slot())
    found = received.documents[roster_slot()]
    assert set(found.content.rows) == set(result)
    assert found.digest == hash_rows(found.content.rows) == roster_hash(result)
    assert received.floors[roster_slot()] == Floor(2, roster_hash(result))


@pytest.mark.parametrize("before", [[], [roster(FULL, 1)], [document(roster_slot(), entries=None)]])
def test_a_change_to_a_roster_that_is_not_here_asks_for_the_whole(before):
    received = taken(*before, slot=roster_slot())
    found = received.take(read(delta(2, FULL, 3), roster_slot()))
    assert why(found) is Refusal.BASE
    assert "it changes version 2, and here is" in found.text


def test_a_result_that_is_not_what_it_should_be_is_refused():
    received = taken(roster(FULL), slot=roster_slot())
    assert why(received.take(read(delta(1, people(1), 2), roster_slot()))) is Refusal.HASH
    wrong = roster(FULL, 2, hash="0" * 64)
    assert why(received.take(read(wrong, roster_slot()))) is Refusal.HASH


def test_changes_do_not_grow_a_roster_beyond_its_limit(monkeypatch):
    received = taken(roster(FULL), slot=roster_slot())
    grown = read(delta(1, people(1, 2, 3, 4), 2, set=people(4)), roster_slot())
    monkeypatch.setattr("gatewayd.core.roster_documents.ROW_COUNT_MAX", 3)
    assert why(received.take(grown)) is Refusal.SIZE


def test_the_whole_and_its_changes_of_one_version_are_the_same():
    change = delta(1, people(1), 2, remove=[holder(2), holder(3)])
    received = taken(roster(FULL), change, slot=roster_slot())
    assert received.take(read(roster(people(1), 2), roster_slot())) is received


def test_after_many_changes_the_whole_is_asked_for_again(monkeypatch):
    monkeypatch.setattr("gatewayd.core.received.CHANGES_MAX", 2)
    received = taken(roster(FULL), slot=roster_slot())
    for version in (2, 3):
        received = received.take(read(delta(version - 1, FULL, version), roster_slot()))
    assert why(received.take(read(delta(3, FULL, 4), roster_slot()))) is Refusal.BASE
    received = received.take(read(roster(FULL, 4), roster_slot()))
    assert isinstance(received.take(read(delta(4, FULL, 5), roster_slot())), Received)


def test_a_site_has_so_many_rosters_and_no_more(monkeypatch):
    monkeypatch.setattr("gatewayd.core.received.ROSTERS_MAX", 1)
    received = taken(roster(FULL), slot=roster_slot())
    other = roster_slot("guests")
    assert why(received.take(read(roster({}, slot=other), other))) is Refusal.SIZE
    assert isinstance(received.take(read(roster(people(1), 2), roster_slot())), Received)


def test_of_two_rosters_the_nearer_one_counts():
    received = Received()
    for path, category in ((NATIONAL, "visitor"), (AUDIENCE, "staff")):
        slot = roster_slot(path=path)
        message = roster(people(1, category=category, valid_until="2027-12-31"), slot=slot)
        received = received.take(read(message, slot))
    made = rosters(received, OFFICE)
    assert [one.name for one in made] == [f"{AUDIENCE}/staff", "/staff"]
    _, entry = find_entry(made, holder(1))
    assert isinstance(entry, RosterEntry)
    assert entry.category == "staff"
    assert entry.valid_until.isoformat() == "2027-12-31T17:00:00+00:00"


# --- trust ---


def test_trust_lists_of_all_places_count():
    received = Received()
    for path, number in ((NATIONAL, "01"), (AUDIENCE, "02")):
        slot = trust_slot(path)
        content = {"issuer": "gmsc", "revoked_passes": [number]}
        received = received.take(read(document(slot, trust=content), slot))
    received = received.take(read(policy()))
    assert [one.revoked_passes for one in trusted(received)] == [
        (("gmsc", b"\x01"),),
        (("gmsc", b"\x02"),),
    ]
    assert {slot.kind for slot in received.documents} == {DocumentKind.TRUST, DocumentKind.POLICY}
