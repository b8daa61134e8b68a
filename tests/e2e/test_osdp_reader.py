"""The driver `osdp` against libosdp's own peripheral device over a pty; real time throughout."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import osdp_sys
import pytest

from drivers.base import LinkLost, LinkUp, ReaderReport, ScanRead, Signal
from drivers.osdp_line import OsdpLine
from drivers.readers.osdp import CardForm, OsdpReader
from drivers.serial_link import SerialLink
from tests.e2e.eventually import PATIENCE_S, eventually
from tests.e2e.osdp_peripheral import CAPABILITIES, Peripheral, peripherals

pytestmark = pytest.mark.alone  # What is not answered in time is lost, and shown codes with it.

KEY = bytes(range(1, 17))
OTHER_KEY = bytes(range(2, 18))
UP = LinkUp("vendor cafeba, serial deadbeef")


class Bench:
    """Readers on one line, each with the reports that its driver made."""

    def __init__(self, path) -> None:
        self.path = path
        self.line = OsdpLine(SerialLink(str(path), 9600, backoff=lambda _attempt: 0.02))
        self.reports: list[ReaderReport] = []

    def reader(self, address: int = 1, key: bytes = KEY, **settings) -> OsdpReader:
        return OsdpReader(self.line.place(address, key), **settings)

    @contextlib.asynccontextmanager
    async def running(self, *readers: OsdpReader) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(reader.run(self.reports.append)) for reader in readers]
            yield
            for task in running:
                task.cancel()

    def of(self, kind: type) -> list[ReaderReport]:
        return [report for report in self.reports if isinstance(report, kind)]

    async def until(self, kind: type, count: int) -> None:
        await eventually(lambda: len(self.of(kind)) >= count)

    @property
    def codes(self) -> list[bytes]:
        return [report.data for report in self.of(ScanRead)]


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path / "line")


async def test_a_code_comes_over_the_secure_channel(bench):
    device = Peripheral(1, KEY)
    async with peripherals(bench.path, device), bench.running(bench.reader()):
        await bench.until(LinkUp, 1)
        assert device.device.is_sc_active()
        device.show(b"]Q1S-1987")
        await bench.until(ScanRead, 1)
        device.show(b"\x4a\xe6\xcd\x64\x64\xe0")
        await bench.until(ScanRead, 2)
    assert bench.of(LinkUp) == [UP]
    assert bench.codes == [b"S-1987", b"\x4a\xe6\xcd\x64\x64\xe0"]


async def test_the_bits_of_a_card_become_the_digits_that_are_printed_on_it(bench):
    device = Peripheral(1, KEY)
    async with peripherals(bench.path, device), bench.running(bench.reader(form=CardForm.HEX)):
        await bench.until(LinkUp, 1)
        device.show(b"\x4a\xe6\xcd\x64\x64\xe0", bit_count=44)
        await bench.until(ScanRead, 1)
    assert bench.codes == [b"4AE6CD6464E"]


async def test_a_code_as_long_as_libosdp_takes_them_is_pointed_out_once(bench, caplog):
    device = Peripheral(1, KEY)
    async with peripherals(bench.path, device), bench.running(bench.reader()):
        await bench.until(LinkUp, 1)
        for code in (b"A" * 63, b"B" * 64, b"C" * 64):
            device.show(code)
        await bench.until(ScanRead, 3)
    assert bench.codes == [b"A" * 63, b"B" * 64, b"C" * 64]
    (record,) = caplog.records
    assert record.getMessage() == "osdp_code_at_limit"
    assert "below 64 bytes" in record.fields["remedy"]
    assert "BBBB" not in repr(record.__dict__)


async def test_readers_share_a_line_each_with_its_key(bench):
    entry, away = Peripheral(1, KEY), Peripheral(9, OTHER_KEY)
    readers = (bench.reader(1, KEY), bench.reader(9, OTHER_KEY))
    async with peripherals(bench.path, entry, away), bench.running(*readers):
        await bench.until(LinkUp, 2)
        entry.show(b"in")
        away.show(b"out")
        await bench.until(ScanRead, 2)
    assert sorted(bench.codes) == [b"in", b"out"]


async def test_one_of_two_readers_goes_on_when_the_driver_of_the_other_ends(bench):
    entry, away = Peripheral(1, KEY), Peripheral(9, OTHER_KEY)
    first, second = bench.reader(1, KEY), bench.reader(9, OTHER_KEY)
    async with peripherals(bench.path, entry, away), bench.running(second):
        async with bench.running(first):
            await bench.until(LinkUp, 2)
        await asyncio.sleep(0.1)
        away.show(b"out")
        await bench.until(ScanRead, 1)
        entry.show(b"in")
        await asyncio.sleep(0.3)
    assert bench.codes == [b"out"]


# --- what goes wrong ---


@pytest.mark.slow
async def test_a_reader_with_another_key_is_refused_and_told_so_once(bench):
    device = Peripheral(1, OTHER_KEY)
    async with peripherals(bench.path, device), bench.running(bench.reader()):
        await bench.until(LinkLost, 1)
        await asyncio.sleep(3)
    (lost,) = bench.reports
    assert "has no secure channel with this key" in lost.reason


@pytest.mark.slow
async def test_a_line_without_a_reader_is_told_and_the_reader_is_found_when_it_comes(bench):
    device = Peripheral(1, KEY)
    device.is_deaf = True
    async with peripherals(bench.path, device), bench.running(bench.reader()):
        await bench.until(LinkLost, 1)
        await asyncio.sleep(1)
        device.is_deaf = False
        await bench.until(LinkUp, 1)
    (lost, up) = bench.reports
    assert "address 1" in lost.reason
    assert "does not answer" in lost.reason
    assert up == UP


async def test_a_reader_that_lost_its_power_is_back_within_seconds(bench):
    device = Peripheral(1, KEY)
    async with peripherals(bench.path, device), bench.running(bench.reader()):
        await bench.until(LinkUp, 1)
        device.restart()
        await bench.until(LinkUp, 2)
        device.show(b"after")
        await bench.until(ScanRead, 1)
    assert [type(report) for report in bench.reports] == [LinkUp, LinkLost, LinkUp, ScanRead]


@pytest.mark.slow
async def test_a_reader_that_was_silent_for_long_is_back_within_seconds(bench):
    device = Peripheral(1, KEY)
    async with peripherals(bench.path, device), bench.running(bench.reader()):
        await bench.until(LinkUp, 1)
        device.is_deaf = True
        await bench.until(LinkLost, 1)
        await asyncio.sleep(5)
        device.is_deaf = False
        await bench.until(LinkUp, 2)
    assert "does not answer" in bench.of(LinkLost)[0].reason


async def test_an_unplugged_line_comes_back_without_a_restart(bench):
    device = Peripheral(1, KEY)
    async with bench.running(bench.reader()):
        await bench.until(LinkLost, 1)
        async with peripherals(bench.path, device):
            await bench.until(LinkUp, 1)
        await bench.until(LinkLost, 2)
        assert "hung up" in bench.of(LinkLost)[1].reason
        async with peripherals(bench.path, device):
            await bench.until(LinkUp, 2)
            device.show(b"after")
            await bench.until(ScanRead, 1)


async def test_noise_on_the_line_is_survived(bench):
    device = Peripheral(1, KEY)
    async with peripherals(bench.path, device), bench.running(bench.reader()):
        await bench.until(LinkUp, 1)
        for byte in (0x00, 0x53, 0xFF):
            device.unsent += bytes([byte]) * 5000
            await asyncio.sleep(0.05)
        assert len(bench.line._channel.unread) <= 4096
        await eventually(device.device.is_sc_active)
        async with asyncio.timeout(PATIENCE_S):
            while (
                not bench.codes
            ):  # On a busy machine it is lost once more, with what it was shown.
                device.show(b"after")
                await asyncio.sleep(0.5)
    assert set(bench.codes) == {b"after"}


# --- lights and sounds ---


@pytest.mark.parametrize(
    ("signal", "color", "beeps"),
    [
        (Signal.GO, osdp_sys.LED_COLOR_GREEN, 1),
        (Signal.REFUSED, osdp_sys.LED_COLOR_RED, 3),
        (Signal.ASK_OFFICER, osdp_sys.LED_COLOR_AMBER, 1),
    ],
)
async def test_it_lights_and_beeps_as_the_lane_says(bench, signal, color, beeps):
    device = Peripheral(1, KEY)
    reader = bench.reader()
    async with peripherals(bench.path, device), bench.running(reader):
        await bench.until(LinkUp, 1)
        reader.show(signal)
        await eventually(lambda: len(device.commands) == 2)
    (lamp,) = device.told(osdp_sys.CMD_LED)
    (buzzer,) = device.told(osdp_sys.CMD_BUZZER)
    assert (lamp["on_color"], lamp["timer_count"], lamp["temporary"]) == (color, 50, True)
    assert buzzer["rep_count"] == beeps


async def test_a_lamp_goes_out_when_the_lane_is_ready(bench):
    device = Peripheral(1, KEY)
    reader = bench.reader()
    async with peripherals(bench.path, device), bench.running(reader):
        await bench.until(LinkUp, 1)
        reader.show(Signal.READY)
        reader.show(Signal.EMERGENCY)
        await eventually(lambda: len(device.commands) == 1)
    (lamp,) = device.commands
    assert (lamp["command"], lamp["control_code"]) == (osdp_sys.CMD_LED, 1)


async def test_a_reader_without_lamp_and_sounder_is_spared_commands_that_it_refuses(bench):
    device = Peripheral(1, KEY, CAPABILITIES[:2])
    reader = bench.reader()
    reader.show(Signal.GO)
    async with peripherals(bench.path, device), bench.running(reader):
        await bench.until(LinkUp, 1)
        reader.show(Signal.GO)
        device.show(b"after")
        await bench.until(ScanRead, 1)
    assert device.commands == []
