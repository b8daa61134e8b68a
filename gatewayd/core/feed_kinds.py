"""What a row of the feed is, in the words that people filter by."""

from enum import StrEnum

from gatewayd.core.events import (
    OFFICER,
    Access,
    AccessOutcome,
    Alarm,
    Audit,
    AuditSubject,
    Fact,
    Passage,
    PassageOutcome,
)


class FeedKind(StrEnum):
    ADMITTED = "admitted"
    REFUSED = "refused"
    REFERRED = "referred"
    PASSED = "passed"
    NOT_PASSED = "not_passed"
    UNSEEN = "unseen"
    """Somebody went through on no grant."""
    OFFICER = "officer"
    ALARM = "alarm"
    MACHINE = "machine"


def feed_kinds(fact: Fact) -> tuple[FeedKind, ...]:
    """Return what an event is; by an officer it is that too."""
    match fact:
        case Access(outcome=outcome, source=source):
            kind = _OF_ACCESS[outcome]
            return (kind, FeedKind.OFFICER) if source == OFFICER else (kind,)
        case Passage(outcome=outcome):
            return (_OF_PASSAGE[outcome],)
        case Alarm():
            return (FeedKind.ALARM,)
        case Audit(subject=subject):
            return (FeedKind.OFFICER if subject is AuditSubject.OFFICER else FeedKind.MACHINE,)


_OF_ACCESS = {
    AccessOutcome.ADMITTED: FeedKind.ADMITTED,
    AccessOutcome.REFUSED: FeedKind.REFUSED,
    AccessOutcome.REFERRED: FeedKind.REFERRED,
}
_OF_PASSAGE = {
    PassageOutcome.COMPLETED: FeedKind.PASSED,
    PassageOutcome.EXPIRED: FeedKind.NOT_PASSED,
    PassageOutcome.BREACHED: FeedKind.UNSEEN,
    PassageOutcome.UNATTRIBUTED: FeedKind.UNSEEN,
}
