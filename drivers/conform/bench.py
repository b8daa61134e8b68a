"""What a rule does to the controller under test and hears from it, whatever the binding."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from drivers.conform.words import Action, Hands, Unmet, Untested
from firmware_protocol.inputs import Result
from firmware_protocol.messages import Cancel, GateState, Indicate, SetMode, State
from firmware_protocol.words import Direction, LogEntry, LogKind, Mode, Outcome

M = TypeVar("M")

# How long a rule waits before it says that nothing happened.
QUIET_S: Final = 0.3
# A person who was asked to do something has done it when this is over; the sensors come after.
SENSED_S: Final = 2.0
UNLOCK_MS: Final = 1_000
# Long enough for a person who was just asked to walk.
WALK_MS: Final = 30_000
# The clock of a cheap controller, its sensors and the line.
LATE_MS: Final = 300
# A passage that is still going on, or a log of a thousand entries on its way.
REST_S: Final = 20.0
# A controller with a slow flash and its start after a power cut.
BOOT_S: Final = 30.0

Wanted = Cancel | SetMode | Indicate


class Bench(ABC):
    """One controller, its log acknowledged as it comes (unless a rule holds that back)."""

    reply_s: float
    """An answer that takes longer is none."""
    host_lost_s: float
    expired_ttl_ms: int
    """A time to live that is over when the command arrives."""
    poll_s = 0.05
    """From one question how the controller is to the next one."""

    def __init__(self, hands: Hands, token: Callable[[int], bytes]) -> None:
        """`token` draws that many random bytes."""
        self._hands = hands
        self.token = token
        self.heard: list[object] = []
        self.entries: dict[int, LogEntry] = {}
        """Every entry that was heard of the present log, by its sequence."""
        self.mistakes: list[str] = []
        """What was heard that no controller may say, whatever is being tested."""
        self.is_acknowledging = True
        self._since = 0
        self._news = asyncio.Event()

    # --- the binding ---------------------------------------------------------------------------

    @abstractmethod
    async def begin(self) -> None:
        """Be a host that is there, in a new session. Raises Unmet."""

    @abstractmethod
    async def connect(self) -> None:
        """Be a host that is there, and set the controller for tests. Raises Unmet."""

    @abstractmethod
    def fall_silent(self) -> None:
        """Be a host that is gone."""

    @abstractmethod
    async def send_open(
        self, grant: bytes, direction: Direction, unlock_ms: int, ttl_ms: int
    ) -> None: ...

    @abstractmethod
    async def order(self, message: Wanted) -> None: ...

    @abstractmethod
    async def acknowledge(self, upto: int) -> None: ...

    @abstractmethod
    async def ask(self) -> State:
        """Return how the controller is now."""

    @abstractmethod
    async def boots(self) -> int:
        """Return how often it has booted, as its present session says."""

    @property
    @abstractmethod
    def is_there(self) -> bool:
        """Whether there was ever a session."""

    def require(self, actions: Iterable[Action]) -> None:
        """Raise Untested if there is nobody who can do all of it."""
        missing = [_plainly(action) for action in actions if not self._hands.can(action)]
        if missing:
            raise Untested(f"it needs somebody to {', '.join(sorted(missing))}")

    # --- hearing -------------------------------------------------------------------------------

    def hear(self, message: object) -> None:
        self.heard.append(message)
        if isinstance(message, LogEntry):
            known = self.entries.setdefault(message.sequence, message)
            if known != message:
                self.mistakes.append(
                    f"entry {message.sequence} was {_shown(known)}, then {_shown(message)} (R17)"
                )
        self._news.set()

    def forget(self) -> None:
        """Expect only what comes from now on."""
        self._since = len(self.heard)

    async def expect(
        self,
        kind: type[M],
        what: str,
        test: Callable[[M], bool] = lambda _: True,
        *,
        within_s: float | None = None,
    ) -> M:
        """Return the first such message since `forget`; raises Unmet, with `what` is missing."""
        within_s = self.reply_s if within_s is None else within_s
        try:
            async with asyncio.timeout(within_s):
                while True:
                    self._news.clear()
                    for message in self.since(kind):
                        if test(message):
                            return message
                    await self._news.wait()
        except TimeoutError:
            seen = ", ".join(_shown(it) for it in self.since(kind)[-3:])
            found = f"; seen instead: {seen}" if seen else ""
            raise Unmet(f"no {what} in {within_s:g} s{found}") from None

    def since(self, kind: type[M]) -> list[M]:
        return [message for message in self.heard[self._since :] if isinstance(message, kind)]

    async def expect_none(
        self, kind: type[M], test: Callable[[M], bool] = lambda _: True, for_s: float = QUIET_S
    ) -> None:
        """Raise Unmet if such a message comes in that time, or came since `forget`."""
        await asyncio.sleep(for_s)
        for message in self.since(kind):
            if test(message):
                raise Unmet(f"{_shown(message)}, which must not come")

    async def expect_no_entry_after(self, last: LogEntry) -> None:
        """Raise Unmet if more is logged; what is not acknowledged yet may be repeated (R19)."""
        await self.expect_none(LogEntry, lambda it: it.sequence > last.sequence)

    async def expect_nothing_of(self, *grants: bytes) -> None:
        """Raise Unmet if a command that must not count was taken."""
        await asyncio.sleep(QUIET_S)
        state = await self.ask()
        if state.grant in grants or any(it.grant in grants for it in self.since(Result)):
            raise Unmet("the OPEN was taken")
        if any(it.grant in grants for it in self.entries.values()):
            raise Unmet("the OPEN was taken, its grant is in the log")

    async def entry(
        self, kind: LogKind, *, grant: bytes | None = None, within_s: float | None = None
    ) -> LogEntry:
        """Return the next log entry of a kind (and grant) since `forget`."""
        what = f"log entry {kind}" + ("" if grant is None else " with its grant")
        return await self.expect(
            LogEntry,
            what,
            lambda it: it.kind is kind and (grant is None or it.grant == grant),
            within_s=within_s,
        )

    # --- what rules have in common -------------------------------------------------------------

    async def open(
        self,
        grant: bytes,
        expected: Outcome,
        *,
        direction: Direction = Direction.ENTRY,
        unlock_ms: int = 5_000,
        ttl_ms: int = 1_500,
    ) -> Result:
        """Give the command and return its result; raises Unmet if it is another one."""
        self.forget()
        await self.send_open(grant, direction, unlock_ms, ttl_ms)
        result = await self.result(grant)
        if result.outcome is not expected:
            raise Unmet(f"RESULT {result.outcome}, expected {expected}")
        return result

    async def state(
        self, what: str, test: Callable[[State], bool], *, within_s: float | None = None
    ) -> State:
        """Ask until the state is so. Raises Unmet: `what` says how it should be."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + (self.reply_s if within_s is None else within_s)
        while not test(state := await self.ask()):
            if loop.time() >= until_s:
                raise Unmet(f"STATE {_shown(state)}, expected: {what}")
            await asyncio.sleep(self.poll_s)
        return state

    async def result(self, grant: bytes, what: str = "RESULT") -> Result:
        return await self.expect(Result, what, lambda it: it.grant == grant)

    async def idle(self, *, within_s: float | None = None) -> State:
        return await self.state("gate idle", _is_idle, within_s=within_s)

    async def in_force(self, grant: bytes) -> State:
        return await self.state("the grant in force", lambda it: it.grant == grant)

    async def set_mode(self, mode: Mode) -> None:
        """Order it and see that it is shown."""
        await self.order(SetMode(mode))
        await self.state(f"mode {mode}", lambda it: it.mode is mode)

    async def have(self, action: Action) -> None:
        """Have somebody do it. Raises Untested."""
        if not await self._hands.act(action):
            raise Untested(f"it could not be done: {_plainly(action)}")

    async def lose_host(self) -> None:
        """Be gone for so long that the controller counts its host as lost."""
        self.fall_silent()
        await asyncio.sleep(self.host_lost_s + 0.5)

    async def log_released_entry(self) -> None:
        """See that who just walked in is logged as a passage of a released entry. Raises Unmet."""
        entry = await self.expect(
            LogEntry,
            "log entry of a body",
            lambda it: it.direction is Direction.ENTRY,
            within_s=SENSED_S,
        )
        if entry.kind is not LogKind.PASSAGE or not entry.is_free:
            raise Unmet(f"{entry.kind}, free: {entry.is_free}; the entry is not released")

    async def reboot(self) -> None:
        """Have the power cut, and be a new host afterwards. Raises Untested."""
        self.fall_silent()
        await self.have(Action.REBOOT)
        self.forget()
        await self.meet(BOOT_S)

    async def meet(self, within_s: float) -> None:
        """Begin, also with a controller that is not there yet. Raises Unmet."""
        until_s = asyncio.get_running_loop().time() + within_s
        while True:
            try:
                await self.begin()
            except Unmet:
                if asyncio.get_running_loop().time() > until_s:
                    raise
            else:
                return

    async def rest(self) -> None:
        """Bring it to where each rule begins: host there, mode normal, nobody let in, log empty."""
        self.is_acknowledging = True
        await self.connect()
        state = await self.ask()
        if state.is_fire:
            raise Unmet("the fire input is on")
        if state.grant is not None:
            await self.order(Cancel(state.grant))
        await self.idle(within_s=REST_S)
        await self.set_mode(Mode.NORMAL)
        await self.state("the log acknowledged", lambda it: it.first > it.head, within_s=REST_S)
        self.forget()


def _plainly(action: Action) -> str:
    return action.replace("_", " ")


def sequences(entries: Iterable[LogEntry]) -> list[int]:
    return [entry.sequence for entry in entries]


def _is_idle(state: State) -> bool:
    return state.gate is GateState.IDLE


def _shown(message: object) -> str:
    match message:
        case Result(_, outcome, is_repeat):
            return f"RESULT {outcome}{', repeat' if is_repeat else ''}"
        case LogEntry():
            reason = "" if message.reason is None else f" ({message.reason})"
            return f"entry {message.sequence} {message.kind}{reason} at {message.at_ms} ms"
        case State():
            fire = ", fire" if message.is_fire else ""
            log = f"log {message.first}..{message.head}"
            return f"gate {message.gate}, mode {message.mode}{fire}, {log}"
        case _:
            return type(message).__name__
