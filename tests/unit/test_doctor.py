"""What the doctor makes of the machine, and of devices that say nothing, in virtual time."""

import asyncio
import shutil
from types import SimpleNamespace

import pytest

from config.schema import DriverTable
from drivers.base import DriverError, LinkLost, LinkUp
from drivers.kinds import DriverKind, Surroundings
from drivers.serial_keys import BAUDRATE, PORT
from gatewayd.app import doctor_machine
from gatewayd.app.doctor import Examination
from gatewayd.app.doctor_devices import Device, try_devices
from gatewayd.app.doctor_machine import look_at_clock, look_at_disk
from gatewayd.app.doctor_words import ill, well
from gatewayd.core.words import ClockQuality
from tests.sim.loop import run


class SimClock:
    def __init__(self, quality=ClockQuality.SYNCED, *, is_kept=True):
        self.quality = lambda: quality
        self.is_kept = lambda: is_kept


# --- the machine ---


def test_a_clock_that_ntp_keeps_is_well():
    assert look_at_clock(SimClock()).is_well


@pytest.mark.parametrize(
    ("clock", "said"),
    [
        (SimClock(ClockQuality.UNSYNCED), "never set"),
        (SimClock(is_kept=False), "not kept by NTP"),
    ],
)
def test_a_clock_that_nobody_sets_is_told_with_what_to_do(clock, said):
    finding = look_at_clock(clock)
    assert not finding.is_well
    assert said in finding.text
    assert "chrony" in finding.text


def test_a_state_directory_that_is_not_there_yet_is_looked_at_where_it_will_be(tmp_path):
    finding = look_at_disk(tmp_path / "not" / "there")
    assert finding.is_well
    assert str(tmp_path / "not" / "there") in finding.text


def test_a_full_disk_is_told_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=42_000_000))
    finding = look_at_disk(tmp_path)
    assert (finding.is_well, "only 42 MB are free" in finding.text) == (False, True)


def test_a_directory_of_somebody_else_is_told_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor_machine.os, "access", lambda *_: False)
    finding = look_at_disk(tmp_path)
    assert (finding.is_well, "chown" in finding.text) == (False, True)


# --- devices ---


class SimDevice:
    """Answers at one port and baud rate; at others it is silent, or says why."""

    def __init__(self, values, place):
        self._is_here = (values["port"], values["baudrate"]) == place

    async def run(self, report):
        await asyncio.sleep(0.1)
        report(LinkUp("sim") if self._is_here else LinkLost("no answer: is it powered?"))
        await asyncio.Event().wait()


def device(subject, place, *, port="/dev/a", driver="sim"):
    kind = DriverKind(driver, (PORT, BAUDRATE), lambda values, _: SimDevice(values, place))
    table = DriverTable(driver=driver, values={"port": port, "baudrate": 9600}, path=())
    return Device(subject, table, kind)


def tried(*found):
    around = Surroundings("test", bytes)
    findings = []

    async def main():
        findings.extend(await try_devices(found, lambda: around))

    run(main())
    return [(it.subject, it.is_well, it.text) for it in findings]


def test_a_device_that_answers_is_well():
    assert tried(device("lane-1", ("/dev/a", 9600))) == [("lane-1", True, "sim answers at /dev/a")]


def test_two_devices_with_swapped_cables_are_both_told():
    one = device("lane-1", ("/dev/b", 9600), port="/dev/a")
    two = device("lane-2", ("/dev/a", 9600), port="/dev/b")
    (_, is_well, first), (_, _, second) = tried(one, two)
    assert not is_well
    assert first.startswith("it answers at /dev/b, which the settings give to lane-2, and not at /")
    assert second.startswith(
        "it answers at /dev/a, which the settings give to lane-1, and not at /"
    )


def test_a_device_at_another_baud_rate_is_found():
    ((_, is_well, text),) = tried(device("lane-1", ("/dev/a", 57_600)))
    assert not is_well
    assert "write baudrate = 57600, or set the device to 9600" in text


def test_a_device_that_is_nowhere_is_told_in_the_words_of_its_driver():
    assert tried(device("lane-1", None)) == [("lane-1", False, "no answer: is it powered?")]


def test_a_reader_that_only_speaks_is_not_looked_for_elsewhere():
    reader = device("lane-1/entry_reader", ("/dev/b", 9600), driver="line")
    other = device("lane-1", ("/dev/b", 9600), port="/dev/b")
    assert tried(reader, other)[0][2] == "no answer: is it powered?"


@pytest.mark.parametrize("when", ["built", "run"])
def test_settings_that_can_never_work_are_told(when):
    class Impossible:
        def __init__(self):
            if when == "built":
                raise DriverError("both at one port")

        async def run(self, _report):
            raise DriverError("both at one port")

    kind = DriverKind("sim", (), lambda *_: Impossible())
    table = DriverTable(driver="sim", values={}, path=())
    assert tried(Device("lane-1", table, kind)) == [("lane-1", False, "both at one port")]


# --- the whole ---


def test_the_exit_code_says_whether_all_is_well():
    assert Examination((), (well("clock", "ok"),)).code == 0
    assert Examination((), (well("clock", "ok"), ill("lane-1", "no"))).code == 1
    assert Examination((), (), ("a mistake",)).code == 2
