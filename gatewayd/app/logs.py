"""Logs as one JSON object a line, for people with `jq` and for collectors."""

import json
import logging
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime


class JsonLines(logging.Formatter):
    """`{"at", "level", "event", "from", ...fields}`; a trace, where there is one, under `trace`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "from": record.name,
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class JournaldLines(JsonLines):
    """With the level before each line, as sd-daemon(3) has it: `journalctl -p warning` finds it."""

    def format(self, record: logging.LogRecord) -> str:
        priority = next(number for level, number in _PRIORITIES if record.levelno >= level)
        return f"<{priority}>{super().format(record)}"


_PRIORITIES = (
    (logging.CRITICAL, 2),
    (logging.ERROR, 3),
    (logging.WARNING, 4),
    (logging.INFO, 6),
    (logging.NOTSET, 7),
)


def start_logging(level: int = logging.INFO) -> None:
    """Log to standard error, which journald and people's terminals both take."""
    handler = logging.StreamHandler(sys.stderr)
    is_journald = goes_to_journald(sys.stderr.fileno(), os.environ)
    handler.setFormatter(JournaldLines() if is_journald else JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # The MQTT library tells every packet and every lost connection; our adapter tells the change.
    logging.getLogger("mqtt").setLevel(logging.CRITICAL)


def goes_to_journald(number: int, environment: Mapping[str, str]) -> bool:
    """Tell whether a file descriptor is the one that systemd made for the log; systemd.exec(5)."""
    status = os.fstat(number)
    return environment.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
