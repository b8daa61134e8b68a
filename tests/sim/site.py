"""The site of one simulated run: its lanes, its rules, and the people who know it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatewayd.core.lane_terms import Indication
from gatewayd.core.passes import PASS_ID_SIZE, Pass, write_pass
from gatewayd.core.pseudonym import Namespace, Pseudonyms
from gatewayd.core.roster import RosterEntry
from gatewayd.core.rotating import write_text
from gatewayd.core.totp import SECRET_SIZE, OtpKey, code_of, step_at
from gatewayd.core.trust import IssuerKey, Purpose
from gatewayd.core.words import HolderId
from tests.sim.clock import true_time
from tests.sim.ear import HABITS, Habit

WIRED = 0.1  # So many sites have a lane on a wire: its heartbeats cost more than all the rest.
PRIVACY_KEY = bytes(32)
PSEUDONYMS = Pseudonyms(PRIVACY_KEY)
_HOUSE = Ed25519PrivateKey.from_private_bytes(bytes(32))
HOUSE_KEY = IssuerKey("house", _HOUSE.public_key(), frozenset({Purpose.PASS}))
WINDOW_S = (-120.0, 420.0)  # Of five minutes in which people come.
Window = tuple[datetime | None, datetime | None]
PERSON = "person-"  # With which all ids begin that people hold up, so that they are found anywhere.


def _people(kind: str, count: int) -> tuple[str, ...]:
    return tuple(f"{PERSON}{kind}-{number}" for number in range(1, count + 1))


GUESTS = _people("G", 4)  # Whom only the centre knows, by its roster.
UNLISTED = _people("X", 2)


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

    policy: the site's own `[policy]`. people: those of its own roster. passes: texts of those who
    have one. windows: when somebody may come, who may not always.
    """

    lanes: tuple[LaneSite, ...]
    policy: Mapping[str, object]
    people: Mapping[str, RosterEntry]
    on_record_failure: Indication
    ids: tuple[str, ...]
    gap_s: float
    passes: Mapping[str, str] = field(default_factory=dict)
    windows: Mapping[str, Window] = field(default_factory=dict)

    def held_up(self, one: str, now_s: float) -> bytes:
        """Return what somebody holds up then, whose phone has the right time."""
        entry = self.people.get(one)
        if entry is not None and entry.otp_key is not None:
            return write_text(one, code_of(entry.otp_key, step_at(true_time(now_s)))).encode()
        return self.passes.get(one, one).encode()


def holder_of(one: str) -> HolderId:
    return PSEUDONYMS.of(Namespace.PERSON, one)


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
        **{one: RosterEntry("staff") for one in _people("S", 5)},
        **{one: RosterEntry("visitor") for one in _people("V", 18)},
        **{one: RosterEntry("visitor", blocked=True) for one in _people("B", 1)},
        **{one: RosterEntry("cleaner") for one in _people("C", 1)},
        **{one: RosterEntry("visitor", *_draw_window(random)) for one in _people("T", 3)},
        **{one: RosterEntry("staff", otp_key=_draw_key(random)) for one in _people("R", 3)},
    }
    windows = {one: (entry.valid_from, entry.valid_until) for one, entry in people.items()}
    passes = {}
    for one in _people("P", 3):
        windows[one] = _draw_window(random)
        passes[one] = _issue(one, windows[one], random.randbytes(PASS_ID_SIZE))
    site = SimSite(
        lanes=lanes,
        policy=_draw_policy(random, has_exit_readers=has_exit_readers),
        people=people,
        on_record_failure=random.choice([Indication.REFUSED, Indication.ASK_OFFICER]),
        ids=(*people, *passes, *GUESTS, *UNLISTED),
        passes=passes,
        windows=windows,
        gap_s=random.choice([2.0, 4.0, 8.0, 16.0]),
    )
    return _wire(site) if random.random() < WIRED else site


def _draw_window(random: Random) -> Window:
    """Draw a time that begins or ends while the people come."""
    first_s, last_s = sorted(random.uniform(*WINDOW_S) for _ in range(2))
    return true_time(first_s).replace(microsecond=0), true_time(last_s).replace(microsecond=0)


def _draw_key(random: Random) -> OtpKey:
    return OtpKey(random.randbytes(SECRET_SIZE))


def _issue(one: str, window: Window, pass_id: bytes) -> str:
    begins, ends = window
    assert begins is not None
    assert ends is not None
    content = Pass(
        issuer=HOUSE_KEY.issuer,
        subject=one,
        category="visitor",
        issued_at=begins,
        not_before=begins,
        not_after=ends,
        pass_id=pass_id,
    )
    return write_pass(content, _HOUSE)


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
