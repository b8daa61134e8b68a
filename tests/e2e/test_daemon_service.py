"""How a run ends and begins: SIGTERM, grants in force, systemd's words, and the log."""

import signal
import socket
import time

import pytest

from tests.e2e.daemon import Site, issue, until
from tests.e2e.mosquitto import Mosquitto

pytestmark = [pytest.mark.timeout(120), pytest.mark.slow]

END_S = 2.0
MACHINE_S = (
    6.0  # What a machine with other work adds; whoever waits for a device or broker takes longer.
)
PATIENT = "unlock_ms = 30000\n"


def end_in_time(site, how=signal.SIGTERM):
    began_s = time.monotonic()
    assert site.stop(how) == 0
    assert time.monotonic() - began_s < END_S + MACHINE_S


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_it_ends_in_time_and_in_order(tmp_path, how):
    async with Site(tmp_path) as site:
        await site.pass_through(issue("1001"))
        end_in_time(site, how)
        last = site.journal()[-1]["data"]
        assert (last["action"], last["detail"]) == ("stopped", {"grants_in_force": 0})
        assert not (site.state / "control.sock").exists()
        await site.start()
        assert site.inside() == 1


@pytest.mark.parametrize("end", ["stop", "kill"])
@pytest.mark.parametrize(
    ("order", "outcome", "inside"),
    [("force", "completed", 1), ("reboot", "expired", 0)],
    ids=["the person walks in", "the turnstile loses its power"],
)
async def test_a_grant_in_force_at_the_end_is_settled_from_the_log_after_the_restart(
    tmp_path, end, order, outcome, inside
):
    async with Site(tmp_path, turnstile=PATIENT) as site:
        await site.lane.turnstile.obey("next stay")
        assert await site.show(issue("1001")) == ("admitted", "ok")
        await until(lambda: site.lane.openings)
        if end == "stop":
            end_in_time(site)
            assert site.journal()[-1]["data"]["detail"] == {"grants_in_force": 1}
        else:
            site.kill()
        boots = len(site.lane.turnstile.told("boot"))
        site.lane.turnstile.order(order)
        await until(
            lambda: (
                site.lane.turnstile.told("passed") or len(site.lane.turnstile.told("boot")) > boots
            )
        )
        await site.start()
        await until(lambda: site.status()["grants_in_force"] == 0)
        passages = [event["type"].split(".")[2] for event in site.journal("passage")]
        assert passages == [outcome]
        assert site.inside() == inside
        await site.pass_through(issue("1002"))


@pytest.mark.broker
@pytest.mark.parametrize("order", ["next pass", "next stay"], ids=["at rest", "while granted"])
async def test_it_ends_in_time_while_the_broker_hangs(tmp_path, order):
    with Mosquitto(tmp_path) as broker:
        async with Site(tmp_path, broker=broker.port) as site:
            await until(lambda: site.status()["broker"]["connected"])
            await site.lane.turnstile.obey(order)
            broker.freeze()
            assert await site.show(issue("1001")) == ("admitted", "ok")
            await until(lambda: site.lane.openings)
            end_in_time(site)


async def test_systemd_is_told_ready_pulse_status_and_stopping(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(0)
        words = []

        def has_told(word):
            try:
                while True:
                    words.extend(systemd.recv(4096).decode().splitlines())
            except BlockingIOError:
                return any(told.startswith(word) for told in words)

        async with Site(tmp_path) as site:
            site.kill()
            site.lane.turnstile.order("force")
            environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "200000"}
            await site.start(**environment)
            await until(lambda: has_told("STATUS=1 inside, 1 lane"))
            pulses = words.count("WATCHDOG=1")
            await until(lambda: has_told("READY") and words.count("WATCHDOG=1") > pulses + 3)
            assert words[0] == "READY=1"
            assert site.stop() == 0
            await until(lambda: has_told("STOPPING=1"))


async def test_the_log_is_one_json_line_for_each_change(tmp_path):
    async with Site(tmp_path) as site:
        await site.pass_through(issue("1001"))
        site.lane.cable.unplug()
        await until(lambda: site.log("alarm_raised"))
        site.lane.cable.plug()
        await until(lambda: site.log("alarm_cleared"))
        assert site.stop() == 0
        lines = site.gateway.logged()
        assert all({"at", "level", "event", "from"} <= line.keys() for line in lines)
        assert [line["event"] for line in lines] == [
            "look_at_this",
            "started",
            "verdict",
            "passage",
            "alarm_raised",
            "alarm_cleared",
            "stopped",
        ]
        assert site.gateway.told.path.read_bytes() == b""
