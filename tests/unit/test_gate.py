"""The gate: what a scan or an admission becomes, with the tables, the rosters and the other lanes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatewayd.core.credential import Attested
from gatewayd.core.events import (
    Access,
    AccessOutcome,
    Draft,
    Event,
    Fact,
    Passage,
    PassageOutcome,
)
from gatewayd.core.evidence import Method
from gatewayd.core.folded import HOLDERS, REFERRALS
from gatewayd.core.lane_terms import Admitted, GateMode, Indication, TurnedAway
from gatewayd.core.occupancy import Occupancy
from gatewayd.core.passes import Pass, badge_subject, write_pass
from gatewayd.core.policy import (
    Answer,
    AntiPassback,
    Capacity,
    Enforcement,
    Policy,
    RegionTest,
)
from gatewayd.core.reasons import Reason
from gatewayd.core.roster import RosterEntry
from gatewayd.core.rotating import write_text
from gatewayd.core.rule_sets import parse_rule_set
from gatewayd.core.signer_certificates import read_certificate
from gatewayd.core.status import RuleSet
from gatewayd.core.totp import OtpKey, code_of, step_at, write_key
from gatewayd.core.trust import IssuerKey, Purpose, collect
from gatewayd.core.words import ClockQuality, Direction, GrantId, HolderId, LaneId, Status
from gatewayd.runtime.asked import Admission, Decision, Place, Scan
from gatewayd.runtime.gate import REFERRALS_MAX, Gate
from tests.unit.doubles import (
    START,
    SimCache,
    SimChance,
    SimClock,
    SimJournal,
    holder,
    knowledge,
    roster,
)
from tests.unit.health_codes import (
    TESTED_ENTRY,
    claims,
    make_certificate,
    make_dcc,
    without_entries,
)

LANE, OTHER_LANE = LaneId("lane-1"), LaneId("lane-2")
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))  # A test key.
HARD = Policy(zone=UTC, versions=("site-3",), anti_passback=AntiPassback.HARD)


class Door:
    """A gate over doubles; `commit` is what the recorder does with a decision."""

    def __init__(
        self,
        policy: Policy = HARD,
        *,
        cache: SimCache | None = None,
        journal: SimJournal | None = None,
        seed: int = 1,
    ) -> None:
        self.clock = SimClock()
        self.cache = cache or SimCache()
        self.journal = journal or SimJournal()
        trusted = IssuerKey("dukcapil", KEY.public_key(), frozenset({Purpose.PASS}))
        known = replace(knowledge(policy), trust=collect([trusted]))
        self.gate = Gate(known, self.cache, self.clock, SimChance(seed))

    def scan(
        self,
        data: bytes | str | None,
        direction: Direction = Direction.ENTRY,
        *,
        lane: LaneId = LANE,
        mode: GateMode = GateMode.NORMAL,
    ) -> Decision:
        raw = data.encode() if isinstance(data, str) else data
        scan = Scan(raw, self.clock.monotonic() - 0.002)
        return self.gate.decide_scan(scan, Place(lane, direction, mode))

    def admit(self, referral: int | None = None, **changed: object) -> Decision:
        attested = Attested(
            officer="petugas", reason="lost card", category="visitor", healthy=True, protocol=True
        )
        admission = Admission(replace(attested, **changed), referral)
        return self.gate.decide_admission(admission, Place(LANE, Direction.ENTRY, GateMode.NORMAL))

    def commit(self, *facts: Fact) -> None:
        for fact in facts:
            draft = Draft(fact, self.clock.utc())
            self.gate.committed(self.journal.commit([(draft, self.clock.monotonic())]))

    def end(self, decision: Decision, outcome: PassageOutcome) -> None:
        """Commit the end of a grant as its lane would."""
        fact = decision.fact
        self.commit(
            Passage(
                outcome=outcome,
                lane=fact.lane,
                direction=fact.direction,
                grant=fact.grant,
                holder=fact.holder,
                category=fact.category,
            )
        )

    def let_through(self, person: str, direction: Direction = Direction.ENTRY) -> None:
        decision = self.scan(person, direction)
        assert isinstance(decision.outcome, Admitted)
        self.commit(decision.fact)
        self.end(decision, PassageOutcome.COMPLETED)


# --- a verdict as a fact ---


def test_a_good_scan_is_admitted_with_a_grant_of_its_own():
    door = Door()
    decision = door.scan("V-1")
    assert decision.outcome == Admitted(decision.fact.grant)
    assert decision.fact == Access(
        outcome=AccessOutcome.ADMITTED,
        lane=LANE,
        direction=Direction.ENTRY,
        reason="ok",
        source="gateway",
        kind="roster",
        holder=holder("V-1"),
        category="visitor",
        grant=decision.fact.grant,
        policy=("site-3",),
        latency_us=2000,
    )
    assert len(bytes.fromhex(str(decision.fact.grant))) == 16
    assert door.scan("V-2").fact.grant != decision.fact.grant


def test_a_refused_scan_makes_no_grant():
    door = Door()
    decision = door.scan("B-1")
    assert decision.outcome == TurnedAway(Indication.REFUSED)
    assert (decision.fact.reason, decision.fact.grant) == ("blocked", None)
    assert len(door.gate.grants) == 0


@pytest.mark.parametrize(
    ("data", "reason", "kind"),
    [
        (None, "too_large", "unreadable"),
        (b"", "empty", "unreadable"),
        (b"\x00\xff", "unreadable_binary", "unreadable"),
        (b"OG1:NOT BASE45 AT ALL", "base45", "unreadable"),
        (b"Z-99", "unknown_holder", "plain_id"),
    ],
)
def test_every_scan_has_a_verdict_whatever_it_holds(data, reason, kind):
    fact = Door().scan(data).fact
    assert (fact.outcome, fact.reason, fact.kind) == (AccessOutcome.REFUSED, reason, kind)


@pytest.mark.parametrize("data", [None, b"", b"\x00\xff", b"Z-99", b"B-1", b"V-1"])
@pytest.mark.parametrize("mode", list(GateMode))
def test_every_scan_at_an_exit_is_admitted_with_a_grant(data, mode):
    closed = Policy(zone=UTC, capacity=Capacity(total=0), unknown_holder=Answer.REFUSE)
    decision = Door(closed).scan(data, Direction.EXIT, mode=mode)
    assert isinstance(decision.outcome, Admitted)
    assert decision.fact.reason == "exit"


def test_no_fact_holds_what_was_scanned():
    for data in (b"V-1", b"Z-99", b"OG1:SECRET"):
        assert data.decode() not in repr(Door().scan(data).fact)


def test_a_holder_whom_the_tables_know_is_told_as_cached():
    door = Door()
    assert not door.scan("V-1").fact.cached
    door.let_through("V-2")
    assert door.scan("V-2").fact.cached


def test_observing_makes_a_grant_for_whoever_comes():
    decision = Door(replace(HARD, mode=Enforcement.OBSERVE)).scan(b"\x00")
    assert isinstance(decision.outcome, Admitted)
    assert decision.fact.findings == ("would_refuse:unreadable_binary",)
    assert decision.fact.category == "unknown"


# --- presence ---


def test_who_is_inside_cannot_come_in_again_until_they_left():
    door = Door()
    door.let_through("V-1")
    assert door.scan("V-1").fact.reason == "already_inside"
    door.let_through("V-1", Direction.EXIT)
    assert door.scan("V-1").fact.reason == "ok"


def test_granted_is_not_inside_and_holds_the_holder_at_every_lane():
    door = Door()
    first = door.scan("V-1")
    assert door.scan("V-1", lane=OTHER_LANE).fact.reason == "already_granted"
    door.commit(first.fact)
    assert door.scan("V-1", lane=OTHER_LANE).fact.reason == "already_granted"
    door.end(first, PassageOutcome.EXPIRED)
    assert door.scan("V-1", lane=OTHER_LANE).fact.reason == "ok"


def test_a_pass_and_a_roster_id_of_one_person_are_the_same_holder():
    door = Door()
    door.let_through("V-1")
    assert door.scan(signed("V-1")).fact.reason == "already_inside"


# --- places ---


def test_two_lanes_cannot_both_give_the_last_place_away():
    door = Door(replace(HARD, capacity=Capacity(total=1)))
    verdicts = [door.scan(f"V-{number}", lane=LaneId(f"lane-{number}")) for number in range(1, 4)]
    assert [decision.fact.reason for decision in verdicts] == [
        "ok",
        "capacity_full",
        "capacity_full",
    ]


def test_the_staffs_reserve_is_not_given_to_visitors_on_their_way():
    door = Door(replace(HARD, capacity=Capacity(total=3, staff_reserve=1)))
    reasons = [door.scan(person).fact.reason for person in ("V-1", "V-2", "V-3", "S-1", "V-4")]
    assert reasons == ["ok", "ok", "capacity_full", "ok", "capacity_full"]


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [(PassageOutcome.EXPIRED, "ok"), (PassageOutcome.COMPLETED, "capacity_full")],
)
def test_the_place_of_a_grant_is_free_again_unless_they_went_in(outcome, reason):
    door = Door(replace(HARD, capacity=Capacity(total=1)))
    first = door.scan("V-1")
    door.commit(first.fact)
    door.end(first, outcome)
    assert door.scan("V-2").fact.reason == reason


def test_the_occupancy_is_the_count_and_those_on_their_way_in():
    door = Door()
    door.let_through("V-1")
    door.scan("S-1")
    door.scan("V-2", Direction.EXIT)
    door.commit(Passage(outcome=PassageOutcome.BREACHED, lane=LANE, direction=Direction.ENTRY))
    assert door.gate.occupancy() == Occupancy({"visitor": 1, "unknown": 1}, {"staff": 1}, 1)


def test_after_a_restart_grants_without_an_end_still_hold_their_place():
    policy = replace(HARD, capacity=Capacity(total=1))
    door = Door(policy)
    door.commit(door.scan("V-1").fact)
    after = Door(policy, cache=door.cache, journal=door.journal, seed=2)
    assert after.gate.occupancy() == Occupancy({}, {"visitor": 1})
    assert after.scan("V-2").fact.reason == "capacity_full"
    assert after.scan("V-1").fact.reason == "already_granted"


# --- as what they are counted ---


def test_who_leaves_unknown_counts_as_the_policy_says():
    door = Door(replace(HARD, anonymous_exit_category="patient"))
    assert door.scan(b"\x00", Direction.EXIT).fact.category == "patient"
    assert door.scan("Z-99", Direction.EXIT).fact.category == "patient"


def test_who_leaves_on_another_credential_counts_as_what_they_came_in():
    door = Door(replace(HARD, unknown_holder=Answer.ADMIT))
    door.let_through("Z-99")
    assert door.gate.occupancy().by_category == {"unknown": 1}
    assert door.scan("Z-99", Direction.EXIT).fact.category == "unknown"


# --- status ---

RULES = replace(HARD, statuses={Status.RED: Answer.REFUSE, Status.UNKNOWN: Answer.REFER})


def signed(subject: str, status: Status | None = None, until: datetime | None = None) -> str:
    content = Pass(
        issuer="dukcapil",
        subject=subject,
        category="visitor",
        issued_at=START,
        not_before=START,
        not_after=START + timedelta(days=9),
        pass_id=b"12345678",
        status=status,
        status_until=until,
    )
    return write_pass(content, KEY)


def test_the_status_on_a_pass_holds_until_its_end():
    door = Door(RULES)
    until = START + timedelta(hours=1)
    for passed_s, reason, told in ((0, "status_red", until), (3599, "status_red", until)):
        door.clock.passed_s = passed_s
        fact = door.scan(signed("V-1", Status.RED, until)).fact
        assert (fact.reason, fact.status, fact.status_until) == (reason, Status.RED, told)
    door.clock.passed_s = 3600
    fact = door.scan(signed("V-1", Status.RED, until)).fact
    assert (fact.reason, fact.status, fact.status_until) == ("status_unknown", None, None)


def test_a_status_that_is_known_from_before_holds_for_the_same_person():
    door = Door(RULES)
    until = START + timedelta(hours=1)
    door.commit(door.scan(signed("V-1", Status.RED, until)).fact)
    fact = door.scan("V-1").fact
    assert (fact.reason, fact.status, fact.status_until) == ("status_red", Status.RED, until)
    assert fact.cached
    door.clock.passed_s = 3600
    assert door.scan("V-1").fact.reason == "status_unknown"


SWITCH = START + timedelta(hours=1)


def house_rules(version: str, status: str, **validity: datetime) -> RuleSet:
    rule_set, mistakes = parse_rule_set(
        {
            "id": "house",
            "version": version,
            "source": "nobody",
            "rules": [{"name": "all", "when": True, "status": status}],
            **validity,
        },
        UTC,
    )
    assert mistakes == ()
    return rule_set


def vaccinated() -> str:
    return make_dcc(claims(_4=int((START + timedelta(days=9)).timestamp())))


def screened(*, policy: Policy = RULES) -> Door:
    rules = (
        house_rules("1", "green", valid_until=SWITCH),
        house_rules("2", "red", valid_from=SWITCH),
    )
    door = Door(replace(policy, rule_sets=rules))
    signer = read_certificate(make_certificate())
    assert isinstance(signer, IssuerKey)
    door.gate.knowledge = replace(door.gate.knowledge, trust=collect([signer]))
    return door


def test_a_certificate_is_judged_by_the_rules_of_the_second():
    door = screened()
    door.clock.passed_s = 3599
    fact = door.scan(vaccinated()).fact
    assert (fact.reason, fact.status, fact.status_until) == ("ok", Status.GREEN, SWITCH)
    assert fact.policy == ("site-3", "house/1")
    door.commit(fact)
    door.clock.passed_s = 3600
    fact = door.scan(vaccinated()).fact
    assert (fact.reason, fact.status) == ("status_red", Status.RED)
    assert fact.policy == ("site-3", "house/2")


def test_the_policy_changes_at_the_second_of_its_date():
    everyday = replace(HARD, versions=("site-4",))
    door = screened(policy=replace(RULES, changes=((SWITCH, everyday),)))
    door.clock.passed_s = 3600
    fact = door.scan(vaccinated()).fact
    assert (fact.reason, fact.status, fact.policy) == ("ok", None, ("site-4",))
    assert door.gate.policy.versions == ("site-4",)


# --- passes for a number of entries, and those taken back ---


def invitation(entries: int) -> str:
    content = Pass(
        issuer="dukcapil",
        subject="INV-1",
        category="visitor",
        issued_at=START,
        not_before=START,
        not_after=START + timedelta(days=9),
        pass_id=b"invited!",
        entries=entries,
    )
    return write_pass(content, KEY)


def test_an_invitation_is_good_for_as_many_entries_as_it_says():
    door = Door(replace(HARD, anti_passback=AntiPassback.OFF))
    for _ in range(2):
        door.let_through(invitation(2))
        door.let_through(invitation(2), Direction.EXIT)
    assert door.scan(invitation(2)).fact.reason == "entries_used"


def test_an_invitation_for_one_opens_one_lane_only():
    door = Door(replace(HARD, anti_passback=AntiPassback.OFF))
    granted = door.scan(invitation(1))
    assert door.scan(invitation(1), lane=OTHER_LANE).fact.reason == "entries_used"
    door.commit(granted.fact)
    door.end(granted, PassageOutcome.EXPIRED)
    assert door.scan(invitation(1), lane=OTHER_LANE).fact.reason == "ok"


def test_only_a_pass_with_a_limit_is_named_in_the_event():
    door = Door()
    assert door.scan(invitation(1)).fact.pass_id == b"invited!".hex()
    assert door.scan(signed("V-1")).fact.pass_id is None


def test_a_pass_that_was_taken_back_is_refused():
    door = Door()
    keys = [key for found in door.gate.knowledge.trust.keys.values() for key in found]
    trust = collect(keys, (), [("dukcapil", b"invited!")])
    door.gate.knowledge = replace(door.gate.knowledge, trust=trust)
    assert door.scan(invitation(1)).fact.reason == "revoked"


# --- badges ---


def badge(number: int) -> str:
    content = Pass(
        issuer="dukcapil",
        subject=badge_subject(number),
        category="visitor",
        issued_at=START,
        not_before=START,
        not_after=START + timedelta(days=9),
        pass_id=b"badge-17",
        entries=0,
    )
    return write_pass(content, KEY)


def test_a_guest_leaves_with_the_badge_that_the_officer_named():
    door = Door()
    assert door.scan(badge(17)).fact.reason == "entries_used"
    place = Place(LANE, Direction.ENTRY, GateMode.NORMAL)
    attested = Attested(
        officer="petugas", reason="guest", category="visitor", healthy=True, protocol=True
    )
    admitted = door.gate.decide_admission(Admission(attested, badge=17), place)
    assert admitted.fact.reason == "attested"
    door.commit(admitted.fact)
    door.end(admitted, PassageOutcome.COMPLETED)
    again = door.gate.decide_admission(Admission(attested, badge=17), place)
    assert again.fact.reason == "already_inside"
    left = door.scan(badge(17), Direction.EXIT)
    assert (left.fact.reason, left.fact.findings, left.fact.category) == ("exit", (), "visitor")
    assert left.fact.holder == admitted.fact.holder


# --- two certificates of one person ---


def swabbed(**person: object) -> str:
    entry = {**TESTED_ENTRY, "sc": (START - timedelta(hours=5)).isoformat()}
    certificate = {**without_entries(), **person, "t": [entry]}
    return make_dcc(claims(certificate, _4=int((START + timedelta(days=9)).timestamp())))


def asking_for_two() -> Door:
    """A gate that lets in who has two doses and, because of where they come from, a test."""
    region = RegionTest(regions=("mojokerto",), methods={Method.MOLECULAR: 72})
    door = screened(policy=replace(RULES, region_test=region))
    doses, mistakes = parse_rule_set(
        {
            "id": "doses",
            "version": "1",
            "source": "nobody",
            "rules": [
                {"name": "two", "when": {">=": [{"var": "doses.count"}, 2]}, "status": "green"},
                {"name": "none", "when": True, "status": "red"},
            ],
        },
        UTC,
    )
    assert mistakes == ()
    policy = replace(door.gate.knowledge.policy, rule_sets=(doses,))
    door.gate.knowledge = replace(door.gate.knowledge, policy=policy)
    return door


@pytest.mark.parametrize(
    ("codes", "first_reason"),
    [((vaccinated, swabbed), "origin_unknown"), ((swabbed, vaccinated), "status_red")],
)
def test_two_certificates_of_one_person_count_together_in_any_order(codes, first_reason):
    door = asking_for_two()
    first = door.scan(codes[0]()).fact
    assert (first.reason, first.findings) == (first_reason, ("another_certificate_helps",))
    assert door.gate.awaits_another(LANE)
    assert not door.gate.awaits_another(OTHER_LANE)
    door.clock.passed_s = 59.9
    second = door.scan(codes[1]()).fact
    assert (second.reason, second.findings) == ("ok", ())
    assert not door.gate.awaits_another(LANE)


def referrals(door: Door) -> list[str]:
    return [number for number, _ in door.cache.items(REFERRALS)]


def test_a_second_certificate_that_lets_somebody_in_settles_the_referral_of_the_first():
    door = asking_for_two()
    door.commit(door.scan(vaccinated()).fact)
    assert referrals(door) == ["1"]
    second = door.scan(swabbed()).fact
    assert (second.outcome, second.referral) == (AccessOutcome.ADMITTED, 1)
    door.commit(second)
    assert referrals(door) == []


def test_who_is_referred_with_both_certificates_keeps_the_number():
    door = asking_for_two()
    door.commit(door.scan(vaccinated()).fact)
    again = door.scan(vaccinated()).fact
    assert (again.outcome, again.referral) == (AccessOutcome.REFERRED, 1)
    door.commit(again)
    door.commit(door.scan(swabbed()).fact)
    assert referrals(door) == []


def test_a_referral_that_the_officer_settled_is_not_settled_again():
    door = asking_for_two()
    door.commit(door.scan(vaccinated()).fact)
    door.commit(door.admit(1, category="visitor", purpose="paspor", origin="mojokerto").fact)
    assert referrals(door) == []
    assert door.scan(swabbed()).fact.referral is None


def test_somebody_elses_certificate_settles_no_referral():
    door = asking_for_two()
    door.commit(door.scan(vaccinated()).fact)
    other = door.scan(swabbed(dob="1991-01-01")).fact
    door.commit(other)
    assert "1" in referrals(door)


def test_the_officers_word_comes_too_late_for_a_referral_that_is_settled():
    door = asking_for_two()
    door.commit(door.scan(vaccinated()).fact)
    door.commit(door.scan(swabbed()).fact)
    late = door.admit(1, category="visitor").fact
    assert (late.outcome, late.reason) == (AccessOutcome.REFUSED, "already_granted")


def test_the_second_certificate_comes_in_time_at_the_same_lane_and_the_same_way():
    late, elsewhere, out = asking_for_two(), asking_for_two(), asking_for_two()
    for door in (late, elsewhere, out):
        door.scan(vaccinated())
    late.clock.passed_s = 60.1
    assert not late.gate.awaits_another(LANE)
    assert late.scan(swabbed()).fact.reason == "status_red"
    assert elsewhere.scan(swabbed(), lane=OTHER_LANE).fact.reason == "status_red"
    assert out.scan(swabbed(), Direction.EXIT).fact.reason == "exit"
    assert out.gate.awaits_another(LANE)


def test_somebody_elses_certificate_is_not_joined_and_the_first_is_still_waited_for():
    door = asking_for_two()
    door.scan(vaccinated())
    door.scan("V-1")
    assert door.gate.awaits_another(LANE)
    assert door.scan(swabbed(dob="1991-01-01")).fact.reason == "status_red"
    assert door.scan(vaccinated()).fact.reason == "origin_unknown"


def test_what_is_waited_for_is_forgotten_in_time():
    door = asking_for_two()
    door.scan(vaccinated())
    door.clock.passed_s = 60.1
    door.gate.forget_shown()
    assert door.gate._shown == {}


def test_an_officer_can_tell_purpose_and_origin_and_the_paper_that_was_seen():
    told = Door().admit(purpose="paspor", origin="kaltim", certificate=True).fact.attestation
    assert told is not None
    assert (told["purpose"], told["origin"], told["certificate"]) == ("paspor", "kaltim", True)
    plain = Door().admit().fact.attestation
    assert plain is not None
    assert set(plain) == {"officer", "reason", "healthy", "protocol"}


def test_a_newer_pass_says_the_status_before_the_cache_does():
    door = Door(RULES)
    until = START + timedelta(hours=1)
    door.commit(door.scan(signed("V-1", Status.RED, until)).fact)
    fact = door.scan(signed("V-1", Status.GREEN, until)).fact
    assert (fact.reason, fact.status) == ("ok", Status.GREEN)


def test_a_status_without_an_end_in_the_cache_is_not_believed():
    door = Door(RULES)
    door.commit(replace(door.scan("V-1").fact, status=Status.GREEN, status_until=None))
    assert door.cache.get(HOLDERS, holder("V-1"))["status"] == "green"
    assert door.scan("V-1").fact.status is None


# --- referrals and admissions ---

REFERRING = replace(HARD, unknown_holder=Answer.REFER)


def test_a_referred_person_has_a_number_and_no_grant():
    door = Door(REFERRING)
    decision = door.scan("Z-99")
    assert decision.outcome == TurnedAway(Indication.ASK_OFFICER)
    assert decision.fact.outcome is AccessOutcome.REFERRED
    assert (decision.fact.referral, decision.fact.grant) == (1, None)
    assert door.scan("Z-98").fact.referral == 2
    assert len(door.gate.grants) == 0


def test_numbers_start_again_and_go_on_after_a_restart():
    door = Door(REFERRING)
    door.commit(replace(door.scan("Z-99").fact, referral=REFERRALS_MAX - 1))
    after = Door(REFERRING, cache=door.cache, journal=door.journal)
    assert [after.scan("Z-98").fact.referral for _ in range(3)] == [REFERRALS_MAX, 1, 2]


def test_an_officer_admits_a_guest_with_a_declaration():
    door = Door()
    decision = door.admit()
    assert isinstance(decision.outcome, Admitted)
    fact = decision.fact
    assert (fact.reason, fact.source, fact.kind) == ("attested", "officer", "attestation")
    assert (fact.holder, fact.category, fact.referral) == (None, "visitor", None)
    assert fact.attestation == {
        "officer": "petugas",
        "reason": "lost card",
        "healthy": True,
        "protocol": True,
    }
    assert fact.latency_us is None


def test_an_admission_goes_through_the_same_checks():
    door = Door(replace(HARD, capacity=Capacity(total=0)))
    decision = door.admit()
    assert decision.outcome == TurnedAway(Indication.REFUSED)
    assert decision.fact.reason == "capacity_full"
    assert Door().admit(healthy=False).fact.reason == "attestation_incomplete"


def test_a_settled_referral_admits_its_holder_and_is_closed():
    door = Door(REFERRING)
    door.commit(door.scan("Z-99").fact)
    decision = door.admit(referral=1)
    fact = decision.fact
    assert (fact.reason, fact.referral) == ("referral_admitted", 1)
    assert fact.holder == holder("Z-99")
    door.commit(fact)
    assert door.cache.get(REFERRALS, "1") is None
    door.end(decision, PassageOutcome.COMPLETED)
    inside = door.cache.get(HOLDERS, holder("Z-99"))
    assert inside is not None
    assert inside["inside_since"] is not None


def test_a_referral_that_is_not_admitted_stays_open():
    door = Door(replace(REFERRING, capacity=Capacity(total=0)))
    door.commit(door.scan("Z-99").fact)
    fact = door.admit(referral=1).fact
    assert (fact.outcome, fact.reason, fact.referral) == (
        AccessOutcome.REFUSED,
        "capacity_full",
        None,
    )
    door.commit(fact)
    assert door.cache.get(REFERRALS, "1") is not None


def test_somebody_inside_is_not_admitted_a_second_time_by_a_referral():
    door = Door(REFERRING)
    door.commit(door.scan("Z-99").fact)
    first = door.admit(referral=1)
    door.commit(door.scan("Z-99").fact)
    assert door.admit(referral=2).fact.reason == "already_granted"
    door.commit(first.fact)
    door.end(first, PassageOutcome.COMPLETED)
    assert door.admit(referral=2).fact.reason == "already_inside"


# --- turned away ---


def test_who_finds_no_time_is_refused_at_the_entry_and_admitted_at_the_exit():
    door = Door()
    scan = Scan(b"V-1", 0.0)
    entry = door.gate.turn_away(scan, Place(LANE, Direction.ENTRY, GateMode.NORMAL))
    assert (entry.outcome, entry.reason) == (AccessOutcome.REFUSED, Reason.LANE_BUSY)
    assert (entry.source, entry.kind, entry.grant) == ("gateway", "unread", None)
    leaving = door.gate.turn_away(scan, Place(LANE, Direction.EXIT, GateMode.NORMAL))
    assert (leaving.outcome, leaving.reason) == (AccessOutcome.ADMITTED, Reason.EXIT)
    assert leaving.findings == ("lane_busy",)


def test_an_admission_that_finds_no_time_is_the_officers():
    door = Door()
    attested = Attested(
        officer="petugas", reason="lost card", category="visitor", healthy=True, protocol=True
    )
    place = Place(LANE, Direction.ENTRY, GateMode.NORMAL)
    fact = door.gate.turn_away(Admission(attested, 7), place)
    assert (fact.source, fact.kind, fact.referral) == ("officer", "attestation", None)


# --- commits ---


def test_a_grant_ends_with_the_commit_of_its_passage_and_not_before():
    door = Door()
    decision = door.scan("V-1")
    door.commit(decision.fact)
    grant = decision.fact.grant
    assert grant is not None
    assert door.gate.grants.end(grant) is not None
    assert door.gate.occupancy() == Occupancy({}, {"visitor": 1})
    door.end(decision, PassageOutcome.COMPLETED)
    assert door.gate.occupancy() == Occupancy({"visitor": 1}, {})


def test_a_passage_without_a_grant_ends_none():
    door = Door()
    door.scan("V-1")
    door.commit(Passage(outcome=PassageOutcome.BREACHED, lane=LANE, direction=Direction.ENTRY))
    assert len(door.gate.grants) == 1


def test_the_watermark_of_the_tables_follows_the_journal():
    door = Door()
    door.let_through("V-1")
    assert door.cache.folded() == (door.journal.epoch, door.journal.head())


def test_an_event_of_a_grant_of_before_is_folded_too():
    door = Door()
    fact = Passage(
        outcome=PassageOutcome.EXPIRED,
        lane=LANE,
        direction=Direction.ENTRY,
        grant=GrantId("0f" * 16),
        holder=HolderId("x"),
    )
    door.gate.committed([Event(door.journal.epoch, 1, Draft(fact, START), "before", 0.0)])
    assert door.cache.folded() == (door.journal.epoch, 1)


# --- rotating codes ---

OTP_KEY = OtpKey(bytes(range(20)))
CODES_PEOPLE = roster({"C-1": RosterEntry("staff", otp_key=OTP_KEY), "V-1": RosterEntry("visitor")})


def with_codes(**kept: object) -> Door:
    """A gate where C-1 enters with codes; the clock stands at the begin of a step."""
    door = Door(replace(HARD, anti_passback=AntiPassback.OFF), **kept)
    door.gate.knowledge = replace(door.gate.knowledge, rosters=(CODES_PEOPLE,))
    return door


def code_now(door: Door, *, late_steps: int = 0, shown: str = "C-1") -> str:
    return write_text(shown, code_of(OTP_KEY, step_at(door.clock.utc()) - late_steps))


def test_a_code_opens_once_and_its_step_is_in_the_record():
    door = with_codes()
    code = code_now(door)
    first = door.scan(code).fact
    assert (first.reason, first.kind, first.holder) == ("ok", "roster", holder("C-1"))
    assert first.code_step == step_at(START)
    assert door.scan(code).fact.reason == "replayed", "the record is not on disk yet"
    assert door.scan(code, lane=OTHER_LANE).fact.reason == "replayed"
    door.clock.passed_s = 30
    assert door.scan(code).fact.reason == "replayed"
    assert door.scan(code_now(door)).fact.reason == "ok"
    door.clock.passed_s = 90.1
    assert door.scan(code).fact.reason == "code_wrong"


def test_a_code_that_was_used_is_used_after_a_restart_too():
    before = with_codes()
    code = code_now(before)
    before.commit(before.scan(code).fact)
    after = with_codes(cache=before.cache, journal=before.journal, seed=2)
    again = after.scan(code).fact
    assert (again.reason, again.code_step) == ("replayed", None)
    after.commit(again)
    assert with_codes(cache=before.cache, seed=3).scan(code).fact.reason == "replayed"


def test_the_bare_id_of_somebody_with_a_secret_opens_nothing():
    fact = with_codes().scan("C-1").fact
    assert (fact.outcome, fact.reason) == (AccessOutcome.REFUSED, "code_missing")


def test_a_pass_of_somebody_with_a_secret_needs_the_code_too():
    door = with_codes()
    text = signed("C-1")
    assert door.scan(text).fact.reason == "code_missing"
    fact = door.scan(code_now(door, shown=text)).fact
    assert (fact.reason, fact.kind, fact.code_step) == ("ok", "pass", step_at(START))
    assert door.scan(code_now(door)).fact.reason == "replayed", "with the id it is the same code"


def test_a_code_that_was_shown_at_an_exit_opens_no_entry_afterwards():
    door = with_codes()
    code = code_now(door)
    out = door.scan(code, Direction.EXIT).fact
    assert (out.reason, out.code_step) == ("exit", step_at(START))
    assert door.scan(code).fact.reason == "replayed"
    door.commit(out)
    assert with_codes(cache=door.cache, seed=2).scan(code).fact.reason == "replayed"


def test_whoever_is_refused_for_another_reason_has_used_the_code_as_well():
    door = with_codes()
    code = code_now(door)
    fact = door.scan(code, mode=GateMode.EXIT_ONLY).fact
    assert (fact.reason, fact.code_step) == ("locked_down", step_at(START))
    assert door.scan(code).fact.reason == "replayed"


def test_who_tries_codes_is_not_listened_to_for_ten_minutes():
    door = with_codes()
    wrong = write_text("C-1", "000000")
    assert code_now(door) != wrong
    for _ in range(9):
        assert door.scan(wrong).fact.reason == "code_wrong"
    assert door.scan(code_now(door)).fact.reason == "code_wrong"
    door.clock.passed_s = 599.9
    assert door.scan(code_now(door)).fact.reason == "code_wrong"
    door.clock.passed_s = 600.1
    assert door.scan(code_now(door)).fact.reason == "ok"


def test_a_right_code_ends_the_count_of_wrong_ones():
    door = with_codes()
    wrong = write_text("C-1", "000000")
    for _ in range(4):
        door.scan(wrong)
    assert door.scan(code_now(door)).fact.reason == "ok"
    for _ in range(4):
        door.scan(wrong)
    door.clock.passed_s = 30
    code = code_now(door)
    assert door.scan(code).fact.reason == "ok"
    assert door.scan(wrong).fact.reason == "code_wrong"
    assert door.scan(code).fact.reason == "replayed", "a wrong one between does not free a step"


def test_while_nobody_knows_the_time_the_officer_decides_about_codes():
    door = with_codes()
    door.clock.told = ClockQuality.UNSYNCED
    fact = door.scan(code_now(door)).fact
    assert (fact.outcome, fact.reason) == (AccessOutcome.REFERRED, "clock_unsynced")
    assert door.scan("V-1").fact.reason == "ok"
    door.clock.told = ClockQuality.HOLDOVER
    assert door.scan(code_now(door)).fact.reason == "ok"


def test_a_code_with_an_id_that_has_no_secret_is_no_more_than_the_id():
    door = with_codes()
    assert door.scan(write_text("V-1", "000000")).fact.reason == "ok"
    assert door.scan(write_text("Z-9", "000000")).fact.reason == "unknown_holder"
    assert door.scan("OGT1:V-1").fact.reason == "schema"


def test_secrets_and_codes_are_in_no_fact_and_no_table():
    door = with_codes()
    code = code_now(door)
    fact = door.scan(code).fact
    door.commit(fact)
    told = repr((fact, list(door.cache.items(HOLDERS)), door.gate.knowledge))
    for secret in (code, code[-6:], write_key(OTP_KEY), repr(OTP_KEY.secret)):
        assert secret not in told
