"""The first manager of a gate, made at the page that the machine itself tells the way to."""

from playwright.async_api import expect

from tests.browser.axe import accessible
from tests.browser.gate import Gate
from tests.browser.screens import Screens
from tests.e2e.pages import MANAGER, PASSWORD


async def test_whoever_has_the_token_becomes_the_first_manager(gate: Gate, screens: Screens):
    screens.bear("/api/me", "/api/setup", "/static/js/manager")
    way = gate.site.ask(do="user_setup")["set_up_address"]
    without = await screens.open("/setup", role=None, size="phone")
    await expect(without.get_by_text("gatewayd user setup")).to_be_visible()
    page = await screens.open(way.removeprefix(gate.address), role=None, size="phone")
    await expect(page.get_by_role("heading", name="Pengelola pertama")).to_be_visible()
    assert "#" not in page.url
    await page.get_by_label("Nama pengguna").fill(MANAGER)
    await page.get_by_label("Kata sandi").fill("kapal")
    await page.get_by_label("Sekali lagi").fill("lain")
    await page.get_by_role("button", name="Buat pengelola").click()
    await expect(page.get_by_role("alert")).to_have_text("Kedua isian tidak sama. Ketik lagi.")
    await page.get_by_label("Sekali lagi").fill("kapal")
    await page.get_by_role("button", name="Buat pengelola").click()
    await expect(page.get_by_role("alert")).to_contain_text("12 karakter")
    await accessible(page)
    await screens.picture(page, "setup")
    await page.get_by_label("Kata sandi").fill(PASSWORD)
    await page.get_by_label("Sekali lagi").fill(PASSWORD)
    await page.get_by_role("button", name="Buat pengelola").click()
    await expect(page).to_have_url(f"{gate.address}/manager")
    await without.goto("/setup")
    await expect(without).to_have_url(f"{gate.address}/")
