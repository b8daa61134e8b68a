"""Tries the devices of the settings, each with its own driver, while no gateway holds them.

A driver says itself what is wrong with its line. What it cannot know is looked for afterwards: a
device that answers at another port of the settings (swapped cables), or at another baud rate.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from config.schema import DriverTable, Settings
from drivers.base import DriverError, LinkLost, LinkUp
from drivers.registry import READERS, SENSORS, TURNSTILES, DriverKind, Surroundings, complete
from gatewayd.app.doctor_words import Finding, ill, well
from gatewayd.runtime.desk_reader import SUBJECT

# A gm65 reader is looked for at three baud rates, a controller's handshake begins anew each second.
ANSWER_S = 6.0
# For the second look: the line is known to be good or bad by then.
AGAIN_S = 2.0
BAUDRATES = (9600, 19_200, 38_400, 57_600, 115_200)
# Drivers whose LinkUp only says that the port could be opened.
ONE_WAY = frozenset({"line"})


@dataclass(frozen=True, slots=True)
class Device:
    subject: str
    table: DriverTable
    kind: DriverKind[Any]

    @property
    def port(self) -> str | None:
        port = self.table.values.get("port")
        return port if isinstance(port, str) else None


@dataclass(frozen=True, slots=True)
class _Tried:
    """up: what it calls itself. reason: why there is no answer."""

    up: str | None
    reason: str = ""


def devices(settings: Settings) -> list[Device]:
    """Return all devices of the settings, under the names that alarms use."""
    found: list[Device] = []
    for lane in settings.lanes:
        found.append(Device(lane.id, lane.turnstile, TURNSTILES[lane.turnstile.driver]))
        for way, table in (("entry", lane.entry_reader), ("exit", lane.exit_reader)):
            if table is not None:
                found.append(Device(f"{lane.id}/{way}_reader", table, READERS[table.driver]))
    if settings.desk_reader is not None:
        found.append(Device(SUBJECT, settings.desk_reader, READERS[settings.desk_reader.driver]))
    found += [
        Device(one.id, one.contact, SENSORS[one.contact.driver])
        for one in settings.watched
        if isinstance(one.contact, DriverTable)
    ]
    return found


async def try_devices(found: Sequence[Device], around: Callable[[], Surroundings]) -> list[Finding]:
    """Try all at once, as a gateway does, then look for those that are missing."""
    tried = await _try(found, around(), ANSWER_S)
    findings: list[Finding] = []
    for device, result in zip(found, tried, strict=True):
        if result.up is None:
            place = await _look_elsewhere(device, found, around)
            findings.append(ill(device.subject, place or result.reason))
        else:
            findings.append(well(device.subject, _told(device, result.up)))
    return findings


def _told(device: Device, name: str) -> str:
    at = f" at {device.port}" if device.port else ""
    if device.table.driver in ONE_WAY:
        return f"its port {device.port} opens; whether it reads shows when a code is held up"
    return f"{name or device.table.driver} answers{at}"


async def _look_elsewhere(
    device: Device, found: Iterable[Device], around: Callable[[], Surroundings]
) -> str | None:
    """Return the sentence on where it answers instead; None if nowhere."""
    keys = {key.name for key in device.kind.keys}
    if "port" not in keys or device.table.driver in ONE_WAY:
        return None
    for other in found:
        if other.port is None or other.port == device.port:
            continue
        if await _answers(device, around(), port=other.port):
            return (
                f"it answers at {other.port}, which the settings give to {other.subject}, and not "
                f"at {device.port}: swap the two cables, or the two ports in the settings"
            )
    own = complete(device.kind, device.table.values).get("baudrate")
    for baudrate in BAUDRATES if "baudrate" in keys else ():
        if baudrate != own and await _answers(device, around(), baudrate=baudrate):
            return (
                f"it answers at {device.port} with {baudrate} baud, and not with {own}: write "
                f"baudrate = {baudrate}, or set the device to {own}"
            )
    return None


async def _answers(device: Device, around: Surroundings, **changed: object) -> bool:
    values = {**device.table.values, **changed}
    elsewhere = replace(device, table=replace(device.table, values=values))
    (tried,) = await _try([elsewhere], around, AGAIN_S)
    return tried.up is not None


async def _try(found: Sequence[Device], around: Surroundings, for_s: float) -> list[_Tried]:
    """Run the drivers until each of them has an answer, or the time is over."""
    results = [_Tried(None, f"{device.table.driver} said nothing") for device in found]
    drivers: dict[int, Any] = {}
    for index, device in enumerate(found):  # All of them before any runs: lines are shared.
        try:
            drivers[index] = device.kind.build(complete(device.kind, device.table.values), around)
        except DriverError as error:
            results[index] = _Tried(None, str(error))
    waiting = set(drivers)
    is_done = asyncio.Event()

    def take(index: int, report: object) -> None:
        if isinstance(report, LinkUp):
            results[index] = _Tried(report.device)
            waiting.discard(index)
            if not waiting:
                is_done.set()
        elif isinstance(report, LinkLost) and results[index].up is None:
            results[index] = _Tried(None, report.reason)

    async def run(index: int) -> None:
        try:
            await drivers[index].run(partial(take, index))
        except* DriverError as errors:
            results[index] = _Tried(None, str(errors.exceptions[0]))

    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(run(it), name=found[it].subject) for it in drivers]
        with suppress(TimeoutError):
            async with asyncio.timeout(for_s):
                await is_done.wait()
        for task in running:
            task.cancel()
    return results
