"""`gatewayd doctor` at a site with real ttys: what is wrong is said in one sentence each."""

import fcntl
import json
import os
import termios

import pytest

from tests.e2e.daemon import Site, until
from tests.e2e.mosquitto import Mosquitto

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


async def examined(site: Site) -> tuple[int, dict[str, tuple[bool, str]]]:
    """Run it; return the exit code, and by subject whether it is well and what is said."""
    code, out, error = await site.cli("doctor", "--json")
    assert error == ""
    document = json.loads(out)
    assert document["ok"] == (code == 0)
    return code, {it["subject"]: (it["ok"], it["text"]) for it in document["findings"]}


class NoGateway(Site):
    """A site whose devices run and whose gateway does not."""

    async def start(self, **_: str) -> None:
        self.lane.turnstile.order("")

    def kill(self) -> None:
        pass


async def test_all_devices_are_tried_where_no_gateway_runs(tmp_path):
    async with NoGateway(tmp_path) as site:
        _, found = await examined(site)
        assert found["lane-1"] == (True, f"simulated answers at {site.lane.cable.left}")
        assert found["lane-1/entry_reader"][0]
        assert "opens; whether it reads shows" in found["lane-1/entry_reader"][1]
        assert found["gateway"] == (True, "does not run; everything was tried without it")
        assert found["storage"][0]
        assert "broker" not in found
        assert not site.state.exists()  # It changed nothing.


async def test_a_running_gateway_is_asked_and_does_not_notice(tmp_path):
    async with Site(tmp_path) as site:
        code, out, _ = await site.cli("doctor")
        assert "ok     lane-1: the running gateway has its link" in out
        assert (
            f"{os.path.realpath(site.lane.cable.left)}: lane-1; the running gateway holds it" in out
        )
        site.lane.cable.unplug()
        await until(lambda: site.log("alarm_raised", alarm="link_lost", subject="lane-1"))
        code, found = await examined(site)
        assert code == 1
        is_well, text = found["lane-1"]
        assert not is_well
        assert str(site.lane.cable.left) in text
        assert not site.log("alarm_raised", alarm="part_failed")


async def test_a_missing_port_is_named_with_the_way_to_find_the_right_one(tmp_path):
    async with NoGateway(tmp_path) as site:
        text = site.settings.read_text()
        site.settings.write_text(text.replace("lane-1-entry", "nothing-there"))
        code, found = await examined(site)
        assert code == 1
        assert found["lane-1/entry_reader"] == (
            False,
            (
                f"{tmp_path}/nothing-there does not exist: is the cable in and the device powered? "
                "The ports there are: ls -l /dev/serial/by-path/"
            ),
        )


async def test_a_port_that_another_program_holds_is_named(tmp_path):
    async with NoGateway(tmp_path) as site:
        port = os.open(site.lane.cable.left, os.O_RDWR | os.O_NOCTTY)
        try:
            fcntl.flock(port, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _, found = await examined(site)
        finally:
            os.close(port)
        assert "another program holds its exclusive lock" in found["lane-1"][1]


async def test_swapped_ports_are_found(tmp_path):
    async with NoGateway(tmp_path) as site:
        reader, turnstile = f"{tmp_path}/lane-1-entry", str(site.lane.cable.left)
        text = site.settings.read_text().replace(reader, "X").replace(turnstile, reader)
        site.settings.write_text(text.replace('"X"', f'"{turnstile}"'))
        code, found = await examined(site)
        assert code == 1
        assert found["lane-1"] == (
            False,
            (
                f"it answers at {turnstile}, which the settings give to lane-1/entry_reader, and not "
                f"at {reader}: swap the two cables, or the two ports in the settings"
            ),
        )


async def test_a_wrong_key_is_told(tmp_path):
    async with NoGateway(tmp_path) as site:
        other = tmp_path / "other.psk"
        other.touch(0o600)
        other.write_text("ab" * 32)
        site.settings.write_text(site.settings.read_text().replace("lane-1.psk", "other.psk"))
        code, found = await examined(site)
        assert code == 1
        assert not found["lane-1"][0]
        assert "answers, but not with our key: psk_file" in found["lane-1"][1]


async def test_a_wrong_baud_rate_is_told_with_the_right_one(tmp_path):
    async with NoGateway(tmp_path, turnstile="baudrate = 19200\n") as site:
        site.lane.cable.speed = termios.B57600  # Passes nothing on at any other.
        code, found = await examined(site)
        assert code == 1
        port = site.lane.cable.left
        assert found["lane-1"] == (
            False,
            (
                f"it answers at {port} with 57600 baud, and not with 19200: write baudrate = 57600, "
                "or set the device to 19200"
            ),
        )


async def test_mistakes_in_the_settings_are_told_and_the_ports_are_listed_all_the_same(tmp_path):
    site = NoGateway(tmp_path, settings="[storge]\n")
    code, out, _ = await site.cli("doctor")
    assert code == 2
    assert "Serial ports by their stable names" in out
    assert 'did you mean "storage"?' in out


async def test_lists_and_state_that_cannot_be_used_are_told(tmp_path):
    async with NoGateway(tmp_path) as site:
        (tmp_path / "cards.csv").unlink()
        code, found = await examined(site)
        assert code == 1
        assert "cards.csv: cannot be read" in found["files"][1]


@pytest.mark.broker
async def test_brokers_are_tried_with_the_login_of_the_settings(tmp_path):
    with Mosquitto(tmp_path) as broker:
        async with NoGateway(tmp_path, broker=broker.port) as site:
            _, found = await examined(site)
            assert found["broker"] == (
                True,
                f"127.0.0.1:{broker.port} lets us in as mojokerto/dukcapil/gmsc",
            )
            broker.kill()
            code, found = await examined(site)
            assert code == 1
            assert "refuses connections: nothing listens there" in found["broker"][1]


@pytest.mark.broker
async def test_a_broker_that_does_not_know_us_is_told(tmp_path):
    with Mosquitto(tmp_path, "allow_anonymous false\n", {"somebody": "else"}) as broker:
        async with NoGateway(tmp_path, broker=broker.port) as site:
            code, found = await examined(site)
            assert code == 1
            assert "does not let us in with no user name" in found["broker"][1]
