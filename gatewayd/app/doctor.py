"""Examines a site where it stands: files, ports, devices, brokers, clock and disk.

While the gateway runs it holds the ports, so it is asked; else each device is tried as the gateway
would.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.problems import SettingsError
from config.schema import Broker, EmbeddedBroker, LaneInput, Settings
from gatewayd.app.check import check_site
from gatewayd.app.control_client import NoGatewayError, ask
from gatewayd.app.doctor_devices import Device, devices, try_devices
from gatewayd.app.doctor_machine import look_at_clock, look_at_disk
from gatewayd.app.doctor_ports import SerialPort, serial_ports
from gatewayd.app.doctor_words import Finding, ill, well
from gatewayd.app.errors import EarlyEnd
from gatewayd.app.lanes import surroundings
from gatewayd.app.site import read_rules
from gatewayd.app.sync import (
    account_of,
    build_device_messages,
    device_client_id,
    run_embedded_broker,
)
from gatewayd.core.words import Json
from gatewayd.mqtt.broker import AiomqttBroker
from gatewayd.ports import BrokerError
from gatewayd.runtime.blocking import ThreadBlocking
from gatewayd.runtime.clock import SystemClock


@dataclass(frozen=True, slots=True)
class Examination:
    """mistakes: of the settings; with them nothing else could be looked at but the ports."""

    ports: tuple[SerialPort, ...]
    findings: tuple[Finding, ...]
    mistakes: tuple[str, ...] = ()

    @property
    def code(self) -> int:
        if self.mistakes:
            return 2
        return 0 if all(finding.is_well for finding in self.findings) else 1

    def document(self) -> dict[str, Json]:
        return {
            "ok": self.code == 0,
            "ports": [port.document() for port in self.ports],
            "mistakes": list(self.mistakes),
            "findings": [finding.document() for finding in self.findings],
        }


def examine(path: Path) -> Examination:
    """Look at everything that the settings file names; nothing on disk is changed."""
    try:
        settings = read_rules(path).settings
    except SettingsError as error:
        mistakes = tuple(str(problem) for problem in error.problems)
        return Examination(tuple(serial_ports({}, set())), (), mistakes)
    found = devices(settings)
    files = [ill("files", sentence) for sentence in check_site(path).left_out]
    about = [
        *(files or [well("files", "settings, keys, trust and rosters are readable")]),
        look_at_clock(SystemClock()),
        look_at_disk(settings.storage.directory),
    ]
    try:
        status = ask(settings.storage.directory, {"do": "status"})
        alarms = ask(settings.storage.directory, {"do": "cache", "table": "alarms"})
    except NoGatewayError as error:
        if not isinstance(error.__cause__, FileNotFoundError | ConnectionRefusedError):
            findings = (*about, ill("gateway", str(error)))
            return Examination(tuple(_ports(found, set())), findings)
        about.append(well("gateway", "does not run; everything was tried without it"))
        about += asyncio.run(_try(settings, found))
        return Examination(tuple(_ports(found, set())), tuple(about))
    about.append(well("gateway", f"runs, since {status['uptime_s']} s; it was asked"))
    told = _told(settings, found, status, _rows(alarms))
    held = {finding.subject for finding in told if finding.is_well}
    return Examination(tuple(_ports(found, held)), (*about, *told))


def _ports(found: list[Device], held: set[str]) -> list[SerialPort]:
    used: dict[str, list[str]] = {}
    for device in found:
        if device.port is not None:
            used.setdefault(device.port, []).append(device.subject)
    return serial_ports(used, held)


# --- asked of the gateway ---


def _told(
    settings: Settings, found: list[Device], status: Mapping[str, Any], alarms: Mapping[str, Any]
) -> list[Finding]:
    findings: list[Finding] = []
    inputs = [one.id for one in settings.watched if isinstance(one.contact, LaneInput)]
    for subject in [*(device.subject for device in found), *inputs]:
        lost = alarms.get(f"link_lost/{subject}")
        fault = alarms.get(f"turnstile_fault/{subject}")
        if lost is not None:
            findings.append(ill(subject, str(lost["detail"].get("reason"))))
        elif fault is not None:
            findings.append(ill(subject, str(fault["detail"].get("reason"))))
        else:
            findings.append(well(subject, "the running gateway has its link"))
    broker = status["broker"]
    if broker is not None and broker["connected"]:
        findings.append(well("broker", "the running gateway is connected"))
    elif broker is not None:
        reason = broker["error"] or "the running gateway is still connecting"
        findings.append(ill("broker", reason))
    return findings


def _rows(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    rows = answer["rows"]
    assert isinstance(rows, dict)
    return rows


# --- tried without it ---


async def _try(settings: Settings, found: list[Device]) -> list[Finding]:
    findings: list[Finding] = []
    with ThreadBlocking() as blocking:
        brokers = (
            ("broker", settings.broker, settings.site.path),
            ("device_broker", settings.device_broker, device_client_id(settings)),
        )
        for subject, broker, client_id in brokers:
            if isinstance(broker, Broker):
                findings.append(await _connect(subject, broker, client_id, blocking))
        messages = build_device_messages(settings, blocking)
        async with asyncio.TaskGroup() as tasks:
            serving = []
            if messages is not None:
                serving.append(tasks.create_task(messages.run(), name="device messages"))
            if isinstance(settings.device_broker, EmbeddedBroker):
                serving.append(tasks.create_task(run_embedded_broker(), name="device broker"))
            findings += await try_devices(found, lambda: surroundings(settings, messages))
            for task in serving:
                task.cancel()
    return findings


async def _connect(
    subject: str, broker: Broker, client_id: str, blocking: ThreadBlocking
) -> Finding:
    """Say hello and goodbye, as the gateway itself would."""
    try:
        async with AiomqttBroker(account_of(broker, client_id), blocking).connect(None):
            return well(subject, f"{broker.host}:{broker.port} lets us in as {client_id}")
    except (BrokerError, EarlyEnd) as error:
        return ill(subject, str(error))
