import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator

import pytest

from drivers.base import (
    LinkLost,
    LinkUp,
    NoiseDropped,
    ReaderReport,
    ScanOverlong,
    ScanRead,
    Signal,
)
from drivers.framers import Aim, Terminator
from drivers.readers.line import LineReader
from drivers.readers.maker_commands import FEEDBACK, TRIGGER, Maker
from drivers.serial_link import SerialLink
from tests.e2e.eventually import PATIENCE_S, eventually
from tests.e2e.pty_pair import PtyPair

WHOLE_QR = b"".join(b"%06d" % number for number in range(716))
assert len(WHOLE_QR) == 4296


class Bench:
    """A reader driver at one end of a cable, the test as the reader at the other."""

    def __init__(self, pair: PtyPair) -> None:
        self.pair = pair
        self.reports: list[ReaderReport] = []
        self._device = -1

    @contextlib.asynccontextmanager
    async def running(self, **settings) -> AsyncIterator[None]:
        link = SerialLink(str(self.pair.left), 115200, backoff=lambda _attempt: 0.02)
        self.reader = LineReader(link, **settings)
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(self.reader.run(self.reports.append))
            await self.until(LinkUp, 1)
            self.hold()
            yield
            self.let_go()
            task.cancel()

    def hold(self) -> None:
        self._device = os.open(self.pair.right, os.O_RDWR | os.O_NOCTTY)

    def let_go(self) -> None:
        os.close(self._device)

    def send(self, data: bytes) -> None:
        os.write(self._device, data)

    def received(self) -> bytes:
        """What the reader has been told and was not yet asked for here."""
        return os.read(self._device, 4096)

    async def until_told(self, data: bytes) -> None:
        """Take what comes until it is all of `data`."""
        os.set_blocking(self._device, False)
        told = b""
        async with asyncio.timeout(PATIENCE_S):
            while told != data:
                assert data.startswith(told), told
                await asyncio.sleep(0.005)
                with contextlib.suppress(BlockingIOError):
                    told += self.received()

    def of(self, kind: type[ReaderReport]) -> list[ReaderReport]:
        return [report for report in self.reports if isinstance(report, kind)]

    async def until(self, kind: type[ReaderReport], count: int) -> None:
        await eventually(lambda: len(self.of(kind)) >= count)

    @property
    def codes(self) -> list[bytes]:
        return [report.data for report in self.reports if isinstance(report, ScanRead)]


@pytest.fixture
def bench(tmp_path):
    with PtyPair(tmp_path) as pair:
        yield Bench(pair)


@pytest.mark.parametrize(
    ("terminator", "before", "after"),
    [
        (Terminator.CR, b"", b"\r"),
        (Terminator.LF, b"", b"\n"),
        (Terminator.CRLF, b"", b"\r\n"),
        (Terminator.TAB, b"", b"\t"),
        (Terminator.STX_ETX, b"\x02", b"\x03"),
        (Terminator.NONE, b"", b""),
        (Terminator.AUTO, b"", b"\r"),
        (Terminator.AUTO, b"", b"\n"),
        (Terminator.AUTO, b"", b"\r\n"),
        (Terminator.AUTO, b"\x02", b"\x03"),
    ],
)
async def test_a_code_arrives_whole_at_once_and_in_pieces(bench, terminator, before, after):
    # Longer than this machine pauses: where silence ends a code, a pause would cut it.
    settings = {"idle_ms": 500} if terminator is Terminator.NONE else {}
    async with bench.running(terminator=terminator, **settings):
        bench.send(before + WHOLE_QR + after)
        await bench.until(ScanRead, 1)
        second = before + b"]Q1" + WHOLE_QR[::-1] + after
        for at in range(0, len(second), 500):
            bench.send(second[at : at + 500])
            await asyncio.sleep(0.002)
        await bench.until(ScanRead, 2)
    assert bench.codes == [WHOLE_QR, WHOLE_QR[::-1]]
    assert bench.of(NoiseDropped) == []


async def test_a_reader_without_suffix_works_with_default_settings_slowly(bench):
    async with bench.running():
        typed_s = asyncio.get_running_loop().time()
        bench.send(b"a code without end")
        await bench.until(ScanRead, 1)
        assert asyncio.get_running_loop().time() - typed_s > 0.9
    assert bench.codes == [b"a code without end"]


async def test_a_scan_carries_the_time_of_its_last_byte(bench):
    async with bench.running(terminator=Terminator.NONE, idle_ms=300):
        typed_s = asyncio.get_running_loop().time()
        bench.send(b"code")
        await bench.until(ScanRead, 1)
        ended_s = asyncio.get_running_loop().time()
    (scan,) = bench.of(ScanRead)
    assert typed_s <= scan.at_s < ended_s - 0.29


async def test_a_code_is_not_cut_in_two_while_the_loop_is_held_up(bench):
    async with bench.running(terminator=Terminator.NONE, idle_ms=100):
        loop = asyncio.get_running_loop()
        bench.send(b"first half, ")
        await eventually(lambda: any(not timer.cancelled() for timer in loop._scheduled))
        await asyncio.sleep(0.02)
        bench.send(b"second half")
        hold_up_s = loop.time() + 0.3
        while loop.time() < hold_up_s:
            pass
        await bench.until(ScanRead, 1)
    assert bench.codes == [b"first half, second half"]


async def test_the_same_code_in_view_is_noise_and_is_counted(bench):
    async with bench.running():
        bench.send(b"code\rcode\r\r")
        bench.send(b"other\r")
        await bench.until(ScanRead, 2)
    assert bench.codes == [b"code", b"other"]
    assert sum(report.count for report in bench.of(NoiseDropped)) == 2


async def test_the_same_code_is_a_new_scan_after_the_repeat_time(bench):
    async with bench.running(repeat_ms=50):
        bench.send(b"code\r")
        await bench.until(ScanRead, 1)
        await asyncio.sleep(0.1)
        bench.send(b"code\r")
        await bench.until(ScanRead, 2)
    assert bench.codes == [b"code", b"code"]


async def test_an_overlong_code_is_named_once_and_the_next_one_is_read(bench):
    async with bench.running():
        for _ in range(2):
            bench.send(WHOLE_QR + b"x\r")
        bench.send(b"next\r")
        await bench.until(ScanRead, 1)
    assert [report.size for report in bench.of(ScanOverlong)] == [4297]
    assert [report.count for report in bench.of(NoiseDropped)] == [1]
    assert bench.codes == [b"next"]


async def test_binary_codes_go_up_as_bytes(bench):
    code = bytes(set(range(256)) - set(b"\r\n"))
    async with bench.running():
        bench.send(code + b"\r")
        await bench.until(ScanRead, 1)
    assert bench.codes == [code]


async def test_the_aim_id_is_kept_if_the_settings_say_so(bench):
    async with bench.running(aim=Aim.KEEP):
        bench.send(b"]Q1code\r")
        await bench.until(ScanRead, 1)
    assert bench.codes == [b"]Q1code"]


async def test_a_fragment_is_noise_and_is_logged_without_its_bytes(bench, caplog):
    with caplog.at_level(logging.WARNING):
        async with bench.running(terminator=Terminator.CR):
            bench.send(b"3576012345678901\n")
            await bench.until(NoiseDropped, 1)
    (record,) = caplog.records
    assert record.getMessage() == "reader_fragment_dropped"
    assert record.fields["size"] == 17
    assert "3576" not in repr(record.__dict__)
    assert bench.codes == []


async def test_an_unplugged_reader_is_reported_once_and_comes_back_without_a_restart(bench):
    async with bench.running():
        bench.send(b"before\r")
        await bench.until(ScanRead, 1)
        bench.let_go()
        bench.pair.unplug()
        await bench.until(LinkLost, 1)
        await asyncio.sleep(0.2)
        bench.pair.plug()
        await bench.until(LinkUp, 2)
        bench.hold()
        bench.send(b"after\r")
        await bench.until(ScanRead, 2)
    assert [type(report) for report in bench.reports] == [
        LinkUp,
        ScanRead,
        LinkLost,
        LinkUp,
        ScanRead,
    ]
    assert "hung up" in bench.of(LinkLost)[0].reason


async def test_half_a_code_is_not_joined_with_what_comes_after_an_outage(bench):
    async with bench.running():
        bench.send(b"half of a co")
        await asyncio.sleep(0.05)
        bench.let_go()
        bench.pair.unplug()
        await bench.until(LinkLost, 1)
        bench.pair.plug()
        await bench.until(LinkUp, 2)
        bench.hold()
        bench.send(b"whole\r")
        await bench.until(ScanRead, 1)
        await asyncio.sleep(1.2)
    assert bench.codes == [b"whole"]


async def test_cancelling_with_half_a_code_reports_nothing_more(bench):
    async with bench.running(terminator=Terminator.NONE):
        bench.send(b"half")
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert bench.codes == []


@pytest.mark.parametrize("maker", [Maker.NEWLAND, Maker.HONEYWELL, Maker.DATALOGIC])
async def test_it_beeps_and_lights_as_the_lane_says(bench, maker):
    shown = FEEDBACK[maker]
    async with bench.running(feedback=maker):
        for signal in (Signal.GO, Signal.READY, Signal.REFUSED):
            bench.reader.show(signal)
        await bench.until_told(shown[Signal.GO] + shown[Signal.REFUSED])


async def test_commands_leave_with_the_pause_that_newland_wants(bench):
    async with bench.running(feedback=Maker.NEWLAND):
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        for _ in range(3):
            bench.reader.show(Signal.WAIT)
        await bench.until_told(FEEDBACK[Maker.NEWLAND][Signal.WAIT] * 3)
        assert loop.time() - begun_s > 0.099


async def test_signals_that_come_faster_than_a_reader_takes_them_are_dropped(bench):
    async with bench.running(feedback=Maker.DATALOGIC):
        for _ in range(100):
            bench.reader.show(Signal.REFUSED)
        await bench.until_told(b"\x1b[4q" * 5)
        await asyncio.sleep(0.2)
        with pytest.raises(BlockingIOError):
            bench.received()


async def test_a_reader_without_commands_is_told_nothing(bench):
    async with bench.running():
        bench.reader.show(Signal.GO)
        bench.send(b"code\r")
        await bench.until(ScanRead, 1)
        os.set_blocking(bench._device, False)
        with pytest.raises(BlockingIOError):
            bench.received()


async def test_a_signal_without_a_link_is_lost(bench):
    async with bench.running(feedback=Maker.HONEYWELL):
        bench.let_go()
        bench.pair.unplug()
        await bench.until(LinkLost, 1)
        bench.reader.show(Signal.GO)
        await asyncio.sleep(0.1)
        bench.pair.plug()
        await bench.until(LinkUp, 2)
        bench.hold()
        bench.reader.show(Signal.REFUSED)
        await bench.until_told(b"\x1b8,")


async def test_a_reader_is_triggered_again_and_again(bench, monkeypatch):
    monkeypatch.setattr("drivers.readers.line.TRIGGER_S", 0.06)
    async with bench.running(trigger=Maker.HONEYWELL):
        await bench.until_told(TRIGGER[Maker.HONEYWELL] * 3)


async def test_the_answers_of_a_newland_are_no_codes(bench):
    answer = b"\x02\x010000#SCNTRG1\x06;\x03"
    async with bench.running(trigger=Maker.NEWLAND, feedback=Maker.NEWLAND):
        bench.send(answer + b"first\r" + answer[:5])
        await bench.until(ScanRead, 1)
        bench.send(answer[5:] + b"sec" + answer + b"ond\r" + answer)
        await bench.until(ScanRead, 2)
        await asyncio.sleep(1.1)
    assert bench.codes == [b"first", b"second"]
    assert bench.of(NoiseDropped) == []
