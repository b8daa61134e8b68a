"""Secrets of rotating codes, and the codes themselves, at the command line."""

import csv
import json
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner

from gatewayd.cli.cards import Card, print_cards
from gatewayd.cli.passes import passes
from gatewayd.core.totp import OtpKey, code_of, find_step, read_key, step_at, write_key

NOW = datetime(2026, 11, 22, 8, 0, 29, tzinfo=UTC)
KEY = OtpKey(bytes(range(20)))


class FixedClock:
    def utc(self) -> datetime:
        return NOW


@pytest.fixture(autouse=True)
def _fixed_clock(monkeypatch):
    for module in ("pass_totp", "terminal_code"):
        monkeypatch.setattr(f"gatewayd.cli.{module}.SystemClock", FixedClock)


def run(*arguments: object, stdin: str | None = None):
    return CliRunner().invoke(passes, [str(each) for each in arguments], input=stdin)


def make(*arguments: object, **options):
    return run("totp", "--issuer", "Kantor", *arguments, **options)


def test_everybody_gets_a_secret_of_their_own_as_the_roster_takes_it():
    made = make("1001", "1002")
    assert made.exit_code == 0, made.output
    rows = list(csv.DictReader(made.stdout.splitlines()))
    assert [row["id"] for row in rows] == ["1001", "1002"]
    keys = [read_key(row["otp_key"]) for row in rows]
    assert all(isinstance(key, OtpKey) and len(key.secret) == 20 for key in keys)
    assert keys[0] != keys[1]


def test_ids_may_come_by_standard_input_and_with_the_long_kind():
    made = make("-", "--long", "--json", stdin="1001\n\n 1002 \n")
    first, second = map(json.loads, made.stdout.splitlines())
    assert (first["id"], second["id"]) == ("1001", "1002")
    key = read_key(first["otp_key"])
    assert isinstance(key, OtpKey)
    assert key.is_long
    told = parse_qs(urlsplit(first["uri"]).query)
    assert told["secret"] == [first["otp_key"].removeprefix("sha256:")]
    assert (told["algorithm"], told["digits"]) == (["SHA256"], ["8"])


def test_each_gets_a_card_whose_code_an_app_can_take(tmp_path, monkeypatch):
    printed: list[Card] = []

    def remember(cards, title):
        printed.extend(cards)
        return print_cards(cards, title)

    monkeypatch.setattr("gatewayd.cli.pass_totp.print_cards", remember)
    made = make("1001", "1002", "--pdf", tmp_path / "enrol.pdf")
    rows = list(csv.DictReader(made.stdout.splitlines()))
    assert [card.heading for card in printed] == ["1001", "1002"]
    for card, row in zip(printed, rows, strict=True):
        assert card.code.startswith("otpauth://totp/Kantor:")
        assert row["otp_key"] in card.code
    assert (tmp_path / "enrol.pdf").read_bytes().startswith(b"%PDF")


def test_one_person_can_have_a_picture(tmp_path):
    assert make("1001", "--png", tmp_path / "enrol.png").exit_code == 0
    assert (tmp_path / "enrol.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("1001", "SECRET\x01"), "number 2: expected 1 to 64"),
        (("1001", "1001"), "none of them twice"),
        (("-",), "expected 1 to"),
        (("1001", "1002", "--png", "p.png"), "--png is for one ID"),
        (("1001", "--pdf", "nowhere/p.pdf"), "cannot be written"),
        (("1001", "--issuer", " x"), "--issuer"),
    ],
    ids=str,
)
def test_misuse_is_told_and_makes_no_secret(arguments, said):
    refused = make(*arguments, stdin="\n")
    assert refused.exit_code == 2
    assert said in refused.output.replace("\n", " ")
    assert refused.stdout == ""
    assert "SECRET" not in refused.output


def test_a_code_is_what_the_phone_shows_now(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text(f"{write_key(KEY)}\n")
    told = run("code", "1001", "--otp-key-file", secret)
    assert told.stdout == f"OGT1:1001:{code_of(KEY, step_at(NOW))}\n"
    shown = told.stdout.strip().rpartition(":")[2]
    assert find_step(KEY, shown, NOW) == step_at(NOW)
    piped = run("code", "OG1:" + "A" * 300, "--otp-key-file", "-", stdin=write_key(KEY))
    assert piped.stdout == f"OGT1:OG1:{'A' * 300}:{shown}\n"


def test_a_code_can_be_shown_as_it_changes(monkeypatch, tmp_path):
    drawn: list[str] = []

    class EndedError(Exception):
        pass

    class EndedEvent:
        def wait(self, seconds):
            assert seconds == 1
            raise EndedError

    class Picture:
        def terminal(self, *, compact):
            assert compact

    def draw(text):
        drawn.append(text)
        return Picture()

    monkeypatch.setattr("gatewayd.cli.terminal_code.threading.Event", EndedEvent)
    monkeypatch.setattr("gatewayd.cli.terminal_code.segno.make_qr", draw)
    secret = tmp_path / "secret.txt"
    secret.write_text(write_key(KEY))
    assert isinstance(run("code", "1001", "--otp-key-file", secret, "--show").exception, EndedError)
    assert drawn == [f"OGT1:1001:{code_of(KEY, step_at(NOW))}"]


@pytest.mark.parametrize(("shown", "secret"), [("1001", "1" * 32), ("a\x01", write_key(KEY)), ("é", "")])  # fmt: skip
def test_what_is_no_id_or_no_secret_is_misuse_and_not_repeated(shown, secret):
    refused = run("code", shown, "--otp-key-file", "-", stdin=secret)
    assert refused.exit_code == 2
    assert "expected" in refused.output
    assert not secret or secret not in refused.output


@pytest.mark.parametrize("command", ["totp", "code"])
def test_every_command_shows_an_example(command):
    assert f"gatewayd pass {command}" in run(command, "--help").stdout
