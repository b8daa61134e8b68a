"""The grants whose end is not recorded: who holds a place, and which are settled later."""

import pytest

from gatewayd.core.events import Access, AccessOutcome
from gatewayd.core.words import Direction, GrantId, HolderId, LaneId
from gatewayd.runtime.grants import Grants, Pending

ENTRY, EXIT = Direction.ENTRY, Direction.EXIT
LANE, OTHER_LANE = LaneId("lane-1"), LaneId("lane-2")
G1, G2 = GrantId("01" * 16), GrantId("02" * 16)
HOLDER = HolderId("00000000.11111111111111111111111111111111")


def everywhere(_: LaneId) -> bool:
    return True


def pending(
    direction: Direction = ENTRY,
    *,
    lane: LaneId = LANE,
    holder: HolderId | None = HOLDER,
    category: str = "visitor",
) -> Pending:
    return Pending(lane, direction, holder, category, since_s=1.0)


def nothing() -> Grants:
    return Grants((), 0.0)


def row(**changed: object) -> dict[str, object]:
    fields = {
        "lane": "lane-1",
        "direction": "entry",
        "holder": HOLDER,
        "category": "visitor",
        "at": "2021-11-29T01:00:00.000Z",
    }
    return {**fields, **changed}


def test_a_grant_holds_a_place_from_its_decision_to_its_end_on_disk():
    grants = nothing()
    grants.reserve(G1, pending())
    grants.opened(G1, 2.0)
    assert grants.end(G1) is not None
    assert grants.entering(everywhere) == {"visitor": 1}  # Its end is not on disk yet.
    grants.ended(G1)
    assert grants.entering(everywhere) == {}
    assert len(grants) == 0


def test_only_entries_take_places_and_keep_their_holder():
    grants = nothing()
    grants.reserve(G1, pending(EXIT))
    assert grants.entering(everywhere) == {}
    assert not grants.has(HOLDER, everywhere)
    grants.reserve(G2, pending(ENTRY, category="staff"))
    assert grants.entering(everywhere) == {"staff": 1}
    assert grants.has(HOLDER, everywhere)
    assert not grants.has(HolderId("somebody else"), everywhere)


def test_the_end_of_a_grant_is_claimed_once():
    grants = nothing()
    grants.reserve(G1, pending())
    first = grants.end(G1)
    assert first == pending()
    assert grants.end(G1) is None
    grants.ended(G1)
    assert grants.end(G1) is None
    assert grants.end(G2) is None
    grants.ended(G2)  # Of no grant of ours: nothing happens.


def test_a_grant_is_made_once():
    grants = nothing()
    grants.reserve(G1, pending())
    with pytest.raises(AssertionError, match="made once"):
        grants.reserve(G1, pending())


def test_a_verdict_becomes_a_pending_grant():
    fact = Access(
        outcome=AccessOutcome.ADMITTED,
        lane=LANE,
        direction=ENTRY,
        reason="ok",
        source="gateway",
        kind="pass",
        holder=HOLDER,
        category="visitor",
    )
    assert Pending.of(fact, 1.0) == pending()


# --- what is left to settle ---


def unsettled(grants: Grants, watched: GrantId | None = None, before_s: float = 10.0):
    return grants.unsettled(LANE, watched, before_s)


def test_a_grant_that_was_opened_before_is_to_be_settled():
    grants = nothing()
    grants.reserve(G1, pending())
    assert unsettled(grants) == []  # No command left for it.
    grants.opened(G1, 9.0)
    assert unsettled(grants) == [G1]


@pytest.mark.parametrize(("opened_s", "expected"), [(9.999, [G1]), (10.0, []), (11.0, [])])
def test_the_time_of_a_grant_counts_from_its_opening(opened_s, expected):
    grants = nothing()
    grants.reserve(G1, pending())
    grants.opened(G1, opened_s)
    assert unsettled(grants) == expected


def test_grants_that_are_watched_ending_or_another_lanes_are_left_alone():
    grants = nothing()
    grants.reserve(G1, pending())
    grants.opened(G1, 2.0)
    assert unsettled(grants, watched=G1) == []
    assert unsettled(grants, watched=G2) == [G1]
    assert grants.unsettled(OTHER_LANE, None, 10.0) == []
    grants.end(G1)
    assert unsettled(grants) == []


def test_exits_are_settled_too():
    grants = nothing()
    grants.reserve(G1, pending(EXIT))
    grants.opened(G1, 2.0)
    assert unsettled(grants) == [G1]


# --- after a restart ---


def test_grants_of_lanes_that_are_no_more_are_told_apart():
    grants = Grants([(G1, row()), (G2, row(lane="lane-2", direction="exit"))], 5.0)
    assert grants.elsewhere({LANE}) == [G2]
    assert grants.elsewhere({LANE, OTHER_LANE}) == []


def test_grants_of_before_the_start_hold_their_place_and_may_have_opened():
    grants = Grants([(G1, row()), (G2, row(direction="exit", holder=None, category="staff"))], 5.0)
    assert grants.entering(everywhere) == {"visitor": 1}
    assert grants.has(HOLDER, everywhere)
    assert unsettled(grants, before_s=5.1) == [G1, G2]
    assert unsettled(grants, before_s=5.0) == []
    assert grants.end(G2) == Pending(LANE, EXIT, None, "staff", 5.0, was_opened=True)


def test_a_holder_who_is_forgotten_keeps_the_place_and_loses_the_name():
    grants = nothing()
    other = HolderId("00000000.22222222222222222222222222222222")
    grants.reserve(G1, pending())
    grants.reserve(G2, pending(holder=other))
    grants.forget(HOLDER)
    assert (grants.has(HOLDER, everywhere), grants.has(other, everywhere)) == (False, True)
    assert grants.entering(everywhere) == {"visitor": 2}
    ended = grants.end(G1)
    assert ended is not None
    assert ended.holder is None
