"""docs/displays.md and docs/api.md: every sign of a lane's screen is there, in its own words."""

import json
import re
from pathlib import Path

import pytest

from gatewayd.core.lane_view import Sign
from gatewayd.desk.server import STATIC

DOCS = Path(__file__).parents[2] / "docs"
WORDS = json.loads((STATIC / "texts" / "id.json").read_text())


@pytest.mark.parametrize("sign", [*map(str, Sign), "go_exit", "offline"])
def test_the_page_for_managers_explains_every_sign(sign):
    told = re.findall(r"^\| \*\*(.+?)\*\*", (DOCS / "displays.md").read_text(), re.MULTILINE)
    assert WORDS[f"display.{sign}"] in {one.removesuffix(" 50/50") for one in told}


def test_the_page_for_programs_lists_them_all():
    page = (DOCS / "api.md").read_text()
    listed = page[page.index("`sign` is one of") : page.index("; `words` says it")]
    assert set(re.findall(r"`([a-z]+)`", listed)) - {"sign"} == set(map(str, Sign))
