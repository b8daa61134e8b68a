from typing import ClassVar

import pytest
from click.testing import CliRunner

from gatewayd.cli import poster as cli
from gatewayd.cli.poster import poster
from tests.unit.test_pdf import objects_of

SETTINGS = """\
[site]
region = "mojokerto"
organisation = "dukcapil"
id = "gmsc"
name = "Kantor (Contoh)"
timezone = "Asia/Jakarta"
[storage]
directory = "s"
[[lanes]]
id = "lane-1"
  [lanes.entry_reader]
  driver = "line"
  port = "/dev/ttyS1"
  [lanes.turnstile]
  driver = "gatelink"
  port = "/dev/ttyS2"
  psk_file = "lane-1.psk"
"""


class EndedEvent:
    """Ends the command at its second wait, as Ctrl-C does."""

    waits: ClassVar[list[float]] = []

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        if len(self.waits) == 2:
            raise KeyboardInterrupt


@pytest.fixture
def gate(tmp_path):
    (tmp_path / "gate.toml").write_text(SETTINGS)
    (tmp_path / "lane-1.psk").write_text("00" * 32)
    (tmp_path / "lane-1.psk").chmod(0o600)
    (tmp_path / "s").mkdir()
    return tmp_path


def run(gate, *arguments: str):
    return CliRunner().invoke(poster, ["-c", str(gate / "gate.toml"), *arguments])


@pytest.fixture
def drawn(monkeypatch):
    codes: list[str] = []
    make = cli.segno.make_qr

    def remember(text, **options):
        codes.append(text)
        return make(text, **options)

    monkeypatch.setattr(cli.segno, "make_qr", remember)
    return codes


def test_there_is_a_poster_for_each_lane_way_and_purpose(gate, drawn):
    pdf = gate / "posters.pdf"
    result = run(gate, "--pdf", str(pdf), "--purpose", "paspor", "--purpose", "lapor")
    assert result.exit_code == 0, result.output
    place = "onegate:mojokerto/dukcapil/gmsc/lane-1"
    assert drawn == [f"{place}/entry/paspor", f"{place}/entry/lapor", f"{place}/exit"]
    objects = objects_of(pdf.read_bytes())
    assert b"/Count 3" in objects[1]
    first = objects[5 + 3 - 1]
    for words in ("Pindai di sini untuk masuk", "Kantor (Contoh)", "lane-1 - paspor"):
        assert words.encode().hex().encode() in first


def test_codes_may_begin_with_an_address(gate, drawn):
    run(gate, "--pdf", str(gate / "p.pdf"), "--address", "https://masuk.example.go.id/")
    assert drawn[0] == "https://masuk.example.go.id/mojokerto/dukcapil/gmsc/lane-1/entry"


def test_the_code_on_the_terminal_changes_until_the_command_is_ended(gate, drawn, monkeypatch):
    key = gate / "s" / "privacy.key"
    key.write_text("00" * 32)
    key.chmod(0o600)
    monkeypatch.setattr(EndedEvent, "waits", [])
    monkeypatch.setattr("gatewayd.cli.terminal_code.threading.Event", EndedEvent)
    result = run(gate, "--show", "lane-1/exit")
    assert "Pindai di sini saat keluar" in result.output
    assert len(drawn) == 2
    assert all(code.startswith("onegate:mojokerto/dukcapil/gmsc/lane-1/exit?") for code in drawn)
    assert all(0 < seconds <= 30 for seconds in EndedEvent.waits)
    checked = run(gate, "--check", drawn[-1])
    assert (checked.exit_code, checked.output) == (0, "valid: lane-1 exit\n")
    refused = run(gate, "--check", drawn[-1][:-1] + "?")
    assert refused.exit_code == 1
    assert "not valid: prefix" in refused.output


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--pdf", "p.pdf", "--show", "lane-1/entry"),
        ("--show", "lane-9/entry"),
        ("--pdf", "p.pdf", "--purpose", "Paspor"),
        ("--pdf", "p.pdf", "--address", "https://a.go.id"),
        ("--pdf", "p.pdf", "--address", "https://a.go.id/?/"),
        ("--pdf", "nowhere/p.pdf"),
        ("--show", "lane-1/entry", "-c", "nowhere.toml"),
    ],
    ids=str,
)
def test_misuse_is_told_with_exit_code_2(gate, arguments):
    assert run(gate, *arguments).exit_code == 2


def test_the_command_shows_an_example(gate):
    assert "gatewayd poster -c gate.toml" in run(gate, "--help").stdout
