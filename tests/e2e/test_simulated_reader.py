import asyncio
import os
from collections.abc import AsyncIterator, Sequence

import pytest

from drivers.base import DriverError, LinkLost, LinkUp, ReaderReport, ScanRead
from drivers.framers import Terminator
from drivers.readers.line import LineReader
from drivers.serial_link import SerialLink
from drivers.simulated.reader import (
    SimulatedReaderOptions,
    lines_of,
    run_simulated_reader,
    unescape,
)
from tests.e2e.eventually import eventually
from tests.e2e.pty_pair import PtyPair


class Gate:
    """A gateway's side of the port: the driver `line`, started and stopped at will."""

    def __init__(self, port: str, terminator: Terminator = Terminator.AUTO) -> None:
        self.reports: list[ReaderReport] = []
        link = SerialLink(port, backoff=lambda _attempt: 0.02)
        self._reader = LineReader(link, terminator=terminator)

    async def read(self, count: int) -> None:
        """Read until so many codes have come in all."""
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(self._reader.run(self.reports.append))
            await eventually(lambda: len(self.codes) >= count)
            task.cancel()

    @property
    def codes(self) -> list[bytes]:
        return [report.data for report in self.reports if isinstance(report, ScanRead)]


async def each(lines: Sequence[bytes]) -> AsyncIterator[bytes]:
    for line in lines:
        yield line


def options(port, **more) -> SimulatedReaderOptions:
    return SimulatedReaderOptions(port=str(port), pace_ms=5, **more)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (Terminator.CR, Terminator.AUTO),
        (Terminator.LF, Terminator.AUTO),
        (Terminator.CRLF, Terminator.CRLF),
        (Terminator.STX_ETX, Terminator.STX_ETX),
    ],
)
async def test_it_makes_a_port_waits_for_the_gateway_and_types_every_code(tmp_path, sent, read):
    port, told = tmp_path / "reader", []
    gate = Gate(str(port), read)
    async with asyncio.TaskGroup() as tasks:
        typing = tasks.create_task(
            run_simulated_reader(
                options(port, terminator=sent), each([b"one", b"two", b"three"]), told.append
            )
        )
        await asyncio.sleep(0.3)
        await gate.read(3)
        await typing
    assert gate.codes == [b"one", b"two", b"three"]
    assert told[:2] == [f"{port}: waiting until it is open", f"{port}: open"]
    assert not port.is_symlink()


async def test_codes_wait_while_no_gateway_has_the_port_open(tmp_path):
    port, told = tmp_path / "reader", []
    is_away = asyncio.Event()

    async def lines() -> AsyncIterator[bytes]:
        yield b"before"
        await is_away.wait()
        yield b"meanwhile"
        yield b"after"

    gate = Gate(str(port))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run_simulated_reader(options(port), lines(), told.append))
        await gate.read(1)
        await eventually(lambda: "closed" in told[-1])
        is_away.set()
        await asyncio.sleep(0.1)
        await gate.read(3)
    assert gate.codes == [b"before", b"meanwhile", b"after"]


async def test_it_types_on_a_tty_that_exists(tmp_path):
    with PtyPair(tmp_path) as pair:
        gate = Gate(str(pair.left))
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(gate.read(2))
            await eventually(lambda: bool(gate.reports))
            await run_simulated_reader(options(pair.right), each([b"a", b"b"]), print)
            await reading
        assert gate.codes == [b"a", b"b"]
        assert pair.right.is_symlink()


async def test_wire_time_is_that_of_the_baud_rate(tmp_path):
    port = tmp_path / "reader"
    gate = Gate(str(port))
    slow = options(port, is_wire_timed=True, baudrate=9600)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run_simulated_reader(slow, each([b"a", b"x" * 239]), print))
        await gate.read(2)
    first, second = (report for report in gate.reports if isinstance(report, ScanRead))
    assert second.at_s - first.at_s > 0.2
    assert gate.codes[1] == b"x" * 239


async def test_a_gateway_that_leaves_in_the_middle_of_a_slow_code_gets_it_whole_later(tmp_path):
    port, told = tmp_path / "reader", []
    slow = options(port, is_wire_timed=True, baudrate=9600)
    code = b"y" * 300
    gate = Gate(str(port))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run_simulated_reader(slow, each([b"a", code]), told.append))
        await gate.read(1)
        await eventually(lambda: "closed" in told[-1])
        await gate.read(2)
    assert gate.codes == [b"a", code]


async def test_a_link_left_behind_by_a_killed_reader_is_replaced(tmp_path):
    port = tmp_path / "reader"
    port.symlink_to("/dev/pts/99999")
    gate = Gate(str(port))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run_simulated_reader(options(port), each([b"a"]), print))
        await gate.read(1)
    assert gate.codes == [b"a"]


async def test_a_port_that_cannot_be_made_is_explained(tmp_path):
    port = tmp_path / "missing" / "reader"
    with pytest.raises(DriverError, match="directory that exists"):
        await run_simulated_reader(options(port), each([]), print)


async def test_the_gateway_sees_the_reader_go(tmp_path):
    port = tmp_path / "reader"
    gate = Gate(str(port))
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(gate.read(2))
        await run_simulated_reader(options(port), each([b"a"]), print)
        await eventually(lambda: isinstance(gate.reports[-1], LinkLost))
        reading.cancel()
    assert gate.reports[-3] == LinkUp("")


async def test_lines_come_from_a_pipe_as_they_are_written():
    source, sink = os.pipe()
    lines = lines_of(source)
    os.write(sink, b"one\r\ntw")
    assert await anext(lines) == b"one"
    asyncio.get_running_loop().call_later(0.02, os.write, sink, b"o\n\nrest")
    assert await anext(lines) == b"two"
    os.close(sink)
    assert [line async for line in lines] == [b"", b"rest"]
    os.close(source)


async def test_lines_come_from_a_file_too(tmp_path):
    (tmp_path / "codes.txt").write_bytes(b"one\ntwo\n")
    with (tmp_path / "codes.txt").open("rb") as file:
        assert [line async for line in lines_of(file.fileno())] == [b"one", b"two"]


async def test_escapes_make_binary_codes(tmp_path):
    port = tmp_path / "reader"
    gate = Gate(str(port))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(
            run_simulated_reader(options(port, has_escapes=True), each([rb"a\x00\xffb"]), print)
        )
        await gate.read(1)
    assert gate.codes == [b"a\x00\xffb"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (rb"\x41\x0A", b"A\n"),
        (rb"\\x41", rb"\x41"),
        (rb"\xZZ\x4", rb"\xZZ\x4"),
        (rb"\n", rb"\n"),
        (b"", b""),
    ],
)
def test_only_whole_escapes_are_taken(line, code):
    assert unescape(line) == code
