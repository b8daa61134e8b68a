"""Takes the pictures of README.md, of the demo as it plays: `scripts/screenshots`."""

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Page

from gatewayd.app.demo.accounts import Ledger
from gatewayd.app.demo.perform import Options, Watcher, perform
from gatewayd.app.demo.stage import MQTT_LANE, Stage
from gatewayd.core.roles import Role
from tests.browser.chromium import run_chromium

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
SIZE_MAX = 150_000  # Bytes; they are read along with README.md, on a telephone too.
PATIENCE_MS = 60_000  # Somebody comes every five seconds, but not everybody is referred.


@dataclass(frozen=True, slots=True)
class Picture:
    """until: what has to be seen on the page, as a selector."""

    name: str
    path: str
    role: Role
    until: str
    width: int
    height: int


PICTURES = (
    Picture("desk", "/desk", Role.OFFICER, "[data-referral]", 820, 1180),
    Picture("manager", "/manager", Role.MANAGER, "ol.rows > li:nth-child(5)", 1280, 900),
    # Staff come to this lane: they have room when the house is full of visitors.
    Picture("display", f"/display/{MQTT_LANE}", Role.MANAGER, "main.go", 800, 480),
)


class Photographer(Watcher):
    def __init__(self, browser: Browser, wanted: tuple[Picture, ...]) -> None:
        self._browser = browser
        self._wanted = wanted

    async def stay(self, stage: Stage, ledger: Ledger) -> None:
        for picture in self._wanted:
            page = await self._open(stage, picture)
            path = FOLDER / f"{picture.name}.png"
            is_taken = False
            while not is_taken:
                await page.wait_for_selector(picture.until, timeout=PATIENCE_MS)
                await page.screenshot(path=path, animations="disabled")
                is_taken = await page.locator(picture.until).count() > 0  # Else it was too short.
            await page.context.close()
            assert path.stat().st_size <= SIZE_MAX, f"{path} is too large for README.md"

    async def _open(self, stage: Stage, picture: Picture) -> Page:
        page = await self._browser.new_page(
            base_url=stage.address,
            viewport={"width": picture.width, "height": picture.height},
            locale="en-GB",
            timezone_id=stage.site.timezone,
        )
        await page.add_init_script("localStorage.setItem('onegate.locale', 'en')")
        account = next(one for one in stage.sign_ons if one.role is picture.role)
        credentials = {"label": account.label, "secret": account.secret}
        answer = await page.context.request.post("/api/session", data=credentials)
        assert answer.ok, await answer.text()
        await page.goto(picture.path)
        return page


async def take(names: list[str]) -> None:
    """Play a short demo, and take the pictures while people go on to come; none named: all."""
    wanted = tuple(picture for picture in PICTURES if not names or picture.name in names)
    FOLDER.mkdir(parents=True, exist_ok=True)
    options = Options(people=30, seconds=30.0, is_left_open=True)
    async with run_chromium() as browser:
        await perform(options, Photographer(browser, wanted))


if __name__ == "__main__":
    asyncio.run(take(sys.argv[1:]))
