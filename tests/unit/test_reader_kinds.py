"""Reader drivers by their settings; what holds for every driver is in test_registry."""

import pytest

from drivers.base import DriverError
from drivers.gm65_codec import CodeOutput
from drivers.gm65_zones import ScanMode
from drivers.kinds import Problem, Surroundings, check, complete
from drivers.reader_kinds import GM65, OSDP, SSI
from drivers.readers.osdp import CardForm, OsdpReader
from drivers.readers.session_reader import SessionReader

PORT = "/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0"
AROUND = Surroundings("gate-1", bytes)


def test_a_gm65_needs_its_port_alone():
    assert check(GM65, {"port": PORT}) == []
    values = complete(GM65, {"port": PORT})
    assert values == {
        "port": PORT,
        "baudrate": 9600,
        "mode": ScanMode.CONTINUOUS,
        "output": CodeOutput.ENCLOSED,
        "save": False,
        "repeat_ms": 2000,
    }
    assert isinstance(GM65.build(values, AROUND), SessionReader)


@pytest.mark.parametrize(
    ("key", "value", "expected", "found"),
    [
        ("mode", "manual", "one of continuous, sense, command", '"manual"'),
        ("output", "raw", "one of enclosed, plain", '"raw"'),
        ("save", 1, "true or false", "1"),
        ("baudrate", 0, "300 to 4000000", "0"),
    ],
)
def test_what_a_gm65_cannot_do_is_refused(key, value, expected, found):
    assert check(GM65, {"port": PORT, key: value}) == [Problem((key,), expected, found)]


def test_an_ssi_reader_needs_its_port_alone():
    assert check(SSI, {"port": PORT}) == []
    values = complete(SSI, {"port": PORT})
    assert values == {"port": PORT, "baudrate": 9600, "repeat_ms": 2000}
    assert isinstance(SSI.build(values, AROUND), SessionReader)


def test_what_an_ssi_reader_does_not_take_is_refused():
    (problem,) = check(SSI, {"port": PORT, "mode": "sense"})
    assert problem.found == "an unknown key"


# --- osdp ---

SCBK = "000102030405060708090a0b0c0d0e0f"


@pytest.fixture
def osdp(tmp_path):
    """Return a good table, with its key file."""
    path = tmp_path / "reader.scbk"
    path.write_text(f"{SCBK}\n")
    path.chmod(0o640)
    return {"port": PORT, "address": 3, "scbk_file": str(path)}


def test_an_osdp_reader_needs_its_port_and_its_key(osdp):
    assert check(OSDP, osdp) == []
    values = complete(OSDP, osdp)
    assert values == {
        "port": PORT,
        "baudrate": 9600,
        "address": 3,
        "scbk_file": bytes.fromhex(SCBK),
        "card": CardForm.TEXT,
        "repeat_ms": 2000,
    }
    assert isinstance(OSDP.build(values, AROUND), OsdpReader)


def test_two_osdp_readers_on_one_port_share_its_line(osdp):
    around = Surroundings("gate-1", bytes)
    for address in (1, 2):
        OSDP.build(complete(OSDP, {**osdp, "address": address}), around)
    ((_, line),) = around.osdp_lines._lines._lines.values()
    assert [device.address for device in line._devices] == [1, 2]


def test_two_speeds_on_one_line_are_refused(osdp):
    around = Surroundings("gate-1", bytes)
    OSDP.build(complete(OSDP, osdp), around)
    with pytest.raises(DriverError, match="used at 9600 and at 115200 baud"):
        OSDP.build(complete(OSDP, {**osdp, "baudrate": 115200}), around)


def test_the_key_that_everybody_knows_is_refused(osdp, tmp_path):
    (tmp_path / "reader.scbk").write_text("303132333435363738393A3B3C3D3E3F")
    (problem,) = check(OSDP, osdp)
    assert problem.path == ("scbk_file",)
    assert "SCBK-D, which everybody knows" in problem.found
    assert "openssl rand -hex 16" in problem.hint


@pytest.mark.parametrize("content", ["", SCBK[:-1], SCBK * 2, "zz" * 16])
def test_a_file_without_such_a_key_is_refused_and_its_content_is_not_told(osdp, tmp_path, content):
    (tmp_path / "reader.scbk").write_text(content)
    (problem,) = check(OSDP, osdp)
    assert "characters that are not such a key" in problem.found
    assert SCBK[:8] not in problem.found


def test_a_key_file_must_be_named_and_be_there(osdp):
    assert check(OSDP, {**osdp, "scbk_file": 7})[0].found == "no name of a file"
    assert "cannot be read" in check(OSDP, {**osdp, "scbk_file": "/nowhere"})[0].found
    osdp.pop("scbk_file")
    assert check(OSDP, osdp)[0].path == ("scbk_file",)


def test_an_address_that_no_device_can_have_is_refused(osdp):
    assert check(OSDP, {**osdp, "address": 127}) == [Problem(("address",), "0 to 126", "127")]
