"""All fuzz targets, by name; see the modules for what each holds its decoder to."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from tests.fuzz import centre, credentials, files, gatelink, pages, scans, settings
from tests.fuzz.target import Target

TARGETS: Final[Mapping[str, Target]] = {
    target.name: target
    for module in (scans, credentials, gatelink, centre, settings, files, pages)
    for target in module.TARGETS
}


class Regression(NamedTuple):
    """An input that once broke a promise, and its story."""

    target: Target
    data: bytes
    story: str


def regressions() -> list[Regression]:
    """Return those of `regressions.txt`: target, input in hex, story; `#` begins a comment."""
    found = []
    for line in (Path(__file__).parent / "regressions.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, data, story = line.split(" ", 2)
            found.append(Regression(TARGETS[name], bytes.fromhex(data), story))
    return found
