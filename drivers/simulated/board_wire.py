"""The wire of a simulated turnstile that has a bought board instead of a gatelink controller."""

from collections.abc import Callable
from typing import Final, Never, Protocol

from drivers.serial_link import SerialLink
from drivers.simulated.pty_port import PtyPort
from drivers.simulated.turnstile import Acted
from firmware_protocol import controller as machine
from firmware_protocol.controller import Controller
from firmware_protocol.inputs import CancelCommand, HostBack, Input, ModeCommand, OpenCommand, Tick
from firmware_protocol.memory import Memory
from firmware_protocol.words import GRANT_SIZE, Command, Direction, LogEntry, LogKind, Mode

WAIT_MS: Final = 5000
"""How long the turnstile itself waits for the person."""
PASSAGES: Final = (LogKind.PASSAGE, LogKind.FORCED, LogKind.TAILGATE)
"""What the turnstile calls a body that went through, invited or not."""


class Mechanics(Protocol):
    """The turnstile behind a board."""

    @property
    def controller(self) -> Controller: ...

    def open(self, direction: Direction) -> None: ...

    def cancel(self) -> None: ...

    def set_mode(self, mode: Mode) -> None: ...


class SimulatedBoard(Protocol):
    """A board as its line sees it, byte by byte."""

    def power_up(self) -> None: ...

    def hear(self, data: bytes, turnstile: Mechanics, now_ms: int) -> bytes:
        """Take bytes from the line, do what they say, and return the answer."""
        ...

    def note(self, entry: LogEntry, now_ms: int) -> None:
        """Show, on contacts and counters, what happened in the turnstile."""
        ...


class BoardWire:
    """Brings a board's commands to a turnstile, as `Mechanics`; see `turnstile.Wire` too."""

    def __init__(
        self,
        port: SerialLink | PtyPort,
        board: SimulatedBoard,
        tell: Callable[[str], None],
        uptime_ms: Callable[[], int],
        acted: Acted,
    ) -> None:
        self._controller = Controller(Memory())
        self._port = port
        self._board = board
        self._tell = tell
        self._uptime_ms = uptime_ms
        self._acted = acted
        self._is_mute = False
        self._open_count = 0

    @property
    def controller(self) -> Controller:
        return self._controller

    # --- the turnstile's side ------------------------------------------------------------------

    def boot(self, memory: Memory) -> None:
        self._board.power_up()
        self._run(machine.boot(memory, self._uptime_ms()))
        self.sense(HostBack())  # These boards do not watch whether anybody asks them.

    def sense(self, what: Input) -> None:
        self._run(machine.step(self._controller, what, self._uptime_ms()))

    def tick(self) -> None:
        self.sense(Tick())

    def deadline_ms(self) -> int | None:
        return machine.deadline_ms(self._controller)

    def mute(self, *, is_mute: bool) -> None:
        self._is_mute = is_mute

    async def run(self) -> Never:
        await self._port.run(self._opened, self._received, self._tell)

    # --- the board's side ----------------------------------------------------------------------

    def open(self, direction: Direction) -> None:
        """Open for one more person; what the turnstile is still open for ends."""
        self.cancel()
        self._open_count += 1
        command = Command(self._open_count.to_bytes(GRANT_SIZE, "big"), direction)
        # Read once: a board's command has no time after which it is too late.
        now_ms = self._uptime_ms()
        order = OpenCommand(command, WAIT_MS, expires_at_ms=now_ms + 1)
        self._run(machine.step(self._controller, order, now_ms))

    def cancel(self) -> None:
        command = self._controller.command
        if command is not None:
            self.sense(CancelCommand(command.grant))

    def set_mode(self, mode: Mode) -> None:
        self.sense(ModeCommand(mode))

    # --- the line ------------------------------------------------------------------------------

    def _opened(self) -> None:
        self._tell(f"{self._port.port}: open")

    def _received(self, data: bytes, _at_s: float) -> None:
        answer = self._board.hear(data, self, self._uptime_ms())
        if answer and not self._is_mute:
            self._port.write(answer)

    def _run(self, step: machine.Step) -> None:
        self._controller, effects = step
        for effect in effects:
            if isinstance(effect, LogEntry):
                self._board.note(effect, self._uptime_ms())
        self._acted(self._controller, effects)
