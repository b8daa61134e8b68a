"""The whole daemon is killed at drawn moments while people come and go; then three accounts agree.

What the turnstiles saw, what is on the disk, and what the centre was sent: nothing opens without a
record, no passage is missing or told twice, everybody is inside who went in. The long one with the
same world is `python -m benchmarks.crashes`.
"""

from random import Random

import pytest

from tests.crash.faults import Fault
from tests.crash.sweep import kill_with, sweep_one
from tests.crash.world import world

pytestmark = [pytest.mark.broker, pytest.mark.timeout(600)]

SEED = 20261122


async def test_kills_lose_no_passage_count_none_twice_and_open_nothing_unrecorded(tmp_path):
    """R01, R37."""
    book = await sweep_one(tmp_path, [Fault.NONE] * 3, Random(SEED))
    assert book.findings == []
    assert book.figures[Fault.NONE].openings > 3, "too few to show anything"


@pytest.mark.slow
@pytest.mark.compiler
async def test_kills_while_anything_else_is_wrong_leave_three_accounts_that_agree(tmp_path):
    random = Random(SEED)
    faults = random.sample(list(Fault), len(Fault))
    book = await sweep_one(tmp_path, faults, random)
    assert book.findings == []
    assert sum(figures.openings for figures in book.figures.values()) > len(faults)
    assert all(figures.lost == 0 for figures in book.figures.values())


@pytest.mark.slow
@pytest.mark.compiler
async def test_a_gateway_that_does_not_wait_for_its_disk_is_found_out(tmp_path):
    async with world(tmp_path, Random(SEED), module="tests.crash.careless") as made:
        book = await kill_with([Fault.POWER_CUT] * 3, made)
    assert any("no verdict stood on the disk" in finding for finding in book.findings)
