"""A broker of the centre's and the centre at it, for tests that need no others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.centre import Centre
from tests.e2e.mosquitto import Mosquitto


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path) as broker:
        yield broker


@pytest.fixture
def centre(broker: Mosquitto) -> Iterator[Centre]:
    with Centre(broker.port) as centre:
        yield centre
