"""A row of backups in one folder, named by their time, of which the oldest go."""

from contextlib import suppress
from datetime import UTC
from pathlib import Path

from gatewayd.app.backup import Place, back_up
from gatewayd.app.errors import BackupError
from gatewayd.core.words import Json
from gatewayd.runtime.clock import SystemClock
from gatewayd.store.backup_notes import forget_backups
from gatewayd.store.refusals import refusals_named

_TIME_FORMAT = "%Y%m%dT%H%M%SZ"
_TIME_PATTERN = "[0-9]" * 8 + "T" + "[0-9]" * 6 + "Z"


def back_up_in_row(
    where: Place, folder: Path, passphrase: str | None, keep: int | None
) -> tuple[Path, dict[str, Json]]:
    """Write the next backup of a site into `folder`; return where, and its manifest.

    keep: so many of this site stay, the newest; None: all of them. Nothing is deleted before the
    new one is whole. Raises BackupError, StorageError.
    """
    if not folder.is_dir():
        raise BackupError(f"{folder}: expected a folder: make it (install -d -m 700 {folder})")
    name = where.site.replace("/", "-")
    target = folder / f"{name}-{SystemClock().utc().astimezone(UTC):{_TIME_FORMAT}}.tar.gz"
    manifest = back_up(where, target, passphrase)
    if keep is not None:
        assert keep > 0
        old = sorted(folder.glob(f"{name}-{_TIME_PATTERN}.tar.gz"))[:-keep]
        with refusals_named(folder):
            for path in old:
                with suppress(FileNotFoundError):
                    path.unlink()
        forget_backups(where.directory, {str(path.absolute()) for path in old})
    return target, manifest
