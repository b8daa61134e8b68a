"""The turnstile driver `osdp` against libosdp's own peripheral device over a pty; real time.

Asked for its inputs, this device of libosdp 3.2.9 can only refuse (its Python part leaves the report
out), so here it tells them by itself when its secure channel is up.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import osdp_sys
import pytest

from drivers import base
from drivers.base import Direction
from drivers.contacts import Contact, Normally
from drivers.osdp_line import OsdpLine
from drivers.readers.osdp import OsdpReader
from drivers.serial_link import SerialLink
from drivers.turnstiles.contact_inputs import Contacts
from drivers.turnstiles.osdp import osdp_turnstile
from drivers.turnstiles.wiring import Wiring
from tests.e2e.eventually import eventually
from tests.e2e.osdp_peripheral import CAPABILITIES, Peripheral, peripherals

pytestmark = pytest.mark.alone  # A device that is not answered in time hangs up.

KEY = bytes(range(1, 17))
ENTRY, EXIT, FIRE = 1, 2, 4
CONTACTS = Contacts(
    passages={
        Direction.ENTRY: Contact(ENTRY, Normally.OPEN),
        Direction.EXIT: Contact(EXIT, Normally.OPEN),
    },
    fire=Contact(FIRE, Normally.CLOSED),
)
WIRING = Wiring(relays={Direction.ENTRY: 1, Direction.EXIT: 2}, pulse_ms=500, contacts=CONTACTS)


class Bench:
    def __init__(self, path, wiring: Wiring = WIRING, **device) -> None:
        self.path = path
        self.device = Peripheral(1, KEY, **device)
        self.device.inputs[FIRE - 1] = True
        self.line = OsdpLine(SerialLink(str(path), 9600, backoff=lambda _attempt: 0.02))
        self.turnstile = osdp_turnstile(self.line.place(1, KEY), wiring)
        self.reports: list[base.GateReport] = []
        self._count = 0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Bench"]:
        async with peripherals(self.path, self.device), asyncio.TaskGroup() as tasks:
            running = tasks.create_task(self.turnstile.run(self.reports.append))
            yield self
            running.cancel()

    def of(self, kind: type) -> list[base.GateReport]:
        return [report for report in self.reports if isinstance(report, kind)]

    async def until(self, kind: type, count: int = 1) -> None:
        await eventually(lambda: len(self.of(kind)) >= count)

    def open(self, direction: Direction = Direction.ENTRY, unlock_ms: int = 1000) -> str:
        self._count += 1
        grant = f"{self._count:032x}"
        self.turnstile.send(base.OpenOnce(grant, direction, unlock_ms, ttl_ms=1500))
        return grant

    async def walk(self, number: int) -> None:
        """Close a passage's contact until that was seen, and open it again."""
        self.device.press(number, is_on=True)
        await self.until(base.Passed)
        self.device.press(number, is_on=False)

    @property
    def pulses(self) -> list[tuple[int, int]]:
        """Which outputs were switched on for how long, in tenths of a second."""
        return [
            (one["output_no"], one["timer_count"])
            for one in self.device.told(osdp_sys.CMD_OUTPUT)
            if one["control_code"] == 5
        ]


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path / "line")


async def test_a_person_is_let_in_and_seen(bench):
    async with bench.running():
        await bench.until(base.LinkUp)
        grant = bench.open()
        await bench.until(base.Opened)
        await bench.walk(ENTRY)
    assert bench.of(base.Passed) == [base.Passed(Direction.ENTRY, grant)]
    assert bench.pulses == [(0, 5)]


async def test_outputs_are_switched_off_at_the_start(bench):
    async with bench.running():
        await bench.until(base.LinkUp)
        await asyncio.sleep(0.3)
    offs = [(one["output_no"], one["control_code"]) for one in bench.device.commands]
    assert offs == [(0, 1), (1, 1)]


async def test_a_person_who_does_not_come_has_not_passed(bench):
    async with bench.running():
        await bench.until(base.LinkUp)
        grant = bench.open(unlock_ms=300)
        await bench.until(base.NotPassed)
    assert bench.of(base.NotPassed)[0].grant == grant


async def test_who_leaves_unasked_is_counted_too(bench):
    async with bench.running():
        await bench.until(base.LinkUp)
        await bench.walk(EXIT)
    assert bench.of(base.Passed) == [base.Passed(Direction.EXIT, None)]


async def test_the_fire_input_is_watched_and_nothing_is_sent_in_a_fire(bench):
    async with bench.running():
        await bench.until(base.LinkUp)
        bench.device.press(FIRE, is_on=False)
        await bench.until(base.FireChanged)
        bench.open()
        await bench.until(base.NotOpened)
        bench.device.press(FIRE, is_on=True)
        await bench.until(base.FireChanged, 2)
    assert [report.is_on for report in bench.of(base.FireChanged)] == [True, False]
    assert bench.of(base.NotOpened)[0].reason == "fire"
    assert bench.pulses == []


@pytest.mark.slow
async def test_an_open_that_a_deaf_device_did_not_hear_is_unknown_and_never_sent_later(bench):
    async with bench.running():
        await bench.until(base.LinkUp)
        await asyncio.sleep(0.3)
        bench.device.is_deaf = True
        grant = bench.open()
        await bench.until(base.OpenUnknown)
        await bench.until(base.LinkLost)
        bench.device.is_deaf = False
        await bench.until(base.LinkUp, 2)
        await asyncio.sleep(0.5)
    assert bench.of(base.OpenUnknown) == [base.OpenUnknown(grant)]
    assert bench.pulses == []


async def test_a_device_that_falls_silent_is_lost(bench):
    async with bench.running():
        await bench.until(base.LinkUp)
        bench.device.is_deaf = True
        await bench.until(base.LinkLost)
        bench.open()
        await bench.until(base.NotOpened)
    assert bench.of(base.NotOpened)[0].reason == "link_down"


async def test_a_device_that_lost_its_power_is_back_and_serves(bench):
    async with bench.running():
        await bench.until(base.LinkUp)
        bench.device.restart()
        await bench.until(base.LinkUp, 2)
        bench.open()
        await bench.until(base.Opened)


@pytest.mark.parametrize(
    ("wiring", "capabilities", "words"),
    [
        (WIRING, CAPABILITIES[:2], "has 0 outputs"),
        (
            Wiring(relays={Direction.ENTRY: 9}, pulse_ms=500, contacts=CONTACTS),
            CAPABILITIES,
            "8 outputs",
        ),
        (
            Wiring(
                relays={Direction.ENTRY: 1},
                pulse_ms=500,
                contacts=Contacts(passages={d: Contact(9, Normally.OPEN) for d in Direction}),
            ),
            CAPABILITIES,
            "8 inputs",
        ),
    ],
)
async def test_a_wiring_that_the_device_does_not_have_is_told(
    tmp_path, wiring, capabilities, words
):
    bench = Bench(tmp_path / "line", wiring, capabilities=capabilities)
    async with bench.running():
        await bench.until(base.LinkLost)
    assert words in bench.of(base.LinkLost)[0].reason


async def test_without_inputs_each_opening_counts_as_a_passage(tmp_path):
    wiring = Wiring(relays={Direction.ENTRY: 1}, pulse_ms=200, assume_passed=True)
    bench = Bench(tmp_path / "line", wiring)
    async with bench.running():
        await bench.until(base.LinkUp)
        entry = bench.open(unlock_ms=200)
        await bench.until(base.Passed)
        out = bench.open(Direction.EXIT, unlock_ms=200)
        await bench.until(base.Passed, 2)
    assert bench.of(base.Passed) == [
        base.Passed(Direction.ENTRY, entry, assumed=True),
        base.Passed(Direction.EXIT, out, assumed=True),
    ]
    assert bench.pulses == [(0, 2)]


@pytest.mark.slow
async def test_a_reader_on_its_line_is_heard_while_the_turnstile_is_gone(bench):
    reader = Peripheral(2, bytes(range(2, 18)))
    card_reader = OsdpReader(bench.line.place(2, reader.key))
    heard: list[base.ReaderReport] = []
    async with peripherals(bench.path, bench.device, reader), asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(bench.turnstile.run(bench.reports.append)),
            tasks.create_task(card_reader.run(heard.append)),
        ]
        await bench.until(base.LinkUp)
        await eventually(lambda: base.LinkUp in {type(report) for report in heard})
        bench.device.is_deaf = True
        bench.open()
        await bench.until(base.OpenUnknown)
        await bench.until(base.LinkLost)
        for code in (b"CARD-1", b"CARD-2", b"CARD-3"):
            reader.show(code)
            await asyncio.sleep(0.5)
        await eventually(lambda: len(heard) == 4)
        assert [report.data for report in heard[1:]] == [b"CARD-1", b"CARD-2", b"CARD-3"]
        for task in running:
            task.cancel()
