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


def replace_durably(path: Path, draft: Path, content: bytes, mode: int = 0o600) -> None:
    """Put `content` in the place of what stood at `path`; a power cut leaves the one or the other.

    draft: a name beside it that nothing reads; one left by a killed run is replaced. mode: less the
    umask. Raises OSError.
    """
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_directory(path.parent)


def give_to_owner(directory: Path) -> None:
    """Let what root wrote into `directory` belong to its owner, whoever runs the gateway."""
    if os.geteuid() != 0:
        return
    owner = directory.stat()
    for path in directory.rglob("*"):
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
