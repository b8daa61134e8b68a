"""The file `sessions.json`: who is signed in at the pages, by hashes of what their cookies hold."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from gatewayd.core.words import Json
from gatewayd.store.private_file import read_private, write_private

SESSIONS_NAME = "sessions.json"

T = TypeVar("T")


class SessionFile:
    """One for each daemon. A damaged file is moved aside: everybody signs in again."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / SESSIONS_NAME

    def read(self, parse: Callable[[Any], list[T]]) -> list[T]:
        found, _ = read_private(self._path, parse)
        return found or []

    def write(self, document: Json) -> None:
        write_private(self._path, document)
