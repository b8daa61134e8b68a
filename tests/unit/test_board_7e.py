"""The driver `board_7e` against a simulated board and its gate, in virtual time."""

import asyncio
from dataclasses import replace

import pytest

from drivers import base
from drivers.boards.board_7e_codec import Code, Request
from drivers.simulated.gate_board_7e import SimulatedBoard7e
from drivers.simulated.people import Behaviour
from drivers.turnstiles.board_7e import GAP_S, board_7e
from tests.unit.board_world import ANNA, BUDI, ENTRY, EXIT, World, linked_in, run

LEFT_1 = bytes.fromhex("7e 00 01 80 01 00 00 ff")
RIGHT_1 = bytes.fromhex("7e 00 01 82 01 00 00 fd")
CLOSE = bytes.fromhex("7e 00 01 84 00 00 00 fc")
QUERY = bytes.fromhex("7e 00 01 10 00 00 00 70")
TOP = (1 << 24) - 1


def gate_world(behaviour=Behaviour.PASS, left=ENTRY, address=1, **board):
    world = World(19200, GAP_S)
    site, lane = world.add(
        SimulatedBoard7e(address, **board), lambda line: board_7e(line, 1, left), behaviour
    )
    return world, site, lane


def linked(behaviour=Behaviour.PASS, left=ENTRY, **board):
    """Run a coroutine with a world in which the board has been found."""
    return linked_in(lambda: gate_world(behaviour, left, **board))


def commands(world):
    return [data for _, data in world.wire.sent if data != QUERY]


# --- opening --------------------------------------------------------------------------------------


@linked()
async def test_an_open_lets_one_person_through_the_left_side(world, site, lane):
    lane.open()
    await asyncio.sleep(8)
    assert lane.since() == [base.Opened(ANNA), base.Passed(ENTRY, ANNA)]
    assert commands(world) == [LEFT_1]


@linked()
async def test_an_exit_opens_the_other_side(world, site, lane):
    lane.open(direction=EXIT)
    await asyncio.sleep(8)
    assert lane.since() == [base.Opened(ANNA), base.Passed(EXIT, ANNA)]
    assert commands(world) == [RIGHT_1]


@linked(left=EXIT)
async def test_where_left_is_the_exit_sides_and_counters_change_places(world, site, lane):
    lane.open()
    await asyncio.sleep(3)
    # The simulated board's left is its entry: what it counts there went out, for this driver.
    assert commands(world) == [RIGHT_1]
    assert lane.since() == [base.Opened(ANNA), base.Passed(ENTRY, ANNA)]


@linked()
async def test_an_open_waits_for_one_reading_at_most(world, site, lane):
    loop = asyncio.get_running_loop()
    for step in range(10):
        started_s = loop.time()
        lane.open(f"{step:032x}")
        await asyncio.sleep(0.5)
        sent_s = [at_s for at_s, data in world.wire.sent if data == LEFT_1][-1]
        assert sent_s - started_s < 0.07  # A reading, and the rest after it.
        await asyncio.sleep(1 + step * 0.013)


@linked(behaviour=Behaviour.STAY)
async def test_an_entry_that_nobody_used_is_closed_and_ends_when_nobody_came(world, site, lane):
    lane.open(unlock_ms=3000)
    await asyncio.sleep(4.9)
    assert commands(world) == [LEFT_1, CLOSE]
    assert lane.since() == [base.Opened(ANNA)]
    await asyncio.sleep(0.5)
    assert lane.since() == [base.NotPassed(ANNA)]


@linked(behaviour=Behaviour.STAY)
async def test_who_is_counted_right_after_the_closing_still_came_on_the_grant(world, site, lane):
    lane.open(unlock_ms=3000)
    await asyncio.sleep(4)
    await site.order("force", 1.5)
    assert lane.since() == [
        base.Opened(ANNA),
        base.DeviceNoted("alarm_1"),
        base.Passed(ENTRY, ANNA),
    ]


@linked(behaviour=Behaviour.STAY)
async def test_an_exit_is_never_closed(world, site, lane):
    lane.open(direction=EXIT, unlock_ms=1000)
    await asyncio.sleep(0.5)
    lane.driver.send(base.CancelOpen(ANNA))
    await asyncio.sleep(5)
    assert lane.since() == [base.Opened(ANNA), base.NotPassed(ANNA)]
    assert commands(world) == [RIGHT_1]


@linked(behaviour=Behaviour.STAY)
async def test_a_cancelled_entry_is_closed_at_once(world, site, lane):
    lane.open()
    await asyncio.sleep(0.5)
    lane.driver.send(base.CancelOpen(ANNA))
    await asyncio.sleep(0.3)
    assert commands(world) == [LEFT_1, CLOSE]
    await asyncio.sleep(2)
    assert lane.since() == [base.Opened(ANNA), base.NotPassed(ANNA, reason="cancelled")]


# --- who it was -----------------------------------------------------------------------------------


@linked(behaviour=Behaviour.TAILGATE)
async def test_two_bodies_on_one_grant_are_a_passage_and_a_tailgate(world, site, lane):
    lane.open()
    await asyncio.sleep(3)
    assert lane.since() == [
        base.Opened(ANNA),
        base.DeviceNoted("alarm_1"),
        base.Passed(ENTRY, ANNA),
        base.Breached(base.BreachKind.TAILGATE, ENTRY),
    ]


@linked()
async def test_ways_without_a_grant_are_nobodys_and_an_alarm_is_noted_once(world, site, lane):
    await site.order("force", 1)
    await site.order("force", 1)
    await site.order("exit", 1)
    assert lane.since() == [
        base.DeviceNoted("alarm_1"),
        base.Passed(ENTRY, None),
        base.Passed(ENTRY, None),
        base.Passed(EXIT, None),
    ]


@linked()
async def test_who_passed_right_before_the_open_is_not_its_person(world, site, lane):
    await site.order("exit", 0.05)
    await site.order("force", 0)
    lane.open()
    await asyncio.sleep(3)
    assert lane.told(base.Passed, base.Opened) == [
        base.Passed(ENTRY, None),
        base.Opened(ANNA),
        base.Passed(EXIT, None),
        base.Passed(ENTRY, ANNA),
    ]


@pytest.mark.parametrize("start", [0, 0xFFFF, TOP])
def test_counters_go_on_over_their_end(start):
    async def main():
        world, site, lane = gate_world()
        site.board.counts = {ENTRY: start, EXIT: start}
        async with world.running():
            lane.since()
            lane.open()
            await asyncio.sleep(3)
            await site.order("exit", 1)
            assert lane.since() == [
                base.Opened(ANNA),
                base.Passed(ENTRY, ANNA),
                base.Passed(EXIT, None),
            ]

    run(main())


# --- answers that do not come ---------------------------------------------------------------------


@linked()
async def test_a_lost_reply_is_unknown_is_not_opened_twice_and_the_counter_settles_it(
    world, site, lane
):
    is_asked = [False]

    def spoil(to, data):
        if to == "boards":
            is_asked[0] = data == LEFT_1
        return [] if to == "host" and is_asked[0] else [data]

    world.wire.spoil = spoil
    lane.open()
    await asyncio.sleep(5)
    assert lane.since() == [base.OpenUnknown(ANNA), base.Passed(ENTRY, ANNA)]
    assert commands(world) == [LEFT_1]
    assert site.board.requests == [Request(1, Code.OPEN_LEFT, 1)]


@linked()
async def test_a_lost_command_is_unknown_and_settled_as_not_passed(world, site, lane):
    world.wire.spoil = lambda to, data: [] if data == LEFT_1 and to == "boards" else [data]
    lane.open()
    await asyncio.sleep(9)
    assert lane.since() == [base.OpenUnknown(ANNA), base.NotPassed(ANNA)]
    assert commands(world) == [LEFT_1, CLOSE]


@linked()
async def test_a_close_that_was_not_heard_is_sent_again(world, site, lane):
    lost = [1]

    def spoil(to, data):
        if data == CLOSE and lost[0]:
            lost[0] -= 1
            return []
        return [data]

    world.wire.spoil = spoil
    site.board._obey = lambda request, turnstile: site.board.requests.append(request)
    lane.open(unlock_ms=1000)
    await asyncio.sleep(9)
    assert commands(world) == [LEFT_1, CLOSE, CLOSE]
    assert lane.since() == [base.Opened(ANNA), base.NotPassed(ANNA)]


# --- outages --------------------------------------------------------------------------------------


@linked()
async def test_a_passage_during_an_outage_is_found_and_is_the_grants(world, site, lane):
    lane.open()
    await asyncio.sleep(0.25)
    world.wire.pull()
    await asyncio.sleep(60)
    await site.order("force", 1)
    assert lane.since() == [base.Opened(ANNA), base.LinkLost("/dev/ttyS7 hung up")]
    world.wire.plug()
    await asyncio.sleep(0.3)
    assert lane.told(base.LinkUp, base.Passed) == [
        base.LinkUp(""),
        base.Passed(ENTRY, ANNA),
        base.Passed(ENTRY, None),
    ]


@linked(behaviour=Behaviour.STAY, keeps_counts=False)
async def test_counters_that_began_again_say_so_and_leave_the_grant_unsettled(world, site, lane):
    for _ in range(20):
        await site.order("force", 1)
    lane.open()
    await asyncio.sleep(0.5)
    lane.since()
    await site.order("reboot", 12)
    assert lane.since() == [base.DeviceNoted("counters_jumped")]


@linked(behaviour=Behaviour.STAY)
async def test_a_power_cut_of_a_board_that_keeps_its_counters_loses_nobody(world, site, lane):
    lane.open()
    await asyncio.sleep(0.5)
    await site.order("reboot", 1)
    await site.order("force", 0.5)
    assert lane.told(base.Passed) == [base.Passed(ENTRY, ANNA)]


@linked()
async def test_a_silent_board_is_told_with_what_to_look_at_and_found_again(world, site, lane):
    site.end.is_plugged = False
    await asyncio.sleep(2.5)
    (lost,) = lane.since()
    for word in ("address 1 of /dev/ttyS7", "powered", "19200"):
        assert word in lost.reason
    lane.open()
    assert lane.since() == [base.NotOpened(ANNA, "link_down")]
    site.end.is_plugged = True
    await asyncio.sleep(4)
    assert lane.since() == [base.LinkUp("")]


def test_two_boards_on_one_line_open_each_their_own_gate():
    async def main():
        world = World(19200, GAP_S)
        (one_site, one), (two_site, two) = (
            world.add(SimulatedBoard7e(address), lambda line, it=address: board_7e(line, it, ENTRY))
            for address in (1, 2)
        )
        async with world.running():
            one.open(ANNA)
            await asyncio.sleep(3)
            two.open(BUDI)
            await asyncio.sleep(3)
            assert one.since() == [base.LinkUp(""), base.Opened(ANNA), base.Passed(ENTRY, ANNA)]
            assert two.since() == [base.LinkUp(""), base.Opened(BUDI), base.Passed(ENTRY, BUDI)]
            assert one_site.board.counts == two_site.board.counts

    run(main())


@linked()
async def test_a_board_with_swapped_ports_and_the_same_address_brings_no_passages(
    world, site, lane
):
    world.wire.pull()
    await asyncio.sleep(5)
    site.board.counts = {ENTRY: 3000, EXIT: 2900}
    lane.since()
    world.wire.plug()
    await asyncio.sleep(1)
    assert lane.since() == [base.LinkUp(""), base.DeviceNoted("counters_jumped")]


# --- faults and modes -----------------------------------------------------------------------------


@linked()
async def test_a_fault_of_the_board_is_told_until_it_is_over(world, site, lane):
    state = site.board._status
    site.board._status = lambda turnstile: replace_fault(state(turnstile), 3)
    await asyncio.sleep(0.5)
    (fault,) = lane.since()
    assert "fault 3" in fault.reason
    site.board._status = state
    await asyncio.sleep(0.5)
    assert lane.since() == [base.FaultCleared()]


def replace_fault(status, fault):
    return replace(status, fault=fault)


@linked()
async def test_free_opens_both_sides_and_is_ended_by_normal(world, site, lane):
    lane.driver.send(base.SetMode(base.Mode.NORMAL))
    await asyncio.sleep(0.5)
    assert commands(world) == []  # Nothing to end.
    lane.driver.send(base.SetMode(base.Mode.FREE))
    await asyncio.sleep(0.5)
    await site.order("force", 0.5)
    assert lane.since() == [base.Passed(ENTRY, None, free=True)]
    lane.driver.send(base.SetMode(base.Mode.EXIT_ONLY))
    await asyncio.sleep(0.5)
    assert commands(world) == [bytes.fromhex("7e 00 01 83 00 00 00 fd"), CLOSE]


def test_it_declares_what_it_can_do():
    _, _, lane = gate_world()
    assert lane.driver.capabilities == base.Capabilities(
        own_timing=True, feedback=True, direction=True, log=False, fire_input=False
    )
