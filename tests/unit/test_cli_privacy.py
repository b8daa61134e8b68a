"""`gatewayd privacy`: a person is shown what is known of them, and forgotten, by a gate at rest."""

import json
import os
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from click.testing import CliRunner

from gatewayd.app.control_client import NoGatewayError
from gatewayd.app.opened import catch_up
from gatewayd.app.records import read_table
from gatewayd.cli.main import main
from gatewayd.core.events import AccessOutcome, Audit, AuditSubject, Draft, Passage, PassageOutcome
from gatewayd.core.pseudonym import KEY_SIZE, Namespace, Pseudonyms
from gatewayd.core.words import Direction, LaneId
from gatewayd.store.cache import TinyCache
from gatewayd.store.journal_verify import verify
from gatewayd.store.state_directory import state_directory
from tests.unit.journal_facts import AT, opened
from tests.unit.test_cli_people import SETTINGS
from tests.unit.test_erasure import VERDICT

KEY = bytes(range(KEY_SIZE))
ANA = Pseudonyms(KEY).of(Namespace.PERSON, "S-1")
BUDI = Pseudonyms(KEY).of(Namespace.PERSON, "S-2")
CENTRE = '[broker]\nurl = "mqtt://centre.example:1883"\n'


def walked(holder, way, verdict):
    return Passage(
        outcome=PassageOutcome.COMPLETED,
        lane=LaneId("lane-1"),
        direction=Direction(way),
        holder=holder,
        category="staff",
        grant=verdict.grant,
    )


ENTERS = replace(VERDICT, holder=ANA)
ALSO = replace(VERDICT, holder=BUDI, pass_id="0b")
TURNED_AWAY = replace(ENTERS, outcome=AccessOutcome.REFUSED, reason="blocked", grant=None)
FORGIVEN = Audit(
    subject=AuditSubject.OFFICER, action="forgiven", detail={"holder": ANA, "officer": "uid:1"}
)
DAY = [
    *(ENTERS, walked(ANA, "entry", ENTERS)),
    *(ALSO, walked(BUDI, "entry", ALSO)),
    *(TURNED_AWAY, FORGIVEN),
    *(ENTERS, walked(ANA, "entry", ENTERS)),
]


@pytest.fixture(autouse=True)
def site(tmp_path, monkeypatch):
    """Stand in the folder of a site where Ana and Budi are inside."""
    monkeypatch.setattr("config.load.available_timezones", lambda: {"Asia/Jakarta"})
    (tmp_path / "gate.toml").write_text(SETTINGS + CENTRE)
    for name, content in (("lane-1.psk", b"5a" * 32), ("privacy.key", KEY.hex().encode())):
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o600)
    with state_directory(tmp_path / "s") as directory, opened(directory) as journal:
        drafts = [Draft(fact, AT + timedelta(minutes=n)) for n, fact in enumerate(DAY)]
        journal.commit([(draft, 0.0) for draft in drafts])
        journal.confirm([1, 2, 3])
        with closing(TinyCache.open(directory)) as cache:
            catch_up(cache, journal)
            cache.flush()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words):
    return CliRunner().invoke(main, ["privacy", *words, "-c", "gate.toml"])


def tables(directory):
    names = ("holders", "passes", "grants", "counts")
    return {name: dict(read_table(directory, name)) for name in names}


def test_a_person_is_shown_every_record_of_theirs_and_none_of_others():
    ended = run("export", "--id", "S-1")
    assert ended.exit_code == 0, ended.output
    told = json.loads(ended.stdout)
    assert told["holder"] == ANA
    assert [one["id"].split("-")[1] for one in told["records"]] == ["1", "2", "5", "6", "7", "8"]
    assert BUDI not in ended.stdout
    assert set(told["tables"]) == {f"holders/{ANA}", "passes/0a"}
    assert told["fields"]["status"] == "status kesehatan menurut aturan"


def test_each_record_tells_what_became_of_it():
    told = json.loads(run("export", "--holder", ANA).stdout)
    first, *_, last = told["records"]
    assert first["meaning"].startswith("lane-1, masuk: diizinkan lewat.")
    assert (first["time"], first["kept_until"]) == (
        "2026-11-22T08:30:00.000Z",
        "2026-12-13T08:30:00.000Z",
    )
    assert (first["is_sent"], last["is_sent"]) == (True, False)
    assert last["kept_until"] == "2027-02-20T08:37:00.000Z"
    assert first["as_sent"]["holder"] == ANA
    assert (told["sent_to"], told["kept"]["retention_days"]) == ("centre.example", 21)


def test_who_is_not_known_is_told_so():
    for words in (["export", "--id", "S-9"], ["erase", "--yes", "--id", "S-9"]):
        assert run(*words).exit_code == 1


def test_an_erased_person_is_in_no_file_and_was_counted_all_the_same(site):
    before = tables(site / "s")
    ended = run("erase", "--yes", "--id", "S-1")
    assert (ended.exit_code, ended.stdout) == (0, "erased: records 6, rows of tables 2\n")
    for path in (site / "s").rglob("*"):
        assert ANA.encode() not in path.read_bytes(), path
    after = tables(site / "s")
    assert after["counts"] == before["counts"]
    assert set(after["holders"]) == {BUDI}
    assert set(after["passes"]) == {"0b"}
    assert verify(site / "s").findings == ()
    assert json.loads(run("export", "--id", "S-1").stdout)["records"] == []


def test_tables_that_are_built_again_after_an_erasure_are_the_same(site):
    run("erase", "--yes", "--id", "S-1")
    expected = tables(site / "s")
    for path in (site / "s").glob("cache.*"):
        path.unlink()
    with opened(site / "s", "run-3") as journal, closing(TinyCache.open(site / "s")) as cache:
        assert not journal.report.is_new_epoch
        catch_up(cache, journal)
        assert {name: dict(cache.items(name)) for name in expected} == expected


def test_a_muster_counts_an_erased_person_who_is_inside(site):
    def muster():
        at = ("--at", "2026-11-23T08:00:00+07:00")
        found = CliRunner().invoke(main, ["muster", "--json", *at, "-c", "gate.toml"])
        return json.loads(found.stdout)

    before = muster()
    assert [one["who"] for one in before["people"]] == [BUDI, ANA]
    run("erase", "--yes", "--id", "S-1")
    after = muster()
    assert [one["who"] for one in after["people"]] == [BUDI]
    assert sum(after["nameless"].values()) == sum(before["nameless"].values()) + 1
    assert (after["total"], after["uncertain"]) == (before["total"], before["uncertain"])


def test_the_centre_is_told_which_events_to_erase_and_by_whom(site):
    told = json.loads(run("erase", "--yes", "--json", "--id", "S-1").stdout)
    with opened(site / "s", "run-3") as journal:
        (event,) = journal.read(len(DAY), 9)
    assert event.fact.subject is AuditSubject.JOURNAL
    assert event.fact.detail["ids"] == told["records"]
    assert event.fact.detail["officer"] == f"uid:{os.getuid()}"
    assert told["listed_by"] == [event.id]


def test_more_records_than_one_event_lists_are_listed_by_several(site, monkeypatch):
    monkeypatch.setattr("gatewayd.runtime.erasure.ERASED_AT_ONCE", 4)
    told = json.loads(run("erase", "--yes", "--json", "--id", "S-1").stdout)
    assert (len(told["records"]), len(told["listed_by"])) == (6, 2)
    assert verify(site / "s").findings == ()


def test_without_yes_it_asks_and_a_no_changes_nothing(site):
    ended = CliRunner().invoke(
        main, ["privacy", "erase", "--id", "S-1", "-c", "gate.toml"], input="n\n"
    )
    assert ended.exit_code == 1
    assert "Erase 6 records and 2 rows of tables? There is no way back" in ended.stderr
    assert len(json.loads(run("export", "--id", "S-1").stdout)["records"]) == 6


def test_files_that_no_gateway_changes_are_named(site):
    backed = CliRunner().invoke(main, ["backup", "b.tar.gz", "-c", "gate.toml"])
    assert backed.exit_code == 0, backed.output
    (site / "s/cache.snapshot.corrupt").write_text(f"{ANA} {BUDI}")
    (site / "s/journal.corrupt-1").write_text("of somebody else")
    ended = run("erase", "--yes", "--id", "S-1")
    assert f"may still hold it, delete it: {site}/b.tar.gz (backup of 20" in ended.stderr
    assert f"{site}/s/cache.snapshot.corrupt" in ended.stderr
    assert "journal.corrupt-1" not in ended.stderr
    also_in = json.loads(run("export", "--id", "S-2").stdout)["also_in"]
    assert [one.split(" (")[0] for one in also_in] == [
        f"{site}/b.tar.gz",
        f"{site}/s/cache.snapshot.corrupt",
    ]


def test_what_was_not_as_it_was_left_is_recorded_by_whoever_opens_it(site):
    (site / "s/journal.head").unlink()
    assert run("erase", "--yes", "--id", "S-1").exit_code == 0
    with opened(site / "s", "run-3") as journal:
        first = journal.read(0, 1)[0].fact
    assert (first.action, "journal.head is missing" in first.detail["new_epoch"]) == (
        "opened",
        True,
    )


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "give --id, a person's id, or --holder"),
        (["--id", "S-1", "--holder", ANA], 2, "give --id"),
        (["--holder", "ana"], 2, "8 hex digits, a full stop"),
    ],
)
def test_who_is_meant_must_be_said_once(words, code, said):
    for command in (["export"], ["erase", "--yes"]):
        ended = run(*command, *words)
        assert ended.exit_code == code
        assert said in ended.stderr


def test_without_the_key_or_the_records_nothing_is_made_up(site, monkeypatch):
    key = site / "privacy.key"
    key.rename(site / "away")
    assert "no privacy key" in run("export", "--id", "S-1").stderr
    assert not key.exists()
    (site / "s").rename(site / "elsewhere")
    ended = run("erase", "--yes", "--holder", ANA)
    assert (ended.exit_code, "nothing was ever recorded here" in ended.stderr) == (1, True)


def test_another_users_files_are_not_written(site, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    ended = run("erase", "--yes", "--id", "S-1")
    assert (ended.exit_code, "run it as their owner" in ended.stderr) == (2, True)


def test_a_gateway_that_does_not_answer_is_named(site, monkeypatch):
    def ask(*_):
        raise NoGatewayError("the gateway did not answer")

    monkeypatch.setattr("gatewayd.app.privacy.ask", ask)
    ended = run("erase", "--yes", "--id", "S-1")
    assert (ended.exit_code, "did not answer" in ended.stderr) == (2, True)


def test_what_a_gateway_says_no_to_is_told(site, monkeypatch):
    no = {"ok": False, "text": "not done, since it cannot be recorded"}
    monkeypatch.setattr("gatewayd.app.privacy.ask", lambda *_: no)
    ended = run("erase", "--yes", "--id", "S-1")
    assert (ended.exit_code, "cannot be recorded" in ended.stderr) == (1, True)


def test_a_disk_that_refuses_is_told_and_asking_again_finishes_it(site, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("gatewayd.store.journal.SqliteJournal.empty_log", lambda _: False)
        patch.setattr("gatewayd.runtime.erasure.LOG_PAUSE_S", 0.0)
        ended = run("erase", "--yes", "--id", "S-1")
    assert (ended.exit_code, "old bytes are still in journal.db-wal" in ended.stderr) == (1, True)
    run("erase", "--yes", "--id", "S-1")
    assert all(ANA.encode() not in path.read_bytes() for path in (site / "s").iterdir())
