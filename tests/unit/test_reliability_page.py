"""docs/reliability.md tells of the simulation what the simulation is."""

import re
from pathlib import Path

from tests.sim.marks import MARKS, RARE
from tests.sim.promises import PROMISES, in_words

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
RENEW = "renew it from `python -m tests.sim --list`, and from a large sample"


def _section(title: str) -> str:
    text = PAGE.read_text(encoding="utf-8")
    return text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_the_page_names_every_promise():
    named = re.findall(r"^- (.+)$", _section("Promises"), re.MULTILINE)
    assert named == [in_words(promise) for promise in PROMISES], RENEW


def test_the_page_names_every_mark_and_says_which_are_rare():
    named = re.findall(r"^\| ([^|]+?)( \*)? \| \d+ \| \d+ \|$", _section("Marks"), re.MULTILINE)
    assert {name for name, _ in named} == set(MARKS), RENEW
    assert {name for name, rare in named if rare} == set(RARE), RENEW
