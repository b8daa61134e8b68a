"""The end of a gateway, with parts that do not hear the first time that it is the end."""

import asyncio
from typing import Never

from gatewayd.runtime.gateway import Gateway, Part
from gatewayd.runtime.service import Service
from tests.sim.loop import run
from tests.unit.doubles import SimTurnstile, Site

STOP_S_MAX = 2.0


def gateway(site: Site, part: Part) -> Gateway:
    async def say_nothing() -> None:
        pass

    return Gateway(
        shared=site.lanes[0]._shared,
        cache=site.cache,
        blocking=site.blocking,
        service=Service({}),
        gate=[],
        sync=[part],
        last_words=say_nothing,
        status=str,
        started={},
    )


async def forget_to_be_cancelled() -> Never:
    """Lose a connection in the moment of the cancellation, and wait for the next one."""
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail_when_cancelled())
    except* ConnectionError:
        await asyncio.sleep(3600)
    raise AssertionError("cancelled by now")


async def fail_when_cancelled() -> None:
    try:
        await asyncio.sleep(3600)
    finally:
        raise ConnectionError


def test_a_part_that_forgets_to_be_cancelled_is_cancelled_again():
    async def main() -> float:
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        part = Part("sync", forget_to_be_cancelled)
        loop.call_later(5.0, stop.set)
        await gateway(Site([SimTurnstile()]), part).run(stop)
        return loop.time() - 5.0

    assert run(main()) < STOP_S_MAX
