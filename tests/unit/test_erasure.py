"""What is left of a person's records, and that the tables built from it are the same as before."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.centre_statuses import KEPT, CentreStatus
from gatewayd.core.erasure import forgotten, without_person
from gatewayd.core.events import (
    Access,
    AccessOutcome,
    Alarm,
    AlarmOutcome,
    Audit,
    AuditSubject,
    Draft,
    Passage,
    PassageOutcome,
    dump_draft,
)
from gatewayd.core.folded import GRANTS, HOLDERS, PASSES, REFERRALS, TABLES, Change
from gatewayd.core.projection import project
from gatewayd.core.pseudonym import Namespace
from gatewayd.core.words import Direction, GrantId, LaneId, Status
from tests.unit.doubles import PSEUDONYMS, START, SimCache, SimJournal

ANA = PSEUDONYMS.of(Namespace.PERSON, "ana")
BUDI = PSEUDONYMS.of(Namespace.PERSON, "budi")
GRANT = GrantId("01" * 16)
VERDICT = Access(
    outcome=AccessOutcome.ADMITTED,
    lane=LaneId("lane-1"),
    direction=Direction.ENTRY,
    reason="ok",
    source="gateway",
    kind="pass",
    holder=ANA,
    category="staff",
    status=Status.RED,
    status_until=START,
    grant=GRANT,
    policy=("site@1",),
    findings=("not_inside",),
    attestation={"officer": "uid:1", "healthy": True},
    pass_id="0a",
    pass_until=START + timedelta(days=9),
    cached=True,
    latency_us=7,
)


def left_of(fact):
    return without_person(Draft(fact, START)).fact


def test_of_a_verdict_stays_that_there_was_one_and_what_it_opened():
    assert left_of(VERDICT) == Access(
        outcome=AccessOutcome.ADMITTED,
        lane=LaneId("lane-1"),
        direction=Direction.ENTRY,
        reason="erased",
        source="gateway",
        kind="erased",
        category="staff",
        grant=GRANT,
    )


def test_of_a_passage_stays_all_but_whose_it_was():
    passage = Passage(
        outcome=PassageOutcome.COMPLETED,
        lane=LaneId("lane-1"),
        direction=Direction.EXIT,
        holder=ANA,
        category="staff",
        device="d",
        device_sequence=4,
    )
    assert left_of(passage) == replace(passage, holder=None)


def test_of_other_records_stays_what_names_nobody():
    detail = {"holder": ANA, "who": [{"of": ANA}], "officer": "uid:1", "count": 2}
    audit = Audit(subject=AuditSubject.OFFICER, action="forgiven", detail=detail)
    alarm = Alarm(outcome=AlarmOutcome.RAISED, alarm="a", subject="gateway", detail=detail)
    assert left_of(audit).detail == left_of(alarm).detail == {"officer": "uid:1", "count": 2}


holders = st.sampled_from([ANA, BUDI, None])
grants = st.sampled_from([GrantId(f"{number:032x}") for number in range(3)])
verdicts = st.builds(
    lambda **fields: replace(VERDICT, **fields),
    outcome=st.sampled_from(AccessOutcome),
    direction=st.sampled_from(Direction),
    holder=holders,
    category=st.sampled_from(["staff", "visitor", None]),
    grant=st.none() | grants,
    referral=st.sampled_from([None, None, 1, 2]),
    pass_id=st.none(),
)
passages = st.builds(
    Passage,
    outcome=st.sampled_from(PassageOutcome),
    lane=st.just(LaneId("lane-1")),
    direction=st.sampled_from(Direction),
    grant=st.none() | grants,
    holder=holders,
    category=st.sampled_from(["staff", "visitor", None]),
    uncertain=st.booleans(),
)
counts = st.builds(
    lambda to: Audit(
        subject=AuditSubject.OFFICER,
        action="count_set",
        detail={"category": "staff", "to": to},
    ),
    st.integers(0, 3),
)


def fold(facts, cache):
    journal = SimJournal()
    for number, fact in enumerate(facts):
        drafts = [(Draft(fact, START + timedelta(seconds=number)), 0.0)]
        for event in journal.commit(drafts):
            cache.apply(project(event, cache.get), event.epoch, event.seq)
    return cache


@settings(max_examples=150)
@given(st.lists(verdicts | passages | passages | counts, max_size=25))
def test_tables_built_from_what_is_left_are_the_tables_that_forgot(history):
    as_it_came = fold(history, SimCache())
    changes = forgotten(ANA, (), as_it_came.get, as_it_came.items)
    as_it_came.apply(changes, "", 0)
    built_again = fold(
        [left_of(fact) if getattr(fact, "holder", None) == ANA else fact for fact in history],
        SimCache(),
    )
    assert built_again.tables == as_it_came.tables
    assert ANA not in str(as_it_came.tables)


def test_all_tables_forget_a_holder_their_passes_grants_and_referrals():
    entered = Passage(
        outcome=PassageOutcome.COMPLETED,
        lane=LaneId("lane-1"),
        direction=Direction.ENTRY,
        grant=GRANT,
        holder=ANA,
        category="staff",
    )
    referred = replace(VERDICT, outcome=AccessOutcome.REFERRED, grant=None, referral=5)
    again = replace(VERDICT, grant=GrantId("02" * 16))
    cache = fold([VERDICT, entered, again, referred], SimCache())
    cache.keep([Change(KEPT, ANA, CentreStatus(Status.GREEN, START, START).row())])
    assert {HOLDERS, PASSES, GRANTS, REFERRALS, KEPT} <= set(cache.tables)
    cache.apply(forgotten(ANA, ["0a", "0b"], cache.get, cache.items), "", 0)
    assert cache.tables == {
        GRANTS: {
            "02" * 16: {
                "lane": "lane-1",
                "direction": "entry",
                "holder": None,
                "category": "staff",
                "pass": None,
                "pass_until": None,
                "at": "2021-11-29T01:00:02.000Z",
            }
        },
        REFERRALS: {
            "5": {
                "lane": "lane-1",
                "holder": None,
                "category": "staff",
                "kind": "erased",
                "reason": "erased",
                "at": "2021-11-29T01:00:03.000Z",
            }
        },
        "counts": {"occupancy": {"by_category": {"staff": 1}, "uncertain": 0}},
    }
    assert set(cache.tables) <= set(TABLES)


def test_whom_an_officer_took_for_outside_stays_an_uncertainty():
    detail = {"holder": ANA, "officer": "uid:1"}
    forgiven = Audit(subject=AuditSubject.OFFICER, action="forgiven", detail=detail)
    cache = fold([left_of(forgiven)], SimCache())
    assert cache.tables["counts"]["occupancy"]["uncertain"] == 1
    assert ANA.encode() not in dump_draft(without_person(Draft(forgiven, START)))
