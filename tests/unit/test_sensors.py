"""Contacts far from the gate: inputs of Modbus boards, and sensors that speak MQTT."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest

from drivers import base
from drivers.kinds import check
from drivers.polled_line import PolledLine
from drivers.registry import SENSORS
from drivers.sensors.modbus_input import LOST_S, RETRY_S, ModbusInput
from drivers.sensors.mqtt_sensor import PAYLOAD_SIZE_MAX, SILENT_S, MqttSensor
from drivers.simulated.modbus_slave import ModbusSlave
from tests.sim.loop import run
from tests.unit.board_world import BoardEnd, SimWire

CLOSED, OPEN = base.ContactSeen(is_closed=True), base.ContactSeen(is_closed=False)
UP = base.LinkUp("")


# --- modbus_input ---------------------------------------------------------------------------------


class InputBoard:
    """Sixteen inputs at address 7 of the wire; `heard` counts what it was asked."""

    def __init__(self, wire: SimWire) -> None:
        self.closed: set[int] = set()
        self.is_powered = True
        self.asked: list[int] = []
        self._slave = ModbusSlave(7)
        self._end = BoardEnd(wire)
        self._end.take = self._hear  # type: ignore[method-assign]

    def _hear(self, data: bytes) -> None:
        now_ms = round(asyncio.get_running_loop().time() * 1000)
        answer = self._slave.hear(data, self, now_ms)
        if answer and self.is_powered:
            self._end._wire.answer(answer)

    def inputs(self, address: int, count: int) -> list[bool] | None:
        self.asked.append(count)
        if address + count > 16:
            return None
        return [number + 1 in self.closed for number in range(address, address + count)]

    def coils(self, *_: object) -> None: ...

    def registers(self, *_: object) -> None: ...

    def write_coil(self, *_: object) -> bool:
        return False

    def write_registers(self, *_: object) -> bool:
        return False


Watch = Callable[[InputBoard, SimWire, list[base.SensorReport]], Awaitable[None]]


def watched(play: Watch, number: int = 3, *, closed: frozenset[int] = frozenset({3})) -> None:
    async def main() -> None:
        wire = SimWire(9600)
        board = InputBoard(wire)
        board.closed |= closed
        told: list[base.SensorReport] = []
        sensor = ModbusInput(PolledLine(wire, gap_s=0.004), 7, number)
        watching = asyncio.get_running_loop().create_task(sensor.run(told.append))
        await asyncio.sleep(0.5)
        await play(board, wire, told)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

    run(main())


def test_an_input_is_told_at_first_and_at_each_change_within_half_a_second():
    async def play(board: InputBoard, _: SimWire, told: list[base.SensorReport]) -> None:
        assert told == [UP, CLOSED]
        board.closed.clear()
        await asyncio.sleep(0.5)
        assert told == [UP, CLOSED, OPEN]
        board.closed.add(3)
        await asyncio.sleep(0.5)
        assert told == [UP, CLOSED, OPEN, CLOSED]

    watched(play)


def test_bouncing_is_no_change():
    async def play(board: InputBoard, _: SimWire, told: list[base.SensorReport]) -> None:
        board.closed.clear()
        await asyncio.sleep(0.1)
        board.closed.add(3)
        await asyncio.sleep(2)
        assert told == [UP, CLOSED]

    watched(play)


def test_whole_bytes_of_inputs_are_read_and_other_inputs_play_no_part():
    async def play(board: InputBoard, _: SimWire, told: list[base.SensorReport]) -> None:
        assert set(board.asked) == {16}
        board.closed |= {1, 2, 4, 8, 10}
        await asyncio.sleep(1)
        assert told == [UP, OPEN]

    watched(play, number=9)


def test_a_lost_answer_is_no_outage_and_a_dead_board_is_one_told_once():
    async def play(board: InputBoard, _: SimWire, told: list[base.SensorReport]) -> None:
        board.is_powered = False
        await asyncio.sleep(0.5)
        board.is_powered = True
        await asyncio.sleep(2)
        assert told == [UP, CLOSED]
        board.is_powered = False
        await asyncio.sleep(LOST_S + 3 * RETRY_S)
        (lost,) = told[2:]
        assert isinstance(lost, base.LinkLost)
        assert "does not answer" in lost.reason
        board.is_powered = True
        board.closed.clear()
        await asyncio.sleep(RETRY_S + 0.5)
        assert told[3:] == [UP, OPEN]

    watched(play)


def test_a_pulled_cable_is_told_at_once_and_a_put_back_one_begins_anew():
    async def play(_: InputBoard, wire: SimWire, told: list[base.SensorReport]) -> None:
        wire.pull()
        await asyncio.sleep(0.5)
        assert isinstance(told[2], base.LinkLost)
        wire.plug()
        await asyncio.sleep(0.5)
        assert told[3:] == [UP, CLOSED]

    watched(play)


def test_an_input_that_the_board_has_not_is_told():
    async def play(_: InputBoard, __: SimWire, told: list[base.SensorReport]) -> None:
        (lost,) = told
        assert isinstance(lost, base.LinkLost)
        assert "Modbus exception 2" in lost.reason

    watched(play, number=17)


# --- mqtt_sensor ----------------------------------------------------------------------------------


class SimMessages:
    """A broker that a test speaks through."""

    def __init__(self) -> None:
        self.receive: Callable[[base.Inbound], None]
        self.link: Callable[[bool], None]

    def publish(self, topic: str, payload: bytes) -> bool:
        raise AssertionError("a sensor is only listened to")

    def subscribe(self, topic_filter: str, receive: Callable, link: Callable) -> None:
        self.topic_filter, self.receive, self.link = topic_filter, receive, link

    def say(self, payload: bytes | str, *, is_retained: bool = False) -> None:
        data = payload.encode() if isinstance(payload, str) else payload
        self.receive(base.Inbound(self.topic_filter, data, is_retained))


def heard(
    play: Callable[[SimMessages, list[base.SensorReport]], Awaitable[None]],
    member: str = "contact",
    closed: str = "true",
    opened: str = "false",
) -> None:
    async def main() -> None:
        messages = SimMessages()
        told: list[base.SensorReport] = []
        sensor = MqttSensor(messages, "zigbee2mqtt/back", member, closed=closed, opened=opened)
        watching = asyncio.get_running_loop().create_task(sensor.run(told.append))
        await asyncio.sleep(0.1)
        await play(messages, told)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

    run(main())


NAME = base.LinkUp("zigbee2mqtt/back")


def test_a_sensor_behind_a_bridge_is_understood_and_its_repeats_are_no_news():
    async def play(messages: SimMessages, told: list[base.SensorReport]) -> None:
        messages.say('{"battery": 91, "contact": true}', is_retained=True)
        messages.say('{"battery": 90, "contact": true}')
        messages.say('{"battery": 90, "contact": false}')
        assert told == [NAME, CLOSED, OPEN]

    heard(play)


@pytest.mark.parametrize(
    ("member", "closed", "opened", "payload"),
    [
        ("", "ON", "OFF", "ON"),
        ("", "true", "false", "true"),
        ("state", "true", "false", '{"id": 0, "state": true}'),
        ("Switch1.Action", "ON", "OFF", '{"Switch1": {"Action": "ON"}}'),
        ("value", "1", "0", '{"value": 1}'),
    ],
)
def test_other_makers_words_are_understood_too(member, closed, opened, payload):
    async def play(messages: SimMessages, told: list[base.SensorReport]) -> None:
        messages.say(payload)
        assert told == [NAME, CLOSED]

    heard(play, member, closed, opened)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe",
        b"true",
        b"[]",
        b'{"battery": 4}',
        b'{"contact": null}',
        b'{"contact": {"deep": 1}}',
        b'{"contact": "maybe"}',
        b"[" * 5000,
        b'{"contact": true, "x": "' + b"x" * PAYLOAD_SIZE_MAX + b'"}',
    ],
)
def test_what_says_nothing_of_the_contact_is_left_alone(payload):
    async def play(messages: SimMessages, told: list[base.SensorReport]) -> None:
        messages.say(payload)
        assert told == []

    heard(play)


def test_a_path_through_something_else_than_objects_finds_nothing():
    async def play(messages: SimMessages, told: list[base.SensorReport]) -> None:
        messages.say('{"a": [true]}')
        assert told == []

    heard(play, "a.b")


def test_a_sensor_that_is_silent_for_hours_is_lost_once_and_found_again():
    async def play(messages: SimMessages, told: list[base.SensorReport]) -> None:
        messages.say('{"contact": true}')
        await asyncio.sleep(SILENT_S - 1)
        messages.say('{"contact": true}')
        await asyncio.sleep(SILENT_S - 1)
        assert told == [NAME, CLOSED]
        await asyncio.sleep(2 * SILENT_S)
        (lost,) = told[2:]
        assert isinstance(lost, base.LinkLost)
        assert "battery" in lost.reason
        messages.say('{"contact": true}')
        assert told[3:] == [NAME, CLOSED]

    heard(play)


def test_without_the_broker_nothing_is_known_until_the_sensor_speaks():
    async def play(messages: SimMessages, told: list[base.SensorReport]) -> None:
        messages.say('{"contact": true}')
        messages.link(False)  # noqa: FBT003 - the shape of drivers.base.Messages
        assert isinstance(told[2], base.LinkLost)
        messages.link(True)  # noqa: FBT003
        assert len(told) == 3
        messages.say('{"contact": true}')
        assert told[3:] == [NAME, CLOSED]

    heard(play)


def test_a_sensor_that_is_watched_again_tells_what_it_heard_before():
    async def main() -> None:
        messages = SimMessages()
        sensor = MqttSensor(messages, "t", "", closed="1", opened="0")
        for told in ([], []):
            watching = asyncio.get_running_loop().create_task(sensor.run(told.append))
            await asyncio.sleep(0.1)
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            messages.say("0")  # While nobody listens.
        assert told == [base.LinkUp("t"), OPEN]

    run(main())


# --- settings -------------------------------------------------------------------------------------


def test_a_sensor_whose_words_are_the_same_is_refused():
    (problem,) = check(SENSORS["mqtt_sensor"], {"topic": "a/b", "closed": "x", "opened": "x"})
    assert problem.path == ("opened",)


@pytest.mark.parametrize("topic", ["", "a/#", "+/b", json.dumps("\0")[1:-1] + "\0"])
def test_a_topic_of_many_sensors_is_refused(topic):
    (problem,) = check(SENSORS["mqtt_sensor"], {"topic": topic})
    assert problem.path == ("topic",)
