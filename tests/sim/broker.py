"""The simulated broker: takes messages and hands others on, loses connections, forgets, denies."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random

from gatewayd.ports import BrokerError, Message, Receipt
from tests.sim.broker_link import Fate, SimLink
from tests.sim.story import Arrived, Denied, Published, Story
from tests.sim.weather import Sky

DENIALS = {Fate.REFUSED: 0x99, Fate.NOT_ALLOWED: 0x87, Fate.FULL: 0x97}
KEPT_MAX = 20  # Messages that it keeps for somebody who asked it to keep none.


class SimBroker:
    """Outlives the gateway. `taken` are the ids of the events it took.

    papers: what stands retained below the gateway's filters; retained: what the gateway left.
    is_flapping, is_full: changed from outside.
    """

    def __init__(
        self, random: Random, sky: Sky, story: Story, is_recorded: Callable[[str], bool]
    ) -> None:
        """is_recorded: tells whether an event stands on the gateway's disk."""
        self.sky = sky
        self.story = story
        self.random = random
        self.taken: set[str] = set()
        self.retained: dict[str, bytes] = {}
        self.papers: dict[str, Message] = {}
        self.heard: list[Callable[[Message], None]] = []
        """Whom the centre has listen to what the gateway says."""
        self.is_flapping = False
        self.is_full = False
        self.link: SimLink | None = None
        self._kept: list[Message] = []
        self._fates: dict[str, Fate] = {}
        self._is_recorded = is_recorded

    # --- from the gateway ------------------------------------------------------------------------

    def take(self, message: Message) -> None:
        event, seq = _event_of(message)
        if event:
            self.taken.add(event)
        if message.is_retained:
            self.retained[message.topic] = message.payload
        self.story.saw(
            Arrived(
                at_s=asyncio.get_running_loop().time(),
                topic=message.topic,
                event=event,
                seq=seq,
                is_recorded=not event or self._is_recorded(event),
                payload=message.payload,
            )
        )
        for hear in self.heard:
            hear(message)

    def judge(self, message: Message) -> Fate:
        """Return what becomes of a message; of the same event always the same, in this weather."""
        event, _ = _event_of(message)
        weather = self.sky.weather
        fate = Fate.TAKEN
        if self.is_full:
            fate = Fate.FULL
        elif event and weather.event_denied:
            if event not in self._fates:
                is_denied = self.random.random() < weather.event_denied
                denials = [Fate.REFUSED, Fate.NOT_ALLOWED, Fate.HUNG_UP]
                self._fates[event] = self.random.choice(denials) if is_denied else Fate.TAKEN
            fate = self._fates[event]
        if event and fate is not Fate.TAKEN:
            now_s = asyncio.get_running_loop().time()
            self.story.saw(Denied(at_s=now_s, event=event, how=str(fate)))
        return fate

    def receipt(self, fate: Fate) -> Receipt:
        return Receipt(DENIALS.get(fate, 0))

    # --- to the gateway --------------------------------------------------------------------------

    def publish(self, message: Message, published: Published) -> None:
        """Take what somebody publishes for the gateway, and hand it on if it listens now."""
        self.story.saw(published)
        if message.is_retained:
            self.papers[message.topic] = message
            if not message.payload:
                del self.papers[message.topic]
        weather = self.sky.weather
        live = replace(message, is_retained=False)
        if self.link is not None and self.link.is_up:
            self.link.bring(live)
            if self.random.random() < weather.handed_twice:
                self.story.note("handed_twice")
                self.link.bring(live)
        elif not message.is_retained and self.random.random() < weather.session_kept:
            self._kept.append(live)

    def keep(self, messages: list[Message]) -> None:
        """Keep what a lost connection did not acknowledge, where the weather says so."""
        if self.random.random() < self.sky.weather.session_kept:
            self._kept = [*self._kept, *(replace(one, is_retained=False) for one in messages)]

    def kept(self) -> list[Message]:
        """Return what it kept from the connection before, or while there was none."""
        kept, self._kept = self._kept[-KEPT_MAX:], []
        if kept:
            self.story.note("session_resumed")
        return kept

    def forget(self) -> None:
        """Start anew without its memory: what was retained is gone, and the connection with it."""
        self.papers.clear()
        self.retained.clear()
        if self.link is not None:
            self.link.cut()


class SimConnector:
    """The port Broker of one gateway process; `die` ends its connection as a kill does."""

    def __init__(self, broker: SimBroker, run: str) -> None:
        self._broker = broker
        self._run = run
        self._link: SimLink | None = None
        self._is_dead = False

    @asynccontextmanager
    async def connect(self, will: Message | None) -> AsyncIterator[SimLink]:
        broker = self._broker
        await asyncio.sleep(broker.random.random() * 0.1)
        if self._is_dead or broker.random.random() < broker.sky.weather.broker_refuses:
            raise BrokerError("the simulated broker refuses")
        link = self._link = broker.link = SimLink(broker, will, self._run)
        try:
            yield link
        finally:
            link.close()

    def die(self) -> None:
        self._is_dead = True
        if self._link is not None:
            self._link.cut("the process was killed")


def _event_of(message: Message) -> tuple[str, int]:
    """Return id and sequence of the event that a message carries; "" where it is none."""
    if "/event/" not in message.topic and "/backfill/" not in message.topic:
        return "", 0
    body = json.loads(message.payload)
    return body["id"], body["sequence"]
