"""How long a page takes until it shows the gate as it is, on a box and a device that are slow.

    python -m benchmarks.page_load [--rounds 5] [--slowdown 4]

A real gate on this machine, and each page in Chromium with its processor slowed down by so much
(CDP), loaded with an empty cache and again with what the first time left. Milliseconds from the
beginning of the navigation until the first state of the gate stands on the page.
"""

import argparse
import asyncio
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser

from tests.browser.chromium import run_chromium
from tests.browser.gate import Gate, run_gate
from tests.browser.screens import Screens


@dataclass(frozen=True, slots=True)
class Loaded:
    """shown: what stands on the page once it knows the state of the gate, as a selector."""

    path: str
    role: str
    size: str
    shown: str


PAGES = (
    Loaded("/desk", "officer", "tablet", ".tile[data-lane]"),
    Loaded("/manager", "manager", "wall", ".health li"),
    Loaded("/display/lane-1", "manager", "tablet", "main.scan"),
)

# Looks at each change of the page; the clock of the page begins with the navigation.
_WATCH = """
window.shownAt = new Promise((resolve) => {
  new MutationObserver((_, observer) => {
    if (document.querySelector('SHOWN') === null) return
    resolve(performance.now())
    observer.disconnect()
  }).observe(document, { childList: true, subtree: true, attributes: true })
})
"""
_LOADED = """() => {
  const files = performance.getEntriesByType('resource').filter((one) => one.transferSize > 0)
  return [files.length, files.reduce((sum, one) => sum + one.transferSize, 0)]
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slowdown", type=float, default=4.0)
    asyncio.run(_measure(**vars(parser.parse_args())))


async def _measure(rounds: int, slowdown: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with run_gate(Path(folder)) as gate, run_chromium() as browser:
            for loaded in PAGES:
                runs = [await _load(browser, gate, loaded, slowdown) for _ in range(rounds)]
                first, again, files, size = (list(one) for one in zip(*runs, strict=True))
                print(
                    f"{loaded.path:<18}first {_told(first)}  again {_told(again)}  "
                    f"{files[0]:.0f} files, {size[0] / 1024:.0f} KiB"
                )


async def _load(
    browser: Browser, gate: Gate, loaded: Loaded, slowdown: float
) -> tuple[float, float, float, float]:
    """Return the times of the first and of the next load, and what the first one took."""
    async with Screens(browser, gate) as screens:
        screens.bear("favicon")
        page = await screens.open("/static/icon.svg", role=loaded.role, size=loaded.size)
        await page.add_init_script(_WATCH.replace("SHOWN", loaded.shown))
        session = await page.context.new_cdp_session(page)
        await session.send("Emulation.setCPUThrottlingRate", {"rate": slowdown})
        await page.goto(loaded.path)
        first = await page.evaluate("window.shownAt")
        files, size = await page.evaluate(_LOADED)
        await page.reload()
        return first, await page.evaluate("window.shownAt"), files, size


def _told(times_ms: list[float]) -> str:
    return f"p50 {statistics.median(times_ms):>6.0f}  best {min(times_ms):>6.0f} ms"


if __name__ == "__main__":
    main()
