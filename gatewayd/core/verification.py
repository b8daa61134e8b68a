"""Whether codes are good at a given time, as a gate finds out, but without a site around them.

No roster, no policy and no status: only what the code and the keys say.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from gatewayd.core import dcc, passes, shc
from gatewayd.core.credential import (
    Credential,
    HealthCertificate,
    Kind,
    SignedPass,
    UnknownId,
    read_scan,
)
from gatewayd.core.decide import EXIT_CHECKS, Case, Usage
from gatewayd.core.occupancy import Occupancy
from gatewayd.core.parts import gather_all
from gatewayd.core.policy import Policy
from gatewayd.core.pseudonym import KEY_SIZE, Pseudonyms
from gatewayd.core.reasons import Reason
from gatewayd.core.trust import Trust
from gatewayd.core.words import Status


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found of one code.

    reason: OK, or why it is refused. kind: what it looks like, also where it is broken. issuer:
    None where nobody who is trusted stands behind it.
    """

    reason: Reason
    kind: Kind
    credential: Credential | None = None

    @property
    def issuer(self) -> str | None:
        match self.credential:
            case SignedPass(issuer=issuer) | HealthCertificate(issuer=issuer):
                return issuer
            case _:
                return None


def verify(scans: Iterable[bytes], trust: Trust, at: datetime) -> Verified:
    """Verify what was scanned; parts of one code may come in any order.

    Of several codes the first that is refused is told; if all are good, the first.
    """
    found = [_verify(scan, trust, at) for scan in gather_all(scans)]
    if not found:
        return Verified(Reason.EMPTY, Kind.UNREADABLE)
    return next((each for each in found if each.reason is not Reason.OK), found[0])


def _verify(scan: bytes, trust: Trust, at: datetime) -> Verified:
    credential = read_scan(scan, trust, (), _THROWN_AWAY)
    kind = next((kind for prefix, kind in _KINDS.items() if scan.startswith(prefix)), None)
    return Verified(_find_reason(credential, at), kind or credential.kind, credential)


def _find_reason(credential: Credential, at: datetime) -> Reason:
    """Run the checks that a gate makes of the code itself."""
    if isinstance(credential, UnknownId):
        return Reason.PREFIX
    case = Case(credential, Status.UNKNOWN, Usage(), Occupancy(), _PLAIN_OFFICE, at)
    reasons = (check(case).reason for check in EXIT_CHECKS)
    return next((reason for reason in reasons if reason is not None), Reason.OK)


_THROWN_AWAY = Pseudonyms(bytes(KEY_SIZE))
"""Any key does: nobody keeps the pseudonyms that are made here."""

_PLAIN_OFFICE = Policy(zone=UTC)

_KINDS = {
    passes.PREFIX.encode(): Kind.PASS,
    dcc.PREFIX.encode(): Kind.DCC,
    shc.PREFIX.encode(): Kind.SHC,
    shc.JWS_PREFIX.encode(): Kind.SHC,
}
