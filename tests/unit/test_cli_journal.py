import csv
import json

import pytest
from click.testing import CliRunner

from gatewayd.cli.main import main
from gatewayd.core.custody import Checkpoint, Erased
from gatewayd.core.events import Draft
from gatewayd.core.folded import QUARANTINE, Change
from gatewayd.store.cache import TinyCache
from tests.unit.journal_facts import AT, fill, opened
from tests.unit.test_journal_verify import KEY, chain_at


@pytest.fixture
def site(tmp_path):
    """A settings file, and a state directory with four events and an empty cache."""
    directory = tmp_path / "state"
    directory.mkdir()
    (tmp_path / "gate.toml").write_text(f'[storage]\ndirectory = "{directory}"\n')
    with opened(directory) as journal:
        events = fill(journal, 4)
        journal.reserve.fill()
    TinyCache.open(directory).close()
    return tmp_path / "gate.toml", directory, events


def run(path, *words):
    return CliRunner().invoke(main, ["journal", *words, "-c", str(path)], terminal_width=100)


def test_a_journal_that_holds_is_proven(site):
    path, directory, events = site
    chain = chain_at(directory, 4)
    with opened(directory) as journal:
        checkpoint = Checkpoint.sign(events[3].id, chain, KEY)
        journal.commit([(Draft(checkpoint.fact(), AT), 1.0)])
    ended = run(path, "verify")
    assert ended.exit_code == 0
    assert "ok: events 5 (erased, as listed: 0), signed checkpoints 1" in ended.output
    assert "signed by " in ended.output
    assert f"head {events[0].epoch}-5=" in ended.output
    assert run(path, "verify", "--head", f"{events[3].id}={chain.hex()}").exit_code == 0


def test_what_does_not_hold_is_named_with_exit_code_1(site):
    path, directory, events = site
    with opened(directory) as journal:
        journal._write("UPDATE events SET run = ? WHERE position = 2", [("other",)])
    ended = run(path, "verify")
    assert ended.exit_code == 1
    assert f"{events[1].id} was changed, or swapped with another" in ended.output
    assert "DOES NOT HOLD: 1 findings in 4 events" in ended.output
    ended = run(path, "verify", "--json")
    assert ended.exit_code == 1
    told = json.loads(ended.output)
    assert (told["ok"], [each["id"] for each in told["findings"]]) == (False, [events[1].id])


def test_another_head_than_the_centre_has_does_not_hold(site):
    path, _, events = site
    assert run(path, "verify", "--head", f"{events[3].id}={'00' * 32}").exit_code == 1


@pytest.mark.parametrize(
    "head", ["x", "019abc0123450001-1=zz", "019abc0123450001-1=00", "a=" + "00" * 32]
)
def test_a_head_that_is_none_is_misuse(site, head):
    ended = run(site[0], "verify", "--head", head)
    assert ended.exit_code == 2
    assert "expected an event's id, =, and 64 hex digits" in ended.output


def test_a_journal_that_is_not_there_is_named(site):
    path, directory, _ = site
    (directory / "journal.db").unlink()
    for word in ("verify", "check"):
        ended = run(path, word)
        assert ended.exit_code == 1
        assert "it is not there" in ended.output


def test_sound_files_are_told(site):
    path, _, events = site
    ended = run(path, "check")
    assert ended.exit_code == 0, ended.output
    assert "ok  journal.db is sound: events 4, epochs 1" in ended.output
    assert f"ok  journal.head vouches for all up to {events[3].id}" in ended.output
    assert "ok  cache is sound" in ended.output
    assert "ok  journal.reserve is whole" in ended.output


def test_a_reserve_that_is_used_up_is_told(site):
    path, directory, _ = site
    (directory / "journal.reserve").unlink()
    ended = run(path, "check")
    assert ended.exit_code == 1
    assert "BAD journal.reserve is used up or could not be made" in ended.output


def test_what_was_moved_aside_is_told_and_is_no_fault(site):
    path, directory, _ = site
    (directory / "journal.corrupt-019abc0123450001").touch()
    ended = run(path, "check")
    assert ended.exit_code == 0
    assert "ok  journal.corrupt-019abc0123450001 was damaged and moved aside" in ended.output


def test_damaged_files_are_told_with_exit_code_1(site):
    path, directory, _ = site
    (directory / "journal.db").write_bytes(b"no database" * 500)
    (directory / "journal.head").unlink()
    (directory / "cache.journal").unlink()
    ended = run(path, "check", "--json")
    assert ended.exit_code == 1
    told = {each["file"]: each for each in json.loads(ended.output)}
    assert "is damaged" in told["journal.db"]["what"]
    assert "is missing or damaged" in told["journal.head"]["what"]
    assert [each["ok"] for each in told.values()] == [False, False, False, True]


def test_a_stranger_in_place_of_the_journal_and_bad_receipts_are_told(site):
    path, directory, _ = site
    with opened(directory) as journal:
        journal.confirm([1])
        journal._write("UPDATE receipts SET state = ?", [("[6,[]]",)])
    assert "BAD journal.db has damaged receipts" in run(path, "check").output
    with opened(directory) as journal:
        journal._writer.execute("PRAGMA application_id = 7")
    assert (
        "BAD journal.db is damaged (it is no journal of this gateway)" in run(path, "check").output
    )


def test_the_last_events_are_printed_and_all_are_exported(site):
    path, directory, events = site
    with opened(directory) as journal:
        journal._write(
            "UPDATE events SET body = NULL, salt = NULL, digest = x'00' WHERE position = ?", [(1,)]
        )
        journal.commit([(Draft(Erased((events[0].id,)).fact(), AT), 1.0)])
    lines = run(path, "tail", "-n", "2").output.splitlines()
    assert [line.split()[0] for line in lines] == [events[3].id, f"{events[0].epoch}-5"]
    told = [json.loads(line) for line in run(path, "export").output.splitlines()]
    assert [each["type"] for each in told][:2] == ["erased", "onegate.audit.gateway.v1"]
    rows = list(csv.reader(run(path, "export", "--format", "csv").output.splitlines()))
    assert rows[0] == ["id", "time", "type", "data"]
    assert len(rows) == 6


def test_the_quarantine_is_listed_without_the_gateway(site):
    path, directory, events = site
    assert run(path, "quarantine", "list").output == "none\n"
    assert run(path, "quarantine", "list", "--json").output == ""
    why = {"reason": "refused 8 times, with code 0x87", "at": "2026-11-22T04:00:00.000Z"}
    cache = TinyCache.open(directory)
    cache.apply([Change(QUARANTINE, events[1].id, why)], events[3].epoch, events[3].seq)
    cache.flush()
    cache.close()
    listed = run(path, "quarantine", "list")
    assert listed.exit_code == 0
    assert listed.output == f"{events[1].id}  {why['at']}  {why['reason']}\n"
    told = json.loads(run(path, "quarantine", "list", "--json").output)
    assert told == {"id": events[1].id, **why}


def test_to_retry_the_quarantine_takes_a_running_gateway(site):
    path, _, _ = site
    ended = run(path, "quarantine", "retry")
    assert ended.exit_code == 2
    assert "no gateway is running" in ended.output
