"""How the link to the centre stands, in figures."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncFigures:
    """How the sync with the centre stands; counts are of this run."""

    connected_s: float | None
    """None without a connection."""
    depth: int
    """Events that wait for their receipt."""
    oldest_s: float | None
    """Age of the oldest of them by the wall clock; None if there is none."""
    hours_left: float | None
    """Until events that wait are given up, at their present rate; None if there is none."""
    published: int
    receipts: int
    refused: int
    quarantined: int
    """Events that the broker does not take, and that are not sent any more."""
    is_heard: bool
    """False: the broker said of the last event that nobody subscribes to it (MQTT 5 only)."""
    error: str | None
    """Why the last connection failed or ended, as a sentence; None once there is one again."""
    centre_upto: int | None = None
    """The centre says that it has all events up to this one; None where it says nothing."""
    receipt_age_s: float | None = None
    """Since the broker last confirmed an event; None where it did not in this run."""
