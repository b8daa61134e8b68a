"""The public vectors that lie beside the project, where they do."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(os.environ.get("GATEWAYD_VECTORS", Path(__file__).parents[3] / "shared" / "vectors"))


def read_vectors(name: str) -> Any:
    """Return a set; the test that asks is skipped, saying so, where the set is not there."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"no public vectors in {path}; set GATEWAYD_VECTORS to their folder")
    return json.loads(path.read_text())
