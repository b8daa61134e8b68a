"""What a new name in a directory needs: to survive a power cut, and to belong to its owner."""

import os
from pathlib import Path


def sync_directory(directory: Path) -> None:
    """Make created, renamed and removed names in `directory` durable. Raises OSError."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def give_to_owner(directory: Path) -> None:
    """Let what root wrote into `directory` belong to its owner, whoever runs the gateway."""
    if os.geteuid() != 0:
        return
    owner = directory.stat()
    for path in directory.rglob("*"):
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
