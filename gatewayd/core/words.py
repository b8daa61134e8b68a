"""The small words that every floor above shares: ids, directions, statuses."""

from enum import StrEnum
from typing import NewType

LaneId = NewType("LaneId", str)
"""A lane's id as the settings name it: `[a-z0-9-]`, at most 32 characters."""

DoorId = NewType("DoorId", str)
"""A door's id, of the same form; no lane of the site has it too."""

HolderId = NewType("HolderId", str)
"""A keyed pseudonym, `{key id}.{32 hex digits}`; see `core.pseudonym`. Never a name or a number."""

GrantId = NewType("GrantId", str)
"""32 hex digits: the 16 bytes that the turnstile knows a grant by."""

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class Direction(StrEnum):
    """Which way through the lane; `ENTRY` is into the building."""

    ENTRY = "entry"
    EXIT = "exit"


class Status(StrEnum):
    """What a rule-set made of a holder's evidence."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    BLACK = "black"
    UNKNOWN = "unknown"


class ClockQuality(StrEnum):
    """How far the wall clock can be believed (`clockquality` on every event)."""

    SYNCED = "synced"
    HOLDOVER = "holdover"
    UNSYNCED = "unsynced"
