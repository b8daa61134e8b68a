"""The line between a lane and its controller, and the driver at its end, at the `drivers.base` seam.

What `drivers.turnstiles.gatelink` and its protocol promise is kept here without their bytes: an
open is answered once; the log comes in order, each entry once in a run of the driver; its end is
told after each start and after each unknown open. A controller without a log tells only what
happens while the link is up, and no end.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Never

from drivers import base
from drivers.turnstiles.telling import Telling
from firmware_protocol.inputs import (
    AcknowledgeLog,
    CancelCommand,
    HostBack,
    HostLost,
    ModeCommand,
    OpenCommand,
    Result,
)
from firmware_protocol.words import Command, Direction, LogEntry, Mode, Outcome, Signal
from tests.sim.controller import SimController, State, uptime_ms
from tests.sim.hearing import Hearing, in_words
from tests.sim.story import Sent, Story, Told
from tests.sim.weather import Sky

SLOW_S = 2.5  # Beyond the life of an open command.
NOTICE_S = (0.2, 1.5)  # From the cut to the host's word of it.
SILENCE_SHOWS_S = (1.0, 3.0)
HOST_LOST_S = 3.0  # A controller that hears nothing for so long locks its entry.
FROM_HOST, TO_HOST = 0, 1


class Cable:
    """Outlives the gateway. Each session gets what was sent in it, in order, or nothing more."""

    def __init__(self, controller: SimController, random: Random, sky: Sky, story: Story) -> None:
        self.controller = controller
        self.random = random
        self.sky = sky
        self.story = story
        self.whole = asyncio.Event()
        self.whole.set()
        self.host: SimTurnstile | None = None
        self._session = 0
        self._silent_session = 0
        self._arrives_s = [0.0, 0.0]
        controller.tell_host = self._tell_host

    def cut(self) -> None:
        """Lose what is under way in both directions; the session is over, also if mended soon."""
        self.whole.clear()
        self._session += 1
        if self.host is not None:
            self.host.lose_later(self.random.uniform(*NOTICE_S))
            self.host = None
        self._miss_host()

    def hush(self) -> None:
        """Carry no more word of the controller's in this session, which is lost when that shows."""
        self.whole.clear()
        self._silent_session = self._session
        if self.host is not None:
            self.host.lose_later(self.random.uniform(*SILENCE_SHOWS_S))

    def speak(self) -> None:
        self.whole.set()

    def mend(self) -> None:
        self.whole.set()

    def driver(self, run: str) -> "SimTurnstile":
        """Return the driver of a gateway process."""
        return SimTurnstile(self, run)

    def attach(self, host: "SimTurnstile") -> None:
        """Begin a session. What the controller says until then it says in its log."""
        self._session += 1
        self.controller.take(HostBack())
        self.host = host

    def detach(self, host: "SimTurnstile") -> None:
        """End because the host is gone; what it had sent still arrives."""
        if self.host is host:
            self.host = None
            self._miss_host()

    def carry(self, way: int, deliver: Callable[[], None]) -> None:
        """Deliver after a moment, in order, if the session lives until then."""
        loop, random = asyncio.get_running_loop(), self.random
        delay_s = random.uniform(0.001, 0.02)
        if random.random() < self.sky.weather.line_bad:
            delay_s = random.uniform(0.1, SLOW_S)
        self._arrives_s[way] = max(loop.time() + delay_s, self._arrives_s[way] + 1e-6)
        session = self._session

        def arrive() -> None:
            is_silent = way == TO_HOST and session == self._silent_session
            if session == self._session and not is_silent:
                deliver()

        loop.call_at(self._arrives_s[way], arrive)

    def _miss_host(self) -> None:
        session = self._session

        def miss() -> None:
            if session == self._session and self.host is None:
                self.controller.take(HostLost())

        asyncio.get_running_loop().call_later(HOST_LOST_S, miss)

    def _tell_host(self, what: Result | LogEntry | State) -> None:
        host = self.host
        if host is not None:
            self.carry(TO_HOST, lambda: host.receive(what))


class SimTurnstile:
    """The driver of one gateway process; `die` ends it as a kill does."""

    capabilities = base.Capabilities(
        own_timing=True, feedback=True, direction=True, log=True, fire_input=True
    )

    def __init__(self, cable: Cable, run: str) -> None:
        self._cable = cable
        self._controller = cable.controller
        self._run = run
        self._random = cable.random
        self._hearing = Hearing()
        self._telling = Telling()
        self._openings: dict[bytes, asyncio.TimerHandle] = {}
        self._muted: set[bytes] = set()
        self._begun_count = 0
        self._expected = 0
        self._is_up = False
        self._is_end_due = False
        self._ask_count = 0
        self._is_dead = False
        self._lost = asyncio.Event()

    async def run(self, report: Callable[[base.GateReport], None]) -> Never:
        def tell(what: base.GateReport) -> None:
            lane = self._controller.lane
            self._cable.story.saw(Told(at_s=_now_s(), run=self._run, lane=lane, report=what))
            report(what)

        self._telling.start(tell)
        try:
            while True:
                await asyncio.sleep(self._random.uniform(0.05, 0.5))
                await self._cable.whole.wait()
                self._begin()
                await self._lost.wait()
        finally:
            self._telling.stop()
            self._is_up = False
            self._cable.detach(self)
            for timer in self._openings.values():
                timer.cancel()

    def send(self, command: base.GateCommand) -> None:
        if self._is_dead:
            return
        sent = Sent(at_s=_now_s(), run=self._run, lane=self._controller.lane, command=command)
        self._cable.story.saw(sent)
        controller = self._controller
        match command:
            case base.OpenOnce():
                self._open(command)
            case base.CancelOpen(grant):
                self._order(lambda: controller.take(CancelCommand(bytes.fromhex(grant))))
            case base.SetMode(mode):
                self._order(lambda: controller.take(ModeCommand(Mode(mode))))
            case base.Indicate(signal, direction):
                self._order(lambda: controller.show(Signal(signal), Direction(direction)))
            case base.Acknowledge(_, upto):
                self._order(lambda: controller.take(AcknowledgeLog(upto)))

    def die(self) -> None:
        self._is_dead = True
        self._telling.stop()
        self._cable.detach(self)

    def lose_later(self, after_s: float) -> None:
        """Notice in a while that nothing comes any more."""
        asyncio.get_running_loop().call_later(after_s, self._lose, self._begun_count)

    def receive(self, what: Result | LogEntry | State) -> None:
        if self._is_dead or not self._is_up:
            return
        match what:
            case Result(grant, outcome):
                if grant not in self._muted:
                    self._settle(grant, outcome)
            case State():
                self._telling.tell(self._hearing.compare(what))
            case LogEntry() if self._controller.keeps_log:
                self._take_entry(what)
            case LogEntry():
                self._tell_unkept(what)

    # --- sessions --------------------------------------------------------------------------------

    def _begin(self) -> None:
        controller = self._controller
        self._lost.clear()
        self._is_up = True
        self._begun_count += 1
        self._cable.attach(self)
        self._hearing.begin()
        self._tell(base.LinkUp("Sim controller"))
        self._cable.carry(TO_HOST, partial(self.receive, controller.state()))
        if controller.keeps_log:
            self._note_lost()
            for entry in controller.memory.entries:
                self._cable.carry(TO_HOST, partial(self.receive, entry))
            self._is_end_due = True
            self._ask_for_end()

    def _lose(self, session: int) -> None:
        if self._is_dead or not self._is_up or session != self._begun_count:
            return
        self._cable.detach(self)
        for grant in list(self._openings):
            self._expire(grant)
        self._is_up = False
        self._tell(base.LinkLost("the simulated line was cut"))
        self._lost.set()

    def _order(self, deliver: Callable[[], None]) -> None:
        if self._cable.host is self:
            self._cable.carry(FROM_HOST, deliver)

    # --- opens -----------------------------------------------------------------------------------

    def _open(self, command: base.OpenOnce) -> None:
        grant = bytes.fromhex(command.grant)
        if not self._is_up:
            self._tell(base.NotOpened(command.grant, "link_down"))
            return
        self._ask_count += 1  # The end that was asked for would not have it.
        ttl_s = command.ttl_ms / 1000
        loop = asyncio.get_running_loop()
        self._openings[grant] = loop.call_later(ttl_s, self._expire, grant)
        weather, random = self._cable.sky.weather, self._random
        if random.random() < weather.open_refused:
            if self._cable.host is self:
                denied = Result(grant, Outcome.DENIED)
                self._cable.carry(TO_HOST, lambda: self.receive(denied))
            return
        if random.random() < weather.open_lost:
            self._cable.story.note("open_lost")
            self._muted.add(grant)
            if random.random() < 0.5:
                return
        order = OpenCommand(
            Command(grant, Direction(command.direction)),
            command.unlock_ms,
            uptime_ms() + command.ttl_ms,
        )
        self._order(lambda: self._controller.take(order))

    def _settle(self, grant: bytes, outcome: Outcome) -> None:
        timer = self._openings.pop(grant, None)
        if timer is not None:
            timer.cancel()
            is_open = outcome is Outcome.OPENED
            name = grant.hex()
            self._tell(base.Opened(name) if is_open else base.NotOpened(name, str(outcome)))
            self._ask_for_end()

    def _expire(self, grant: bytes) -> None:
        timer = self._openings.pop(grant, None)
        if timer is None or self._is_dead:
            return
        timer.cancel()
        self._tell(base.OpenUnknown(grant.hex()))
        self._is_end_due = self._controller.keeps_log
        self._ask_for_end()

    # --- the log ---------------------------------------------------------------------------------

    def _note_lost(self) -> None:
        """Tell how many lines were overwritten before this gateway, or one before it, had them."""
        memory = self._controller.memory
        self._expected = max(self._expected, memory.acknowledged + 1)
        lost = memory.first - self._expected
        if lost > 0:
            self._expected = memory.first
            self._tell(base.LogLost(self._controller.log.hex(), lost))

    def _take_entry(self, entry: LogEntry) -> None:
        if entry.sequence < self._expected:
            return
        self._expected = entry.sequence + 1
        if entry.grant is not None:
            self._settle(entry.grant, Outcome.OPENED)
        self._tell(self._logged(entry))
        if self._random.random() < self._cable.sky.weather.report_twice:
            again = self._random.choice((entry, *self._controller.memory.entries))
            self._cable.carry(TO_HOST, partial(self._tell_again, again))

    def _tell_again(self, entry: LogEntry) -> None:
        """Tell one of before, as drivers may until it is acknowledged."""
        is_known = self._controller.memory.acknowledged < entry.sequence < self._expected
        if self._is_up and not self._is_dead and is_known:
            self._cable.story.note("report_twice")
            self._tell(self._logged(entry))

    def _logged(self, entry: LogEntry) -> base.GateReport:
        return in_words(entry, base.LogPosition(self._controller.log.hex(), entry.sequence))

    def _tell_unkept(self, entry: LogEntry) -> None:
        told = in_words(entry, None)
        if isinstance(told, base.Passed | base.NotPassed | base.Breached):
            self._tell(told)

    def _ask_for_end(self) -> None:
        """Ask where the log ends, when no command is under way that could still change it."""
        if not self._is_end_due or self._openings or not self._is_up:
            return
        controller = self._controller
        self._ask_count += 1
        number = self._ask_count

        def answer() -> None:
            in_force = controller.in_force
            end = base.LogRead(controller.log.hex(), () if in_force is None else (in_force,))
            self._cable.carry(TO_HOST, lambda: self._take_end(end, number))

        self._order(answer)

    def _take_end(self, end: base.LogRead, number: int) -> None:
        """Tell the end, unless a command has been sent since it was asked for."""
        is_last = number == self._ask_count and self._is_end_due and not self._openings
        if is_last and self._is_up and not self._is_dead:
            self._is_end_due = False
            self._tell(end)

    def _tell(self, report: base.GateReport) -> None:
        self._telling.tell([report])


def _now_s() -> float:
    return asyncio.get_running_loop().time()
