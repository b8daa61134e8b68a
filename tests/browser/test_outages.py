"""All pages side by side while the broker or the gateway is away, and when somebody may go no more."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.gate import Gate
from tests.browser.screens import Screens
from tests.e2e.daemon import issue

pytestmark = pytest.mark.slow

PAGES = {"officer": "/desk", "manager": "/manager", "display": "/display/lane-1"}
CUT_OFF = ("ERR_", "request:", "Failed to load")
"""What a browser says of a gateway that is not there."""


async def open_all(screens: Screens) -> dict[str, Page]:
    """Open one page of each kind, and leave something in it that a reload would take away."""
    pages = {role: await screens.open(path, role=role) for role, path in PAGES.items()}
    for page in pages.values():
        await page.evaluate("window.isAsItWas = true")
    await expect(pages["display"].locator("main.scan")).to_be_visible()
    return pages


async def same_as_before(pages: dict[str, Page], gate: Gate) -> None:
    """Assert that nobody had to load a page again, or to sign in."""
    for role, page in pages.items():
        assert page.url == gate.address + PAGES[role]
        assert await page.evaluate("window.isAsItWas")


async def test_the_pages_go_on_while_the_centre_is_away(screens: Screens, gate: Gate):
    pages = await open_all(screens)
    link = pages["manager"].locator(".health li", has_text="Sambungan ke pusat")
    await expect(link).to_have_class("green")
    gate.broker.stop()
    await expect(link).not_to_have_class("green")
    before = gate.site.inside()
    await gate.site.pass_through(issue("while-away"))
    await expect(pages["officer"].locator("[data-lane=lane-1]").first).to_have_attribute(
        "data-kind", re.compile("admitted|idle")
    )
    await expect(pages["manager"].locator(".rows li").first).to_be_visible()
    assert gate.site.inside() == before + 1
    for role in ("officer", "manager"):
        await expect(pages[role].locator(".banner.stale")).to_be_hidden()
    gate.broker.start()
    await expect(link).to_have_class("green")
    await same_as_before(pages, gate)


async def test_the_pages_are_back_after_the_gateway_was_killed(screens: Screens, gate: Gate):
    screens.bear(*CUT_OFF)
    pages = await open_all(screens)
    stale = [pages[role].locator(".banner.stale") for role in ("officer", "manager")]
    gate.site.kill()
    for banner in stale:
        await expect(banner).to_be_visible()
    await expect(pages["display"].locator("main.offline")).to_be_visible()
    await screens.picture(pages["manager"], "manager-cut-off")
    await gate.site.start()
    for banner in stale:
        await expect(banner).to_be_hidden()
    await expect(pages["display"].locator("main.scan")).to_be_visible()
    feed = pages["manager"].locator(".rows li", has_text="lane-1")
    newest = await feed.first.inner_text()
    await gate.site.pass_through(issue("after-it"))
    await expect(feed.first).not_to_have_text(newest, use_inner_text=True)
    await same_as_before(pages, gate)


async def test_whoever_is_taken_off_the_list_is_shown_the_way_out(screens: Screens, gate: Gate):
    screens.bear(*CUT_OFF)
    page = await screens.open("/desk", role="officer-7", size="phone")
    await expect(page.locator("[data-sheet=guest]").first).to_be_visible()
    assert gate.site.ask(do="user_remove", label="officer-7")["ok"]
    await page.wait_for_url("**/?to=/desk")
    await expect(page.get_by_role("button", name="Masuk")).to_be_visible()


async def test_who_signs_out_leaves_nothing_behind(screens: Screens, gate: Gate):
    screens.bear("401")
    page = await screens.open("/manager", role="manager-7")
    await page.get_by_role("button", name="Keluar").click()
    await expect(page).to_have_url(f"{gate.address}/")
    await page.goto("/manager")
    await expect(page).to_have_url(f"{gate.address}/?to=/manager")


async def test_the_theme_is_changed_by_one_tap_and_kept(screens: Screens, gate: Gate):
    page = await screens.open("/manager", role="manager", theme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    await expect(page.locator("header .theme")).to_be_visible()
    dark = await page.evaluate(ground)
    await page.locator("header .theme").click()
    await expect(page.locator("html")).to_have_attribute("data-theme", re.compile("light|dark"))
    chosen = await page.evaluate(ground)
    assert await page.locator("html").get_attribute("data-theme") == "light"
    assert chosen != dark
    await page.reload()
    await expect(page.locator("header .theme")).to_be_visible()
    assert await page.evaluate(ground) == chosen
