"""The page where people sign in."""

import pytest
from playwright.async_api import expect

from tests.browser.axe import accessible
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
