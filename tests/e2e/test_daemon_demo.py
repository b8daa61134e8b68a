"""The demo as a stranger runs it, with its accounts held against each other."""

import asyncio
import json
import re
import signal
import subprocess

import pytest

from tests.e2e.daemon import GATEWAYD
from tests.e2e.pages import Browser

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(240)]

KEYS = [
    "scans",
    "admitted",
    "refused",
    "referred",
    "officer_admitted",
    "exits",
    "passages",
    "breaches",
    "occupancy",
    "cache_hits",
    "events_journaled",
    "events_received",
    "events_lost",
    "duplicates",
]


@pytest.mark.parametrize("options", [(), ("--outage",), ("--embedded", "--outage")])
def test_the_demo_ends_by_itself_and_its_ledger_adds_up(options):
    """R23: a market has 30 scans a minute; here as many come in half of one."""
    command = [*GATEWAYD, "demo", "--people", "20", "--seconds", "20", "--json", *options]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    ledger = json.loads(ended.stdout.splitlines()[-1])
    assert ledger.keys() >= set(KEYS)
    assert ledger["problems"] == []
    assert ledger["scans"] == ledger["admitted"] + ledger["refused"] + ledger["referred"] >= 17
    assert ledger["events_lost"] == 0
    assert ledger["events_received"] == ledger["events_journaled"]
    assert ledger["occupancy"] == ledger["passages"] - 2 * ledger["exits"]
    assert min(ledger["officer_admitted"], ledger["breaches"], ledger["exits"]) > 0
    assert (ledger["duplicates"] == 0) or options


@pytest.mark.parametrize("site", ["palembang", "denpasar", "mojokerto", "kaltim", "pasuruan"])
def test_the_day_of_a_site_goes_as_the_site_said(site):
    """R01, R02, R03, R09, R13, R15, R20, R25, R30, R31, R33, R37, R40, R41, R42: played to watch."""
    command = [*GATEWAYD, "demo", "--site", site, "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    told = json.loads(ended.stdout.splitlines()[-1])
    assert told["problems"] == []
    assert told["site"].endswith(site)
    assert all(one["is_right"] and one["acts"] for one in told["statements"])
    assert told["scans"] == told["admitted"] + told["refused"] + told["referred"]
    assert told["events_received"] == told["events_journaled"]


async def test_a_gate_that_stays_up_lets_people_in_at_its_pages_until_ctrl_c():
    command = [*GATEWAYD, "demo", "--people", "3", "--seconds", "10", "--stay"]
    demo = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    printed = ""
    while "Ctrl-C ends it" not in printed:
        line = await demo.stdout.readline()
        assert line, printed
        printed += line.decode()
    found = re.findall(r"(http://127.0.0.1:[0-9]+)/(\w+) +(\w+) +(\S+) ", printed)
    given = {label: (address, page, secret) for address, page, label, secret in found}
    address, _, secret = given["pengelola"]
    async with Browser(address) as browser:
        status, me = await browser.sign_in("pengelola", secret)
        assert (status, me["role"]) == (200, "manager")
        assert (await browser.ask("GET", "/api/referrals"))[0] == 200
    demo.send_signal(signal.SIGINT)
    rest, _ = await demo.communicate()
    assert "The accounts add up" in printed
    assert demo.returncode == 0, printed + rest.decode()
    assert {page for _, page, _ in given.values()} == {"desk", "manager"}
