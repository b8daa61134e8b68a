"""The site of one simulated run: its lanes, its rules, and the people who know it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random

from gatewayd.core.lane_terms import Indication
from gatewayd.core.pseudonym import Pseudonyms
from gatewayd.core.roster import RosterEntry
from tests.sim.ear import HABITS, Habit

WIRED = 0.1  # So many sites have a lane on a wire: its heartbeats cost more than all the rest.
PRIVACY_KEY = bytes(32)
PSEUDONYMS = Pseudonyms(PRIVACY_KEY)
GUESTS = ("G-1", "G-2", "G-3", "G-4")  # Whom only the centre knows, by its roster.


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
    """gap_s: mean time between two people who come to the gate. ids: what they hold up.

    policy: the site's own `[policy]`. people: those of its own roster.
    """

    lanes: tuple[LaneSite, ...]
    policy: Mapping[str, object]
    people: Mapping[str, RosterEntry]
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
    site = SimSite(
        lanes=lanes,
        policy=_draw_policy(random, has_exit_readers=has_exit_readers),
        people=people,
        on_record_failure=random.choice([Indication.REFUSED, Indication.ASK_OFFICER]),
        ids=(*people, *GUESTS, "X-1", "X-2"),
        gap_s=random.choice([2.0, 4.0, 8.0, 16.0]),
    )
    return _wire(site) if random.random() < WIRED else site


def _wire(site: SimSite) -> SimSite:
    first, *others = site.lanes
    return replace(site, lanes=(replace(first, keeps_log=True, is_wired=True), *others))


def _draw_policy(random: Random, *, has_exit_readers: bool) -> dict[str, object]:
    total = random.choice([None, 3, 6, 12])
    is_hard = has_exit_readers and random.random() < 0.7
    policy: dict[str, object] = {
        "version": "site-1",
        "mode": random.choice(["enforce", "enforce", "observe"]),
        "unknown_holder": random.choice(["refuse", "refer", "ask"]),
        "anti_passback": "hard" if is_hard else "off",
    }
    if total is not None:
        policy["capacity"] = {"total": total, "staff_reserve": random.choice([0, 1])}
    return policy
