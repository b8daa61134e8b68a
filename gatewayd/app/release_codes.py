"""The file with the hashes of the release codes, beside the privacy key: one process at a time."""

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from gatewayd.app.errors import NO, EarlyEnd, KeyFileError
from gatewayd.app.key_files import RELEASE_CODES_NAME, read_private
from gatewayd.core.release import SALT_SIZE, Codes, dump_codes, load_codes
from gatewayd.store.files import replace_durably


class ReleaseCodes:
    """The codes of a site. Raises KeyFileError where their file cannot be used."""

    def __init__(self, privacy_key_file: Path) -> None:
        self.path = privacy_key_file.with_name(RELEASE_CODES_NAME)

    def read(self) -> Codes:
        if not self.path.exists():
            return Codes()
        codes = load_codes(read_private(self.path))
        if codes is None:
            raise KeyFileError(
                f"{self.path}: expected the release codes, found something else; restore it from "
                "a backup, or move it away and have everybody add their code again"
            )
        return codes

    def add(self, label: str, words: str, record: Callable[[], None]) -> None:
        """Add a code, once `record` did not raise."""
        with self._held():
            codes = self.read().add(label, words, secrets.token_bytes(SALT_SIZE))
            if isinstance(codes, str):
                raise EarlyEnd(codes, NO)
            record()
            self._write(codes)

    def remove(self, label: str, record: Callable[[], None]) -> None:
        """Remove a code, once `record` did not raise."""
        with self._held():
            codes = self.read().remove(label)
            if codes is None:
                raise EarlyEnd(f"nobody has a code as {label}", NO)
            record()
            self._write(codes)

    def release(self, given: Sequence[str], at: datetime) -> tuple[str, str] | str:
        """Return the labels of the two people, or why there is no release: a code of one word.

        A try is counted before it is looked at: to kill this in between gains nothing.
        """
        with self._held():
            codes = self.read()
            if codes.locked_until(at) is not None:
                return "locked"
            self._write(codes.failed(at))
            labels = codes.release(given)
            if labels is None:
                return "wrong_code"
            self._write(codes.succeeded())
            return labels

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Keep other processes out: two who guess at once would be counted as one."""
        lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _write(self, codes: Codes) -> None:
        replace_durably(self.path, self.path.with_suffix(".new"), dump_codes(codes))
