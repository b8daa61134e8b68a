"""`gatewayd trace`, with a gateway that only records: nothing is told without two people."""

import csv
import io
import json
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from gatewayd.app.control_client import NoGatewayError
from gatewayd.cli.main import main
from gatewayd.core.events import Audit, AuditSubject, Draft, Passage, PassageOutcome
from gatewayd.core.passes import badge_subject
from gatewayd.core.pseudonym import KEY_SIZE, Namespace, Pseudonyms
from gatewayd.core.release import WRONG_MAX
from gatewayd.core.words import Direction, LaneId
from gatewayd.store.journal import SqliteJournal
from tests.unit.test_cli_people import SETTINGS

KEY = bytes(range(KEY_SIZE))
PSEUDONYMS = Pseudonyms(KEY)
EIGHT = datetime(2022, 8, 24, 1, tzinfo=UTC)  # 08:00 in Jakarta.
ASN, COLLEAGUE, LATE, GUEST, BADGE = (
    PSEUDONYMS.of(Namespace.PERSON, one) for one in ("S-1", "S-2", "S-3", "V-1", badge_subject(17))
)
AT = ("--at", "2022-08-24T18:00:00+07:00")
ONE, TWO = "kucing-belang-tiga", "hujan-di-bulan-juni"
DAY = [
    (0, ASN, "entry", "staff"),
    (10, COLLEAGUE, "entry", "staff"),
    (20, BADGE, "entry", "visitor"),
    (30, None, "entry", "visitor"),
    (55, BADGE, "exit", "visitor"),
    (60, ASN, "exit", "staff"),
    (70, LATE, "entry", "staff"),
    (90, COLLEAGUE, "exit", "staff"),
    (95, GUEST, "entry", "visitor"),
    (96, GUEST, "exit", "visitor"),
]


class Recording:
    """Stands where the control socket is; keeps what is to be recorded."""

    def __init__(self) -> None:
        self.noted: list[tuple[str, dict]] = []
        self.is_running = True
        self.refuses = False

    def ask(self, _directory, request):
        if not self.is_running:
            raise NoGatewayError("no gateway is running here")
        if request["do"] == "status":
            return {"ok": True}
        if self.refuses:
            return {"ok": False, "text": "the disk is full"}
        assert request["do"] == "release"
        self.noted.append((request["action"], request["detail"]))
        return {"ok": True}

    def actions(self):
        return [action for action, _ in self.noted]


@pytest.fixture(autouse=True)
def gateway(tmp_path, monkeypatch):
    """Stand in the folder of a site with a day of records and two codes; give its gateway."""
    monkeypatch.setattr("config.load.available_timezones", lambda: {"Asia/Jakarta"})
    monkeypatch.setattr("gatewayd.core.release.Codes.add.__defaults__", (2,))
    (tmp_path / "gate.toml").write_text(SETTINGS)
    files = (
        ("lane-1.psk", "5a" * 32),
        ("privacy.key", KEY.hex()),
        ("one", ONE),
        ("two", f"{TWO}\n"),
        ("wrong", "x" * 12),
    )
    for name, content in files:
        (tmp_path / name).touch(0o600)
        (tmp_path / name).write_text(content)
    (tmp_path / "s").mkdir()
    drafts = [
        Draft(
            Passage(
                outcome=PassageOutcome.COMPLETED,
                lane=LaneId("lane-1"),
                direction=Direction(way),
                holder=holder,
                category=category,
            ),
            EIGHT + timedelta(minutes=minute),
        )
        for minute, holder, way, category in DAY
    ]
    drafts.append(Draft(Audit(subject=AuditSubject.GATEWAY, action="started"), EIGHT))
    with closing(SqliteJournal.open(tmp_path / "s", "run", 1, bytes)) as journal:
        journal.commit([(draft, 0.0) for draft in drafts])
    monkeypatch.chdir(tmp_path)
    recording = Recording()
    monkeypatch.setattr("gatewayd.app.tracing.ask", recording.ask)
    for label, code in (("manager", "one"), ("health_officer", "two")):
        assert run("release", "add", label, "--code-file", code).exit_code == 0
    recording.noted.clear()
    return recording


def run(*arguments: str, typed: str | None = None):
    return CliRunner().invoke(main, ["trace", *arguments, "-c", "gate.toml"], input=typed)


def release(*arguments: str, codes=("one", "two")):
    return run(*arguments, *AT, *(word for code in codes for word in ("--code-file", code)))


def test_two_people_release_a_trace_that_is_recorded(gateway):
    found = release(ASN, "--generations", "2")
    assert found.exit_code == 0, found.output
    assert found.stdout.splitlines() == [
        f"{ASN}, 2022-08-10 18:00 to 2022-08-24 18:00",
        "released by manager and health_officer, and recorded",
        "inside: 1 times",
        "  2022-08-24 08:00 - 2022-08-24 09:00",
        "",
        "2 met the holder for 15 minutes or more",
        f"{COLLEAGUE:<44} staff              50 min",
        "  2022-08-24 08:10 - 2022-08-24 09:00",
        "badge 017                                    visitor            35 min",
        "  2022-08-24 08:20 - 2022-08-24 08:55",
        "",
        "1 met one of these afterwards for 15 minutes or more",
        f"{LATE:<44} staff              20 min  through {COLLEAGUE}",
        "  2022-08-24 09:10 - 2022-08-24 09:30",
        "",
        "2 others were inside on these days and met the holder for less, or never",
        "1 came in on these days by hand or unseen: nobody can trace them",
    ]
    assert gateway.noted == [
        (
            "trace_released",
            {
                "holder": ASN,
                "begins": "2022-08-10T11:00:00.000Z",
                "ends": "2022-08-24T11:00:00.000Z",
                "minutes": 15,
                "generations": 2,
                "labels": ["manager", "health_officer"],
                "found": 3,
            },
        )
    ]


def test_codes_are_asked_for_and_an_id_becomes_a_pseudonym_here():
    found = run("--id", "S-1", *AT, typed=f"{TWO}\n{ONE}\n")
    assert found.exit_code == 0, found.output
    assert f"{ASN}, 2022-08-10" in found.stdout
    assert "released by health_officer and manager" in found.stdout
    assert TWO not in found.output


def test_it_is_a_table_for_programs_and_for_spreadsheets():
    told = json.loads(release(ASN, "--json").stdout)
    assert [(one["holder"], one["badge"], one["minutes"]) for one in told["contacts"]] == [
        (COLLEAGUE, None, 50.0),
        (BADGE, 17, 35.0),
    ]
    assert (told["others"], told["nameless"]) == (2, 1)
    rows = list(csv.reader(io.StringIO(release(ASN, "--csv").stdout)))
    assert rows[1] == [
        "1", COLLEAGUE, "", "staff", ASN, "2022-08-24T01:10:00.000Z", "2022-08-24T02:00:00.000Z", "yes",
    ]  # fmt: skip
    assert len(rows) == 3


def test_a_time_whose_end_nobody_saw_is_marked():
    told = release(LATE, "--minutes", "5").stdout.splitlines()
    assert "  2022-08-24 09:10 - 2022-08-24 18:00" in told  # Inside still, at that time.
    late = run(
        LATE, "--at", "2022-08-25T18:00:00+07:00", "--code-file", "one", "--code-file", "two"
    )
    assert "  ~ 2022-08-24 09:10 - 2022-08-24 21:10" in late.stdout
    assert late.stdout.endswith("it may have been shorter\n")


@pytest.mark.parametrize("codes", [("one", "one"), ("one", "wrong"), ("wrong", "two")])
def test_without_two_people_nothing_is_told_and_that_is_recorded(gateway, codes):
    found = release(ASN, codes=codes)
    assert (found.exit_code, found.stdout) == (1, "")
    assert "expected the codes of two different people" in found.stderr
    [(action, detail)] = gateway.noted
    assert (action, detail["reason"], detail["holder"]) == ("trace_refused", "wrong_code", ASN)


def test_after_some_wrong_codes_nobody_can_try_for_a_while(gateway):
    for _ in range(WRONG_MAX):
        assert release(ASN, codes=("one", "wrong")).exit_code == 1
    found = release(ASN)
    assert (found.exit_code, found.stdout) == (1, "")
    assert "nobody can try for 15 minutes" in found.stderr
    assert gateway.noted[-1][1]["reason"] == "locked"


def test_a_right_release_forgives_the_wrong_ones():
    for _ in range(WRONG_MAX - 1):
        release(ASN, codes=("one", "wrong"))
    assert release(ASN).exit_code == 0
    release(ASN, codes=("one", "wrong"))
    assert release(ASN).exit_code == 0


@pytest.mark.parametrize("command", [(ASN,), ("release", "remove", "manager")])
def test_without_a_running_gateway_nothing_is_told(gateway, command):
    gateway.is_running = False
    found = release(ASN) if command == (ASN,) else run(*command)
    assert (found.exit_code, found.stdout) == (1, "")
    assert "nothing is told that cannot be recorded" in found.stderr


def test_without_a_record_nothing_is_told(gateway):
    gateway.refuses = True
    found = release(ASN)
    assert (found.exit_code, found.stdout) == (1, "")
    assert "the disk is full" in found.stderr
    assert run("release", "remove", "manager").exit_code == 1
    assert json.loads(run("release", "list", "--json").stdout) == ["manager", "health_officer"]


def test_codes_come_and_go_in_the_records(gateway, tmp_path):
    typed = "batu-karang-di-tepi\n" * 2
    assert run("release", "add", "doctor", typed=typed).exit_code == 0
    assert run("release", "list").stdout.split() == ["manager", "health_officer", "doctor"]
    assert run("release", "remove", "manager").exit_code == 0
    assert run("release", "remove", "manager").exit_code == 1
    assert run("release", "add", "other", "--code-file", "two").exit_code == 1
    assert gateway.noted == [
        ("release_code_added", {"label": "doctor"}),
        ("release_code_removed", {"label": "manager"}),
    ]
    file = tmp_path / "release-codes.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"batu" not in file.read_bytes()


def test_nobody_has_a_code_at_first(tmp_path):
    (tmp_path / "release-codes.json").unlink()
    assert "nobody has a code" in run("release", "list").stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "give a pseudonym"),
        ((ASN, "--id", "S-1"), "give a pseudonym"),
        ((ASN, "--code-file", "one"), "give --code-file twice"),
    ],
)
def test_misuse_is_told(arguments, told):
    found = run(*arguments, *AT, typed=f"{ONE}\n{TWO}\n")
    assert found.exit_code == 2
    assert told in found.output


def test_a_damaged_file_of_codes_is_not_overwritten(tmp_path):
    (tmp_path / "release-codes.json").write_text("{}")
    found = release(ASN)
    assert (found.exit_code, "found something else" in found.stderr) == (2, True)
    assert (tmp_path / "release-codes.json").read_text() == "{}"


def test_a_code_that_others_can_read_is_no_code(tmp_path):
    (tmp_path / "one").chmod(0o644)
    assert "chmod 600" in release(ASN).stderr
    (tmp_path / "one").chmod(0o600)
    (tmp_path / "one").write_bytes(b"\xff" * 12)
    assert "expected a code as text" in release(ASN).stderr


def test_without_the_privacy_key_an_id_stands_for_nobody(tmp_path):
    (tmp_path / "privacy.key").unlink()
    assert "no privacy key" in release("--id", "S-1").stderr
    assert BADGE in release(ASN).stdout


def test_two_codes_at_most_are_added_at_once():
    found = run("release", "add", "x", "--code-file", "one", "--code-file", "two")
    assert (found.exit_code, "give --code-file once" in found.output) == (2, True)


def test_help_shows_how():
    found = CliRunner().invoke(main, ["trace", "--help"])
    assert "trace release --help" in found.stdout
    assert "--generations" in CliRunner().invoke(main, ["trace", "find", "--help"]).stdout
