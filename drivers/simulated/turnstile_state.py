"""What a simulated controller keeps over runs, in a JSON file: its log and its answers."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from drivers.base import DriverError
from firmware_protocol.memory import Answer, Memory
from firmware_protocol.messages import LOG_NAME_SIZE
from firmware_protocol.settings import Settings, WithoutHost
from firmware_protocol.words import (
    Command,
    Direction,
    EndReason,
    LogEntry,
    LogKind,
    Mode,
    Outcome,
)


class StateFile:
    """The file at `path`, replaced whole at each change; None keeps nothing."""

    def __init__(self, path: Path | None, token: Callable[[int], bytes]) -> None:
        """`token` draws the name of a new log."""
        self._path = path
        self._token = token
        self._log = b""

    def load(self) -> tuple[bytes, Memory]:
        """Return the log's name and what was kept. Raises DriverError for any other file."""
        if self._path is None or not self._path.exists():
            self._log = self._token(LOG_NAME_SIZE)
            return self._log, Memory()
        try:
            document = json.loads(self._path.read_bytes())
            self._log = bytes.fromhex(document["log"])
            return self._log, _load(document["memory"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DriverError(
                f"{self._path} is not the state of a simulated turnstile ({error!r}): "
                "name another file, or delete it to begin with an empty log"
            ) from error

    def store(self, memory: Memory) -> None:
        if self._path is None:
            return
        document = {"log": self._log.hex(), "memory": asdict(memory)}
        written = self._path.with_name(self._path.name + ".new")
        written.write_text(json.dumps(document, default=bytes.hex))
        written.replace(self._path)


def _load(plain: Mapping[str, Any]) -> Memory:
    command = plain["in_force"]
    without_host = WithoutHost(plain["settings"]["without_host"])
    return Memory(
        boot_count=plain["boot_count"],
        head=plain["head"],
        acknowledged=plain["acknowledged"],
        lost_count=plain["lost_count"],
        entries=tuple(_load_entry(entry) for entry in plain["entries"]),
        answers=tuple(
            Answer(bytes.fromhex(answer["grant"]), Outcome(answer["outcome"]))
            for answer in plain["answers"]
        ),
        in_force=None
        if command is None
        else Command(bytes.fromhex(command["grant"]), Direction(command["direction"])),
        settings=Settings(**(plain["settings"] | {"without_host": without_host})),
    )


def _load_entry(plain: Mapping[str, Any]) -> LogEntry:
    grant, direction, reason, mode = (
        plain[name] for name in ("grant", "direction", "reason", "mode")
    )
    return LogEntry(
        sequence=plain["sequence"],
        kind=LogKind(plain["kind"]),
        boot=plain["boot"],
        at_ms=plain["at_ms"],
        direction=None if direction is None else Direction(direction),
        grant=None if grant is None else bytes.fromhex(grant),
        reason=None if reason is None else EndReason(reason),
        mode=None if mode is None else Mode(mode),
        is_free=plain["is_free"],
    )
