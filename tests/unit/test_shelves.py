"""The folder of the centre's documents: whole files, floors that outlive them, and what is kept."""

import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gatewayd.ports import StorageError
from gatewayd.store.received import Shelves, copy_received, is_received_name, received_names
from tests.unit.doubles import START

FLOORS = {"policy.site": (7, "ab")}


@pytest.fixture
def shelves(tmp_path):
    return Shelves(tmp_path)


def keep(shelves, version, shelf="policy.site", *, is_change=False, floors=FLOORS):
    message = f"{shelf} {version}".encode()
    return shelves.keep(shelf, version, message, floors, is_change=is_change)


def names(shelves):
    return sorted(path.name for path in shelves.folder.iterdir())


def test_before_the_first_document_there_is_nothing(shelves):
    assert (shelves.kept(), shelves.floors()) == ({}, {})


def test_a_document_is_kept_as_it_came_for_the_owner_alone(shelves):
    path = keep(shelves, 7)
    [kept] = shelves.kept()["policy.site"]
    assert (kept.path, kept.version, kept.is_change) == (path, 7, False)
    assert shelves.read(kept) == b"policy.site 7"
    assert path.stat().st_mode & 0o777 == 0o600
    assert shelves.folder.stat().st_mode & 0o777 == 0o700
    assert shelves.floors() == FLOORS


def test_versions_are_told_apart_as_numbers(shelves):
    for version in (9, 10, 100):
        keep(shelves, version)
    assert [kept.version for kept in shelves.kept()["policy.site"]] == [9, 10, 100]


def test_changes_are_told_from_whole_documents(shelves):
    keep(shelves, 1, "roster.site.staff")
    keep(shelves, 2, "roster.site.staff", is_change=True)
    kept = shelves.kept()["roster.site.staff"]
    assert [one.is_change for one in kept] == [False, True]


def test_files_that_are_no_documents_are_passed_over(shelves):
    keep(shelves, 1)
    for name in ("notes.txt", ".policy.site.2.jws.draft", "policy.site.jws", "policy.site.x.jws"):
        (shelves.folder / name).touch()
    assert [kept.version for kept in shelves.kept()["policy.site"]] == [1]


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"a": 1}', b'{"a": {"version": "x"}}'])
def test_damaged_floors_are_told_from_none(shelves, content):
    keep(shelves, 1)
    (shelves.folder / "floors.json").write_bytes(content)
    assert shelves.floors() is None


def test_what_is_set_aside_is_read_no_more(shelves):
    path = keep(shelves, 1)
    shelves.set_aside(path)
    assert shelves.kept() == {}
    assert "policy.site.1.jws.corrupt" in names(shelves)


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_refuses_leaves_the_old_document(shelves, monkeypatch, call):
    keep(shelves, 1)

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(*((os, "fsync") if call == "fsync" else (Path, "replace")), refuse)
        with pytest.raises(StorageError, match="the disk is full"):
            keep(shelves, 2)
    assert [kept.version for kept in shelves.kept()["policy.site"]] == [1]
    keep(shelves, 2)


def test_what_cannot_be_read_is_a_refusal_of_the_disk(shelves):
    keep(shelves, 1)
    [kept] = shelves.kept()["policy.site"]
    kept.path.unlink()
    with pytest.raises(StorageError, match=r"policy\.site\.1\.jws"):
        shelves.read(kept)


# --- what is kept for how long ---


def aged(path: Path, at: datetime) -> None:
    os.utime(path, (at.timestamp(), at.timestamp()))


def test_policies_stay_as_long_as_records_that_name_them(shelves):
    """Version 3 was in force until version 4 came, ten days ago."""
    for version, days in ((1, 90), (2, 40), (3, 39), (4, 10), (5, 9), (6, 1)):
        aged(keep(shelves, version), START - timedelta(days=days))
    shelves.prune(START - timedelta(days=21))
    assert [kept.version for kept in shelves.kept()["policy.site"]] == [3, 4, 5, 6]


def test_of_lists_the_one_before_is_kept_with_its_changes(shelves):
    shelf = "roster.site.staff"
    for version in range(1, 8):
        is_change = version not in {1, 3, 6}
        aged(keep(shelves, version, shelf, is_change=is_change), START)
    aged(keep(shelves, 1, "trust.site"), datetime(2000, 1, 1, tzinfo=UTC))
    shelves.prune(START - timedelta(days=1))
    assert [kept.version for kept in shelves.kept()[shelf]] == [3, 4, 5, 6, 7]
    assert len(shelves.kept()["trust.site"]) == 1


# --- copies ---


def test_documents_and_floors_are_copied_and_nothing_else(shelves, tmp_path):
    keep(shelves, 1)
    shelves.set_aside(keep(shelves, 2))
    for name in ("other", "empty"):
        (tmp_path / name).mkdir()
    copy_received(tmp_path, tmp_path / "other")
    assert received_names(tmp_path / "other") == [
        "received/floors.json",
        "received/policy.site.1.jws",
    ]
    copy_received(tmp_path / "empty", tmp_path / "other")
    assert received_names(tmp_path / "empty") == []


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("received/floors.json", True),
        ("received/policy.site.1.jws", True),
        ("received/roster.site.staff.12.change.jws", True),
        ("received/../policy.site.1.jws", False),
        ("policy.site.1.jws", False),
        ("received/x", False),
    ],
)
def test_only_names_of_documents_are_taken_from_a_backup(name, is_one):
    assert is_received_name(name) is is_one
