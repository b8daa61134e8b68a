"""Who may use the pages and the HTTP API of a gate, and as what."""

from dataclasses import dataclass
from enum import StrEnum

from gatewayd.core.words import LaneId

USER = "user:"
"""Begins the name of a caller who is signed in at the pages; the label follows."""


class Role(StrEnum):
    """What somebody is at this gate; an account has one."""

    MANAGER = "manager"
    OFFICER = "officer"
    TECHNICIAN = "technician"
    """Looks after the machine: sees no person, opens no gate."""
    AUDITOR = "auditor"
    """Reads everything, changes nothing."""
    DISPLAY = "display"
    """The screen at a lane: what bystanders see anyway, and the lane's changing code."""


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who proved who they are. lane: of a display, the only one it shows."""

    label: str
    role: Role
    lane: LaneId | None = None

    @property
    def caller(self) -> str:
        """How the records name them."""
        return f"{USER}{self.label}"
