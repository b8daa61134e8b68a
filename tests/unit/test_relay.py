"""The driver `mqtt_relay` in virtual time, against the bytes of Shelly and Tasmota devices."""

import asyncio
import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import base
from drivers.turnstiles.relay import ANSWERS_KEPT, LOST_S, PROBE_S, RelayTurnstile
from drivers.turnstiles.relay_profiles import (
    PAYLOAD_SIZE_MAX,
    Online,
    Probed,
    Pulsed,
    RelayKind,
    Request,
    relay_profile,
)
from tests.sim import loop as sim
from tests.unit.sim_messages import SimMessages

G1, G2 = f"{1:032x}", f"{2:032x}"


def entry(grant, unlock_ms=5_000, ttl_ms=1_500):
    return base.OpenOnce(grant, base.Direction.ENTRY, unlock_ms, ttl_ms)


class SimShelly:
    """A Shelly with the topic prefix `gate-relay`; its relay falls back by itself."""

    def __init__(self, broker):
        self.broker = broker
        self.pulses = []
        self.error = None
        self.is_on = True
        broker.devices.append(self)

    def receive(self, topic, payload, *, is_retained):
        if not self.is_on or topic != "gate-relay/rpc":
            return
        call = json.loads(payload)
        answer = {"id": call["id"], "src": "gate-relay", "dst": call["src"]}
        if call["method"] == "Switch.Set" and self.error is None:
            assert call["params"]["on"] is True
            self.pulses.append(call["params"]["toggle_after"])
            answer["result"] = {"was_on": False}
        elif call["method"] == "Switch.GetStatus":
            answer["result"] = {"id": call["params"]["id"], "output": False}
        else:
            answer["error"] = self.error
        self.broker.carry(f"{call['src']}/rpc", json.dumps(answer).encode())


class SimTasmota:
    """A Tasmota relay with the topic `gate-relay`."""

    def __init__(self, broker, pulse_time=0, names=("POWER",)):
        self.broker = broker
        self.pulse_time = pulse_time
        self.names = names
        self.opened = []
        self.keeps = True
        broker.devices.append(self)

    def receive(self, topic, payload, *, is_retained):
        if topic == "cmnd/gate-relay/PulseTime1":
            if payload and self.keeps:
                self.pulse_time = int(payload)
            self.say({"PulseTime1": {"Set": self.pulse_time, "Remaining": 0}})
        if topic == "cmnd/gate-relay/POWER1":
            assert payload == b"ON"
            self.opened.append(self.pulse_time)
            self.say(dict.fromkeys(self.names, "ON"))

    def say(self, answer):
        self.broker.carry("stat/gate-relay/RESULT", json.dumps(answer).encode())


class Bench:
    def __init__(self, device, kind=RelayKind.SHELLY, channel=0):
        self.broker = SimMessages()
        self.device = device(self.broker)
        profile = relay_profile(kind, "gate-relay", channel, 700)
        self.turnstile = RelayTurnstile(self.broker, "gate-relay", profile, assume_passed=True)
        self.reports = []

    @contextlib.asynccontextmanager
    async def running(self):
        task = asyncio.create_task(self.turnstile.run(self.reports.append))
        await asyncio.sleep(0.1)
        try:
            yield self
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


def play(test, *arguments, **settings):
    async def main():
        bench = Bench(*arguments, **settings)
        async with bench.running():
            await test(bench)

    sim.run(main())


def shelly(test):
    """Run the coroutine in virtual time with a linked Shelly."""

    def run():
        async def linked(bench):
            assert bench.reports == [base.LinkUp("gate-relay")]
            bench.reports.clear()
            await test(bench)

        play(linked, SimShelly)

    run.__name__ = test.__name__
    return run


# --- opening -------------------------------------------------------------------------------------


@shelly
async def test_an_open_is_one_pulse_that_the_board_times_and_one_assumed_passage(bench):
    bench.turnstile.send(entry(G1))
    await asyncio.sleep(0.1)
    assert bench.device.pulses == [0.7]
    assert bench.reports == [base.Opened(G1)]
    await asyncio.sleep(4.8)
    assert len(bench.reports) == 1
    await asyncio.sleep(0.2)
    assert bench.reports[1:] == [base.Passed(base.Direction.ENTRY, G1, assumed=True)]


@shelly
async def test_nothing_is_ever_published_that_a_host_would_have_to_end(bench):
    bench.turnstile.send(entry(G1))
    bench.turnstile.send(base.CancelOpen(G1))
    await asyncio.sleep(20)
    calls = [json.loads(payload) for _, payload in bench.broker.published]
    switched = [call["params"] for call in calls if call["method"] == "Switch.Set"]
    assert switched == [{"id": 0, "on": True, "toggle_after": 0.7}]


@shelly
async def test_a_repeat_of_a_grant_answers_the_same_and_never_pulses_again(bench):
    for _ in range(2):
        bench.turnstile.send(entry(G1))
        await asyncio.sleep(6)
    assert len(bench.device.pulses) == 1
    assert bench.reports.count(base.Opened(G1)) == 2


@shelly
async def test_another_open_while_one_is_under_way_or_open_is_busy(bench):
    bench.turnstile.send(entry(G1))
    bench.turnstile.send(entry(G2))
    await asyncio.sleep(1)
    bench.turnstile.send(entry(f"{3:032x}"))
    assert [report.grant for report in bench.reports if isinstance(report, base.NotOpened)] == [
        G2,
        f"{3:032x}",
    ]
    assert len(bench.device.pulses) == 1


@shelly
async def test_an_error_of_the_relay_is_not_opened_with_its_words(bench):
    bench.device.error = {"code": -103, "message": "overpower"}
    bench.turnstile.send(entry(G1))
    await asyncio.sleep(0.1)
    (report,) = bench.reports
    assert report.grant == G1
    assert "overpower" in report.reason


@shelly
async def test_no_answer_in_the_time_to_live_is_unknown_and_a_late_answer_changes_nothing(bench):
    bench.broker.faults = lambda topic: [3] if topic.endswith("-0/rpc") else [0.005]
    bench.turnstile.send(entry(G1))
    await asyncio.sleep(4)
    assert [report for report in bench.reports if not isinstance(report, base.LinkUp)] == [
        base.OpenUnknown(G1)
    ]


@shelly
async def test_an_exit_switches_nothing_and_is_counted(bench):
    bench.turnstile.send(base.OpenOnce(G1, base.Direction.EXIT, 5_000, 1_500))
    await asyncio.sleep(5.1)
    assert bench.device.pulses == []
    assert bench.reports == [
        base.Opened(G1),
        base.Passed(base.Direction.EXIT, G1, assumed=True),
    ]


@shelly
async def test_a_pulse_that_the_connection_does_not_take_is_not_opened(bench):
    bench.broker.takes = False
    bench.turnstile.send(entry(G1))
    assert bench.reports == [base.NotOpened(G1, "link_down")]


@shelly
async def test_answers_to_old_grants_are_forgotten_in_the_end(bench):
    for number in range(ANSWERS_KEPT + 5):
        bench.turnstile.send(base.OpenOnce(f"{number:032x}", base.Direction.EXIT, 1, 1_500))
        await asyncio.sleep(0.01)
    assert len(bench.turnstile._answers) == ANSWERS_KEPT


def test_without_assumed_passages_the_settings_can_never_work():
    profile = relay_profile(RelayKind.SHELLY, "gate-relay", 0, 700)
    with pytest.raises(base.DriverError, match="assume_passed = true"):
        RelayTurnstile(SimMessages(), "gate-relay", profile, assume_passed=False)


@shelly
async def test_orders_that_a_relay_cannot_follow_publish_nothing(bench):
    for command in (
        base.CancelOpen(G1),
        base.SetMode(base.Mode.EXIT_ONLY),
        base.SetMode(base.Mode.FREE),
        base.Indicate(base.Signal.GO, base.Direction.ENTRY),
        base.Acknowledge("x", 1),
    ):
        bench.broker.published.clear()
        bench.turnstile.send(command)
        assert bench.broker.published == []


def test_the_capabilities_promise_no_feedback():
    capabilities = Bench(SimShelly).turnstile.capabilities
    assert capabilities.own_timing
    assert not capabilities.feedback
    assert not capabilities.log


def test_the_free_mode_leaves_an_error_that_says_what_to_do(caplog):
    async def free(bench):
        bench.turnstile.send(base.SetMode(base.Mode.FREE))

    play(free, SimShelly)
    (record,) = [r for r in caplog.records if r.message == "relay_cannot_be_freed"]
    assert "own input" in record.fields["remedy"]


# --- the link ----------------------------------------------------------------------------------


@shelly
async def test_a_silent_relay_is_lost_after_two_probes_and_found_again(bench):
    bench.device.is_on = False
    await asyncio.sleep(LOST_S)
    (lost,) = bench.reports
    assert "does not answer" in lost.reason
    bench.turnstile.send(entry(G1))
    assert bench.reports[-1] == base.NotOpened(G1, "link_down")
    await asyncio.sleep(60)
    bench.device.is_on = True
    await asyncio.sleep(PROBE_S + 0.1)
    assert bench.reports[2:] == [base.LinkUp("gate-relay")]


@shelly
async def test_the_relays_own_will_ends_the_link_at_once_and_its_return_is_probed(bench):
    bench.device.is_on = False
    bench.broker.say("gate-relay/online", "false", is_retained=True)
    assert "the broker lost gate-relay" in bench.reports[0].reason
    bench.device.is_on = True
    bench.broker.say("gate-relay/online", "true")
    await asyncio.sleep(0.1)
    assert bench.reports[1:] == [base.LinkUp("gate-relay")]


@shelly
async def test_a_retained_online_of_a_dead_relay_is_no_link(bench):
    bench.device.is_on = False
    bench.broker.say("gate-relay/online", "false")
    bench.reports.clear()
    bench.broker.say("gate-relay/online", "true", is_retained=True)
    await asyncio.sleep(1)
    assert bench.reports == []


@shelly
async def test_the_lost_connection_to_the_broker_is_told(bench):
    bench.broker.set_up(is_up=False)
    bench.broker.set_up(is_up=False)
    assert ["device broker" in report.reason for report in bench.reports] == [True]
    bench.broker.set_up(is_up=True)
    await asyncio.sleep(0.1)
    assert bench.reports[1:] == [base.LinkUp("gate-relay")]


@shelly
async def test_retained_and_foreign_answers_open_nothing(bench):
    bench.broker.faults = lambda topic: [] if topic.endswith("-0/rpc") else [0.005]
    bench.turnstile.send(entry(G1))
    (call,) = [json.loads(p) for _, p in bench.broker.published if b"Switch.Set" in p]
    answer = {"id": call["id"], "result": {}}
    bench.broker.say(f"{call['src']}/rpc", json.dumps(answer), is_retained=True)
    bench.broker.say("other/rpc", json.dumps(answer))
    bench.broker.say(f"{call['src']}/rpc", "nonsense")
    assert bench.reports == []


def test_messages_after_the_driver_ended_are_ignored():
    async def main():
        bench = Bench(SimShelly)
        async with bench.running():
            pass
        bench.reports.clear()
        bench.broker.say("gate-relay/online", "false")
        bench.broker.set_up(is_up=False)
        assert bench.reports == []

    sim.run(main())


# --- Tasmota -------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [("POWER",), ("POWER1",)])
def test_a_tasmota_is_used_once_its_pulse_time_is_set_and_verified(names):
    async def open_it(bench):
        assert "PulseTime1 is 0 and must be 7" in bench.reports[0].reason
        assert bench.reports[1:] == [base.LinkUp("gate-relay")]
        bench.turnstile.send(entry(G1))
        await asyncio.sleep(0.1)
        assert bench.reports[2:] == [base.Opened(G1)]
        assert bench.device.opened == [7]

    play(open_it, lambda broker: SimTasmota(broker, 0, names), kind=RelayKind.TASMOTA, channel=1)


def test_a_tasmota_that_does_not_keep_its_pulse_time_is_not_used():
    async def change(bench):
        assert bench.reports == [base.LinkUp("gate-relay")]
        bench.device.pulse_time = 0
        bench.device.keeps = False
        await asyncio.sleep(PROBE_S)
        bench.turnstile.send(entry(G1))
        assert [type(report) for report in bench.reports[1:]] == [base.LinkLost, base.NotOpened]
        assert bench.device.opened == []

    play(change, lambda broker: SimTasmota(broker, 7), kind=RelayKind.TASMOTA, channel=1)


@pytest.mark.parametrize("pulse_ms", [0, 50, 750, 11_200])
def test_a_pulse_that_a_tasmota_cannot_time_is_refused_by_name(pulse_ms):
    with pytest.raises(base.DriverError, match=f"pulse_ms = {pulse_ms}"):
        relay_profile(RelayKind.TASMOTA, "gate-relay", 1, pulse_ms)


# --- profiles: golden bytes ------------------------------------------------------------------------


def inbound(topic, payload, *, is_retained=False):
    return base.Inbound(topic, payload, is_retained)


def test_shelly_speaks_the_makers_json_rpc():
    profile = relay_profile(RelayKind.SHELLY, "shellypro1-30c6f78e4e14", 0, 700)
    assert profile.topic_filters == (
        "shellypro1-30c6f78e4e14/online",
        "gatewayd-shellypro1-30c6f78e4e14-0/rpc",
    )
    assert profile.pulse() == Request(
        "shellypro1-30c6f78e4e14/rpc",
        b'{"id": 1, "src": "gatewayd-shellypro1-30c6f78e4e14-0", "method": "Switch.Set", '
        b'"params": {"id": 0, "on": true, "toggle_after": 0.7}}',
    )
    answer = b'{"id":1,"src":"shellypro1-30c6f78e4e14","dst":"x","result":{"was_on":false}}'
    assert profile.read(inbound("gatewayd-shellypro1-30c6f78e4e14-0/rpc", answer)) == Pulsed()
    assert profile.read(inbound("gatewayd-shellypro1-30c6f78e4e14-0/rpc", answer)) == Probed()
    assert profile.read(inbound("shellypro1-30c6f78e4e14/online", b"true")) == Online(is_on=True)
    assert profile.read(inbound("shellypro1-30c6f78e4e14/online", b"yes")) is None


def test_tasmota_speaks_its_commands():
    profile = relay_profile(RelayKind.TASMOTA, "gate", 2, 11_100)
    assert profile.topic_filters == ("tele/gate/LWT", "stat/gate/RESULT")
    assert profile.probe() == Request("cmnd/gate/PulseTime2", b"")
    assert profile.pulse() == Request("cmnd/gate/POWER2", b"ON")
    result = "stat/gate/RESULT"
    assert profile.read(inbound(result, b'{"POWER2":"ON"}')) == Pulsed()
    assert profile.read(inbound(result, b'{"POWER2":"OFF"}')) is None
    assert profile.read(inbound(result, b'{"POWER":"ON"}')) is None
    assert profile.read(inbound(result, b'{"POWER2":"ON"}', is_retained=True)) is None
    assert profile.read(inbound(result, b'{"PulseTime2":{"Set":111,"Remaining":0}}')) == Probed()
    assert profile.read(inbound("tele/gate/LWT", b"Offline")) == Online(is_on=False)


@pytest.mark.parametrize("kind", RelayKind)
@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", b"7", b"\xff", b"{}", b'{"id":true,"result":1}', b"[" * 5_000, b'{"id":1}'],
)
def test_foreign_payloads_are_no_answers(kind, payload):
    profile = relay_profile(kind, "gate", 1, 700)
    for topic in profile.topic_filters:
        assert profile.read(inbound(topic, payload)) is None
        assert profile.read(inbound(topic, payload + b" " * PAYLOAD_SIZE_MAX)) is None


@settings(max_examples=100)
@given(
    kind=st.sampled_from(RelayKind),
    payload=st.binary(max_size=60)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["id", "result", "error", "POWER1", "PulseTime1", "Set"]), inner
            )
        ),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode()),
)
def test_profiles_never_raise(kind, payload):
    profile = relay_profile(kind, "gate", 1, 700)
    for topic in profile.topic_filters:
        profile.read(inbound(topic, payload))
