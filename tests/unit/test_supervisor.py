"""A part that fails of something nobody foresaw: told, started again, and no other part's matter."""

import asyncio
from itertools import pairwise

import pytest

from gatewayd.runtime.supervisor import ALARM, HEALTHY_S, PAUSE_S, PAUSE_S_MAX, keep_running
from tests.sim.loop import in_virtual_time, run


class SimAlarms:
    """Remembers what is raised, and each raising."""

    def __init__(self):
        self.active = {}
        self.raised = 0

    def raise_(self, alarm, subject, detail):
        self.active[alarm, subject] = detail
        self.raised += 1

    def clear(self, alarm, subject):
        self.active.pop((alarm, subject), None)


class Failing:
    """Fails `count` times after `lives_s`, and then goes on; remembers when it was started."""

    def __init__(self, count, lives_s=0.0):
        self.left, self.lives_s = count, lives_s
        self.started_s = []

    async def run(self):
        self.started_s.append(asyncio.get_running_loop().time())
        if self.left:
            self.left -= 1
            await asyncio.sleep(self.lives_s)
            raise ZeroDivisionError
        await asyncio.Event().wait()

    def pauses_s(self):
        pairs = pairwise(self.started_s)
        return [round(after - before - self.lives_s, 3) for before, after in pairs]


async def supervised(part, alarms, for_s):
    task = asyncio.ensure_future(keep_running("sync", part.run, alarms))
    await asyncio.sleep(for_s)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@in_virtual_time
async def test_a_part_that_fails_is_told_and_started_again():
    part, alarms = Failing(1), SimAlarms()
    await supervised(part, alarms, 10)
    assert part.pauses_s() == [2 * PAUSE_S]
    assert alarms.active == {(ALARM, "sync"): {"error": "ZeroDivisionError"}}


@in_virtual_time
async def test_the_alarm_ends_when_it_ran_for_a_while():
    part, alarms = Failing(1), SimAlarms()
    await supervised(part, alarms, HEALTHY_S + 10)
    assert (alarms.active, alarms.raised) == ({}, 1)


@in_virtual_time
async def test_one_that_fails_each_time_is_started_more_and_more_seldom():
    part = Failing(9)
    await supervised(part, SimAlarms(), 600)
    assert part.pauses_s() == [*(2.0**n for n in range(1, 6)), *[PAUSE_S_MAX] * 4]


@in_virtual_time
async def test_one_that_ran_for_long_failed_of_something_new():
    part = Failing(3, lives_s=HEALTHY_S + 1)
    await supervised(part, SimAlarms(), 600)
    assert part.pauses_s() == [PAUSE_S] * 3


def test_the_log_has_the_trace(caplog):
    run(supervised(Failing(1), SimAlarms(), 1))
    [record] = caplog.records
    assert (record.getMessage(), record.exc_info[0]) == ("part_failed", ZeroDivisionError)
