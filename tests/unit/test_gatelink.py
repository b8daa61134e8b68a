"""The gatelink driver in virtual time: what it tells the gateway, in which order, and how often."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import pytest

from drivers import base
from drivers.turnstiles.gatelink import GatelinkTurnstile
from drivers.turnstiles.gatelink_words import log_report, loss_text
from firmware_protocol.device import Device, Identity
from firmware_protocol.frames import encode
from firmware_protocol.host import Host
from firmware_protocol.inputs import (
    FaultInput,
    FireInput,
    Input,
    Noticed,
    PassageBegan,
    PassageCompleted,
    SecondBody,
    TurnedBack,
    Unlock,
)
from firmware_protocol.memory import Memory
from firmware_protocol.messages import Indicate, Ping
from firmware_protocol.reports import Loss
from firmware_protocol.settings import FACTORY, Settings, WithoutHost
from firmware_protocol.words import Direction, LogEntry, LogKind, Mode, Signal
from tests.sim.loop import run
from tests.unit.gatelink_line import PSK, counting_token

WIRE_S = 0.003
ANNA = "a1" * 16
BUDI = "b2" * 16
LOG = b"log name".hex()
ENTRY, EXIT = base.Direction.ENTRY, base.Direction.EXIT


class SimCable:
    """Stands for a SerialLink with a controller at its other end."""

    port = "/dev/ttyS7"

    def __init__(self, memory: Memory | None = None) -> None:
        self.is_plugged = True
        self.is_silent = False
        self.effects: list[object] = []
        self._flying: deque[Callable[[], None]] = deque()
        self._memory = memory or Memory()
        self._timer: asyncio.TimerHandle | None = None
        self._connected = asyncio.Event()

    async def run(self, opened, received, lost):
        self._opened, self._received, self._lost = opened, received, lost
        self.power_up()
        if self.is_plugged:
            opened()
        else:
            lost("/dev/ttyS7 does not exist")
        self._connected.set()
        await asyncio.get_running_loop().create_future()

    def write(self, data: bytes) -> bool:
        if self.is_plugged and not self.is_silent:
            self._carry(lambda: self._run(self.device.feed(data, self._now_ms())))
        return self.is_plugged

    def power_up(self) -> None:
        token = counting_token(f"device {asyncio.get_running_loop().time()}")
        device = Identity("tripod", "1.0", bytes.fromhex(LOG))
        self.device = Device(PSK, self._memory, device=device, token=token)
        self._run(self.device.start(self._now_ms()))

    def pull(self) -> None:
        self.is_plugged = False
        self._lost("/dev/ttyS7 hung up")

    def plug(self) -> None:
        self.is_plugged = True
        self._opened()

    def sense(self, *inputs: Input) -> None:
        for what in inputs:
            self._run(self.device.sense(what, self._now_ms()))

    def unlocked(self) -> list[bytes | None]:
        return [effect.grant for effect in self.effects if isinstance(effect, Unlock)]

    def _now_ms(self) -> int:
        return round(asyncio.get_running_loop().time() * 1000)

    def _run(self, output) -> None:
        loop = asyncio.get_running_loop()
        self._memory = self.device.controller.memory
        self.effects += output.effects
        if output.data and self.is_plugged and not self.is_silent:
            self._carry(lambda: self._arrive(output.data))
        if self._timer is not None:
            self._timer.cancel()
        deadline_ms = self.device.deadline_ms()
        if deadline_ms is not None:
            self._timer = loop.call_at(deadline_ms / 1000, self._tick)

    def _carry(self, arrive: Callable[[], None]) -> None:
        """Timers of the same time fire in any order; a line has one order."""
        self._flying.append(arrive)
        asyncio.get_running_loop().call_later(WIRE_S, self._arrive_next)

    def _arrive_next(self) -> None:
        self._flying.popleft()()

    def _arrive(self, data: bytes) -> None:
        if self.is_plugged:
            self._received(data, asyncio.get_running_loop().time())

    def _tick(self) -> None:
        self._run(self.device.tick(self._now_ms()))


class Lane:
    """What a lane does with its turnstile: takes the reports and records the log."""

    def __init__(self, cable: SimCable, psk: bytes = PSK) -> None:
        self.cable = cable
        self.reports: list[base.GateReport] = []
        self.react: Callable[[base.GateReport], None] = self._acknowledge
        token = counting_token("host")
        self.turnstile = GatelinkTurnstile(cable, Host(psk, name="gateway", token=token))

    def told(self, *kinds: type) -> list[base.GateReport]:
        return [report for report in self.reports if isinstance(report, kinds)]

    def open(self, grant: str = ANNA, direction: base.Direction = ENTRY) -> None:
        self.turnstile.send(base.OpenOnce(grant, direction, unlock_ms=5000, ttl_ms=1500))

    def take(self, report: base.GateReport) -> None:
        self.reports.append(report)
        self.react(report)

    def _acknowledge(self, report: base.GateReport) -> None:
        log = getattr(report, "log", None)
        if log is not None:
            self.turnstile.send(base.Acknowledge(log.device, log.sequence))


def play(
    story: Callable[[Lane], Awaitable[None]],
    *,
    psk: bytes = PSK,
    is_plugged: bool = True,
    memory: Memory | None = None,
) -> Lane:
    async def main() -> Lane:
        cable = SimCable(memory)
        cable.is_plugged = is_plugged
        lane = Lane(cable, psk)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(lane.turnstile.run(lane.take))
            await asyncio.sleep(0.2)
            await story(lane)
            running.cancel()
        return lane

    return run(main())


def test_capabilities_are_those_of_a_controller_that_thinks() -> None:
    async def story(lane: Lane) -> None:
        assert lane.turnstile.capabilities == base.Capabilities(
            own_timing=True, feedback=True, direction=True, log=True, fire_input=True
        )

    play(story)


def test_a_link_comes_up_with_the_log_read() -> None:
    async def story(lane: Lane) -> None:
        pass

    assert play(story).reports == [
        base.LinkUp("tripod"),
        base.DeviceNoted("boot", base.LogPosition(LOG, 1), 0.009),
        base.DeviceNoted("host_back", base.LogPosition(LOG, 2)),
        base.LogRead(LOG, ()),
    ]


def test_a_person_is_let_in_and_passes() -> None:
    async def story(lane: Lane) -> None:
        lane.reports.clear()
        lane.open()
        await asyncio.sleep(0.1)
        lane.cable.sense(PassageBegan(Direction.ENTRY))
        await asyncio.sleep(0.1)
        lane.cable.sense(PassageCompleted(Direction.ENTRY))
        await asyncio.sleep(0.1)
        assert lane.reports == [
            base.Opened(ANNA),
            base.PassageBegan(ANNA),
            base.Passed(ENTRY, ANNA, base.LogPosition(LOG, 3)),
        ]
        assert lane.cable.device.controller.memory.acknowledged == 3

    play(story)


def test_who_turns_back_did_not_pass() -> None:
    async def story(lane: Lane) -> None:
        lane.open()
        await asyncio.sleep(0.1)
        lane.cable.sense(TurnedBack())
        await asyncio.sleep(0.1)
        assert lane.told(base.NotPassed) == [
            base.NotPassed(ANNA, base.LogPosition(LOG, 3), "turned_back")
        ]

    play(story)


def test_breaches_are_told_with_their_kind() -> None:
    async def story(lane: Lane) -> None:
        lane.cable.sense(PassageCompleted(Direction.ENTRY), SecondBody())
        await asyncio.sleep(0.1)
        assert lane.told(base.Breached) == [
            base.Breached(base.BreachKind.FORCED, ENTRY, base.LogPosition(LOG, 3)),
            base.Breached(base.BreachKind.TAILGATE, ENTRY, base.LogPosition(LOG, 4)),
        ]

    play(story)


def test_a_cancelled_open_ends() -> None:
    async def story(lane: Lane) -> None:
        lane.open()
        await asyncio.sleep(0.1)
        lane.turnstile.send(base.CancelOpen(ANNA))
        await asyncio.sleep(0.1)
        assert [report.reason for report in lane.told(base.NotPassed)] == ["cancelled"]

    play(story)


def test_a_refused_open_says_why() -> None:
    async def story(lane: Lane) -> None:
        lane.turnstile.send(base.SetMode(base.Mode.EXIT_ONLY))
        lane.open(ANNA)
        await asyncio.sleep(0.1)
        assert lane.told(base.Opened, base.NotOpened) == [base.NotOpened(ANNA, "denied")]
        lane.open(BUDI, EXIT)
        await asyncio.sleep(0.1)
        assert lane.told(base.Opened) == [base.Opened(BUDI)]

    play(story)


def test_mode_and_signals_reach_the_device() -> None:
    async def story(lane: Lane) -> None:
        lane.turnstile.send(base.SetMode(base.Mode.FREE))
        for signal in base.Signal:
            for direction in base.Direction:
                lane.turnstile.send(base.Indicate(signal, direction))
        await asyncio.sleep(0.1)
        assert lane.cable.device.controller.mode is Mode.FREE
        shown = [effect for effect in lane.cable.effects if isinstance(effect, Indicate)]
        assert {effect.signal for effect in shown} == set(Signal)

    play(story)


def test_without_a_link_an_open_is_refused_at_once_and_never_sent() -> None:
    async def story(lane: Lane) -> None:
        assert lane.reports == [base.LinkLost("/dev/ttyS7 does not exist")]
        lane.open()
        assert lane.reports[1:] == [base.NotOpened(ANNA, "link_down")]
        lane.cable.plug()
        await asyncio.sleep(1)
        assert lane.cable.unlocked() == []
        assert lane.told(base.LinkUp)

    play(story, is_plugged=False)


def test_an_open_on_a_line_that_is_pulled_is_unknown_once() -> None:
    async def story(lane: Lane) -> None:
        lane.reports.clear()
        lane.open()
        lane.cable.pull()
        await asyncio.sleep(3)
        assert lane.reports == [base.OpenUnknown(ANNA), base.LinkLost("/dev/ttyS7 hung up")]

    play(story)


def test_a_passage_during_an_outage_comes_from_the_log() -> None:
    async def story(lane: Lane) -> None:
        lane.open()
        await asyncio.sleep(0.1)
        lane.cable.pull()
        lane.cable.sense(PassageCompleted(Direction.ENTRY))
        await asyncio.sleep(10)
        lane.reports.clear()
        lane.cable.plug()
        await asyncio.sleep(0.2)
        passed = base.Passed(ENTRY, ANNA, base.LogPosition(LOG, 3), age_s=10 + 3 * WIRE_S)
        assert lane.told(base.Passed) == [passed]
        assert lane.told(base.LogRead)[-1].in_force == ()

    play(story)


def test_a_grant_that_is_still_in_force_is_named_after_the_outage() -> None:
    async def story(lane: Lane) -> None:
        lane.open()
        await asyncio.sleep(0.1)
        lane.cable.pull()
        lane.cable.plug()
        await asyncio.sleep(0.2)
        assert lane.told(base.LogRead)[-1].in_force == (ANNA,)

    play(story)


def test_a_silent_controller_is_lost_once_and_an_open_in_that_time_is_unknown() -> None:
    async def story(lane: Lane) -> None:
        lane.reports.clear()
        lane.cable.is_silent = True
        lane.open()
        await asyncio.sleep(30)
        assert lane.reports == [
            base.OpenUnknown(ANNA),
            base.LinkLost(loss_text(Loss.SILENT, "/dev/ttyS7", "")),
        ]

    play(story)


def test_a_wrong_key_is_told_as_such_and_opens_nothing() -> None:
    """As when the plugs of two controllers are swapped, each of which has a key of its own."""

    async def story(lane: Lane) -> None:
        await asyncio.sleep(5)
        (lost,) = lane.told(base.LinkLost)
        assert "psk_file" in lost.reason
        lane.open()
        await asyncio.sleep(5)
        assert lane.told(base.Opened, base.NotOpened) == [base.NotOpened(ANNA, "link_down")]

    play(story, psk=bytes(32))


def test_fire_is_told_from_the_state_and_noted_from_the_log() -> None:
    async def story(lane: Lane) -> None:
        lane.reports.clear()
        lane.cable.sense(FireInput(is_on=True))
        await asyncio.sleep(0.1)
        lane.cable.sense(PassageCompleted(Direction.ENTRY))
        lane.cable.sense(FireInput(is_on=False))
        await asyncio.sleep(0.1)
        assert lane.reports == [
            base.FireChanged(is_on=True),
            base.FireChanged(is_on=True, log=base.LogPosition(LOG, 3)),
            base.Passed(ENTRY, None, base.LogPosition(LOG, 4), free=True),
            base.FireChanged(is_on=False),
            base.FireChanged(is_on=False, log=base.LogPosition(LOG, 5)),
        ]

    play(story)


def test_a_fire_that_began_and_ended_unseen_is_only_in_the_log() -> None:
    async def story(lane: Lane) -> None:
        lane.cable.pull()
        lane.cable.sense(FireInput(is_on=True), FireInput(is_on=False))
        lane.reports.clear()
        lane.cable.plug()
        await asyncio.sleep(0.2)
        assert [report.log for report in lane.told(base.FireChanged)] == [
            base.LogPosition(LOG, 3),
            base.LogPosition(LOG, 4),
        ]

    play(story)


def test_a_fault_is_told_when_it_comes_goes_and_after_each_outage() -> None:
    async def story(lane: Lane) -> None:
        faults = (base.Fault, base.FaultCleared)
        lane.cable.sense(FaultInput(is_on=True))
        await asyncio.sleep(0.1)
        lane.cable.pull()
        lane.cable.plug()
        await asyncio.sleep(0.1)
        lane.cable.sense(FaultInput(is_on=False))
        await asyncio.sleep(0.1)
        kinds = [type(report) for report in lane.told(*faults)]
        assert kinds == [base.Fault, base.Fault, base.FaultCleared]

    play(story)


def test_who_is_passing_when_the_link_returns_is_told() -> None:
    async def story(lane: Lane) -> None:
        lane.open()
        await asyncio.sleep(0.1)
        lane.cable.pull()
        lane.cable.sense(PassageBegan(Direction.ENTRY))
        lane.cable.plug()
        await asyncio.sleep(0.1)
        lane.cable.sense(Noticed(LogKind.TAMPER))
        await asyncio.sleep(1)
        assert lane.told(base.PassageBegan) == [base.PassageBegan(ANNA)]

    play(story)


def test_overwritten_entries_are_told_as_lost() -> None:
    memory = Memory(boot_count=1, head=2000, acknowledged=900, lost_count=1100)

    async def story(lane: Lane) -> None:
        assert lane.told(base.LogLost) == [base.LogLost(LOG, 1100)]

    play(story, memory=memory)


def test_an_entry_of_an_earlier_boot_is_as_old_as_the_present_one_at_least() -> None:
    async def story(lane: Lane) -> None:
        lane.cable.pull()
        lane.cable.sense(PassageCompleted(Direction.EXIT))
        await asyncio.sleep(4)
        lane.cable.power_up()
        await asyncio.sleep(3)
        lane.reports.clear()
        lane.cable.plug()
        await asyncio.sleep(0.2)
        (passed,) = lane.told(base.Passed)
        assert passed.age_s >= 3

    play(story)


def test_what_is_wrong_on_the_line_is_told_when_it_changes() -> None:
    async def story(lane: Lane) -> None:
        loop = asyncio.get_running_loop()
        lane.cable._received(b"\0noise\0", loop.time())
        await asyncio.sleep(1)
        assert lane.told(base.LineCounted) == [base.LineCounted(1, 0)]
        sealed = lane.cable.device._link._channel.seal(Ping())
        lane.cable._received(encode(sealed), loop.time())
        lane.cable._received(encode(sealed), loop.time())
        assert lane.told(base.LineCounted)[-1] == base.LineCounted(1, 1)

    play(story)


def test_other_settings_than_those_of_the_gateway_are_told_and_corrected(caplog) -> None:
    others = Settings(unlock_ms=1_000, without_host=WithoutHost.SAFE)

    async def story(lane: Lane) -> None:
        await asyncio.sleep(1)
        assert lane.told(base.DeviceNoted)[2:] == [
            base.DeviceNoted("settings_differ"),
            base.DeviceNoted("settings_taken"),
        ]
        assert lane.cable.device.controller.memory.settings == FACTORY
        (told,) = [it for it in caplog.records if it.message == "controller_settings_differ"]
        assert told.fields["without_host"] == "safe"

    play(story, memory=Memory(settings=others))


def test_reports_stay_in_order_when_the_lane_reacts_at_once() -> None:
    async def story(lane: Lane) -> None:
        lane.reports.clear()

        def open_again(report: base.GateReport) -> None:
            if report == base.NotOpened(ANNA, "link_down"):
                lane.open(BUDI)

        lane.react = open_again
        lane.cable.pull()
        lane.open(ANNA)
        assert lane.reports == [
            base.LinkLost("/dev/ttyS7 hung up"),
            base.NotOpened(ANNA, "link_down"),
            base.NotOpened(BUDI, "link_down"),
        ]

    play(story)


def test_what_is_sent_before_the_driver_runs_is_answered_when_it_does() -> None:
    async def main() -> None:
        lane = Lane(SimCable())
        lane.open()
        assert lane.reports == []
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(lane.turnstile.run(lane.take))
            await asyncio.sleep(0.2)
            running.cancel()
        assert lane.reports[0] == base.NotOpened(ANNA, "link_down")

    run(main())


@pytest.mark.parametrize("kind", list(LogKind))
def test_every_log_entry_becomes_a_report_with_its_position(kind: LogKind) -> None:
    """Whatever a foreign device leaves out: it must be recorded, or it comes for ever."""
    position = base.LogPosition(LOG, 7)
    report = log_report(LogEntry(sequence=7, kind=kind, boot=1, at_ms=0), position, 2.5)
    assert report.log == position
    assert report.age_s == 2.5


@pytest.mark.parametrize("loss", list(Loss))
def test_every_loss_says_where_and_what_to_look_at(loss: Loss) -> None:
    text = loss_text(loss, "/dev/ttyS7", "/dev/ttyS7 hung up: was the cable pulled?")
    assert text.startswith("/dev/ttyS7")
    assert len(text) > 30
