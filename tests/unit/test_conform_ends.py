"""The conformance kit where a controller, a line or a person does not play along."""

import asyncio

import pytest

from drivers.base import DriverError
from drivers.conform.runner import run_rules
from drivers.conform.serial_bench import SerialBench
from drivers.conform.serial_kit import serial_rules
from drivers.conform.words import Finding, Nobody, Rule, Verdict, picked
from firmware_protocol.device import Device, Output
from firmware_protocol.inputs import FireInput
from firmware_protocol.memory import Memory
from firmware_protocol.mqtt_device import DeviceSide
from tests.sim.loop import run
from tests.unit import conform_mqtt_world as mqtt
from tests.unit.conform_world import ControllerLine, SimHands, conforms
from tests.unit.gatelink_line import PSK, counting_token

pytestmark = pytest.mark.slow

SILENCE = Output(b"", ())


class Dead(Device):
    """A controller that takes everything and says nothing."""

    def feed(self, data: bytes, now_ms: int) -> Output:
        return SILENCE


def run_on(line: ControllerLine, story) -> list[Finding]:
    """Let `story` test with a bench on this line."""

    async def main() -> list[Finding]:
        bench = SerialBench(line, PSK, SimHands(line), counting_token("kit"))
        async with bench.running():
            return await story(bench)

    return run(main())


def test_alone_every_rule_that_needs_somebody_is_left_out() -> None:
    findings = conforms(alone=True).findings
    left_out = [it for it in findings if it.verdict is Verdict.UNTESTED]
    assert [it.rule for it in left_out] == [rule.id for rule in serial_rules(0) if rule.needs]
    assert {it.verdict for it in findings} == {Verdict.PASSED, Verdict.UNTESTED}
    assert "it needs somebody to step back, step in" in {it.seen for it in left_out}


def test_where_nothing_answers_only_the_first_rule_is_tested() -> None:
    first, *others = conforms(Dead, alone=True, rules=["R1a", "R8a", "R9a"]).findings
    assert (first.verdict, first.seen) == (Verdict.FAILED, "no HelloAck in 0.5 s")
    assert {(it.verdict, it.seen) for it in others} == {(Verdict.UNTESTED, "there is no session")}


def test_another_key_is_told() -> None:
    first, _ = conforms(psk=bytes(32), rules=["R1a", "R8a"]).findings
    assert "a MAC that is not that of the key" in first.seen


def test_a_line_that_cannot_be_opened_is_no_finding() -> None:
    class NoLine(ControllerLine):
        async def run(self, opened, received, lost):
            lost("/dev/ttyTEST does not exist")
            await asyncio.get_running_loop().create_future()

    async def story(_: SerialBench) -> list[Finding]:
        raise AssertionError

    with pytest.raises(ExceptionGroup) as group:
        run_on(NoLine(), story)
    assert group.group_contains(DriverError, match="does not exist")


def test_a_line_that_is_lost_is_named_by_the_rules_after_it() -> None:
    line = ControllerLine()

    async def story(bench: SerialBench) -> list[Finding]:
        await bench.rest()
        line.lose("/dev/ttyTEST was pulled out")
        line.device = Dead(PSK, Memory(), device=line.device._device, token=counting_token(""))
        return await run_rules(bench, picked(serial_rules(0), ["R8a"]), lambda _: None)

    (finding,) = run_on(line, story)
    assert (finding.verdict, finding.seen) == (Verdict.FAILED, "/dev/ttyTEST was pulled out")


def test_a_line_that_goes_with_the_power_leaves_the_first_word_untested() -> None:
    class Usb(ControllerLine):
        def reboot(self) -> None:
            self.lose("/dev/ttyTEST was pulled out")
            super().reboot()

    async def story(bench: SerialBench) -> list[Finding]:
        return await run_rules(bench, picked(serial_rules(0), ["R3c", "R11d"]), lambda _: None)

    first, second = run_on(Usb(), story)
    assert first.verdict is Verdict.UNTESTED
    assert "the line went away with the power" in first.seen
    assert second.verdict is Verdict.PASSED


def test_a_controller_may_take_its_time_to_start() -> None:
    class Slow(ControllerLine):
        def reboot(self) -> None:
            memory, identity = self.device.controller.memory, self.device._device
            self.device = Dead(PSK, Memory(), device=identity, token=counting_token(""))
            asyncio.get_running_loop().call_later(10, lambda: self.boot(memory))

    async def story(bench: SerialBench) -> list[Finding]:
        return await run_rules(bench, picked(serial_rules(0), ["R11d"]), lambda _: None)

    (finding,) = run_on(Slow(), story)
    assert finding.verdict is Verdict.PASSED
    assert finding.took_s > 10


def test_a_fire_that_is_on_is_told() -> None:
    line = ControllerLine()

    async def story(bench: SerialBench) -> list[Finding]:
        line.sense(FireInput(is_on=True))
        return await run_rules(bench, picked(serial_rules(0), ["R8a"]), lambda _: None)

    (finding,) = run_on(line, story)
    assert finding.seen == "the fire input is on"


def test_a_rule_that_gets_stuck_has_an_end() -> None:
    async def get_stuck(_: SerialBench) -> None:
        await asyncio.get_running_loop().create_future()

    async def story(bench: SerialBench) -> list[Finding]:
        return await run_rules(bench, [Rule("R0", "is never over", get_stuck)], lambda _: None)

    (finding,) = run_on(ControllerLine(), story)
    assert (finding.verdict, finding.seen) == (Verdict.FAILED, "no end after 300 s")


def test_a_person_who_cannot_do_it_after_all_leaves_it_untested() -> None:
    class Tired(Nobody):
        def can(self, _) -> bool:
            return True

    async def main() -> list[Finding]:
        bench = SerialBench(ControllerLine(), PSK, Tired(), counting_token("kit"))
        async with bench.running():
            return await run_rules(bench, picked(serial_rules(0), ["R12b"]), lambda _: None)

    (finding,) = run(main())
    assert (finding.verdict, finding.seen) == (
        Verdict.UNTESTED,
        "it could not be done: force in",
    )


def test_retained_messages_are_a_mistake() -> None:
    class Retained(mqtt.ControllerBroker):
        def _hand_over(self, publication) -> None:
            self._received(publication.topic, publication.payload, self._count % 5 == 0)

    async def main() -> list[Finding]:
        broker = Retained(DeviceSide, lambda memory: memory)
        bench = mqtt.MqttBench(broker, mqtt.DEVICE, PSK, SimHands(broker), counting_token("kit"))
        async with bench.running():
            rules = picked(mqtt.mqtt_rules(), ["M5a", "R17b"])
            return await run_rules(bench, rules, lambda _: None)

    finding = run(main())[-1]
    assert finding.verdict is Verdict.FAILED
    assert "a retained message on gatelink/v1/tripod-2/heartbeat" in finding.seen
