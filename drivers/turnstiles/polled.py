"""A turnstile whose board speaks only when it is asked: it is read again and again, opened once."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Final, Never

from drivers import base
from drivers.polled_line import LateError, LineDownError, RefusedError, SilentError
from drivers.turnstiles.openings import Answer, Openings
from drivers.turnstiles.polled_board import Board, Line, Seen
from drivers.turnstiles.telling import Telling

log = logging.getLogger(__name__)

# One lost frame on a long RS-485 line is no outage; nobody should stand before a dead board longer.
LOST_S: Final = 1.0
# A board that is switched off must not slow down the others on its line.
RETRY_S: Final = 3.0
# Who begins to walk at the last moment is through by then; a lane waits half a second longer.
LATE_S: Final = 2.0


class PolledTurnstile:
    """Answers an open as soon as its board does; an unanswered one is unknown, and never repeated.

    What became of it is what the board tells afterwards: a passage, or none in its time. Nothing is
    sent in a fire. The board keeps no log, so the reports have no place in one.
    """

    def __init__(self, line: Line, board: Board) -> None:
        self._line = line
        self._board = board
        self._telling = Telling()
        self._openings = Openings()
        self._order: base.OpenOnce | None = None
        self._order_late_s = 0.0
        self._mode: base.Mode | None = None
        self._seen = Seen()
        self._fault = ""
        self._is_fire = False
        self._is_up = False
        self._is_loss_told = False
        self._woken = asyncio.Event()

    @property
    def capabilities(self) -> base.Capabilities:
        return self._board.capabilities

    async def run(self, report: Callable[[base.GateReport], None]) -> Never:
        self._telling.start(report)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._line.keep(), name=f"line {self._line.port}")
                tasks.create_task(self._serve(), name=f"turnstile at {self._line.port}")
        finally:
            self._telling.stop()
            self._go_down()
        raise AssertionError("it is served until it is cancelled")

    def send(self, command: base.GateCommand) -> None:
        match command:
            case base.OpenOnce():
                self._take(command)
            case base.CancelOpen(grant) if self._board.can_close:
                self._openings.cancel(grant, _now_s())
            case base.SetMode(mode):
                self._mode = mode
            case base.CancelOpen() | base.Indicate() | base.Acknowledge():
                pass  # An open that cannot be taken back; lights and a log that it has not.
        self._woken.set()

    # --- the board -----------------------------------------------------------------------------

    async def _serve(self) -> Never:
        await self._line.tried()
        while True:
            try:
                self._come_up(await self._board.start())
                await self._watch()
            except LineDownError as loss:
                self._lose(str(loss))
                await self._line.opened()
            except (SilentError, RefusedError) as loss:
                self._lose(str(loss))
                await asyncio.sleep(RETRY_S)

    async def _watch(self) -> Never:
        """Read and open until the board is silent for too long, or the line is lost."""
        heard_s = next_s = _now_s()
        while True:
            await self._pause(next_s)
            try:
                await self._serve_order()
                if _now_s() >= next_s:
                    next_s = _now_s() + self._board.poll_s
                    self._see(await self._board.read())
                    heard_s = _now_s()
                await self._keep_up()
            except SilentError:
                if _now_s() - heard_s >= LOST_S:
                    raise

    async def _pause(self, until_s: float) -> None:
        """Return at a time, or as soon as there is something to do."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(until_s):
                await self._woken.wait()
        self._woken.clear()

    def _come_up(self, seen: Seen) -> None:
        self._fault = ""  # A lane forgets it with the link.
        self._change_fire(seen.is_fire)  # First, so that no lane sends orders into a fire.
        self._is_up, self._is_loss_told = True, False
        self._telling.tell([base.LinkUp("")])
        self._see(seen)

    def _lose(self, reason: str) -> None:
        self._go_down()
        if not self._is_loss_told:
            self._is_loss_told = True
            self._telling.tell([base.LinkLost(reason)])

    def _go_down(self) -> None:
        self._is_up = False
        self._refuse_order("link_down")
        if not self._is_passage_seen():
            self._telling.tell(self._openings.assume())

    # --- orders --------------------------------------------------------------------------------

    def _take(self, order: base.OpenOnce) -> None:
        answered = self._openings.recall(order.grant)
        in_force = self._openings.in_force
        if answered is not None:
            self._telling.tell([answered])
        elif not self._is_up:
            self._answer(base.NotOpened(order.grant, "link_down"))
        elif self._is_fire:
            self._answer(base.NotOpened(order.grant, "fire"))
        elif order in {self._order, in_force and in_force.order}:
            pass  # Its answer is on the way.
        elif self._order is not None or in_force is not None:
            self._answer(base.NotOpened(order.grant, "busy"))
        else:
            self._order, self._order_late_s = order, _now_s() + order.ttl_ms / 1000

    async def _serve_order(self) -> None:
        """Open, if the board is ready for it; an order that could not be sent yet is kept."""
        order, now_s = self._order, _now_s()
        if order is None:
            return
        if now_s >= self._order_late_s:
            self._refuse_order("expired")
            return
        if now_s < self._board.ready_s(order.direction):
            return
        try:
            await self._open(order)
        finally:
            self._order = None

    async def _keep_up(self) -> None:
        """Send what may be sent again: the mode, and the end of an entry that nobody used."""
        if self._is_fire:
            return
        if self._mode is not None:
            await self._change_mode(self._mode)
        if self._is_to_be_closed(_now_s()):
            await self._board.close_entry()
            self._openings.closed()

    async def _open(self, order: base.OpenOnce) -> None:
        try:
            seen = await self._board.open(order.direction, self._order_late_s)
        except LateError:
            self._answer(base.NotOpened(order.grant, "expired"))
        except RefusedError as refusal:
            log.warning("turnstile_refused", extra={"fields": {"reason": str(refusal)}})
            self._answer(base.NotOpened(order.grant, "refused"))
        except LineDownError:
            self._answer(base.NotOpened(order.grant, "link_down"))
            raise
        except (SilentError, asyncio.CancelledError) as error:
            self._openings.begin(order, _now_s(), is_known=False)
            self._answer(base.OpenUnknown(order.grant))
            if isinstance(error, asyncio.CancelledError):
                raise
        else:
            self._order = None
            is_used = seen is not None and _is_used_up(seen, order.direction)
            if seen is not None and not is_used:
                self._see(seen)  # Who passed before the open is not its person.
            self._openings.begin(order, _now_s(), is_known=True)
            self._answer(base.Opened(order.grant))
            if seen is not None and is_used:
                self._see(seen)

    async def _change_mode(self, mode: base.Mode) -> None:
        try:
            await self._board.set_mode(mode)
        except RefusedError as refusal:
            fields = {"mode": str(mode), "reason": str(refusal), "remedy": "do it at the turnstile"}
            log.error("turnstile_mode_refused", extra={"fields": fields})  # noqa: TRY400 - told
        if self._mode is mode:
            self._mode = None

    def _is_to_be_closed(self, now_s: float) -> bool:
        grant = self._openings.in_force
        return (
            grant is not None
            and self._board.can_close
            and grant.order.direction is base.Direction.ENTRY
            and base.Direction.ENTRY not in self._seen.passing
            and not grant.is_closed
            and now_s >= grant.close_s
        )

    def _refuse_order(self, reason: str) -> None:
        order, self._order = self._order, None
        if order is not None:
            self._answer(base.NotOpened(order.grant, reason))

    def _answer(self, answer: Answer) -> None:
        self._telling.tell([self._openings.answer(answer)])

    # --- what it tells -------------------------------------------------------------------------

    def _see(self, seen: Seen) -> None:
        before, self._seen = self._seen, seen
        now_s = _now_s()
        self._change_fire(seen.is_fire)
        if seen.is_gap:
            self._openings.lose_sight()
        told: list[base.GateReport] = [base.DeviceNoted(note) for note in seen.notes]
        is_free = seen.is_fire or seen.is_free
        for direction, count in seen.passages.items():
            told += self._openings.passed(direction, count, now_s, is_free=is_free)
        for direction in seen.passing:
            told += self._openings.began(direction)
        # Who is let in keeps the turnstile busy; whether it is ready is judged afterwards.
        if seen.fault != self._fault and self._openings.in_force is None:
            self._fault = seen.fault
            told.append(base.Fault(seen.fault) if seen.fault else base.FaultCleared())
        self._telling.tell(told)
        self._settle(before, now_s)

    def _change_fire(self, is_on: bool) -> None:  # noqa: FBT001 - as the input says
        if is_on is self._is_fire:
            return
        self._is_fire = is_on
        self._telling.tell([base.FireChanged(is_on)])
        if is_on:
            self._refuse_order("fire")
            seen = self._is_passage_seen()
            self._telling.tell(self._openings.end("fire") if seen else self._openings.assume())

    def _settle(self, before: Seen, now_s: float) -> None:
        """End a grant whose time is over."""
        grant = self._openings.in_force
        if grant is None:
            return
        direction = grant.order.direction
        if not self._is_passage_seen():
            if now_s >= grant.close_s:
                self._telling.tell(self._openings.assume())
        elif direction in self._seen.is_open:
            # Twice: boards count a passage and close in two steps, and a reading may come between.
            if not self._seen.is_open[direction] and not before.is_open.get(direction, True):
                self._telling.tell(self._openings.end())
        elif now_s >= grant.close_s + LATE_S:
            self._telling.tell(self._openings.end())

    def _is_passage_seen(self) -> bool:
        """Tell whether the board sees the passage of the grant in force, if there is one."""
        grant = self._openings.in_force
        return grant is None or grant.order.direction in self._board.sees


def _is_used_up(seen: Seen, direction: base.Direction) -> bool:
    """Tell whether its person has passed already: the reading after the open came so late."""
    return seen.passages.get(direction, 0) > 0 and not seen.is_open.get(direction, True)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
