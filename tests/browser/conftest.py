"""Chromium for all tests of a worker, a gate for all of a module, and pages for each.

A module that needs other settings than `gate.REFERRING` says so: SETTINGS = "..." at its top. Its
tests share the gate, so each takes people, lanes and counts as it finds them and leaves nothing
behind that another would trip over; a test that kills the gate runs one of its own (`run_gate`).
"""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.browser.gate import REFERRING, Gate, run_gate
from tests.browser.screens import PATIENCE_MS, Screens

HERE = Path(__file__).parent

FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""It is to open the pages and to look for nothing else; there may be no way out of this machine."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is here; all share one loop, as browser and gate outlive a test."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.broker)
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    program = shutil.which("chromium")
    assert program, "install chromium, or leave out the tests marked browser"
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        # Without its sandbox: root has none, and it sees no page but ours.
        browser = await playwright.chromium.launch(
            executable_path=program, args=FLAGS, chromium_sandbox=False
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gate(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gate]:
    settings = getattr(request.module, "SETTINGS", REFERRING)
    async with run_gate(tmp_path_factory.mktemp("gate"), settings) as gate:
        yield gate


@pytest_asyncio.fixture(loop_scope="session")
async def screens(chromium: Browser, gate: Gate) -> AsyncIterator[Screens]:
    async with Screens(chromium, gate) as screens:
        yield screens
