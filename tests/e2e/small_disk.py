"""A disk of its own for a test, so small that it can be filled."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def small_disk(directory: Path, size: str) -> Iterator[bool]:
    """Have a disk of its own at a directory; False where that needs rights that nobody gave us."""
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", directory]
    is_there = (
        shutil.which("mount") is not None
        and not subprocess.run(mounting, check=False, capture_output=True).returncode
    )
    try:
        yield is_there
    finally:
        if is_there:
            subprocess.run(["umount", "--lazy", directory], check=True)
