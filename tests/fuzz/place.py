"""A folder for the files of one process, in memory where there is such a place."""

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path


def folder() -> Path:
    """Return it; it goes with the process, or with `remove` where that was ended."""
    return _made(os.getpid())


def remove(pid: int) -> None:
    """Take away what a process left."""
    for path in _base().glob(f"{_prefix(pid)}*"):
        shutil.rmtree(path, ignore_errors=True)


@cache  # By process: one that is forked must not use what its parent made.
def _made(pid: int) -> Path:
    made = Path(tempfile.mkdtemp(prefix=_prefix(pid), dir=_base()))
    atexit.register(remove, pid)
    psk = made / "lane-1.psk"
    psk.touch(mode=0o600)
    psk.write_text("00" * 32)
    return made


def _base() -> Path:
    memory = Path("/dev/shm")
    return memory if memory.is_dir() else Path(tempfile.gettempdir())


def _prefix(pid: int) -> str:
    return f"gatewayd-fuzz-{pid}-"
