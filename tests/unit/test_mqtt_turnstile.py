"""The driver `mqtt` in virtual time, against the device's side on a simulated broker."""

import asyncio
import contextlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import base
from drivers.turnstiles.mqtt import MqttTurnstile
from firmware_protocol.inputs import FaultInput, FireInput, Noticed, PassageBegan
from firmware_protocol.memory import LOG_ROWS_MAX
from firmware_protocol.words import Direction, LogKind, Mode, Signal
from tests.sim import loop as sim
from tests.unit.sim_messages import SimDevice, SimMessages

PSK = bytes(range(32))
G1, G2 = f"{1:032x}", f"{2:032x}"


def entry(grant, unlock_ms=5_000, ttl_ms=1_500):
    return base.OpenOnce(grant, base.Direction.ENTRY, unlock_ms, ttl_ms)


class Lane:
    """What runs a turnstile: keeps the reports, acknowledges what is in the log."""

    def __init__(self, turnstile):
        self.turnstile = turnstile
        self.reports = []
        self.acknowledges = True

    def report(self, report):
        self.reports.append(report)
        position = getattr(report, "log", None)
        if position is not None and self.acknowledges:
            self.turnstile.send(base.Acknowledge(position.device, position.sequence))

    def told(self, kind):
        return [report for report in self.reports if isinstance(report, kind)]


class Bench:
    """One lane, one broker, one device."""

    def __init__(self, seed=0):
        self.broker = SimMessages(seed)
        self.device = SimDevice(self.broker, "tripod-2", PSK)
        self.turnstile = MqttTurnstile(
            self.broker, "tripod-2", PSK, token=self.broker.chance.randbytes
        )
        self.lane = Lane(self.turnstile)

    @contextlib.asynccontextmanager
    async def running(self, *, device=True):
        if device:
            self.device.start()
        task = asyncio.create_task(self.turnstile.run(self.lane.report))
        await asyncio.sleep(1.5 if device else 0)
        try:
            yield self
        finally:
            task.cancel()
            self.device.stop(will=False)
            with contextlib.suppress(asyncio.CancelledError):
                await task


def on_a_bench(test):
    """Run the coroutine test in virtual time, with a linked bench."""

    def run():
        async def main():
            bench = Bench()
            async with bench.running():
                bench.lane.reports.clear()
                await test(bench)

        sim.run(main())

    run.__name__ = test.__name__
    return run


def test_the_capabilities_are_those_of_a_controller_with_a_log():
    assert Bench().turnstile.capabilities == base.Capabilities(
        own_timing=True, feedback=True, direction=True, log=True, fire_input=True
    )


def test_a_link_comes_up_and_the_log_is_read():
    async def main():
        bench = Bench()
        async with bench.running():
            await asyncio.sleep(1)
            reports = bench.lane.reports
            assert reports[0] == base.LinkUp("tripod-2")
            assert [report.kind for report in bench.lane.told(base.DeviceNoted)] == [
                "boot",
                "host_back",
            ]
            assert reports[-1] == base.LogRead(bench.device.log.hex(), ())

    sim.run(main())


@on_a_bench
async def test_an_open_is_answered_and_a_passage_reported_with_its_place_in_the_log(bench):
    bench.turnstile.send(entry(G1))
    await asyncio.sleep(0.1)
    assert bench.lane.reports == [base.Opened(G1)]
    bench.device.walk()
    await asyncio.sleep(0.1)
    position = base.LogPosition(bench.device.log.hex(), 3)
    assert bench.lane.reports[1:] == [
        base.PassageBegan(G1),
        base.Passed(base.Direction.ENTRY, G1, position),
    ]
    assert bench.device.memory.entries == ()


@on_a_bench
async def test_an_open_that_the_controller_refuses_is_not_opened_with_its_reason(bench):
    bench.device.sense(FaultInput(is_on=True))
    await asyncio.sleep(0.1)
    bench.turnstile.send(entry(G1))
    await asyncio.sleep(0.1)
    assert bench.lane.told(base.NotOpened) == [base.NotOpened(G1, "denied")]
    assert len(bench.lane.told(base.Fault)) == 1


@on_a_bench
async def test_a_repeat_of_a_grant_answers_the_same_and_opens_once(bench):
    for _ in range(2):
        bench.turnstile.send(entry(G1))
        await asyncio.sleep(0.1)
    assert bench.lane.reports == [base.Opened(G1), base.Opened(G1)]
    assert bench.device.unlocked == [G1]


@on_a_bench
async def test_without_a_connection_to_the_broker_nothing_is_opened_then_or_later(bench):
    bench.broker.set_up(is_up=False)
    bench.turnstile.send(entry(G1))
    assert "device broker" in bench.lane.told(base.LinkLost)[0].reason
    assert bench.lane.reports[-1] == base.NotOpened(G1, "link_down")
    bench.broker.set_up(is_up=True)
    await asyncio.sleep(5)
    assert bench.device.unlocked == []


@on_a_bench
async def test_an_open_that_the_connection_does_not_take_is_not_opened_and_never_repeated(bench):
    bench.broker.takes = False
    bench.turnstile.send(entry(G1))
    assert bench.lane.reports == [base.NotOpened(G1, "link_down")]
    bench.broker.takes = True
    await asyncio.sleep(3)
    assert bench.device.unlocked == []
    assert bench.lane.told(base.OpenUnknown) == []


@on_a_bench
async def test_an_open_without_an_answer_is_unknown_after_its_time_to_live(bench):
    bench.broker.faults = lambda topic: [] if topic.endswith("/result") else [0.005]
    bench.turnstile.send(entry(G1, ttl_ms=1_000))
    await asyncio.sleep(0.99)
    assert not bench.lane.told(base.OpenUnknown)
    await asyncio.sleep(0.02)
    assert bench.lane.told(base.OpenUnknown) == [base.OpenUnknown(G1)]
    await asyncio.sleep(2.1)
    assert bench.lane.told(base.LogRead) == [base.LogRead(bench.device.log.hex(), (G1,))]


@on_a_bench
async def test_a_device_that_is_cut_off_under_a_grant_tells_the_end_when_it_is_back(bench):
    bench.turnstile.send(entry(G1))
    await asyncio.sleep(0.1)
    bench.device.stop()
    await asyncio.sleep(0.1)
    assert bench.lane.told(base.LinkLost)
    bench.device.start()
    await asyncio.sleep(2.5)
    ended = bench.lane.told(base.NotPassed)
    assert [(report.grant, report.reason) for report in ended] == [(G1, "reboot")]
    assert isinstance(bench.lane.reports[-1], base.LogRead)


@on_a_bench
async def test_breaches_fire_and_notes_come_from_the_log(bench):
    bench.device.walk()
    bench.device.sense(FireInput(is_on=True))
    bench.device.walk()
    bench.device.sense(FireInput(is_on=False))
    bench.device.sense(Noticed(LogKind.TAMPER))
    await asyncio.sleep(0.2)
    logged = [report for report in bench.lane.reports if getattr(report, "log", None)]
    log = bench.device.log.hex()
    assert logged == [
        base.Breached(base.BreachKind.FORCED, base.Direction.ENTRY, base.LogPosition(log, 3)),
        base.FireChanged(is_on=True, log=base.LogPosition(log, 4)),
        base.Passed(base.Direction.ENTRY, None, base.LogPosition(log, 5), free=True),
        base.FireChanged(is_on=False, log=base.LogPosition(log, 6)),
        base.DeviceNoted("tamper", base.LogPosition(log, 7)),
    ]
    states = [report.is_on for report in bench.lane.told(base.FireChanged) if report.log is None]
    assert states == [True, False]


@on_a_bench
async def test_entries_that_the_controller_overwrote_are_reported_as_lost(bench):
    bench.broker.set_up(is_up=False)
    await asyncio.sleep(4)
    for _ in range(LOG_ROWS_MAX):
        bench.device.sense(Noticed(LogKind.TAMPER))
    bench.broker.set_up(is_up=True)
    await asyncio.sleep(3)
    lost = bench.lane.told(base.LogLost)
    # The log also has that the host was lost, and is back.
    assert sum(report.count for report in lost) == 2
    assert lost[0].device == bench.device.log.hex()


@on_a_bench
async def test_a_fault_is_told_again_by_a_new_link_and_cleared_when_it_is_gone(bench):
    bench.device.sense(FaultInput(is_on=True))
    await asyncio.sleep(0.1)
    for _ in range(2):
        bench.broker.set_up(is_up=False)
        bench.broker.set_up(is_up=True)
        await asyncio.sleep(1.5)
    assert len(bench.lane.told(base.Fault)) == 3
    bench.broker.set_up(is_up=False)
    bench.device.sense(FaultInput(is_on=False))
    bench.broker.set_up(is_up=True)
    await asyncio.sleep(1.5)
    assert len(bench.lane.told(base.FaultCleared)) == 1


@on_a_bench
async def test_modes_signals_and_cancellations_reach_the_controller(bench):
    bench.turnstile.send(base.SetMode(base.Mode.EXIT_ONLY))
    bench.turnstile.send(base.Indicate(base.Signal.CLOSED, base.Direction.ENTRY))
    bench.turnstile.send(base.Indicate(base.Signal.READY, base.Direction.EXIT))
    await asyncio.sleep(0.1)
    controller = bench.device.side.controller
    assert controller.mode is Mode.EXIT_ONLY
    assert bench.device.side._signals[Direction.EXIT] is Signal.READY
    bench.turnstile.send(base.OpenOnce(G1, base.Direction.EXIT, 5_000, 1_500))
    await asyncio.sleep(0.1)
    bench.turnstile.send(base.CancelOpen(G1))
    await asyncio.sleep(0.1)
    assert [report.reason for report in bench.lane.told(base.NotPassed)] == ["cancelled"]


@on_a_bench
async def test_a_lane_that_sends_while_it_is_told_gets_its_reports_in_order(bench):
    seen = bench.lane.report

    def open_again(report):
        seen(report)
        if report == base.Opened(G1):
            bench.turnstile.send(entry(G2))

    bench.turnstile._telling.start(open_again)
    bench.turnstile.send(entry(G1))
    await asyncio.sleep(0.2)
    assert bench.lane.reports == [base.Opened(G1), base.NotOpened(G2, "busy")]


@on_a_bench
async def test_retained_late_and_repeated_opens_never_open(bench):
    bench.turnstile.send(entry(G1))
    await asyncio.sleep(0.1)
    bench.device.walk()
    await asyncio.sleep(0.1)
    (topic, payload), *_ = [one for one in bench.broker.published if one[0].endswith("/open")]
    for is_retained in (False, True):
        for wait_s in (0, 1, 4, 60):
            await asyncio.sleep(wait_s)
            bench.broker.deliver(topic, payload, is_retained=is_retained)
    assert bench.device.unlocked == [G1]


def test_messages_with_a_wrong_key_are_told_as_an_outage_and_logged_once(caplog):
    async def main():
        bench = Bench()
        bench.device.psk = bytes(32)
        async with bench.running():
            await asyncio.sleep(10)
            (lost,) = bench.lane.told(base.LinkLost)
            assert "look at its key" in lost.reason

    sim.run(main())
    (record,) = [r for r in caplog.records if r.message == "turnstile_message_refused"]
    assert record.fields["reason"] == "forged"


def test_an_open_before_the_driver_runs_is_answered_when_it_does():
    async def main():
        bench = Bench()
        bench.turnstile.send(entry(G1))
        async with bench.running(device=False):
            await asyncio.sleep(0.1)
            assert bench.lane.reports == [base.NotOpened(G1, "link_down")]

    sim.run(main())


def test_the_driver_can_be_run_again():
    async def main():
        bench = Bench()
        async with bench.running():
            pass
        bench.lane.reports.clear()
        async with bench.running():
            bench.turnstile.send(entry(G1))
            await asyncio.sleep(0.1)
            assert bench.lane.told(base.Opened) == [base.Opened(G1)]

    sim.run(main())


def test_two_devices_on_one_broker_do_not_hear_each_other():
    async def main():
        first = Bench()
        second = SimDevice(first.broker, "tripod-3", PSK, b"another!")
        second.start()
        turnstile = MqttTurnstile(
            first.broker, "tripod-3", PSK, token=first.broker.chance.randbytes
        )
        lane = Lane(turnstile)
        task = asyncio.create_task(turnstile.run(lane.report))
        async with first.running():
            first.turnstile.send(entry(G1))
            turnstile.send(entry(G2))
            await asyncio.sleep(0.1)
            assert (first.device.unlocked, second.unlocked) == ([G1], [G2])
        second.stop(will=False)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    sim.run(main())


def check(bench, opens):
    grants = [grant for grant in bench.device.unlocked if grant is not None]
    assert len(grants) == len(set(grants)), "a command was executed twice"
    answers = [
        report.grant
        for report in bench.lane.reports
        if isinstance(report, base.Opened | base.NotOpened | base.OpenUnknown)
    ]
    assert sorted(answers) == opens, "each open is answered exactly once"
    places = [report.log.sequence for report in bench.lane.reports if getattr(report, "log", None)]
    assert places == list(range(1, bench.device.memory.head + 1)), "an entry was lost or doubled"


@settings(max_examples=20)
@given(
    seed=st.integers(0, 2**32),
    acts=st.lists(
        st.sampled_from(["open", "open", "walk", "wait", "replay", "reboot", "host", "begin"]),
        max_size=30,
    ),
)
def test_whatever_the_network_does_nothing_opens_twice_and_the_log_comes_once(seed, acts):
    async def main():
        bench = Bench(seed)
        chance = random.Random(seed)
        opens = []

        def stormy(_topic):
            copies = chance.choice([0, 1, 1, 1, 1, 2])
            return [chance.choice([0.001, 0.005, 0.02, 0.3, 2.5]) for _ in range(copies)]

        async with bench.running():
            bench.broker.faults = stormy
            for act in acts:
                match act:
                    case "open":
                        opens.append(f"{len(opens) + 1:032x}")
                        bench.turnstile.send(entry(opens[-1]))
                    case "walk":
                        bench.device.walk()
                    case "begin":
                        bench.device.sense(PassageBegan(Direction.ENTRY))
                    case "replay":
                        topic, payload = chance.choice(bench.broker.carried)
                        bench.broker.deliver(topic, payload, is_retained=chance.random() < 0.3)
                    case "reboot":
                        bench.device.stop()
                        bench.device.start()
                    case "host":
                        bench.broker.set_up(is_up=False)
                        await asyncio.sleep(chance.random() * 4)
                        bench.broker.set_up(is_up=True)
                    case _:
                        await asyncio.sleep(chance.random())
            bench.broker.faults = lambda _topic: [0.005]
            await asyncio.sleep(12)
            check(bench, opens)
            assert isinstance(bench.lane.told(base.LinkUp | base.LinkLost)[-1], base.LinkUp)

    sim.run(main())


@pytest.mark.parametrize("command", [base.CancelOpen(G1), base.SetMode(base.Mode.FREE)])
def test_commands_without_a_link_are_not_sent(command):
    async def main():
        bench = Bench()
        async with bench.running(device=False):
            bench.turnstile.send(command)
            assert bench.broker.published == []

    sim.run(main())
