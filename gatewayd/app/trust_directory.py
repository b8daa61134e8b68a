"""The trust folder on disk: one file `NAME.jwks.json` for each issuer that the site believes."""

import json
from dataclasses import dataclass
from pathlib import Path

from gatewayd.core.jwks import parse_issuer
from gatewayd.core.trust import IssuerKey, Trust, collect

SUFFIX = ".jwks.json"
FILE_SIZE_MAX = 1_000_000  # Thousands of keys; the world's list of health issuers is half of it.


@dataclass(frozen=True, slots=True)
class TrustFolder:
    """What was found; each problem is a sentence that names the file. Broken files are skipped."""

    trust: Trust
    problems: tuple[str, ...]


def read_trust(directory: Path) -> TrustFolder:
    """Read all files, in the order of their names. Never raises for what is in the folder."""
    try:
        paths = sorted(path for path in directory.iterdir() if not path.name.startswith("."))
    except OSError as error:
        problem = f"{directory}: cannot be read: {error.strerror}; no signed pass is believed"
        return TrustFolder(collect(()), (problem,))
    keys: list[IssuerKey] = []
    problems: list[str] = []
    for path in paths:
        found, wrong = _read_file(path)
        keys.extend(found)
        problems.extend(f"{path}: {what}" for what in wrong)
    return TrustFolder(collect(keys), tuple(problems))


def _read_file(path: Path) -> tuple[tuple[IssuerKey, ...], tuple[str, ...]]:
    if not path.name.endswith(SUFFIX):
        return (), (f"expected a file of public keys named NAME{SUFFIX}; take this one out",)
    try:
        if path.stat().st_size > FILE_SIZE_MAX:
            return (), (f"expected at most {FILE_SIZE_MAX} bytes; split it, one file per issuer",)
        document = json.loads(path.read_bytes())
    except OSError as error:
        return (), (f"cannot be read: {error.strerror}; look at its owner and rights",)
    except (ValueError, RecursionError):
        return (), ("expected JSON; copy it again from the issuer",)
    return parse_issuer(document)
