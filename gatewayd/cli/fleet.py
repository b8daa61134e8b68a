"""`gatewayd fleet`: which gates are there, and which of them has other rules than most."""

import json
import re
import secrets
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from drivers.base import DriverError
from drivers.simulated.live_client import parse_broker
from gatewayd.app.errors import MISUSE, NO
from gatewayd.app.fleet import listen
from gatewayd.cli.options import ended_early, json_option
from gatewayd.core.fleet import Fleet, SiteRow
from gatewayd.core.trust import NATIONAL
from gatewayd.mqtt.account import Account, Tls

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_PLACE = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+){0,2}")
_file = click.Path(exists=True, dir_okay=False, path_type=Path)


def _read_place(_context: click.Context, _option: click.Parameter, value: str) -> str:
    if value != NATIONAL and not _PLACE.fullmatch(value):
        raise click.BadParameter("expected / or up to three names, like mojokerto/dukcapil")
    return value


@click.command(
    epilog="""\b
Examples:
  gatewayd fleet mqtt://broker.example:1883
  gatewayd fleet mqtts://broker.example --place pasuruan \\
    --ca ca.pem --cert centre.pem --key centre.key"""
)
@click.argument("url", metavar="mqtt[s]://HOST[:PORT]")
@click.option(
    "--place",
    default=NATIONAL,
    show_default=True,
    callback=_read_place,
    help="Only the gates below it: a region, region/organisation, or the path of a site.",
)
@click.option("--ca", "ca_file", type=_file, help="Authorities in PEM  [default: the system's].")
@click.option("--cert", "certificate_file", type=_file, help="The centre's own, in PEM.")
@click.option("--key", "key_file", type=_file, help="Its key, without a password.")
@click.option("--username", help="For a broker that asks for one.")
@click.option("--password-file", type=_file, help="Its first line is the password.")
@click.option(
    "--seconds",
    type=click.FloatRange(0.2, 3600),
    default=3.0,
    show_default=True,
    help="How long to listen; from 65 on, with the figures of the minute of each gate.",
)
@json_option
def fleet(  # noqa: PLR0913, one argument for each option
    *,
    url: str,
    place: str,
    ca_file: Path | None,
    certificate_file: Path | None,
    key_file: Path | None,
    username: str | None,
    password_file: Path | None,
    seconds: float,
    is_json: bool,
) -> None:
    """Show every gate at the broker of a centre: whether it is there, and what it has in force.

    A gate that has another version of the software or of a document than most is marked, and so is
    one that is offline or whose clock is not set. Exit code 1 if there is any, or no gate at all.
    """
    try:
        broker = parse_broker(url)
    except DriverError as error:
        raise click.BadParameter(str(error)) from error
    tls = Tls(ca_file=ca_file, certificate_file=certificate_file, key_file=key_file)
    account = Account(
        host=broker.hostname or "",
        port=broker.port or _PORTS[broker.scheme],
        client_id=f"fleet-{secrets.token_hex(4)}",  # Beside whoever else looks.
        username=username,
        password=None if password_file is None else _first_line(password_file),
        tls=tls if broker.scheme == "mqtts" else None,
    )
    with ended_early():
        found = listen(account, place, seconds)
    click.echo(json.dumps(_document(found), indent=2) if is_json else _table(found))
    if not found.rows:
        click.echo(f"no gate below {place} told anything; is the place right?", err=True)
    sys.exit(NO if found.has_skew or not found.rows else 0)


def _first_line(path: Path) -> str:
    try:
        return path.read_text().partition("\n")[0]
    except (OSError, ValueError) as error:
        click.echo(f"{path}: the password cannot be read: {error}", err=True)
        sys.exit(MISUSE)


def _document(found: Fleet) -> dict[str, object]:
    return {
        "skew": found.has_skew,
        "most": dict(found.most),
        "sites": [asdict(row) for row in found.rows],
    }


def _table(found: Fleet) -> str:
    online = sum(row.is_online for row in found.rows)
    marked = sum(bool(row.marks) for row in found.rows)
    most = [f"most have {what} {value}" for what, value in found.most.items()]
    width = max((len(row.site) for row in found.rows), default=0)
    return "\n".join(
        [
            *(line for row in found.rows for line in _lines(row, width)),
            f"{len(found.rows)} gates, {online} online, {marked} not as most",
            *(most if online else ()),
        ]
    )


def _lines(row: SiteRow, width: int) -> Iterator[str]:
    told = f"last word {row.told_at or 'unknown'}"
    if row.is_online:
        documents = " ".join(f"{label}@{version}" for label, version in row.documents.items())
        rules = f"{row.mode}  [{', '.join(row.policy)}]  {documents}"
        told = f"{row.version}  {rules}  {row.clock}, {row.queue_depth} wait"
    yield f"{row.site:<{width}}  {'online ' if row.is_online else 'OFFLINE'}  {told}"
    for mark in row.marks:
        yield f"{'':<{width}}  ! {mark}"
