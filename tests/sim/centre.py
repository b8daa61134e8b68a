"""The simulated centre: lays down rules, gives orders, answers questions; and whoever poses as it."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Never

from gatewayd.core.documents import Slot
from gatewayd.core.lane_codes import LaneCode, stamp, write_code
from gatewayd.core.orders import LIFE_S_MAX, OrderKind
from gatewayd.core.pseudonym import Namespace
from gatewayd.core.words import Direction, LaneId
from gatewayd.mqtt import topics
from gatewayd.ports import Message
from tests.sim import papers
from tests.sim.broker import SimBroker
from tests.sim.clock import START
from tests.sim.papers import ORDER_TOPICS, SITE
from tests.sim.people import Crowd, Spot
from tests.sim.site import GUESTS, PERSON, PRIVACY_KEY, PSEUDONYMS, UNLISTED
from tests.sim.story import Published, Story
from tests.sim.weather import CLEAR, Sky

GARBAGE = (b"", b"{}", b"\xff\x00", b"a.b.c", b"." * 300)
AGAIN_S = (0.0, 0.01, 1.0, 20.0, 60.0)  # At once, while it is under way, and long after it is over.
STATUS_S = 3600  # How long the word on somebody is good.


@dataclass(slots=True)
class _Desk:
    """What the centre said last for a slot. entries: of the roster."""

    version: int = 0
    messages: list[Published] = field(default_factory=list)
    entries: dict[str, dict[str, str]] = field(default_factory=dict)


class SimCentre:
    """Outlives the gateway. Its clock is right."""

    def __init__(
        self, random: Random, sky: Sky, story: Story, broker: SimBroker, crowd: Crowd
    ) -> None:
        self._random = random
        self._sky = sky
        self._story = story
        self._broker = broker
        self._crowd = crowd
        self._desks = {slot: _Desk() for slot in papers.SLOTS}
        self._counter = 0
        self._count = 0
        self._health: dict[str, Any] = {}
        broker.heard.append(self._hear)

    async def work(self) -> Never:
        async with asyncio.TaskGroup() as tasks:
            weather = self._sky.weather
            if weather.documents_s:
                tasks.create_task(self._again(weather.documents_s, self._lay_down), name="rules")
            if weather.orders_s:
                tasks.create_task(self._again(weather.orders_s, self._give_order), name="orders")
            await asyncio.Event().wait()
        raise AssertionError("a centre works until cancelled")

    def settle(self) -> None:
        """Have the newest of each document stand at the broker, as it would be seen to one day."""
        self._health = {}
        for topic in list(self._broker.papers):
            self._broker.publish(Message(topic, b"", is_retained=True), self._said(topic, b""))
        for slot, desk in self._desks.items():
            if desk.version:
                self._publish_document(slot, is_whole=True)

    def unrest(self) -> str:
        """Say what the gateway does not tell yet of its rules, or of its health since the end."""
        told = {
            (one["kind"], one["path"], one.get("name", "")): one["version"]
            for one in self._state().get("documents", [])
        }
        old = [
            _name(slot)
            for slot, desk in self._desks.items()
            if desk.version != told.get((str(slot.kind), slot.path, slot.name), 0)
        ]
        if old:
            return f"documents: {', '.join(old)} of before"
        return "" if self._is_health_green() else f"health: {self._health}"

    def _is_health_green(self) -> bool:
        told = self._health
        return (
            self._sky.weather is CLEAR
            and (told.get("queue_depth"), told.get("quarantined")) == (0, 0)
            and told.get("connected_s") is not None
        )

    async def _again(self, mean_s: float, act: Callable[[], None]) -> Never:
        while True:
            await asyncio.sleep(self._random.expovariate(1 / mean_s))
            act()

    # --- documents -------------------------------------------------------------------------------

    def _lay_down(self) -> None:
        slot = self._random.choice(papers.SLOTS)
        if self._random.random() < self._sky.weather.document_bad:
            self._spoil(slot)
        else:
            self._publish_document(slot)

    def _publish_document(self, slot: Slot, *, is_whole: bool = False) -> None:
        desk, random = self._desks[slot], self._random
        base, before, is_change = desk.version, desk.entries, False
        desk.version += random.choice([1, 1, 1, 5])
        if slot == papers.ROSTER:
            desk.entries = self._draw_entries()
            is_change = bool(base) and not is_whole and random.random() < 0.4
            content = (
                papers.roster_change(base, before, desk.entries)
                if is_change
                else papers.roster(desk.entries)
            )
        elif slot == papers.TRUST:
            content = papers.trust(desk.version)
        else:
            content = papers.policy(slot, desk.version)
        number = self._number("d")
        message = papers.document(slot, self._now(), number, desk.version, content)
        published = self._said(
            papers.topic_of(slot),
            message,
            slot=slot,
            version=desk.version,
            id=number,
            is_change=is_change,
        )
        desk.messages.append(published)
        self._send(published, is_retained=True)

    def _spoil(self, slot: Slot) -> None:
        """Publish what must change nothing: it is old, somebody else's, or nothing at all."""
        desk, random, topic = self._desks[slot], self._random, papers.topic_of(slot)
        flaw = random.choice(["rollback", "rollback", "other", "forged", "garbage", "misplaced"])
        version, message = desk.version, random.choice(GARBAGE)
        number, content = self._number("d"), papers.policy(slot, 99)
        if flaw == "rollback" and len(desk.messages) > 1:
            old = random.choice(desk.messages[:-1])
            message, version = old.payload, old.version
        elif flaw == "other" and desk.version and slot != papers.ROSTER:
            content = papers.policy(slot, 98) if "policy" in slot.kind else {"trust": None}
            message = papers.document(slot, self._now(), number, desk.version, content)
        elif flaw == "forged":
            signer = papers.STRANGER
            version = desk.version + 1000
            message = papers.document(slot, self._now(), number, version, content, signer)
        elif flaw == "misplaced":
            other = next(one for one in papers.SLOTS if one != slot)
            message = papers.document(other, self._now(), number, version + 1000, content)
        else:
            flaw = "garbage"
        published = self._said(topic, message, flaw=flaw, slot=slot, version=version, id=number)
        self._send(published, is_retained=random.random() < 0.7)

    def _draw_entries(self) -> dict[str, dict[str, str]]:
        chosen = [one for one in GUESTS if self._random.random() < 0.7]
        return {PSEUDONYMS.of(Namespace.PERSON, one): {"category": "visitor"} for one in chosen}

    # --- orders ----------------------------------------------------------------------------------

    def _give_order(self) -> None:
        random, weather = self._random, self._sky.weather
        kind, claims = self._draw_order()
        order_id = self._number(kind.value)
        self._counter = max(self._counter + 1, round(self._now().timestamp() * 1000))
        if claims.get("do") == "open":
            claims["reason"] = order_id
        claims |= self._nonce()
        flaw, at, signer, is_retained = "", self._now(), papers.CENTRE, False
        if random.random() < weather.order_bad:
            flaw = random.choice(["forged", "expired", "early", "elsewhere", "garbage", "retained"])
        match flaw:
            case "forged":
                signer = papers.STRANGER
            case "expired":
                at -= timedelta(seconds=random.uniform(LIFE_S_MAX + 10, 1000))
            case "early":
                at += timedelta(seconds=random.uniform(20, 1000))
            case "elsewhere":
                claims["aud"] = "mojokerto/dukcapil/other"
            case "retained":
                is_retained = True
            case _:
                pass
        message = papers.order(kind, at, order_id, self._counter, claims, signer)
        if flaw == "garbage":
            message = random.choice([*GARBAGE, message[:-5], message[5:]])
        until_s = (at - START).total_seconds() + LIFE_S_MAX
        published = self._said(
            ORDER_TOPICS[kind], message, flaw=flaw, kind=str(kind), id=order_id, until_s=until_s
        )
        self._send(published, is_retained=is_retained)
        if not flaw and random.random() < weather.order_again:
            asyncio.get_running_loop().call_later(random.choice(AGAIN_S), self._send, published)

    def _draw_order(self) -> tuple[OrderKind, dict[str, Any]]:
        random = self._random
        spot = random.choice(self._crowd.spots)
        match random.choice(["open", "checkin", "checkin", "do", "status", "receipt"]):
            case "open":
                self._crowd.come_as_guest(spot)
                return OrderKind.COMMAND, self._open(spot)
            case "checkin":
                return OrderKind.CHECKIN, self._check_in(spot)
            case "status":
                return OrderKind.STATUS, self._status(random.choice((*UNLISTED, f"{PERSON}V-1")))
            case "receipt":
                return OrderKind.RECEIPT, self._draw_receipt()
            case _:
                return OrderKind.COMMAND, self._draw_command()

    def _open(self, spot: Spot) -> dict[str, Any]:
        lane = spot.controller.lane
        return {"do": "open", "lane": lane, "healthy": True, "protocol": True}

    def _check_in(self, spot: Spot) -> dict[str, Any]:
        random = self._random
        at = self._now() - timedelta(seconds=random.choice([0, 0, 0, 300]))
        code = write_code(LaneCode(str(SITE), LaneId(spot.controller.lane), Direction.ENTRY))
        if random.random() < 0.9:
            code = stamp(code, PRIVACY_KEY, at)
        self._crowd.come_as_guest(spot)
        return {"code": code, "direction": "entry", "category": "visitor"}

    def _status(self, person: str) -> dict[str, Any]:
        return {
            "holder": PSEUDONYMS.of(Namespace.PERSON, person),
            "status": self._random.choice(["green", "yellow", "red"]),
            "status_until": int(self._now().timestamp()) + STATUS_S,
            "category": "visitor",
        }

    def _draw_receipt(self) -> dict[str, Any]:
        state = self._state()
        last = int(state.get("next_sequence", 2)) - 1
        claims = {"epoch": state.get("epoch", "0" * 16)}
        upto = self._random.randint(1, last + 3)
        if self._random.random() < 0.5:
            return {**claims, "upto": upto}
        return {**claims, "from": max(1, upto - 20), "to": upto}

    def _draw_command(self) -> dict[str, Any]:
        lane = self._random.choice(self._crowd.spots).controller.lane
        return self._random.choice(
            [
                {"do": "diagnostics"},
                {"do": "reload"},
                {"do": "dance"},
                {"do": "resume", "lane": lane, "reason": "as ever"},
                {"do": "open", "lane": "lane-9", "reason": "nowhere"},
                {
                    "do": "forgive",
                    "reason": "?",
                    "holder": PSEUDONYMS.of(Namespace.PERSON, UNLISTED[0]),
                },
                {"do": "replay", **self._draw_receipt()},
            ]
        )

    # --- what both are about ---------------------------------------------------------------------

    def _hear(self, message: Message) -> None:
        """Answer a question about somebody, most of the times."""
        if message.topic == topics.health(SITE):
            self._health = json.loads(message.payload)
        if message.topic != topics.check(SITE) or self._random.random() < 0.3:
            return
        holder = json.loads(message.payload)["holder"]
        self._counter = max(self._counter + 1, round(self._now().timestamp() * 1000))
        order_id = self._number("answer")
        claims = {**self._status(UNLISTED[0]), "holder": holder, **self._nonce()}
        signed = papers.order(OrderKind.STATUS, self._now(), order_id, self._counter, claims)
        said = self._said(
            ORDER_TOPICS[OrderKind.STATUS],
            signed,
            kind=str(OrderKind.STATUS),
            id=order_id,
            until_s=(self._now() - START).total_seconds() + LIFE_S_MAX,
        )
        delay_s = self._random.expovariate(1 / 0.5)
        asyncio.get_running_loop().call_later(delay_s, self._send, said)

    def _send(self, published: Published, *, is_retained: bool = False) -> None:
        message = Message(published.topic, published.payload, is_retained=is_retained)
        self._broker.publish(message, published)

    def _said(
        self, topic: str, payload: bytes, *, slot: Slot | None = None, **more: Any
    ) -> Published:
        if slot is not None:
            more = {"kind": str(slot.kind), "slot": _name(slot), **more}
        now_s = asyncio.get_running_loop().time()
        head: Mapping[str, Any] = {"kind": "", "id": "", "flaw": "", **more}
        return Published(at_s=now_s, topic=topic, payload=payload, **head)

    def _nonce(self) -> dict[str, Any]:
        """Return what a gateway without the time wants to hear again."""
        nonce = self._state().get("nonce")
        return {} if nonce is None else {"nonce": nonce}

    def _state(self) -> dict[str, Any]:
        shown: dict[str, Any] = json.loads(self._broker.retained.get(topics.state(SITE), b"{}"))
        return shown

    def _number(self, kind: str) -> str:
        self._count += 1
        return f"{kind}-{self._count}"

    def _now(self) -> datetime:
        return START + timedelta(seconds=asyncio.get_running_loop().time())


def _name(slot: Slot) -> str:
    return f"{slot.kind} {slot.label}"
