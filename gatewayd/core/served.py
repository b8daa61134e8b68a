"""Which rows of the tables have served their time: people not seen for long, what has ended.

Whoever builds the tables again from a journal in which older events wait for their receipt gets
such rows back for a day: this is asked daily, and gives the same answer each time.
"""

from datetime import datetime

from gatewayd.core.centre_statuses import KEPT
from gatewayd.core.events import format_time
from gatewayd.core.folded import HOLDERS, PASSES, Document

TABLES_OF_PEOPLE = (HOLDERS, PASSES, KEPT)


def has_served(table: str, row: Document, kept_since: datetime, now: datetime) -> bool:
    """Tell whether a row can go.

    Somebody who is inside stays. The count of a pass is kept for as long as the pass is good: else
    it would let somebody in anew. What the centre said goes when it ends.
    """
    if table == PASSES:
        return _is_before(row.get("until"), now)
    if table == KEPT:
        return _is_before(row.get("status_until"), now)
    areas = row.get("areas")
    in_areas = [each for each in areas.values() if each] if isinstance(areas, dict) else []
    is_outside = row.get("inside_since") is None and not in_areas
    return is_outside and (row.get("seen") is None or _is_before(row["seen"], kept_since))


def _is_before(time: object, limit: datetime) -> bool:
    return isinstance(time, str) and time < format_time(limit)  # All of one form, in UTC.
