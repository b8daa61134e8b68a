"""A line that several devices share: turns, answers, silence and outages, in virtual time."""

import asyncio
import contextlib
import functools
import itertools

import pytest

from drivers.base import DriverError
from drivers.polled_line import (
    HEARD_SIZE_MAX,
    LateError,
    LineDownError,
    PolledDevice,
    PolledLine,
    PolledLines,
    SilentError,
)
from tests.unit.board_world import SimWire, run

WITHIN_S = 0.1


class Echo:
    """A device that answers each question with it, in capitals, after a while."""

    def __init__(self, wire, delay_s=0.01):
        self.wire = wire
        self.delay_s = delay_s
        self.is_plugged = True
        wire.ends.append(self)

    def take(self, data):
        if self.is_plugged:
            loop = asyncio.get_running_loop()
            loop.call_later(self.delay_s, self.wire.answer, data.upper())


def capitals(question):
    """Understand the answer to a question among anything else."""
    return lambda heard: question.upper() if question.upper() in heard else None


class Bench:
    def __init__(self):
        self.wire = SimWire(115200)
        self.echo = Echo(self.wire)
        self.line = PolledLine(self.wire, gap_s=0.004)

    async def ask(self, question=b"one", **limits):
        return await self.line.ask(question, capitals(question), within_s=WITHIN_S, **limits)


@contextlib.asynccontextmanager
async def kept(*lines):
    async with asyncio.TaskGroup() as tasks:
        keeping = [tasks.create_task(line.keep()) for line in lines]
        await asyncio.sleep(0)
        yield keeping
        for task in keeping:
            task.cancel()


def bench(test):
    """Run a coroutine with a line that is kept open."""

    @functools.wraps(test)
    def runner():
        async def main():
            it = Bench()
            async with kept(it.line):
                await test(it)

        run(main())

    del runner.__wrapped__  # pytest would take its argument for a fixture.
    return runner


@bench
async def test_a_question_gets_its_answer(it):
    assert await it.ask() == b"ONE"
    assert [data for _, data in it.wire.sent] == [b"one"]


@bench
async def test_an_answer_is_found_byte_by_byte_and_in_noise(it):
    it.wire.spoil = lambda to, data: (
        [b"??", *(data[i : i + 1] for i in range(len(data))), b"!"] if to == "host" else [data]
    )
    assert await it.ask(b"one") == b"ONE"
    assert await it.ask(b"two") == b"TWO"


@bench
async def test_a_storm_of_noise_does_not_grow_and_does_not_hide_the_answer(it):
    it.wire.spoil = lambda to, data: [b"\xff" * 10_000, data] if to == "host" else [data]
    sizes = []

    def understand(heard):
        sizes.append(len(heard))
        return heard[-3:] if heard.endswith(b"ONE") else None

    assert await it.line.ask(b"one", understand, within_s=WITHIN_S) == b"ONE"
    assert max(sizes) <= HEARD_SIZE_MAX


@bench
async def test_questions_take_turns_and_the_line_rests_between_them(it):
    answers = await asyncio.gather(*(it.ask(b"q%d" % number) for number in range(5)))
    assert answers == [b"Q0", b"Q1", b"Q2", b"Q3", b"Q4"]
    times = [at_s for at_s, _ in it.wire.sent]
    assert all(0.014 < b - a < 0.02 for a, b in itertools.pairwise(times))


@bench
async def test_silence_is_told_once_the_time_is_over_and_nothing_is_sent_again(it):
    it.echo.is_plugged = False
    started_s = asyncio.get_running_loop().time()
    with pytest.raises(SilentError, match=r"no answer in 0\.1 s"):
        await it.ask()
    assert asyncio.get_running_loop().time() - started_s == pytest.approx(WITHIN_S)
    assert len(it.wire.sent) == 1
    it.echo.is_plugged = True
    assert await it.ask(b"two") == b"TWO"


@bench
async def test_what_comes_while_nobody_asks_is_dropped(it):
    it.wire.answer(b"ONE")
    await asyncio.sleep(1)
    it.echo.is_plugged = False
    with pytest.raises(SilentError):
        await it.ask()


@bench
async def test_a_question_that_is_cancelled_leaves_the_line_to_the_next(it):
    asked = asyncio.ensure_future(it.ask(b"one"))
    await asyncio.sleep(0.001)
    asked.cancel()
    assert await it.ask(b"two") == b"TWO"


@bench
async def test_a_question_that_would_be_too_late_is_not_sent(it):
    it.echo.is_plugged = False
    loop = asyncio.get_running_loop()
    silent = asyncio.ensure_future(it.ask(b"one"))
    await asyncio.sleep(0)
    with pytest.raises(LateError, match="busy"):
        await it.ask(b"open", before_s=loop.time() + 0.05)
    with pytest.raises(SilentError):
        await silent
    assert [data for _, data in it.wire.sent] == [b"one"]


def test_nothing_is_sent_on_a_line_that_is_not_open():
    async def main():
        it = Bench()
        it.wire.is_plugged = False
        with pytest.raises(LineDownError, match="is being opened"):
            await it.ask()
        async with kept(it.line):
            await it.line.tried()
            with pytest.raises(LineDownError, match="does not exist"):
                await it.ask()
            it.wire.plug()
            await it.line.opened()
            assert await it.ask() == b"ONE"

    run(main())


@bench
async def test_a_line_lost_after_the_question_is_silence_and_down_afterwards(it):
    asked = asyncio.ensure_future(it.ask())
    await asyncio.sleep(0.002)
    it.wire.pull()
    with pytest.raises(SilentError, match="hung up"):
        await asked
    with pytest.raises(LineDownError, match="hung up"):
        await it.ask()
    opened = asyncio.ensure_future(it.line.opened())
    await asyncio.sleep(5)
    assert not opened.done()
    it.wire.plug()
    await opened


@bench
async def test_a_line_that_takes_no_bytes_is_waited_for(it):
    """A stream that failed says so a moment before its loss is told."""
    it.wire.is_plugged = False
    with pytest.raises(LineDownError):
        await it.ask()
    opened = asyncio.ensure_future(it.line.opened())
    await asyncio.sleep(1)
    assert not opened.done()
    it.wire.plug()
    await opened


def test_another_device_keeps_the_line_open_when_the_first_one_ends():
    async def main():
        it = Bench()
        async with kept(it.line, it.line) as (first, _):
            assert await it.ask() == b"ONE"
            first.cancel()
            await asyncio.sleep(0.1)
            assert await it.ask(b"two") == b"TWO"

    run(main())


@bench
async def test_a_late_answer_is_not_taken_for_the_one_to_the_next_question(it):
    device = PolledDevice(it.line, 7, WITHIN_S)
    it.echo.delay_s = 0.15
    with pytest.raises(SilentError):
        await device.ask(b"state", capitals(b"state"))
    it.echo.is_plugged = False
    with pytest.raises(SilentError) as raised:
        await device.ask(b"state", capitals(b"state"))
    for word in ("address 7 of /dev/ttyS7", "powered", "A and B", "115200"):
        assert word in str(raised.value)


@bench
async def test_a_silent_device_holds_up_another_one_only_once(it):
    silent, other = PolledDevice(it.line, 7, WITHIN_S), PolledDevice(it.line, 8, WITHIN_S)
    it.wire.spoil = lambda _, data: [] if data == b"hey" else [data]
    with pytest.raises(SilentError):
        await silent.ask(b"hey", capitals(b"hey"))
    loop = asyncio.get_running_loop()
    started_s = loop.time()
    assert await other.ask(b"one", capitals(b"one")) == b"ONE"
    assert loop.time() - started_s < 0.03


def test_the_devices_on_one_port_share_its_line():
    async def main():
        lines = PolledLines()
        line = lines.take("/dev/ttyS1", 9600, gap_s=0.004)
        assert lines.take("/dev/ttyS1", 9600, gap_s=0.004) is line
        assert lines.take("/dev/ttyS2", 19200, gap_s=0.004) is not line
        with pytest.raises(DriverError, match="9600 and at 19200"):
            lines.take("/dev/ttyS1", 19200, gap_s=0.004)

    run(main())
