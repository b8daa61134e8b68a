import asyncio
from datetime import UTC, datetime
from importlib.metadata import EntryPoint

import pytest

from drivers import packages
from drivers.base import DriverError
from drivers.broker_kinds import MQTT, RELAY
from drivers.framers import Aim, Terminator
from drivers.gatelink_kind import GATELINK
from drivers.keys import UnfitError, shown
from drivers.kinds import DriverKind, Problem, Surroundings, check, complete
from drivers.line_kind import LINE
from drivers.psk import read_psk
from drivers.readers.line import LineReader
from drivers.readers.maker_commands import Maker
from drivers.registry import READERS, TURNSTILES
from drivers.turnstiles.gatelink import GatelinkTurnstile
from drivers.turnstiles.mqtt import MqttTurnstile
from drivers.turnstiles.relay import RelayTurnstile
from firmware_protocol.settings import WithoutHost

PORT = "/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0"


class Broker:
    """A device broker that takes everything."""

    def __init__(self) -> None:
        self.filters: list[str] = []

    def publish(self, topic, payload) -> bool:
        return True

    def subscribe(self, topic_filter, receive, link) -> None:
        self.filters.append(topic_filter)


AROUND = Surroundings("gate-1", bytes, Broker())
HEX = "00112233445566778899aabbccddeeff" * 2


@pytest.fixture
def psk_file(tmp_path):
    path = tmp_path / "lane-1.psk"
    path.write_text(f"{HEX}\n")
    path.chmod(0o640)
    return path


@pytest.fixture
def plugged(mocker):
    """Have a package announce a driver `shared` that leads to a given place."""

    def plug(value: str) -> None:
        point = EntryPoint("shared", value, "gatewayd.readers")

        def find(*, group: str, name: str | None = None):
            is_it = group == "gatewayd.readers" and name in {None, "shared"}
            return Points([point] if is_it else [])

        mocker.patch.object(packages, "entry_points", find)

    return plug


class Points(list):
    """Stands for the EntryPoints of importlib."""

    @property
    def names(self) -> set[str]:
        return {point.name for point in self}


OTHER_READER = DriverKind("shared", (), lambda _values, _around: "a reader of somebody else")


# --- built-in drivers ---


def test_the_drivers_of_the_settings_are_there_by_name():
    assert {"line"} <= set(READERS)
    assert {"gatelink", "mqtt", "mqtt_relay"} <= set(TURNSTILES)
    assert READERS["line"] is LINE
    assert len(READERS) == len(list(READERS))


def test_an_unknown_driver_is_a_missing_key():
    assert READERS.get("lines") is None


@pytest.mark.parametrize("kind", [*READERS.values(), *TURNSTILES.values()])
def test_every_default_is_a_value_that_its_key_takes(kind):
    for key in kind.keys:
        if key.default is not None:
            assert key.parse(key.default) == key.default


@pytest.mark.parametrize("kind", [*READERS.values(), *TURNSTILES.values()])
def test_no_driver_has_a_key_twice(kind):
    names = [key.name for key in kind.keys]
    assert len(names) == len(set(names))
    assert "driver" not in names


def test_a_table_with_the_port_alone_makes_a_reader_with_defaults():
    assert check(LINE, {"port": PORT}) == []
    values = complete(LINE, {"port": PORT})
    assert values == {
        "port": PORT,
        "baudrate": 115200,
        "terminator": Terminator.AUTO,
        "aim": Aim.STRIP,
        "idle_ms": 0,
        "repeat_ms": 2000,
        "feedback": Maker.NONE,
        "trigger": Maker.NONE,
    }
    assert isinstance(LINE.build(values, AROUND), LineReader)


def test_the_values_of_the_table_win_over_the_defaults():
    table = {"port": PORT, "baudrate": 9600, "terminator": "stx_etx", "aim": "keep"}
    values = complete(LINE, table)
    assert values["baudrate"] == 9600
    assert values["terminator"] is Terminator.STX_ETX
    assert values["aim"] is Aim.KEEP


def test_a_gatelink_turnstile_is_built_with_the_key_of_its_file(psk_file):
    table = {"port": PORT, "psk_file": str(psk_file), "unlock_ms": 3000}
    assert check(GATELINK, table) == []
    values = complete(GATELINK, table)
    assert values["psk_file"] == bytes.fromhex(HEX)
    assert values["unlock_ms"] == 3000
    assert isinstance(GATELINK.build(values, AROUND), GatelinkTurnstile)


def test_gatelink_turnstiles_with_addresses_share_the_line_of_their_port(psk_file):
    around = Surroundings("gate-1", bytes)
    built = []
    for address in (1, 2):
        table = {"port": PORT, "psk_file": str(psk_file), "address": address, "host_lost": "safe"}
        assert check(GATELINK, table) == []
        built.append(GATELINK.build(complete(GATELINK, table), around))
    assert built[0]._line._bus is built[1]._line._bus
    assert built[0]._host._settings.wanted.without_host is WithoutHost.SAFE


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("address", 127, "0 to 126"),
        ("address", True, "0 to 126"),
        ("host_lost", "open", "one of secure, safe"),
    ],
)
def test_a_gatelink_turnstile_is_not_taken_with_what_it_cannot_do(psk_file, key, value, expected):
    (problem,) = check(GATELINK, {"port": PORT, "psk_file": str(psk_file), key: value})
    assert (problem.path, problem.expected) == ((key,), expected)


def test_an_mqtt_turnstile_is_built_on_the_device_broker(psk_file):
    table = {"device": "tripod-2", "psk_file": str(psk_file)}
    assert check(MQTT, table) == []
    assert MQTT.needs_messages
    assert isinstance(MQTT.build(complete(MQTT, table), AROUND), MqttTurnstile)


@pytest.mark.parametrize("device", ["", "Tripod", "a/b", "+", "a" * 33])
def test_a_device_name_that_would_break_a_topic_is_refused(device, psk_file):
    (problem,) = check(MQTT, {"device": device, "psk_file": str(psk_file)})
    assert problem.path == ("device",)


@pytest.mark.parametrize(
    ("relay", "topic"), [("shelly", "gatewayd-gate-1/rpc"), ("tasmota", "stat/gate/RESULT")]
)
async def test_a_relay_channel_counts_from_one_whatever_its_maker_does(relay, topic):
    table = {"device": "gate", "relay": relay, "channel": 2, "assume_passed": True}
    assert check(RELAY, table) == []
    broker = Broker()
    turnstile = RELAY.build(complete(RELAY, table), Surroundings("gate-1", bytes, broker))
    assert isinstance(turnstile, RelayTurnstile)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(turnstile.run(lambda _report: None))
        await asyncio.sleep(0)
        task.cancel()
    assert topic in broker.filters


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("relay", "sonoff", "one of shelly, tasmota"),
        ("channel", 0, "1 to 8"),
        ("pulse_ms", 550, "100 to 11100 in steps of 100"),
        ("pulse_ms", True, "100 to 11100 in steps of 100"),
        ("pulse_ms", 0, "100 to 11100 in steps of 100"),
        ("assume_passed", False, "true"),
    ],
)
def test_a_relay_is_not_taken_with_what_it_cannot_do(key, value, expected):
    table = {"device": "gate", "relay": "tasmota", "assume_passed": True, key: value}
    (problem,) = check(RELAY, table)
    assert (problem.path, problem.expected) == ((key,), expected)


# --- mistakes ---


@pytest.mark.parametrize(
    ("key", "value", "expected", "found"),
    [
        ("port", "", "the name of a serial port, such as /dev/serial/by-path/...", '""'),
        ("port", 7, "the name of a serial port, such as /dev/serial/by-path/...", "7"),
        ("baudrate", 0, "300 to 4000000", "0"),
        ("baudrate", "9600", "300 to 4000000", '"9600"'),
        ("baudrate", True, "300 to 4000000", "true"),
        ("baudrate", 9600.0, "300 to 4000000", "9600.0"),
        ("terminator", "eot", "one of auto, cr, lf, crlf, tab, stx_etx, none", '"eot"'),
        ("aim", ["strip"], "one of strip, keep", '["strip"]'),
        ("idle_ms", -1, "0 to 10000", "-1"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_what_was_expected(key, value, expected, found):
    assert check(LINE, {"port": PORT, key: value}) == [Problem((key,), expected, found)]


def test_a_key_that_is_missing_is_named_with_what_it_means():
    (problem,) = check(LINE, {})
    assert problem.path == ("port",)
    assert problem.found == "nothing"
    assert "by-path" in problem.hint


def test_an_unknown_key_is_named_with_the_nearest_known_one():
    (problem,) = check(LINE, {"port": PORT, "baudrat": 9600})
    assert problem.path == ("baudrat",)
    assert problem.found == "an unknown key"
    assert problem.hint == "do you mean baudrate?"


def test_an_unknown_key_like_no_other_has_no_hint():
    (problem,) = check(LINE, {"port": PORT, "xyz": 1})
    assert problem.hint == ""
    assert "terminator" in problem.expected


def test_all_mistakes_come_at_once():
    paths = {problem.path for problem in check(LINE, {"baudrate": 1, "aim": 2, "speed": 3})}
    assert paths == {("port",), ("baudrate",), ("aim",), ("speed",)}


def test_a_long_value_is_cut_short_and_a_date_is_shown_too():
    assert shown("x" * 100) == '"' + "x" * 59 + "..."
    assert shown(datetime(2026, 11, 21, tzinfo=UTC)) == "2026-11-21 00:00:00+00:00"


# --- the key file ---


def test_the_key_of_a_lane_is_read(psk_file):
    assert read_psk(psk_file) == bytes.fromhex(HEX)


def test_a_missing_key_file_is_told_with_how_to_make_one(tmp_path):
    with pytest.raises(UnfitError, match="cannot be read: No such file") as raised:
        read_psk(tmp_path / "missing.psk")
    assert "openssl rand -hex 32" in str(raised.value)
    assert isinstance(raised.value, DriverError)


def test_a_key_file_whose_name_no_file_can_have_is_told_too(tmp_path):
    with pytest.raises(UnfitError, match="null byte"):
        read_psk(tmp_path / "a\0b")


def test_a_key_file_open_to_all_is_refused_with_what_to_do(psk_file):
    psk_file.chmod(0o644)
    with pytest.raises(UnfitError, match="open to all; run: chmod o="):
        read_psk(psk_file)


@pytest.mark.parametrize(
    "content", [b"", HEX[:-1].encode(), HEX.encode() + b"0", b"\xff" * 64, b"0" * 5000]
)
def test_a_file_that_holds_no_key_is_refused_without_telling_its_content(psk_file, content):
    psk_file.write_bytes(content)
    with pytest.raises(UnfitError, match="characters that are not such a key") as raised:
        read_psk(psk_file)
    assert HEX[:16] not in str(raised.value)


@pytest.mark.parametrize("value", [7, "", None])
def test_a_key_file_without_a_name_is_a_mistake(value):
    (problem,) = check(GATELINK, {"port": PORT, "psk_file": value})
    assert problem.path == ("psk_file",)
    assert problem.found == "no name of a file"


def test_a_bad_key_file_is_a_mistake_of_the_table(psk_file):
    psk_file.write_text("short")
    (problem,) = check(GATELINK, {"port": PORT, "psk_file": str(psk_file)})
    assert problem.expected == "a file with 64 hex digits that other users cannot read"
    assert problem.found == f"5 characters that are not such a key in {psk_file}"
    assert "openssl" in problem.hint


# --- drivers of other packages ---


def test_a_driver_of_another_package_is_found_by_its_entry_point(plugged):
    plugged("tests.unit.test_registry:OTHER_READER")
    kind = READERS["shared"]
    assert kind.build(complete(kind, {}), AROUND) == "a reader of somebody else"
    assert {"line", "shared"} <= set(READERS)
    assert set(TURNSTILES).isdisjoint({"shared"})


@pytest.mark.parametrize("value", ["no.such.package:KIND", "drivers.base:NO_SUCH_NAME"])
def test_a_driver_that_cannot_be_loaded_is_told_with_its_place(plugged, value):
    plugged(value)
    with pytest.raises(DriverError, match=f"'shared' .{value}. cannot be loaded"):
        READERS["shared"]


def test_an_entry_point_to_something_else_is_refused(plugged):
    plugged("drivers.base:LinkUp")
    with pytest.raises(DriverError, match="not a DriverKind"):
        READERS["shared"]
