"""The site of one simulated run: its lanes, its rules, and the people who know it."""

from dataclasses import dataclass, replace
from datetime import UTC
from random import Random

from gatewayd.core.lane_terms import Indication
from gatewayd.core.policy import Answer, AntiPassback, Capacity, Enforcement, Policy
from gatewayd.core.pseudonym import Namespace, Pseudonyms
from gatewayd.core.roster import Roster, RosterEntry
from gatewayd.core.trust import collect
from gatewayd.runtime.asked import Knowledge
from tests.sim.ear import HABITS, Habit

WIRED = 0.1  # So many sites have a lane on a wire: its heartbeats cost more than all the rest.
PSEUDONYMS = Pseudonyms(bytes(32))  # A test key.


@dataclass(frozen=True, slots=True)
class LaneSite:
    """keeps_log: its controller does; a plain relay board has none.

    is_wired: it speaks gatelink over a wire of bytes, with the real driver at the other end.
    habit: how its readers send codes.
    """

    id: str
    has_exit_reader: bool
    keeps_log: bool
    is_wired: bool = False
    habit: Habit = HABITS[0]


@dataclass(frozen=True, slots=True)
class SimSite:
    """gap_s: mean time between two people who come to the gate. ids: what they hold up."""

    lanes: tuple[LaneSite, ...]
    knowledge: Knowledge
    on_record_failure: Indication
    ids: tuple[str, ...]
    gap_s: float


def draw_site(random: Random) -> SimSite:
    has_exit_readers = random.random() < 0.8
    lanes = tuple(
        LaneSite(
            f"lane-{number}",
            has_exit_readers,
            keeps_log=random.random() < 0.85,
            habit=random.choice(HABITS),
        )
        for number in range(1, random.choice([1, 2, 2, 3]) + 1)
    )
    people = {
        **{f"S-{number}": RosterEntry("staff") for number in range(1, 6)},
        **{f"V-{number}": RosterEntry("visitor") for number in range(1, 19)},
        "B-1": RosterEntry("visitor", blocked=True),
        "C-1": RosterEntry("cleaner"),
    }
    roster = Roster(
        "people", {PSEUDONYMS.of(Namespace.PERSON, one): entry for one, entry in people.items()}
    )
    site = SimSite(
        lanes=lanes,
        knowledge=Knowledge(
            _draw_policy(random, has_exit_readers=has_exit_readers),
            collect(()),
            (roster,),
            PSEUDONYMS,
        ),
        on_record_failure=random.choice([Indication.REFUSED, Indication.ASK_OFFICER]),
        ids=(*people, "X-1", "X-2"),
        gap_s=random.choice([2.0, 4.0, 8.0, 16.0]),
    )
    return _wire(site) if random.random() < WIRED else site


def _wire(site: SimSite) -> SimSite:
    first, *others = site.lanes
    return replace(site, lanes=(replace(first, keeps_log=True, is_wired=True), *others))


def _draw_policy(random: Random, *, has_exit_readers: bool) -> Policy:
    total = random.choice([None, 3, 6, 12])
    return Policy(
        zone=UTC,
        versions=("site-1",),
        mode=random.choice([Enforcement.ENFORCE, Enforcement.ENFORCE, Enforcement.OBSERVE]),
        unknown_holder=random.choice([Answer.REFUSE, Answer.REFER]),
        anti_passback=AntiPassback.HARD
        if has_exit_readers and random.random() < 0.7
        else AntiPassback.OFF,
        capacity=Capacity(total=total, staff_reserve=0 if total is None else random.choice([0, 1])),
    )
