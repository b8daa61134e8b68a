from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from gatewayd.store.journal_rows import CHAIN_START, Row

ROW = Row(
    position=1,
    epoch="019abc0123450001",
    seq=1,
    event_class="access",
    body=b'{"type":"onegate.access.admitted.v1"}',
    salt=bytes(range(16)),
    digest=None,
    chain=b"",
    run="run-1",
    appended_s=12.5,
)


def test_the_chain_is_what_its_definition_says():
    digest = sha256(ROW.salt + ROW.body).digest()
    head = b"019abc0123450001-1 access run-1 0x1.9000000000000p+3"
    assert ROW.linked(CHAIN_START).chain == sha256(bytes(32) + digest + head).digest()


def test_the_chain_of_this_row_never_changes_between_versions():
    assert ROW.linked(CHAIN_START).chain.hex() == (
        "92743457fdafe7bbb342e1b794f04ca6b63ca4fe62a8fed38871ce2aa7eb03a5"
    )


def test_an_erased_row_keeps_its_place_in_the_chain():
    linked = ROW.linked(CHAIN_START)
    digest = sha256(ROW.salt + ROW.body).digest()
    assert linked._replace(body=None, salt=None, digest=digest).is_linked(CHAIN_START)
    assert not linked._replace(body=None, salt=None, digest=bytes(32)).is_linked(CHAIN_START)
    assert not linked._replace(body=None, salt=None).is_linked(CHAIN_START)


def test_a_row_follows_one_row_only():
    first = ROW.linked(CHAIN_START)
    second = ROW._replace(position=2, seq=2).linked(first.chain)
    assert second.is_linked(first.chain)
    assert not second.is_linked(CHAIN_START)
    assert not second.is_linked(b"")


@given(
    st.sampled_from(["epoch", "seq", "event_class", "body", "salt", "run", "appended_s"]),
    st.integers(1, 1000),
)
def test_no_column_can_change_unseen(column, number):
    changed = {
        "epoch": f"{number:016x}",
        "seq": 1 + number,
        "event_class": "alarm",
        "body": ROW.body + bytes([number % 256]),
        "salt": number.to_bytes(16, "big"),
        "run": f"run-{1 + number}",
        "appended_s": 12.5 + number / 1000,
    }[column]
    assert not ROW.linked(CHAIN_START)._replace(**{column: changed}).is_linked(CHAIN_START)


def test_a_row_whose_columns_changed_their_type_is_no_row():
    linked = ROW.linked(CHAIN_START)
    assert Row.parse(tuple(linked)) == linked
    assert Row.parse((*linked[:4], "text for a blob", *linked[5:])) is None
    assert Row.parse((*linked[:9], 12)) is None
    assert Row.parse(tuple(linked)[:9]) is None
