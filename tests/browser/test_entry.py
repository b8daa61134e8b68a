"""The page where people sign in."""

import pytest
from playwright.async_api import expect

from tests.browser.axe import accessible
from tests.browser.gate import Gate
from tests.browser.screens import LOCALES, SIZES, Screens


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("size", SIZES)
async def test_the_entry_page_asks_for_name_and_secret(screens: Screens, size: str, locale: str):
    screens.bear("/api/me")  # The page asks who is signed in: nobody is.
    page = await screens.open("/", role=None, size=size, locale=locale)
    button = {"id": "Masuk", "en": "Sign in"}[locale]
    await expect(page.get_by_role("button", name=button)).to_be_visible()
    await accessible(page)
    await screens.picture(page, "entry")


@pytest.mark.parametrize(
    ("role", "home"), [("officer", "/desk"), ("manager", "/manager"), ("auditor", "/manager")]
)
async def test_whoever_signs_in_comes_to_their_own_page(gate: Gate, screens: Screens, role, home):
    screens.bear("/api/me", "/static/js/")
    page = await screens.open("/", role=None, size="phone")
    account = gate.credentials(role)
    await page.get_by_label("Nama pengguna").fill(account["label"])
    await page.get_by_label("PIN atau kata sandi").fill(account["secret"])
    await page.get_by_role("button", name="Masuk").click()
    await expect(page).to_have_url(f"{gate.address}{home}")
    await page.goto("/")
    await expect(page).to_have_url(f"{gate.address}{home}")


async def test_a_wrong_secret_is_told_in_words(gate: Gate, screens: Screens):
    screens.bear("/api/me", "/api/session")
    page = await screens.open("/", role=None, size="phone")
    await page.get_by_label("Nama pengguna").fill(gate.credentials("technician")["label"])
    await page.get_by_label("PIN atau kata sandi").fill("kapal darat merah")
    await page.get_by_role("button", name="Masuk").click()
    await expect(page.get_by_role("alert")).not_to_be_empty()
    await accessible(page)
    await screens.picture(page, "entry-wrong")


async def test_one_tap_changes_the_language_and_a_reload_keeps_it(screens: Screens):
    screens.bear("/api/me")
    page = await screens.open("/", role=None, size="phone")
    await page.get_by_role("button", name="English").click()
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await page.reload()
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()


async def test_a_secret_for_one_time_is_changed_before_anything_else(gate: Gate, screens: Screens):
    screens.bear("/api/me", "/api/session", "/static/js/desk")
    once = gate.site.ask(do="user_add", label="petugas-baru", role="officer")["secret"]
    page = await screens.open("/", role=None, size="phone", locale="en")
    await page.get_by_label("User name").fill("petugas-baru")
    await page.get_by_label("PIN or password").fill(once)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_contain_text("good for one time")
    await page.get_by_label("New PIN or password").fill("518206")
    await page.get_by_label("Once more").fill("518206")
    await accessible(page)
    await screens.picture(page, "entry-once")
    await page.get_by_role("button", name="Save and sign in").click()
    await expect(page).to_have_url(f"{gate.address}/desk")
