"""Small files for the daemon alone: mode 0600, written whole, a damaged one moved aside."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from gatewayd.core.words import Json
from gatewayd.store.files import replace_durably, sync_directory
from gatewayd.store.refusals import refusals_named

T = TypeVar("T")

SIZE_MAX = 1 << 20  # Thousands of rows.


def read_private(path: Path, parse: Callable[[Any], T]) -> tuple[T | None, Path | None]:
    """Return what the file says, and where a damaged one was moved to; None: there is none.

    parse: raises ValueError, KeyError, TypeError, AttributeError or (of an infinite number)
    OverflowError where anything in the document is not as it was written. Raises StorageError.
    """
    with refusals_named(path):
        if not path.exists():
            return None, None
        try:
            with path.open("rb") as file:  # A longer one is cut off, and so it is damaged.
                return parse(json.loads(file.read(SIZE_MAX))), None
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            pass
        aside = path.with_suffix(".corrupt")
        path.replace(aside)
        sync_directory(path.parent)
    return None, aside


def write_private(path: Path, document: Json) -> None:
    """Put this in the place of what stood there. Raises StorageError: that stands as before."""
    replace_private(path, json.dumps(document))


def replace_private(path: Path, content: str) -> None:
    """Put a text in the place of what stood there. Raises StorageError."""
    with refusals_named(path):
        replace_durably(path, path.with_suffix(".new"), content.encode())


def remove_private(path: Path) -> None:
    """Take a file away, if it is there. Raises StorageError."""
    with refusals_named(path):
        if path.exists():
            path.unlink()
            sync_directory(path.parent)
