"""Revocation lists of SMART Health Cards: which cards of an issuer's key are no longer good.

After "Revocation" in the specification: a list names ids of cards. `ID` takes back all cards with
that id, `ID.TIMESTAMP` those that were issued before that time, in seconds since 1970.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from gatewayd.core.tables import Expected

_ENTRY = re.compile(r"([A-Za-z0-9_-]{1,24})(?:\.([0-9]{1,12}))?")
_ALL = float("inf")


@dataclass(frozen=True, slots=True)
class RevocationList:
    """What an issuer took back of all it signed with the key `key_id`.

    before: of each id, the time before which what was issued is no longer good.
    """

    issuer: str
    key_id: bytes
    counter: int
    """Rises with every change; a list with a lower one is older."""
    before: Mapping[str, float]

    def revokes(self, revocation_id: str, issued_at: float) -> bool:
        """Tell whether this takes back what was issued at `issued_at`, seconds since 1970."""
        return issued_at < self.before.get(revocation_id, 0)


class RevocationReading(NamedTuple):
    """A list without the entries that could not be read, and how many those were."""

    revocations: RevocationList
    skipped_count: int


def parse_revocations(issuer: str, document: object) -> RevocationReading | Expected:
    """Read a list as an issuer publishes it under `.well-known/crl/KID.json`."""
    match document:
        case {"kid": str() as kid, "method": "rid", "rids": list() as entries, **rest}:
            counter = rest.get("ctr", 0)
        case _:
            return Expected('kid, method "rid", ctr and a list of rids')
    if not isinstance(counter, int):
        return Expected("a whole number as ctr")
    before: dict[str, float] = {}
    skipped_count = 0
    for entry in entries:
        found = _ENTRY.fullmatch(entry) if isinstance(entry, str) else None
        if found is None:
            skipped_count += 1
            continue
        limit = float(found[2]) if found[2] else _ALL
        before[found[1]] = max(limit, before.get(found[1], 0))
    revocations = RevocationList(issuer, kid.encode(errors="replace"), counter, before)
    return RevocationReading(revocations, skipped_count)
