"""The status that somebody stands with at the gate: by the rules in force, or known from before."""

from dataclasses import dataclass
from datetime import datetime

from gatewayd.core.credential import CheckIn, Credential, HealthCertificate, SignedPass
from gatewayd.core.facts import Here
from gatewayd.core.policy import Policy
from gatewayd.core.status import Ruling, choose_rule_set, judge
from gatewayd.core.words import Status

_BEST_FIRST = (Status.GREEN, Status.YELLOW, Status.RED, Status.BLACK, Status.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Standing:
    """A status, until when it holds, and the ruling where rules decided it just now."""

    status: Status = Status.UNKNOWN
    until: datetime | None = None
    ruling: Ruling | None = None


UNKNOWN = Standing()


def find_standing(
    credential: Credential,
    known: Standing,
    policy: Policy,
    at: datetime,
    word: Standing = UNKNOWN,
) -> Standing:
    """Return with which status the holder stands.

    known: the one from before, if it still holds. Of that and of what a certificate shows now,
    black counts first, then the better one: somebody who has shown two certificates is better off
    by the second, or in the books by it. A pass's own status is the latest word of its issuer, that
    in a check-in the latest of the centre.
    word: what the centre sent of the holder, if it still holds; where it is newer than what is
    known, it is that. Its black counts against everything: a code made before it shows nothing.
    """
    if word.status is Status.BLACK:
        return word
    if isinstance(credential, HealthCertificate) and policy.rule_sets:
        return _join(_judge(credential, policy, at), known) if _counts(credential, at) else known
    if isinstance(credential, SignedPass | CheckIn) and credential.status is not None:
        until = credential.status_until
        return Standing(credential.status, until) if until is None or at < until else known
    return known


def _counts(shown: HealthCertificate, at: datetime) -> bool:
    """Tell whether evidence may count: of one that is refused nothing is learnt."""
    is_over = shown.not_after is not None and at >= shown.not_after
    return shown.not_before <= at and not is_over and not shown.is_revoked


def _judge(shown: HealthCertificate, policy: Policy, at: datetime) -> Standing:
    rule_set = choose_rule_set(policy.rule_sets, at)
    if rule_set is None:
        return UNKNOWN
    ruling = judge(rule_set, shown.evidence, None, Here(at, policy.zone))
    return Standing(ruling.status, ruling.until, ruling)


def _join(now: Standing, known: Standing) -> Standing:
    if Status.BLACK in (now.status, known.status):
        return now if now.status is Status.BLACK else known
    return min(now, known, key=lambda one: _BEST_FIRST.index(one.status))
