"""`gatewayd init` without a template: what it asks, what it writes, and what it leaves alone."""

import os
import threading
import tomllib
from itertools import cycle
from pathlib import Path

import pytest
from click.testing import CliRunner

from config.load import profile_names
from gatewayd.app import wizard_ports
from gatewayd.app.check import check_site
from gatewayd.app.wizard import PORT_TO_FIND, READERS, TURNSTILES
from gatewayd.cli import init as command
from gatewayd.cli import init_dialogue
from gatewayd.cli.init_words import KINDS, PROFILES
from gatewayd.cli.main import main


def run(*arguments, typed="", code=0, lang="en_GB.UTF-8"):
    words = ["init", *map(str, arguments)]
    ended = CliRunner().invoke(main, words, input=typed, env={"LANG": lang})
    assert ended.exit_code == code, ended.output
    return ended.output


@pytest.fixture
def terminal(monkeypatch, tmp_path):
    """Somebody sits in front of it; the folder of the serial ports, which is empty."""
    monkeypatch.setattr(command, "_is_terminal", lambda: True)
    ports = tmp_path / "serial"
    (ports / "by-path").mkdir(parents=True)
    monkeypatch.setattr(command, "FOLDER", ports)
    return ports


@pytest.fixture
def pty(terminal):
    """A serial port that is plugged in; what is written to the descriptor arrives there."""
    master, slave = os.openpty()
    (terminal / "by-path" / "reader").symlink_to(os.ttyname(slave))
    yield master
    os.close(master)
    os.close(slave)


def answers(*lines):
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize(("reader", "turnstile"), [*zip(cycle(READERS), TURNSTILES, strict=False)])
def test_all_defaults_make_settings_that_check_accepts(tmp_path, reader, turnstile):
    path = tmp_path / "new" / "gate.toml"
    told = run("--yes", "--reader", reader, "--turnstile", turnstile, "-o", path)
    assert check_site(path).code == 0, check_site(path).lines()
    assert "gatewayd doctor" in told
    has_key = "psk_file" in TURNSTILES[turnstile]
    psks = list(path.parent.glob("*.psk"))
    assert [file.name for file in psks] == (["lane-1.psk"] if has_key else [])
    assert all(file.stat().st_mode & 0o777 == 0o640 for file in psks)


@pytest.mark.parametrize(("profile", "lang"), [*zip(PROFILES, cycle(["id", "en"]), strict=False)])
def test_each_profile_makes_good_settings(tmp_path, profile, lang):
    path = tmp_path / "gate.toml"
    run("--yes", "--profile", profile, "--lang", lang, "-o", path)
    assert check_site(path).code == 0, check_site(path).lines()


def test_every_profile_and_kind_has_its_words():
    assert set(PROFILES) == set(profile_names())
    assert set(KINDS) == {*READERS, *TURNSTILES}


def test_every_question_has_an_option(tmp_path):
    path = tmp_path / "gate.toml"
    run(
        "--yes",
        *("--region", "kaltim", "--organisation", "setda", "--id", "gubernur"),
        *("--name", "Kantor Gubernur", "--timezone", "Asia/Makassar", "--lang", "en"),
        *("--profile", "governor-office", "--lanes", 2, "--reader", "gm65", "--no-exit-reader"),
        *("--turnstile", "gatelink", "--entry-port", "/dev/a", "--entry-port", "/dev/b"),
        *("--gate-port", "/dev/c", "--broker", "mqtts://broker.example:8883"),
        *("--broker-user", "kaltim/setda/gubernur", "--no-desk", "-o", path),
    )
    made = tomllib.loads(path.read_text())
    assert made["site"] == {
        "region": "kaltim",
        "organisation": "setda",
        "id": "gubernur",
        "name": "Kantor Gubernur",
        "timezone": "Asia/Makassar",
        "locale": "en",
    }
    assert made["policy"]["profile"] == "governor-office"
    one, two = made["lanes"]
    assert (one["entry_reader"], two["entry_reader"]) == (
        {"driver": "gm65", "port": "/dev/a"},
        {"driver": "gm65", "port": "/dev/b"},
    )
    assert "exit_reader" not in one
    assert one["turnstile"]["port"] == "/dev/c"
    assert two["turnstile"]["port"] == PORT_TO_FIND.format("lane-2-turnstile")
    assert (one["turnstile"]["psk_file"], two["turnstile"]["psk_file"]) == (
        "lane-1.psk",
        "lane-2.psk",
    )
    assert made["broker"]["username"] == "kaltim/setda/gubernur"
    assert "desk" not in made
    keys = [(tmp_path / f"lane-{number}.psk").read_text() for number in (1, 2)]
    assert keys[0] != keys[1]


def test_it_asks_in_the_language_of_the_machine(terminal, tmp_path):
    told = run("-o", tmp_path / "gate.toml", typed="\n" * 20, lang="id_ID.UTF-8")
    assert "Jenis tempat" in told
    assert "Yang masih harus dilakukan" in told
    assert 'locale = "id"' in (tmp_path / "gate.toml").read_text()
    told = run("-o", tmp_path / "b" / "gate.toml", typed="\n" * 20)
    assert "Kind of place" in told


def test_what_cannot_be_is_asked_again(terminal, tmp_path):
    path = tmp_path / "gate.toml"
    typed = answers("Kal Tim", "kaltim", "setda", "gubernur", "", "Mars", "Asia/Jakarta", "99", "2")
    told = run("-o", path, typed=typed + answers("9", "1") + "\n" * 9)
    assert "only a-z, 0-9 and -" in told
    assert "is not known: Mars" in told
    assert "choose one of" in told
    assert "1 to 8" in told
    made = tomllib.loads(path.read_text())
    assert (made["site"]["region"], made["policy"]["profile"]) == ("kaltim", "public-service")


PLACE = ("--region", "a", "--organisation", "b", "--id", "c", "--name", "", "--timezone", "UTC")
DEVICES = ("--profile", "market", "--lanes", "1", "--reader", "line", "--turnstile", "gatelink")
REST = ("--broker", "", "--no-desk", *PLACE, *DEVICES, "--no-exit-reader")


def test_a_code_that_is_scanned_now_tells_which_port_it_is(pty, terminal, tmp_path):
    path = tmp_path / "gate.toml"
    is_over = threading.Event()

    def scan():
        while not is_over.wait(0.05):
            os.write(pty, b"a code of somebody\r")

    scanner = threading.Thread(target=scan)
    scanner.start()
    told = run("-o", path, *REST, typed=answers("s", ""))
    is_over.set()
    scanner.join()
    reader = str(terminal / "by-path" / "reader")
    assert f"{reader} delivered something" in told
    assert "a code of somebody" not in told
    made = tomllib.loads(path.read_text())
    assert made["lanes"][0]["entry_reader"]["port"] == reader
    assert "CHANGE" in made["lanes"][0]["turnstile"]["port"]


def test_a_plug_that_is_pulled_now_tells_which_port_it_is(pty, terminal, tmp_path):
    path, other = tmp_path / "gate.toml", terminal / "by-path" / "turnstile"
    other.symlink_to("/dev/null")
    pull = threading.Timer(0.3, other.unlink)
    pull.start()
    told = run("-o", path, *REST, typed=answers("2", "u"))
    pull.join()
    assert "Pull the plug of the turnstile of lane-1 now" in told
    made = tomllib.loads(path.read_text())
    assert made["lanes"][0]["turnstile"]["port"] == str(other)


def test_a_port_has_one_device_and_nonsense_is_asked_again(pty, terminal, tmp_path):
    path = tmp_path / "gate.toml"
    told = run("-o", path, *REST, typed=answers("7", "nonsense", "1"))
    assert "No serial port is plugged in" in told  # For the turnstile there is none left.
    path.unlink()
    (tmp_path / "lane-1.psk").unlink()
    run("-o", path, *REST, typed=answers("/dev/mine", ""))
    assert tomllib.loads(path.read_text())["lanes"][0]["entry_reader"]["port"] == "/dev/mine"


def test_nothing_that_happens_is_told(pty, terminal, tmp_path, monkeypatch):
    monkeypatch.setattr(init_dialogue, "find_unplugged", lambda _: None)
    told = run("-o", tmp_path / "gate.toml", *REST, typed=answers("u", "", ""))
    assert "Nothing happened" in told


def test_a_wait_for_a_plug_or_a_code_ends(pty, terminal):
    reader = str(terminal / "by-path" / "reader")
    assert wizard_ports.find_speaking([reader, "/dev/not-there"], wait_s=0.1) is None
    assert wizard_ports.find_unplugged(terminal, wait_s=0.1) is None


@pytest.mark.parametrize("there", ["gate.toml", "lane-1.psk"])
def test_no_file_is_written_over(tmp_path, there):
    (tmp_path / there).write_text("mine")
    told = run("--yes", "-o", tmp_path / "gate.toml", code=2)
    assert there in told
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [(there, "mine")]


def test_settings_that_would_not_be_good_are_not_written(tmp_path):
    path = tmp_path / "gate.toml"
    told = run("--yes", "--broker", "http://broker", "-o", path, code=2)
    assert "mqtts://host:port" in told
    assert list(tmp_path.iterdir()) == []


def test_without_a_terminal_it_wants_to_be_told(tmp_path):
    told = run("-o", tmp_path / "gate.toml", code=2)
    assert "--yes" in told


def test_a_name_that_looks_like_toml_stays_a_name(tmp_path):
    path: Path = tmp_path / "gate.toml"
    name = 'Kantor "Satu"\\\n[broker]'
    run("--yes", "--name", name, "-o", path)
    assert tomllib.loads(path.read_text())["site"]["name"] == name
