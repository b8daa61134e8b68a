"""Reader drivers by their settings; what holds for every driver is in test_registry."""

import pytest

from drivers.gm65_codec import CodeOutput
from drivers.gm65_zones import ScanMode
from drivers.kinds import Problem, Surroundings, check, complete
from drivers.reader_kinds import GM65, SSI
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
