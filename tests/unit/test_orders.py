"""Signed messages of the centre: what is taken, and why everything else is not."""

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.centre_receipts import Replay, Watermark, read_receipt
from gatewayd.core.orders import SIZE_MAX, Judge, Now, Order, OrderKind
from gatewayd.core.signed import Refusal, Refused
from gatewayd.core.trust import NATIONAL, IssuerKey, Purpose, collect
from tests.unit.doubles import EPOCH, START
from tests.unit.signing import AUDIENCE, KEY, claims_at, signed, signed_es256

JUDGE = Judge(AUDIENCE, collect([KEY]))
NOW_S = int(START.timestamp())
GOOD = claims_at(START, upto=7)


def judged(content, judge=JUDGE, at=START, last=0, *, nonces=(), is_retained=False):
    now = Now(at, {KEY.key_id: last}, nonces)
    return judge.read(content, OrderKind.RECEIPT, now, is_retained=is_retained)


def test_a_good_message_is_an_order():
    order = judged(signed(GOOD))
    assert isinstance(order, Order)
    assert (order.id, order.key_id, order.counter) == (GOOD["jti"], KEY.key_id, GOOD["ctr"])
    assert order.claims["upto"] == 7


def test_claims_that_nobody_knows_are_left_out():
    assert isinstance(judged(signed({**GOOD, "colour": "blue"})), Order)


def test_a_retained_message_is_refused_before_it_is_looked_at():
    assert judged(signed(GOOD), is_retained=True) == Refused(Refusal.RETAINED)


@pytest.mark.parametrize(
    "wrong", ["\ud800", {"\ud800": 1}, float("inf"), [[[[[[[[[1]]]]]]]]]], ids=count()
)
def test_what_could_not_be_recorded_is_not_asked_for(wrong):
    content = signed({**GOOD, "reason": wrong}).replace(b"Infinity", b"1e999")
    assert judged(content).why in {Refusal.CONTENT, Refusal.CLAIMS}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", Refusal.FORMAT),
        (b"a.b.c", Refusal.FORMAT),
        (b"\xff.\xff.\xff", Refusal.FORMAT),
        (b"x" * (SIZE_MAX + 1), Refusal.SIZE),
        (signed(GOOD, typ="onegate-command+jws"), Refusal.TYPE),
        (signed(GOOD, typ=7), Refusal.TYPE),
        (signed(GOOD, kid="00" * 8), Refusal.KEY),
        (signed(GOOD, kid="zz"), Refusal.KEY),
        (signed(GOOD, kid=7), Refusal.KEY),
        (signed(GOOD, signer=Ed25519PrivateKey.generate()), Refusal.SIGNATURE),
        (signed(GOOD, alg="none"), Refusal.SIGNATURE),
        (signed(GOOD)[:-6] + b"AAAAAA", Refusal.SIGNATURE),
        (signed([GOOD]), Refusal.CLAIMS),
        (signed({**GOOD, "jti": ""}), Refusal.CLAIMS),
        (signed({**GOOD, "jti": "x" * 65}), Refusal.CLAIMS),
    ],
    ids=count(),
)
def test_what_nobody_known_signed_or_nobody_could_mean_gets_no_answer(content, why):
    assert judged(content) == Refused(why)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"aud": "mojokerto/dukcapil/other"}, Refusal.AUDIENCE),
        ({"aud": ["mojokerto/dukcapil/gmsc"]}, Refusal.AUDIENCE),
        ({"ctr": "7"}, Refusal.CLAIMS),
        ({"ctr": True}, Refusal.CLAIMS),
        ({"ctr": 0}, Refusal.CLAIMS),
        ({"ctr": 2**53 + 1}, Refusal.CLAIMS),
        ({"iat": None}, Refusal.CLAIMS),
        ({"exp": 1.5}, Refusal.CLAIMS),
        ({"exp": NOW_S + 31}, Refusal.LIFETIME),
        ({"exp": NOW_S}, Refusal.LIFETIME),
        ({"iat": NOW_S + 6, "exp": NOW_S + 30}, Refusal.EARLY),
        ({"iat": NOW_S - 35, "exp": NOW_S - 5}, Refusal.EXPIRED),
    ],
    ids=count(),
)
def test_a_genuine_message_that_is_not_for_now_and_here_is_answered(changes, why):
    assert judged(signed({**GOOD, **changes})) == Refused(why, GOOD["jti"])


def test_clocks_may_differ_by_five_seconds():
    assert isinstance(judged(signed({**GOOD, "iat": NOW_S + 5})), Order)
    late = {**GOOD, "iat": NOW_S - 34, "exp": NOW_S - 4}
    assert isinstance(judged(signed(late)), Order)


def test_without_the_time_nothing_is_believed_to_be_new():
    refused = Refused(Refusal.CLOCK, GOOD["jti"])
    assert judged(signed(GOOD), at=None) == refused
    assert judged(signed({**GOOD, "nonce": "old"}), at=None, nonces=("new", "last")) == refused


def test_without_the_time_a_word_told_just_now_shows_that_a_message_is_new():
    echoing = {**GOOD, "nonce": "last"}
    assert isinstance(judged(signed(echoing), at=None, nonces=("new", "last")), Order)
    again = judged(signed(echoing), at=None, nonces=("new", "last"), last=GOOD["ctr"])
    assert again == Refused(Refusal.REPLAYED, GOOD["jti"])
    endless = signed({**echoing, "exp": NOW_S + 31})
    assert judged(endless, at=None, nonces=("last",)) == Refused(Refusal.LIFETIME, GOOD["jti"])


def test_the_counter_must_rise():
    assert isinstance(judged(signed(GOOD), last=GOOD["ctr"] - 1), Order)
    assert judged(signed(GOOD), last=GOOD["ctr"]) == Refused(Refusal.REPLAYED, GOOD["jti"])


def test_a_key_for_something_else_or_past_its_time_signs_nothing_here():
    others = Judge(AUDIENCE, collect([replace(KEY, may_sign=frozenset({Purpose.POLICY}))]))
    assert judged(signed(GOOD), others) == Refused(Refusal.KEY)
    past = Judge(AUDIENCE, collect([replace(KEY, valid_until=START)]))
    assert judged(signed(GOOD), past) == Refused(Refusal.KEY, GOOD["jti"])
    still = Judge(AUDIENCE, collect([replace(KEY, valid_until=START + timedelta(seconds=1))]))
    assert isinstance(judged(signed(GOOD), still), Order)


@pytest.mark.parametrize(
    ("path", "reaches"),
    [
        ("", True),
        ("mojokerto", True),
        ("mojokerto/dukcapil", True),
        (AUDIENCE, True),
        ("mojo", False),
        ("mojokerto/dukcapil/other", False),
        ("pasuruan", False),
    ],
)
def test_a_key_signs_for_its_place_and_what_is_below(path, reaches):
    read = judged(signed(GOOD), Judge(AUDIENCE, collect([replace(KEY, path=path)])))
    assert isinstance(read, Order) if reaches else read == Refused(Refusal.KEY)
    assert not replace(KEY, path="mojokerto").reaches(NATIONAL)
    assert KEY.reaches(NATIONAL)


def test_an_elliptic_key_is_found_by_its_name():
    private = generate_private_key(SECP256R1())
    key = IssuerKey("centre", private.public_key(), KEY.may_sign, key_id=b"key-1")
    read = judged(signed_es256(GOOD, private, kid="key-1"), Judge(AUDIENCE, collect([key])))
    assert isinstance(read, Order)


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(content):
    assert isinstance(judged(content), Refused)


@settings(max_examples=200)
@given(
    st.dictionaries(
        st.sampled_from(sorted(GOOD)), st.one_of(st.none(), st.integers(), st.text(max_size=5))
    )
)
def test_no_claims_make_it_raise(changes):
    assert isinstance(judged(signed({**GOOD, **changes})), Order | Refused)


# --- receipts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "meant"),
    [
        ({"upto": 9}, Watermark(9)),
        ({"upto": 10}, Watermark(10)),
        ({"upto": 11}, None),
        ({"upto": 0}, None),
        ({"from": 3, "to": 3}, Replay(3, 3)),
        ({"from": 1, "to": 10}, Replay(1, 10)),
        ({"from": 4, "to": 3}, None),
        ({"from": 4, "to": 11}, None),
        ({"from": 4}, None),
        ({"to": 4}, None),
        ({}, None),
        ({"upto": 9, "epoch": "0" * 16}, None),
    ],
    ids=count(),
)
def test_a_receipt_is_of_this_epoch_and_of_what_there_is(claims, meant):
    assert read_receipt({"epoch": EPOCH, **claims}, EPOCH, 10) == meant
