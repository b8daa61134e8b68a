"""The suites of the CertLogic specification, where they lie beside the project."""

import json
from typing import Any

import pytest

from tests.unit.public_vectors import FOLDER


def read_suites(name: str) -> list[Any]:
    """Return all files of a suite; the test that asks is skipped where there are none."""
    folder = FOLDER / "certlogic" / name
    files = sorted(folder.glob("*.json"))
    if not files:
        pytest.skip(f"no public vectors in {folder}; set GATEWAYD_VECTORS to their folder")
    return [json.loads(file.read_text()) for file in files]
