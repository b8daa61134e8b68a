"""The driver `modbus_turnstile` against a simulated LOT turnstile, in virtual time."""

import asyncio

import pytest

from drivers import base
from drivers.simulated.lot_turnstile import SimulatedLotTurnstile
from drivers.simulated.people import Behaviour
from drivers.turnstiles.modbus_turnstile import modbus_turnstile
from tests.unit.board_world import ANNA, BUDI, ENTRY, EXIT, World, linked_in, run

GRANT = bytes.fromhex("0110 0040 0001 0200 0169 50")
GRANT_EXIT = bytes.fromhex("0110 0041 0001 0200 0168 81")
WRITE = b"\x01\x10"
FREE = 0xFFFF


def lot_world(behaviour=Behaviour.PASS, walk_ms=400, **board):
    world = World(115200, 0.002)
    site, lane = world.add(
        SimulatedLotTurnstile(**board), lambda line: modbus_turnstile(line, 1), behaviour, walk_ms
    )
    return world, site, lane


def linked(behaviour=Behaviour.PASS, walk_ms=400, **board):
    """Run a coroutine with a world in which the turnstile has been found."""
    return linked_in(lambda: lot_world(behaviour, walk_ms, **board))


def lose_answer_to(question):
    """Spoil a line: the answer to this question does not arrive."""
    is_asked = [False]

    def spoil(to, data):
        if to == "boards":
            is_asked[0] = data == question
        return [] if to == "host" and is_asked[0] else [data]

    return spoil


# --- opening --------------------------------------------------------------------------------------


@linked()
async def test_an_open_is_one_grant_and_its_passage_is_counted(world, site, lane):
    lane.open()
    await asyncio.sleep(5)
    assert lane.since() == [base.Opened(ANNA), base.PassageBegan(ANNA), base.Passed(ENTRY, ANNA)]
    assert world.sent(WRITE) == [GRANT]
    assert site.board.counts == {ENTRY: 1, EXIT: 0}


@linked()
async def test_an_exit_is_one_grant_too(world, site, lane):
    lane.open(direction=EXIT)
    await asyncio.sleep(5)
    assert lane.since() == [base.Opened(ANNA), base.PassageBegan(ANNA), base.Passed(EXIT, ANNA)]
    assert world.sent(WRITE) == [GRANT_EXIT]


@linked()
async def test_an_exit_that_is_free_is_not_turned_into_one_passage(world, site, lane):
    site.board.write_registers(0x0041, [FREE])
    await asyncio.sleep(0.1)
    lane.open(direction=EXIT)
    await site.order("exit", 3)
    assert lane.since() == [base.Opened(ANNA), base.Passed(EXIT, ANNA)]
    assert world.sent(WRITE) == []


@linked()
async def test_a_free_exit_that_nobody_took_ends_by_time(world, site, lane):
    site.board.write_registers(0x0041, [FREE])
    await asyncio.sleep(0.1)
    lane.open(direction=EXIT)
    await asyncio.sleep(6.9)
    assert lane.since() == [base.Opened(ANNA)]
    await asyncio.sleep(0.3)
    assert lane.since() == [base.NotPassed(ANNA)]


@linked(behaviour=Behaviour.STAY)
async def test_an_entry_that_nobody_used_is_taken_back_after_its_time(world, site, lane):
    lane.open(unlock_ms=3000)
    await asyncio.sleep(2.9)
    assert world.sent(WRITE) == [GRANT]
    await asyncio.sleep(0.4)
    assert site.board.writes == [(0x0040, 1), (0x0040, 0)]
    assert lane.since() == [base.Opened(ANNA), base.NotPassed(ANNA)]


@linked(behaviour=Behaviour.STAY)
async def test_an_exit_is_never_taken_back(world, site, lane):
    lane.open(direction=EXIT, unlock_ms=1000)
    lane.driver.send(base.CancelOpen(ANNA))
    await asyncio.sleep(2)
    lane.driver.send(base.CancelOpen(ANNA))
    await asyncio.sleep(2)
    assert lane.since() == [base.Opened(ANNA)]
    await asyncio.sleep(2)
    assert lane.since() == [base.NotPassed(ANNA)]  # The turnstile's own time is over.
    assert site.board.writes == [(0x0041, 1)]


@linked(behaviour=Behaviour.TURN_BACK)
async def test_who_turns_back_is_told_as_soon_as_the_turnstile_gives_up(world, site, lane):
    lane.open()
    await asyncio.sleep(0.7)
    assert lane.since() == [base.Opened(ANNA), base.PassageBegan(ANNA), base.NotPassed(ANNA)]


@linked(behaviour=Behaviour.STAY)
async def test_a_cancelled_entry_is_taken_back_at_once(world, site, lane):
    lane.open()
    await asyncio.sleep(0.1)
    lane.driver.send(base.CancelOpen(BUDI))
    await asyncio.sleep(0.5)
    lane.driver.send(base.CancelOpen(ANNA))
    await asyncio.sleep(0.3)
    assert lane.since() == [base.Opened(ANNA), base.NotPassed(ANNA, reason="cancelled")]
    assert site.board.writes == [(0x0040, 1), (0x0040, 0)]


@linked(walk_ms=8000)
async def test_nothing_is_taken_back_from_who_is_in_the_turnstile(world, site, lane):
    lane.open(unlock_ms=4200)
    await asyncio.sleep(9)
    assert lane.since() == [base.Opened(ANNA), base.PassageBegan(ANNA), base.Passed(ENTRY, ANNA)]
    assert world.sent(WRITE) == [GRANT]


# --- who it was -----------------------------------------------------------------------------------


@linked()
async def test_who_passed_right_before_the_open_is_not_its_person(world, site, lane):
    await asyncio.sleep(0.012)
    await site.order("force", 0)
    lane.open()
    await asyncio.sleep(3)
    assert lane.since() == [
        base.Passed(ENTRY, None),
        base.Opened(ANNA),
        base.PassageBegan(ANNA),
        base.Passed(ENTRY, ANNA),
    ]


def test_who_passed_between_the_open_and_the_reading_after_it_is_its_person():
    """As on a machine that had other work in between: the turnstile waits for nobody any more."""

    async def play() -> None:
        world = World(115200, gap_s=0.15)
        _, lane = world.add(
            SimulatedLotTurnstile(), lambda line: modbus_turnstile(line, 1), walk_ms=40
        )
        async with world.running():
            lane.since()
            lane.open()
            await asyncio.sleep(3)
            assert lane.since() == [base.Opened(ANNA), base.Passed(ENTRY, ANNA)]

    run(play())


@linked(behaviour=Behaviour.TAILGATE)
async def test_two_bodies_on_one_grant_are_a_passage_and_a_tailgate(world, site, lane):
    lane.open()
    await asyncio.sleep(3)
    assert lane.told(base.Passed, base.Breached) == [
        base.Passed(ENTRY, ANNA),
        base.Breached(base.BreachKind.TAILGATE, ENTRY),
    ]


@linked()
async def test_who_forces_the_entry_after_somebody_left_on_a_grant_is_no_tailgater(
    world, site, lane
):
    lane.open(direction=EXIT)
    await asyncio.sleep(1)
    await site.order("force", 1)
    assert lane.told(base.Passed, base.Breached) == [
        base.Passed(EXIT, ANNA),
        base.Passed(ENTRY, None),
    ]


@linked()
async def test_ways_without_a_grant_are_nobodys(world, site, lane):
    await site.order("force", 1)
    await site.order("exit", 1)
    assert lane.since() == [base.Passed(ENTRY, None), base.Passed(EXIT, None)]


# --- answers that do not come ---------------------------------------------------------------------


@linked()
async def test_a_lost_reply_is_unknown_is_not_granted_twice_and_the_counter_settles_it(
    world, site, lane
):
    world.wire.spoil = lose_answer_to(GRANT)
    lane.open()
    await asyncio.sleep(5)
    assert lane.since() == [
        base.OpenUnknown(ANNA),
        base.PassageBegan(ANNA),
        base.Passed(ENTRY, ANNA),
    ]
    assert world.sent(WRITE) == [GRANT]


@linked()
async def test_a_lost_command_is_unknown_and_soon_known_not_to_have_opened(world, site, lane):
    world.wire.spoil = lambda to, data: [] if data == GRANT and to == "boards" else [data]
    lane.open()
    await asyncio.sleep(0.7)
    assert lane.since() == [base.OpenUnknown(ANNA), base.NotPassed(ANNA)]
    assert world.sent(WRITE) == [GRANT]


@linked()
async def test_a_refusal_is_told_as_not_opened(world, site, lane):
    site.board.write_registers = lambda address, values: False
    lane.open()
    await asyncio.sleep(1)
    assert lane.since() == [base.NotOpened(ANNA, "refused")]


@linked()
async def test_an_open_to_a_turnstile_that_just_died_is_unknown_and_then_the_link_is_lost(
    world, site, lane
):
    site.end.is_plugged = False
    await asyncio.sleep(0.06)
    lane.open()
    await asyncio.sleep(5)
    assert [type(it) for it in lane.since()] == [base.OpenUnknown, base.LinkLost]
    assert world.sent(WRITE) == [GRANT]
    site.end.is_plugged = True
    await asyncio.sleep(4)
    assert lane.since() == [base.LinkUp(""), base.NotPassed(ANNA)]


@linked()
async def test_a_grant_that_was_answered_is_open_whatever_becomes_of_the_reading_after_it(
    world, site, lane
):
    is_granted = [False]

    def spoil(to, data):
        if to == "host" and data.startswith(WRITE):
            is_granted[0] = True
            return [data]
        return [] if is_granted[0] and to == "host" else [data]

    world.wire.spoil = spoil
    lane.open()
    await asyncio.sleep(0.5)
    assert lane.since() == [base.Opened(ANNA)]
    world.wire.spoil = lambda to, data: [data]
    await asyncio.sleep(3)
    assert lane.told(base.Passed) == [base.Passed(ENTRY, ANNA)]


# --- outages --------------------------------------------------------------------------------------


@linked()
async def test_a_passage_during_an_outage_is_found_and_is_the_grants(world, site, lane):
    lane.open()
    await asyncio.sleep(0.1)
    world.wire.pull()
    await asyncio.sleep(60)
    assert lane.since() == [base.Opened(ANNA), base.LinkLost("/dev/ttyS7 hung up")]
    world.wire.plug()
    await asyncio.sleep(0.2)
    assert lane.since() == [base.LinkUp(""), base.Passed(ENTRY, ANNA)]


@linked()
async def test_more_passages_during_an_outage_are_found_and_nobodys(world, site, lane):
    lane.open()
    await asyncio.sleep(0.1)
    world.wire.pull()
    await asyncio.sleep(30)
    await site.order("force", 10)
    await site.order("exit", 10)
    lane.since()
    world.wire.plug()
    await asyncio.sleep(0.2)
    assert lane.since() == [
        base.LinkUp(""),
        base.Passed(ENTRY, ANNA),
        base.Passed(ENTRY, None),
        base.Passed(EXIT, None),
    ]


@linked(behaviour=Behaviour.STAY)
async def test_an_outage_without_a_passage_ends_the_grant_as_not_passed(world, site, lane):
    lane.open()
    await asyncio.sleep(0.1)
    world.wire.pull()
    await asyncio.sleep(60)
    lane.since()
    world.wire.plug()
    await asyncio.sleep(0.3)
    assert lane.since() == [base.LinkUp(""), base.NotPassed(ANNA)]


@linked(behaviour=Behaviour.STAY)
async def test_a_power_cut_ends_the_grant_and_loses_nobody_where_counters_are_kept(
    world, site, lane
):
    lane.open()
    await asyncio.sleep(0.1)
    await site.order("reboot", 1)
    assert lane.since() == [base.Opened(ANNA), base.NotPassed(ANNA)]
    await site.order("force", 1)
    assert lane.since() == [base.Passed(ENTRY, None)]


@linked(behaviour=Behaviour.STAY, keeps_counts=False)
async def test_counters_that_began_again_say_so_and_leave_the_grant_unsettled(world, site, lane):
    for _ in range(20):
        await site.order("force", 1)
    lane.open()
    await asyncio.sleep(0.2)
    lane.since()
    await site.order("reboot", 1)
    assert lane.since() == [base.DeviceNoted("counters_jumped")]
    await site.order("force", 1)
    assert lane.since() == [base.Passed(ENTRY, None)]


@linked()
async def test_another_turnstile_in_its_place_brings_no_passages(world, site, lane):
    world.wire.pull()
    await asyncio.sleep(5)
    site.board.counts = {ENTRY: 48_000, EXIT: 47_000}
    lane.since()
    world.wire.plug()
    await asyncio.sleep(1)
    assert lane.since() == [base.LinkUp(""), base.DeviceNoted("counters_jumped")]


@pytest.mark.parametrize("start", [0xFFFF, 0x1FFFF, 0xFFFF_FFFF])
def test_counters_go_on_over_their_words_and_their_end(start):
    async def main():
        world, site, lane = lot_world()
        site.board.counts = {ENTRY: start, EXIT: start}
        async with world.running():
            lane.since()
            await site.order("force", 1)
            await site.order("exit", 1)
            assert lane.since() == [base.Passed(ENTRY, None), base.Passed(EXIT, None)]

    run(main())


# --- errors and modes -----------------------------------------------------------------------------


@linked()
async def test_an_error_of_the_turnstile_is_a_fault_until_it_is_over(world, site, lane):
    state = site.board._state
    site.board._state = lambda: [*state()[:8], 5]
    await asyncio.sleep(0.2)
    (fault,) = lane.since()
    assert "error 5" in fault.reason
    world.wire.pull()
    await asyncio.sleep(0.2)
    world.wire.plug()
    await asyncio.sleep(0.2)
    assert [type(it) for it in lane.since()] == [base.LinkLost, base.LinkUp, base.Fault]
    site.board._state = state
    await asyncio.sleep(0.2)
    assert lane.since() == [base.FaultCleared()]


@linked()
async def test_a_turnstile_that_somebody_blocked_is_a_fault_that_says_where(world, site, lane):
    site.board.mode = 1
    await asyncio.sleep(1.5)
    note, fault = lane.since()
    assert note == base.DeviceNoted("mode_1")
    assert "0x3000" in fault.reason


@linked()
async def test_free_is_ordered_and_ended_and_its_passages_are_free(world, site, lane):
    lane.driver.send(base.SetMode(base.Mode.FREE))
    await asyncio.sleep(0.2)
    assert site.board.mode == 2
    assert lane.since() == [base.DeviceNoted("mode_2")]
    await site.order("force", 0.5)
    assert lane.since() == [base.Passed(ENTRY, None, free=True)]
    lane.driver.send(base.SetMode(base.Mode.NORMAL))
    await asyncio.sleep(0.2)
    assert site.board.mode == 0
    assert site.board.writes == [(0x3000, 2), (0x3000, 0)]


@linked()
async def test_a_mode_is_sent_until_it_is_answered(world, site, lane):
    question = bytes.fromhex("0110 3000 0001 0200 02")
    world.wire.spoil = lambda to, data: [] if data.startswith(question) else [data]
    lane.driver.send(base.SetMode(base.Mode.FREE))
    await asyncio.sleep(3)
    assert lane.since() == []
    world.wire.spoil = lambda to, data: [data]
    await asyncio.sleep(1)
    assert site.board.writes == [(0x3000, 2)]


@linked()
async def test_the_last_mode_wins_over_one_that_is_being_sent(world, site, lane):
    lane.driver.send(base.SetMode(base.Mode.FREE))
    await asyncio.sleep(0.002)
    lane.driver.send(base.SetMode(base.Mode.EXIT_ONLY))
    await asyncio.sleep(1)
    assert site.board.mode == 0


@linked()
async def test_anti_panic_that_somebody_else_began_is_not_ended_from_here(world, site, lane):
    site.board.write_registers(0x3000, [2])
    await asyncio.sleep(1.5)
    lane.driver.send(base.SetMode(base.Mode.NORMAL))
    await site.order("force", 1)
    assert lane.since() == [base.DeviceNoted("mode_2"), base.Passed(ENTRY, None, free=True)]
    assert world.sent(WRITE) == []


def test_it_declares_what_it_can_do():
    _, _, lane = lot_world()
    assert lane.driver.capabilities == base.Capabilities(
        own_timing=True, feedback=True, direction=True, log=False, fire_input=False
    )
