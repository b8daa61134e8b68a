"""What the centre says of holders: taken once, durable first, and what it counts for at the gate."""

import asyncio
from datetime import UTC, timedelta
from itertools import count
from pathlib import Path

import pytest

from gatewayd.core.centre_statuses import COUNTERS, KEPT, CentreStatus, read_claims, read_row
from gatewayd.core.disclosure import fields
from gatewayd.core.events import Access
from gatewayd.core.folded import Change
from gatewayd.core.orders import Judge
from gatewayd.core.policy import Answer, Policy
from gatewayd.core.reasons import Locale
from gatewayd.core.served import has_served
from gatewayd.core.tables import Expected
from gatewayd.core.trust import IssuerKey, Purpose, collect
from gatewayd.core.words import ClockQuality, Status
from gatewayd.ports import Message, StorageError
from gatewayd.runtime import centre_statuses
from gatewayd.runtime.centre_statuses import CentreStatuses, Shelf
from gatewayd.runtime.inbox import Centre, Reply
from gatewayd.runtime.nonces import Nonces
from tests.sim.loop import run
from tests.unit.doubles import (
    PSEUDONYMS,
    START,
    InlineBlocking,
    SimCache,
    SimChance,
    SimClock,
    SimTurnstile,
    Site,
    holder,
)
from tests.unit.signing import AUDIENCE, SIGNER, claims_at, signed
from tests.unit.test_centre_orders import in_virtual_time

KEY = IssuerKey("centre", SIGNER.public_key(), frozenset({Purpose.STATUS}))
DAY = timedelta(days=1)
ANNA = holder("anna")
UNTIL_S = (START + DAY).timestamp()
SAID = {"holder": ANNA, "status": "green", "status_until": UNTIL_S}
TOPIC = "onegate/v1/mojokerto/dukcapil/gmsc/dn/status"


class FullCache(SimCache):
    is_full = False

    def flush(self) -> None:
        if self.is_full:
            raise StorageError("no space left: make room", Path("/var/lib/gatewayd/cache.json"))
        super().flush()


class World:
    def __init__(self) -> None:
        self.cache = FullCache()
        self.clock = SimClock()
        self.blocking = InlineBlocking()
        self.said: list[tuple[str, str]] = []
        self.text: str | None = None
        self.answered: list[tuple[str, bool]] = []
        self.nonces = Nonces(self.clock, SimChance())
        shelf = Shelf(
            judge=lambda: Judge(AUDIENCE, collect([KEY])),
            key_id=lambda: PSEUDONYMS.key_id,
            nonces=self.nonces,
            cache=self.cache,
            blocking=self.blocking,
            clock=self.clock,
            kept_max=timedelta(days=21),
        )
        self.intake = CentreStatuses(TOPIC, shelf, self._answered)

    def _answered(self, one: str) -> None:
        durable, _ = self.cache._durable
        self.answered.append((one, one in durable.get(KEPT, {})))

    async def send(self, *, is_retained: bool = False, **claims: object) -> str | None:
        """Send a status and return what was answered to it."""
        message = signed(self.claims(**claims), typ="onegate-status+jws")
        return await self.deliver(message, is_retained=is_retained)

    def claims(self, **claims: object) -> dict[str, object]:
        return {**claims_at(self.clock.utc(), **SAID), **claims}

    async def deliver(self, message: bytes, *, is_retained: bool = False) -> str | None:
        def tell(reply: Reply) -> None:
            self.said.append((reply.id, reply.result))
            self.text = reply.text

        centre = Centre(tell, lambda *_: True)
        before = len(self.said)
        await self.intake.take(Message(TOPIC, message, is_retained=is_retained), centre)
        return self.said[-1][1] if len(self.said) > before else None


@in_virtual_time
async def test_a_status_is_on_disk_before_it_counts_and_before_it_is_answered():
    """R26."""
    world = World()
    assert await world.send(category="visitor") == "done"
    assert world.answered == [(ANNA, True)]
    world.cache.crash()
    told = read_row(world.cache.get(KEPT, ANNA), world.clock.utc())
    assert told is not None
    assert (told.status, told.until, told.category) == (Status.GREEN, START + DAY, "visitor")


@in_virtual_time
async def test_a_status_is_taken_once_also_after_a_crash():
    world = World()
    message = signed(world.claims(), typ="onegate-status+jws")
    assert await world.deliver(message) == "done"
    assert await world.deliver(message) == "replayed"
    world.cache.crash()
    assert await world.deliver(message) == "replayed"
    world.cache.clear()
    assert await world.deliver(message) == "replayed", "folding anew forgets no counter"
    older = world.claims()
    assert await world.send(ctr=older["ctr"] - 1) == "replayed"
    assert len(world.answered) == 1


@in_virtual_time
async def test_a_retained_a_late_or_a_strange_one_changes_nothing():
    world = World()
    assert await world.send(is_retained=True) is None
    assert await world.send(iat=int(START.timestamp()) - 60, exp=int(START.timestamp()) - 40) == (
        "expired"
    )
    assert await world.deliver(signed(world.claims())) is None, "signed as another kind"
    assert await world.send(aud="mojokerto/dukcapil/other") == "audience"
    assert await world.send(holder="anna") == "content"
    assert world.cache.size(KEPT) == world.cache.size(COUNTERS) == 0
    assert world.answered == []


@in_virtual_time
async def test_without_the_time_a_status_echoes_the_word_of_now():
    world = World()
    world.clock.told = ClockQuality.UNSYNCED
    assert await world.send() == "clock"
    assert await world.send(nonce=world.nonces.present) == "done"


@in_virtual_time
async def test_a_disk_that_refuses_is_told_and_nobody_waits_for_it():
    world = World()
    world.cache.is_full = True
    assert await world.send() == "record_failed"
    assert world.text == "no space left: make room"  # And no path of this machine.
    assert world.answered == []


async def _fill(world: World) -> None:
    rows = [Change(KEPT, f"h-{n}", {}) for n in range(2)]
    world.cache.keep([*rows, Change(KEPT, ANNA, {})])


def test_only_so_many_have_a_status(monkeypatch):
    monkeypatch.setattr(centre_statuses, "ROWS_MAX", 3)

    async def main() -> None:
        world = World()
        await _fill(world)
        assert await world.send(holder=holder("ben")) == "busy"
        assert await world.send() == "done", "one who has one may have another"

    run(main())


def test_what_holds_no_more_is_forgotten():
    row = CentreStatus(Status.RED, START, START + DAY).row()
    kept_since = START - 21 * DAY
    assert not has_served(KEPT, row, kept_since, START + DAY)
    assert has_served(KEPT, row, kept_since, START + DAY + timedelta(milliseconds=1))


def test_a_person_who_asks_is_told_what_all_of_it_means():
    row = CentreStatus(Status.RED, START, START + DAY, "visitor").row()
    assert set(fields([row], Locale.EN)) == set(row)


# --- the claims ---


def read(**claims: object):
    given = {name: value for name, value in {**SAID, **claims}.items() if value is not None}
    return read_claims(given, PSEUDONYMS.key_id, START, timedelta(days=21))


def test_a_status_is_kept_for_the_retention_time_at_the_most():
    forever = (START + 400 * DAY).timestamp()
    assert read(status_until=forever) == (
        ANNA,
        CentreStatus(Status.GREEN, START, START + 21 * DAY),
    )


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"holder": None}, "holder: expected one"),
        ({"holder": 7}, "holder: expected a pseudonym"),
        ({"status": None}, "status: expected one"),
        ({"status": "blue"}, "status: expected one of green"),
        ({"status_until": None}, "status_until: expected one"),
        ({"status_until": "soon"}, "status_until: expected a time"),
        ({"category": 7}, "category: expected"),
    ],
    ids=count(),
)
def test_claims_that_say_nothing_are_named(claims, told):
    found = read(**claims)
    assert isinstance(found, Expected)
    assert found.what.startswith(told)


# --- at the gate ---


SCREENED = Policy(zone=UTC, statuses={Status.RED: Answer.REFUSE, Status.BLACK: Answer.REFUSE})


def scanned(*told: tuple[float, Status, timedelta], person: str = "V-1") -> list[str]:
    """Scan somebody after each of what the centre says at a time; return the reasons."""
    site = Site([SimTurnstile()], policy=SCREENED)

    async def main() -> None:
        async with site.running():
            for after_s, status, lasts in told:
                await asyncio.sleep(after_s)
                at = site.clock.utc()
                row = CentreStatus(status, at, at + lasts).row()
                site.cache.keep([Change(KEPT, holder(person), row)])
                site.scan(person)
                await asyncio.sleep(3)
            site.scan(person)
            await asyncio.sleep(3)

    run(main())
    return [fact.reason for fact in site.facts(Access)]


def test_the_newer_word_of_the_centre_counts():
    assert scanned((1, Status.BLACK, DAY)) == ["status_black", "status_black"]
    assert scanned((1, Status.BLACK, DAY), (1, Status.GREEN, DAY)) == ["status_black", "ok", "ok"]
    assert scanned((1, Status.GREEN, DAY), (1, Status.RED, DAY)) == ["ok"] + ["status_red"] * 2


def test_a_word_that_ends_says_nothing_any_more():
    assert scanned((1, Status.RED, timedelta(seconds=2))) == ["status_red", "ok"]


def test_a_word_about_somebody_unknown_makes_nobody_known():
    assert scanned((1, Status.GREEN, DAY), person="X-1") == ["unknown_holder"] * 2


def test_rows_without_an_end_in_sight_are_read():
    row = CentreStatus(Status.GREEN, START, START + DAY, "visitor").row()
    assert read_row(row, START + DAY - timedelta(seconds=1)) is not None
    assert read_row(row, START + DAY) is None
    assert read_row(None, START) is None
