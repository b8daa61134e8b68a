"""What people do at a simulated turnstile, on time, whatever wire its commands come on."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final

from firmware_protocol.inputs import (
    PassageBegan,
    PassageCompleted,
    SecondBody,
    Sensed,
    TurnedBack,
)
from firmware_protocol.words import Command, Direction


class Behaviour(StrEnum):
    """What somebody does who was let in."""

    PASS = "pass"  # noqa: S105 - a way through, no secret
    TURN_BACK = "turn-back"
    FORCE = "force"
    """Passes; then somebody else forces the arm that has locked again."""
    TAILGATE = "tailgate"
    """Passes together with somebody else."""
    STAY = "stay"
    """Does not move, until the turnstile gives up."""


MIXED: Final[Sequence[Behaviour]] = (*[Behaviour.PASS] * 16, *Behaviour)
"""Drawn from for a crowd: four in five just pass."""


@dataclass(frozen=True, slots=True)
class _Planned:
    at_ms: int
    grant: bytes | None
    what: Sensed


class People:
    """One person at a time in front of the turnstile, and those who do not wait for a command."""

    def __init__(self, behaviours: Sequence[Behaviour], walk_ms: int, random: Random) -> None:
        """behaviours: drawn from for each person. walk_ms: from the open gate to behind it."""
        assert behaviours
        self._behaviours = behaviours
        self._walk_ms = walk_ms
        self._random = random
        self._next: Behaviour | None = None
        self._plan: list[_Planned] = []

    def choose_next(self, behaviour: Behaviour) -> None:
        """Say what the next person who is let in does; after that it is drawn again."""
        self._next = behaviour

    def let_in(self, command: Command, now_ms: int) -> None:
        """Have the person of this command begin to walk."""
        behaviour = self._next or self._random.choice(self._behaviours)
        self._next = None
        is_exit = command.direction is Direction.EXIT
        if is_exit and behaviour in {Behaviour.FORCE, Behaviour.TAILGATE}:
            behaviour = Behaviour.PASS  # There is nothing to force on a free side.
        self._plan += [
            _Planned(at_ms, whose, what)
            for at_ms, whose, what in self._steps(behaviour, command, now_ms)
        ]

    def stop(self, grant: bytes) -> None:
        """Forget what the person of this grant would still do: the turnstile is locked for them."""
        self._plan = [planned for planned in self._plan if planned.grant != grant]

    def walk_out(self, in_force: Command | None, now_ms: int) -> None:
        """Have somebody walk out who did not scan; with an exit in force it is that person."""
        grant = None
        if in_force is not None and in_force.direction is Direction.EXIT:
            grant = in_force.grant
            self.stop(grant)
        self._plan += [
            _Planned(now_ms, grant, PassageBegan(Direction.EXIT)),
            _Planned(now_ms + self._walk_ms, grant, PassageCompleted(Direction.EXIT)),
        ]

    def force(self, now_ms: int) -> None:
        """Have somebody go in right now; a way that is open for another one is taken."""
        self._plan.insert(0, _Planned(now_ms, None, PassageCompleted(Direction.ENTRY)))

    def clear(self) -> None:
        self._plan.clear()
        self._next = None

    def deadline_ms(self) -> int | None:
        return min((planned.at_ms for planned in self._plan), default=None)

    def take_due(self, now_ms: int) -> Sensed | None:
        """Return the next thing that somebody does by now, None if nobody does anything."""
        due = [planned for planned in self._plan if planned.at_ms <= now_ms]
        if not due:
            return None
        first = min(due, key=lambda planned: planned.at_ms)
        self._plan.remove(first)
        return first.what

    def _steps(
        self, behaviour: Behaviour, command: Command, now_ms: int
    ) -> list[tuple[int, bytes | None, Sensed]]:
        began_ms, through_ms = now_ms + self._walk_ms // 2, now_ms + self._walk_ms
        grant = command.grant
        began = (began_ms, grant, PassageBegan(command.direction))
        through = (through_ms, grant, PassageCompleted(command.direction))
        match behaviour:
            case Behaviour.PASS:
                return [began, through]
            case Behaviour.TURN_BACK:
                return [began, (through_ms, grant, TurnedBack())]
            case Behaviour.FORCE:
                # Nobody's command: the arm has locked behind the one who passed.
                return [began, through, (through_ms, None, PassageCompleted(Direction.ENTRY))]
            case Behaviour.TAILGATE:
                return [began, (through_ms, grant, SecondBody()), through]
            case Behaviour.STAY:
                return []
