"""The shell of one lane: feeds its machine with what devices and officers do, and runs the effects.

It decides nothing: when the turnstile may open is `core.lane`, whether a person may pass is
`runtime.gate`, what a passage means is `runtime.reports`. One file, though it is long: all that can
happen to a lane arrives here, and the order between these things is the point of it.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Never

from drivers import base
from gatewayd.core.credential import CheckIn
from gatewayd.core.events import Access, Event
from gatewayd.core.lane import Windows, held_grant, rest_state, step
from gatewayd.core.lane_terms import (
    Admitted,
    ApplyOrder,
    CancelOpen,
    ChangeAlarm,
    Decide,
    Decided,
    Effect,
    Expire,
    FaultChanged,
    FireChanged,
    Free,
    GateMode,
    GrantEnded,
    Idle,
    Indication,
    Input,
    Lane,
    LinkChanged,
    NotOpened,
    OpenGate,
    Order,
    Ordered,
    PassageBegan,
    Presented,
    Recorded,
    RecordFailed,
    Show,
    SiteFireChanged,
    StartTimer,
    Ticket,
    TurnAway,
)
from gatewayd.core.prompts import Prompt
from gatewayd.core.words import Direction, GrantId, LaneId
from gatewayd.ports import Clock
from gatewayd.runtime.alarms import Alarms
from gatewayd.runtime.asked import Admission, Asked, Decision, Place, Scan
from gatewayd.runtime.fire import Fire
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.lamps import Lamps
from gatewayd.runtime.parts_reader import PartsReader
from gatewayd.runtime.questions import Questions
from gatewayd.runtime.recorder import Recorder
from gatewayd.runtime.reports import Reports
from gatewayd.runtime.timers import Timers

log = logging.getLogger(__name__)

SCAN_WAITS_MS = 5000  # Longer than one person takes; who waits longer starts to scan again.
UNANSWERED_MAX = 8  # Strangers at one lane; who comes then is decided without a question.
OFFICER_WAITS_MS = 30_000  # The officer sees the lane and has the next turn anyway.
UNKNOWN_AFTER_S = 600.0  # With the link up this long, the turnstile has nothing more to tell.
SWEEP_S = 10.0

Answered = Callable[[Access | None], None]
"""Told the verdict once it is on disk; None where the disk refused."""

InputWatcher = Callable[[base.InputsSeen | base.LinkLost], None]


@dataclass(frozen=True, slots=True)
class Shared:
    """What the lanes of a gate have in common.

    on_record_failure: what a lane shows at the entry when the disk refuses the verdict.
    changed: called when something that the centre sees of a lane may have changed.
    questions: to the centre, about strangers; None where it is never asked.
    """

    gate: Gate
    recorder: Recorder
    alarms: Alarms
    clock: Clock
    windows: Windows
    on_record_failure: Indication
    changed: Callable[[], None]
    fire: Fire = field(default_factory=Fire)
    questions: Questions | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    what: Asked
    answered: Answered | None = None


class LaneShell:
    """One lane: a turnstile and up to two readers."""

    def __init__(
        self,
        lane: LaneId,
        turnstile: base.Turnstile,
        readers: Mapping[Direction, base.Reader],
        shared: Shared,
        order: Order,
    ) -> None:
        """`order`: what the officer had ordered before the start."""
        self.id = lane
        self.state = Lane(order=order)
        self.noise_count = 0
        self.device = ""
        self.line = base.LineCounted(0, 0)
        self._turnstile = turnstile
        self._readers = {
            direction: PartsReader(reader, partial(self._show_wait, direction))
            for direction, reader in readers.items()
        }
        self._lamps = Lamps(turnstile, self._readers)
        self._shared = shared
        self._reports = Reports(lane, shared.gate, shared.recorder, turnstile.send)
        self._asked: dict[int, _Asked] = {}
        self._unanswered: dict[int, _Asked] = {}
        """Scans of strangers that wait beside the lane, for the centre's answer."""
        self._tickets = 0
        self._inputs: deque[Input] = deque()
        self._is_stepping = False
        self._timers = Timers()
        self._linked_s: float | None = None
        self._watchers: list[InputWatcher] = []
        self.stepped: Callable[[], None] = lambda: None
        """Called at each change of the state, for an interlock."""
        shared.fire.listen(lane, lambda is_on: self.put(SiteFireChanged(is_on)))

    @property
    def devices(self) -> list[str]:
        """What alarms call the turnstile and the readers."""
        return [self.id, *(_reader_subject(self.id, direction) for direction in self._readers)]

    @property
    def missing_parts(self) -> int:
        """How many parts of a code the lane still waits for."""
        return sum(reader.missing_count for reader in self._readers.values())

    @property
    def is_asking(self) -> bool:
        """Whether somebody waits beside the lane for the centre's word on them."""
        return bool(self._unanswered)

    @property
    def open_until_s(self) -> float:
        """When the turnstile stops waiting for the person of the grant in force; 0 without one."""
        grant = held_grant(self.state)
        opened_s = None if grant is None else self._shared.gate.grants.opened_s(grant)
        return 0.0 if opened_s is None else opened_s + self._shared.windows.unlock_ms / 1000

    def prompt_at(self, direction: Direction) -> Prompt | None:
        """Return what is asked of the person at the reader of one direction."""
        reader = self._readers.get(direction)
        if reader is not None and reader.missing_count:
            return Prompt.NEXT_PART
        is_entry = direction is Direction.ENTRY  # Nobody at an exit needs a certificate.
        awaits = is_entry and self._shared.gate.awaits_another(self.id)
        return Prompt.OTHER_CERTIFICATE if awaits else None

    @property
    def directions(self) -> tuple[Direction, ...]:
        """Where the lane has a reader."""
        return tuple(self._readers)

    @property
    def prompt(self) -> Prompt | None:
        """What the lane asks the person in front of it to do next."""
        if self.missing_parts:
            return Prompt.NEXT_PART
        return Prompt.OTHER_CERTIFICATE if self._shared.gate.awaits_another(self.id) else None

    async def run(self) -> Never:
        """Serve the lane until cancelled; run again after a driver failed, it goes on."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._turnstile.run(self._reported), name=f"{self.id} turnstile")
                for direction, reader in self._readers.items():
                    read = partial(self._read, direction)
                    tasks.create_task(reader.run(read), name=f"{self.id} {direction} reader")
                tasks.create_task(self._sweep(), name=f"{self.id} sweep")
        except asyncio.CancelledError:
            self._close()
            raise
        raise AssertionError("drivers run until they are cancelled")

    def scan(self, scan: Scan, direction: Direction, answered: Answered | None = None) -> None:
        """Decide about somebody who holds up a code, when it is their turn."""
        asked = _Asked(scan, answered)
        if direction is Direction.EXIT or not self._ask_centre(asked, scan):
            self._take_turn(asked, direction)

    def check_in(self, check_in: CheckIn, direction: Direction, answered: Answered) -> None:
        """Decide about somebody who scanned the lane's code, as about one who is scanned here."""
        self._take_turn(_Asked(check_in, answered), direction)

    def admit(
        self, admission: Admission, answered: Answered, wait_ms: int = OFFICER_WAITS_MS
    ) -> None:
        """Let one guest of the officer's in when the lane is next idle."""
        asked = _Asked(admission, answered)
        self._present(asked, Direction.ENTRY, wait_ms, goes_first=True)

    def order(self, order: Order) -> None:
        """Carry out what the officer ordered (and what is recorded)."""
        self.put(Ordered(order))

    def watch_inputs(self, watcher: InputWatcher) -> None:
        """Have the turnstile's inputs for contacts told from now on, and each loss of its link."""
        self._watchers.append(watcher)

    def put(self, what: Input) -> None:
        """Step the machine, and whatever its effects put back, in order."""
        self._inputs.append(what)
        if self._is_stepping:
            return
        self._is_stepping = True
        try:
            while self._inputs:
                before = self.state
                self.state, effects = step(before, self._inputs.popleft(), self._shared.windows)
                for effect in effects:
                    self._run(effect)
                if self.state != before:
                    self._shared.changed()
                    self.stepped()
        finally:
            self._is_stepping = False

    def _close(self) -> None:
        """End with a verdict for everybody who waits; nothing is due any more.

        The turnstile is gone with its driver: a record that comes now opens nothing.
        """
        self._timers.stop()
        self._lamps.close()
        waiting = self.state.waiting
        self.state = replace(self.state, waiting=(), is_linked=False)
        for ticket in waiting:
            self._turn_away(ticket)
        for asked in self._unanswered.values():
            self._tell_busy(asked, Direction.ENTRY)
        self._unanswered.clear()

    # --- readers ---

    def _read(self, direction: Direction, report: base.ReaderReport) -> None:
        subject = _reader_subject(self.id, direction)
        match report:
            case base.ScanRead(data, at_s):
                self.scan(Scan(data, at_s), direction)
            case base.ScanOverlong(_, at_s):
                self.scan(Scan(None, at_s), direction)
            case base.NoiseDropped(count):
                self.noise_count += count
            case base.LinkUp():
                self._shared.alarms.clear("link_lost", subject)
            case base.LinkLost(reason):
                self._shared.alarms.raise_("link_lost", subject, {"reason": reason})

    def _take_turn(self, asked: _Asked, direction: Direction) -> None:
        is_exit = direction is Direction.EXIT
        wait_ms = None if is_exit else SCAN_WAITS_MS
        self._present(asked, direction, wait_ms, goes_first=is_exit)

    def _ask_centre(self, asked: _Asked, scan: Scan) -> bool:
        """Let somebody wait beside the lane while the centre is asked; False where it is not.

        The lane serves others meanwhile; whatever the centre says by then, they take their turn.
        """
        questions = self._shared.questions
        is_open = isinstance(rest_state(self.state), Idle)  # Else nobody comes in anyway.
        if questions is None or not is_open or len(self._unanswered) >= UNANSWERED_MAX:
            return False
        stranger = self._shared.gate.stranger(scan)
        if stranger is None:
            return False
        self._tickets += 1
        number = self._tickets
        if not questions.ask(stranger, self.id, partial(self._answered, number)):
            return False
        self._unanswered[number] = asked
        self._show_wait(Direction.ENTRY)
        return True

    def _answered(self, number: int) -> None:
        asked = self._unanswered.pop(number, None)
        if asked is not None:  # Else the lane was closed meanwhile.
            self._take_turn(asked, Direction.ENTRY)

    def _present(
        self, asked: _Asked, direction: Direction, wait_ms: int | None, *, goes_first: bool
    ) -> None:
        self._tickets += 1
        self._asked[self._tickets] = asked
        self.put(Presented(Ticket(self._tickets, direction, wait_ms, goes_first)))

    def _show_wait(self, direction: Direction) -> None:
        if isinstance(self.state.state, Idle):
            self._lamps.show(Indication.WAIT, direction, None)

    # --- the turnstile ---

    def _reported(self, report: base.GateReport) -> None:
        match report:
            case base.LinkUp() | base.LinkLost() | base.LogRead() | base.LogLost():
                self._link_reported(report)
            case base.Opened() | base.NotOpened() | base.OpenUnknown() | base.PassageBegan():
                self._grant_reported(report)
            case base.Passed() | base.NotPassed() | base.Breached() | base.DeviceNoted():
                self._reports.record(report, is_free=isinstance(rest_state(self.state), Free))
                if isinstance(report, base.Passed | base.NotPassed) and report.grant is not None:
                    self.put(GrantEnded(GrantId(report.grant)))
            case base.FireChanged(is_on, base.LogPosition() as position, age_s):
                kind = "fire_on" if is_on else "fire_off"
                self._reports.record(base.DeviceNoted(kind, position, age_s), is_free=True)
            case base.FireChanged() | base.Fault() | base.FaultCleared():
                self._condition_reported(report)
            case base.InputsSeen():
                self._tell_inputs(report)
            case base.LineCounted():
                self.line = report

    def _condition_reported(
        self, report: base.FireChanged | base.Fault | base.FaultCleared
    ) -> None:
        match report:
            case base.FireChanged(is_on):
                self._set_alarm("fire", is_on=is_on)
                self.put(FireChanged(is_on))
                self._shared.fire.set(self.id, is_on=is_on)
            case base.Fault(reason):
                self._shared.alarms.raise_("turnstile_fault", self.id, {"reason": reason})
                self.put(FaultChanged(is_on=True))
            case base.FaultCleared():
                self._shared.alarms.clear("turnstile_fault", self.id)
                self.put(FaultChanged(is_on=False))

    def _tell_inputs(self, report: base.InputsSeen | base.LinkLost) -> None:
        for watcher in self._watchers:
            watcher(report)

    def _link_reported(
        self, report: base.LinkUp | base.LinkLost | base.LogRead | base.LogLost
    ) -> None:
        match report:
            case base.LinkUp(device):
                self.device = device
                self._linked_s = self._shared.clock.monotonic()
                self._shared.alarms.clear("link_lost", self.id)
                self._shared.alarms.clear("turnstile_fault", self.id)  # A new link tells it anew.
                if not self.state.is_fire:  # It ended while no gateway ran, or is told now.
                    self._shared.alarms.clear("fire", self.id)
                self.put(LinkChanged(is_up=True))
            case base.LinkLost(reason):
                self._linked_s = None
                self._tell_inputs(report)
                self._shared.alarms.raise_("link_lost", self.id, {"reason": reason})
                self.put(LinkChanged(is_up=False))
            case base.LogRead():
                linked_s = self._linked_s
                assert linked_s is not None, "a log is read over a link"
                for grant in self._reports.log_read(report, linked_s, held_grant(self.state)):
                    self.put(NotOpened(grant))
            case base.LogLost():
                self._reports.log_lost(report)

    def _grant_reported(
        self, report: base.Opened | base.NotOpened | base.OpenUnknown | base.PassageBegan
    ) -> None:
        match report:
            case base.Opened():
                pass  # The window runs since the command left; nothing changes.
            case base.NotOpened(grant, reason):
                self._reports.expire(GrantId(grant), reason)
                self.put(NotOpened(GrantId(grant)))
            case base.OpenUnknown(grant):
                # It may be open: the lane waits for the device's log, or until the window is over.
                self._reports.open_unknown(GrantId(grant))
                log.warning("open_unknown", extra={"fields": {"lane": self.id, "grant": grant}})
            case base.PassageBegan(grant):
                self.put(PassageBegan(GrantId(grant)))

    async def _sweep(self) -> Never:
        while True:
            await asyncio.sleep(SWEEP_S)
            self._shared.gate.forget_shown()
            before_s = self._shared.clock.monotonic() - UNKNOWN_AFTER_S
            if self._linked_s is None or self._linked_s > before_s:
                continue
            watched = held_grant(self.state)
            for grant in self._shared.gate.grants.unsettled(self.id, watched, before_s):
                self._reports.expire(grant, "unknown_outcome", is_uncertain=True)

    # --- effects ---

    def _run(self, effect: Effect) -> None:
        match effect:
            case Decide(ticket, mode):
                self._decide(ticket, mode)
            case TurnAway(ticket):
                self._turn_away(ticket)
            case OpenGate(grant, direction):
                self._open(grant, direction)
            case CancelOpen(grant):
                self._turnstile.send(base.CancelOpen(grant))
            case Expire(grant, reason):
                self._reports.expire(grant, reason)
            case Show(indication, direction, then):
                self._lamps.show(indication, direction, then)
            case ApplyOrder(order):
                self._turnstile.send(base.SetMode(base.Mode(order)))
            case StartTimer(what, after_ms):
                self._timers.start(after_ms, partial(self.put, what))
            case ChangeAlarm(is_on):
                self._set_alarm("passage_stuck", is_on=is_on)

    def _decide(self, ticket: Ticket, mode: GateMode) -> None:
        asked = self._asked.pop(ticket.id)
        place = Place(self.id, ticket.direction, mode)
        match asked.what:
            case Scan() as scan:
                decision = self._shared.gate.decide_scan(scan, place)
            case Admission() as admission:
                decision = self._shared.gate.decide_admission(admission, place)
            case CheckIn() as check_in:
                decision = self._shared.gate.decide_check_in(check_in, place)
        self.put(Decided(ticket.id, decision.outcome))
        done = partial(self._recorded, ticket, decision, asked.answered)
        self._shared.recorder.verdict(decision.fact, done)

    def _recorded(
        self, ticket: Ticket, decision: Decision, answered: Answered | None, event: Event | None
    ) -> None:
        if event is not None:
            self.put(Recorded(ticket.id))
        else:
            is_entry = ticket.direction is Direction.ENTRY
            if is_entry and isinstance(decision.outcome, Admitted):
                self._shared.gate.grants.ended(decision.outcome.grant)
            self.put(RecordFailed(ticket.id, self._shared.on_record_failure))
        if answered is not None:
            answered(decision.fact if event is not None else None)

    def _turn_away(self, ticket: Ticket) -> None:
        self._tell_busy(self._asked.pop(ticket.id), ticket.direction)

    def _tell_busy(self, asked: _Asked, direction: Direction) -> None:
        place = Place(self.id, direction, GateMode.NORMAL)
        fact = self._shared.gate.turn_away(asked.what, place)

        def done(event: Event | None) -> None:
            if asked.answered is not None:
                asked.answered(fact if event is not None else None)

        self._shared.recorder.verdict(fact, done)

    def _open(self, grant: GrantId, direction: Direction) -> None:
        shared = self._shared
        shared.gate.grants.opened(grant, shared.clock.monotonic())
        windows = shared.windows
        self._turnstile.send(
            base.OpenOnce(
                grant, base.Direction(direction), windows.unlock_ms, ttl_ms=windows.ttl_ms
            )
        )

    def _set_alarm(self, alarm: str, *, is_on: bool) -> None:
        if is_on:
            self._shared.alarms.raise_(alarm, self.id)
        else:
            self._shared.alarms.clear(alarm, self.id)


def _reader_subject(lane: LaneId, direction: Direction) -> str:
    return f"{lane}/{direction}_reader"
