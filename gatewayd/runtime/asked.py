"""What is asked of the gate, what it knows for the answer, and what it answers."""

from dataclasses import dataclass

from gatewayd.core.credential import Attested, CheckIn
from gatewayd.core.events import Access
from gatewayd.core.lane_terms import GateMode, Outcome
from gatewayd.core.policy import Policy
from gatewayd.core.pseudonym import Pseudonyms
from gatewayd.core.roster import Roster
from gatewayd.core.trust import Trust
from gatewayd.core.words import Direction, LaneId


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What decisions are made from, besides the tables. Never changed, only swapped whole.

    policy: with what replaces it at its time; `Gate.policy` is the one in force.
    """

    policy: Policy
    trust: Trust
    rosters: tuple[Roster, ...]
    pseudonyms: Pseudonyms


@dataclass(frozen=True, slots=True)
class Scan:
    """A complete code at a lane; None is one that was too long to keep.

    at_s: monotonic time of its last byte.
    """

    data: bytes | None
    at_s: float


@dataclass(frozen=True, slots=True)
class Admission:
    """An officer's own admission, or (with a number) what they made of a referral.

    badge: the number of the badge that the guest carries, by which they are known at the exit.
    """

    attested: Attested
    referral: int | None = None
    badge: int | None = None


Asked = Scan | Admission | CheckIn
"""In which way somebody asks to pass."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where and how somebody asks to pass."""

    lane: LaneId
    direction: Direction
    mode: GateMode


@dataclass(frozen=True, slots=True)
class Decision:
    """The fact to record, and what the lane does when it is on disk."""

    fact: Access
    outcome: Outcome
