"""What all lanes of the gate share: the rules in force, the tables, and the decisions made of them.

A decision happens on the event loop between two awaits and reserves its grant at once, long before
the record of it is on disk: two lanes cannot both give the last place away.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from gatewayd.core.centre_statuses import KEPT, CentreStatus, newer, read_row
from gatewayd.core.companions import FirstShown, join, keep
from gatewayd.core.credential import (
    CheckIn,
    Credential,
    SignedPass,
    UnknownId,
    Unreadable,
    read_scan,
)
from gatewayd.core.decide import (
    Admit,
    Refer,
    Refuse,
    Usage,
    category_of,
    decide,
    find_code,
    holder_of,
)
from gatewayd.core.events import GATEWAY, OFFICER, Access, AccessOutcome, Event, Passage, parse_time
from gatewayd.core.folded import (
    CAPACITY,
    GRANTS,
    HOLDERS,
    OCCUPANCY,
    ORDERED,
    REFERRALS,
    Document,
    entry_count,
    read_counts,
)
from gatewayd.core.lane_terms import Admitted, Indication, TurnedAway
from gatewayd.core.occupancy import Occupancy
from gatewayd.core.ordered_capacity import read_order, with_total
from gatewayd.core.passes import badge_subject
from gatewayd.core.policy import ANONYMOUS, Policy
from gatewayd.core.projection import project
from gatewayd.core.pseudonym import Namespace
from gatewayd.core.reasons import Reason
from gatewayd.core.rotating import CodeUse
from gatewayd.core.standing import UNKNOWN, Standing, find_standing
from gatewayd.core.words import Direction, GrantId, HolderId, Json, LaneId, Status
from gatewayd.ports import Cache, Chance, Clock
from gatewayd.runtime.asked import Admission, Asked, Decision, Knowledge, Place, Scan
from gatewayd.runtime.grants import Grants, Pending
from gatewayd.runtime.rotating_codes import RotatingCodes

GRANT_BYTES = 16  # What the turnstile protocols carry.
REFERRALS_MAX = 999  # A number that an officer can call out; then they start again.

ANOTHER_HELPS = "another_certificate_helps"
"""Found where the person may show a second certificate within a minute."""


class Gate:
    """One for each daemon; used from the event loop only."""

    def __init__(
        self,
        knowledge: Knowledge,
        cache: Cache,
        clock: Clock,
        chance: Chance,
        areas: Mapping[LaneId, str] | None = None,
    ) -> None:
        """`areas`: the lanes that lead to an inner area, each with its name."""
        self.knowledge = knowledge
        self.areas = areas or {}
        self.cache = cache
        self.grants = Grants(cache.items(GRANTS), clock.monotonic())
        self._clock = clock
        self._chance = chance
        self._shown: dict[LaneId, FirstShown] = {}
        self._claimed: set[int] = set()
        self._codes = RotatingCodes(clock)
        self._ordered: tuple[Policy, int, Policy] | None = None
        self._referral = max((int(key) for key, _ in cache.items(REFERRALS)), default=0)

    @property
    def policy(self) -> Policy:
        """The policy in force now, with the limit that the centre ordered, if it did."""
        return self._policy_at(self._clock.utc())

    def committed(self, events: Sequence[Event]) -> None:
        """Fold events into the tables; grants that ended with them give their place free."""
        for event in events:
            self.cache.apply(project(event, self.cache.get), event.epoch, event.seq)
            if isinstance(event.fact, Passage) and event.fact.grant is not None:
                self.grants.ended(event.fact.grant)

    def occupancy(self, area: str | None = None) -> Occupancy:
        """Return who is inside the house, or an inner area."""
        by_category, uncertain = read_counts(self.cache.get, area or OCCUPANCY)
        return Occupancy(by_category, self.grants.entering(self._lanes_of(area)), uncertain)

    @property
    def area_names(self) -> tuple[str, ...]:
        return tuple(sorted(set(self.areas.values())))

    def _lanes_of(self, area: str | None) -> Callable[[LaneId], bool]:
        return lambda lane: self.areas.get(lane) == area

    def read(self, scan: Scan) -> Credential:
        """Return what a code is understood to be, as of what is known now."""
        known = self.knowledge
        if scan.data is None:
            return Unreadable(Reason.TOO_LARGE)
        shown = read_scan(scan.data, known.trust, known.rosters, known.pseudonyms)
        if isinstance(shown, UnknownId) and (told := self._told(shown.holder)) is not None:
            return replace(shown, category=told.category)
        return shown

    def decide_scan(self, scan: Scan, place: Place) -> Decision:
        """Decide what a person held up, and reserve the grant if they may pass."""
        self.forget_shown()
        shown = credential = self.read(scan)
        is_entry = place.direction is Direction.ENTRY
        first = self._shown.get(place.lane) if is_entry else None
        credential = join(first, shown, scan.at_s)
        fact = self._fact(credential, holder_of(credential), place, GATEWAY)
        if first is not None and credential is not shown:
            del self._shown[place.lane]  # Two were enough, or no third will help.
            fact = replace(fact, referral=self._still_open(first.referral))
        kept = keep(credential, fact.reason, scan.at_s) if is_entry else None
        if kept is not None:
            fact = replace(fact, findings=(*fact.findings, ANOTHER_HELPS))
        latency_us = round((self._clock.monotonic() - scan.at_s) * 1e6)
        decision = self._reserve(replace(fact, latency_us=latency_us))
        if kept is not None:
            self._shown[place.lane] = replace(kept, referral=decision.fact.referral)
        return decision

    def forget_shown(self) -> None:
        """Forget certificates to which no second one came in time."""
        now_s = self._clock.monotonic()
        self._shown = {lane: kept for lane, kept in self._shown.items() if now_s < kept.until_s}

    def awaits_another(self, lane: LaneId) -> bool:
        """Tell whether somebody at that lane may still show a second certificate."""
        kept = self._shown.get(lane)
        return kept is not None and self._clock.monotonic() < kept.until_s

    def decide_admission(self, admission: Admission, place: Place) -> Decision:
        """Decide what the officer asks: the same checks, with the declaration for a credential."""
        row = self.cache.get(REFERRALS, str(admission.referral)) or {}
        attested = admission.attested
        holder = self._carrier(admission.badge) if admission.badge else _holder(row)
        fact = self._fact(attested, holder, place, OFFICER)
        declared: dict[str, Json] = {
            "officer": attested.officer,
            "reason": attested.reason,
            "healthy": attested.healthy,
            "protocol": attested.protocol,
        }
        if attested.caller is not None:
            declared["caller"] = attested.caller
        if attested.purpose is not None:
            declared["purpose"] = attested.purpose
        if attested.origin is not None:
            declared["origin"] = attested.origin
        if attested.certificate:
            declared["certificate"] = True
        if admission.referral is not None and not row:  # Settled while this waited for the lane.
            refused = AccessOutcome.REFUSED
            fact = replace(fact, outcome=refused, reason=Reason.ALREADY_GRANTED)
        elif admission.referral is not None and fact.outcome is AccessOutcome.ADMITTED:
            fact = replace(fact, referral=admission.referral, reason=Reason.REFERRAL_ADMITTED)
        return self._reserve(replace(fact, attestation=declared))

    def claim_referral(self, number: int) -> Document | None:
        """Return an open referral for one settlement; None where there is none, or it is claimed.

        Release it when the settlement is recorded, or came to nothing.
        """
        row = self.cache.get(REFERRALS, str(number))
        if row is None or number in self._claimed:
            return None
        self._claimed.add(number)
        return row

    def release_referral(self, number: int) -> None:
        self._claimed.discard(number)

    def decide_check_in(self, check_in: CheckIn, place: Place) -> Decision:
        """Decide about somebody whom the centre says to be at a lane."""
        fact = self._fact(check_in, check_in.holder, place, GATEWAY)
        return self._reserve(replace(fact, purpose=check_in.purpose, order=check_in.order))

    def stranger(self, scan: Scan) -> HolderId | None:
        """Return whom a scan stands for of whom nothing is known, where the centre is asked."""
        if self.policy.asks_centre_ms is None:
            return None
        credential = self.read(scan)
        if not isinstance(credential, UnknownId) or self._told(credential.holder) is not None:
            return None
        return credential.holder

    def code_use(self, credential: Credential, row: Document | None) -> CodeUse:
        """Return what is known of the rotating codes of a holder, whose row that is."""
        holder = holder_of(credential)
        recorded = None if row is None else row.get("code_step")
        if holder is None:
            return CodeUse()
        return self._codes.use(holder, recorded if isinstance(recorded, int) else None)

    def use_code(self, credential: Credential, use: CodeUse, at: datetime) -> int | None:
        """Use up the rotating code that was held up with it; return its step, if it counts."""
        holder, found = holder_of(credential), find_code(credential, use, at)
        if holder is None or found is None:
            return None
        self._codes.held_up(holder, found)
        return found.step

    def turn_away(self, asked: Asked, place: Place) -> Access:
        """Return the verdict for somebody the lane has no time for. An exit is still admitted."""
        is_exit = place.direction is Direction.EXIT
        check_in = asked if isinstance(asked, CheckIn) else None
        return Access(
            outcome=AccessOutcome.ADMITTED if is_exit else AccessOutcome.REFUSED,
            lane=place.lane,
            direction=place.direction,
            reason=Reason.EXIT if is_exit else Reason.LANE_BUSY,
            findings=(str(Reason.LANE_BUSY),) if is_exit else (),
            source=OFFICER if isinstance(asked, Admission) else GATEWAY,
            kind=_kind(asked),
            holder=check_in.holder if check_in is not None else None,
            order=check_in.order if check_in is not None else None,
            policy=self.policy.versions,
            area=self.areas.get(place.lane),
        )

    def _still_open(self, referral: int | None) -> int | None:
        """Return the number of a referral that nobody has settled yet."""
        return referral if self.cache.get(REFERRALS, str(referral)) is not None else None

    def _policy_at(self, at: datetime) -> Policy:
        policy = self.knowledge.policy.at(at)
        ordered = read_order(self.cache.get(CAPACITY, ORDERED), at)
        if ordered is None:
            return policy
        if self._ordered is None or self._ordered[0] is not policy or self._ordered[1] != ordered:
            self._ordered = policy, ordered, with_total(policy, ordered)
        return self._ordered[2]

    def _carrier(self, badge: int) -> HolderId:
        return self.knowledge.pseudonyms.of(Namespace.PERSON, badge_subject(badge))

    def _told(self, holder: HolderId) -> CentreStatus | None:
        """Return what the centre said of a holder, as long as it holds."""
        return read_row(self.cache.get(KEPT, holder), self._clock.utc())

    def _fact(
        self, credential: Credential, holder: HolderId | None, place: Place, source: str
    ) -> Access:
        """Return the verdict on a credential as a fact that has no grant or referral yet."""
        at = self._clock.utc()
        area = self.areas.get(place.lane)
        policy = self._policy_at(at).of_area(area)
        row = self.cache.get(HOLDERS, holder) if holder is not None else None
        told = self._told(holder) if holder is not None else None
        known = newer(told, _known_standing(row, at), _seen(row))
        word = UNKNOWN if told is None else told.standing
        standing = find_standing(credential, known, policy, at, word)
        status = standing.status
        inside_since = None if row is None else _inside_since(row, area)
        has_grant = holder is not None and self.grants.has(holder, self._lanes_of(area))
        pass_id, pass_until = _limited_pass(credential) if area is None else (None, None)
        count = entry_count(pass_id, self.cache.get) if pass_id is not None else 0
        code_use = self.code_use(credential, row)
        code_step = self.use_code(credential, code_use, at)
        usage = Usage(place.direction, place.mode, inside_since, has_grant, count, code_use)
        ruling = standing.ruling
        verdict = decide(credential, status, usage, self.occupancy(area), policy, at)
        return Access(
            outcome=_OUTCOMES[type(verdict)],
            lane=place.lane,
            direction=place.direction,
            reason=verdict.reason,
            source=source,
            kind=credential.kind,
            holder=holder,
            category=category_of(credential, policy) or _category(row),
            status=None if status is Status.UNKNOWN else status,
            status_until=standing.until,
            policy=policy.versions if ruling is None else (*policy.versions, ruling.rule_set),
            findings=verdict.findings,
            pass_id=pass_id,
            pass_until=pass_until,
            area=area,
            code_step=code_step,
            cached=row is not None,
        )

    def _reserve(self, fact: Access) -> Decision:
        match fact.outcome:
            case AccessOutcome.ADMITTED:
                grant = GrantId(self._chance.token(GRANT_BYTES).hex())
                fact = replace(fact, grant=grant, category=self._counted_as(fact))
                self.grants.reserve(grant, Pending.of(fact, self._clock.monotonic()))
                return Decision(fact, Admitted(grant))
            case AccessOutcome.REFUSED:
                return Decision(fact, TurnedAway(Indication.REFUSED))
            case AccessOutcome.REFERRED:
                if fact.referral is None:
                    self._referral = self._referral % REFERRALS_MAX + 1
                    fact = replace(fact, referral=self._referral)
                return Decision(fact, TurnedAway(Indication.ASK_OFFICER))

    def _counted_as(self, fact: Access) -> str:
        """Return the category for the count: somebody whom we cannot place is counted too."""
        if fact.category is not None:
            return fact.category
        is_entry = fact.direction is Direction.ENTRY
        return ANONYMOUS if is_entry else self.policy.anonymous_exit_category


_OUTCOMES = {
    Admit: AccessOutcome.ADMITTED,
    Refuse: AccessOutcome.REFUSED,
    Refer: AccessOutcome.REFERRED,
}


def _kind(asked: Asked) -> str:
    match asked:
        case Scan():
            return "unread"
        case Admission(attested):
            return attested.kind
        case CheckIn():
            return asked.kind


def _limited_pass(credential: Credential) -> tuple[str, datetime] | tuple[None, None]:
    """Return the id and the end of a pass that is good for a number of entries."""
    if isinstance(credential, SignedPass) and credential.entries is not None:
        return credential.pass_id, credential.not_after
    return None, None


def _known_standing(row: Document | None, at: datetime) -> Standing:
    """Return the status known from before, as long as it holds."""
    if row is not None and isinstance(row.get("status"), str):
        until = _time(row.get("status_until"))
        if until is not None and at < until:
            return Standing(Status(str(row["status"])), until)
    return Standing()


def _seen(row: Document | None) -> datetime | None:
    return None if row is None else _time(row.get("seen"))


def _time(value: Json) -> datetime | None:
    return parse_time(value) if isinstance(value, str) else None


def _inside_since(row: Document, area: str | None) -> datetime | None:
    if area is None:
        return _time(row.get("inside_since"))
    areas = row.get("areas")
    return _time(areas.get(area)) if isinstance(areas, dict) else None


def _holder(row: Document) -> HolderId | None:
    holder = row.get("holder")
    return HolderId(holder) if isinstance(holder, str) else None


def _category(row: Document | None) -> str | None:
    category = None if row is None else row.get("category")
    return category if isinstance(category, str) else None
