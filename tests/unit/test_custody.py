import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.custody import Checkpoint, Erased, Gap, Trimmed, read_listed
from gatewayd.core.events import Audit, AuditSubject, Draft, dump_draft, load_draft
from tests.unit.journal_facts import AT

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
"""A fixed key for tests."""
ID = "019abc0123450001-42"


@pytest.mark.parametrize(
    "said",
    [
        Checkpoint.sign(ID, bytes(32), KEY),
        Trimmed(ID, 42, 40, bytes(32)),
        Erased((ID, "019abc0123450001-43")),
    ],
    ids=["checkpoint", "trimmed", "erased"],
)
def test_what_is_said_is_read_as_it_was_stored(said):
    fact = load_draft(dump_draft(Draft(said.fact(), AT))).fact
    assert fact.subject is AuditSubject.JOURNAL
    assert read_listed(fact) == said


def test_the_signature_of_a_checkpoint_never_changes_between_versions():
    checkpoint = Checkpoint.sign(ID, bytes(32), KEY)
    said = f"gatewayd journal checkpoint 1 {ID} {'00' * 32}"
    KEY.public_key().verify(checkpoint.signature, said.encode())


@pytest.mark.parametrize(
    "change",
    [
        {"id": "019abc0123450001-43"},
        {"chain": bytes(31) + b"\1"},
        {"signature": bytes(64)},
        {"signature": b""},
        {"public": bytes(32)},
        {"public": b"short"},
    ],
    ids=["id", "chain", "signature", "no signature", "key", "no key"],
)
def test_a_changed_checkpoint_is_not_genuine(change):
    true = Checkpoint.sign(ID, bytes(32), KEY)
    values = {
        "id": true.id,
        "chain": true.chain,
        "public": true.public,
        "signature": true.signature,
    }
    assert true.is_genuine()
    assert not Checkpoint(**{**values, **change}).is_genuine()


def test_a_gap_tells_what_was_lost_and_why():
    fact = Gap("019abc0123450001", 3, 9, "age").fact()
    assert (fact.action, fact.detail) == (
        "gap",
        {"lost_epoch": "019abc0123450001", "first": 3, "last": 9, "reason": "age"},
    )
    assert read_listed(fact) is None


@given(
    st.sampled_from(["checkpoint", "trimmed", "erased", "recovered"]),
    st.dictionaries(
        st.sampled_from(["id", "chain", "key", "signature", "position", "row_count", "ids"]),
        st.none() | st.text() | st.integers() | st.lists(st.text()) | st.lists(st.integers()),
    ),
)
def test_no_detail_of_a_foreign_event_raises(action, detail):
    said = read_listed(Audit(subject=AuditSubject.JOURNAL, action=action, detail=detail))
    assert not isinstance(said, Checkpoint) or not said.is_genuine()


def test_other_subjects_say_nothing_of_the_journal():
    fact = Erased((ID,)).fact()
    other = Audit(subject=AuditSubject.GATEWAY, action=fact.action, detail=fact.detail)
    assert read_listed(other) is None


def test_a_link_that_is_no_hex_is_no_link():
    detail = {"id": ID, "position": 42, "chain": "zz"}
    said = read_listed(Audit(subject=AuditSubject.JOURNAL, action="trimmed", detail=detail))
    assert said == Trimmed(ID, 42, 0, b"")
