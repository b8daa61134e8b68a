"""The driver `modbus_relay` against a simulated board and its turnstile, in virtual time."""

import asyncio
import random

import pytest

from drivers import base
from drivers.contacts import Contact, Normally
from drivers.polled_line import SilentError
from drivers.simulated import relay_board
from drivers.simulated.people import Behaviour
from drivers.simulated.relay_board import SimulatedRelayBoard
from drivers.turnstiles.contact_inputs import Contacts
from drivers.turnstiles.modbus_relay import modbus_relay
from drivers.turnstiles.openings import ANSWERS_KEPT, Openings
from drivers.turnstiles.wiring import Wiring
from tests.unit.board_world import ANNA, BUDI, CITRA, ENTRY, EXIT, World, linked_in, run

OPEN, CLOSED = Normally.OPEN, Normally.CLOSED
CONTACTS = Contacts(
    passages={ENTRY: Contact(1, OPEN), EXIT: Contact(2, OPEN)},
    ready=Contact(3, CLOSED),
    alarm=Contact(4, OPEN),
    fire=Contact(5, CLOSED),
)
FULL = Wiring(relays={ENTRY: 1, EXIT: 2}, pulse_ms=500, contacts=CONTACTS)
BLIND = Wiring(relays={ENTRY: 1}, pulse_ms=500, assume_passed=True)
PULSE = bytes.fromhex("0105 0200 0005 0c71")
WRITES = (b"\x01\x05", b"\x01\x06", b"\x01\x0f", b"\x01\x10")


def relay_world(wiring=FULL, behaviour=Behaviour.PASS, address=1, board=None):
    world = World()
    site, lane = world.add(
        board or SimulatedRelayBoard(address),
        lambda line: modbus_relay(line, address, wiring),
        behaviour,
    )
    return world, site, lane


def linked(wiring=FULL, behaviour=Behaviour.PASS):
    """Run a coroutine with a world in which the board has been found."""
    return linked_in(lambda: relay_world(wiring, behaviour))


def written(world):
    return [data for _, data in world.wire.sent if data.startswith(WRITES)]


def lose_answers_to(question, count=1):
    """Spoil a line: the answers to the first questions of a kind do not arrive."""
    left = [count]
    is_asked = [False]

    def spoil(to, data):
        if to == "boards":
            is_asked[0] = data.startswith(question)
        elif is_asked[0] and left[0]:
            left[0] -= 1
            return []
        return [data]

    return spoil


# --- opening --------------------------------------------------------------------------------------


@linked()
async def test_an_open_is_one_pulse_that_the_board_times_and_its_passage_is_told(world, site, lane):
    lane.open()
    await asyncio.sleep(0.1)
    assert lane.since() == [base.Opened(ANNA)]
    await asyncio.sleep(10)
    assert lane.since() == [base.Passed(ENTRY, ANNA)]
    assert written(world) == [PULSE]
    assert site.events("unlocked", "passed") == ["unlocked", "passed"]


@linked()
async def test_an_open_is_sent_at_once_and_not_at_the_next_reading(world, site, lane):
    loop = asyncio.get_running_loop()
    for step in range(10):
        started_s = loop.time()
        lane.open(f"{step:032x}")
        await asyncio.sleep(0.06)
        sent_s = [at_s for at_s, data in world.wire.sent if data == PULSE][-1]
        assert sent_s - started_s < 0.03  # At worst it waits for a reading that has begun.
        await asyncio.sleep(1.5 + step * 0.0034)


@linked(behaviour=Behaviour.STAY)
async def test_nobody_passed_is_told_when_also_the_last_moment_is_over(world, site, lane):
    lane.open()
    await asyncio.sleep(6.8)
    assert lane.since() == [base.Opened(ANNA)]
    await asyncio.sleep(0.4)
    assert lane.since() == [base.NotPassed(ANNA)]


@linked()
async def test_the_lane_opens_again_for_the_next_person(world, site, lane):
    lane.react = lambda report: lane.open(BUDI) if report == base.Passed(ENTRY, ANNA) else None
    lane.open()
    await asyncio.sleep(3)
    assert lane.since() == [
        base.Opened(ANNA),
        base.Passed(ENTRY, ANNA),
        base.Opened(BUDI),
        base.Passed(ENTRY, BUDI),
    ]
    assert written(world) == [PULSE, PULSE]
    first_s, second_s = (at_s for at_s, data in world.wire.sent if data == PULSE)
    assert 0.6 < second_s - first_s < 0.7  # Two pulses that touch are one.


@linked()
async def test_an_open_that_is_too_old_when_the_relay_has_rested_is_not_sent(world, site, lane):
    lane.open()
    await asyncio.sleep(0.53)
    lane.open(BUDI, ttl_ms=50)
    await asyncio.sleep(1)
    assert lane.told(base.NotOpened) == [base.NotOpened(BUDI, "expired")]
    assert written(world) == [PULSE]


@linked()
async def test_a_repeat_of_a_grant_answers_the_same_and_never_pulses_again(world, site, lane):
    lane.open()
    lane.open()
    await asyncio.sleep(0.1)
    lane.open()
    await asyncio.sleep(5)
    lane.open()
    assert lane.told(base.Opened) == [base.Opened(ANNA)] * 3
    assert written(world) == [PULSE]


@linked(behaviour=Behaviour.STAY)
async def test_another_open_while_one_is_under_way_or_in_force_is_busy(world, site, lane):
    lane.open(ANNA)
    lane.open(BUDI)
    await asyncio.sleep(1)
    lane.open(CITRA)
    await asyncio.sleep(1)
    assert lane.told(base.NotOpened) == [
        base.NotOpened(BUDI, "busy"),
        base.NotOpened(CITRA, "busy"),
    ]
    assert written(world) == [PULSE]


def test_only_the_last_answers_are_kept():
    openings = Openings()
    for number in range(ANSWERS_KEPT + 1):
        openings.answer(base.NotOpened(f"{number:032x}", "busy"))
    assert openings.recall(f"{0:032x}") is None
    assert openings.recall(f"{1:032x}") == base.NotOpened(f"{1:032x}", "busy")


@linked()
async def test_an_exit_with_a_relay_is_pulsed_and_counted(world, site, lane):
    lane.open(direction=EXIT)
    await asyncio.sleep(3)
    assert lane.since() == [base.Opened(ANNA), base.Passed(EXIT, ANNA)]
    assert site.board.writes[-1] == (0x0201, 5)


@linked(Wiring(relays={ENTRY: 1}, pulse_ms=500, contacts=CONTACTS))
async def test_an_exit_that_is_free_at_the_turnstile_switches_nothing(world, site, lane):
    lane.open(direction=EXIT)
    await asyncio.sleep(1)
    await site.order("exit", 3)
    assert lane.since() == [base.Opened(ANNA), base.Passed(EXIT, ANNA)]
    assert written(world) == []


@linked()
async def test_a_cancelled_open_goes_on_because_a_pulse_cannot_be_taken_back(world, site, lane):
    lane.open()
    lane.driver.send(base.CancelOpen(ANNA))
    await asyncio.sleep(3)
    assert lane.since() == [base.Opened(ANNA), base.Passed(ENTRY, ANNA)]


@linked()
async def test_what_a_relay_cannot_do_sends_nothing_and_free_is_told_to_people(world, site, lane):
    lane.driver.send(base.SetMode(base.Mode.EXIT_ONLY))
    lane.driver.send(base.Indicate(base.Signal.GO, ENTRY))
    lane.driver.send(base.Acknowledge("nobody", 3))
    await asyncio.sleep(1)
    assert written(world) == []


def test_an_order_to_free_the_turnstile_is_logged_for_people(caplog):
    @linked()
    async def test(world, site, lane):
        lane.driver.send(base.SetMode(base.Mode.FREE))
        await asyncio.sleep(1)
        assert written(world) == []

    test()
    (record,) = [one for one in caplog.records if one.getMessage() == "turnstile_mode_refused"]
    assert record.fields["mode"] == "free"


# --- answers that do not come ---------------------------------------------------------------------


@linked()
async def test_a_lost_reply_is_unknown_is_not_pulsed_twice_and_the_passage_settles_it(
    world, site, lane
):
    world.wire.spoil = lose_answers_to(PULSE)
    lane.open()
    await asyncio.sleep(5)
    assert lane.since() == [base.OpenUnknown(ANNA), base.Passed(ENTRY, ANNA)]
    assert written(world) == [PULSE]
    assert [write for write in site.board.writes if write[0] == 0x0200] == [(0x0200, 5)]


@linked()
async def test_a_lost_command_is_unknown_and_settled_as_not_passed(world, site, lane):
    world.wire.spoil = lambda to, data: [] if data == PULSE and to == "boards" else [data]
    lane.open()
    await asyncio.sleep(10)
    assert lane.since() == [base.OpenUnknown(ANNA), base.NotPassed(ANNA)]
    assert written(world) == [PULSE]
    assert site.events("unlocked") == []


@linked()
async def test_an_answer_with_another_value_is_none(world, site, lane):
    on = bytes.fromhex("0105 0000 ff00 8c3a")
    world.wire.spoil = lambda to, data: [on] if data == PULSE and to == "host" else [data]
    lane.open()
    await asyncio.sleep(1)
    assert lane.told(base.Opened, base.OpenUnknown) == [base.OpenUnknown(ANNA)]


@linked()
async def test_a_board_without_timed_pulses_refuses_and_nothing_else_is_tried(world, site, lane):
    site.board.write_coil = lambda address, value: False
    lane.open()
    await asyncio.sleep(3)
    assert lane.since() == [base.NotOpened(ANNA, "refused")]
    assert written(world) == [PULSE]


@linked()
async def test_a_reading_now_and_then_without_an_answer_is_no_outage(world, site, lane):
    chance = random.Random(3)
    world.wire.spoil = lambda _, data: [] if chance.random() < 0.05 else [data]
    await asyncio.sleep(30)
    assert lane.since() == []


@linked()
async def test_a_line_that_takes_no_bytes_opens_nothing(world, site, lane):
    """As in the moment between a hang-up and its being told."""
    await asyncio.sleep(0.02)
    world.wire.is_plugged = False
    lane.open()
    await asyncio.sleep(0.5)
    assert lane.since() == [
        base.NotOpened(ANNA, "link_down"),
        base.LinkLost("/dev/ttyS7 takes no bytes any more: was the cable pulled?"),
    ]


@linked()
async def test_an_open_that_waits_too_long_for_the_line_is_not_sent(world, site, lane):
    busy = asyncio.ensure_future(
        world.line.ask(b"others", lambda _: None, within_s=3)  # Other boards, all of them silent.
    )
    lane.open()
    await asyncio.sleep(10)
    with pytest.raises(SilentError):
        await busy
    assert lane.told(base.NotOpened) == [base.NotOpened(ANNA, "expired")]
    assert written(world) == []


def test_an_open_that_is_cut_off_with_its_driver_is_unknown():
    async def main():
        world, _, lane = relay_world()
        async with world.running():
            world.wire.spoil = lose_answers_to(PULSE, 100)
            lane.open()
            await asyncio.sleep(0.05)
        assert lane.since() == [base.LinkUp(""), base.OpenUnknown(ANNA)]
        world.wire.spoil = lambda _, data: [data]
        async with world.running():
            assert lane.since() == [base.LinkUp("")]

    run(main())


# --- people who do something else -----------------------------------------------------------------


@linked(behaviour=Behaviour.TAILGATE)
async def test_a_second_body_on_one_grant_is_a_tailgate(world, site, lane):
    site.board.note = tailgate_apart(site.board.note)
    lane.open()
    await asyncio.sleep(3)
    assert lane.since() == [
        base.Opened(ANNA),
        base.DeviceNoted("alarm"),
        base.Passed(ENTRY, ANNA),
        base.Breached(base.BreachKind.TAILGATE, ENTRY),
    ]


def tailgate_apart(note):
    """Two bodies close one contact twice only if they are that far apart: move the second."""

    def noted(entry, now_ms):
        if entry.kind == "passage":
            asyncio.get_running_loop().call_later(0.5, lambda: note(entry, now_ms + 500))
        else:
            note(entry, now_ms)

    return noted


@linked()
async def test_whoever_goes_in_without_a_grant_is_nobodys_passage(world, site, lane):
    await site.order("force", 3)
    assert lane.since() == [base.DeviceNoted("alarm"), base.Passed(ENTRY, None)]


@linked()
async def test_whoever_walks_out_without_a_scan_is_counted(world, site, lane):
    await site.order("exit", 3)
    assert lane.since() == [base.Passed(EXIT, None)]
    assert written(world) == []


@linked(behaviour=Behaviour.STAY)
async def test_a_way_out_is_not_the_passage_of_a_grant_for_the_entry(world, site, lane):
    lane.open()
    await site.order("exit", 3)
    assert lane.since() == [base.Opened(ANNA), base.Passed(EXIT, None)]


# --- fire -----------------------------------------------------------------------------------------


@linked(behaviour=Behaviour.STAY)
async def test_a_fire_ends_the_grant_and_nothing_is_sent_until_it_is_over(world, site, lane):
    lane.open()
    await asyncio.sleep(0.1)
    await site.order("fire on", 0.2)
    assert lane.since() == [
        base.Opened(ANNA),
        base.FireChanged(is_on=True),
        base.NotPassed(ANNA, reason="fire"),
    ]
    world.wire.sent.clear()
    lane.open(BUDI)
    lane.driver.send(base.SetMode(base.Mode.NORMAL))
    await site.order("force", 10)
    assert lane.since() == [base.NotOpened(BUDI, "fire"), base.Passed(ENTRY, None, free=True)]
    assert written(world) == []
    await site.order("fire off", 0.2)
    lane.open(CITRA)
    await asyncio.sleep(0.2)
    assert lane.since() == [base.FireChanged(is_on=False), base.Opened(CITRA)]


def test_in_a_fire_at_the_start_the_relays_are_left_alone_until_it_is_over():
    async def main():
        world, site, lane = relay_world()
        site.end.is_plugged = False
        async with world.running():
            await site.order("fire on")
            site.end.is_plugged = True
            await asyncio.sleep(5)
            assert lane.since()[1:] == [base.FireChanged(is_on=True), base.LinkUp("")]
            assert site.board.writes == []
            await site.order("fire off", 1)
            assert lane.since() == [base.FireChanged(is_on=False)]
            assert site.board.writes == [(0, 0), (1, 0)]

    run(main())


@linked()
async def test_a_fire_refuses_an_open_that_still_waits_for_its_turn(world, site, lane):
    lane.open(ANNA)
    await asyncio.sleep(0.53)
    assert lane.since() == [base.Opened(ANNA), base.Passed(ENTRY, ANNA)]
    lane.open(BUDI)  # The relay is still on for the first one.
    await site.order("fire on", 1)
    assert lane.since() == [base.FireChanged(is_on=True), base.NotOpened(BUDI, "fire")]
    assert written(world) == [PULSE]


# --- the turnstile's own state ---------------------------------------------------------------------


@linked()
async def test_a_turnstile_that_is_not_ready_for_a_while_is_a_fault(world, site, lane):
    board = site.board
    inputs, board.inputs = board.inputs, lambda address, count: set_input(inputs, 2, level=False)
    await asyncio.sleep(0.5)
    board.inputs = inputs
    await asyncio.sleep(5)
    assert lane.since() == []  # Shorter than a second: it turned back into its rest.
    board.inputs = lambda address, count: set_input(inputs, 2, level=False)
    await asyncio.sleep(1.2)
    (fault,) = lane.since()
    assert "ready contact" in fault.reason
    board.inputs = inputs
    await asyncio.sleep(1.2)
    assert lane.since() == [base.FaultCleared()]


@linked(behaviour=Behaviour.STAY)
async def test_not_ready_while_somebody_is_let_in_is_judged_afterwards(world, site, lane):
    board = site.board
    inputs = board.inputs
    lane.open()
    await asyncio.sleep(0.1)
    board.inputs = lambda address, count: set_input(inputs, 2, level=False)
    await asyncio.sleep(6)
    assert lane.since() == [base.Opened(ANNA)]
    await asyncio.sleep(1)
    told = lane.since()
    assert told[0] == base.NotPassed(ANNA)
    assert isinstance(told[1], base.Fault)


@linked()
async def test_a_passage_that_does_not_end_is_noted_once_and_counts_once(world, site, lane):
    board = site.board
    inputs = board.inputs
    board.inputs = lambda address, count: set_input(inputs, 0, level=True)
    await asyncio.sleep(40)
    assert lane.since() == [base.Passed(ENTRY, None), base.DeviceNoted("held")]


def set_input(inputs, number, *, level):
    levels = inputs(0, 8)
    levels[number] = level
    return levels


# --- the board ------------------------------------------------------------------------------------


def test_at_the_start_the_relays_are_made_to_obey_and_switched_off():
    async def main():
        world, site, _ = relay_world()
        async with world.running():
            assert site.board.modes == [0, 0, 1, 1, 1, 1, 1, 1]
            assert site.board.writes == [(0, 0), (1, 0)]

    run(main())


def test_a_board_that_obeys_already_is_not_written_to():
    async def main():
        board = SimulatedRelayBoard()
        board.modes = [0] * 8
        world, _, _ = relay_world(board=board)
        async with world.running():
            assert world.sent(b"\x01\x06") == []

    run(main())


def test_a_board_without_modes_is_served():
    async def main():
        board = SimulatedRelayBoard()
        board.registers = lambda address, count: None
        world, _, lane = relay_world(board=board)
        async with world.running():
            assert lane.since() == [base.LinkUp("")]

    run(main())


def test_a_board_whose_inputs_go_on_switching_its_relays_is_not_used():
    async def main():
        board = SimulatedRelayBoard()
        board.write_registers = lambda address, values: True
        world, _, lane = relay_world(board=board)
        async with world.running():
            (lost,) = lane.since()
            assert "relay 1" in lost.reason
            assert "control mode 1" in lost.reason
            assert "0x1000 to 0" in lost.reason
            lane.open()
            await asyncio.sleep(10)
            assert lane.since() == [base.NotOpened(ANNA, "link_down")]

    run(main())


def test_the_board_is_checked_and_switched_off_again_after_an_outage():
    @linked()
    async def test(world, site, lane):
        world.wire.pull()
        await asyncio.sleep(1)
        await site.order("reboot")
        site.board.modes = [1] * 8
        site.board.writes.clear()
        world.wire.plug()
        await asyncio.sleep(1)
        assert site.board.modes[:2] == [0, 0]
        assert site.board.writes == [(0, 0), (1, 0)]

    test()


# --- outages --------------------------------------------------------------------------------------


@linked()
async def test_a_cable_pulled_while_granted_is_told_once_and_the_grant_stays_open(
    world, site, lane
):
    lane.open()
    await asyncio.sleep(0.1)
    world.wire.pull()
    await asyncio.sleep(20)
    assert lane.since() == [base.Opened(ANNA), base.LinkLost("/dev/ttyS7 hung up")]
    lane.open(BUDI)
    assert lane.since() == [base.NotOpened(BUDI, "link_down")]
    world.wire.plug()
    await asyncio.sleep(0.3)
    # Somebody passed and nobody saw it: it is not told as passed, nor as not passed.
    assert lane.since() == [base.LinkUp("")]
    await asyncio.sleep(20)
    assert lane.since() == []
    lane.open(CITRA)
    await asyncio.sleep(3)
    assert lane.since() == [base.Opened(CITRA), base.Passed(ENTRY, CITRA)]


@linked(behaviour=Behaviour.STAY)
async def test_a_passage_after_a_short_outage_is_still_the_grants(world, site, lane):
    lane.open()
    await asyncio.sleep(0.1)
    world.wire.pull()
    await asyncio.sleep(0.1)
    world.wire.plug()
    await site.order("force", 0.5)
    assert base.Passed(ENTRY, ANNA) in lane.since()


@linked()
async def test_a_board_without_power_is_told_with_what_to_look_at_and_found_again(
    world, site, lane
):
    site.end.is_plugged = False
    await asyncio.sleep(1.5)
    (lost,) = lane.since()
    for word in ("address 1 of /dev/ttyS7", "powered", "A and B", "9600"):
        assert word in lost.reason
    await asyncio.sleep(60)
    assert lane.since() == []
    site.end.is_plugged = True
    await asyncio.sleep(3.5)
    assert lane.since() == [base.LinkUp("")]


@linked()
async def test_a_silent_board_is_asked_seldom(world, site, lane):
    site.end.is_plugged = False
    await asyncio.sleep(3)
    world.wire.sent.clear()
    await asyncio.sleep(60)
    assert 15 < len(world.wire.sent) < 20


@linked(behaviour=Behaviour.STAY)
async def test_an_open_to_a_board_that_just_lost_its_power_is_unknown_then_the_link_is_lost(
    world, site, lane
):
    site.end.is_plugged = False
    lane.open()
    await asyncio.sleep(5)
    unknown, lost = lane.since()
    assert unknown == base.OpenUnknown(ANNA)
    assert isinstance(lost, base.LinkLost)
    assert len(world.sent(PULSE)) == 1


def test_two_boards_share_one_line_and_each_opens_its_own_turnstile():
    async def main():
        world = World()
        ways = [
            world.add(
                SimulatedRelayBoard(address), lambda line, it=address: modbus_relay(line, it, FULL)
            )
            for address in (1, 2)
        ]
        (_, one), (site, two) = ways
        async with world.running():
            one.open(ANNA)
            two.open(BUDI)
            await asyncio.sleep(3)
            assert one.since() == [base.LinkUp(""), base.Opened(ANNA), base.Passed(ENTRY, ANNA)]
            assert two.since() == [base.LinkUp(""), base.Opened(BUDI), base.Passed(ENTRY, BUDI)]
            site.end.is_plugged = False
            await asyncio.sleep(5)
            assert [type(it) for it in two.since()] == [base.LinkLost]
            one.open(CITRA)
            await asyncio.sleep(3)
            assert one.since() == [base.Opened(CITRA), base.Passed(ENTRY, CITRA)]

    run(main())


@pytest.mark.parametrize(("board_count", "closed_ms"), [(1, 100), (2, 160), (3, 220)])
def test_the_shortest_passage_contacts_that_the_documents_name_are_seen(
    mocker, board_count, closed_ms
):
    mocker.patch.object(relay_board, "CLOSED_MS", closed_ms)

    async def main():
        world = World(9600, 0.004)
        ways = [
            world.add(
                SimulatedRelayBoard(address), lambda line, it=address: modbus_relay(line, it, FULL)
            )
            for address in range(1, board_count + 1)
        ]
        async with world.running():
            for step in range(12):
                for site, _ in ways:
                    await site.order("exit", 0.7 + step * 0.0013)
            await asyncio.sleep(1)
            for _, lane in ways:
                assert len(lane.told(base.Passed)) == 12

    run(main())


# --- without passage inputs -----------------------------------------------------------------------


@linked(BLIND)
async def test_without_an_input_each_opening_is_an_assumed_passage(world, site, lane):
    lane.open()
    await asyncio.sleep(5.5)
    assert lane.since() == [base.Opened(ANNA), base.Passed(ENTRY, ANNA, assumed=True)]
    lane.open(BUDI, EXIT)
    await asyncio.sleep(5.5)
    assert lane.since() == [base.Opened(BUDI), base.Passed(EXIT, BUDI, assumed=True)]
    assert written(world) == [PULSE]


@linked(BLIND)
async def test_an_open_that_may_not_have_been_is_no_assumed_passage(world, site, lane):
    world.wire.spoil = lose_answers_to(PULSE)
    lane.open()
    await asyncio.sleep(20)
    assert lane.since() == [base.OpenUnknown(ANNA)]


@linked(BLIND)
async def test_an_assumed_passage_is_told_with_the_outage_that_hides_it(world, site, lane):
    lane.open()
    await asyncio.sleep(0.1)
    world.wire.pull()
    await asyncio.sleep(1)
    assert lane.since() == [
        base.Opened(ANNA),
        base.Passed(ENTRY, ANNA, assumed=True),
        base.LinkLost("/dev/ttyS7 hung up"),
    ]


@linked(
    Wiring(
        relays={ENTRY: 1},
        pulse_ms=500,
        contacts=Contacts(fire=Contact(5, CLOSED)),
        assume_passed=True,
    )
)
async def test_a_fire_makes_an_opening_an_assumed_passage_at_once(world, site, lane):
    lane.open()
    await asyncio.sleep(0.1)
    await site.order("fire on", 0.2)
    assert lane.since() == [
        base.Opened(ANNA),
        base.FireChanged(is_on=True),
        base.Passed(ENTRY, ANNA, assumed=True),
    ]


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"contacts": CONTACTS, "assume_passed": True},
        {"contacts": Contacts(passages={ENTRY: Contact(1, OPEN)})},
    ],
)
def test_a_passage_is_either_seen_or_assumed_and_people_say_which(how):
    with pytest.raises(base.DriverError, match="assume_passed = true"):
        Wiring(relays={ENTRY: 1}, pulse_ms=500, **how)


def test_it_declares_what_its_wiring_can_tell():
    _, _, full = relay_world()
    assert full.driver.capabilities == base.Capabilities(
        own_timing=True, feedback=True, direction=True, log=False, fire_input=True
    )
    _, _, blind = relay_world(BLIND)
    assert blind.driver.capabilities == base.Capabilities(
        own_timing=True, feedback=False, direction=False, log=False, fire_input=False
    )
