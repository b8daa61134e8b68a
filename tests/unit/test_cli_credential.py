"""`gatewayd credential verify`: one code, or one line out for each line in, whatever comes."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.cli import credential as cli
from gatewayd.cli import credential_batch
from gatewayd.cli.credential import credential
from gatewayd.cli.credential_batch import Bench
from gatewayd.core.trust import collect
from tests.unit.health_codes import (
    CARD_ISSUER,
    ISSUED,
    VACCINATED,
    card_claims,
    claims,
    jwk,
    make_card,
    make_certificate,
    make_dcc,
    make_parts,
)
from tests.unit.public_vectors import read_vectors

AT = ISSUED.isoformat()
DER = base64.b64encode(make_certificate()).decode()
DCC_TRUST = {"certificates": [DER]}
CARD_TRUST = {"jwks": {CARD_ISSUER: {"keys": [jwk()]}}}
ACCEPTED = {"outcome": "accept", "reason": None, "kind": "dcc", "issuer": "ID"}


def run(*arguments: str, stdin: bytes = b""):
    return CliRunner().invoke(credential, ["verify", *arguments], input=stdin)


def batch(*lines: object, options: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Send lines, JSON unless they are bytes already, and return the answers."""
    sent = b"\n".join(
        line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines
    )
    result = run("--batch", *options, stdin=sent)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def request(scans: list[str], trust: object = DCC_TRUST, name: object = 1, at: object = AT) -> Any:
    return {"id": name, "scans": scans, "at": at, "trust": trust}


def refused(name: object, reason: str, kind: str = "dcc", issuer: object = None) -> dict[str, Any]:
    return {"id": name, "outcome": "reject", "reason": reason, "kind": kind, "issuer": issuer}


# --- one code ---


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "dsc.der").write_bytes(make_certificate())
    (tmp_path / "card.json").write_text(json.dumps({"issuer": CARD_ISSUER, "keys": [jwk()]}))
    return tmp_path


def test_a_good_code_is_accepted_with_exit_code_0(folder):
    told = run(make_dcc(), "--trust", str(folder), "--at", AT)
    assert (told.exit_code, told.stdout) == (0, "accepted: dcc of ID\n")
    read = run(make_dcc(), "--trust", str(folder), "--at", AT, "--json")
    assert (read.exit_code, json.loads(read.stdout)) == (0, ACCEPTED)


def test_a_bad_code_is_refused_with_its_reason_and_exit_code_1(folder):
    told = run(make_dcc(), "--trust", str(folder), "--at", "2026-01-01T00:00:00Z")
    assert told.exit_code == 1
    assert told.stdout == "refused: expired. The code has expired. Ask for a new one.\n"
    read = run("HC1:?", "--trust", str(folder), "--json")
    assert read.exit_code == 1
    assert json.loads(read.stdout)["reason"] == "base45"


def test_the_parts_of_a_card_are_given_in_any_order(folder):
    parts = make_parts(3)
    assert run(*parts[::-1], "--trust", str(folder), "--at", AT).exit_code == 0
    assert "incomplete" in run(*parts[1:], "--trust", str(folder), "--at", AT).stdout


def test_broken_trust_files_are_named_beside_the_answer(folder):
    (folder / "broken.pem").write_text("?")
    told = run(make_dcc(), "--trust", str(folder), "--at", AT)
    assert told.exit_code == 0
    assert "broken.pem: certificate 1: expected" in told.stderr


@pytest.mark.parametrize(
    "arguments", [[], ["HC1:"], ["HC1:", "--batch"], ["HC1:", "--trust", ".", "--at", "now"]]
)
def test_misuse_is_told_with_exit_code_2(arguments):
    assert run(*arguments).exit_code == 2


def test_the_command_shows_an_example():
    shown = run("--help").stdout
    assert "Examples" in shown
    assert "gatewayd credential verify --batch" in shown


# --- lines ---


def test_each_line_is_answered_in_order_under_its_id():
    assert batch(
        request([make_dcc()], name=1),
        request([make_dcc(claims({**VACCINATED, "v": None}))], name="two"),
        request(make_parts(2)[::-1], CARD_TRUST, name=3.5),
        request([make_card(card_claims(iss="https://example.org/other"))], CARD_TRUST, name=None),
        {"scans": [make_dcc()], "at": AT, "trust": DCC_TRUST},
    ) == [
        {"id": 1, **ACCEPTED},
        refused("two", "schema"),
        {"id": 3.5, "outcome": "accept", "reason": None, "kind": "shc", "issuer": CARD_ISSUER},
        refused(None, "issuer", "shc"),
        {"id": None, **ACCEPTED},
    ]


def test_the_keys_of_one_line_do_not_count_for_the_next():
    assert [answer["reason"] for answer in batch(
        request([make_dcc()]),
        request([make_dcc()], {"certificates": []}),
        request([make_dcc()], {}),
        request([make_dcc()]),
        {"id": 5, "scans": [make_dcc()], "at": AT},
    )] == [None, "unknown_key", "unknown_key", None, "unknown_key"]  # fmt: skip


def test_the_keys_of_earlier_lines_are_kept_for_later_ones_up_to_a_limit(monkeypatch):
    read: list[object] = []
    parse = credential_batch.parse_trust
    monkeypatch.setattr(credential_batch, "parse_trust", lambda one: read.append(one) or parse(one))
    monkeypatch.setattr(credential_batch, "KEPT_MAX", 2)
    monkeypatch.setattr(credential_batch, "KEPT_LENGTH_MAX", 1000)
    bench = Bench(collect(()), ISSUED)

    def outcome(trust: object) -> str:
        answered = bench.answer(json.dumps(request([make_dcc()], trust)).encode())
        return answered.line["outcome"]

    other, third, long = {"jwks": {}}, {"revocations": {}}, {"certificates": [DER, "A" * 1000]}
    for trust in (DCC_TRUST, other, DCC_TRUST, third, DCC_TRUST):
        assert outcome(trust) == ("accept" if trust is DCC_TRUST else "reject")
    assert read == [DCC_TRUST, other, third]
    assert outcome(other) == "reject"  # The one that was used longest ago had gone for the third.
    assert [outcome(long), outcome(long)] == ["accept", "accept"]
    assert read == [DCC_TRUST, other, third, other, long, long]


def test_trust_that_is_nested_too_deep_to_keep_is_read_all_the_same(monkeypatch):
    bench = Bench(collect(()), ISSUED)
    line = json.dumps(request([make_dcc()])).encode()

    def too_deep(_: object) -> str:
        raise RecursionError

    monkeypatch.setattr(credential_batch.json, "dumps", too_deep)
    assert bench.answer(line).line["outcome"] == "accept"


def test_trust_and_time_of_the_command_count_where_a_line_says_nothing(folder):
    lines = [{"id": 1, "scans": [make_dcc()]}, {"id": 2, "scans": [make_dcc()], "trust": {}}]
    answers = batch(*lines, options=("--trust", str(folder), "--at", AT))
    assert [answer["reason"] for answer in answers] == [None, "unknown_key"]
    late = batch(*lines, options=("--trust", str(folder)))
    assert [answer["reason"] for answer in late] == ["expired", "unknown_key"]


def test_a_card_that_was_taken_back_is_refused():
    content = card_claims()
    content["vc"]["rid"] = "card-1"
    lists = {CARD_ISSUER: [{"kid": "kid-1", "method": "rid", "ctr": 1, "rids": ["card-1"]}]}
    trust = {**CARD_TRUST, "revocations": lists}
    assert batch(request([make_card(content)], trust)) == [
        refused(1, "revoked", "shc", CARD_ISSUER)
    ]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (b"", None),
        (b"?", None),
        (b"[]", None),
        (b"\xff", None),
        (b"[" * 99_999, None),
        (b'{"id": ' + b"1" * 5_000 + b"}", None),
        ({"id": [1], "scans": []}, None),
        ({"id": 1}, 1),
        ({"id": 1, "scans": "HC1:"}, 1),
        ({"id": 1, "scans": [7]}, 1),
        ({"id": 1, "scans": [], "at": "2021-06-01"}, 1),
        ({"id": 1, "scans": [], "at": "0001-01-01T00:00:00+23:00"}, 1),
        ({"id": 1, "scans": [], "at": 7}, 1),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_line_that_is_no_request_is_refused_and_the_next_is_answered(line, name):
    answers = batch(line, request([make_dcc()], name="next"))
    assert answers == [refused(name, "bad_request", "unreadable"), {"id": "next", **ACCEPTED}]


def test_a_line_that_is_too_long_is_refused_and_the_next_is_answered(monkeypatch):
    monkeypatch.setattr(cli, "LINE_SIZE_MAX", 5_000)
    monkeypatch.setattr(credential_batch, "LINE_SIZE_MAX", 5_000)
    answers = batch(b"x" * 20_000, request([make_dcc()]))
    assert [answer["reason"] for answer in answers] == ["bad_request", None]


def test_what_of_a_line_is_not_used_is_told_beside_the_answer():
    trust = {"certificates": ["AAAA", DER]}
    result = run("--batch", stdin=json.dumps(request([make_dcc()], trust)).encode() + b"\n?\n")
    assert [json.loads(line)["reason"] for line in result.stdout.splitlines()] == [
        None,
        "bad_request",
    ]
    assert result.stderr.splitlines() == [
        "line 1: trust: certificate 1: expected an X.509 certificate",
        "line 2: expected JSON",
    ]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.binary(max_size=60) | ANYTHING.map(lambda value: json.dumps(value).encode()))
@settings(max_examples=100)
def test_no_line_makes_it_raise(line):
    check_answer(line)


@given(ANYTHING, ANYTHING, ANYTHING, ANYTHING)
@settings(max_examples=100)
def test_no_request_makes_it_raise(name, scans, at, keys):
    trust = {"certificates": keys, "jwks": keys, "revocations": keys}
    for each in (trust, keys, {"certificates": [keys]}, {"jwks": {"a": {"keys": [keys]}}}):
        check_answer(json.dumps(request(scans, each, name, at)).encode())
        check_answer(json.dumps(request(["HC1:"], each)).encode())


def check_answer(line: bytes) -> None:
    bench = Bench(collect(()), datetime(2021, 6, 1, tzinfo=UTC))
    answer = json.loads(json.dumps(bench.answer(line).line))
    assert list(answer) == ["id", "outcome", "reason", "kind", "issuer"]
    assert answer["outcome"] == "reject"


# --- the public vectors ---


def test_all_public_vectors_come_out_as_stated():
    lines = [*dcc_vectors(), *real_codes(), *card_vectors()]
    stated = [(outcome, reason) for _, outcome, reason in lines]
    answers = batch(*(line for line, _, _ in lines))
    for answer, (outcome, reason) in zip(answers, stated, strict=True):
        if outcome is not None:
            assert (answer["outcome"], answer["reason"]) == (outcome, reason), answer


def dcc_vectors():
    for each in read_vectors("dcc/vectors.json"):
        trust = {"certificates": [each["trust"]["certificate_der_b64"]]}
        line = request([each["scan"]], trust, each["id"], each["clock_utc"])
        yield line, each["outcome"], each["reason"]


def real_codes():
    for each in read_vectors("dcc/qa_decode.json"):
        if each["trust"] is None:
            yield request([each["scan"]], {}, each["id"]), "reject", "unknown_key"


def card_vectors():
    issuers = read_vectors("shc/trust.json")["issuers"]
    trust = {"jwks": issuers}
    for each in read_vectors("shc/vectors.json"):
        yield request(each["scans"], trust, each["id"], at_second(each["nbf"])), "accept", None
    for each in read_vectors("shc/negative.json"):
        at = "2022-06-01T00:00:00Z"
        yield request(each["scans"], trust, each["id"], at), each["outcome"], each["reason"]
    for each in read_vectors("shc/revocation.json"):
        lists = {**trust, "revocations": {issuer: [each["crl"]] for issuer in issuers}}
        stated = ("reject", "revoked") if each["revoked"] else ("accept", None)
        yield request(each["scans"], lists, each["id"], at_second(each["nbf"])), *stated


def at_second(second: float) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat()
