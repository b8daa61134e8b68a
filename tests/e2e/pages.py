"""A person at the pages of a gate: a browser's cookie jar, and what our pages send with it."""

import json
import socket
import ssl
from pathlib import Path
from typing import Any, Self

from aiohttp import ClientSession, CookieJar, TCPConnector

from tests.e2e.daemon import Site, until

MANAGER, PASSWORD = "pengelola", "kapal laut biru"
OFFICER, PIN = "petugas-1", "274931"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Browser:
    """Used as `async with Browser(base) as browser`; answers are (status, JSON)."""

    def __init__(self, base: str, trusts: Path | None = None) -> None:
        """trusts: the file of the certificate that is expected there, where pages have TLS."""
        self.base = base
        self._trusts = trusts
        self.csrf = ""
        self.headers: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        tls = self._trusts is None or ssl.create_default_context(cafile=str(self._trusts))
        connector = TCPConnector(ssl=tls)
        self._client = ClientSession(connector=connector, cookie_jar=CookieJar(unsafe=True))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def ask(self, method: str, path: str, /, **body: object) -> tuple[int, dict[str, Any]]:
        headers = {"X-CSRF-Token": self.csrf, **self.headers}
        if method != "GET":
            headers["Content-Type"] = "application/json"
        asked = self._client.request(
            method, self.base + path, headers=headers, data=json.dumps(body) if body else None
        )
        async with asked as answer:
            told = await answer.json()
            self.csrf = told.get("csrf") or self.csrf
            return answer.status, told

    async def sign_in(self, label: str, secret: str, **more: object) -> tuple[int, dict[str, Any]]:
        return await self.ask("POST", "/api/session", label=label, secret=secret, **more)


def desk_settings(port: int, host: str = "127.0.0.1") -> str:
    return f'[desk]\nlisten = "{host}:{port}"\n'


async def pages_served(site: Site, count: int = 1) -> None:
    """Wait until they are, for the so-many-th time."""
    await until(lambda: len(site.log("pages_served")) >= count)
