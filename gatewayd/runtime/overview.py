"""What the gateway says of itself when it is asked: the status, in full and as one line."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta

from gatewayd import __version__
from gatewayd.core import health_texts
from gatewayd.core.door import BROKEN
from gatewayd.core.duty import read_sessions, told
from gatewayd.core.events import format_time, parse_time
from gatewayd.core.folded import DOORS, HANDOVER, HOLDERS, LANES, NOTES, OFFICERS, REFERRALS
from gatewayd.core.health import Health, judge
from gatewayd.core.health_terms import LaneSeen, ListSeen, Observed, PolicySeen
from gatewayd.core.occupancy import limits, places_left
from gatewayd.core.policy import Enforcement
from gatewayd.core.sync_figures import SyncFigures
from gatewayd.core.words import DoorId, Json, LaneId
from gatewayd.ports import Journal
from gatewayd.runtime.doors import DoorShell
from gatewayd.runtime.lane import LaneShell, Shared
from gatewayd.runtime.upkeep import Room


@dataclass(frozen=True, slots=True)
class Overview:
    """sync: the figures of the link to the centre, None where the settings name none.

    room: what the disk has left. desk_readers, inputs: readers and contacts that are not of a lane
    or a door, as alarms call them.
    """

    site: str
    run: str
    started_s: float
    shared: Shared
    lanes: Mapping[LaneId, LaneShell]
    doors: Mapping[DoorId, DoorShell]
    journal: Journal
    sync: Callable[[], SyncFigures] | None
    assists: Callable[[], list[dict[str, Json]]]
    alarm_rows: Callable[[], list[Json]]
    room: Room = field(default_factory=Room)
    desk_readers: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()

    def status(self) -> dict[str, Json]:
        gate, recorder = self.shared.gate, self.shared.recorder
        policy = gate.policy
        return {
            "site": self.site,
            "version": __version__,
            "run": self.run,
            "uptime_s": round(self.shared.clock.monotonic() - self.started_s),
            "lanes": {
                lane: {**_lane(shell), **self._left_in(LANES, lane)}
                for lane, shell in self.lanes.items()
            },
            "doors": {
                door: {**_door(shell), **self._left_in(DOORS, door)}
                for door, shell in self.doors.items()
            },
            "open": policy.is_open(policy.opening_hours, self.shared.clock.utc()),
            "fire": list[Json](self.shared.fire.sources),
            "occupancy": self._occupancy(),
            "areas": {area: self._occupancy(area) for area in gate.area_names},
            "grants_in_force": len(gate.grants),
            "holders_known": gate.cache.size(HOLDERS),
            "referrals": gate.cache.size(REFERRALS),
            "referred": self._referred(policy.officer.referral_minutes),
            "handover": dict(gate.cache.get(NOTES, HANDOVER) or {}),
            "assists": list[Json](self.assists()),
            "officer_required": policy.officer.is_required,
            "on_duty": [told(one) for one in read_sessions(gate.cache.items(OFFICERS))],
            "alarms": list[Json](self.shared.alarms.active()),
            "alarm_rows": self.alarm_rows(),
            "journal": {
                "epoch": self.journal.epoch,
                "head": self.journal.head(),
                "refusal": recorder.refusal,
                "missed_verdicts": recorder.missed_verdicts,
            },
            "broker": None if self.sync is None else _link(self.sync()),
            "policy": list[Json](policy.versions),
            "mode": str(policy.mode_at(self.shared.clock.utc())),
            "clockquality": str(self.shared.clock.quality()),
            "health": health_texts.document(self.health()),
        }

    def health(self) -> Health:
        """Judge how well each part is, now."""
        return judge(self.observe())

    def observe(self) -> Observed:
        """Return all that the health is judged by."""
        shared = self.shared
        policy, alarms = shared.gate.policy, tuple(shared.alarms.active())
        lost = {subject for name, _, subject in map(_parts, alarms) if name == "link_lost"}
        readers = [one for shell in self.lanes.values() for one in shell.devices[1:]]
        age_hours_max = policy.roster_age_hours_max
        return Observed(
            lanes=tuple(_seen(shell) for shell in self.lanes.values()),
            policy=self._policy_seen(),
            clock=shared.clock.quality(),
            is_recording=shared.recorder.refusal is None,
            is_observing=policy.mode_at(shared.clock.utc()) is Enforcement.OBSERVE,
            fire=tuple(shared.fire.sources),
            alarms=alarms,
            readers={one: one not in lost for one in (*readers, *self.desk_readers)},
            contacts={one: one not in lost for one in (*self.doors, *self.inputs)},
            open_doors=tuple(
                door for door, shell in self.doors.items() if shell.state.state in BROKEN
            ),
            link=None if self.sync is None else self.sync(),
            lists=self._lists_seen(),
            list_age_max=None if age_hours_max is None else timedelta(hours=age_hours_max),
            disk=self.room.seen,
        )

    def _policy_seen(self) -> PolicySeen:
        policy, at = self.shared.gate.policy, self.shared.clock.utc()
        left = None if policy.valid_until is None else policy.valid_until - at
        answer = str(policy.when_expired)
        return PolicySeen(policy.versions, policy.is_in_force(at), left, answer)

    def _lists_seen(self) -> tuple[ListSeen, ...]:
        at = self.shared.clock.utc()
        return tuple(
            ListSeen(one.name, None if one.issued_at is None else at - one.issued_at)
            for one in self.shared.gate.knowledge.rosters
        )

    def _referred(self, minutes: int) -> list[Json]:
        """Return those who wait for the officer, the longest first; it names nobody."""
        rows = self.shared.gate.cache.items(REFERRALS)
        listed = sorted(rows, key=lambda one: str(one[1]["at"]))
        return [
            {
                "referral": int(number),
                **{name: row[name] for name in ("lane", "category", "kind", "reason", "at")},
                "until": format_time(parse_time(str(row["at"])) + timedelta(minutes=minutes)),
            }
            for number, row in listed
        ]

    def _left_in(self, table: str, key: str) -> dict[str, Json]:
        """Return since when, why and by whose word a lane or a door is as it is, where recorded."""
        row = self.shared.gate.cache.get(table, key) or {}
        return {name: row[name] for name in ("since", "officer", "reason") if name in row}

    def line(self) -> str:
        """Return the status in one line, for `systemctl status`."""
        inside = self.shared.gate.occupancy().total
        waiting = self.assists()
        faulted = [lane for lane, shell in self.lanes.items() if not shell.state.is_linked]
        parts = [f"{inside} inside", f"{len(self.lanes)} lanes"]
        if faulted:
            parts.append(f"no link: {', '.join(faulted)}")
        if waiting:
            parts.append(f"help: {', '.join(sorted({str(one['lane']) for one in waiting}))}")
        open_doors = [door for door, shell in self.doors.items() if shell.state.state in BROKEN]
        if open_doors:
            parts.append(f"open doors: {', '.join(open_doors)}")
        if self.shared.recorder.refusal is not None:
            parts.append("the disk refuses")
        return ", ".join(parts)

    def _occupancy(self, area: str | None = None) -> dict[str, Json]:
        gate = self.shared.gate
        occupancy, policy = gate.occupancy(area), gate.policy.of_area(area)
        return {
            "total": occupancy.total,
            "uncertain": occupancy.uncertain,
            "by_category": dict[str, Json](occupancy.by_category),
            "entering": dict[str, Json](occupancy.pending),
            "limit": limits(policy),
            "places_left": dict[str, Json](places_left(occupancy, policy)),
            "alarm_percents": list[Json](policy.capacity.alarm_percents),
        }


def _parts(alarm: str) -> tuple[str, str, str]:
    return alarm.partition("/")


def _seen(shell: LaneShell) -> LaneSeen:
    lane = shell.state
    return LaneSeen(shell.id, works=lane.is_linked and not lane.has_fault, order=str(lane.order))


def _link(figures: SyncFigures) -> dict[str, Json]:
    told: dict[str, Json] = asdict(figures)
    return {"connected": figures.connected_s is not None, **told}


def _door(shell: DoorShell) -> dict[str, Json]:
    door = shell.state
    return {
        "name": shell.name,
        "state": str(door.state),
        "seen": door.is_seen,
        "allowed": door.permission is not None,
    }


def _lane(shell: LaneShell) -> dict[str, Json]:
    lane = shell.state
    return {
        "state": type(lane.state).__name__.lower(),
        "order": str(lane.order),
        "fire": lane.in_fire,
        "linked": lane.is_linked,
        "fault": lane.has_fault,
        "waiting": len(lane.waiting),
        "prompt": shell.prompt,
        "missing_parts": shell.missing_parts,
        "device": shell.device,
        "noise": shell.noise_count,
        "line_noise": shell.line.noise_count,
        "line_forged": shell.line.forged_count,
    }
