"""What arrives from the centre: each message to whoever takes its kind."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gatewayd.core.words import Json
from gatewayd.mqtt.topics import is_under
from gatewayd.ports import Message


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of a message.

    id: its own. result: `done`, or why not, as a word. text: for people, where a word is not
    enough. detail: what was asked for.
    """

    id: str
    result: str
    text: str | None = None
    detail: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Centre:
    """Who a message came from, at the other end of one connection.

    tell: answers, if the connection still stands. replay: sends events again, from the first to the
    last seq; False where there is too much to do already.
    """

    tell: Callable[[Reply], None]
    replay: Callable[[int, int], bool]


class Intake(Protocol):
    """Takes the messages of some topics, one after the other, in the order of their arrival."""

    @property
    def topics(self) -> Sequence[str]:
        """Topic filters to subscribe to."""
        ...

    async def take(self, message: Message, centre: Centre) -> None:
        """Deal with a message; when it returns, the broker may forget it."""
        ...


class Inbox:
    def __init__(self, intakes: Sequence[Intake]) -> None:
        self._intakes = list(intakes)

    def add(self, intake: Intake) -> None:
        self._intakes.append(intake)

    @property
    def topics(self) -> list[str]:
        return [topic for intake in self._intakes for topic in intake.topics]

    async def take(self, message: Message, centre: Centre) -> None:
        """Hand a message to the first who takes its topic; nobody asked for any other."""
        for intake in self._intakes:
            if any(is_under(one, message.topic) for one in intake.topics):
                await intake.take(message, centre)
                return
