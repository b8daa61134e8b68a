"""The log's lines: JSON for collectors, with a level that journald understands in front."""

import json
import logging
import os

import pytest

from gatewayd.app.logs import JournaldLines, JsonLines, goes_to_journald


def record(level):
    made = logging.LogRecord("gatewayd.x", level, "x.py", 1, "link_lost", None, None)
    made.fields = {"lane": "lane-1"}
    return made


@pytest.mark.parametrize(
    ("level", "priority"),
    [("CRITICAL", 2), ("ERROR", 3), ("WARNING", 4), ("INFO", 6), ("DEBUG", 7)],
)
def test_journald_is_told_the_level_and_people_the_same_line(level, priority):
    made = record(getattr(logging, level))
    line = JsonLines().format(made)
    assert JournaldLines().format(made) == f"<{priority}>{line}"
    told = json.loads(line)
    assert (told["level"], told["event"], told["lane"]) == (level.lower(), "link_lost", "lane-1")


def test_a_log_that_somebody_took_elsewhere_has_no_levels_in_front(tmp_path):
    with (tmp_path / "log").open("w") as log, (tmp_path / "other").open("w") as other:
        status = os.fstat(log.fileno())
        environment = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        assert goes_to_journald(log.fileno(), environment)
        assert not goes_to_journald(other.fileno(), environment)
        assert not goes_to_journald(log.fileno(), {})
