"""The driver `ssi` against a simulated reader over a pty."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from drivers.base import LinkLost, LinkUp, ReaderReport, ScanRead, Signal
from drivers.readers.session_reader import SessionReader
from drivers.readers.ssi import SsiSession
from drivers.serial_link import SerialLink
from drivers.simulated.pty_port import simulated_port
from drivers.simulated.reader import SimulatedKind, SimulatedReaderOptions, run_simulated_reader
from drivers.simulated.readers_ssi import REVISION, SimulatedSsi
from drivers.ssi_codec import Opcode
from tests.e2e.eventually import eventually

UP = LinkUp(REVISION.decode())


def driver(path) -> SessionReader:
    link = SerialLink(str(path), 9600, backoff=lambda _attempt: 0.02)
    return SessionReader(link, SsiSession(link.port, link.baudrate))


class Bench:
    """A reader at one end of a pty, the driver at the other."""

    def __init__(self, path, *, is_segmented: bool = True) -> None:
        self.path = path
        self.is_segmented = is_segmented
        self.reports: list[ReaderReport] = []
        self.driver = driver(path)
        self.garble_count = 0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            driving = tasks.create_task(self.driver.run(self.reports.append))
            async with self.plugged_in():
                yield
            driving.cancel()

    @contextlib.asynccontextmanager
    async def plugged_in(self) -> AsyncIterator[None]:
        count = self.reports.count(UP)
        with simulated_port(str(self.path), 9600) as port:
            self.port = port
            self.reader = SimulatedSsi(
                9600, port.write, is_segmented=self.is_segmented, answer_s=0.3
            )
            async with asyncio.TaskGroup() as tasks:
                serving = tasks.create_task(
                    port.run(lambda: None, self.reader.received, lambda _reason: None)
                )
                await eventually(lambda: self.reports.count(UP) > count)
                yield
                serving.cancel()

    async def hold_up(self, code: bytes) -> None:
        assert await self.reader.type(code, self._send)

    async def _send(self, data: bytes) -> bool:
        if self.garble_count:
            self.garble_count -= 1
            data = data[:-1] + bytes([data[-1] ^ 1])
        return self.port.write(data)

    @property
    def codes(self) -> list[bytes]:
        return [report.data for report in self.reports if isinstance(report, ScanRead)]


@pytest.mark.parametrize("is_segmented", [True, False])
async def test_codes_of_all_sizes_are_read_and_acknowledged(tmp_path, is_segmented):
    bench = Bench(tmp_path / "reader", is_segmented=is_segmented)
    codes = [b"short", b"A" * 250, b"B" * 251, b"C" * 4296]
    async with bench.running():
        for code in codes:
            await bench.hold_up(code)
        await eventually(lambda: len(bench.codes) == 4)
    assert bench.codes == codes
    assert bench.reader.dropped_count == 0


@pytest.mark.parametrize("garble_count", [1, 2])
async def test_a_garbled_code_is_sent_again_and_read_once(tmp_path, garble_count):
    bench = Bench(tmp_path / "reader")
    async with bench.running():
        bench.garble_count = garble_count
        await bench.hold_up(b"A" * 600)
        await eventually(lambda: bench.codes == [b"A" * 600])
    assert bench.reader.dropped_count == 0


async def test_the_lane_is_heard_and_seen_at_the_reader(tmp_path):
    bench = Bench(tmp_path / "reader")
    async with bench.running():
        bench.reader.commands.clear()
        bench.driver.show(Signal.GO)
        await eventually(lambda: len(bench.reader.commands) == 2)
    assert bench.reader.commands == [(Opcode.BEEP, b"\x00"), (Opcode.LED_ON, b"\x01")]


async def test_a_signal_before_the_driver_runs_is_lost(tmp_path):
    bench = Bench(tmp_path / "reader")
    bench.driver.show(Signal.GO)
    async with bench.running():
        assert (Opcode.BEEP, b"\x00") not in bench.reader.commands


async def test_a_reader_that_is_unplugged_comes_back_without_a_restart(tmp_path):
    bench = Bench(tmp_path / "reader")
    async with asyncio.TaskGroup() as tasks:
        driving = tasks.create_task(bench.driver.run(bench.reports.append))
        await eventually(lambda: len(bench.reports) == 1)
        async with bench.plugged_in():
            await bench.hold_up(b"before")
        await eventually(lambda: len(bench.reports) == 4)
        async with bench.plugged_in():
            await bench.hold_up(b"after")
            await eventually(lambda: len(bench.codes) == 2)
        driving.cancel()
    kinds = [type(report) for report in bench.reports]
    assert kinds[:6] == [LinkLost, LinkUp, ScanRead, LinkLost, LinkUp, ScanRead]


async def test_it_is_played_by_the_simulated_reader_too(tmp_path):
    path, reports = tmp_path / "reader", []
    options = SimulatedReaderOptions(
        port=str(path), kind=SimulatedKind.SSI, pace_ms=5, baudrate=9600
    )
    async with asyncio.TaskGroup() as tasks:
        driving = tasks.create_task(driver(path).run(reports.append))
        await run_simulated_reader(options, each([b"one", b"two"]), lambda _sentence: None)
        driving.cancel()
    assert [report.data for report in reports if isinstance(report, ScanRead)] == [b"one", b"two"]


async def each(lines) -> AsyncIterator[bytes]:
    for line in lines:
        yield line
