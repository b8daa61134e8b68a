"""The codes that release a trace: what is a release, what is kept, and what guessing brings."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gatewayd.core.events import AuditSubject
from gatewayd.core.release import (
    COST,
    LABELS_MAX,
    LOCKED_FOR,
    WRONG_MAX,
    Codes,
    dump_codes,
    load_codes,
    read_note,
)

AT = datetime(2022, 8, 24, 1, tzinfo=UTC)
ONE, TWO = "kucing-belang-tiga", "hujan-di-bulan-juni"
CHEAP = 2


def codes(**words: str) -> Codes:
    made = Codes()
    for number, (label, code) in enumerate(words.items()):
        made = made.add(label, code, bytes([number]) * 16, CHEAP)
        assert isinstance(made, Codes)
    return made


def test_two_different_people_release():
    both = codes(manager=ONE, health_officer=TWO)
    assert both.release([ONE, TWO]) == ("manager", "health_officer")
    assert both.release([TWO, ONE]) == ("health_officer", "manager")


@pytest.mark.parametrize("given", [[ONE, ONE], [ONE, "x" * 12], ["", TWO], [ONE], [ONE, TWO, TWO]])
def test_anything_else_is_no_release(given):
    assert codes(manager=ONE, health_officer=TWO).release(given) is None


def test_nothing_of_a_code_is_kept_but_a_slow_hash():
    made = Codes().add("manager", ONE, bytes(16))
    assert made.codes[0].cost == COST >= 2**15
    assert made.whose(ONE) == "manager"
    assert ONE.encode() not in dump_codes(made)


@pytest.mark.parametrize(
    ("label", "words", "told"),
    [
        ("Bu Contoh", TWO, "expected a role"),
        ("officer", "elevenchars", "12 to 128 characters"),
        ("officer", "x" * 129, "12 to 128 characters"),
        ("manager", TWO, "manager has a code"),
        ("officer", ONE, "somebody else has this code"),
    ],
)
def test_a_code_that_cannot_be_one_is_told_why(label, words, told):
    assert told in codes(manager=ONE).add(label, words, bytes(16), CHEAP)


def test_there_is_an_end_to_codes():
    full = codes(**{f"p{n}": f"{n:012}" for n in range(LABELS_MAX)})
    assert "no more can be" in full.add("more", TWO, bytes(16), CHEAP)


def test_a_code_is_taken_away_by_its_label():
    both = codes(manager=ONE, health_officer=TWO)
    assert [code.label for code in both.remove("manager").codes] == ["health_officer"]
    assert both.remove("nobody") is None


def test_wrong_ones_in_a_row_lock_everybody_out_for_a_while():
    tried = codes(manager=ONE)
    for _ in range(WRONG_MAX):
        assert tried.locked_until(AT) is None
        tried = tried.failed(AT)
    assert tried.locked_until(AT) == AT + LOCKED_FOR
    assert tried.locked_until(AT + LOCKED_FOR) is None
    again = tried.failed(AT + LOCKED_FOR)  # The next wrong one locks at once.
    assert again.locked_until(AT + LOCKED_FOR) == AT + 2 * LOCKED_FOR
    assert again.succeeded().failed(AT).locked_until(AT) is None


def test_a_clock_that_was_set_back_ends_the_lock():
    tried = replace(codes(manager=ONE), wrong=9, wrong_at=AT + timedelta(days=900))
    assert tried.locked_until(AT) is None


def test_codes_survive_their_file():
    for made in (Codes(), codes(manager=ONE, health_officer=TWO).failed(AT)):
        assert load_codes(dump_codes(made)) == made


GOOD = dump_codes(codes(manager=ONE)).decode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b"[" * 100_000,
        GOOD.replace('"cost": 2', '"cost": 3').encode(),
        GOOD.replace('"cost": 2', '"cost": "2"').encode(),
        GOOD.replace('"cost": 2', '"cost": 1').encode(),
        GOOD.replace('"cost": 2', f'"cost": {COST * 2}').encode(),
        GOOD.replace('"wrong_at": null', '"wrong_at": 5').encode(),
        GOOD.replace('"salt": "', '"salt": "z').encode(),
    ],
)
def test_a_file_of_something_else_is_none(body):
    assert load_codes(body) is None


def test_what_is_noted_names_who_asked_by_the_systems_word():
    detail = {"labels": ["manager", "health_officer"], "found": 3, "officer": "somebody else"}
    noted = read_note({"do": "release", "action": "trace_released", "detail": detail}, "uid:0")
    assert (noted.subject, noted.action) == (AuditSubject.OFFICER, "trace_released")
    assert noted.detail == {**detail, "officer": "uid:0"}


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"action": "count_set", "detail": {}},
        {"action": "trace_released"},
        {"action": "trace_released", "detail": []},
        {"action": "trace_released", "detail": {str(n): n for n in range(13)}},
    ],
)
def test_nothing_else_can_be_noted(request_):
    assert read_note(request_, "uid:0") is None
