"""The decision at the gate: the checks in their fixed order, and the verdict they lead to.

Pure and total: the same arguments give the same verdict. The first check that fails gives the
reason; `explain` runs them all. At an exit nobody is held: the checks only become findings.

All checks stand in this one file, though it is long: who asks why somebody was held reads it from
top to bottom, in the order of the decision.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from gatewayd.core.credential import (
    Attested,
    CheckIn,
    Credential,
    HealthCertificate,
    Inauthentic,
    RosterId,
    SignedPass,
    UnknownId,
    Unreadable,
)
from gatewayd.core.evidence import Result
from gatewayd.core.lane_terms import GateMode
from gatewayd.core.occupancy import Occupancy, answer_when_full, has_place
from gatewayd.core.policy import (
    ANONYMOUS,
    Answer,
    AntiPassback,
    Enforcement,
    Policy,
    RegionTest,
)
from gatewayd.core.reasons import Reason
from gatewayd.core.roster import RosterEntry
from gatewayd.core.rotating import CodeFound, CodeUse, judge
from gatewayd.core.totp import OtpKey
from gatewayd.core.trust import Purpose
from gatewayd.core.words import Direction, HolderId, Status


@dataclass(frozen=True, slots=True)
class Usage:
    """How the gate is used here and now: which way, in which mode, and by whom already.

    inside_since: when the holder came in, None if by the records they are not inside.
    has_grant: a grant of the holder's is in force, or is being written, at some lane.
    entry_count: how often somebody came in with this pass, where it says how often they may.
    code_use: what was held up of the holder's rotating codes before.
    """

    direction: Direction = Direction.ENTRY
    mode: GateMode = GateMode.NORMAL
    inside_since: datetime | None = None
    has_grant: bool = False
    entry_count: int = 0
    code_use: CodeUse = field(default_factory=CodeUse)


@dataclass(frozen=True, slots=True)
class Admit:
    reason: Reason = Reason.OK
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refuse:
    reason: Reason
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refer:
    """The officer decides; the lane is free for the next person meanwhile."""

    reason: Reason
    findings: tuple[str, ...] = ()


Verdict = Admit | Refuse | Refer


class CheckOutcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NOTED = "noted"
    """Found, told, but by the policy no reason to hold the person."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What one check came to."""

    name: str
    outcome: CheckOutcome = CheckOutcome.PASSED
    reason: Reason | None = None
    answer: Answer = Answer.ADMIT
    """What follows from it: refuse or refer where it failed."""
    is_physical: bool = False
    """The lane can let nobody in, or nobody is there; observing does not change that."""


@dataclass(frozen=True, slots=True)
class Case:
    """All that a decision depends on."""

    credential: Credential
    status: Status
    usage: Usage
    occupancy: Occupancy
    policy: Policy
    at: datetime


def decide(
    credential: Credential,
    status: Status,
    usage: Usage,
    occupancy: Occupancy,
    policy: Policy,
    at: datetime,
) -> Verdict:
    """Return the verdict for a credential held up at `at`."""
    case = Case(credential, status, usage, occupancy, policy, at)
    if usage.direction is Direction.EXIT:
        return Admit(Reason.EXIT, _exit_findings(case))
    findings: list[str] = []
    for check in CHECKS:
        checked = _run(case, check)
        if checked.outcome is CheckOutcome.NOTED:
            findings.append(str(checked.reason))
        if checked.outcome is CheckOutcome.FAILED:
            return _failed(case, checked, tuple(findings))
    reason = Reason.ATTESTED if isinstance(credential, Attested) else Reason.OK
    return Admit(reason, tuple(findings))


def explain(case: Case) -> tuple[Checked, ...]:
    """Return every check in its order, those after the first failure too."""
    return tuple(_run(case, check) for check in CHECKS)


def _run(case: Case, check: Callable[[Case], Checked]) -> Checked:
    """Run one check; the officer's word answers a referral, so it is not referred again."""
    checked = check(case)
    if checked.answer is Answer.REFER and isinstance(case.credential, Attested):
        return Checked(checked.name, CheckOutcome.NOTED, checked.reason)
    return checked


def _failed(case: Case, checked: Checked, findings: tuple[str, ...]) -> Verdict:
    assert checked.reason is not None
    is_observed = case.policy.mode_at(case.at) is Enforcement.OBSERVE
    if is_observed and not any(one.is_physical for one in explain(case)):
        return Admit(Reason.OK, (*findings, f"would_{checked.answer}:{checked.reason}"))
    if checked.answer is Answer.REFER:
        return Refer(checked.reason, findings)
    return Refuse(checked.reason, findings)


def _exit_findings(case: Case) -> tuple[str, ...]:
    """Nobody is held at an exit; what is odd about them is still worth knowing."""
    findings = [
        str(checked.reason)
        for check in EXIT_CHECKS
        if (checked := check(case)).outcome is not CheckOutcome.PASSED
    ]
    if holder_of(case.credential) is None:
        return (*findings, "unrecognised")
    return (*findings, *(() if case.usage.inside_since else ("not_inside",)))


def holder_of(credential: Credential) -> HolderId | None:
    """Return whom the credential stands for; None where that is nobody we can know again."""
    match credential:
        case SignedPass() | HealthCertificate() | RosterId() | UnknownId() | CheckIn():
            return credential.holder
        case Unreadable() | Inauthentic() | Attested():
            return None


def find_code(credential: Credential, use: CodeUse, at: datetime) -> CodeFound | None:
    """Return what the rotating code came to; None of those who need none."""
    match credential:
        case SignedPass(entry=RosterEntry(otp_key=OtpKey() as key), code=code):
            return judge(key, code, use, at)
        case RosterId(entry=RosterEntry(otp_key=OtpKey() as key), code=code):
            return judge(key, code, use, at)
        case (
            Unreadable()
            | Inauthentic()
            | SignedPass()
            | HealthCertificate()
            | RosterId()
            | UnknownId()
            | Attested()
            | CheckIn()
        ):
            return None


def category_of(credential: Credential, policy: Policy) -> str | None:
    """Return as what somebody comes; a health certificate does not say, so the policy does."""
    match credential:
        case SignedPass() | UnknownId() | Attested() | CheckIn():
            return credential.category
        case HealthCertificate():
            return policy.health_certificate_category
        case RosterId(entry=entry):
            return entry.category
        case Unreadable() | Inauthentic():
            return None


# --- the checks, in the order of DESIGN 4 ---


def check_gate_mode(case: Case) -> Checked:
    name = "gate_mode"
    match case.usage.mode:
        case GateMode.EMERGENCY:
            return _fail(name, Reason.EMERGENCY, is_physical=True)
        case GateMode.EXIT_ONLY:
            return _fail(name, Reason.LOCKED_DOWN, is_physical=True)
        case GateMode.NOT_READY:
            return _fail(name, Reason.TURNSTILE_NOT_READY, is_physical=True)
        case GateMode.NORMAL:
            pass
    policy = case.policy
    in_force = Checked(name)
    if not policy.is_in_force(case.at):
        in_force = _follow(name, Reason.POLICY_EXPIRED, policy.when_expired)
    if in_force.outcome is CheckOutcome.FAILED or policy.is_open(policy.opening_hours, case.at):
        return in_force
    return _fail(name, Reason.CLOSED_NOW)


def check_readable(case: Case) -> Checked:
    name = "readable"
    match case.credential:
        case Unreadable(reason):
            return _fail(name, reason)
        case (
            Inauthentic()
            | SignedPass()
            | HealthCertificate()
            | RosterId()
            | UnknownId()
            | Attested()
            | CheckIn()
        ):
            return Checked(name)


def check_authentic(case: Case) -> Checked:
    name = "authentic"
    match case.credential:
        case Inauthentic(_, reason):
            return _fail(name, reason)
        case SignedPass() as shown if not _is_signed_by_right(shown, case.policy):
            return _fail(name, Reason.KEY_USAGE)
        case Attested(is_on_duty=False) if case.policy.officer.is_required:
            return _fail(name, Reason.OFFICER_ABSENT)
        case Attested() as attested if _is_missing_declaration(attested, case.policy):
            return _fail(name, Reason.ATTESTATION_INCOMPLETE)
        case CheckIn(flaw=Reason() as flaw):
            # No fault of theirs: the officer sees them. Else there may be nobody to let in.
            is_ours = flaw is Reason.CLOCK_UNSYNCED
            answer = Answer.REFER if is_ours else Answer.REFUSE
            return _fail(name, flaw, answer, is_physical=True)
        case (
            Unreadable()
            | SignedPass()
            | HealthCertificate()
            | RosterId()
            | UnknownId()
            | Attested()
            | CheckIn()
        ):
            return Checked(name)


def check_rotating_code(case: Case) -> Checked:
    """Whether the rotating code is theirs, of now and not used; the clock must be known for it."""
    name = "rotating_code"
    found = find_code(case.credential, case.usage.code_use, case.at)
    if found is None or found.reason is None:
        return Checked(name)
    is_ours = found.reason is Reason.CLOCK_UNSYNCED  # No fault of theirs: the officer knows them.
    return _fail(name, found.reason, Answer.REFER if is_ours else Answer.REFUSE)


def check_validity(case: Case) -> Checked:
    name = "validity"
    for begins, ends in _windows(case.credential):
        if begins is not None and case.at < begins:
            return _fail(name, Reason.NOT_YET_VALID)
        if ends is not None and case.at >= ends:
            return _fail(name, Reason.EXPIRED)
    return Checked(name)


def check_not_revoked(case: Case) -> Checked:
    name = "not_revoked"
    match case.credential:
        case RosterId(entry=entry) if entry.blocked:
            return _fail(name, Reason.BLOCKED)
        case SignedPass(entry=RosterEntry(blocked=True)) | CheckIn(entry=RosterEntry(blocked=True)):
            return _fail(name, Reason.BLOCKED)
        case HealthCertificate(is_revoked=True) | SignedPass(is_revoked=True):
            return _fail(name, Reason.REVOKED)
        case (
            Unreadable()
            | Inauthentic()
            | SignedPass()
            | HealthCertificate()
            | RosterId()
            | UnknownId()
            | Attested()
            | CheckIn()
        ):
            return Checked(name)


def check_roster_age(case: Case) -> Checked:
    """Whether the list is young enough to say who still belongs; who is blocked stays blocked."""
    name = "roster_age"
    shown, hours_max = case.credential, case.policy.roster_age_hours_max
    if hours_max is None or not isinstance(shown, RosterId) or shown.issued_at is None:
        return Checked(name)
    if case.at - shown.issued_at < timedelta(hours=hours_max):
        return Checked(name)
    return _follow(name, Reason.ROSTER_OLD, case.policy.roster_old)


def check_category(case: Case) -> Checked:
    """Category known, of an age for it, and within its schedule."""
    name = "category"
    policy = case.policy
    is_nameless = isinstance(case.credential, HealthCertificate) and not case.credential.holder
    is_unknown = isinstance(case.credential, UnknownId) and not case.credential.category
    if is_unknown or is_nameless:
        return _follow(name, Reason.UNKNOWN_HOLDER, policy.unknown_holder)
    category = category_of(case.credential, policy)
    if category is None:
        return Checked(name)
    if category not in policy.categories:
        return _fail(name, Reason.UNKNOWN_CATEGORY, Answer.REFER)
    if not policy.is_open(policy.hours.get(category), case.at):
        return _fail(name, Reason.OUTSIDE_HOURS)
    return Checked(name)


def check_age(case: Case) -> Checked:
    """Age, where the credential tells it: of the bands that hold the first one counts."""
    name = "age"
    match case.credential:
        case HealthCertificate(evidence=evidence):
            years = evidence.age(case.at.astimezone(case.policy.zone).date())
            bands = case.policy.ages if years is not None else ()
            answers = (band.answer for band in bands if band.holds(years or 0))
            return _follow(name, Reason.AGE, next(answers, Answer.ADMIT), is_noted=False)
        case (
            Unreadable()
            | Inauthentic()
            | SignedPass()
            | RosterId()
            | UnknownId()
            | Attested()
            | CheckIn()
        ):
            return Checked(name)


def check_status(case: Case) -> Checked:
    """Status by the rule-set in force; for a guest the officer's declaration stands for it."""
    name = "status"
    if case.status is Status.GREEN or isinstance(case.credential, Attested):
        return Checked(name)
    policy, status = case.policy, case.status
    answer = policy.answer_to(status, category_of(case.credential, policy))
    is_noted = status in policy.statuses
    return _follow(name, _STATUS_REASONS[status], answer, is_noted=is_noted)


def check_region_test(case: Case) -> Checked:
    """Who comes from elsewhere has a negative result that is not too old."""
    name = "region_test"
    rule = case.policy.region_test
    if rule is None or isinstance(case.credential, Attested | Unreadable | Inauthentic):
        return Checked(name)
    if _has_test(case.credential, rule, case.at):
        return Checked(name)
    origin = _origin_of(case.credential)
    if origin is None:
        return _follow(name, Reason.ORIGIN_UNKNOWN, rule.unknown_origin, is_noted=False)
    if origin in rule.regions:
        return Checked(name)
    return _follow(name, Reason.REGION_TEST, rule.without)


def check_not_inside(case: Case) -> Checked:
    name = "not_inside"
    policy, usage = case.policy, case.usage
    if policy.anti_passback is AntiPassback.OFF:
        return Checked(name)
    if usage.inside_since is not None:
        reason = Reason.ALREADY_INSIDE
    elif usage.has_grant:
        reason = Reason.ALREADY_GRANTED
    else:
        return Checked(name)
    over = policy.blocks_until(usage.inside_since) if usage.inside_since else None
    is_soft = policy.anti_passback is AntiPassback.SOFT or (over is not None and case.at >= over)
    return _follow(name, reason, Answer.ADMIT if is_soft else Answer.REFUSE)


def check_entries(case: Case) -> Checked:
    """Whether a pass for a number of entries has one left; a grant in force takes one."""
    name = "entries"
    match case.credential:
        case SignedPass(entries=int() as entries):
            used = case.usage.entry_count + case.usage.has_grant
            return Checked(name) if used < entries else _fail(name, Reason.ENTRIES_USED)
        case (
            Unreadable()
            | Inauthentic()
            | SignedPass()
            | HealthCertificate()
            | RosterId()
            | UnknownId()
            | Attested()
            | CheckIn()
        ):
            return Checked(name)


def check_capacity(case: Case) -> Checked:
    name = "capacity"
    category = category_of(case.credential, case.policy) or ANONYMOUS
    if has_place(category, case.occupancy, case.policy):
        return Checked(name)
    return _follow(name, Reason.CAPACITY_FULL, answer_when_full(category, case.policy))


CHECKS: tuple[Callable[[Case], Checked], ...] = (
    check_gate_mode,
    check_readable,
    check_authentic,
    check_rotating_code,
    check_validity,
    check_not_revoked,
    check_roster_age,
    check_category,
    check_age,
    check_status,
    check_region_test,
    check_not_inside,
    check_entries,
    check_capacity,
)
EXIT_CHECKS = (
    check_readable,
    check_authentic,
    check_rotating_code,
    check_validity,
    check_not_revoked,
)

_STATUS_REASONS = {
    Status.YELLOW: Reason.STATUS_YELLOW,
    Status.RED: Reason.STATUS_RED,
    Status.BLACK: Reason.STATUS_BLACK,
    Status.UNKNOWN: Reason.STATUS_UNKNOWN,
}


def _windows(credential: Credential) -> list[tuple[datetime | None, datetime | None]]:
    match credential:
        case SignedPass(not_before=begins, not_after=ends, entry=None):
            return [(begins, ends)]
        case HealthCertificate(not_before=begins, not_after=ends):
            return [(begins, ends)]
        case SignedPass(not_before=begins, not_after=ends, entry=entry):
            assert entry is not None
            return [(begins, ends), (entry.valid_from, entry.valid_until)]
        case RosterId(entry=entry) | CheckIn(entry=RosterEntry() as entry):
            return [(entry.valid_from, entry.valid_until)]
        case Unreadable() | Inauthentic() | UnknownId() | Attested() | CheckIn():
            return []


def _is_signed_by_right(shown: SignedPass, policy: Policy) -> bool:
    is_staff = shown.category in policy.staff_categories
    needed = Purpose.STAFF_PASS if is_staff else Purpose.VISITOR_PASS
    return bool(shown.signer_may & {Purpose.PASS, needed})


def _is_missing_declaration(attested: Attested, policy: Policy) -> bool:
    declared = {
        "healthy": attested.healthy,
        "protocol": attested.protocol,
        "reason": bool(attested.reason),
        "purpose": attested.purpose is not None,
        "origin": attested.origin is not None,
        "certificate": attested.certificate,
    }
    return not all(declared[name] for name in policy.attestation_required)


def _fail(
    name: str, reason: Reason, answer: Answer = Answer.REFUSE, *, is_physical: bool = False
) -> Checked:
    return Checked(name, CheckOutcome.FAILED, reason, answer, is_physical)


def _origin_of(credential: Credential) -> str | None:
    """Return the region somebody comes from, as the centre or else the roster says."""
    match credential:
        case CheckIn(origin=str() as origin):
            return origin
        case SignedPass(entry=entry) if entry is not None:
            return entry.region
        case RosterId(entry=entry) | CheckIn(entry=RosterEntry() as entry):
            return entry.region
        case (
            Unreadable()
            | Inauthentic()
            | SignedPass()
            | HealthCertificate()
            | UnknownId()
            | Attested()
            | CheckIn()
        ):
            return None


def _has_test(credential: Credential, rule: RegionTest, at: datetime) -> bool:
    if not isinstance(credential, HealthCertificate):
        return False
    return any(
        test.result is Result.NEGATIVE
        and test.sampled_at is not None
        and timedelta() <= at - test.sampled_at < timedelta(hours=rule.methods.get(test.method, 0))
        for test in credential.evidence.tests
    )


def _follow(name: str, reason: Reason, answer: Answer, *, is_noted: bool = True) -> Checked:
    """Return what a policy's answer makes of something found, and whether an admit is told."""
    if answer is Answer.ADMIT:
        outcome = CheckOutcome.NOTED if is_noted else CheckOutcome.PASSED
        return Checked(name, outcome, reason if is_noted else None)
    return _fail(name, reason, answer)
