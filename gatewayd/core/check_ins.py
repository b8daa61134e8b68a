"""What the centre says of somebody who scanned a lane's code with a phone.

The claims beside those of every order: `code` (the text that was scanned), `direction`, `category`,
and where they are known `holder` (a pseudonym under the key that site and centre share), `purpose`,
`origin` (a region), `status` and `status_until` (unix seconds).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gatewayd.core import centre_claims as spelled
from gatewayd.core.credential import CheckIn
from gatewayd.core.lane_codes import LaneCode, find_flaw, read_code
from gatewayd.core.policy import LaneCodes, Policy
from gatewayd.core.pseudonym import Pseudonyms
from gatewayd.core.reasons import Reason
from gatewayd.core.roster import Roster, find_entry
from gatewayd.core.tables import Expected, Table, text, word
from gatewayd.core.words import Direction, Status

FLAWS = frozenset(
    {
        Reason.PRESENCE,
        Reason.PREFIX,
        Reason.SIGNATURE,
        Reason.EXPIRED,
        Reason.NOT_YET_VALID,
        Reason.CLOCK_UNSYNCED,
    }
)
"""Why a code does not show that somebody stands at its lane."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody at a lane of this site, if it has one of that name."""

    at: LaneCode
    credential: CheckIn


@dataclass(frozen=True, slots=True)
class Reception:
    """What a check-in is held against.

    site: its path, as lane codes have it. is_clock_known: without it nobody can say which code a
    display shows now.
    """

    site: str
    policy: Policy
    rosters: Sequence[Roster]
    pseudonyms: Pseudonyms
    at: datetime
    is_clock_known: bool = True


def read_check_in(
    order_id: str, claims: Mapping[str, object], here: Reception
) -> Arrival | Reason | Expected:
    """Understand a check-in; a reason where its code is none of this site. Never raises."""
    table = Table(claims)
    code = table.take("code", text, "")
    direction = table.take("direction", word(Direction), None)
    told = _read_person(order_id, table, here)
    for name in ("code", "direction", "category"):
        if name not in claims:
            table.complain(name, "one")
    if table.mistakes:
        return spelled.tell(table.mistakes)
    at = read_code(code, here.site)
    if isinstance(at, Reason):
        return at
    if direction is not at.direction:
        return Expected(f"direction: expected {at.direction}, as in the code")
    purpose = told.purpose or at.purpose
    return Arrival(at, replace(told, purpose=purpose, flaw=_find_flaw(code, here)))


def _read_person(order_id: str, table: Table, here: Reception) -> CheckIn:
    holder = table.take("holder", spelled.holder(here.pseudonyms.key_id), None)
    listed = find_entry(here.rosters, holder) if holder is not None else None
    status = table.take("status", word(Status), None)
    until = table.take("status_until", spelled.unix_seconds, None)
    if until is not None and status is None:
        table.complain("status", "the one that `status_until` is of")
    return CheckIn(
        order=order_id,
        holder=holder,
        category=table.take("category", spelled.category, ""),
        purpose=table.take("purpose", spelled.category, None),
        origin=table.take("origin", spelled.category, None),
        status=status,
        status_until=until,
        entry=listed[1] if listed else None,
    )


def _find_flaw(code: str, here: Reception) -> Reason | None:
    flaw = find_flaw(code, here.pseudonyms.key, here.at)
    if flaw is Reason.PRESENCE and here.policy.lane_codes is LaneCodes.POSTER:
        return None
    is_of_time = flaw in (None, Reason.EXPIRED, Reason.NOT_YET_VALID)
    return Reason.CLOCK_UNSYNCED if is_of_time and not here.is_clock_known else flaw
