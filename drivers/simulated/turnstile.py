"""A simulated turnstile: a controller, the people at it, and somebody who plays tricks on them.

The wire that its commands come on is plugged in: see `Wire`. What happens is written as JSON lines
as the controller itself sees it, so that a test can compare it with what a gateway believes.
"""

import asyncio
import json
from collections.abc import AsyncIterable, Callable, Mapping, Sequence
from typing import Final, Never, Protocol

from drivers.simulated.people import Behaviour, People
from firmware_protocol.controller import Controller
from firmware_protocol.inputs import (
    ContactsSeen,
    Effect,
    FireInput,
    Input,
    PassageBegan,
    Relock,
    Result,
    TurnedBack,
    Unlock,
)
from firmware_protocol.memory import Memory
from firmware_protocol.messages import Indicate
from firmware_protocol.words import Command, Direction, EndReason, LogEntry, LogKind

ORDERS: Final = (
    "next pass|turn-back|force|tailgate|stay, exit, force, step in|back, fire on|off, "
    "input N open|closed, deaf MS, reboot, quit"
)
"""What it takes, one order a line."""

INPUTS: Final = frozenset(str(number) for number in range(1, 33))
"""Those for contacts of the site."""

Acted = Callable[[Controller, Sequence[Effect | Indicate]], None]
"""Called after each step of the controller, before anything of that step is sent."""


_EVENTS: Final[Mapping[LogKind, str]] = {
    LogKind.PASSAGE: "passed",
    LogKind.FIRE_ON: "fire",
    LogKind.FIRE_OFF: "fire",
}
_IS_ON: Final[Mapping[LogKind, bool]] = {LogKind.FIRE_ON: True, LogKind.FIRE_OFF: False}


class Wire(Protocol):
    """Brings commands to a controller and answers from it; made with its uptime and an `Acted`."""

    @property
    def controller(self) -> Controller: ...

    def boot(self, memory: Memory) -> None:
        """Power up with what was kept; no session survives it."""
        ...

    def sense(self, what: Input) -> None: ...

    def tick(self) -> None: ...

    def deadline_ms(self) -> int | None:
        """Return the uptime at which `tick` is due; None if nothing is timed."""
        ...

    def mute(self, *, is_mute: bool) -> None:
        """Drop what it would send, or do so no longer."""
        ...

    async def run(self) -> Never: ...


class SimulatedTurnstile:
    """One controller from its first boot to `quit`. Uptime is the loop's time since the boot."""

    def __init__(
        self,
        make_wire: Callable[[Callable[[], int], Acted], Wire],
        *,
        people: People,
        memory: Memory,
        store: Callable[[Memory], None],
        write: Callable[[str], None],
    ) -> None:
        """memory, store: what the controller keeps over a reboot. write: takes one JSON line."""
        self._memory = memory
        self._people = people
        self._store = store
        self._write = write
        self._booted_s = 0.0
        self._is_fire = False
        self._contacts: int | None = None
        self._command: Command | None = None
        self._told = memory.head
        self._timer: asyncio.TimerHandle | None = None
        self._wire = make_wire(self.uptime_ms, self._acted)

    def uptime_ms(self) -> int:
        return round((asyncio.get_running_loop().time() - self._booted_s) * 1000)

    async def run(self, orders: AsyncIterable[bytes]) -> None:
        """Serve until the order `quit` or until cancelled; the end of `orders` is no reason."""
        self._boot()
        try:
            async with asyncio.TaskGroup() as tasks:
                serving = tasks.create_task(self._wire.run(), name="simulated-turnstile-wire")
                async for order in orders:
                    if order.split() == [b"quit"]:
                        serving.cancel()
                        break
                    self._obey(order.decode(errors="replace").split())
        finally:
            if self._timer is not None:
                self._timer.cancel()

    # --- orders --------------------------------------------------------------------------------

    def _obey(self, order: Sequence[str]) -> None:
        match order:
            case ["next", word] if word in list(Behaviour):
                self._people.choose_next(Behaviour(word))
            case ["exit"]:
                self._people.walk_out(self._command, self.uptime_ms())
            case ["force"]:
                self._people.force(self.uptime_ms())
            case ["step", "in"]:
                self._wire.sense(PassageBegan(Direction.ENTRY))
            case ["step", "back"]:
                self._wire.sense(TurnedBack())
            case ["fire" | "input", *_] if self._switch(order):
                pass
            case ["deaf", ms] if ms.isdecimal():
                self._wire.mute(is_mute=True)
                loop = asyncio.get_running_loop()
                loop.call_later(int(ms) / 1000, lambda: self._wire.mute(is_mute=False))
            case ["reboot"]:
                self._boot()
            case []:
                pass
            case _:
                self._tell("not_understood", order=" ".join(order), expected=ORDERS)
        self._set_timer()

    def _switch(self, order: Sequence[str]) -> bool:
        """Open or close a contact; return whether there is such a one."""
        match order:
            case ["fire", ("on" | "off") as word]:
                self._is_fire = word == "on"
                self._wire.sense(FireInput(self._is_fire))
            case ["input", number, ("open" | "closed") as word] if number in INPUTS:
                bit, before = 1 << int(number) - 1, self._contacts or 0
                self._contacts = before | bit if word == "closed" else before & ~bit
                self._wire.sense(ContactsSeen(self._contacts))
            case _:
                return False
        return True

    def _boot(self) -> None:
        self._booted_s = asyncio.get_running_loop().time()
        self._command = None
        self._people.clear()
        self._wire.boot(self._memory)
        if self._is_fire:
            self._wire.sense(FireInput(is_on=True))
        if self._contacts is not None:
            self._wire.sense(ContactsSeen(self._contacts))

    # --- time ----------------------------------------------------------------------------------

    def _tick(self) -> None:
        self._wire.tick()
        while (what := self._people.take_due(self.uptime_ms())) is not None:
            self._wire.sense(what)

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        times = (self._wire.deadline_ms(), self._people.deadline_ms())
        at_ms = min((time for time in times if time is not None), default=None)
        if at_ms is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(self._booted_s + at_ms / 1000, self._tick)

    # --- what the controller did ---------------------------------------------------------------

    def _acted(self, controller: Controller, effects: Sequence[Effect | Indicate]) -> None:
        if controller.memory is not self._memory:
            self._memory = controller.memory
            self._store(self._memory)
        for effect in effects:
            self._tell_effect(effect)
        for entry in self._memory.entries:
            if entry.sequence > self._told:
                self._told = entry.sequence
                self._tell_entry(entry)
        if controller.command != self._command:
            self._change_person(controller.command)
        self._set_timer()

    def _change_person(self, command: Command | None) -> None:
        if self._command is not None:
            self._people.stop(self._command.grant)
        self._command = command
        if command is not None:
            self._people.let_in(command, self.uptime_ms())

    def _tell_effect(self, effect: Effect | Indicate) -> None:
        match effect:
            case Unlock(direction, grant):
                self._tell("unlocked", direction=direction, grant=grant)
            case Relock(direction):
                self._tell("relocked", direction=direction)
            case Result(grant, outcome, is_repeat):
                self._tell("result", grant=grant, outcome=outcome, repeat=is_repeat)
            case Indicate(signal, direction):
                self._tell("indicated", signal=signal, direction=direction)
            case LogEntry():
                pass  # Told from the memory, which every wire has.

    def _tell_entry(self, entry: LogEntry) -> None:
        event = _EVENTS.get(entry.kind, str(entry.kind))
        if entry.reason is EndReason.TURNED_BACK:
            event = "turned_back"
        self._tell(
            event,
            direction=entry.direction,
            grant=entry.grant,
            reason=entry.reason,
            mode=entry.mode,
            free=entry.is_free or None,
            on=_IS_ON.get(entry.kind),
            sequence=entry.sequence,
        )

    def _tell(self, event: str, **details: str | bytes | bool | int | None) -> None:
        line: dict[str, str | bool | int] = {"at_ms": self.uptime_ms(), "event": event}
        for name, value in details.items():
            if value is not None:
                line[name] = value.hex() if isinstance(value, bytes) else value
        self._write(json.dumps(line))
