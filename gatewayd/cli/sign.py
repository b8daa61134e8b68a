"""`gatewayd sign`: messages for a gate as its centre signs them, for whoever builds a centre."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from gatewayd.app.errors import told_plainly
from gatewayd.app.key_files import make_signing_key
from gatewayd.cli.options import ended_early, json_option
from gatewayd.cli.sign_documents import policy, roster, trust
from gatewayd.cli.signing import new_id, signer_options, write_signed
from gatewayd.core import jws
from gatewayd.core.centre_commands import read_command
from gatewayd.core.jwks import EXPECTED_PATH, is_path
from gatewayd.core.orders import LIFE_S_MAX, SIZE_MAX, OrderKind
from gatewayd.core.trust import Purpose
from gatewayd.mqtt.topics import VERSION_ROOT
from gatewayd.runtime.clock import SystemClock

FROM_ABOVE = [
    Purpose.COMMAND,
    Purpose.CHECKIN,
    Purpose.STATUS,
    Purpose.RECEIPT,
    Purpose.POLICY,
    Purpose.ROSTER,
    Purpose.TRUST,
]

_EXAMPLES: Mapping[OrderKind, str] = {
    OrderKind.COMMAND: '{"do": "open", "lane": "lane-1", "reason": "parcel", "healthy": true}',
    OrderKind.CHECKIN: '{"code": "onegate:...", "direction": "entry", "category": "visitor"}',
    OrderKind.STATUS: '{"holder": "1a2b3c4d.5e...", "status": "green", "status_until": 1795483800}',
    OrderKind.RECEIPT: '{"epoch": "0193f1c2a4b05d6e", "upto": 4711}',
}
_ABOUT: Mapping[OrderKind, str] = {
    OrderKind.COMMAND: "Sign a command: what a gate is to do now.",
    OrderKind.CHECKIN: "Sign a check-in: somebody scanned the code of a lane with a phone.",
    OrderKind.STATUS: "Sign a status: what the centre knows of a holder.",
    OrderKind.RECEIPT: "Sign a receipt: which events the centre has, or wants again.",
}


@click.group()
def sign() -> None:
    """Sign messages for gates, as their centre does, and make the keys for it."""


@sign.command(
    epilog="\b\nExample:\n  gatewayd sign keygen --issuer centre --may-sign command"
    " --may-sign receipt --place mojokerto --out keys/"
)
@click.option("--issuer", required=True, help="Name of the centre; its files are called so.")
@click.option(
    "--may-sign",
    "words",
    multiple=True,
    required=True,
    type=click.Choice([str(purpose) for purpose in FROM_ABOVE]),
    help="What gates take from this key; may be repeated. One key for each is safest.",
)
@click.option(
    "--place",
    default="",
    metavar="PATH",
    help="For which region, organisation or site it signs; everywhere without it.",
)
@click.option(
    "--out",
    "directory",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the two files.",
)
@json_option
def keygen(
    *, issuer: str, words: tuple[str, ...], place: str, directory: Path, is_json: bool
) -> None:
    """Make a key pair of a centre: NAME.key.pem is secret, NAME.jwks.json is for the gates."""
    if not is_path(place):
        raise click.BadParameter(f"expected {EXPECTED_PATH}, in lower case", param_hint="--place")
    with ended_early(), told_plainly():
        may_sign = frozenset(map(Purpose, words))
        private, public = make_signing_key(directory, issuer, may_sign, place)
    if is_json:
        click.echo(json.dumps({"private": str(private), "public": str(public)}))
        return
    click.echo(f"secret key: {private} (keep it at the centre)")
    click.echo(f"public key: {public}")
    click.echo(f"Next, at each gate: gatewayd trust add --trust /etc/gatewayd/trust {public}")


def _order_command(kind: OrderKind) -> click.Command:
    def write(
        *, key_path: Path, key_id: str | None, audience: str, nonce: str | None, content: str
    ) -> None:
        claims = _read_claims(content)
        if kind is OrderKind.COMMAND and read_command(claims) is None:
            raise click.BadParameter("`do` is none of the commands", param_hint="CLAIMS")
        now = SystemClock().utc().timestamp()
        times = {"iat": int(now), "exp": int(now) + LIFE_S_MAX, "ctr": int(now * 1000)}
        head = {"aud": audience, "jti": new_id(), **times}
        if nonce is not None:
            head["nonce"] = nonce
        text = write_signed(kind.type_name, {**head, **claims}, key_path, key_id)
        if len(text) > SIZE_MAX:
            raise click.BadParameter(f"makes more than {SIZE_MAX} bytes", param_hint="CLAIMS")
        click.echo(text)

    write.__doc__ = f"""{_ABOUT[kind]}

    CLAIMS is a JSON object, or - for stdin. The message is good for {LIFE_S_MAX} s, once, and is
    published with QoS 1, never retained.
    """
    made = click.command(
        str(kind),
        epilog=f"""\b
Example:
  gatewayd sign {kind} --key centre.key.pem --to mojokerto/dukcapil/gmsc \\
    '{_EXAMPLES[kind]}' \\
    | mosquitto_pub -l -q 1 -t {VERSION_ROOT}/mojokerto/dukcapil/gmsc/dn/{kind}""",
    )(write)
    nonce = click.option("--nonce", help="The nonce of up/state, where it shows one.")
    content = click.argument("content", metavar="CLAIMS")
    whole = signer_options(nonce(content(made)))
    assert isinstance(whole, click.Command)
    return whole


def _read_claims(content: str) -> dict[str, Any]:
    text = sys.stdin.read(SIZE_MAX + 1) if content == "-" else content
    claims = jws.read_json_object(text.encode(errors="replace"))
    if claims is None:
        raise click.BadParameter("expected a JSON object", param_hint="CLAIMS")
    return claims


for _kind in OrderKind:
    sign.add_command(_order_command(_kind))
for _command in (policy, roster, trust):
    sign.add_command(_command)
