"""The driver `gm65` against a simulated module over a pty that has a speed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from drivers.base import LinkLost, LinkUp, NoiseDropped, ReaderReport, ScanRead, Signal
from drivers.gm65_codec import CodeOutput
from drivers.gm65_zones import ScanMode
from drivers.readers.gm65 import Gm65Session
from drivers.readers.session_reader import SessionReader
from drivers.serial_link import SerialLink
from drivers.simulated.pty_port import simulated_port
from drivers.simulated.reader import SimulatedKind, SimulatedReaderOptions, run_simulated_reader
from drivers.simulated.readers_gm65 import SimulatedGm65
from tests.e2e.eventually import eventually

DONE = bytes.fromhex("02 00 00 01 00 33 31")


class Bench:
    """A module at one end of a pty, the driver at the other."""

    def __init__(self, path, speed: int = 9600, **settings) -> None:
        self.path = path
        self.speed = speed
        self.reports: list[ReaderReport] = []
        self.reader = driver(path, **settings)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            reader = tasks.create_task(self.reader.run(self.reports.append))
            async with self.plugged_in():
                yield
            reader.cancel()

    @contextlib.asynccontextmanager
    async def plugged_in(self) -> AsyncIterator[None]:
        count = self.reports.count(LinkUp(""))
        with simulated_port(str(self.path), self.speed) as port:
            self.port = port
            self.module = SimulatedGm65(self.speed, port.write, lambda: port.baudrate)
            async with asyncio.TaskGroup() as tasks:
                module = tasks.create_task(port.run(_ignore, self.module.received, _ignore))
                await eventually(lambda: self.reports.count(LinkUp("")) > count)
                yield
                module.cancel()

    async def hold_up(self, code: bytes, count: int) -> None:
        assert await self.module.type(code, self._send)
        await eventually(lambda: len(self.codes) == count)

    @property
    def codes(self) -> list[bytes]:
        return [report.data for report in self.reports if isinstance(report, ScanRead)]

    async def _send(self, data: bytes) -> bool:
        return self.port.write(data)


def driver(path, mode=ScanMode.CONTINUOUS, output=CodeOutput.ENCLOSED) -> SessionReader:
    link = SerialLink(str(path), 9600, backoff=lambda _attempt: 0.02)
    session = Gm65Session(link.port, mode, output, saves=False, baudrate=link.baudrate)
    return SessionReader(link, session)


def _ignore(*_: object) -> None:
    pass


async def test_a_module_as_it_leaves_the_factory_is_set_up_and_read(tmp_path):
    bench = Bench(tmp_path / "reader")
    async with bench.running():
        bench.reader.show(Signal.GO)
        await bench.hold_up(b"HC1:6BF+70790T9WJWG.FKY*4GO0", 1)
        await bench.hold_up(bytes(range(256)) * 4, 2)
    assert bench.codes == [b"HC1:6BF+70790T9WJWG.FKY*4GO0", bytes(range(256)) * 4]
    assert [report for report in bench.reports if isinstance(report, NoiseDropped)] == []


async def test_a_module_at_another_speed_is_found(tmp_path, caplog):
    bench = Bench(tmp_path / "reader", speed=115200)
    with caplog.at_level("INFO"):
        async with bench.running():
            await bench.hold_up(b"code", 1)
    assert [record.fields["baudrate"] for record in caplog.records] == [115200]


async def test_plain_codes_are_read_with_answers_between(tmp_path):
    bench = Bench(tmp_path / "reader", output=CodeOutput.PLAIN)
    async with bench.running():
        await bench.hold_up(b"one", 1)
        await asyncio.sleep(0.1)
        bench.port.write(b"tw" + DONE + b"o\r\n" + DONE)
        await eventually(lambda: len(bench.codes) == 2)
    assert bench.codes == [b"one", b"two"]


async def test_a_module_in_command_mode_reads_when_it_is_triggered(tmp_path):
    bench = Bench(tmp_path / "reader", mode=ScanMode.COMMAND)
    async with bench.running():
        await bench.hold_up(b"one", 1)
        await bench.hold_up(b"two", 2)
    assert bench.codes == [b"one", b"two"]


async def test_a_module_that_is_unplugged_comes_back_without_a_restart(tmp_path):
    bench = Bench(tmp_path / "reader")
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(bench.reader.run(bench.reports.append))
        await eventually(lambda: len(bench.reports) == 1)
        async with bench.plugged_in():
            await bench.hold_up(b"before", 1)
            bench.port.write(b"\x03\x00\x06aft")
        await eventually(lambda: len(bench.reports) == 4)
        async with bench.plugged_in():
            await bench.hold_up(b"after", 2)
        reading.cancel()
    kinds = [type(report) for report in bench.reports if not isinstance(report, NoiseDropped)]
    assert kinds[:6] == [LinkLost, LinkUp, ScanRead, LinkLost, LinkUp, ScanRead]
    assert bench.codes == [b"before", b"after"]


async def test_it_is_played_by_the_simulated_reader_too(tmp_path):
    path, told, reports = tmp_path / "reader", [], []
    options = SimulatedReaderOptions(
        port=str(path), kind=SimulatedKind.GM65, pace_ms=5, baudrate=57600
    )
    reader = driver(path)
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(reader.run(reports.append))
        await run_simulated_reader(options, each([b"one", b"two"]), told.append)
        reading.cancel()
    assert [report.data for report in reports if isinstance(report, ScanRead)] == [b"one", b"two"]


async def each(lines) -> AsyncIterator[bytes]:
    for line in lines:
        yield line
