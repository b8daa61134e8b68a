"""Which rows of the feed somebody asked for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_NAMED = ("lane", "direction")


@dataclass(frozen=True, slots=True)
class Wanted:
    """None asks for all. who: an officer or user whose act it is. text: anywhere in the row."""

    kind: str | None = None
    lane: str | None = None
    direction: str | None = None
    who: str | None = None
    text: str | None = None

    def holds(self, row: Mapping[str, Any]) -> bool:
        if self.kind is not None and self.kind not in row["kinds"]:
            return False
        if any(getattr(self, name) not in (None, row.get(name)) for name in _NAMED):
            return False
        if self.who is not None and not _is_by(row, self.who):
            return False
        return self.text is None or self.text.lower() in json.dumps(row, ensure_ascii=False).lower()


def _is_by(row: Mapping[str, Any], who: str) -> bool:
    told = (row.get("detail"), row.get("attestation"))
    names = [one.get(name) for one in told if one for name in ("officer", "caller")]
    return any(who.lower() in str(name).lower() for name in names if name is not None)
