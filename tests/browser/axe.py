"""Holds a page to what axe knows of people who see, hear or point less well."""

from functools import cache
from pathlib import Path
from typing import Any

from playwright.async_api import Page

_AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
_GRAVE = ("serious", "critical")


async def accessible(page: Page) -> None:
    """Assert that axe finds nothing serious on the page as it is now."""
    await page.evaluate(_source())
    found = await page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    grave = [_told(one) for one in found["violations"] if one["impact"] in _GRAVE]
    assert not grave, "\n".join(grave)


@cache
def _source() -> str:
    assert _AXE.exists(), "scripts/test installs axe; or: (cd tests/browser && npm ci)"
    return _AXE.read_text()


def _told(violation: dict[str, Any]) -> str:
    """Return what is wrong, and where: the first few places."""
    places = [f"{node['html'][:200]} ({node['failureSummary']})" for node in violation["nodes"][:5]]
    return "\n  ".join([f"{violation['id']}: {violation['help']}", *places])
