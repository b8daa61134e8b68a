"""Changing the trust folder: files are added if everything in them can be used, and removed."""

import json
import re
from pathlib import Path

from gatewayd.app.errors import TrustFileError
from gatewayd.app.trust_directory import TrustFile, check_content, read_trust
from gatewayd.core.spelling import EXPECTED_ISSUER, is_issuer
from gatewayd.core.trust import Purpose
from gatewayd.store.files import replace_durably, sync_directory

_MODE = 0o666  # It is public; the umask says who may read it.


def add_trust(
    directory: Path,
    source: Path,
    *,
    issuer: str | None = None,
    may_sign: tuple[Purpose, ...] = (),
    replaces: bool = False,
) -> TrustFile:
    """Put a file into the folder, under its own name, if everything in it can be used.

    issuer, may_sign: written into a JWK set or a revocation list that does not say so itself.
    Raises TrustFileError, and changes nothing, where there is a problem.
    """
    target = directory / source.name
    if not replaces and target.exists():
        raise TrustFileError(f"{target}: stands already; --replace writes the new one over it")
    try:
        content = source.read_bytes()
    except OSError as error:
        raise TrustFileError(f"{source}: cannot be read: {error.strerror}") from error
    if issuer is not None or may_sign:
        content = _complete(source, content, issuer, may_sign)
    document = check_content(source, content)
    if document.problems:
        told = "\n".join(f"{source}: {problem}" for problem in document.problems)
        raise TrustFileError(f"{told}\nnothing was added")
    _write(target, content)
    return TrustFile(target, document)


def remove_trust(directory: Path, name: str) -> None:
    """Take a file out of the folder. Raises TrustFileError where there is none."""
    names = {file.path.name for file in read_trust(directory).files}
    if name not in names:
        told = ", ".join(sorted(names)) or "none"
        raise TrustFileError(f"{directory}: has no file {name}; there are: {told}")
    try:
        (directory / name).unlink()
        sync_directory(directory)
    except OSError as error:
        raise TrustFileError(f"{directory / name}: cannot be removed: {error.strerror}") from error


def revoke_passes(directory: Path, issuer: str, pass_ids: tuple[str, ...]) -> Path:
    """Add to the passes that an issuer took back; returns the file. Raises TrustFileError."""
    if not is_issuer(issuer):
        raise TrustFileError(f"--issuer: expected {EXPECTED_ISSUER}")
    name = re.sub(r"[^A-Za-z0-9._-]", "_", issuer.removeprefix("https://"))
    path = directory / f"{name}.revoked.json"
    before: tuple[tuple[str, bytes], ...] = ()
    if path.exists():
        files = read_trust(directory).files
        before = next(file.document.revoked_passes for file in files if file.path == path)
    known = [pass_id.hex() for owner, pass_id in before if owner == issuer]
    document = {"issuer": issuer, "revoked_passes": list(dict.fromkeys([*known, *pass_ids]))}
    content = f"{json.dumps(document, indent=2)}\n".encode()
    problems = check_content(path, content).problems
    if problems:
        raise TrustFileError("\n".join((*problems, "nothing was taken back")))
    _write(path, content)
    return path


def _complete(
    source: Path, content: bytes, issuer: str | None, may_sign: tuple[Purpose, ...]
) -> bytes:
    """Write into a published document what it leaves open."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    if issuer is not None and not is_issuer(issuer):
        raise TrustFileError(f"--issuer: expected {EXPECTED_ISSUER}")
    match document:
        case {"rids": _}:
            document = {"revocations": [document]}
        case {"keys": [*keys]}:
            said = {"may_sign": list(may_sign)} if may_sign else {}
            told = [{**key, **said} if isinstance(key, dict) else key for key in keys]
            document = {**document, "keys": told}
        case _:
            what = "--issuer and --may-sign are for JWK sets and revocation lists"
            raise TrustFileError(f"{source}: {what}; other files say it themselves")
    if issuer is not None and document.get("issuer", issuer) != issuer:
        raise TrustFileError(f"{source}: names another issuer than {issuer}")
    named = document if issuer is None else {**document, "issuer": issuer}
    return f"{json.dumps(named, indent=2)}\n".encode()


def _write(path: Path, content: bytes) -> None:
    """Appear whole: a gateway that starts meanwhile finds the old file or the new one."""
    draft = path.with_name(f".{path.name}.draft")  # Hidden: no gateway reads it.
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_durably(path, draft, content, _MODE)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise TrustFileError(f"{path}: cannot be written: {error.strerror}") from error
