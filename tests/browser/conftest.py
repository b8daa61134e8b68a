"""Chromium for all tests of a worker, a gate for all of a module, and pages for each.

A module that needs other settings than `gate.REFERRING` says so: SETTINGS = "..." at its top. Its
tests share the gate, so each takes people, lanes and counts as it finds them and leaves nothing
behind that another would trip over; a test that kills the gate runs one of its own (`run_gate`).
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser.chromium import run_chromium
from tests.browser.gate import REFERRING, Gate, run_gate
from tests.browser.screens import PATIENCE_MS, Screens

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is here; all share one loop, as browser and gate outlive a test."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.broker)
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    async with run_chromium() as browser:
        yield browser


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
