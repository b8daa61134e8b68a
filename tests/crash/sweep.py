"""Kills the running daemon again and again, with one drawn fault after the other, and counts.

A world is given up after some kills, so that its journal stays short; each has its own seed.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from random import Random

from tests.crash.accounts import Book
from tests.crash.faults import (
    IN_ITS_START,
    OF_SYNCS,
    Fault,
    a_moment,
    aftermath,
    prepare,
    trouble,
)
from tests.crash.world import World, world
from tests.e2e.nursery import common_nursery

KILLS_PER_WORLD = 25


async def sweep(
    folder: Path, kills: int, seed: int, faults: Sequence[Fault]
) -> AsyncIterator[Book]:
    """Kill so often, with faults drawn from these; yield the book of each world when it is closed."""
    for number, begin in enumerate(range(0, kills, KILLS_PER_WORLD), 1):
        random = Random(f"{seed}/{number}")
        drawn = random.choices(faults, k=min(kills - begin, KILLS_PER_WORLD))
        with tempfile.TemporaryDirectory(dir=folder) as name:
            yield await sweep_one(Path(name), drawn, random)


async def sweep_one(folder: Path, faults: Sequence[Fault], random: Random) -> Book:
    """Kill once with each fault, in their order, and compare the accounts."""
    can_be_late = not OF_SYNCS.isdisjoint(faults)
    async with world(folder, random, can_be_late=can_be_late) as made:
        book = await kill_with(faults, made)
        made.nursery = common_nursery("tests.crash.hasty")
        await made.start({})
        await made.settle()
        book.close()
        return book


async def kill_with(faults: Sequence[Fault], made: World) -> Book:
    """Kill once with each fault while people come and go; return a book that is to be closed."""
    made.site.kill()
    book = Book(made)
    people = [asyncio.create_task(made.come_and_go(lane)) for lane in made.lanes]
    for fault in faults:
        await live(made, fault)
        await book.take(fault)
        for person in people:
            assert not person.done(), person.result()
    for person in people:
        person.cancel()
    await asyncio.gather(*people, return_exceptions=True)
    await made.left.aclose()
    return book


async def live(made: World, fault: Fault) -> None:
    """Start the daemon, let it run for a while with something wrong, and kill it."""
    environment = prepare(fault, made)
    if fault in IN_ITS_START:
        made.launch(environment)
    else:
        await made.start(environment)
    async with trouble(fault, made):
        await a_moment(fault, made)
        process = made.site.gateway.process
        assert process.poll() is None, "it ended by itself"
        made.site.kill()
    aftermath(fault, made)
