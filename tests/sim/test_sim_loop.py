"""The loop of the simulation: what cannot be simulated is an error, at once."""

import asyncio
import threading

import pytest

from tests.sim.loop import Deadlock, Escaped, run


def test_hours_pass_in_no_time():
    async def wait() -> float:
        await asyncio.sleep(24 * 3600.0)
        return asyncio.get_running_loop().time()

    assert run(wait()) == pytest.approx(24 * 3600.0)


def test_what_waits_for_something_that_nothing_brings_is_a_deadlock():
    async def wait_for_ever() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Deadlock):
        run(wait_for_ever())


def test_two_tasks_that_wait_for_each_other_are_a_deadlock():
    async def embrace() -> None:
        mine, yours = asyncio.Lock(), asyncio.Lock()

        async def take(first: asyncio.Lock, second: asyncio.Lock) -> None:
            async with first:
                await asyncio.sleep(1.0)
                async with second:
                    pass

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(take(mine, yours))
            tasks.create_task(take(yours, mine))

    with pytest.raises(Deadlock):
        run(embrace())


async def _in_an_executor() -> None:
    await asyncio.to_thread(int)


async def _by_hand() -> None:
    threading.Thread(target=int).start()


async def _from_outside() -> None:
    asyncio.get_running_loop().call_soon_threadsafe(int)


@pytest.mark.parametrize("escape", [_in_an_executor, _by_hand, _from_outside])
def test_whoever_uses_a_thread_escapes(escape):
    with pytest.raises(Escaped):
        run(escape())


def test_threads_are_free_again_afterwards():
    run(asyncio.sleep(1.0))
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
