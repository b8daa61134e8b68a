"""The file of the officers' PINs: no PIN in it, nobody else reads it, a damaged one is no stop."""

import json

import pytest

from gatewayd.store import pins as module
from gatewayd.store.pins import PINS_NAME, PinFile

SALT = bytes(range(16))


@pytest.fixture(autouse=True)
def _fast(monkeypatch):
    monkeypatch.setattr(module, "_N", 2)


def test_a_pin_is_known_again_after_a_restart_and_stands_nowhere(tmp_path):
    PinFile.open(tmp_path).set("petugas-1", "274931", SALT)
    pins = PinFile.open(tmp_path)
    assert pins.officers == ["petugas-1"]
    assert pins.is_right("petugas-1", "274931")
    assert not pins.is_right("petugas-1", "274930")
    path = tmp_path / PINS_NAME
    assert b"274931" not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_pin_is_changed_and_taken_away(tmp_path):
    pins = PinFile.open(tmp_path)
    pins.set("petugas-1", "274931", SALT)
    pins.set("petugas-2", "111222", SALT)
    pins.set("petugas-1", "998877", bytes(16))
    assert not pins.is_right("petugas-1", "274931")
    assert pins.is_right("petugas-1", "998877")
    pins.remove("petugas-1")
    assert PinFile.open(tmp_path).officers == ["petugas-2"]


GOOD = {"salt": "00" * 16, "hash": "00" * 64, "n": 32768}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{",
        "null",
        '{"version": 2, "officers": {}}',
        '{"version": 1}',
        '{"version": 1, "officers": []}',
        *(
            json.dumps({"version": 1, "officers": officers})
            for officers in (
                {"petugas-1": 1},
                {"petugas-1": {**GOOD, "n": 1 << 40}},
                {"petugas-1": {**GOOD, "n": 3}},
                {"petugas-1": {**GOOD, "n": "2"}},
                {"petugas-1": {**GOOD, "salt": "00"}},
                {"petugas-1": {**GOOD, "hash": "xx"}},
                {"petugas-1": {"salt": "00" * 16}},
                {"Not A Label": GOOD},
            )
        ),
    ],
)
def test_a_damaged_file_is_moved_aside_and_the_gate_starts(tmp_path, body):
    path = tmp_path / PINS_NAME
    path.write_text(body)
    pins = PinFile.open(tmp_path)
    assert pins.officers == []
    assert pins.moved_aside is not None
    assert pins.moved_aside.read_text() == body
    assert PinFile.open(tmp_path).moved_aside is None


def test_a_whole_file_is_read_as_it_is(tmp_path):
    document = {"version": 1, "officers": {"petugas-1": GOOD}}
    (tmp_path / PINS_NAME).write_text(json.dumps(document))
    assert PinFile.open(tmp_path).officers == ["petugas-1"]
