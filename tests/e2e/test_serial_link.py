import asyncio
import contextlib
import errno
import gc
import os
import termios
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
import serial

from drivers import serial_link
from drivers.byte_stream import PENDING_SIZE_MAX
from drivers.serial_link import SerialLink, double_to_five_seconds
from tests.e2e.eventually import eventually
from tests.e2e.pty_pair import PtyPair


@pytest.fixture
def pair(tmp_path):
    with PtyPair(tmp_path) as pair:
        yield pair


@pytest.fixture
def device(pair):
    """The device's end of the cable."""
    fd = os.open(pair.right, os.O_RDWR | os.O_NOCTTY)
    yield fd
    os.close(fd)


class Watch:
    """Remembers what a link told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.received = bytearray()

    def opened(self) -> None:
        self.told.append("opened")

    def take(self, data: bytes, at_s: float) -> None:
        assert at_s <= asyncio.get_running_loop().time()
        self.received += data

    async def until(self, *, count: int) -> None:
        await eventually(lambda: len(self.told) >= count)


@contextlib.asynccontextmanager
async def running(link: SerialLink, watch: Watch) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(link.run(watch.opened, watch.take, watch.told.append))
        yield
        task.cancel()


def quick(path: Path, baudrate: int = 115200) -> SerialLink:
    return SerialLink(str(path), baudrate, backoff=lambda _attempt: 0.02)


def open_fds() -> set[str]:
    """Return the descriptors of terminals; what earlier tests forgot is closed before."""
    gc.collect()
    links = {entry.name: os.path.realpath(entry) for entry in Path("/proc/self/fd").iterdir()}
    return {name for name, target in links.items() if target.startswith("/dev/pt")}


async def test_bytes_go_both_ways(pair, device):
    link, watch = quick(pair.left), Watch()
    async with running(link, watch):
        await watch.until(count=1)
        os.write(device, b"from the device")
        assert link.write(b"to the ")
        assert link.write(b"device")
        await eventually(lambda: watch.received == b"from the device")
    assert os.read(device, 100) == b"to the device"
    assert watch.told == ["opened"]


async def test_every_byte_value_passes_unchanged(pair, device):
    link, watch = quick(pair.left), Watch()
    every = bytes(range(256))
    async with running(link, watch):
        await watch.until(count=1)
        os.write(device, every)
        link.write(every)
        await eventually(lambda: watch.received == every)
    assert os.read(device, 1000) == every


async def test_the_speed_is_changed_on_an_open_line_and_stays_for_the_next_open(pair):
    link, watch = quick(pair.left, 9600), Watch()
    async with running(link, watch):
        await watch.until(count=1)
        assert _speed(pair.left) == termios.B9600
        link.set_baudrate(57600)
        assert _speed(pair.left) == termios.B57600
        pair.unplug()
        await watch.until(count=2)
        link.set_baudrate(19200)
        pair.plug()
        await watch.until(count=3)
        assert _speed(pair.left) == termios.B19200


async def test_a_line_that_is_lost_while_its_speed_is_changed_is_told_as_ever(pair, mocker):
    link, watch = quick(pair.left), Watch()
    async with running(link, watch):
        await watch.until(count=1)
        mocker.patch.object(link._port, "_reconfigure_port", side_effect=termios.error(5, "gone"))
        link.set_baudrate(9600)
        assert link.baudrate == 9600


def _speed(path: Path) -> int:
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
    try:
        return termios.tcgetattr(fd)[5]
    finally:
        os.close(fd)


async def test_what_came_before_the_open_is_dropped(tmp_path):
    master, slave = os.openpty()
    os.set_blocking(master, False)
    stale_size = os.write(master, b"stale\r" * 3000)
    link, watch = quick(Path(os.ttyname(slave))), Watch()
    async with running(link, watch):
        await watch.until(count=1)
        os.write(master, b"fresh\r")
        await eventually(lambda: watch.received.endswith(b"fresh\r"))
    os.close(master)
    os.close(slave)
    assert stale_size > 4096, "more than one line buffer, which the flush at open does not reach"
    assert watch.received == b"fresh\r"


async def test_an_unplugged_cable_is_told_once_and_the_line_is_back_without_a_restart(pair):
    link, watch = quick(pair.left), Watch()
    async with running(link, watch):
        await watch.until(count=1)
        pair.unplug()
        await watch.until(count=2)
        assert not link.write(b"nobody is there")
        await asyncio.sleep(0.2)
        pair.plug()
        await watch.until(count=3)
        assert link.write(b"again")
    assert watch.told == [
        "opened",
        f"{pair.left} hung up: was the cable pulled, or did the device lose its power?",
        "opened",
    ]


async def test_a_port_that_is_missing_from_the_start_is_told_once_with_advice(pair):
    pair.unplug()
    link, watch = quick(pair.left), Watch()
    async with running(link, watch):
        await watch.until(count=1)
        await asyncio.sleep(0.2)
        pair.plug()
        await watch.until(count=2)
    reason, opened = watch.told
    assert reason.startswith(f"{pair.left} does not exist")
    assert "/dev/serial/by-path" in reason
    assert opened == "opened"


async def test_a_second_link_on_the_same_port_is_refused_until_the_first_ends(pair):
    first, second = Watch(), Watch()
    async with running(quick(pair.left), second):
        await second.until(count=1)
        async with running(quick(pair.left), first):
            await first.until(count=1)
    assert second.told == ["opened"]
    assert "exclusive lock" in first.told[0]
    assert "fuser" in first.told[0]


async def test_pyserial_elsewhere_cannot_take_the_port_from_us(pair):
    watch = Watch()
    async with running(quick(pair.left), watch):
        await watch.until(count=1)
        with pytest.raises(serial.SerialException, match="exclusively lock"):
            serial.Serial(str(pair.left), exclusive=True)


async def test_a_file_that_is_no_tty_is_named_as_such(tmp_path):
    (tmp_path / "notes.txt").write_text("no tty")
    watch = Watch()
    async with running(quick(tmp_path / "notes.txt"), watch):
        await watch.until(count=1)
    assert "cannot be opened as a serial port" in watch.told[0]


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (PermissionError(errno.EACCES, "no"), "dialout"),
        (OSError(errno.EIO, "no"), "is the cable in"),
        (ValueError("no such rate"), "115200 baud"),
        (termios.error(errno.ENODEV, "no"), "cannot be opened"),
    ],
)
async def test_what_hinders_an_open_is_told_with_what_to_do(mocker, error, advice):
    mocker.patch.object(serial, "Serial", side_effect=error)
    watch = Watch()
    async with running(quick(Path("/dev/ttyUSB0")), watch):
        await watch.until(count=1)
    assert "/dev/ttyUSB0" in watch.told[0]
    assert advice in watch.told[0]


async def test_a_device_that_takes_no_bytes_is_told_and_its_line_opened_again():
    master, slave = os.openpty()
    link, watch = quick(Path(os.ttyname(slave))), Watch()
    async with running(link, watch):
        await watch.until(count=1)
        while link.write(b"x" * 1024):
            await asyncio.sleep(0)
        await watch.until(count=3)
    os.close(master)
    os.close(slave)
    assert "takes no bytes" in watch.told[1]
    assert watch.told[2] == "opened"


async def test_bytes_that_the_line_does_not_take_at_once_follow_in_order(pair, device):
    # The thread of the pair drops what a full tty does not take; here the test reads itself.
    master, slave = os.openpty()
    link, watch = quick(Path(os.ttyname(slave))), Watch()
    sent = bytes(range(256)) * 200
    got = bytearray()
    async with running(link, watch):
        await watch.until(count=1)
        assert all(link.write(sent[at : at + 1000]) for at in range(0, len(sent), 1000))
        asyncio.get_running_loop().add_reader(master, lambda: got.extend(os.read(master, 4096)))
        await eventually(lambda: len(got) >= len(sent))
        asyncio.get_running_loop().remove_reader(master)
    os.close(master)
    os.close(slave)
    assert len(sent) < PENDING_SIZE_MAX
    assert got == sent


async def test_a_write_notices_the_hang_up_too(pair):
    link, watch = quick(pair.left), Watch()
    async with running(link, watch):
        await watch.until(count=1)
        pair.unplug()
        assert not link.write(b"x")
        assert not link.write(b"x")
        await watch.until(count=2)
    assert "hung up" in watch.told[1]


async def test_cancelling_leaves_nothing_open(pair):
    before = open_fds()
    link, watch = quick(pair.left), Watch()
    async with running(link, watch):
        await watch.until(count=1)
        link.write(b"x" * 10_000)
    assert open_fds() == before
    assert not link.write(b"x")


async def test_cancelling_while_the_line_settles_leaves_nothing_open(pair, mocker):
    mocker.patch.object(serial_link, "SETTLE_S", 10.0)
    before = open_fds()
    watch = Watch()
    async with running(quick(pair.left), watch):
        await eventually(lambda: len(open_fds()) > len(before))
    assert open_fds() == before
    assert watch.told == []


async def test_outages_leave_nothing_open(pair):
    before = open_fds()
    watch = Watch()
    async with running(quick(pair.left), watch):
        for _ in range(3):
            await watch.until(count=1)
            pair.unplug()
            await watch.until(count=2)
            pair.plug()
            watch.told.clear()
    assert len(open_fds()) == len(before)


async def test_a_callback_that_fails_ends_the_run(pair, device):
    watch = Watch()

    def fail(_data: bytes, _at_s: float) -> None:
        raise AssertionError("our own mistake")

    link = quick(pair.left)
    with pytest.raises(AssertionError, match="our own mistake"):
        await link.run(partial(os.write, device, b"x"), fail, watch.told.append)
    assert watch.told == []


async def test_a_flapping_line_waits_longer_each_time(tmp_path):
    waits: list[int] = []

    def backoff(attempt: int) -> float:
        waits.append(attempt)
        return 0.01

    watch = Watch()
    async with running(SerialLink(str(tmp_path / "missing"), backoff=backoff), watch):
        await eventually(lambda: len(waits) >= 4)
    assert waits[:4] == [0, 1, 2, 3]


async def test_a_line_that_was_good_for_long_is_retried_quickly_again(pair, mocker):
    mocker.patch.object(serial_link, "STABLE_S", 0.1)
    waits: list[int] = []

    def backoff(attempt: int) -> float:
        waits.append(attempt)
        return 0.02

    watch = Watch()
    async with running(SerialLink(str(pair.left), backoff=backoff), watch):
        for count in (1, 3):
            await watch.until(count=count)
            await asyncio.sleep(0.1)
            waits.clear()
            pair.unplug()
            await watch.until(count=count + 1)
            await eventually(lambda: len(waits) >= 2)
            pair.plug()
            assert waits[0] == 0


def test_the_default_backoff_doubles_up_to_five_seconds():
    waits = [double_to_five_seconds(attempt) for attempt in (0, 1, 2, 3, 4, 5, 1_000_000)]
    assert waits == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
