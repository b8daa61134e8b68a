"""`gatewayd policy explain` and `matrix`: what they print, and how they end."""

import json
from contextlib import closing
from datetime import datetime

import pytest
from click.testing import CliRunner

from gatewayd.cli.policy import policy as command
from gatewayd.core.events import Access, AccessOutcome, Draft
from gatewayd.core.totp import OtpKey, code_of, step_at, write_key
from gatewayd.core.words import Direction, HolderId, LaneId, Status
from gatewayd.store.journal import SqliteJournal

SETTINGS = """\
[site]
region = "kaltim"
organisation = "pemprov"
id = "kantor-gubernur"
timezone = "Asia/Makassar"
[storage]
directory = "state"
[[lanes]]
id = "lane-1"
[lanes.turnstile]
driver = "gatelink"
port = "/dev/serial/by-path/a"
psk_file = "lane-1.psk"
[[rosters]]
name = "staff"
file = "staff.csv"
[policy]
profile = "governor-office"
layers = ["ppkm.toml"]
conditions = {yellow = "Masker wajib."}
statuses = {yellow = "admit"}
[policy.capacity]
rated = 100
"""
LAYER = """\
level = "national"
version = "inmendagri-3-2022"
valid_from = 2022-01-18
valid_until = 2022-01-24
[capacity]
total = "50%"
"""
GUEST = """\
region = "kaltim"
born = 1990-01-01
[[doses]]
number = 2
series = 2
given_on = 2021-05-01
"""
JANUARY, AUGUST = "2022-01-20T08:00:00+08:00", "2022-08-20T08:00:00+08:00"


@pytest.fixture(autouse=True)
def site(tmp_path, monkeypatch):
    """Stand in the folder of a site."""
    monkeypatch.setattr("config.load.available_timezones", lambda: {"Asia/Makassar"})
    (tmp_path / "lane-1.psk").write_text("5a" * 32)
    (tmp_path / "lane-1.psk").chmod(0o600)
    (tmp_path / "staff.csv").write_text("id,category,region\nS-1,staff,kaltim\nV-1,visitor,jatim\n")
    (tmp_path / "trust").mkdir()
    for name, text in (("gate", SETTINGS), ("ppkm", LAYER), ("guest", GUEST)):
        (tmp_path / f"{name}.toml").write_text(text)
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, stdin: bytes = b""):
    return CliRunner().invoke(command, list(arguments), input=stdin)


def explain(*arguments: str, stdin: bytes = b""):
    return run("explain", "-c", "gate.toml", *arguments, stdin=stdin)


def checks(found) -> dict[str, tuple[str, str | None, str | None]]:
    told = json.loads(found.stdout)["checks"]
    return {
        one["check"]: (one["reason"], one["key"], one["layer"]) for one in told if one["reason"]
    }


def test_a_described_person_is_judged_by_the_rules_of_the_day():
    found = explain("--person", "guest.toml", "--at", JANUARY, "--json")
    told = json.loads(found.stdout)
    # No test of the last days, and a certificate does not say where somebody lives.
    assert (found.exit_code, told["verdict"], told["reason"]) == (1, "refer", "origin_unknown")
    assert (told["status"], told["rule"]) == ("green", "two-doses")
    assert told["policy"] == ["governor-office-1", "inmendagri-3-2022", "pl-2021-11-01/1"]
    later = json.loads(explain("--person", "guest.toml", "--at", AUGUST, "--json").stdout)
    assert (later["status"], later["rule"]) == ("yellow", "full")


def test_each_check_tells_the_key_and_the_layer_that_it_follows():
    """R43."""
    found = explain("--status", "red", "--at", JANUARY, "--inside", "visitor=50", "--json")
    assert checks(found) == {
        "status": ("status_red", "statuses.red", "profile: governor-office"),
        "region_test": (
            "origin_unknown",
            "region_test.unknown_origin",
            "profile: governor-office",
        ),
        "capacity": ("capacity_full", "capacity.total", "national: ppkm.toml"),
    }


def test_a_key_that_no_layer_has_is_told_as_the_default():
    found = explain("--category", "vip", "--region", "kaltim", "--status", "green")
    assert "  category      refer   unknown_category   categories (by default)" in found.stdout


def test_a_person_who_may_pass_ends_with_0_and_is_told_the_condition():
    found = explain("--category", "staff", "--region", "kaltim", "--status", "yellow")
    assert found.exit_code == 0
    assert "verdict   admit: ok\n" in found.stdout
    assert "condition Masker wajib.\n" in found.stdout
    assert "findings  status_yellow\n" in found.stdout
    assert (
        "  status        noted   status_yellow   statuses.yellow (site: settings)" in found.stdout
    )


def test_a_scan_is_read_with_the_rosters_of_the_site():
    found = explain("--scan", "S-1", "--json")
    assert json.loads(found.stdout)["reason"] == "status_unknown"
    found = explain("--scan", "-", "--json", stdin=b"V-1\n")
    assert checks(found)["region_test"][0] == "region_test"


def test_a_rotating_code_is_a_check_by_name(tmp_path):
    key = OtpKey(bytes(20))
    (tmp_path / "staff.csv").write_text(f"id,category,otp_key\nS-1,staff,{write_key(key)}\n")
    code = code_of(key, step_at(datetime.fromisoformat(AUGUST)))
    bare = explain("--scan", "S-1", "--at", AUGUST)
    assert "  rotating_code refuse  code_missing\n" in bare.stdout
    good = explain("--scan", f"OGT1:S-1:{code}", "--at", AUGUST)
    assert "  rotating_code passed\n" in good.stdout
    assert "code_wrong" in explain("--scan", f"OGT1:S-1:{code}", "--at", JANUARY).stdout


def test_an_exit_is_explained_as_one():
    found = explain("--scan", "S-1", "--exit", "--already-inside", "--json")
    assert (found.exit_code, json.loads(found.stdout)["reason"]) == (0, "exit")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--scan", "x", "--person", "guest.toml"], "give one of --scan, --event and --person"),
        (["--inside", "visitor"], "expected like visitor=12, got visitor"),
        (["--inside", "visitor=many"], "expected like visitor=12, got visitor=many"),
        (["--person", "ppkm.toml"], "ppkm.toml:1: level: expected one of"),
        (["--person", "staff.csv"], "staff.csv:1:"),
    ],
)
def test_misuse_ends_with_2_and_says_why(arguments, told):
    found = explain(*arguments)
    assert found.exit_code == 2
    assert told in found.stderr


def test_what_no_policy_has_a_say_in_has_no_key():
    assert "  readable      refuse  zlib\n" in explain("--scan", "HC1:ABC").stdout


def record(folder, fact):
    """Record a verdict of January, and return the id of the event."""
    (folder / "state").mkdir()
    with closing(SqliteJournal.open(folder / "state", "run", 1, bytes)) as journal:
        draft = Draft(fact, datetime.fromisoformat(JANUARY))
        [event] = journal.commit([(draft, 0.0)])
    return event.id


@pytest.fixture
def event_id(tmp_path):
    refused = Access(
        outcome=AccessOutcome.REFUSED,
        lane=LaneId("lane-1"),
        direction=Direction.ENTRY,
        reason="status_red",
        source="gateway",
        kind="pass",
        category="visitor",
        status=Status.RED,
        policy=("governor-office-1",),
    )
    return record(tmp_path, refused)


def test_a_recorded_verdict_is_explained_by_the_rules_for_its_time(event_id):
    found = explain("--event", event_id)
    assert found.exit_code == 1
    assert found.stdout.startswith("recorded  refused: status_red, by governor-office-1\n")
    assert f"at        {JANUARY}\n" in found.stdout
    assert "policy    governor-office-1, inmendagri-3-2022 (enforce)" in found.stdout
    assert (
        "  status        refuse  status_red   statuses.red (profile: governor-office)"
        in found.stdout
    )
    told = json.loads(explain("--event", event_id, "--json").stdout)
    assert (told["verdict"], told["recorded"]["id"]) == ("refuse", event_id)


@pytest.mark.parametrize(
    ("reason", "holder", "told"),
    [
        ("presence", None, "  authentic     refuse  presence   lane_codes (by default)"),
        ("ok", HolderId("00000000.11111111111111111111111111111111"), "  authentic     passed\n"),
    ],
)
def test_a_recorded_check_in_is_explained_as_one(tmp_path, reason, holder, told):
    checked_in = Access(
        outcome=AccessOutcome.ADMITTED if reason == "ok" else AccessOutcome.REFUSED,
        lane=LaneId("lane-1"),
        direction=Direction.ENTRY,
        reason=reason,
        source="gateway",
        kind="checkin",
        holder=holder,
        category="visitor",
        status=Status.GREEN,
        order="c-1",
    )
    found = explain("--event", record(tmp_path, checked_in))
    assert told in found.stdout, found.stdout


def test_another_event_is_no_verdict(event_id):
    found = explain("--event", f"{event_id}0")
    assert found.exit_code == 1
    assert f"no verdict {event_id}0 in the journal" in found.stderr


def test_a_recorded_verdict_that_is_not_there_is_no():
    found = explain("--event", "0000000000000000-1")
    assert found.exit_code in (1, 2)
    assert "journal" in found.stderr


def test_rules_that_fail_say_so(tmp_path):
    (tmp_path / "house.toml").write_text(
        'id = "house"\nversion = "1"\nsource = "us"\n'
        '[[rules]]\nname = "broken"\nstatus = "green"\n'
        'when = { ">" = [{ var = "age.years" }, { var = "evidence" }, { var = "today" }] }\n'
    )
    text = SETTINGS.replace("[policy]\n", '[policy]\nrule_sets = ["house.toml"]\n')
    (tmp_path / "gate.toml").write_text(text)
    found = explain("--person", "guest.toml", "--at", JANUARY)
    assert "status    unknown until" in found.stdout
    assert "rule broken of house/1; it fails: " in found.stdout


def test_no_rule_that_holds_is_told():
    found = explain("--at", JANUARY, "--person", "guest.toml")
    assert "(rule two-doses of pl-2021-11-01/1: " in found.stdout


# --- the matrix ---


def test_the_matrix_of_a_site_is_that_of_its_settings():
    found = run("matrix", "-c", "gate.toml", "--at", JANUARY, "--json")
    told = json.loads(found.stdout)
    assert found.exit_code == 0
    expected = dict.fromkeys(map(str, Status), "refuse") | {
        "green": "admit",
        "yellow": "admit",
        "unknown": "refer",
    }
    assert told["by_status"]["visitor"] == expected
    assert told["otherwise"]["a guest from elsewhere without a test"] == "refer (region_test)"


def test_the_matrix_tells_conditions():
    found = run("matrix", "market", "--at", JANUARY)
    assert "- yellow: Masker wajib dipakai, jaga jarak." in found.stdout


@pytest.mark.parametrize("arguments", [[], ["market", "-c", "gate.toml"], ["market", "--all"]])
def test_the_matrix_is_asked_for_one_policy(arguments):
    found = run("matrix", *arguments)
    assert found.exit_code == 2
    assert "give a PROFILE, -c FILE or --all" in found.stderr
