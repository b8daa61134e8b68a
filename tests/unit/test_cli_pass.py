import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from gatewayd.app.trust_directory import read_trust
from gatewayd.cli import pass_issue
from gatewayd.cli.passes import passes
from gatewayd.core.passes import PREFIX, Pass, read_pass
from gatewayd.core.words import Status
from tests.unit.health_codes import make_certificate, make_dcc

NOW = datetime(2026, 11, 22, 1, 2, 3, 999_999, tzinfo=UTC)
SUBJECT = "198701012010011001"


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


class FixedClock:
    def utc(self) -> datetime:
        return NOW


@pytest.fixture(autouse=True)
def _fixed_clock(monkeypatch):
    monkeypatch.setattr("gatewayd.cli.options.SystemClock", FixedClock)
    monkeypatch.setattr("gatewayd.cli.pass_issue.SystemClock", FixedClock)


@pytest.fixture
def folder(tmp_path):
    """An issuer's folder with a key, and the trust folder of a gate that believes it."""
    (tmp_path / "trust").mkdir()
    assert run("keygen", "--issuer", "gmsc", "--out", str(tmp_path)).exit_code == 0
    public = tmp_path / "gmsc.jwks.json"
    (tmp_path / "trust" / public.name).write_bytes(public.read_bytes())
    return tmp_path


def run(*arguments: str, stdin: str | bytes = ""):
    return CliRunner().invoke(passes, arguments, input=stdin)


def issue(folder, *more: str):
    key = str(folder / "gmsc.key.pem")
    return run("issue", "--key", key, "--subject", SUBJECT, "--category", "staff", *more)


def issued(folder, *more: str) -> Pass:
    result = issue(folder, *more)
    assert result.exit_code == 0, result.output
    content = read_pass(result.stdout.strip(), read_trust(folder / "trust").trust)
    assert isinstance(content, Pass)
    return content


def verify(folder, code: str, *more: str):
    return run("verify", code, "--trust", str(folder / "trust"), *more)


# --- keygen ---


def test_keygen_says_what_to_do_next(tmp_path):
    result = run("keygen", "--issuer", "gmsc", "--out", str(tmp_path / "new"))
    assert result.exit_code == 0
    public = f"{tmp_path}/new/gmsc.jwks.json"
    assert f"gatewayd trust add --trust /etc/gatewayd/trust {public}" in result.stdout
    assert f"gatewayd pass issue --key {tmp_path}/new/gmsc.key.pem" in result.stdout


def test_keygen_names_its_files_to_programs(tmp_path):
    result = run("keygen", "--issuer", "gmsc", "--out", str(tmp_path), "--json")
    paths = {"private": tmp_path / "gmsc.key.pem", "public": tmp_path / "gmsc.jwks.json"}
    assert json.loads(result.stdout) == {name: str(path) for name, path in paths.items()}
    assert all(path.exists() for path in paths.values())


def test_an_issuer_changes_its_key_while_passes_of_both_are_about(folder):
    old = issue(folder, "--text").stdout.strip()
    made = run("keygen", "--issuer", "gmsc", "--name", "gmsc-2027", "--out", str(folder), "--json")
    paths = {name: Path(path) for name, path in json.loads(made.stdout).items()}
    assert paths["private"].name == "gmsc-2027.key.pem"
    public = paths["public"].read_bytes()
    (folder / "trust" / paths["public"].name).write_bytes(public)
    named = ("--subject", "1", "--category", "staff", "--text")
    new = run("issue", "--key", str(paths["private"]), *named).stdout.strip()
    for code in (old, new):
        assert json.loads(verify(folder, code, "--json").stdout)["issuer"] == "gmsc"
    (folder / "trust" / "gmsc.jwks.json").unlink()
    assert json.loads(verify(folder, old, "--json").stdout)["reason"] == "unknown_key"
    assert verify(folder, new).exit_code == 0


def test_a_name_that_no_file_can_have_is_refused(tmp_path):
    refused = run("keygen", "--issuer", "gmsc", "--name", "../gmsc", "--out", str(tmp_path))
    assert refused.exit_code == 2
    assert "'../gmsc': expected a name of 1 to 32 characters" in refused.output


def test_keygen_never_overwrites(folder):
    result = run("keygen", "--issuer", "gmsc", "--out", str(folder))
    assert result.exit_code == 2
    assert "never overwritten" in result.stderr


# --- issue ---


def test_without_a_terminal_the_code_itself_is_printed(folder):
    content = issued(folder)
    assert (content.issuer, content.subject, content.category) == ("gmsc", SUBJECT, "staff")
    assert content.issued_at == content.not_before == NOW.replace(microsecond=0)
    assert content.not_after - content.not_before == timedelta(days=pass_issue.DEFAULT_DAYS)
    assert content.status is None


def test_no_two_passes_have_the_same_id(folder):
    assert issued(folder).pass_id != issued(folder).pass_id


def test_days_are_whole_days_of_the_zone(folder):
    content = issued(folder, "--from", "2026-12-01", "--until", "2026-12-31")
    assert content.not_before == datetime(2026, 11, 30, 17, tzinfo=UTC)
    assert content.not_after == datetime(2026, 12, 31, 17, tzinfo=UTC)
    papua = issued(folder, "--from", "2026-12-01", "--timezone", "Asia/Jayapura")
    assert papua.not_before == datetime(2026, 11, 30, 15, tzinfo=UTC)


def test_days_count_from_the_beginning(folder):
    content = issued(folder, "--from", "2026-12-01T08:00:00Z", "--days", "2")
    assert content.not_after == datetime(2026, 12, 3, 8, tzinfo=UTC)


def test_a_status_holds_as_long_as_it_says_or_as_the_pass(folder):
    content = issued(folder, "--status", "green", "--status-until", "2026-11-23")
    assert content.status is Status.GREEN
    assert content.status_until == datetime(2026, 11, 23, 17, tzinfo=UTC)
    content = issued(folder, "--status", "yellow")
    assert content.status_until == content.not_after


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--days", "1", "--until", "2027-01-01"], "not both"),
        (["--until", "2026-11-21"], "never be valid"),
        (["--from", "2026-12-02", "--until", "2026-12-01"], "never be valid"),
        (["--until", "31/12/2026"], "expected a date"),
        (["--until", "9999-12-31"], "expected a date"),
        (["--from", "1926-12-01"], "expected a year"),
        (["--status-until", "2026-12-01"], "needs --status"),
        (["--timezone", "Mars"], "expected a time zone"),
        (["--timezone", "../../etc/passwd"], "expected a time zone"),
        (["--days", "0"], "--days"),
        (["--issuer", "a\nb"], "--issuer"),
        (["--category", "Staff"], "--category"),
        (["--png", "/nowhere/card.png"], "cannot be written"),
        (["--key", "/nowhere/x.key.pem"], "cannot be read"),
    ],
    ids=str,
)
def test_misuse_is_told_with_exit_code_2(folder, more, said):
    result = issue(folder, *more)
    assert result.exit_code == 2
    assert said in result.stderr
    assert PREFIX not in result.stdout


def test_a_wrong_subject_is_not_repeated(folder):
    wrong = SUBJECT * 5
    result = issue(folder, "--subject", wrong)
    assert result.exit_code == 2
    assert "--subject" in result.stderr
    assert wrong not in result.output


def test_pictures_are_written_instead_of_the_code(folder):
    png, svg = folder / "card.png", folder / "card.svg"
    result = issue(folder, "--png", str(png), "--svg", str(svg))
    assert result.exit_code == 0
    assert result.stdout == ""
    assert png.read_bytes().startswith(b"\x89PNG")
    assert ET.fromstring(svg.read_text()).tag.endswith("svg")


def test_a_picture_and_the_text_can_be_had_together(folder):
    result = issue(folder, "--png", str(folder / "card.png"), "--text")
    assert result.stdout.startswith(PREFIX)


def test_in_a_terminal_the_code_is_drawn(folder, monkeypatch):
    screen = Terminal()
    monkeypatch.setattr("sys.stdout", screen)
    key = str(folder / "gmsc.key.pem")
    order = ["--key", key, "--subject", SUBJECT, "--category", "staff"]
    pass_issue.issue.main(order, standalone_mode=False)
    assert "▀" in screen.getvalue()
    assert PREFIX not in screen.getvalue()


def test_programs_get_the_code_and_its_dates(folder):
    answer = json.loads(issue(folder, "--json", "--status", "green").stdout)
    assert answer["code"].startswith(PREFIX)
    assert answer["not_before"] == "2026-11-22T01:02:03.000Z"
    assert answer["status"] == "green"
    assert SUBJECT not in answer.values()


# --- verify ---


def test_a_valid_pass_is_valid_with_exit_code_0(folder):
    result = verify(folder, issue(folder).stdout.strip())
    assert result.exit_code == 0
    assert result.stdout.startswith("valid: staff pass of gmsc, until 2026-12-22T")
    assert SUBJECT not in result.output


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_a_code_is_read_from_stdin(folder, end):
    code = issue(folder).stdout.strip()
    result = run("verify", "-", "--trust", str(folder / "trust"), stdin=code + end)
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        ("2026-11-22T01:02:02Z", "not_yet_valid"),
        ("2026-11-22T01:02:03Z", "ok"),
        ("2026-12-22T01:02:02.999Z", "ok"),
        ("2026-12-22T01:02:03Z", "expired"),
        ("2026-12-22T08:02:03+07:00", "expired"),
    ],
)
def test_a_pass_is_valid_from_its_first_second_to_before_its_end(folder, at, reason):
    result = verify(folder, issue(folder).stdout.strip(), "--at", at, "--json")
    answer = json.loads(result.stdout)
    assert (answer["valid"], answer["reason"]) == (reason == "ok", reason)
    assert result.exit_code == (0 if reason == "ok" else 1)
    assert (answer["issuer"], answer["category"]) == ("gmsc", "staff")


@pytest.mark.parametrize(
    ("code", "reason"),
    [("1001", "prefix"), ("", "empty"), ("OG1:", "cbor"), ("HC1:" + "A" * 99, "zlib")],
)
def test_what_is_no_pass_says_why_with_exit_code_1(folder, code, reason):
    result = verify(folder, code)
    assert result.exit_code == 1
    assert result.stdout.startswith(f"not valid: {reason}. ")


def test_a_health_certificate_is_no_pass(folder):
    (folder / "trust" / "dsc.der").write_bytes(make_certificate())
    result = run("verify", make_dcc(), "--trust", str(folder / "trust"))
    assert result.exit_code == 1
    assert "prefix" in result.stdout


def test_bytes_that_are_no_text_are_refused_not_a_crash(folder):
    result = run("verify", "-", "--trust", str(folder / "trust"), stdin=b"\xff\xfe\n")
    assert result.exit_code == 1
    assert "unreadable_binary" in result.stdout


def test_a_pass_of_a_stranger_is_not_valid(folder):
    code = issue(folder).stdout.strip()
    (folder / "trust" / "gmsc.jwks.json").unlink()
    result = verify(folder, code)
    assert result.exit_code == 1
    assert "unknown_key" in result.stdout


def test_broken_trust_files_are_named_beside_the_answer(folder):
    (folder / "trust" / "broken.jwks.json").write_text("?")
    result = verify(folder, issue(folder).stdout.strip())
    assert result.exit_code == 0
    assert "broken.jwks.json" in result.stderr


@pytest.mark.parametrize("at", ["yesterday", "2026-11-22", "2026-11-22T01:02:03"])
def test_a_time_without_zone_is_misuse(folder, at):
    result = verify(folder, "1001", "--at", at)
    assert result.exit_code == 2
    assert "with its zone" in result.stderr


@pytest.mark.parametrize("command", ["keygen", "issue", "verify"])
def test_every_command_shows_an_example(command):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert (
        f"Example:\n    gatewayd pass {'issue' if command != 'keygen' else 'keygen'}"
        in result.stdout
    )
