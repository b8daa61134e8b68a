"""What is left when a person asks to be forgotten: a body that was counted, and nobody's.

The number of people inside stays what it was, and the tables can be built again from what is left.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace

from gatewayd.core.centre_statuses import KEPT
from gatewayd.core.events import Access, Alarm, Audit, Draft, Passage
from gatewayd.core.folded import GRANTS, PASSES, REFERRALS, TABLES, Change, Document, Look
from gatewayd.core.pseudonym import PSEUDONYM
from gatewayd.core.words import HolderId, Json

ERASED = "erased"
"""Stands where a verdict had its reason, and what was held up."""

RowsOf = Callable[[str], Iterable[tuple[str, Document]]]


def without_person(draft: Draft) -> Draft:
    """Return what is left of a record.

    Of a verdict: that there was one, where, for which category, and what it opened. Of a passage:
    all but whose it was. Of other records: what names no pseudonym.
    """
    match draft.fact:
        case Access() as fact:
            left: Access | Passage | Alarm | Audit = Access(
                outcome=fact.outcome,
                lane=fact.lane,
                direction=fact.direction,
                reason=ERASED,
                source=fact.source,
                kind=ERASED,
                category=fact.category,
                grant=fact.grant,
                referral=fact.referral,
                area=fact.area,
            )
        case Passage() as fact:
            left = replace(fact, holder=None)
        case (Alarm() | Audit()) as fact:
            left = replace(
                fact, detail={key: one for key, one in fact.detail.items() if not _names(one)}
            )
    return replace(draft, fact=left)


def forgotten(holder: HolderId, passes: Iterable[str], look: Look, rows_of: RowsOf) -> list[Change]:
    """Return the changes after which no table knows a holder.

    passes: the ids of their passes, whose entries are counted. rows_of: all rows of a table.
    """
    rows = [(table, holder) for table in (*TABLES, KEPT)] + [(PASSES, one) for one in passes]
    changes = [Change(table, key, None) for table, key in rows if look(table, key) is not None]
    taken: dict[str, dict[str, Json]] = {
        GRANTS: {"holder": None, "pass": None, "pass_until": None},
        REFERRALS: {"holder": None, "kind": ERASED, "reason": ERASED},
    }
    changes += [
        Change(table, key, {**row, **nothing})
        for table, nothing in taken.items()
        for key, row in rows_of(table)
        if row.get("holder") == holder
    ]
    return changes


def _names(value: Json) -> bool:
    return PSEUDONYM.search(json.dumps(value)) is not None
