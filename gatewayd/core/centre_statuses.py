"""What the centre says of a holder's status: asked by the gate, or of its own accord.

The claims beside those of every order: `holder` (a pseudonym under the key that site and centre
share), `status`, `status_until` (unix seconds), and `category`, without which a plain id that no
roster lists stays that of somebody unknown.

The rows are received, not projected: no journal has them, so the cache keeps them when the others
are folded anew. `KEPT` holds a row for each holder, `COUNTERS` the last counter of each key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatewayd.core import centre_claims as spelled
from gatewayd.core.events import format_time, parse_time
from gatewayd.core.folded import Document
from gatewayd.core.standing import UNKNOWN, Standing
from gatewayd.core.tables import Expected, Table, word
from gatewayd.core.words import HolderId, Status

KEPT = "centre_statuses"
COUNTERS = "centre_status_counters"
RECEIVED = (KEPT, COUNTERS)


@dataclass(frozen=True, slots=True)
class CentreStatus:
    """Said at `at`, held for true before `until`. category: as what the centre knows them."""

    status: Status
    at: datetime
    until: datetime
    category: str | None = None

    @property
    def standing(self) -> Standing:
        return Standing(self.status, self.until)

    def row(self) -> Document:
        return {
            "status": str(self.status),
            "status_until": format_time(self.until),
            "said_at": format_time(self.at),
            "category": self.category,
        }


def read_claims(
    claims: Mapping[str, object], key_id: str, at: datetime, kept_max: timedelta
) -> tuple[HolderId, CentreStatus] | Expected:
    """Understand a status that arrives at `at`; longer than `kept_max` none is kept."""
    table = Table(claims)
    holder = table.take("holder", spelled.holder(key_id), None)
    status = table.take("status", word(Status), None)
    until = table.take("status_until", spelled.unix_seconds, None)
    category = table.take("category", spelled.category, None)
    for name in ("holder", "status", "status_until"):
        if name not in claims:
            table.complain(name, "one")
    if holder is None or status is None or until is None or table.mistakes:
        return spelled.tell(table.mistakes)
    return holder, CentreStatus(status, at, min(until, at + kept_max), category)


def read_row(row: Document | None, at: datetime) -> CentreStatus | None:
    """Read a row; None where there is none, or it holds no more."""
    if row is None:
        return None
    status, said, until, category = (
        row[name] for name in ("status", "said_at", "status_until", "category")
    )
    assert category is None or isinstance(category, str)
    found = CentreStatus(
        Status(str(status)), parse_time(str(said)), parse_time(str(until)), category
    )
    return found if at < found.until else None


def newer(told: CentreStatus | None, known: Standing, seen: datetime | None) -> Standing:
    """Return what is known: by the last verdict on the holder (of `seen`), or since from above."""
    if told is None:
        return known
    is_older = seen is not None and told.at < seen
    return known if is_older and known != UNKNOWN else told.standing
