"""`gatewayd conform` against `gatewayd simulate turnstile`, with somebody who does what it asks."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from drivers.conform.mqtt_kit import mqtt_rules
from drivers.conform.serial_kit import serial_rules
from tests.e2e.eventually import PATIENCE_S, eventually
from tests.e2e.mosquitto import Mosquitto

pytestmark = pytest.mark.slow

GATEWAYD = (sys.executable, "-m", "gatewayd")
PIPE = asyncio.subprocess.PIPE
# By the beginning of what is asked for: the order, and what the turnstile tells when it is done.
ORDERS = {
    "-> Walk in": ("force", "passed"),
    "-> Go in although": ("force", "forced"),
    "-> Begin to walk in": ("step in", None),
    "-> Step back": ("step back", "turned_back"),
    "-> Walk out": ("exit", "passed"),
    "-> Open the fire": ("fire on", "fire"),
    "-> Close the fire": ("fire off", "fire"),
    "-> Take the controller's power": ("reboot", "boot"),
}


class Turnstile:
    """A simulated one in a process of its own, at which nobody walks who was not asked to."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.events: list[str] = []

    def order(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(text.encode() + b"\n")

    async def have_done(self, order: str, event: str | None) -> None:
        count = len(self.events)
        self.order(order)
        if event is not None:
            await eventually(lambda: event in self.events[count:])

    async def read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.events.append(json.loads(line)["event"])


@contextlib.asynccontextmanager
async def turnstile(key: Path, *arguments: str) -> AsyncIterator[Turnstile]:
    command = ("simulate", "turnstile", "--psk-file", str(key), "--people", "stay", *arguments)
    process = await asyncio.create_subprocess_exec(*GATEWAYD, *command, stdin=PIPE, stdout=PIPE)
    running = Turnstile(process)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(running.read())
        try:
            await eventually(lambda: "boot" in running.events)
            yield running
        finally:
            running.order("quit")
            async with asyncio.timeout(PATIENCE_S):
                await process.wait()


async def conform(person: Turnstile | None, *arguments: str) -> tuple[int, str]:
    """Return the exit code and what was printed; `person` does what is asked for, None cannot."""
    process = await asyncio.create_subprocess_exec(
        *GATEWAYD, "conform", *arguments, stdin=PIPE, stdout=PIPE
    )
    assert process.stdout is not None
    assert process.stdin is not None
    printed = ""
    async for line in process.stdout:
        printed += line.decode()
        for asked, (order, event) in ORDERS.items():
            if line.decode().startswith(asked):
                if person is not None:
                    await person.have_done(order, event)
                process.stdin.write(b"\n" if person is not None else b"s\n")
    return await process.wait(), printed


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "lane.psk"
    path.write_text(bytes(range(32)).hex())
    path.chmod(0o600)
    return path


async def test_a_selection_of_rules_is_tested_and_reported(key: Path, tmp_path: Path) -> None:
    port, report = str(tmp_path / "lane"), tmp_path / "report.json"
    async with turnstile(key, "--port", port) as person:
        rules = ("--only", "R1", "--only", "R8b", "--only", "R12a")
        files = ("--json", str(report))
        code, printed = await conform(person, port, "--psk-file", str(key), *rules, *files)
    assert code == 0, printed
    told = json.loads(report.read_text())
    assert [rule["rule"] for rule in told["rules"]] == ["R1a", "R1b", "R8b", "R12a"]
    assert (told["conclusion"], told["passed"]) == ("incomplete", 4)


async def test_what_somebody_cannot_do_is_asked_once_and_not_tested(
    key: Path, tmp_path: Path
) -> None:
    port = str(tmp_path / "lane")
    async with turnstile(key, "--port", port):
        rules = ("--only", "R12a", "--only", "R12c", "--only", "R8b")
        code, printed = await conform(None, port, "--psk-file", str(key), *rules)
    assert code == 1
    assert printed.count("-> Walk in") == 1
    assert printed.count("not tested") == 2 + 1  # The rules, and the last line.


async def test_another_key_fails_and_says_so(key: Path, tmp_path: Path) -> None:
    port, other = str(tmp_path / "lane"), tmp_path / "other.psk"
    other.write_text("ab" * 32)
    other.chmod(0o600)
    async with turnstile(key, "--port", port) as person:
        code, printed = await conform(person, port, "--psk-file", str(other), "--unattended")
    assert code == 1
    assert "a MAC that is not that of the key" in printed.replace("\n", " ")
    assert "there is no session" in printed


@pytest.mark.alone
@pytest.mark.timeout(300)
async def test_the_simulated_turnstile_keeps_every_rule(key: Path, tmp_path: Path) -> None:
    port, report, suite = str(tmp_path / "lane"), tmp_path / "report.json", tmp_path / "suite.xml"
    async with turnstile(key, "--port", port) as person:
        files = ("--json", str(report), "--junit", str(suite))
        code, printed = await conform(person, port, "--psk-file", str(key), *files)
    assert code == 0, printed
    told = json.loads(report.read_text())
    assert told["conclusion"] == "conforms"
    assert told["passed"] == len(serial_rules(0)) == len(ET.parse(suite).findall("testcase"))


@pytest.mark.broker
async def test_rules_are_tested_over_a_broker(key: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    with Mosquitto(tmp_path) as broker:
        url = f"mqtt://127.0.0.1:{broker.port}"
        async with turnstile(key, "--broker", url, "--device", "tripod-2") as person:
            rules = ("--only", "M3", "--only", "R8b", "--only", "R12a", "--json", str(report))
            code, printed = await conform(person, f"{url}/tripod-2", "--psk-file", str(key), *rules)
    assert code == 0, printed
    told = json.loads(report.read_text())
    assert (told["device"], told["conclusion"], told["passed"]) == ("tripod-2", "incomplete", 8)


@pytest.mark.broker
@pytest.mark.alone
@pytest.mark.timeout(300)
async def test_the_simulated_turnstile_keeps_every_rule_over_mqtt(
    key: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    with Mosquitto(tmp_path) as broker:
        url = f"mqtt://127.0.0.1:{broker.port}"
        async with turnstile(key, "--broker", url, "--device", "tripod-2") as person:
            files = ("--psk-file", str(key), "--json", str(report))
            code, printed = await conform(person, f"{url}/tripod-2", *files)
    assert code == 0, printed
    told = json.loads(report.read_text())
    assert (told["conclusion"], told["passed"]) == ("conforms", len(mqtt_rules()))
