"""Passes in bulk: tables, cards, badges, and taking passes back."""

import csv
import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from gatewayd.app.trust_directory import read_trust
from gatewayd.cli import cards as printing
from gatewayd.cli.cards import Card, print_cards
from gatewayd.cli.passes import passes
from gatewayd.core.passes import Pass, read_pass
from gatewayd.core.words import Status
from tests.unit.test_pdf import objects_of

NOW = datetime(2026, 11, 22, 1, 2, 3, 999_999, tzinfo=UTC)
TABLE = """\
id,category,label,valid_until,purpose,host,entries
INV-1,visitor,Tamu satu,2026-12-31,paspor,Loket 3,2
INV-2,visitor,Tamu dua,,,,
"""


class FixedClock:
    def utc(self) -> datetime:
        return NOW


@pytest.fixture(autouse=True)
def _fixed_clock(monkeypatch):
    for module in ("options", "pass_issue", "pass_sheet"):
        monkeypatch.setattr(f"gatewayd.cli.{module}.SystemClock", FixedClock)


@pytest.fixture
def printed(monkeypatch):
    """What was printed: the cards of the last sheet."""
    cards: list[Card] = []

    def remember(these, title, **options):
        cards[:] = these
        return print_cards(these, title, **options)

    monkeypatch.setattr("gatewayd.cli.pass_sheet.print_cards", remember)
    return cards


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "trust").mkdir()
    assert run("keygen", "--issuer", "gmsc", "--out", tmp_path).exit_code == 0
    public = tmp_path / "gmsc.jwks.json"
    (tmp_path / "trust" / public.name).write_bytes(public.read_bytes())
    (tmp_path / "guests.csv").write_text(TABLE)
    return tmp_path


def run(*arguments: object):
    return CliRunner().invoke(passes, [str(each) for each in arguments])


def sheet(folder, *more: object):
    key = folder / "gmsc.key.pem"
    return run("sheet", folder / "guests.csv", "--key", key, "--pdf", folder / "cards.pdf", *more)


def read(folder, card: Card) -> Pass:
    content = read_pass(card.code, read_trust(folder / "trust").trust)
    assert isinstance(content, Pass)
    return content


def test_every_row_becomes_a_card_and_a_line_of_the_register(folder, printed):
    result = sheet(folder, "--days", 3)
    assert result.exit_code == 0, result.output
    first, second = (read(folder, card) for card in printed)
    assert (first.subject, first.purpose, first.host, first.entries) == (
        "INV-1",
        "paspor",
        "Loket 3",
        2,
    )
    assert first.not_after == datetime(2026, 12, 31, 17, tzinfo=UTC)
    assert second.not_after == NOW.replace(microsecond=0) + timedelta(days=3)
    assert second.entries is None
    assert printed[0].heading == "Tamu satu"
    told = " ".join(printed[0].lines)
    assert "2026-12-31" not in told  # It ends with that day, at the midnight behind it.
    assert "2027-01-01 00:00" in told
    assert all(words in told for words in ("paspor", "Loket 3", "2 kali", first.pass_id.hex()))
    register = list(csv.DictReader(result.stdout.splitlines()))
    assert [row["id"] for row in register] == ["INV-1", "INV-2"]
    assert register[0]["pass_id"] == first.pass_id.hex()
    assert "2 cards" in result.stderr
    objects_of((folder / "cards.pdf").read_bytes())


def test_a_row_can_vouch_for_a_status_of_the_day(folder, printed):
    (folder / "guests.csv").write_text(
        "id,category,status,status_until\n1,staff,green,2026-11-22\n2,staff,green,\n3,staff,,\n"
    )
    assert sheet(folder, "--days", 9).exit_code == 0
    day, whole, none = (read(folder, card) for card in printed)
    assert (day.status, day.status_until) == (
        Status.GREEN,
        datetime(2026, 11, 22, 17, tzinfo=UTC),
    )
    assert (whole.status, whole.status_until) == (Status.GREEN, whole.not_after)
    assert (none.status, none.status_until) == (None, None)


def test_single_cards_have_pages_of_their_own_size(folder):
    assert sheet(folder, "--single").exit_code == 0
    objects = objects_of((folder / "cards.pdf").read_bytes())
    assert b"/Count 2" in objects[1]
    pages = [each for each in objects if b"/MediaBox" in each]
    assert [b"[0 0 242.65 153.07]" in page for page in pages] == [True, True]


def test_a_table_with_a_mistake_issues_nothing(folder):
    (folder / "guests.csv").write_text(TABLE + ",visitor\n")
    refused = sheet(folder)
    assert refused.exit_code == 1
    assert "guests.csv: row 4: expected an id" in refused.stderr
    assert "nothing was issued" in refused.stderr
    assert not (folder / "cards.pdf").exists()
    (folder / "guests.csv").write_text("id,category\n")
    assert sheet(folder).exit_code == 1


def test_a_pass_that_would_never_be_valid_is_not_issued(folder):
    (folder / "guests.csv").write_text("id,category,valid_until\n1,visitor,2026-11-01\n")
    refused = sheet(folder)
    assert refused.exit_code == 1
    assert "never be valid" in refused.stderr


def test_cards_that_cannot_be_written_are_told(folder):
    refused = sheet(folder, "--pdf", folder / "nowhere" / "cards.pdf")
    assert refused.exit_code == 2
    assert "cannot be written" in refused.stderr


def test_eleven_cards_take_two_pages():
    cards = [Card("OG1:ABC", f"Card {number}", ("line",)) for number in range(11)]
    objects = objects_of(print_cards(cards, "cards"))
    assert b"/Count 2" in objects[1]


def test_long_words_are_broken_to_fit_the_card():
    assert printing._wrap("a bb " + "c" * 9, 4) == ["a bb", "cccc", "cccc", "c"]


def test_badges_are_numbered_and_let_nobody_in_by_themselves(folder, printed):
    key, pdf = folder / "gmsc.key.pem", folder / "badges.pdf"
    result = run("badges", "--key", key, "--count", 2, "--first", 17, "--pdf", pdf)
    assert result.exit_code == 0, result.output
    found = [read(folder, card) for card in printed]
    assert [(one.subject, one.category, one.entries) for one in found] == [
        ("BADGE-017", "visitor", 0),
        ("BADGE-018", "visitor", 0),
    ]
    assert [card.heading for card in printed] == ["TAMU 017", "TAMU 018"]
    assert "Kembalikan" in printed[0].lines[0]


@pytest.mark.parametrize(
    "options", [("--first", 999), ("--category", "Tamu")], ids=["numbers", "category"]
)
def test_badges_that_cannot_be_are_misuse(folder, options):
    key, pdf = folder / "gmsc.key.pem", folder / "badges.pdf"
    refused = run("badges", "--key", key, "--count", 2, "--pdf", pdf, *options)
    assert refused.exit_code == 2


def test_a_pass_is_taken_back_by_its_id(folder, printed):
    sheet(folder)
    revoke = ("revoke", "--issuer", "gmsc", "--trust", folder / "trust")
    ids = [read(folder, card).pass_id.hex() for card in printed]
    for pass_id in ids:
        result = run(*revoke, pass_id)
        assert result.exit_code == 0, result.output
        assert "gatewayd reload" in result.stdout
    for card in printed:
        verified = run("verify", card.code, "--trust", folder / "trust", "--json")
        assert json.loads(verified.stdout)["reason"] == "revoked"
    [path] = (folder / "trust").glob("*.revoked.json")
    assert json.loads(path.read_text())["revoked_passes"] == ids


@pytest.mark.parametrize("options", [("--issuer", "gmsc", "XY"), ("--issuer", "\xe9", "00")])
def test_a_misspelled_id_or_issuer_takes_nothing_back(folder, options):
    refused = run("revoke", "--trust", folder / "trust", *options)
    assert refused.exit_code == 1
    assert not list((folder / "trust").glob("*.revoked.json"))


def test_a_single_invitation_says_what_it_is_for(folder):
    key = folder / "gmsc.key.pem"
    issued = run(
        "issue", "--key", key, "--subject", "INV-3", "--category", "visitor", "--text",
        "--purpose", "paspor", "--host", "Loket 3", "--entries", 1,
    )  # fmt: skip
    assert issued.exit_code == 0, issued.output
    verified = run("verify", issued.stdout.strip(), "--trust", folder / "trust", "--json")
    told = json.loads(verified.stdout)
    assert (told["purpose"], told["host"], told["entries"]) == ("paspor", "Loket 3", 1)
    assert told["pass_id"] in issued.stderr


@pytest.mark.parametrize("command", ["sheet", "badges", "revoke"])
def test_every_command_shows_an_example(command):
    assert f"gatewayd pass {command}" in run(command, "--help").stdout
