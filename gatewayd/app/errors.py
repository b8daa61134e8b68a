"""How a command ends early: a message for people, and the exit code."""

from collections.abc import Iterator
from contextlib import contextmanager

from config.problems import SettingsError
from gatewayd.app.backup import BackupError
from gatewayd.app.key_files import KeyFileError
from gatewayd.app.trust_changes import TrustFileError
from gatewayd.ports import StorageError

MISUSE = 2
NO = 1


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
    except (SettingsError, KeyFileError) as error:
        raise EarlyEnd(str(error), MISUSE) from error
    except (StorageError, TrustFileError, BackupError) as error:
        raise EarlyEnd(str(error), NO) from error
