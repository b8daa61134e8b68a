import gzip
import io
import json
import tarfile

import pytest
from click.testing import CliRunner

from gatewayd.app.opened import catch_up
from gatewayd.cli.main import main
from gatewayd.core.folded import Change
from gatewayd.runtime.clock import SystemClock
from gatewayd.store.backup_notes import read_backup_notes
from gatewayd.store.cache import TinyCache
from gatewayd.store.clock_note import read_clock_note, write_clock_note
from gatewayd.store.journal_verify import verify
from gatewayd.store.received import Shelves
from gatewayd.store.state_directory import state_directory
from tests.unit.journal_facts import AT, fill, opened

PASSPHRASE = "correct horse battery"
ROW = {"category": "staff", "inside_since": "2026-11-22T08:30:00.000Z"}


KEYS = ("privacy.key", "checkpoint.key.pem", "accounts.json", "release-codes.json")


@pytest.fixture
def site(tmp_path):
    """A site whose gateway ran: five events, of which the cache has three, two keys."""
    directory = tmp_path / "state"
    path = settings(tmp_path, directory)
    with state_directory(directory), opened(directory) as journal:
        fill(journal, 5)
        cache = TinyCache.open(directory)
        cache.apply([Change("holders", "h1", ROW)], journal.epoch, 3)
        cache.flush()
        cache.close()
    write_clock_note(directory, AT)
    for name in KEYS:
        (directory / name).write_text(f"secret of {name}")
        (directory / name).chmod(0o600)
    (tmp_path / "pass").write_text(f"{PASSPHRASE}\nanother line\n")
    return path


def settings(folder, directory):
    path = folder / f"{directory.name}.toml"
    text = '[site]\nregion = "r"\norganisation = "o"\nid = "s"\ntimezone = "Asia/Jakarta"\n'
    path.write_text(f'{text}[storage]\ndirectory = "{directory}"\n')
    return path


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words], terminal_width=100)


def back_up(site, *more):
    target = site.parent / "backup.tar.gz"
    ended = run("backup", target, "-c", site, *more)
    assert ended.exit_code == 0, ended.output
    return target, ended.output


def restored(site, source, *more):
    """Restore into a new directory; return the directory."""
    directory = site.parent / "new"
    ended = run("restore", source, "-c", settings(site.parent, directory), *more)
    assert ended.exit_code == 0, ended.output
    return directory


def test_a_backup_is_restored_whole_and_begins_a_new_epoch(site):
    target, told = back_up(site)
    assert told.startswith(f"{target}: r/o/s, without keys; delete it after 20")
    assert target.stat().st_mode & 0o777 == 0o600
    directory = restored(site, target)
    assert verify(directory).row_count == 5
    with opened(directory, "run-2") as journal:
        assert "may come from another place or time" in journal.report.reason
        assert journal.head() == 0
        (earlier,) = journal.earlier()
        assert earlier.head() == 5, "what the centre may not have is still told"
        assert fill(journal, 1)[0].epoch > earlier.epoch
    assert read_clock_note(directory) == AT
    assert verify(directory).findings == ()


def test_the_tables_are_those_of_the_backup_and_catch_up_with_its_journal(site):
    directory = restored(site, back_up(site)[0])
    with opened(directory, "run-2") as journal:
        cache = TinyCache.open(directory)
        assert cache.get("holders", "h1") == ROW
        before = cache.folded()
        assert before[1] == 3
        catch_up(cache, journal)
        assert cache.folded() == (before[0], 5)
        cache.close()


def test_documents_of_the_centre_and_their_versions_come_along(site):
    before = Shelves(site.parent / "state")
    floors = {"policy.site": (7, "ab")}
    before.set_aside(before.keep("policy.site", 6, b"old", floors, is_change=False))
    before.keep("policy.site", 7, b"signed", floors, is_change=False)
    after = Shelves(restored(site, back_up(site)[0]))
    assert after.floors() == floors
    [kept] = after.kept()["policy.site"]
    assert (kept.version, after.read(kept)) == (7, b"signed")
    assert len(list(after.folder.iterdir())) == 2


def test_a_backup_is_of_one_moment_while_a_daemon_writes(site):
    directory = site.parent / "state"
    with opened(directory, "run-2") as journal:
        fill(journal, 20)
        target, _ = back_up(site)
        fill(journal, 3)
    looked = verify(restored(site, target))
    assert (looked.findings, looked.row_count) == ((), 25)


def test_keys_are_locked_with_a_passphrase_and_nothing_shows_them(site):
    target, told = back_up(site, "--passphrase-file", site.parent / "pass")
    assert "with locked keys" in told
    with tarfile.open(target) as archive:
        for entry in archive:
            assert b"secret of" not in archive.extractfile(entry).read()
    directory = restored(site, target, "--passphrase-file", site.parent / "pass")
    for name in KEYS:
        assert (directory / name).read_text() == f"secret of {name}"
        assert (directory / name).stat().st_mode & 0o777 == 0o600


def test_keys_stay_away_without_the_passphrase(site):
    target, _ = back_up(site, "--passphrase-file", site.parent / "pass")
    assert not (restored(site, target) / "privacy.key").exists()


def test_a_wrong_passphrase_restores_nothing(site):
    target, _ = back_up(site, "--passphrase-file", site.parent / "pass")
    (site.parent / "pass").write_text("another passphrase")
    directory = site.parent / "new"
    new = settings(site.parent, directory)
    ended = run("restore", target, "-c", new, "--passphrase-file", site.parent / "pass")
    assert ended.exit_code == 1
    assert "the passphrase does not open its keys" in ended.output
    assert sorted(path.name for path in directory.iterdir()) == ["lock", "version"]


def test_another_key_in_place_is_never_overwritten(site):
    target, _ = back_up(site, "--passphrase-file", site.parent / "pass")
    directory = site.parent / "new"
    directory.mkdir()
    (directory / "privacy.key").write_text("another")
    (directory / "privacy.key").chmod(0o600)
    new = settings(site.parent, directory)
    ended = run("restore", target, "-c", new, "--passphrase-file", site.parent / "pass")
    assert ended.exit_code == 2
    assert "privacy.key: stands already and is never overwritten" in ended.output
    assert not (directory / "journal.db").exists()


def test_a_short_passphrase_is_refused(site):
    (site.parent / "pass").write_text("short\n")
    ended = run("backup", "x.tar.gz", "-c", site, "--passphrase-file", site.parent / "pass")
    assert ended.exit_code == 2
    assert "expected a passphrase of at least 12 characters in its first line" in ended.output


def test_neither_a_backup_nor_a_journal_is_ever_overwritten(site):
    target, _ = back_up(site)
    ended = run("backup", target, "-c", site)
    assert (ended.exit_code, "stands already" in ended.output) == (1, True)
    ended = run("restore", target, "-c", site)
    assert (ended.exit_code, "there is a journal already" in ended.output) == (1, True)


def test_a_directory_in_use_is_not_restored_into(site):
    target, _ = back_up(site)
    with state_directory(site.parent / "new"):
        ended = run("restore", target, "-c", settings(site.parent, site.parent / "new"))
    assert (ended.exit_code, "in use by another gatewayd" in ended.output) == (1, True)


def test_a_damaged_cache_is_left_out(site):
    (site.parent / "state" / "cache.journal").write_bytes(b"nonsense\n" * 9)
    (site.parent / "state" / "cache.snapshot").write_bytes(b"nonsense")
    target, _ = back_up(site)
    with tarfile.open(target) as archive:
        assert archive.getnames() == ["manifest.json", "journal.db", "clock"]


def test_a_disk_that_refuses_leaves_no_half_backup(site):
    ended = run("backup", site.parent / "missing" / "x.tar.gz", "-c", site)
    assert ended.exit_code == 1
    assert list(site.parent.glob("*.tar.gz")) == []


def test_a_journal_that_does_not_hold_is_not_restored(site):
    directory = site.parent / "state"
    with opened(directory, "run-2") as journal:
        journal._write("UPDATE events SET run = ? WHERE position = 2", [("other",)])
    ended = run("restore", back_up(site)[0], "-c", settings(site.parent, site.parent / "new"))
    assert ended.exit_code == 1
    assert "its journal does not hold" in ended.output
    assert not (site.parent / "new" / "journal.db").exists()


@pytest.mark.parametrize("place", [0, 60, 300, -300, -1])
def test_a_backup_cut_or_changed_anywhere_is_not_restored(site, place):
    target, _ = back_up(site)
    whole = target.read_bytes()
    place %= len(whole)
    for content in (
        whole[:place],
        whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :],
    ):
        target.write_bytes(content)
        ended = run("restore", target, "-c", settings(site.parent, site.parent / "new"))
        if ended.exit_code == 0:  # A byte of the gzip header that says nothing of the content.
            assert verify(site.parent / "new").row_count == 5
            return
        assert ended.exit_code == 1, ended.output
        assert not (site.parent / "new" / "journal.db").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"state_version": 99},
        {"files": {}},
        {"files": {"../../evil": "00", "journal.db": "00"}},
        {"files": {"journal.db": "00"}},
        "no manifest",
    ],
    ids=["format", "newer", "empty", "elsewhere", "digest", "text"],
)
def test_an_archive_that_is_no_backup_of_ours_is_refused(site, change):
    target, _ = back_up(site)
    with tarfile.open(target) as archive:
        parts = {entry.name: archive.extractfile(entry).read() for entry in archive}
    manifest = json.loads(parts["manifest.json"])
    changed = {**manifest, **change} if isinstance(change, dict) else change
    parts["manifest.json"] = json.dumps(changed).encode()
    with tarfile.open(target, "w:gz") as archive:
        for name, content in parts.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    ended = run("restore", target, "-c", settings(site.parent, site.parent / "new"))
    assert ended.exit_code == 1, ended.output
    assert str(target) in ended.output
    assert not (site.parent / "new" / "journal.db").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE])
def test_a_manifest_that_is_no_file_is_refused(site, kind):
    target = site.parent / "other.tar.gz"
    with tarfile.open(target, "w:gz") as archive:
        entry = tarfile.TarInfo("manifest.json")
        entry.type = kind
        archive.addfile(entry)
    ended = run("restore", target, "-c", settings(site.parent, site.parent / "new"))
    assert (ended.exit_code, "is no backup" in ended.output) == (1, True)


def test_a_manifest_that_nests_without_end_is_refused(site):
    target, manifest = site.parent / "other.tar.gz", b"[" * 5000
    with tarfile.open(target, "w:gz") as archive:
        entry = tarfile.TarInfo("manifest.json")
        entry.size = len(manifest)
        archive.addfile(entry, io.BytesIO(manifest))
    ended = run("restore", target, "-c", settings(site.parent, site.parent / "new"))
    assert (ended.exit_code, "cannot be read as a backup" in ended.output) == (1, True)


def test_the_map_of_a_sparse_file_that_is_cut_off_is_refused(site):
    sparse = tarfile.TarInfo("journal.db")
    sparse.type = tarfile.GNUTYPE_SPARSE
    header = bytearray(sparse.tobuf(tarfile.GNU_FORMAT))
    header[482] = 1  # The map goes on in the next block.
    header[148:156] = b"%06o\0 " % (sum(header) - sum(header[148:156]) + 8 * ord(" "))
    source = site.parent / "b.tar.gz"
    source.write_bytes(gzip.compress(bytes(header) + bytes(100)))
    ended = run("restore", source, "-c", settings(site.parent, site.parent / "new"))
    assert (ended.exit_code, "cannot be read as a backup" in ended.output) == (1, True)


def test_a_tar_that_is_empty_and_one_that_begins_with_something_else_are_refused(site):
    target = site.parent / "other.tar.gz"
    for names in ([], ["journal.db"]):
        with tarfile.open(target, "w:gz") as archive:
            for name in names:
                archive.addfile(tarfile.TarInfo(name))
        ended = run("restore", target, "-c", settings(site.parent, site.parent / "new"))
        assert (ended.exit_code, "is no backup" in ended.output) == (1, True)


def test_the_manifest_is_told_to_programs(site):
    _, told = back_up(site, "--json")
    manifest = json.loads(told)
    assert (manifest["site"], manifest["has_keys"]) == ("r/o/s", False)
    assert manifest["head"].split("=")[0].endswith("-5")


def row_of(site, monkeypatch, *days):
    """Back up into a folder on these days of November, keeping two; return its files."""
    folder = site.parent / "row"
    folder.mkdir(exist_ok=True)
    for day in days:
        monkeypatch.setattr(SystemClock, "utc", lambda _, day=day: AT.replace(day=day))
        ended = run("backup", folder, "--keep", 2, "-c", site)
        assert ended.exit_code == 0, ended.output
    return sorted(path.name for path in folder.iterdir())


def test_the_newest_backups_of_a_row_stay_and_only_they_are_told_of(site, monkeypatch):
    (site.parent / "row").mkdir()
    of_another = site.parent / "row" / "r-o-s-2-20200101T000000Z.tar.gz"
    mine = site.parent / "row" / "r-o-s-full.tar.gz"
    for path in (of_another, mine):
        path.touch()
    left = [f"r-o-s-202611{day}T083000Z.tar.gz" for day in (24, 25)]
    assert row_of(site, monkeypatch, 22, 23, 24, 25) == sorted([*left, of_another.name, mine.name])
    noted = [note.path for note in read_backup_notes(site.parent / "state")]
    assert noted == [str(site.parent / "row" / name) for name in left]
    assert restored(site, site.parent / "row" / left[0]).is_dir()


def test_a_backup_that_fails_takes_none_of_the_row_away(site, monkeypatch):
    before = row_of(site, monkeypatch, 22, 23)
    (site.parent / "state/journal.db").write_bytes(b"no database" * 1000)
    ended = run("backup", site.parent / "row", "--keep", 1, "-c", site)
    assert ended.exit_code == 1
    assert sorted(path.name for path in (site.parent / "row").iterdir()) == before


def test_a_row_needs_a_folder(site):
    ended = run("backup", site.parent / "none", "--keep", 2, "-c", site)
    assert ended.exit_code == 1
    assert "expected a folder: make it (install -d -m 700" in ended.output
