"""What a file system needs to be told so that a new name in a directory survives a power cut."""

import os
from pathlib import Path


def sync_directory(directory: Path) -> None:
    """Make created, renamed and removed names in `directory` durable. Raises OSError."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
