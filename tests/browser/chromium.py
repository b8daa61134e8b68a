"""Chromium as it is started here: Debian's, without a window, and with no way to elsewhere."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

# It is to open the pages and to look for nothing else; there may be no way out of this machine.
_FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@asynccontextmanager
async def run_chromium() -> AsyncIterator[Browser]:
    program = shutil.which("chromium")
    assert program, "install chromium, or leave out the tests marked browser"
    async with async_playwright() as playwright:
        # Without its sandbox: root has none, and it sees no page but ours.
        browser = await playwright.chromium.launch(
            executable_path=program, args=_FLAGS, chromium_sandbox=False
        )
        try:
            yield browser
        finally:
            await browser.close()
