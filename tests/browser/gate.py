"""A real gate with its pages: daemon, turnstiles on two lanes, broker, and a contact at the door."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiomqtt

from tests.e2e.daemon import Site
from tests.e2e.mosquitto import Mosquitto
from tests.e2e.pages import PASSWORD, PIN, free_port, pages_served

Cookies = list[dict[str, Any]]

BACK_DOOR = "test/back-door"

REFERRING = """\
[policy]
unknown_holder = "refer"
capacity.total = 40
"""
"""What the gate decides by where a module of tests sets nothing else: unknown codes are referred."""

_PAGES = """\
[desk]
listen = "127.0.0.1:{port}"
check_in_address = "onegate:"
[[doors]]
id = "back"
name = "Pintu belakang"
normally = "closed"
  [doors.sensor]
  driver = "mqtt_sensor"
  topic = "{door}"
  member = "contact"
  closed = "true"
  opened = "false"
"""


@dataclass(frozen=True, slots=True)
class Gate:
    """address: where the pages are, without a slash at the end."""

    site: Site
    broker: Mosquitto
    address: str
    cookies: dict[str, Cookies] = field(default_factory=dict)
    """Of whoever signed in before: a gate takes few sign-ins a minute from one address."""
    _credentials: dict[str, dict[str, str]] = field(default_factory=dict)

    def credentials(self, role: str, lane: str = "lane-1") -> dict[str, str]:
        """Return what somebody signs in with; their account is made when they first come.

        role: `officer`, or another person with it: `officer-2`. lane: of a display.
        """
        label = f"{role}-{lane}" if role == "display" else role
        if label not in self._credentials:
            self._credentials[label] = self._made(label, role.rstrip("-0123456789"), lane)
        return self._credentials[label]

    def _made(self, label: str, role: str, lane: str) -> dict[str, str]:
        if role == "display":
            made = self.site.ask(do="user_token", label=label, role=role, lane=lane)
            return {"token": made["token"]}
        account = {"label": label, "secret": PIN if role == "officer" else PASSWORD}
        made = self.site.ask(do="user_add", role=role, **account)
        assert made["ok"], made
        return account

    async def move_back_door(self, *, is_shut: bool) -> None:
        await _tell_contact(self.broker.port, is_shut=is_shut)


@asynccontextmanager
async def run_gate(folder: Path, settings: str = REFERRING) -> AsyncIterator[Gate]:
    """Run one until the block ends; both its lanes are ready then, and the pages are served."""
    port = free_port()
    with Mosquitto(folder) as broker:
        await _tell_contact(broker.port, is_shut=True)
        pages = _PAGES.format(port=port, door=BACK_DOOR)
        # The walk is the longest part of a passage, and here nobody looks at it.
        site = Site(
            folder,
            settings=settings + pages,
            broker=broker.port,
            device_broker=broker.port,
            options=("--walk-ms", "50"),
        )
        async with site:
            await pages_served(site)
            yield Gate(site, broker, f"http://127.0.0.1:{port}")


async def _tell_contact(port: int, *, is_shut: bool) -> None:
    async with aiomqtt.Client("127.0.0.1", port) as contact:
        await contact.publish(BACK_DOOR, json.dumps({"contact": is_shut}), qos=1, retain=True)
