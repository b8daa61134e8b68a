"""Pages in Chromium as people have them open, listened to for every complaint of the browser's."""

import re
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request

from tests.browser.gate import Gate

SIZES = {"phone": (360, 740), "tablet": (820, 1180), "wall": (1920, 1080)}
LOCALES = ("id", "en")
PATIENCE_MS = 20_000  # For what takes far less than a second, on a machine that has other work.
PICTURES = Path(__file__).parents[2] / "build" / "screenshots"

_KEY = re.compile(r"(?<![\w./@-])[a-z_]+(?:\.[a-z_]+)+(?![\w.]*[/@-])")
"""What the key of a text looks like, as a page shows it that has no text for it."""
_LANGUAGE = "localStorage.getItem('onegate.locale') ?? localStorage.setItem('onegate.locale', '{}')"


@dataclass(frozen=True, slots=True)
class Look:
    size: str
    locale: str
    theme: str


class Screens:
    """Used as `async with Screens(...) as screens`: at the end every page must have been content.

    A complaint is an error or a warning in the console (a breach of the content security policy is
    one), an exception nobody caught, a request that failed. Whoever cuts a gate off expects some:
    `bear`.
    """

    def __init__(self, browser: Browser, gate: Gate) -> None:
        self._browser = browser
        self._gate = gate
        self._looks: dict[Page, Look] = {}
        self._complaints: list[str] = []
        self._borne: list[re.Pattern[str]] = []
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        complaints = self.complaints()
        await self._stack.aclose()
        if error[0] is None:
            assert not complaints, "\n".join(complaints)
        elif complaints:
            print("The browser complained:", *complaints, sep="\n")

    async def open(
        self,
        path: str,
        *,
        role: str | None = "manager",
        size: str = "tablet",
        locale: str = "id",
        theme: str = "light",
    ) -> Page:
        """Open a page in a browser of its own.

        role: who is signed in: `officer`, another one: `officer-2`, None: nobody. A display is the
        one of the lane that its path names.
        """
        context = await self._context(Look(size, locale, theme))
        if role is not None:
            await self._sign_in(context, role, path.rpartition("/")[2])
        page = await context.new_page()
        self._looks[page] = Look(size, locale, theme)
        self._listen(page)
        await page.goto(path)
        return page

    def bear(self, *patterns: str) -> None:
        """Take complaints in which one of these is found for what the test is about."""
        self._borne += [re.compile(pattern) for pattern in patterns]

    def complaints(self) -> Sequence[str]:
        return [
            complaint
            for complaint in self._complaints
            if not any(pattern.search(complaint) for pattern in self._borne)
        ]

    async def fits(self, page: Page) -> None:
        """Assert that it shows no key of a text, and is no wider than its screen."""
        size = self._looks[page].size
        keys = _KEY.findall(await page.inner_text("body"))
        assert not keys, f"shown without a text: {', '.join(keys)}"
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width <= SIZES[size][0], f"{width} px wide on a {size}"

    async def picture(self, page: Page, name: str) -> Path:
        """Keep what the page looks like, for people, under the name of its size and language.

        A page that nobody would want a picture of fails: one that does not fit.
        """
        await self.fits(page)
        look = self._looks[page]
        path = PICTURES / f"{name}-{look.size}-{look.locale}-{look.theme}.png"
        await page.screenshot(path=path, animations="disabled")
        return path

    async def _context(self, look: Look) -> BrowserContext:
        width, height = SIZES[look.size]
        context = await self._browser.new_context(
            base_url=self._gate.address,
            viewport={"width": width, "height": height},
            has_touch=look.size != "wall",
            is_mobile=look.size != "wall",
            locale={"id": "id-ID", "en": "en-GB"}[look.locale],
            timezone_id="Asia/Jakarta",
            color_scheme="dark" if look.theme == "dark" else "light",
        )
        context.set_default_timeout(PATIENCE_MS)
        self._stack.push_async_callback(context.close)
        await context.add_init_script(_LANGUAGE.format(look.locale))
        return context

    async def _sign_in(self, context: BrowserContext, role: str, lane: str) -> None:
        """Go on with the session of a test before; where that is over, begin one."""
        known = self._gate.cookies
        credentials = self._gate.credentials(role, lane)
        name = str(credentials)
        if name in known:
            await context.add_cookies(known[name])
            if (await context.request.get("/api/me")).ok:
                return
        answer = await context.request.post("/api/session", data=credentials)
        assert answer.ok, await answer.text()
        known[name] = await context.cookies()

    def _listen(self, page: Page) -> None:
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self._complaints.append(f"exception: {error}"))
        page.on("requestfailed", self._failed)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            where: Any = message.location
            self._complaints.append(f"{message.type}: {message.text} ({where.get('url')})")

    def _failed(self, request: Request) -> None:
        # A page that goes takes its stream along.
        if request.failure != "net::ERR_ABORTED":
            self._complaints.append(f"request: {request.failure} ({request.url})")
