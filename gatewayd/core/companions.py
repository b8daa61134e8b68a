"""Two certificates of one person, shown at one lane one after the other, count together.

Some regions ask guests from elsewhere for two kinds of evidence. The first certificate is kept in
memory for WAIT_S and nowhere else. That both are of one person says their pseudonym: a keyed hash
of the normalised name and the birth date.
"""

from dataclasses import dataclass, replace

from gatewayd.core.credential import Credential, HealthCertificate
from gatewayd.core.evidence import Evidence
from gatewayd.core.reasons import Reason

WAIT_S = 60.0  # Long enough to find the other paper or picture, short enough for the next person.

HELPED_BY_ANOTHER = frozenset(
    {
        Reason.REGION_TEST,
        Reason.ORIGIN_UNKNOWN,
        Reason.STATUS_UNKNOWN,
        Reason.STATUS_YELLOW,
        Reason.STATUS_RED,
    }
)
"""For these a person may be let in with a second certificate."""


@dataclass(frozen=True, slots=True)
class FirstShown:
    """A genuine certificate that was not enough, until when another is waited for (monotonic).

    referral: the number that the person got for it; the verdict on both together takes its place.
    """

    certificate: HealthCertificate
    until_s: float
    referral: int | None = None


def keep(shown: Credential, reason: str, at_s: float) -> FirstShown | None:
    """Return what to keep after a verdict; None where no other certificate would help."""
    if reason not in HELPED_BY_ANOTHER or not isinstance(shown, HealthCertificate):
        return None
    return FirstShown(shown, at_s + WAIT_S) if shown.holder is not None else None


def join(first: FirstShown | None, shown: Credential, at_s: float) -> Credential:
    """Return the credential to decide on: the one shown, with the other's evidence beside its own.

    Nothing is joined to a certificate of somebody else, or that is no good itself. The two count as
    long as both are valid.
    """
    if first is None or at_s >= first.until_s or not isinstance(shown, HealthCertificate):
        return shown
    other = first.certificate
    if shown.holder != other.holder or shown.is_revoked:
        return shown
    ends = [end for end in (shown.not_after, other.not_after) if end is not None]
    return replace(
        shown,
        evidence=_add(shown.evidence, other.evidence),
        not_before=max(shown.not_before, other.not_before),
        not_after=min(ends, default=None),
    )


def _add(one: Evidence, other: Evidence) -> Evidence:
    """Return all that both say, each thing once: the same certificate shown again adds nothing."""
    return Evidence(
        doses=tuple(dict.fromkeys((*one.doses, *other.doses))),
        tests=tuple(dict.fromkeys((*one.tests, *other.tests))),
        recoveries=tuple(dict.fromkeys((*one.recoveries, *other.recoveries))),
        born=one.born or other.born,
    )
