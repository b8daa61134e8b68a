"""That the tests of the pages can fail: each complaint of a browser's is heard."""

import pytest

from tests.browser.axe import accessible
from tests.browser.screens import Screens

INLINE = "document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">red</p>')"
NAMELESS = "document.body.innerHTML = '<input>'"
KEY = "document.body.innerHTML = '<p>entry.sign_in</p>'"
WIDE = "document.body.innerHTML = '<pre>' + 'wide '.repeat(200) + '</pre>'"
LATER = "setTimeout(() => { throw new Error('nobody caught it') }, 0)"
ELSEWHERE = "fetch('http://127.0.0.1:9/').catch(() => null)"


@pytest.mark.parametrize(
    ("act", "heard"),
    [
        ("console.warn('look here')", "look here"),
        (INLINE, "Content Security Policy"),
        (LATER, "nobody caught it"),
        (ELSEWHERE, "Content Security Policy"),
        ("fetch('/static/none').then(() => null)", "404"),
    ],
)
async def test_a_complaint_of_the_browser_fails_a_test(chromium, gate, act: str, heard: str):
    screens = Screens(chromium, gate)
    page = await screens.open("/", role=None)
    kind = "pageerror" if act == LATER else "console"
    async with page.expect_event(kind, lambda told: heard in str(getattr(told, "text", told))):
        await page.evaluate(f"() => {{ {act} }}")
    with pytest.raises(AssertionError, match=heard):
        await screens.__aexit__(None)


@pytest.mark.parametrize(("content", "said"), [(KEY, "entry.sign_in"), (WIDE, "wide on a phone")])
async def test_a_page_without_words_or_too_wide_gets_no_picture(screens, content: str, said: str):
    screens.bear("/api/me")
    page = await screens.open("/", role=None, size="phone")
    await page.evaluate(content)
    with pytest.raises(AssertionError, match=said):
        await screens.picture(page, "never")


async def test_a_field_without_a_name_is_not_accessible(screens):
    screens.bear("/api/me")
    page = await screens.open("/", role=None)
    await page.evaluate(NAMELESS)
    with pytest.raises(AssertionError, match="label"):
        await accessible(page)
