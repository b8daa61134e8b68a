"""An upgrade of the state, and the way back: with states of an earlier version, and of a later one."""

import errno
import os
import shutil
import sqlite3
from contextlib import closing

import pytest
from click.testing import CliRunner

from gatewayd.app import backup as app_backup
from gatewayd.cli.main import main
from gatewayd.core.folded import Change
from gatewayd.ports import StorageError
from gatewayd.store import before_upgrade
from gatewayd.store import state_directory as module
from gatewayd.store.before_upgrade import COPY_NAME, drop_copies
from gatewayd.store.cache import TinyCache
from gatewayd.store.journal_verify import verify
from gatewayd.store.state_directory import NewerStateError, go_back, state_directory
from tests.unit.journal_facts import fill, opened

ROW = {"category": "staff", "inside_since": "2026-11-22T08:30:00.000Z"}
EARLIER = """
DROP TABLE trimmed;
DROP TABLE remainders;
PRAGMA user_version = 1;
"""


@pytest.fixture
def directory(tmp_path):
    """The state that a gateway of the first version left: four events, one of them not folded yet.

    Only the third was ever released. The first had no number, and a journal of three tables.
    """
    directory = tmp_path / "state"
    with state_directory(directory), opened(directory) as journal:
        fill(journal, 4)
        with closing(TinyCache.open(directory)) as cache:
            cache.apply([Change("holders", "h1", ROW)], journal.epoch, 3)
            cache.flush()
    with closing(sqlite3.connect(directory / "journal.db")) as connection:
        connection.executescript(EARLIER)
    (directory / "version").unlink()
    (directory / "privacy.key").write_text("secret")
    (directory / "received").mkdir()
    (directory / "received" / "policy.site.7").write_bytes(b"signed")
    return directory


def content(directory):
    """Return all files below by name, but what belongs to the process and to the copies."""
    left_out = {"lock", "journal.head", "journal.db-shm", "journal.db-wal"}
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
        and path.name not in left_out
        and not str(path.relative_to(directory)).startswith((COPY_NAME, "after-upgrade"))
    }


def upgrade(directory):
    """Start this release on it, have it record two more events; return the epoch."""
    with state_directory(directory), opened(directory, "run-2") as journal:
        assert journal.report.moved_aside is None
        fill(journal, 2)
        return journal.epoch


def schema_version(directory):
    with closing(sqlite3.connect(directory / "journal.db")) as connection:
        return connection.execute("PRAGMA user_version").fetchone()[0]


def test_an_upgrade_copies_the_state_first_and_goes_on_in_its_epoch(directory):
    before = content(directory)
    epoch = upgrade(directory)
    assert schema_version(directory) == 3
    assert (directory / "version").read_text() == "3\n"
    assert content(directory / COPY_NAME) == before
    assert verify(directory).row_count == 6
    assert verify(directory).findings == ()
    assert epoch == verify(directory).head.id.partition("-")[0]


def test_a_state_that_is_up_to_date_is_not_copied(directory):
    upgrade(directory)
    shutil.rmtree(directory / COPY_NAME)
    upgrade(directory)
    assert not (directory / COPY_NAME).exists()


def test_the_way_back_brings_the_state_as_it_was_and_keeps_what_came_since(directory):
    before = content(directory)
    first = upgrade(directory)
    since = go_back(directory)
    assert content(directory) == before
    assert verify(since).row_count == 6
    assert not (directory / "journal.head").exists()
    second = upgrade(directory)
    assert second > first, "no id is given twice"
    assert verify(directory).findings == ()


def test_the_way_back_that_was_cut_short_is_gone_again(directory, monkeypatch):
    before = content(directory)
    upgrade(directory)
    copy = before_upgrade._copy

    def cut(source, target):
        if target == directory:
            raise OSError(errno.EIO, "pulled the plug")
        copy(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(before_upgrade, "_copy", cut)
        with pytest.raises(StorageError):
            go_back(directory)
    go_back(directory)
    assert content(directory) == before
    assert verify(directory / "after-upgrade-1").row_count == 6


def test_without_room_for_a_copy_the_gate_starts_and_says_so(directory, monkeypatch, caplog):
    def refuse(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfileobj", refuse)
        upgrade(directory)
    assert [record.message for record in caplog.records] == ["upgrade_without_copy"]
    assert not list(directory.glob(f"{COPY_NAME}*"))
    with pytest.raises(StorageError, match="restore a backup from before it"):
        go_back(directory)


def test_a_gateway_that_runs_is_not_taken_back(directory):
    upgrade(directory)
    with state_directory(directory), pytest.raises(StorageError, match="another gatewayd"):
        go_back(directory)


def test_copies_go_when_their_time_is_over(directory):
    upgrade(directory)
    made_s = (directory / COPY_NAME).stat().st_mtime
    assert drop_copies(directory, made_s - 1) == []
    assert drop_copies(directory, made_s + 1) == [COPY_NAME]
    assert not (directory / COPY_NAME).exists()


@pytest.fixture
def settings(directory):
    path = directory.parent / "gate.toml"
    site = '[site]\nregion = "r"\norganisation = "o"\nid = "s"\ntimezone = "Asia/Jakarta"\n'
    path.write_text(f'{site}[storage]\ndirectory = "{directory}"\n')
    return path


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def started_by_a_later_release(directory, monkeypatch):
    with monkeypatch.context() as later:
        later.setattr(module, "STATE_VERSION", 4)
        with state_directory(directory):
            (directory / "journal.db").write_bytes(b"in words that only the later one knows")


def test_the_state_of_a_later_release_is_refused_and_the_sentence_works(
    directory, settings, monkeypatch
):
    upgrade(directory)
    before = content(directory)
    started_by_a_later_release(directory, monkeypatch)
    with pytest.raises(NewerStateError, match="state version 4, this one knows up to 3") as told:
        upgrade(directory)
    words = str(told.value).rpartition(": ")[2].split()
    assert words[:2] == ["gatewayd", "restore"]
    ended = run(*words[1:], "-c", settings)
    assert ended.exit_code == 0, ended.output
    assert content(directory) == before
    upgrade(directory)
    assert verify(directory).row_count == 8


def test_a_newer_state_is_bad_settings_to_systemd_which_does_not_try_again(directory, settings):
    upgrade(directory)
    (directory / "version").write_text("4\n")
    shutil.rmtree(directory / COPY_NAME)
    with pytest.raises(NewerStateError, match="or go back to a backup from before it"):
        upgrade(directory)
    backup = directory.parent / "b.tar.gz"
    app_backup.back_up(app_backup.place_of(settings), backup, None)
    ended = run("restore", backup, "-c", settings)
    assert ended.exit_code == 2
    assert "state version 4" in ended.output


def test_a_copy_of_a_newer_release_is_refused_too(directory, settings):
    upgrade(directory)
    (directory / COPY_NAME / "version").write_text("4\n")
    ended = run("restore", "--before-upgrade", "-c", settings)
    assert ended.exit_code == 2
    assert "of a newer gatewayd too" in ended.output


@pytest.mark.parametrize("words", [[], ["--before-upgrade", __file__]])
def test_one_way_back_at_a_time(settings, words):
    ended = run("restore", *words, "-c", settings)
    assert ended.exit_code == 2
    assert "one of the two" in ended.output
