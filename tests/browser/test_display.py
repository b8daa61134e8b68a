"""The screen at a lane, from a scan on the wire to what somebody reads from two metres away."""

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.axe import accessible
from tests.browser.gate import Gate, run_gate
from tests.browser.screens import PICTURES, Screens
from tests.e2e.daemon import issue

SETTINGS = """\
[policy]
unknown_holder = "refer"
capacity.total = 2
"""
SIZES = ((320, 240), (800, 480), (600, 1024))

LINES = "Failed to load resource|ERR_"
"""What the browser says of a gate that is away for a while."""


@pytest_asyncio.fixture(loop_scope="session")
async def display(screens: Screens) -> Page:
    page = await screens.open("/display/lane-1", role="display")
    await shown(page, "scan")
    return page


async def shown(page: Page, sign: str) -> None:
    await expect(page.locator("main.sign")).to_have_class(f"sign {sign} entry")


async def looked_at(page: Page, sign: str) -> None:
    """See that the sign is there, fits every screen, and keep a picture of each."""
    await shown(page, sign)
    for width, height in SIZES:
        await page.set_viewport_size({"width": width, "height": height})
        await expect(page.locator(".words")).to_be_visible()
        await page.wait_for_function(_FITS)
        path = PICTURES / f"display-{sign}-{width}x{height}.png"
        await page.screenshot(path=path, animations="disabled")
    await shown(page, sign)
    await accessible(page)


_FITS = """() => {
  const box = document.querySelector('.words')
  const page = document.documentElement
  return box.scrollHeight <= box.clientHeight && box.scrollWidth <= box.clientWidth &&
    page.scrollHeight <= innerHeight && page.scrollWidth <= innerWidth
}"""


@asynccontextmanager
async def paused(process) -> AsyncIterator[None]:
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


async def test_a_lane_at_rest_asks_for_a_scan_and_shows_the_code_for_phones(display: Page):
    await looked_at(display, "scan")
    await expect(display.locator(".title").first).to_have_text("Silakan pindai")
    await expect(display.locator(".code img")).to_be_visible()
    await expect(display.locator("footer")).to_contain_text("Di dalam 0 dari 2")


async def test_the_arrow_is_there_while_the_gate_is_open_and_gone_after_it(
    gate: Gate, display: Page
):
    await gate.site.lane.turnstile.obey("next stay")
    assert await gate.site.show(issue("1001")) == ("admitted", "ok")
    await looked_at(display, "go")
    await expect(display.locator(".title")).to_have_text(["Silakan masuk", "Please enter"])
    await shown(display, "scan")


async def test_no_arrow_outlives_its_window_when_nothing_is_heard(
    gate: Gate, screens: Screens, display: Page
):
    screens.bear(LINES)
    await gate.site.lane.turnstile.obey("next stay")
    await gate.site.show(issue("1002"))
    await shown(display, "go")
    async with paused(gate.site.gateway.process):
        await shown(display, "wait")
        await looked_at(display, "offline")
    await shown(display, "scan")


async def test_a_refusal_says_what_to_do_in_two_languages_and_goes_away(gate: Gate, display: Page):
    assert await gate.site.show(issue("1003", days=-1)) == ("refused", "expired")
    await looked_at(display, "refused")
    await expect(display.locator(".more")).to_have_text(
        ["Masa berlaku kode sudah habis. Minta kode baru.", "The code has expired. Ask for a new one."]
    )  # fmt: skip
    await shown(display, "scan")


async def test_whoever_is_sent_to_the_officer_sees_their_number(gate: Gate, display: Page):
    assert (await gate.site.show("CARD-NOBODY"))[0] == "referred"
    number = gate.site.ask(do="referrals")["referrals"][-1]["referral"]
    await looked_at(display, "officer")
    await expect(display.locator(".number").first).to_have_text(f"Nomor {number}")
    # What the officer settles with them is nothing to whoever stands at the lane next.
    assert gate.site.ask(do="refuse", referral=number, reason="uji")["ok"]


async def test_a_full_house_says_so_until_somebody_leaves(gate: Gate, display: Page):
    for guest in ("2001", "2002"):
        await gate.site.pass_through(issue(guest, "visitor"))
    await looked_at(display, "full")
    await expect(display.locator(".title").first).to_have_text("Penuh 2/2")
    await gate.site.pass_through(issue("2001", "visitor"), "exit")
    await shown(display, "scan")
    await expect(display.locator("footer")).to_contain_text("Di dalam 1 dari 2")
    await gate.site.pass_through(issue("2002", "visitor"), "exit")


async def test_a_lock_down_stands_on_the_screen_until_it_ends(gate: Gate, display: Page):
    assert gate.site.ask(do="lane", order="lock")["ok"]
    await looked_at(display, "locked")
    assert gate.site.ask(do="lane", order="resume")["ok"]
    await shown(display, "scan")


async def test_in_a_fire_the_screen_says_exit_and_nothing_else(gate: Gate, display: Page):
    gate.site.lane.turnstile.order("fire on")
    await looked_at(display, "emergency")
    await expect(display.locator(".title")).to_have_text(["KELUAR", "EXIT"])
    gate.site.lane.turnstile.order("fire off")
    await shown(display, "scan")


async def test_a_turnstile_without_a_link_is_out_of_order(gate: Gate, display: Page):
    async with paused(gate.site.lane.turnstile.process):
        await looked_at(display, "fault")
    await shown(display, "scan")


async def test_the_next_part_of_a_code_is_asked_for(gate: Gate, display: Page):
    gate.site.lane.scan("shc:/1/2/5676")
    await looked_at(display, "next")
    assert (await gate.site.show("shc:/2/2/2959"))[0] == "refused"
    await shown(display, "refused")


async def test_who_leaves_is_thanked_at_the_screen_inside(gate: Gate, display: Page):
    await display.goto("/display/lane-1?side=exit")
    await expect(display.locator(".title").first).to_have_text("Pindai untuk keluar")
    await gate.site.lane.turnstile.obey("next stay")
    await gate.site.show(issue("3001"), "exit")
    await expect(display.locator(".title")).to_have_text(["Terima kasih", "Thank you"])


@pytest.mark.slow
async def test_a_screen_signs_in_once_and_is_back_after_a_restart(chromium, tmp_path):
    async with run_gate(tmp_path) as gate, Screens(chromium, gate) as screens:
        screens.bear(LINES)
        token = gate.credentials("display")["token"]
        page = await screens.open(f"/display/lane-1#token={token}", role=None)
        await shown(page, "scan")
        assert page.url == f"{gate.address}/display/lane-1"
        gate.site.kill()
        await shown(page, "offline")
        await gate.site.start()
        await shown(page, "scan")
        gate.site.ask(do="user_untoken", label="display-lane-1")
        await expect(page.locator(".title").first).to_have_text("Layar belum terdaftar")
        await looked_at(page, "offline")
