import errno
import os
import subprocess
import sys
from contextlib import nullcontext

import pytest

from gatewayd.ports import StorageError
from gatewayd.store import state_directory as module
from gatewayd.store.reserve import RESERVE_NAME
from gatewayd.store.state_directory import STATE_VERSION, state_directory


def test_a_missing_directory_is_made_for_the_owner_only(tmp_path):
    with state_directory(tmp_path / "var" / "gatewayd") as directory:
        assert directory.stat().st_mode & 0o777 == 0o700
        modes = {path.name: path.stat().st_mode & 0o777 for path in directory.iterdir()}
        assert modes == {"lock": 0o600, "version": 0o600}


def test_the_mode_that_somebody_chose_stays(tmp_path):
    tmp_path.chmod(0o750)
    with state_directory(tmp_path):
        assert tmp_path.stat().st_mode & 0o777 == 0o750


def test_a_second_gatewayd_is_told_who_holds_the_directory(tmp_path):
    told = rf"another gatewayd, process {os.getpid()}: stop that"
    with state_directory(tmp_path), pytest.raises(StorageError, match=told):
        _enter(tmp_path)
    with state_directory(tmp_path):
        pass


def test_a_killed_gatewayd_holds_nothing(tmp_path):
    code = (
        "import sys, time; from pathlib import Path;"
        "from gatewayd.store.state_directory import state_directory\n"
        "with state_directory(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    with child:
        assert child.stdout.readline() == b"held\n"
        with pytest.raises(StorageError, match=f"process {child.pid}"):
            _enter(tmp_path)
        child.kill()
    with state_directory(tmp_path):
        pass


def test_a_holder_without_a_readable_name_is_still_a_holder(tmp_path):
    with state_directory(tmp_path):
        os.truncate(tmp_path / "lock", 0)
        with pytest.raises(StorageError, match="process unknown"):
            _enter(tmp_path)


def test_the_state_of_a_newer_version_is_left_alone(tmp_path):
    (tmp_path / "version").write_text("7\n")
    with pytest.raises(
        StorageError, match=r"newer gatewayd \(state version 7, this one knows up to 3\)"
    ):
        _enter(tmp_path)
    assert (tmp_path / "version").read_text() == "7\n"
    (tmp_path / "version").write_text("1\n")
    with state_directory(tmp_path):
        pass


@pytest.mark.parametrize("content", ["", "one", "\x00\x00", "11111111", "-1"])
def test_a_damaged_version_does_not_keep_the_gateway_from_starting(tmp_path, content):
    (tmp_path / "version").write_text(content)
    with state_directory(tmp_path):
        assert (tmp_path / "version").read_text() == "3\n"


def test_the_state_of_an_older_version_is_taken_over_and_closed_to_it(tmp_path):
    (tmp_path / "version").write_text("1\n")
    with state_directory(tmp_path):
        assert (tmp_path / "version").read_text() == "3\n"


@pytest.mark.parametrize("reserve_size", [1 << 20, 0], ids=["with a reserve", "without"])
def test_a_new_version_on_a_full_disk_takes_room_from_the_reserve(
    tmp_path, monkeypatch, reserve_size
):
    (tmp_path / "version").write_text("1\n")
    reserve = tmp_path / RESERVE_NAME
    reserve.write_bytes(bytes(reserve_size))

    def replace(path, draft, content):
        if reserve.stat().st_size or not reserve_size:
            raise OSError(errno.ENOSPC, "No space left on device")
        path.write_bytes(content)

    monkeypatch.setattr(module, "replace_durably", replace)
    ends = nullcontext() if reserve_size else pytest.raises(StorageError, match="the disk is full")
    with ends, state_directory(tmp_path):
        assert (tmp_path / "version").read_text() == f"{STATE_VERSION}\n"


def test_a_path_that_is_no_directory_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="gatewayd: there is a file in the way"):
        _enter(tmp_path / "file" / "gatewayd")
    with pytest.raises(StorageError, match=r"file: .*File exists"):
        _enter(tmp_path / "file")


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (errno.EROFS, "read-only: mount it writable"),
        (errno.ENOSPC, "the disk is full: free some space"),
        (errno.EACCES, "must belong to the user that runs gatewayd"),
        (errno.EIO, "look at `dmesg`"),
    ],
)
def test_a_disk_that_refuses_is_named_with_what_to_do(tmp_path, monkeypatch, code, sentence):
    def refuse(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(StorageError, match=sentence):
        _enter(tmp_path)


def test_an_error_inside_the_block_is_not_taken_for_one_of_the_directory(tmp_path):
    with pytest.raises(FileNotFoundError), state_directory(tmp_path):
        raise FileNotFoundError("something else")


def _enter(directory):
    with state_directory(directory):
        pytest.fail("held twice")
