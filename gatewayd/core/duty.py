"""Who is on duty at the gate: the officers who signed on, and whose word a request is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gatewayd.core.credential import Credential, SignedPass
from gatewayd.core.decide import EXIT_CHECKS, Case, CheckOutcome, Usage
from gatewayd.core.events import format_time, parse_time
from gatewayd.core.folded import Document
from gatewayd.core.occupancy import Occupancy
from gatewayd.core.policy import Policy
from gatewayd.core.rotating import CodeUse
from gatewayd.core.words import HolderId, Json, Status

CENTRE = "centre:"
"""Begins the name of a caller who sent a signed command; the id of the key follows."""

DESK = "desk_reader"
"""The caller of whoever holds up a pass at the officer's desk."""

CATEGORY = "officer"
"""The category of the passes that sign somebody on."""

_LABEL_DIGITS = 8  # Of a pseudonym: nobody has more officers than tell these apart.


class How(StrEnum):
    """What somebody signed on with."""

    PIN = "pin"
    PASS = "pass"  # noqa: S105, a card
    CENTRE = "centre"
    PAGE = "page"
    """They are signed in at the pages."""


@dataclass(frozen=True, slots=True)
class Session:
    """An officer on duty. caller: who signed them on, by the system's own word."""

    officer: str
    since: datetime
    how: How
    caller: str

    @property
    def is_of_gate(self) -> bool:
        """Whether it was begun where no later request comes from."""
        return self.caller == DESK or self.caller.startswith(CENTRE)

    def is_over(self, at: datetime, policy: Policy) -> bool:
        return at >= self.since + timedelta(hours=policy.officer.shift_hours)


def read_sessions(rows: Iterable[tuple[str, Document]]) -> list[Session]:
    """Return the sessions of the table `officers`, the longest first."""
    found = [
        Session(label, parse_time(str(row["since"])), How(str(row["how"])), str(row["caller"]))
        for label, row in rows
    ]
    return sorted(found, key=lambda one: (one.since, one.officer))


def find_session(sessions: Iterable[Session], caller: str) -> Session | None:
    """Return whose word a request of the caller is; None where nobody answers for it.

    Their own session; else the only one of those that were begun at the desk reader or by the
    centre, since those officers ask through somebody's terminal. The centre answers for itself.
    """
    listed = [] if caller.startswith(CENTRE) else list(sessions)
    own = [one for one in listed if one.caller == caller]
    if own:
        return own[-1]
    shared = [one for one in listed if one.is_of_gate]
    return shared[0] if len(shared) == 1 else None


def officer_of(
    credential: Credential, policy: Policy, at: datetime, code_use: CodeUse
) -> HolderId | None:
    """Return whom a genuine, valid pass of an officer stands for; None for anything else.

    A plain id of a roster is none: whoever copies it has it. An officer with a rotating code shows
    the pass with it.
    """
    if not isinstance(credential, SignedPass) or credential.category != CATEGORY:
        return None
    case = Case(credential, Status.UNKNOWN, Usage(code_use=code_use), Occupancy(), policy, at)
    is_good = all(check(case).outcome is CheckOutcome.PASSED for check in EXIT_CHECKS)
    return credential.holder if is_good else None


def pass_label(holder: HolderId) -> str:
    """Return the label of an officer who is known by their pass only."""
    return f"{How.PASS}-{holder.rpartition('.')[2][:_LABEL_DIGITS]}"


def told(session: Session) -> dict[str, Json]:
    """Return a session for programs."""
    return {
        "officer": session.officer,
        "since": format_time(session.since),
        "how": str(session.how),
        "caller": session.caller,
    }
