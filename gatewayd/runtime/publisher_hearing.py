"""Hears what the centre says, and answers it: over this connection or, if it is lost, the next."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Never

from gatewayd.ports import BrokerError, BrokerLink, Message
from gatewayd.runtime.inbox import Centre, Inbox, Reply
from gatewayd.runtime.publisher_suspects import QUOTA_EXCEEDED

log = logging.getLogger(__name__)

REPLIES_MAX = 100  # As many orders as can come within the life of one, and more than are under way.
REFUSED_S = 10.0  # A quota passes, however long it takes. Rules are loaded anew,
REFUSED_MAX = 5  # but whoever asked a minute ago has given up, and some brokers hang up each time.


class Hearing:
    def __init__(
        self, inbox: Inbox, replay: Callable[[int, int], bool], word: Callable[[Reply], Message]
    ) -> None:
        """`word`: makes the message of an answer."""
        self._inbox = inbox
        self._centre = Centre(self._tell, replay)
        self._word = word
        self._replies: deque[Message] = deque(maxlen=REPLIES_MAX)
        self._refusals = 0
        """Of the answer that is next, over all connections."""
        self._has_news = asyncio.Event()

    async def run(self, link: BrokerLink) -> Never:
        """Read on until the connection is lost: a line that died in silence is noticed here."""
        async with asyncio.TaskGroup() as tasks:
            for topic in self._inbox.topics:  # All in one go: what comes before them is lost.
                tasks.create_task(_subscribe(link, topic), name=f"subscribe {topic}")
            tasks.create_task(self._answer(link), name="replies")
            async for message in link.messages():
                await self._inbox.take(message, self._centre)
        raise AssertionError("messages end with the connection, by an error")

    def _tell(self, reply: Reply) -> None:
        self._replies.append(self._word(reply))
        self._has_news.set()

    async def _answer(self, link: BrokerLink) -> Never:
        """Send the answers one after the other; one without a receipt stays for the next link."""
        while True:
            while self._replies:
                await self._send(self._replies[0], link)
            self._has_news.clear()
            await self._has_news.wait()

    async def _send(self, reply: Message, link: BrokerLink) -> None:
        receipt = await link.publish(reply)
        self._refusals += receipt.is_refused and receipt.code != QUOTA_EXCEEDED
        if receipt.is_refused and self._refusals < REFUSED_MAX:
            await asyncio.sleep(REFUSED_S)
            return
        if receipt.is_refused:
            log.warning("reply_refused", extra={"fields": {"code": receipt.code}})
        self._refusals = 0
        if self._replies and self._replies[0] is reply:  # Else newer ones pushed it out.
            self._replies.popleft()


async def _subscribe(link: BrokerLink, topic: str) -> None:
    try:
        await link.subscribe(topic)
    except BrokerError as error:  # If the connection is lost, it says so again.
        log.warning("not_subscribed", extra={"fields": {"topic": topic, "reason": str(error)}})
