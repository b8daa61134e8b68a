"""What the commands about passes share: options, and how a pass is told to programs."""

from collections.abc import Callable
from datetime import tzinfo
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click

from gatewayd.core.credential import SignedPass
from gatewayd.core.events import format_time
from gatewayd.core.passes import Pass
from gatewayd.core.words import Json

DEFAULT_DAYS = 30  # Long enough not to be renewed every day, short enough for a lost card.
DAYS_MAX = 3660

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


def key_option(command: CommandT) -> CommandT:
    """Add `--key FILE`."""
    return click.option(
        "--key",
        "key_path",
        required=True,
        type=click.Path(dir_okay=False, path_type=Path),
        help="The secret key NAME.key.pem; NAME.jwks.json beside it tells the issuer's name.",
    )(command)


def zone_option(command: CommandT) -> CommandT:
    """Add `--timezone`; read before the others, because dates are read with it."""
    return click.option(
        "--timezone",
        "zone",
        is_eager=True,
        callback=_zone,
        default="Asia/Jakarta",
        show_default=True,
        help="Where days begin and end.",
    )(command)


def describe_pass(content: Pass | SignedPass) -> dict[str, Json]:
    """Return what a pass says, but for whom it names."""
    until = content.status_until
    pass_id = content.pass_id
    return {
        "issuer": content.issuer,
        "category": content.category,
        "not_before": format_time(content.not_before),
        "not_after": format_time(content.not_after),
        "pass_id": pass_id.hex() if isinstance(pass_id, bytes) else pass_id,
        "status": content.status,
        "status_until": format_time(until) if until else None,
        "purpose": content.purpose,
        "host": content.host,
        "entries": content.entries,
    }


def _zone(_context: click.Context, _option: click.Parameter, value: str) -> tzinfo:
    try:
        return ZoneInfo(value)
    except (OSError, ValueError, LookupError) as error:
        raise click.BadParameter("expected a time zone, like Asia/Makassar") from error
