"""Finds the state directory of a site, for commands that need nothing else of its settings."""

from pathlib import Path

from config.load import read
from gatewayd.app.errors import told_plainly


def storage_directory(path: Path) -> Path:
    """Return the state directory that a settings file names, whatever else is wrong in the file."""
    with told_plainly():
        return read(path).settings.storage.directory
