"""The page about security: what it names as proof is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/security.md").read_text()


def test_every_proof_that_it_names_exists():
    named = set(re.findall(r"\btest_\w+", PAGE))
    assert len(named) > 20
    there = {path.stem for path in (ROOT / "tests").rglob("test_*.py")}
    assert named - there == set()


def test_every_file_that_it_names_exists():
    paths = re.findall(r"\]\(([\w/-]+\.md)\)", PAGE)
    assert paths
    for path in paths:
        assert (ROOT / "docs" / path).exists(), path
    for path in re.findall(r"\b(?:tests|gatewayd|firmware_protocol)/[\w/.]+\w", PAGE):
        assert (ROOT / path).exists(), path
