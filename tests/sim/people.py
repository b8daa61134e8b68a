"""The people at the gate: they come, scan, walk or do not, and leave, each with a body."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Never

from firmware_protocol.controller import Unlocked
from firmware_protocol.inputs import (
    PassageBegan,
    PassageCompleted,
    Relock,
    SecondBody,
    TurnedBack,
    Unlock,
)
from firmware_protocol.words import Direction, Signal
from tests.sim.controller import SimController
from tests.sim.story import Story
from tests.sim.weather import Sky

PATIENCE_S = (3.0, 12.0)
BURST_S = 0.05
AGAIN_S = (0.2, 4.0)  # Shorter and longer than what is taken for the same scan.
COPIED_MAX = 30
COPIED_STAYS_S = (15.0, 60.0)
LINGER_S = (25.0, 45.0)  # Around the half minute that is taken for stuck.

Scan = Callable[[str, Direction, bytes | None], None]
"""Hold a code up to a reader of a lane; None is one that is too long. It may be dead."""


@dataclass(slots=True, eq=False)
class Person:
    """is_busy: at a lane. A guest has no id: an officer lets them in."""

    id: str
    is_inside: bool = False
    is_busy: bool = False


@dataclass(slots=True)
class Spot:
    """The place in front of and behind a turnstile, with those who stand there in order."""

    controller: SimController
    has_exit_reader: bool
    waiting: dict[Direction, deque[Person]] = field(
        default_factory=lambda: {direction: deque() for direction in Direction}
    )


class Crowd:
    """All people of a run. What they do to a turnstile is sensed by its controller."""

    begins_s = (0.2, 2.0)  # From the opening until somebody walks,
    takes_s = (0.3, 1.5)  # and until they are through.

    def __init__(
        self, random: Random, sky: Sky, story: Story, spots: Sequence[Spot], ids: Sequence[str]
    ) -> None:
        self.spots = spots
        self.people = [Person(one) for one in ids]
        self._random = random
        self._sky = sky
        self._story = story
        self._copied: deque[bytes] = deque(maxlen=COPIED_MAX)
        self.held_up: Callable[[str], bytes] = str.encode
        """What somebody holds up now, by their id."""
        for spot in spots:
            spot.controller.tell_people = _watching(self, spot)

    async def come_and_go(self, gap_s: float, scan: Scan) -> Never:
        while True:
            is_burst = self._random.random() < self._sky.weather.rush
            await asyncio.sleep(self._random.expovariate(1 / (BURST_S if is_burst else gap_s)))
            self._act(scan)

    def come_as_guest(self, spot: Spot) -> None:
        """Have somebody without a code stand where an officer lets them in."""
        self._stand(spot, Direction.ENTRY, Person(""))

    # --- at the readers --------------------------------------------------------------------------

    def _act(self, scan: Scan) -> None:
        random, weather = self._random, self._sky.weather
        spot = random.choice(self.spots)
        free = [person for person in self.people if not person.is_busy]
        if random.random() < weather.force and spot.controller.keeps_log:
            self._force(spot)
        elif random.random() < 0.05:
            direction = random.choice(list(Direction))
            scan(spot.controller.lane, direction, random.choice([None, b"\xff\x00", b""]))
        elif self._copied and random.random() < weather.copied:
            self._use_copy(spot, scan)
        elif free:
            self._use(random.choice(free), spot, scan)

    def _use(self, person: Person, spot: Spot, scan: Scan) -> None:
        random = self._random
        direction = Direction.EXIT if person.is_inside else Direction.ENTRY
        if random.random() < 0.05:  # Somebody whom the gate has on the wrong side.
            direction = random.choice(list(Direction))
        is_unseen = direction is Direction.EXIT and (
            not spot.has_exit_reader or random.random() < self._sky.weather.walk_out
        )
        if is_unseen:
            if person.is_inside and spot.controller.keeps_log:
                self._walk_through(spot, Direction.EXIT, person)
            return
        self._stand(spot, direction, person)
        code = self.held_up(person.id)
        self._copied.append(code)
        scan(spot.controller.lane, direction, code)
        if random.random() < self._sky.weather.both_lanes and len(self.spots) > 1:
            self._story.note("both_lanes")
            other = random.choice([one for one in self.spots if one is not spot])
            scan(other.controller.lane, direction, code)
        while random.random() < self._sky.weather.scan_again:
            self._story.note("scan_again")
            self._later(random.uniform(*AGAIN_S), scan, spot.controller.lane, direction, code)

    def _use_copy(self, spot: Spot, scan: Scan) -> None:
        """Have somebody else hold up a code that was seen here; should it let them in, they leave."""
        random = self._random
        self._story.note("copied")
        thief, code = Person(""), random.choice(self._copied)
        self._stand(spot, Direction.ENTRY, thief)
        scan(spot.controller.lane, Direction.ENTRY, code)
        self._later(random.uniform(*COPIED_STAYS_S), self._slip_out, spot, scan, thief, code)

    def _slip_out(self, spot: Spot, scan: Scan, thief: Person, code: bytes) -> None:
        if not thief.is_inside or thief.is_busy:
            return
        if spot.has_exit_reader:
            self._stand(spot, Direction.EXIT, thief)
            scan(spot.controller.lane, Direction.EXIT, code)
        elif spot.controller.keeps_log:
            self._walk_through(spot, Direction.EXIT, thief)

    def _stand(self, spot: Spot, direction: Direction, person: Person) -> None:
        person.is_busy = True
        spot.waiting[direction].append(person)
        patience_s = self._random.uniform(*PATIENCE_S)
        self._later(patience_s, self._lose_patience, spot, direction, person)

    def _lose_patience(self, spot: Spot, direction: Direction, person: Person) -> None:
        if person not in spot.waiting[direction]:
            return
        spot.waiting[direction].remove(person)
        controller = spot.controller
        is_way_free = direction is Direction.EXIT or controller.is_free
        is_right_side = person.is_inside is (direction is Direction.EXIT)
        if is_way_free and is_right_side and controller.keeps_log:
            self._walk_through(spot, direction, person)
        else:
            person.is_busy = False

    # --- at the turnstile ------------------------------------------------------------------------

    def seen(self, spot: Spot, what: Unlock | Relock | Signal, direction: Direction) -> None:
        """Act on what the turnstile does."""
        match what:
            case Unlock(_, bytes() as grant) if spot.waiting[direction]:
                self._let_in(spot, direction, grant, spot.waiting[direction].popleft())
            case Signal.REFUSED | Signal.ASK_OFFICER | Signal.CLOSED if spot.waiting[direction]:
                spot.waiting[direction].popleft().is_busy = False
            case Unlock() | Relock() | Signal():
                pass

    def _let_in(self, spot: Spot, direction: Direction, grant: bytes, person: Person) -> None:
        random, weather = self._random, self._sky.weather
        begin_s = random.uniform(*self.begins_s)
        if random.random() < 0.05:
            begin_s = random.uniform(4.5, 5.5)  # As the turnstile gives up.
        if random.random() < weather.stay:
            self._later(begin_s, self._leave, person)
        else:
            self._later(begin_s, self._begin, spot, direction, grant, person)

    def _begin(self, spot: Spot, direction: Direction, grant: bytes, person: Person) -> None:
        gate = spot.controller.gate
        if not isinstance(gate, Unlocked) or gate.command.grant != grant:
            self._leave(person)
            return
        spot.controller.take(PassageBegan(direction))
        random, weather = self._random, self._sky.weather
        takes_s = random.uniform(*self.takes_s)
        if random.random() < weather.linger:
            takes_s = random.uniform(*LINGER_S)
        is_through = random.random() >= weather.turn_back
        end = self._complete if is_through else self._turn_back
        self._later(takes_s, end, spot, direction, grant, person)

    def _turn_back(self, spot: Spot, direction: Direction, grant: bytes, person: Person) -> None:
        if spot.controller.in_force == grant.hex():
            spot.controller.take(TurnedBack())
        self._leave(person)

    def _complete(self, spot: Spot, direction: Direction, grant: bytes, person: Person) -> None:
        is_theirs = spot.controller.in_force == grant.hex()
        if not is_theirs and not spot.controller.keeps_log:
            self._leave(person)  # The arm has locked in front of them.
            return
        behind = self._follower(direction) if is_theirs else None
        if behind is not None and spot.controller.keeps_log:
            spot.controller.take(SecondBody())
            behind.is_inside = True
        self._walk_through(spot, direction, person)

    def _follower(self, direction: Direction) -> Person | None:
        if direction is Direction.EXIT or self._random.random() >= self._sky.weather.tailgate:
            return None
        return next((one for one in self.people if not one.is_inside and not one.is_busy), None)

    def _force(self, spot: Spot) -> None:
        person = next((one for one in self.people if not one.is_inside and not one.is_busy), None)
        if person is not None:
            self._walk_through(spot, Direction.ENTRY, person)

    def _walk_through(self, spot: Spot, direction: Direction, person: Person) -> None:
        spot.controller.take(PassageCompleted(direction))
        person.is_inside = direction is Direction.ENTRY
        person.is_busy = False

    def _leave(self, person: Person) -> None:
        person.is_busy = False

    def _later(self, after_s: float, act: Callable[..., None], *args: object) -> None:
        asyncio.get_running_loop().call_later(after_s, act, *args)


def _watching(crowd: Crowd, spot: Spot) -> Callable[[Unlock | Relock | Signal, Direction], None]:
    # Later, since the machine is in the middle of a step when it tells.
    def watch(what: Unlock | Relock | Signal, direction: Direction) -> None:
        asyncio.get_running_loop().call_soon(crowd.seen, spot, what, direction)

    return watch
