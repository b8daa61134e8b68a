"""How a command ends early: a message for people, and the exit code.

The errors of files stand here, not where they are raised: every command imports this file, and an
officer's `admit` has no time for the import of backups, keys and trust.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from config.problems import SettingsError
from gatewayd.ports import StorageError
from gatewayd.store.state_directory import NewerStateError

MISUSE = 2
NO = 1


class KeyFileError(Exception):
    """A key file is not usable; the message names it and says what to do."""


class TrustFileError(Exception):
    """Nothing was changed; the message names the file and says what to do."""


class BackupError(Exception):
    """The backup cannot be made or used; the message says why and what to do."""


class EarlyEnd(Exception):  # noqa: N818, it is how a command ends, not always by an error
    """The command cannot go on; the message says why and what to do."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn what can be wrong with files and settings into an early end."""
    try:
        yield
    except (SettingsError, KeyFileError, NewerStateError) as error:
        raise EarlyEnd(str(error), MISUSE) from error
    except (StorageError, TrustFileError, BackupError) as error:
        raise EarlyEnd(str(error), NO) from error
