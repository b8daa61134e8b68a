"""What holds for all tests: the same examples in each run, however slow the machine is."""

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "same",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("same")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("slow") or "sim" in item.path.parts:
            item.add_marker("no_cover")  # Traced they take twice as long, and reach little more.
        if item.get_closest_marker("alone"):
            assert "e2e" in item.path.parts, f"{item.nodeid}: scripts/test looks in tests/e2e only"
