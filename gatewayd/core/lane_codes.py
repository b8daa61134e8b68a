"""The lane's own code, which people scan with their phones to check in.

On a poster it is `onegate:REGION/ORGANISATION/SITE/LANE/DIRECTION`, maybe with `/PURPOSE`; it may
begin with a web address instead of `onegate:`. On a display `?STEP.MAC` follows and changes every
30 s: who has that was there just now. The MAC is of all that stands before it.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime

from gatewayd.core.reasons import Reason
from gatewayd.core.words import Direction, LaneId

SCHEME = "onegate:"
STEP_S = 30
STEPS_LATE_MAX = 3  # From the display over the phone and the centre to the gate: a minute and more.
CODE_LENGTH_MAX = 512

_MAC_SIZE = 8  # Nobody can try more than a few in the time that it counts.
_PLACE = re.compile(r"([a-z0-9-]+)/(entry|exit)(?:/([a-z0-9_-]+))?")
_STAMP = re.compile(r"([0-9]{1,12})\.([0-9a-f]{16})")


@dataclass(frozen=True, slots=True)
class LaneCode:
    """What a code says. Purpose: what people come for who scan this one."""

    site: str
    lane: LaneId
    direction: Direction
    purpose: str | None = None


def write_code(code: LaneCode, prefix: str = SCHEME) -> str:
    """Return the code for a poster."""
    purpose = "" if code.purpose is None else f"/{code.purpose}"
    place = f"{code.lane}/{code.direction}{purpose}"
    assert _PLACE.fullmatch(place), "names of lanes and purposes are checked where they are set"
    text = f"{prefix}{code.site}/{place}"
    assert len(text) <= CODE_LENGTH_MAX
    return text


def stamp(text: str, key: bytes, at: datetime) -> str:
    """Return the code for a display at that time. `key`: the secret of the site."""
    dated = f"{text}?{_step(at)}"
    return f"{dated}.{_authenticate(dated, key)}"


def seconds_left(at: datetime) -> float:
    """Return for how long the display shows the code of that time."""
    return STEP_S - at.timestamp() % STEP_S


def read_code(text: str, site: str) -> LaneCode | Reason:
    """Read a code of `site`, from a poster or a display; when it was shown is not looked at."""
    if len(text) > CODE_LENGTH_MAX:
        return Reason.TOO_LARGE
    bare, _, _ = text.partition("?")
    _, separator, before = bare.rpartition(f"{site}/")
    place = _PLACE.fullmatch(before)
    if not separator or place is None:
        return Reason.PREFIX
    return LaneCode(site, LaneId(place[1]), Direction(place[2]), place[3])


def find_flaw(text: str, key: bytes, at: datetime) -> Reason | None:
    """Return why a code is not one that a display shows now."""
    _, _, behind = text.partition("?")
    if not behind:
        return Reason.PRESENCE  # From a poster.
    stamped = _STAMP.fullmatch(behind)
    if stamped is None:
        return Reason.PREFIX
    mac = _authenticate(text.rpartition(".")[0], key)
    if not hmac.compare_digest(mac, stamped[2]):
        return Reason.SIGNATURE
    late = _step(at) - int(stamped[1])
    if late > STEPS_LATE_MAX:
        return Reason.EXPIRED
    return Reason.NOT_YET_VALID if late < -1 else None  # Its clock may be a little ahead of ours.


def check_stamped(text: str, site: str, key: bytes, at: datetime) -> LaneCode | Reason:
    """Read a code from a display of `site`; a reason where it is none, or is not now."""
    code = read_code(text, site)
    return code if isinstance(code, Reason) else find_flaw(text, key, at) or code


def _step(at: datetime) -> int:
    return int(at.timestamp()) // STEP_S


def _authenticate(text: str, key: bytes) -> str:
    """Return the MAC, under a key that is for this alone."""
    own = hmac.digest(key, b"lane code", hashlib.sha256)
    # What was scanned came to us in JSON, which knows half characters.
    said = text.encode(errors="surrogatepass")
    return hmac.digest(own, said, hashlib.sha256)[:_MAC_SIZE].hex()
