"""The trust folder on disk: files of public keys, each with what its keys may sign.

What a file holds is told by its content, not by its name; only its ending must be one of SUFFIXES,
so that a draft or a note left there is told instead of tried.
"""

from dataclasses import dataclass
from pathlib import Path

from gatewayd.core.trust import Trust, collect
from gatewayd.core.trust_documents import TrustDocument, combine, parse_document

SUFFIX = ".jwks.json"
SUFFIXES = (".json", ".pem", ".crt", ".cer", ".der")
FILE_SIZE_MAX = 16_000_000  # Ten times all health issuers of the world in one file.


@dataclass(frozen=True, slots=True)
class TrustFile:
    path: Path
    document: TrustDocument


@dataclass(frozen=True, slots=True)
class TrustFolder:
    """What was found; each problem is a sentence that names the file. Broken parts are skipped."""

    trust: Trust
    problems: tuple[str, ...]
    files: tuple[TrustFile, ...] = ()


def read_trust(directory: Path) -> TrustFolder:
    """Read all files, in the order of their names. Never raises for what is in the folder."""
    try:
        paths = sorted(path for path in directory.iterdir() if not path.name.startswith("."))
    except OSError as error:
        problem = f"{directory}: cannot be read: {error.strerror}; no signed code is believed"
        return TrustFolder(collect(()), (problem,))
    files = tuple(TrustFile(path, _read_file(path)) for path in paths)
    return TrustFolder(
        combine([file.document for file in files]),
        tuple(f"{file.path}: {what}" for file in files for what in file.document.problems),
        files,
    )


def check_content(path: Path, content: bytes) -> TrustDocument:
    """Return what can be used of a file of that name."""
    if path.name.startswith(".") or not path.name.endswith(SUFFIXES):
        endings = ", ".join(SUFFIXES)
        what = f"expected a name with one of the endings {endings}, and no dot before it"
        return TrustDocument(problems=(what,))
    if len(content) > FILE_SIZE_MAX:
        return TrustDocument(problems=(f"expected at most {FILE_SIZE_MAX} bytes; split it",))
    return parse_document(content)


def _read_file(path: Path) -> TrustDocument:
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= FILE_SIZE_MAX else b" " * (FILE_SIZE_MAX + 1)
    except OSError as error:
        return TrustDocument(
            problems=(f"cannot be read: {error.strerror}; look at its owner and rights",)
        )
    return check_content(path, content)
