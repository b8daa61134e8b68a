"""`gatewayd sign policy|roster|trust`: documents for gates, made of the files that people write."""

import base64
import csv
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, TypedDict, Unpack

import click
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gatewayd.app.errors import told_plainly
from gatewayd.app.key_files import read_private_key, read_secret
from gatewayd.cli.options import ended_early
from gatewayd.cli.signing import new_id, signer_options, write_signed
from gatewayd.core.documents import DocumentKind, Office, Slot, read_document
from gatewayd.core.pseudonym import KEY_SIZE, Namespace, Pseudonyms
from gatewayd.core.roster import COLUMNS, DOCUMENT_COLUMNS
from gatewayd.core.roster_documents import hash_rows
from gatewayd.core.signatures import PrivateKey
from gatewayd.core.signed import Refused
from gatewayd.core.trust import NATIONAL, IssuerKey, collect
from gatewayd.core.words import HolderId
from gatewayd.runtime.clock import SystemClock

FILE_SIZE_MAX = 64 << 20

_PLACE = re.compile(r"/|[a-z0-9-]+(/[a-z0-9-]+){0,2}")
_LEVELS = ("region", "organisation", "site")

Claims = dict[str, Any]


class Signing(TypedDict):
    """What the options of all three say."""

    key_path: Path
    key_id: str | None
    version: int
    out: Path | None


CommandT = Callable[..., Any]

_file = click.Path(exists=True, dir_okay=False, path_type=Path)


def _document_options(command: CommandT) -> CommandT:
    """Add what all three have in common; `withdraws` comes without a file."""
    options = (
        click.option(
            "--document-version",
            "version",
            required=True,
            type=click.IntRange(1, 2**53),
            help="Higher than all before for this place and name.",
        ),
        click.option(
            "--withdraw", "withdraws", is_flag=True, help="As if there had never been one."
        ),
        click.option(
            "-o",
            "--out",
            type=click.Path(dir_okay=False, path_type=Path),
            help="Write it to a file, for mosquitto_pub -f; standard output without it.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return signer_options(command)


@click.command(
    epilog="""\b
Example:
  gatewayd sign policy region.toml --key centre.key.pem --to mojokerto --document-version 12 -o p
  mosquitto_pub -q 1 -r -t onegate/v1/mojokerto/policy -f p"""
)
@_document_options
@click.argument("source", type=_file, required=False)
def policy(
    *, source: Path | None, audience: str, withdraws: bool, **signing: Unpack[Signing]
) -> None:
    """Sign rules: a layer as `[policy] layers` takes it, in TOML or JSON."""
    slot = _slot(DocumentKind.POLICY, audience)
    content = None if withdraws else _read_layer(_given(source), audience)
    _write(slot, {"policy": content}, None, **signing)


@click.command(
    epilog="""\b
Example:
  gatewayd sign roster staff.csv --name staff --privacy-key-file region.key \\
    --key centre.key.pem --to mojokerto/dukcapil/gmsc --document-version 7 -o r
  mosquitto_pub -q 1 -r -t onegate/v1/mojokerto/dukcapil/gmsc/dn/roster/staff -f r"""
)
@_document_options
@click.option("--name", required=True, help="Of the roster; it ends the topic.")
@click.option(
    "--privacy-key-file",
    "key_file",
    required=True,
    type=_file,
    help="The key of the region, under which ids become pseudonyms.",
)
@click.option("--base", type=_file, help="The file of an earlier version: only changes are sent.")
@click.option("--base-version", type=click.IntRange(1, 2**53), help="Which version that was.")
@click.argument("source", type=_file, required=False)
def roster(  # noqa: PLR0913 - one for each thing that can be said
    *,
    source: Path | None,
    audience: str,
    withdraws: bool,
    name: str,
    key_file: Path,
    base: Path | None,
    base_version: int | None,
    **signing: Unpack[Signing],
) -> None:
    """Sign a list of people: a roster file, whose ids become pseudonyms here."""
    slot = _slot(DocumentKind.ROSTER, audience, name)
    if (base is None) != (base_version is None):
        raise click.UsageError("--base FILE and --base-version N belong together")
    with ended_early(), told_plainly():
        pseudonyms = Pseudonyms(read_secret(key_file, KEY_SIZE))
    claims: Claims = {"entries": None}
    if not withdraws:
        entries = _read_people(_given(source), pseudonyms)
        claims = {"entries": entries, "hash": _hash(entries)}
        if base is not None:
            before = _read_people(base, pseudonyms)
            claims = {
                "base": base_version,
                "set": {who: one for who, one in entries.items() if before.get(who) != one},
                "remove": [who for who in before if who not in entries],
                "hash": claims["hash"],
            }
    _write(slot, {"name": name, **claims}, pseudonyms.key_id, **signing)


@click.command(
    epilog="""\b
Example:
  gatewayd sign trust issuers.jwks.json --key centre.key.pem --to / --document-version 3 -o t
  mosquitto_pub -q 1 -r -t onegate/v1/trust -f t"""
)
@_document_options
@click.argument("source", type=_file, required=False)
def trust(
    *, source: Path | None, audience: str, withdraws: bool, **signing: Unpack[Signing]
) -> None:
    """Sign keys and revocations: a file as the trust folder takes it.

    Keys that may sign commands, policies and the like are left to the folder: gates refuse them.
    """
    slot = _slot(DocumentKind.TRUST, audience)
    content = None if withdraws else _read_trust(_given(source))
    _write(slot, {"trust": content}, None, **signing)


def _slot(kind: DocumentKind, place: str, name: str = "") -> Slot:
    if _PLACE.fullmatch(place) is None:
        expected = "/, a region, region/organisation or region/organisation/site"
        raise click.BadParameter(f"expected {expected}", param_hint="--to")
    return Slot(kind, place, name)


def _write(
    slot: Slot, content: Claims, region_key_id: str | None, **signing: Unpack[Signing]
) -> None:
    """Sign a document, hold it against what a gate would say, and write it."""
    now = SystemClock().utc()
    head = {
        "aud": slot.path,
        "jti": new_id(),
        "iat": int(now.timestamp()),
        "version": signing["version"],
    }
    text = write_signed(
        slot.kind.type_name, {**head, **content}, signing["key_path"], signing["key_id"]
    )
    with ended_early(), told_plainly():
        signer = _as_trusted(read_private_key(signing["key_path"]), slot, signing["key_id"])
    office = Office("a/b/c", UTC, collect([signer]), region_key_id)
    found = read_document(text.encode(), slot, office, now)
    if isinstance(found, Refused):
        raise click.ClickException(f"a gate would refuse it ({found.why}): {found.text or ''}")
    if signing["out"] is None:
        click.echo(text)
    else:
        signing["out"].write_text(text)


def _as_trusted(private: PrivateKey, slot: Slot, kid: str | None) -> IssuerKey:
    may_sign = frozenset({slot.kind.purpose})
    key_id = b"" if kid is None else kid.encode()
    return IssuerKey("centre", private.public_key(), may_sign, key_id=key_id)


def _given(source: Path | None) -> Path:
    if source is None:
        raise click.UsageError("give the file to sign, or --withdraw")
    if source.stat().st_size > FILE_SIZE_MAX:
        raise click.BadParameter(f"{source}: expected at most {FILE_SIZE_MAX} bytes")
    return source


def _read_layer(source: Path, place: str) -> Claims:
    """Read a layer; whose it is and which one stands in the claims, not in the content."""
    text = _text(source)
    try:
        found = json.loads(text) if source.suffix == ".json" else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"{source}: cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise click.BadParameter(f"{source}: expected the keys of a policy")
    level = "national" if place == NATIONAL else _LEVELS[place.count("/")]
    if found.get("level", level) != level:
        raise click.BadParameter(f"{source}: is of the level {found['level']}, --to of {level}")
    kept = {key: value for key, value in found.items() if key not in ("level", "version")}
    told: Claims = json.loads(json.dumps(kept, default=_date))
    return told


def _date(value: object) -> str:
    assert isinstance(value, date | datetime | time), "TOML has no other types that JSON lacks"
    return value.isoformat()


def _read_people(source: Path, pseudonyms: Pseudonyms) -> dict[HolderId, dict[str, str]]:
    """Read a roster file; notes and secrets of it stay here."""
    lines = _text(source).splitlines()
    delimiter = ";" if lines and lines[0].count(";") > lines[0].count(",") else ","
    rows = csv.DictReader(lines, delimiter=delimiter, strict=True)
    unknown = set(rows.fieldnames or ()) - set(COLUMNS)
    if unknown or "id" not in (rows.fieldnames or ()):
        raise click.BadParameter(f"{source}:1: expected a header of {', '.join(COLUMNS)}")
    entries: dict[HolderId, dict[str, str]] = {}
    try:
        for row in rows:
            cells = {each: (row.get(each) or "").strip() for each in ("id", *DOCUMENT_COLUMNS)}
            holder = pseudonyms.of(Namespace.PERSON, cells.pop("id"))
            if holder in entries:
                raise click.BadParameter(f"{source}:{rows.line_num}: id: stands there twice")
            entries[holder] = {each: cell for each, cell in cells.items() if cell}
    except csv.Error as error:
        raise click.BadParameter(f"{source}:{rows.line_num}: {error}") from error
    return entries


def _hash(entries: Mapping[HolderId, Mapping[str, str]]) -> str:
    return hash_rows(
        {
            who: tuple(one.get(column, "") for column in DOCUMENT_COLUMNS)
            for who, one in entries.items()
        }
    )


def _read_trust(source: Path) -> object:
    content = source.read_bytes()
    if content.lstrip()[:1] in (b"{", b"["):
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            raise click.BadParameter(f"{source}: cannot be read: {error}") from error
    try:
        is_pem = b"-----BEGIN CERTIFICATE" in content
        found = (
            x509.load_pem_x509_certificates(content)
            if is_pem
            else [x509.load_der_x509_certificate(content)]
        )
    except (ValueError, x509.InvalidVersion) as error:
        raise click.BadParameter(f"{source}: expected JSON or certificates: {error}") from error
    certificates = [base64.b64encode(one.public_bytes(Encoding.DER)).decode() for one in found]
    return {"certificates": certificates}


def _text(source: Path) -> str:
    return source.read_text(encoding="utf-8-sig", errors="replace")
