"""Signed documents of the centre: what is understood, and why everything else is not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core import base64url
from gatewayd.core.documents import (
    DEPTH_MAX,
    PROBLEMS_TOLD_MAX,
    SKEW_S_MAX,
    Document,
    DocumentKind,
    PolicyLayer,
    Slot,
    Trusted,
    Withdrawn,
    read_document,
    told_problems,
)
from gatewayd.core.roster_documents import FullRoster, RosterDelta
from gatewayd.core.signed import Refusal, Refused
from gatewayd.core.trust import NATIONAL, IssuerKey, Purpose, collect, issuer_document
from tests.unit.centre_documents import (
    KEY,
    OFFICE,
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
from tests.unit.signing import AUDIENCE, SIGNER, claims_at, signed

PLACES = (NATIONAL, "mojokerto", "mojokerto/dukcapil", AUDIENCE)


def read(message, slot=None, office=OFFICE, at=START):
    return read_document(message, slot or policy_slot(), office, at)


def why(found):
    assert isinstance(found, Refused), found
    return found.why


@pytest.mark.parametrize("path", PLACES)
def test_each_place_above_a_site_has_its_say(path):
    slot = policy_slot(path)
    found = read(policy(path, 7, mode="observe"), slot)
    assert isinstance(found, Document)
    assert (found.slot, found.version, found.issued_at) == (slot, 7, START)
    assert found.label == f"{path}@7"
    assert found.key_id == KEY.key_id
    assert found.content == PolicyLayer({"mode": "observe"})


def test_the_label_of_a_roster_has_its_name():
    assert roster_slot(path=NATIONAL).label == "/staff"
    assert roster_slot(path="mojokerto").label == "mojokerto/staff"


def test_a_document_is_known_by_what_it_says_and_not_by_how_it_was_signed():
    once, again = read(policy(mode="observe")), read(policy(mode="observe"))
    other = read(policy(mode="enforce"))
    assert once.digest == again.digest != other.digest
    assert once.id != again.id


def test_claims_that_nobody_knows_are_left_out():
    assert isinstance(read(document(policy_slot(), policy={}, colour="blue")), Document)


@pytest.mark.parametrize(
    ("kind", "claims"),
    [
        (DocumentKind.POLICY, {"policy": None}),
        (DocumentKind.TRUST, {"trust": None}),
        (DocumentKind.ROSTER, {"entries": None}),
    ],
)
def test_a_content_of_null_withdraws_it(kind, claims):
    slot = Slot(kind, AUDIENCE, "staff" if kind is DocumentKind.ROSTER else "")
    assert read(document(slot, **claims), slot).content == Withdrawn()


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b"noise", Refusal.FORMAT),
        (b"x" * (DocumentKind.POLICY.size_max + 1), Refusal.SIZE),
        (signed(claims_at(START)), Refusal.TYPE),
        (
            document(policy_slot(), signer=Ed25519PrivateKey.generate(), policy={}),
            Refusal.SIGNATURE,
        ),
        (policy("mojokerto/dukcapil/other"), Refusal.AUDIENCE),
        (policy("mojokerto"), Refusal.AUDIENCE),
        (document(policy_slot(), policy={}, format=2), Refusal.UNSUPPORTED),
        (document(policy_slot(), 0, policy={}), Refusal.CLAIMS),
        (document(policy_slot(), policy={}, version="7"), Refusal.CLAIMS),
        (document(policy_slot(), policy={}, iat=1.5), Refusal.CLAIMS),
        (document(policy_slot(), policy={}, name="staff"), Refusal.AUDIENCE),
        (document(policy_slot()), Refusal.CLAIMS),
        (document(policy_slot(), policy=[]), Refusal.CONTENT),
        (document(policy_slot(), policy="observe"), Refusal.CONTENT),
        (policy(level="national"), Refusal.CONTENT),
        (document(policy_slot(), policy={"version": "12"}), Refusal.CONTENT),
        (policy(layers=["a.toml"]), Refusal.CONTENT),
        (policy(profile="market"), Refusal.CONTENT),
        (policy(legal_basis="half a \ud83d"), Refusal.CONTENT),
    ],
    ids=count(),
)
def test_what_is_wrong_with_a_document_is_named(message, expected):
    assert why(read(message)) is expected


def test_a_document_that_nests_without_end_is_refused():
    deep = []
    for _ in range(DEPTH_MAX - 2):
        deep = [deep]
    assert isinstance(read(policy(rules=deep)), Document)
    assert why(read(policy(rules=[[deep]]))) is Refusal.CONTENT
    for levels in (900, 20_000):
        nested = b'{"a":' * levels + b"1" + b"}" * levels
        assert isinstance(read(signed_text(nested)), Refused)


def signed_text(content: bytes) -> bytes:
    head = b'{"aud":"%b","jti":"d","iat":1,"version":1,"policy":%b}' % (AUDIENCE.encode(), content)
    plain = signed({}, "onegate-policy+jws").split(b".")[0]
    text = plain + b"." + base64url.encode(head).encode()
    return text + b"." + base64url.encode(SIGNER.sign(text)).encode()


def test_a_key_signs_for_its_place_and_below_only():
    below = replace(OFFICE, trust=collect([replace(KEY, path="mojokerto/dukcapil")]))
    expected = [Refusal.KEY, Refusal.KEY, None, None]
    for path, refusal in zip(PLACES, expected, strict=True):
        found = read(policy(path), policy_slot(path), below)
        assert (found.why if isinstance(found, Refused) else None) is refusal


def test_a_key_signs_for_its_kinds_only():
    rosters = replace(OFFICE, trust=collect([replace(KEY, may_sign=frozenset({Purpose.ROSTER}))]))
    assert why(read(policy(), office=rosters)) is Refusal.KEY
    assert isinstance(read(roster({}), roster_slot(), rosters), Document)


def test_a_key_past_its_time_brings_nothing_new_but_what_it_signed_before_stays():
    ends = START + timedelta(days=1)
    office = replace(OFFICE, trust=collect([replace(KEY, valid_until=ends)]))
    assert isinstance(read(policy(), office=office), Document)
    assert why(read(policy(), office=office, at=ends)) is Refusal.KEY
    assert isinstance(read(policy(), office=office, at=None), Document)
    late = document(policy_slot(), at=ends, policy={})
    assert why(read(late, office=office, at=None)) is Refusal.KEY


def test_a_document_from_the_future_is_early_unless_the_time_is_unknown():
    soon = document(policy_slot(), at=START + timedelta(seconds=SKEW_S_MAX), policy={})
    later = document(policy_slot(), at=START + timedelta(seconds=SKEW_S_MAX + 1), policy={})
    assert isinstance(read(soon), Document)
    assert why(read(later)) is Refusal.EARLY
    assert isinstance(read(later, at=None), Document)


# --- trust ---


def test_a_trust_list_brings_keys_and_revocations():
    issuer = IssuerKey("gmsc", Ed25519PrivateKey.generate().public_key(), frozenset({Purpose.PASS}))
    message = document(trust_slot(), trust=issuer_document(issuer))
    found = read(message, trust_slot())
    assert isinstance(found.content, Trusted)
    assert found.content.document.keys == (issuer,)
    back = document(trust_slot(), trust={"issuer": "gmsc", "revoked_passes": ["0102"]})
    assert read(back, trust_slot()).content.document.revoked_passes == (("gmsc", b"\x01\x02"),)


CREDENTIALS = {Purpose.PASS, Purpose.STAFF_PASS, Purpose.VISITOR_PASS, Purpose.HEALTH}


@pytest.mark.parametrize("purpose", sorted(set(Purpose) - CREDENTIALS))
def test_no_key_that_could_give_orders_comes_over_the_wire(purpose):
    may_sign = frozenset({Purpose.PASS, purpose})
    issuer = IssuerKey("gmsc", Ed25519PrivateKey.generate().public_key(), may_sign)
    found = read(document(trust_slot(), trust=issuer_document(issuer)), trust_slot())
    assert why(found) is Refusal.CONTENT
    assert "trust folder" in found.text


@pytest.mark.parametrize("content", [{}, [], "x", 7, [{"kid": 1}], {"issuer": "gmsc", "keys": []}])
def test_a_trust_list_of_which_nothing_can_be_used_is_refused(content):
    assert why(read(document(trust_slot(), trust=content), trust_slot())) is Refusal.CONTENT


def test_of_many_problems_a_few_are_told():
    problems = tuple(map(str, range(PROBLEMS_TOLD_MAX + 2)))
    assert told_problems(problems) == "0\n1\n2\n3\n4\nand 2 more"
    assert told_problems(problems[:2]) == "0\n1"


# --- rosters ---


def test_a_roster_is_taken_as_it_was_sent():
    entries = people(1, 2, valid_until="2027-12-31") | people(3, blocked="yes")
    found = read(roster(entries), roster_slot())
    assert isinstance(found.content, FullRoster)
    assert found.content.rows[holder(1)] == ("staff", "", "2027-12-31", "", "")
    assert found.digest == roster_hash(entries)
    assert holder(1) not in repr(found)


def test_a_change_names_its_base():
    found = read(delta(7, people(1), 8, set=people(1), remove=[holder(2)]), roster_slot())
    assert isinstance(found.content, RosterDelta)
    assert (found.content.base, found.content.removed) == (7, (holder(2),))
    assert holder(1) not in repr(found)


def claimed(**claims):
    return document(roster_slot(), **{"hash": "0" * 64, **claims})


@pytest.mark.parametrize(
    ("message", "expected", "text"),
    [
        (claimed(), Refusal.CONTENT, "expected hash"),
        (claimed(entries={}, hash="x"), Refusal.CONTENT, "expected hash"),
        (claimed(entries={}, hash=7), Refusal.CONTENT, "expected hash"),
        (claimed(entries=[]), Refusal.CONTENT, "expected hash"),
        (claimed(base=0, set={}, remove=[]), Refusal.CONTENT, "expected hash"),
        (claimed(base=1, set={}, remove=[], hash="x"), Refusal.CONTENT, "expected hash"),
        (claimed(base=1, set={"x": {}}, remove=[]), Refusal.CONTENT, "entry 1: expected a pseud"),
        (claimed(base=1, set={}, remove=["x"]), Refusal.CONTENT, "entry 1: expected a pseudonym"),
        (claimed(base=1, set={}, remove=[7]), Refusal.CONTENT, "entry 1: expected a pseudonym"),
        (claimed(entries={"3576014403910003": {}}), Refusal.CONTENT, "entry 1: expected a pseud"),
        (claimed(entries={holder(1): []}), Refusal.CONTENT, "entry 1: expected texts"),
        (claimed(entries=people(1, category=7)), Refusal.CONTENT, "entry 1: expected texts"),
        (claimed(entries=people(1, category="a,b")), Refusal.CONTENT, "entry 1: expected texts"),
        (claimed(entries=people(1, region="x" * 99)), Refusal.CONTENT, "entry 1: expected texts"),
        (
            claimed(entries=people(1) | people(2, category="S")),
            Refusal.CONTENT,
            "entry 2: category",
        ),
        (claimed(entries={"0" * 8 + "." + "0" * 32: {}}), Refusal.REGION_KEY, "under another key"),
    ],
    ids=count(),
)
def test_what_is_wrong_with_a_roster_is_named_and_never_whose_row(message, expected, text):
    found = read(message, roster_slot())
    assert why(found) is expected
    assert text in found.text
    assert holder(1)[:20] not in found.text


def test_a_roster_of_more_people_than_a_building_has_is_refused(monkeypatch):
    monkeypatch.setattr("gatewayd.core.roster_documents.ROW_COUNT_MAX", 2)
    assert isinstance(read(roster(people(1, 2)), roster_slot()), Document)
    assert why(read(roster(people(1, 2, 3)), roster_slot())) is Refusal.SIZE


def test_without_the_key_of_the_region_no_roster_is_taken():
    own = replace(OFFICE, region_key_id=None)
    assert why(read(roster(people(1)), roster_slot(), own)) is Refusal.REGION_KEY
    assert isinstance(read(policy(), office=own), Document)


def test_a_roster_belongs_to_the_name_in_it():
    assert why(read(roster({}), roster_slot("guests"))) is Refusal.AUDIENCE


# --- anything at all ---

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSONS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
CLAIMS = st.fixed_dictionaries(
    {},
    optional={
        "policy": JSONS,
        "trust": JSONS,
        "entries": st.dictionaries(st.just(holder(1)) | st.text(), JSONS, max_size=3) | JSONS,
        "hash": st.just("0" * 64) | JSONS,
        "base": st.integers() | JSONS,
        "set": JSONS,
        "remove": st.lists(st.just(holder(1)) | JSONS) | JSONS,
        "version": st.integers() | JSONS,
        "iat": st.integers() | JSONS,
        "format": JSONS,
        "name": st.just("staff") | JSONS,
    },
)


@settings(max_examples=120)
@given(CLAIMS, st.sampled_from([policy_slot(), roster_slot(), trust_slot()]))
def test_whatever_is_signed_is_understood_or_refused(claims, slot):
    found = read(document(slot, **claims), slot)
    assert isinstance(found, Document | Refused)


@settings(max_examples=60)
@given(st.binary(max_size=200))
def test_whatever_arrives_is_refused(content):
    assert isinstance(read(content), Refused)


def test_the_last_second_that_can_be_told_is_no_trouble():
    found = read(document(policy_slot(), policy={}, iat=2**33), at=None)
    assert found.issued_at == datetime.fromtimestamp(2**33, UTC)
