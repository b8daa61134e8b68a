"""The folder `received`: signed documents of the centre, verbatim, each version a file of its own.

A file is called `{shelf}.{version}.jws`, or `.change.jws` where it only says what changed. The file
`floors.json` has the highest version ever taken for each shelf: it outlives the documents.
"""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from gatewayd.store.files import replace_durably, sync_directory
from gatewayd.store.refusals import refusals_named

FOLDER = "received"
FLOORS_NAME = "floors.json"
FILE_SIZE_MAX = 64 << 20  # More than the longest document that is taken.

_NAME = re.compile(r"([a-z0-9.-]+)\.([0-9]{1,16})(\.change)?\.jws")
_ASIDE = ".corrupt"


def shelf_name(kind: str, level: str, name: str) -> str:
    """Return how a shelf is called: by its level, since the paths of places have slashes."""
    return ".".join(filter(None, (kind, level, name)))


@dataclass(frozen=True, slots=True)
class Kept:
    """A file."""

    path: Path
    shelf: str
    version: int
    is_change: bool


class Shelves:
    """Calls block. Reading never changes anything; writing is atomic and durable on return."""

    def __init__(self, directory: Path) -> None:
        """`directory` is that of the state."""
        self.folder = directory / FOLDER

    def kept(self) -> dict[str, list[Kept]]:
        """Return all documents by their shelf, versions rising. Raises StorageError."""
        with refusals_named(self.folder):
            paths = sorted(self.folder.iterdir()) if self.folder.exists() else []
        found: dict[str, list[Kept]] = {}
        for path in paths:
            match = _NAME.fullmatch(path.name)
            if match is not None:
                shelf, version, change = match.groups()
                kept = Kept(path, shelf, int(version), change is not None)
                found.setdefault(shelf, []).append(kept)
        return {shelf: sorted(files, key=lambda one: one.version) for shelf, files in found.items()}

    def read(self, kept: Kept) -> bytes:
        """Return a document as it came. Raises StorageError."""
        with refusals_named(kept.path), kept.path.open("rb") as file:
            return file.read(FILE_SIZE_MAX)

    def floors(self) -> Mapping[str, tuple[int, str]] | None:
        """Return version and digest by shelf; None where the file is damaged."""
        path = self.folder / FLOORS_NAME
        if not path.exists():
            return {}
        try:
            document = json.loads(path.read_bytes())
            return {
                str(shelf): (int(floor["version"]), str(floor["digest"]))
                for shelf, floor in document.items()
            }
        except OSError:
            return None
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            return None

    def keep(
        self,
        shelf: str,
        version: int,
        message: bytes,
        floors: Mapping[str, tuple[int, str]],
        *,
        is_change: bool,
    ) -> Path:
        """Write a document, then the floors: one that is there counts, whatever they say."""
        name = f"{shelf}.{version}{'.change' if is_change else ''}.jws"
        assert _NAME.fullmatch(name), name
        with refusals_named(self.folder):
            if not self.folder.is_dir():
                self.folder.mkdir(mode=0o700)
                sync_directory(self.folder.parent)
            self._write(name, message)
            told = {
                key: {"version": number, "digest": digest}
                for key, (number, digest) in floors.items()
            }
            self._write(FLOORS_NAME, f"{json.dumps(told, indent=1)}\n".encode())
        return self.folder / name

    def set_aside(self, path: Path) -> None:
        """Move a file that is no use out of the way. Raises StorageError."""
        with refusals_named(path):
            path.replace(path.with_name(f"{path.name}{_ASIDE}"))
            sync_directory(self.folder)

    def prune(self, keeps_since: datetime) -> None:
        """Remove documents that nobody needs. Raises StorageError.

        What stays: the newest whole one with its changes, the one before with its changes, and of
        policies all that were in force at `keeps_since` or later.
        """
        for shelf, files in self.kept().items():
            wholes = [one.version for one in files if not one.is_change]
            floor = wholes[-2] if len(wholes) > 1 else 0
            for one, after in pairwise(files):
                is_due = one.version < floor and not (
                    shelf.startswith("policy.") and _written(after.path) >= keeps_since.timestamp()
                )
                if is_due:
                    with refusals_named(one.path):
                        one.path.unlink()

    def _write(self, name: str, content: bytes) -> None:
        replace_durably(self.folder / name, self.folder / f".{name}.draft", content)


def copy_received(directory: Path, into: Path) -> None:
    """Copy all documents and floors below another directory. Raises StorageError."""
    folder = directory / FOLDER
    with refusals_named(folder):
        names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
        for name in filter(_is_ours, names):
            (into / FOLDER).mkdir(mode=0o700, exist_ok=True)
            with suppress(FileNotFoundError):  # It was replaced meanwhile.
                (into / FOLDER / name).write_bytes((folder / name).read_bytes())


def received_names(directory: Path) -> list[str]:
    """Return the documents and floors below a directory, as names from there."""
    folder = directory / FOLDER
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    return [f"{FOLDER}/{path.name}" for path in paths if _is_ours(path.name)]


def is_received_name(name: str) -> bool:
    """Tell whether this is a name as `received_names` has them."""
    folder, _, file = name.rpartition("/")
    return folder == FOLDER and _is_ours(file)


def _is_ours(name: str) -> bool:
    return name == FLOORS_NAME or _NAME.fullmatch(name) is not None


def _written(path: Path) -> float:
    with refusals_named(path):
        return path.stat().st_mtime
