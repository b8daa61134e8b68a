"""What trust files hold, told by what stands in them: keys, certificates, lists, revocations.

- `{"issuer": ..., "keys": [...]}`, a JWK set with its issuer, maybe with `"revocations": [...]`.
- `{"issuer": ..., "revocations": [...]}`: revocation lists of SMART Health Cards alone.
- `{"issuer": ..., "revoked_passes": [...]}`: ids of passes of ours that were taken back.
- A trust list as gateways of the EU hand it out: `[{"kid": ..., "rawData": ...}, ...]`, both in
  base64.
- Everything together: `{"certificates": [...], "jwks": {ISSUER: JWK set, ...}, "revocations":
  {ISSUER: [...], ...}}`; certificates are DER in base64, or entries of a trust list.
- Certificates, as PEM (any number of them) or one as DER.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gatewayd.core.jwks import parse_issuer
from gatewayd.core.passes import PASS_ID_SIZE_MAX
from gatewayd.core.revocation import RevocationList, parse_revocations
from gatewayd.core.signer_certificates import read_certificate
from gatewayd.core.spelling import EXPECTED_ISSUER, is_issuer
from gatewayd.core.tables import Expected
from gatewayd.core.trust import IssuerKey, Trust, collect
from gatewayd.core.words import Json

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----")
_PASS_ID = re.compile(f"(?:[0-9a-f]{{2}}){{1,{PASS_ID_SIZE_MAX}}}")
_PARTS: Mapping[str, object] = {"certificates": [], "jwks": {}, "revocations": {}}
_OTHER_SIGNERS = frozenset({"CSCA", "AUTHENTICATION", "UPLOAD", "REVOCATION"})


@dataclass(frozen=True, slots=True)
class TrustDocument:
    """What of a file can be used, and a sentence for each thing that is wrong."""

    keys: tuple[IssuerKey, ...] = ()
    revocations: tuple[RevocationList, ...] = ()
    problems: tuple[str, ...] = ()
    revoked_passes: tuple[tuple[str, bytes], ...] = ()


def combine(documents: Sequence[TrustDocument]) -> Trust:
    """Put everything together that can be used."""
    return collect(
        (key for one in documents for key in one.keys),
        (each for one in documents for each in one.revocations),
        (each for one in documents for each in one.revoked_passes),
    )


def parse_document(content: bytes) -> TrustDocument:
    """Understand a file, whatever its name."""
    if b"PRIVATE KEY" in content:
        return _refuse("a public key: this one is secret; take it out of here")
    if content.lstrip()[:1] in (b"{", b"["):
        return _parse_json(content)
    found = _PEM.findall(content)
    if found:
        return _collect(_read_base64(each) for each in found)
    return _collect([read_certificate(content)])


def parse_trust(document: Json) -> TrustDocument:
    """Understand what JSON holds."""
    match document:
        case {"issuer": issuer, "keys": _, **rest}:
            found = [_parse_keys(document)]
            if "revocations" in rest:
                found.append(_parse_lists(issuer, rest["revocations"]))
            return _join(found)
        case {"issuer": issuer, "revocations": lists}:
            return _parse_lists(issuer, lists)
        case {"issuer": str() as issuer, "revoked_passes": [*ids]} if is_issuer(issuer):
            return _parse_revoked_passes(issuer, ids)
        case {"keys": _} | {"rids": _}:
            return _refuse('the "issuer" too; add the file with: gatewayd trust add --issuer URL')
        case dict() if document.keys() & _PARTS.keys():
            return _parse_parts(document)
        case [_, *_]:
            return _parse_list(document)
        case _:
            return _refuse("a JWK set with its issuer, a trust list or revocations")


def _parse_json(content: bytes) -> TrustDocument:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return _refuse("JSON; copy it again from the issuer")
    found = parse_trust(document)
    return _refuse("at least one key") if found == TrustDocument() else found


def _parse_parts(document: Mapping[str, object]) -> TrustDocument:
    match [document.get(key, default) for key, default in _PARTS.items()]:
        case [[*certificates], dict() as jwks, dict() as revocations]:
            pass
        case _:
            return _refuse('a list as "certificates"; by issuer, "jwks" and "revocations"')
    found = [_parse_list(certificates)]
    for issuer, key_set in jwks.items():
        entries = key_set.get("keys") if isinstance(key_set, dict) else None
        found.append(_parse_keys({"issuer": issuer, "keys": entries}))
    for issuer, lists in revocations.items():
        found.append(_parse_lists(issuer, lists))
    return _join(found)


def _join(found: list[TrustDocument]) -> TrustDocument:
    return TrustDocument(
        tuple(key for each in found for key in each.keys),
        tuple(lists for each in found for lists in each.revocations),
        tuple(problem for each in found for problem in each.problems),
        tuple(revoked for each in found for revoked in each.revoked_passes),
    )


def _parse_keys(document: object) -> TrustDocument:
    keys, problems = parse_issuer(document)
    return TrustDocument(keys, (), problems)


def _parse_lists(issuer: object, entries: object) -> TrustDocument:
    if not isinstance(issuer, str) or not is_issuer(issuer) or not isinstance(entries, list):
        return _refuse(f"an issuer's name of {EXPECTED_ISSUER}, and a list of revocations")
    lists: list[RevocationList] = []
    problems: list[str] = []
    for number, entry in enumerate(entries, 1):
        reading = parse_revocations(issuer, entry)
        if isinstance(reading, Expected):
            problems.append(f"revocations {number}: expected {reading.what}")
            continue
        lists.append(reading.revocations)
        if reading.skipped_count:
            count = reading.skipped_count
            problems.append(f"revocations {number}: {count} of its rids are misspelled")
    return TrustDocument((), tuple(lists), tuple(problems))


def _parse_revoked_passes(issuer: str, ids: Sequence[object]) -> TrustDocument:
    found = [_PASS_ID.fullmatch(each) if isinstance(each, str) else None for each in ids]
    revoked = tuple((issuer, bytes.fromhex(each[0])) for each in found if each is not None)
    wrong = tuple(
        f"revoked pass {number}: expected its id, 2 to {2 * PASS_ID_SIZE_MAX} hex digits"
        for number, each in enumerate(found, 1)
        if each is None
    )
    return TrustDocument(problems=wrong, revoked_passes=revoked)


def _parse_list(entries: Sequence[object]) -> TrustDocument:
    """Read a trust list; what its other certificates are for is no business of a gate."""
    return _collect(
        _read_entry(entry)
        for entry in entries
        if not isinstance(entry, dict) or entry.get("certificateType") not in _OTHER_SIGNERS
    )


def _read_entry(entry: object) -> IssuerKey | Expected:
    match entry:
        case str() as raw:
            return _read_base64(raw.encode(errors="replace"))
        case {"rawData": str() as raw, **rest}:
            key = _read_base64(raw.encode(errors="replace"))
        case _:
            return Expected("kid and rawData")
    if isinstance(key, IssuerKey) and rest.get("kid") not in (None, _encode(key.key_id)):
        return Expected(f'kid "{_encode(key.key_id)}" for this rawData: one is not copied right')
    return key


def _read_base64(text: bytes) -> IssuerKey | Expected:
    try:
        return read_certificate(base64.b64decode(b"".join(text.split()), validate=True))
    except binascii.Error:
        return Expected("base64")


def _encode(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _collect(found: Iterable[IssuerKey | Expected]) -> TrustDocument:
    keys: list[IssuerKey] = []
    problems: list[str] = []
    for number, each in enumerate(found, 1):
        if isinstance(each, IssuerKey):
            keys.append(each)
        else:
            problems.append(f"certificate {number}: expected {each.what}")
    return TrustDocument(tuple(keys), (), tuple(problems))


def _refuse(what: str) -> TrustDocument:
    return TrustDocument(problems=(f"expected {what}",))
