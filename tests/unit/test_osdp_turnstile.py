"""An OSDP device and the turnstile at its outputs, without libosdp: what is sent when, and what never."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import osdp_sys
import pytest

from drivers import base
from drivers.contacts import Contact, Normally
from drivers.osdp_device import AWAY_S, TRY_S, UNANSWERED_S
from drivers.osdp_line import WRITE_FAILED, OsdpLine, OsdpLines
from drivers.polled_line import SilentError
from drivers.turnstiles.contact_inputs import Contacts
from drivers.turnstiles.osdp import SILENT_S, osdp_turnstile
from drivers.turnstiles.polled import RETRY_S
from drivers.turnstiles.wiring import Wiring
from tests.sim.loop import run
from tests.unit.board_world import ANNA, BUDI, ENTRY, EXIT, SimWire

KEY = bytes(range(1, 17))
CONTACTS = Contacts(
    passages={ENTRY: Contact(1, Normally.OPEN), EXIT: Contact(2, Normally.OPEN)},
    fire=Contact(4, Normally.CLOSED),
)
WIRING = Wiring(relays={ENTRY: 1, EXIT: 2}, pulse_ms=500, contacts=CONTACTS)
AT_REST = [False, False, False, True]
OK, FAILED = osdp_sys.COMPLETION_OK, osdp_sys.COMPLETION_FAILED


class SimPanel:
    """Stands for libosdp with one device: a command is carried out at the next refresh, or waits."""

    def __init__(self, infos) -> None:
        self.channel = infos[0]["channel"]
        self.address = infos[0]["address"]
        self.inputs = list(AT_REST)
        self.counts = {
            osdp_sys.CAP_OUTPUT_CONTROL: 8,
            osdp_sys.CAP_CONTACT_STATUS_MONITORING: 8,
        }
        self.is_there = True
        self.is_deaf = False
        """It hears and says nothing; libosdp believes in its channel for eight seconds."""
        self.is_heard_without_channel = False
        self.is_enabled = True
        self.is_busy = False
        """It repeats what it sent last, and so does not give up its device."""
        self.tells_inputs = True
        self.result = OK
        self.queue: list[dict] = []
        self.carried_out: list[dict] = []
        self._is_secure = False

    def set_event_callback(self, callback) -> None:
        self._came = callback

    def set_command_completion_callback(self, callback) -> None:
        self._completed = callback

    def refresh(self) -> None:
        is_secure = self.is_enabled and self.is_there
        if is_secure and not self._is_secure and self.tells_inputs:
            asyncio.get_running_loop().call_later(0.01, self.tell)
        self._is_secure = is_secure
        if self.is_heard_without_channel:
            self.hear()
        if not is_secure or self.is_deaf:
            return
        self.hear()
        for command in self.queue:
            self.carried_out.append(command)
            if command["command"] == osdp_sys.CMD_STATUS and self.result == OK:
                self.tell()
            self._completed(0, command, self.result)
        self.queue.clear()

    def hear(self) -> None:
        """Have the bytes of an answer seen on the line."""
        self.channel._link.answer_now(bytes([0x53, self.address | 0x80]))

    def tell(self) -> None:
        report = bytes(self.inputs)
        kind = osdp_sys.STATUS_REPORT_INPUT
        self._came(0, {"event": osdp_sys.EVENT_STATUS, "type": kind, "report": report})

    def press(self, number, *, is_on) -> None:
        self.inputs[number - 1] = is_on
        self.tell()

    def sc_status(self) -> int:
        return int(self._is_secure)

    def disable_pd(self, index) -> bool:
        self.is_enabled = self._is_secure = False
        return True

    def enable_pd(self, index) -> bool:
        if self.is_busy:
            return False
        self.is_enabled = True
        return True

    def get_pd_id(self, index):
        return None

    def check_capability(self, index, capability):
        return 1, self.counts.get(capability, 0)

    def submit_command(self, index, command) -> bool:
        self.queue.append(command)
        return True

    def flush_commands(self, index) -> int:
        self.queue.clear()
        return 0


class Wire(SimWire):
    def answer_now(self, data) -> None:
        self._give(data)


class Bench:
    def __init__(self, mocker, wiring=WIRING) -> None:
        mocker.patch.object(osdp_sys, "ControlPanel", self._make)
        self.wire = Wire(9600)
        self.line = OsdpLine(self.wire)
        self.device = self.line.place(1, KEY)
        self.driver = osdp_turnstile(self.device, wiring)
        self.reports: list[base.GateReport] = []
        self.prepare = lambda panel: None

    def _make(self, infos):
        self.panel = SimPanel(infos)
        self.prepare(self.panel)
        return self.panel

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Bench"]:
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(self.driver.run(self.reports.append))
            await asyncio.sleep(1)
            yield self
            task.cancel()

    def open(self, grant=ANNA, direction=ENTRY) -> None:
        self.driver.send(base.OpenOnce(grant, direction, 5000, 1500))

    def since(self) -> list[base.GateReport]:
        told, self.reports[:] = list(self.reports), []
        return told

    @property
    def outputs(self) -> list[tuple[int, int, int]]:
        return [
            (one["output_no"], one["control_code"], one["timer_count"])
            for one in self.panel.carried_out
            if one["command"] == osdp_sys.CMD_OUTPUT
        ]


OFF = [(0, 1, 0), (1, 1, 0)]
PULSE = (0, 5, 5)


@pytest.fixture
def bench(mocker):
    return Bench(mocker)


def linked(test):
    def runs(bench):
        async def main():
            async with bench.running():
                assert bench.since() == [base.LinkUp("")]
                await test(bench)

        run(main())

    runs.__name__ = test.__name__
    return runs


@linked
async def test_an_open_is_one_pulse_that_the_device_times_and_its_passage_is_told(bench):
    bench.open()
    await asyncio.sleep(0.05)
    assert bench.outputs == [*OFF, PULSE]
    bench.panel.press(1, is_on=True)
    await asyncio.sleep(0.1)
    bench.panel.press(1, is_on=False)
    await asyncio.sleep(0.1)
    assert bench.since() == [base.Opened(ANNA), base.Passed(ENTRY, ANNA)]


@linked
async def test_a_contact_that_bounces_between_two_readings_is_no_passage(bench):
    bench.panel.press(1, is_on=True)
    await asyncio.sleep(0.015)
    bench.panel.press(1, is_on=False)
    await asyncio.sleep(0.2)
    assert bench.since() == []


@linked
async def test_a_passage_shorter_than_the_readings_is_seen_by_its_own_times(bench):
    for _ in range(5):
        bench.panel.press(1, is_on=True)
        await asyncio.sleep(0.045)
        bench.panel.press(1, is_on=False)
        await asyncio.sleep(0.045)
    await asyncio.sleep(0.1)
    assert bench.since() == [base.Passed(ENTRY, None)] * 5


@linked
async def test_an_open_without_acknowledgement_is_unknown_and_taken_from_libosdp(bench):
    bench.panel.is_deaf = True
    bench.open()
    await asyncio.sleep(1.49)
    assert bench.since() == []
    await asyncio.sleep(0.02)
    unknown, lost = bench.since()
    assert unknown == base.OpenUnknown(ANNA)
    assert "does not answer any more" in lost.reason
    assert bench.panel.queue == []
    assert bench.device.is_away


@linked
async def test_while_libosdp_repeats_what_it_sent_nothing_of_it_reaches_the_line(bench):
    packet = bytes([0xFF, 0x53, 1, 9, 0])
    assert bench.panel.channel.write(packet) == len(packet)
    bench.panel.is_busy = True
    bench.panel.result = FAILED
    bench.open()
    await asyncio.sleep(2 + AWAY_S + TRY_S)
    assert bench.panel.channel.write(packet) == WRITE_FAILED
    assert bench.panel.channel.write(packet.removeprefix(b"\xff")) == WRITE_FAILED
    other = bytes([0xFF, 0x53, 2, 9, 0])
    assert bench.panel.channel.write(other) == len(other)
    assert [data for _, data in bench.wire.sent] == [packet, other]
    bench.panel.is_busy = False
    bench.panel.result = OK
    await asyncio.sleep(RETRY_S)
    assert bench.panel.channel.write(packet) == len(packet)
    assert bench.outputs.count(PULSE) == 1


@linked
async def test_an_open_that_the_line_loses_is_unknown_and_not_sent_when_it_is_back(bench):
    bench.panel.refresh = lambda: None  # It lies in libosdp's queue.
    bench.open()
    await asyncio.sleep(0.02)
    assert len(bench.panel.queue) == 1
    bench.wire.pull()
    await asyncio.sleep(0.01)
    assert bench.since() == [
        base.OpenUnknown(ANNA),
        base.LinkLost("/dev/ttyS7 hung up"),
    ]
    del bench.panel.refresh
    bench.wire.plug()
    assert bench.panel.queue == []
    await asyncio.sleep(1)
    assert bench.since() == [base.LinkUp("")]
    assert PULSE not in bench.outputs
    bench.panel.press(1, is_on=True)
    await asyncio.sleep(0.1)
    assert bench.since() == [base.Passed(ENTRY, ANNA)]  # It may have been open after all.


@linked
async def test_a_device_that_is_gone_is_told_once_and_an_open_is_refused_at_once(bench):
    bench.panel.is_there = False
    await asyncio.sleep(SILENT_S + 1)
    bench.open()
    await asyncio.sleep(UNANSWERED_S + 20)
    lost, refused = bench.since()
    assert isinstance(lost, base.LinkLost)
    assert "does not answer" in lost.reason
    assert refused == base.NotOpened(ANNA, "link_down")
    bench.panel.is_there = True
    await asyncio.sleep(TRY_S + 2)
    assert bench.since() == [base.LinkUp("")]
    bench.open(BUDI)
    await asyncio.sleep(0.1)
    assert bench.since() == [base.Opened(BUDI)]
    assert bench.outputs.count(PULSE) == 1


def test_a_device_with_another_key_is_told_as_such_and_opens_nothing(bench):
    """As when the plugs of two devices are swapped, each of which has a key of its own."""

    def prepare(panel):
        panel.is_there = False
        panel.is_heard_without_channel = True

    async def main():
        bench.prepare = prepare
        async with bench.running():
            await asyncio.sleep(UNANSWERED_S + 1)
            bench.open()
            lost, refused = bench.since()
            assert "scbk_file" in lost.reason
            assert refused == base.NotOpened(ANNA, "link_down")
            assert bench.outputs == []

    run(main())


@linked
async def test_a_device_that_restarts_under_a_grant_is_not_opened_again_for_it(bench):
    bench.open()
    await asyncio.sleep(0.1)
    bench.panel.is_there = False
    await asyncio.sleep(0.5)
    bench.panel.is_there = True
    await asyncio.sleep(20)
    told = [type(report) for report in bench.since()]
    assert told == [base.Opened, base.LinkLost, base.LinkUp]  # What became of it nobody saw.
    assert bench.outputs == [*OFF, PULSE, *OFF]


@linked
async def test_a_fire_while_the_device_restarts_leaves_its_outputs_alone_until_it_is_over(bench):
    before = list(bench.outputs)
    bench.panel.is_there = False
    await asyncio.sleep(1)
    bench.panel.inputs[3] = False
    bench.panel.is_there = True
    await asyncio.sleep(6)
    assert bench.since()[-2:] == [base.FireChanged(is_on=True), base.LinkUp("")]
    assert bench.outputs == before
    bench.panel.press(4, is_on=True)
    await asyncio.sleep(1)
    assert bench.since() == [base.FireChanged(is_on=False)]
    assert bench.outputs == [*before, *OFF]


@linked
async def test_modes_are_for_the_turnstiles_own_key(bench):
    bench.driver.send(base.SetMode(base.Mode.FREE))
    bench.driver.send(base.SetMode(base.Mode.EXIT_ONLY))
    bench.driver.send(base.Indicate(base.Signal.GO, ENTRY))
    await asyncio.sleep(1)
    assert bench.outputs == OFF


@linked
async def test_an_open_that_libosdp_does_not_take_is_not_opened(bench):
    bench.panel.submit_command = lambda index, command: False
    bench.open()
    await asyncio.sleep(0.1)
    assert bench.since() == [base.NotOpened(ANNA, "refused")]
    assert bench.outputs == OFF


@linked
async def test_a_device_that_is_lost_between_an_order_and_its_turn_opens_nothing(bench):
    bench.open()
    bench.wire.pull()
    await asyncio.sleep(0.1)
    refused, lost = sorted(bench.since(), key=lambda report: type(report).__name__, reverse=True)
    assert refused == base.NotOpened(ANNA, "link_down")
    assert isinstance(lost, base.LinkLost)


def test_an_exit_that_is_free_at_the_turnstile_switches_nothing(mocker):
    bench = Bench(mocker, Wiring(relays={ENTRY: 1}, pulse_ms=500, contacts=CONTACTS))

    @linked
    async def test(bench):
        bench.open(direction=EXIT)
        await asyncio.sleep(0.1)
        bench.panel.press(2, is_on=True)
        await asyncio.sleep(0.1)
        assert bench.since() == [base.Opened(ANNA), base.Passed(EXIT, ANNA)]
        assert bench.outputs == OFF[:1]

    test(bench)


# --- the inputs at the start ----------------------------------------------------------------------


def started(bench, prepare) -> list[base.GateReport]:
    async def main():
        bench.prepare = prepare
        async with bench.running():
            await asyncio.sleep(1)
            return bench.since()

    return run(main())


def test_a_device_that_does_not_tell_its_inputs_by_itself_is_asked(bench):
    def prepare(panel):
        panel.tells_inputs = False

    assert started(bench, prepare) == [base.LinkUp("")]


@pytest.mark.parametrize(
    ("capability", "words"),
    [
        (osdp_sys.CAP_OUTPUT_CONTROL, "has 1 outputs, and the settings speak of number 2"),
        (
            osdp_sys.CAP_CONTACT_STATUS_MONITORING,
            "has 1 inputs, and the settings speak of number 4",
        ),
    ],
)
def test_a_wiring_that_the_device_does_not_have_is_told(bench, capability, words):
    def prepare(panel):
        panel.counts[capability] = 1

    (lost,) = started(bench, prepare)
    assert words in lost.reason


def test_a_device_that_answers_without_its_inputs_is_not_used(bench):
    def prepare(panel):
        panel.tells_inputs = False
        panel.tell = lambda: None

    (lost,) = started(bench, prepare)
    assert "does not tell its inputs" in lost.reason


def test_inputs_that_a_device_leaves_out_are_open(bench):
    def prepare(panel):
        panel.inputs = [False, False]

    fire, up = started(bench, prepare)
    assert (fire, up) == (base.FireChanged(is_on=True), base.LinkUp(""))


def test_a_contact_that_is_closed_at_the_start_is_no_passage(bench):
    def prepare(panel):
        panel.inputs[0] = True

    assert started(bench, prepare) == [base.LinkUp("")]


# --- what it declares and needs -------------------------------------------------------------------


def test_it_declares_what_its_wiring_can_tell(bench):
    assert bench.driver.capabilities == base.Capabilities(
        own_timing=True, feedback=True, direction=True, log=False, fire_input=True
    )


def test_one_command_at_a_time(bench):
    @linked
    async def test(bench):
        bench.panel.refresh = lambda: None
        loop = asyncio.get_running_loop()
        first = asyncio.ensure_future(bench.device.carry_out({"command": 1}, loop.time() + 1))
        await asyncio.sleep(0)
        with pytest.raises(AssertionError, match="one at a time"):
            await bench.device.carry_out({"command": 1}, loop.time() + 1)
        with pytest.raises(SilentError):
            await first

    test(bench)


def test_the_devices_of_one_port_have_one_speed():
    lines = OsdpLines()
    lines.place("/dev/ttyS7", 9600, 1, KEY)
    with pytest.raises(base.DriverError, match="same baud rate"):
        lines.place("/dev/ttyS7", 115_200, 2, KEY)
