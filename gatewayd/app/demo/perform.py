"""Performs the demo from the first broker to the last account."""

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, Protocol

from gatewayd.app.demo.accounts import Ledger, Seen, settle
from gatewayd.app.demo.acts import Acting, Happened, statements_shown
from gatewayd.app.demo.cast import ISSUER, Casting
from gatewayd.app.demo.centre import Centre
from gatewayd.app.demo.play import Day, Play
from gatewayd.app.demo.stage import DemoSite, Stage
from gatewayd.app.demo.story import Story
from gatewayd.app.key_files import make_signing_key, read_signing_key
from gatewayd.app.records import read_events
from gatewayd.core.reasons import Locale
from gatewayd.mqtt.topics import SitePath
from gatewayd.runtime.blocking import ThreadBlocking
from gatewayd.runtime.clock import SystemClock

SETTLE_S = 30.0  # For the backlog of an outage, and for windows that still run.
LAST_EVENTS_S = 5.0
LOOK_S = 0.1
LATER_PEOPLE, LATER_S = 40, 300.0
"""Who comes after the accounts: one every five seconds, so that one can follow a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """has_outage: the centre's broker is away for the middle third of the time.

    is_embedded: take the embedded broker although mosquitto may be installed. story: what is played
    instead of a crowd; then people, seconds and has_outage say nothing. pace_s: rest after each of
    its acts, for people who watch. is_left_open: the gate stays up after the accounts, with people
    who come slowly, until the watcher has seen enough.
    """

    people: int = 60
    seconds: float = 60.0
    has_outage: bool = False
    is_embedded: bool = False
    seed: int = 1
    story: Story | None = None
    pace_s: float = 0.0
    is_left_open: bool = False


class Watcher:
    """Is shown what happens; the default looks away."""

    def set(self, stage: Stage) -> None:
        """Be told that everything stands."""

    def log(self, told: Mapping[str, Any]) -> None:
        """Be told a line of the gateway's log."""

    def note(self, sentence: str) -> None:
        """Be told what the demo does."""

    async def watch(self, stage: Stage) -> None:
        """Look at the stage until cancelled."""

    async def stay(self, stage: Stage, ledger: Ledger) -> None:
        """Be told the accounts of a gate that stays up; returns when it may end."""


async def perform(options: Options, watcher: Watcher) -> Ledger:
    """Play the whole demo; return its accounts."""
    with (
        tempfile.TemporaryDirectory(prefix="gatewayd-demo-") as folder,
        ThreadBlocking() as blocking,
    ):
        async with asyncio.TaskGroup() as tasks:
            site = _crowds_site(options.people) if options.story is None else options.story.site
            stage = Stage(
                site, Path(folder), tasks, blocking, watcher.log, is_embedded=options.is_embedded
            )
            try:
                return await _perform(options, watcher, stage, tasks)
            finally:
                await stage.strike()


async def _perform(
    options: Options, watcher: Watcher, stage: Stage, tasks: asyncio.TaskGroup
) -> Ledger:
    random = Random(options.seed)  # noqa: S311 - play
    private, public = make_signing_key(stage.directory / "issuer", ISSUER)
    casting = Casting(read_signing_key(private).private, SystemClock().utc(), random)
    if options.story is None:
        production: _Production = _Crowd(options, casting, random)
    else:
        production = _Told(options.story, casting, options.pace_s)
    stage.write_files(public, production.roster())
    watcher.note("starting brokers, turnstiles and the gateway")
    await stage.central.start()
    centre = Centre(stage.site.path, "127.0.0.1", stage.central.port)
    listening = tasks.create_task(centre.run(), name="centre")
    await centre.is_connected.wait()
    await stage.set_up()
    watcher.set(stage)
    watching = tasks.create_task(watcher.watch(stage), name="watcher")
    await production.play(stage, watcher)
    watcher.note("everybody has come; the last accounts are settled")
    inside = await _settle(stage)
    watching.cancel()
    if not options.is_left_open:
        await stage.end_gateway()
    ledger = production.judge(await _accounts(stage, centre, inside))
    if options.is_left_open:
        await _stay(production, stage, watcher, ledger)
    listening.cancel()
    return ledger


async def _stay(production: "_Production", stage: Stage, watcher: Watcher, ledger: Ledger) -> None:
    async with asyncio.TaskGroup() as tasks:
        coming = tasks.create_task(production.go_on(stage), name="people who come later")
        await watcher.stay(stage, ledger)
        coming.cancel()


class _Production(Protocol):
    """What is played."""

    def roster(self) -> str: ...

    async def play(self, stage: Stage, watcher: Watcher) -> None: ...

    async def go_on(self, stage: Stage) -> None:
        """Have people come after the accounts, for as long as anybody watches."""
        ...

    def judge(self, ledger: Ledger) -> Ledger:
        """Return the accounts with what this play has to say of them."""
        ...


class _Crowd:
    def __init__(self, options: Options, casting: Casting, random: Random) -> None:
        self._options = options
        self._casting = casting
        self._random = random
        self._crowd = casting.crowd(options.people)
        self._later = casting.crowd(LATER_PEOPLE, first=options.people)

    def roster(self) -> str:
        return self._casting.roster([*self._crowd, *self._later])

    async def play(self, stage: Stage, watcher: Watcher) -> None:
        watcher.note("people come")
        seconds = self._options.seconds
        play = self._day(stage, Day(seconds=seconds))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(play.run(self._crowd), name="people")
            if self._options.has_outage:
                tasks.create_task(_outage(stage, seconds, watcher), name="outage")

    async def go_on(self, stage: Stage) -> None:
        day = Day(seconds=LATER_S, staying=0.0, has_officer=False)
        while True:
            await self._day(stage, day).run(self._later)

    def judge(self, ledger: Ledger) -> Ledger:
        return ledger

    def _day(self, stage: Stage, day: Day) -> Play:
        return Play(list(stage.lanes.values()), stage.ask, day, self._random)


class _Told:
    def __init__(self, story: Story, casting: Casting, pace_s: float) -> None:
        self._story = story
        self._acting = Acting(story, casting, pace_s)
        self._happened: Sequence[Happened] = ()

    def roster(self) -> str:
        return self._acting.roster()

    async def play(self, stage: Stage, watcher: Watcher) -> None:
        for locale in Locale:
            watcher.note(f"{self._story.title}: {self._story.opening.text(locale)}")
        self._happened = await self._acting.play(stage, watcher.note)

    async def go_on(self, stage: Stage) -> None:
        """Have nobody come: the story is told."""

    def judge(self, ledger: Ledger) -> Ledger:
        wrong = [one.problem() for one in self._happened if not one.is_right]
        statements = tuple(statements_shown(self._story, self._happened))
        return replace(ledger, problems=(*ledger.problems, *wrong), statements=statements)


def _crowds_site(people: int) -> DemoSite:
    policy: dict[str, object] = {
        "version": "demo-1",
        "unknown_holder": "refer",
        "capacity": {"by_category": {"visitor": max(3, people // 8)}},
    }
    return DemoSite(SitePath("demo", "balai-kota", "gerbang"), "Asia/Jakarta", policy)


async def _outage(stage: Stage, seconds: float, watcher: Watcher) -> None:
    await asyncio.sleep(seconds / 3)
    watcher.note("the centre's broker is away: the gate goes on, events wait on the disk")
    await stage.central.go_away()
    await asyncio.sleep(seconds / 3)
    await stage.central.come_back()
    watcher.note("the centre's broker is back: what waited is sent")


async def _settle(stage: Stage) -> int:
    """Wait until no grant is in force and everything has its receipt; return who is inside."""
    loop = asyncio.get_running_loop()
    until_s = loop.time() + SETTLE_S
    while True:
        status = await stage.ask({"do": "status"})
        is_settled = status["grants_in_force"] == 0 and status["broker"]["depth"] == 0
        if is_settled or loop.time() > until_s:
            return int(status["occupancy"]["total"])
        await asyncio.sleep(LOOK_S)


async def _accounts(stage: Stage, centre: Centre, inside: int) -> Ledger:
    """Return the accounts when they add up; those that do not when the last word had its time.

    The last events and the count reach the centre one after the other.
    """
    loop = asyncio.get_running_loop()
    until_s = loop.time() + LAST_EVENTS_S
    lanes = stage.lanes.values()
    while True:
        ledger = settle(
            Seen(
                scans=sum(lane.scans for lane in lanes),
                journal=list(read_events(stage.state_directory)),
                openings=[grant for lane in lanes for grant in lane.seen.openings],
                bodies_in=sum(lane.seen.bodies_in for lane in lanes),
                bodies_out=sum(lane.seen.bodies_out for lane in lanes),
                received=centre.received,
                occupancy=centre.inside,
                inside=inside,
            )
        )
        if not ledger.problems or loop.time() > until_s:
            return ledger
        await asyncio.sleep(LOOK_S)
