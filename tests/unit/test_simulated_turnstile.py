"""The simulated turnstile in virtual time: what people do, what it says, what it keeps."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Never

import pytest

from drivers.base import DriverError
from drivers.simulated.people import MIXED, Behaviour, People
from drivers.simulated.turnstile import Acted, SimulatedTurnstile
from drivers.simulated.turnstile_serial import SerialWire
from drivers.simulated.turnstile_state import StateFile
from firmware_protocol import controller as machine
from firmware_protocol.controller import Controller
from firmware_protocol.device import Device, Identity
from firmware_protocol.host import Host
from firmware_protocol.inputs import (
    Configure,
    HostBack,
    Input,
    ModeCommand,
    OpenCommand,
    PassageBegan,
    PassageCompleted,
    SecondBody,
    Sensed,
    Tick,
    TurnedBack,
)
from firmware_protocol.memory import Memory
from firmware_protocol.messages import Indicate
from firmware_protocol.reports import Answered, Connected, Logged
from firmware_protocol.settings import Settings, WithoutHost
from firmware_protocol.words import Command, Direction, LogKind, Mode, Outcome, Signal
from tests.sim.loop import run
from tests.unit.gatelink_line import PSK, counting_token

ENTRY, EXIT = Direction.ENTRY, Direction.EXIT
ANNA, BUDI = b"anna" * 4, b"budi" * 4
LOG = b"log name"


class DirectWire:
    """No wire at all: a test tells the controller what the host would."""

    def __init__(self, uptime_ms: Callable[[], int], acted: Acted) -> None:
        self.uptime_ms = uptime_ms
        self.acted = acted
        self.controller = Controller(Memory())
        self.muted: list[bool] = []

    def boot(self, memory: Memory) -> None:
        self._run(machine.boot(memory, self.uptime_ms()))
        self.sense(HostBack())

    def sense(self, what: Input) -> None:
        self._run(machine.step(self.controller, what, self.uptime_ms()))

    def tick(self) -> None:
        self.sense(Tick())

    def deadline_ms(self) -> int | None:
        return machine.deadline_ms(self.controller)

    def mute(self, *, is_mute: bool) -> None:
        self.muted.append(is_mute)

    async def run(self) -> Never:
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    def open(self, grant: bytes = ANNA, direction: Direction = ENTRY) -> None:
        self.sense(OpenCommand(Command(grant, direction), 5000, self.uptime_ms() + 1500))

    def _run(self, step: machine.Step) -> None:
        self.controller, effects = step
        self.acted(self.controller, effects)


class Orders:
    """Lines that somebody types, with no end."""

    def __init__(self) -> None:
        self._typed: asyncio.Queue[bytes] = asyncio.Queue()

    def __aiter__(self) -> "Orders":
        return self

    async def __anext__(self) -> bytes:
        return await self._typed.get()

    def type(self, text: str) -> None:
        self._typed.put_nowait(text.encode())


class World:
    """A turnstile with somebody who types orders."""

    def __init__(self, behaviours: Sequence[Behaviour] = (Behaviour.PASS,)) -> None:
        self.lines: list[dict] = []
        self.stored: list[Memory] = []
        self.orders = Orders()
        self.turnstile = SimulatedTurnstile(
            DirectWire,
            people=People(behaviours, 400, Random(1)),
            memory=Memory(),
            store=self.stored.append,
            write=lambda line: self.lines.append(json.loads(line)),
        )
        self.wire: DirectWire = self.turnstile._wire

    async def order(self, text: str, wait_s: float = 0.001) -> None:
        self.orders.type(text)
        await asyncio.sleep(wait_s)

    def events(self, *names: str) -> list[str]:
        return [it["event"] for it in self.lines if not names or it["event"] in names]


def play(story, behaviours: Sequence[Behaviour] = (Behaviour.PASS,)) -> World:
    async def main() -> World:
        world = World(behaviours)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(world.turnstile.run(world.orders))
            await asyncio.sleep(0.001)
            world.lines.clear()
            await story(world)
            await world.order("quit")
            assert running.done()
        return world

    return run(main())


def test_who_is_let_in_walks_through_in_the_time_it_takes() -> None:
    async def story(world: World) -> None:
        world.wire.open()
        await asyncio.sleep(1)
        assert world.events() == ["unlocked", "result", "relocked", "passed"]
        unlocked, _, _, passed = world.lines
        assert passed["at_ms"] - unlocked["at_ms"] == 400
        assert passed["grant"] == unlocked["grant"] == ANNA.hex()
        assert passed["direction"] == "entry"
        assert passed["sequence"] == 3

    play(story)


def test_each_kind_of_person_does_what_its_name_says() -> None:
    expected = {
        "pass": ["passed"],
        "turn-back": ["turned_back"],
        "force": ["passed", "forced"],
        "tailgate": ["tailgate", "passed"],
        "stay": ["not_passed"],
    }

    async def story(world: World) -> None:
        for number, (word, happened) in enumerate(expected.items()):
            world.lines.clear()
            await world.order(f"next {word}")
            world.wire.open(bytes([number]) * 16)
            await asyncio.sleep(6)
            told = world.events("passed", "turned_back", "forced", "tailgate", "not_passed")
            assert told == happened, word
        assert set(expected) == {str(behaviour) for behaviour in Behaviour}

    play(story)


def test_a_choice_is_for_the_next_person_only() -> None:
    async def story(world: World) -> None:
        await world.order("next stay")
        world.wire.open(ANNA)
        await asyncio.sleep(6)
        world.wire.open(BUDI)
        await asyncio.sleep(1)
        assert world.events("passed", "not_passed") == ["not_passed", "passed"]

    play(story)


def test_a_mixed_crowd_is_the_same_each_time_and_mostly_passes() -> None:
    async def story(world: World) -> None:
        for number in range(100):
            world.wire.open(number.to_bytes(16))
            await asyncio.sleep(6)

    first, second = play(story, MIXED), play(story, MIXED)
    assert first.lines == second.lines
    passed = len(first.events("passed"))
    assert 70 < passed < 100
    assert set(first.events("turned_back", "forced", "tailgate", "not_passed")) == {
        "turned_back",
        "forced",
        "tailgate",
        "not_passed",
    }


def test_nobody_forces_the_free_way_out() -> None:
    async def story(world: World) -> None:
        world.wire.open(direction=EXIT)
        await asyncio.sleep(1)
        assert world.events() == ["unlocked", "result", "relocked", "passed"]
        assert world.lines[-1]["direction"] == "exit"

    play(story, (Behaviour.FORCE,))
    play(story, (Behaviour.TAILGATE,))


def test_somebody_walks_out_without_a_scan() -> None:
    async def story(world: World) -> None:
        await world.order("exit", 1)
        assert world.events() == ["passed"]
        assert world.lines[0]["direction"] == "exit"
        assert "grant" not in world.lines[0]

    play(story)


def test_who_walks_out_on_an_exit_in_force_is_that_person_and_only_one() -> None:
    async def story(world: World) -> None:
        await world.order("next stay")
        world.wire.open(direction=EXIT)
        await world.order("exit", 6)
        (passed,) = [it for it in world.lines if it["event"] == "passed"]
        assert passed["grant"] == ANNA.hex()

    play(story)


def test_an_exit_while_an_entry_is_in_force_belongs_to_nobody() -> None:
    async def story(world: World) -> None:
        world.wire.open()
        await world.order("exit", 6)
        passed = [it for it in world.lines if it["event"] == "passed"]
        assert [it.get("grant") for it in passed] == [ANNA.hex(), None]

    play(story)


def test_somebody_forces_the_arm_now() -> None:
    async def story(world: World) -> None:
        await world.order("force")
        assert world.events() == ["forced"]

    play(story)


def test_who_walks_through_on_another_ones_grant_leaves_a_locked_gate() -> None:
    async def story(world: World) -> None:
        world.wire.open()
        await world.order("force", 2)
        assert world.events("passed", "forced") == ["passed"]

    play(story)


def test_a_lock_down_keeps_who_is_on_the_way_out() -> None:
    async def story(world: World) -> None:
        world.wire.open()
        await asyncio.sleep(0.1)
        world.wire.sense(ModeCommand(Mode.EXIT_ONLY))
        await asyncio.sleep(2)
        assert world.events("passed", "forced", "not_passed") == ["not_passed"]

    play(story)


def test_fire_is_on_until_it_is_off_over_a_reboot_too() -> None:
    async def story(world: World) -> None:
        await world.order("fire on")
        await world.order("reboot")
        assert world.wire.controller.is_fire
        await world.order("fire off")
        assert not world.wire.controller.is_fire
        assert [it["on"] for it in world.lines if it["event"] == "fire"] == [True, True, False]

    play(story)


def test_a_reboot_ends_the_grant_and_starts_the_uptime_anew() -> None:
    async def story(world: World) -> None:
        await asyncio.sleep(3)
        await world.order("next stay")
        world.wire.open()
        await world.order("reboot", 1)
        (ended,) = [it for it in world.lines if it["event"] == "not_passed"]
        assert (ended["reason"], ended["at_ms"]) == ("reboot", 0)
        assert world.events("passed") == []
        world.wire.open(BUDI)
        await asyncio.sleep(1)
        assert world.lines[-1]["grant"] == BUDI.hex()

    play(story)


def test_deaf_means_silent_for_that_long() -> None:
    async def story(world: World) -> None:
        await world.order("deaf 500", 0.4)
        assert world.wire.muted == [True]
        await asyncio.sleep(0.2)
        assert world.wire.muted == [True, False]

    play(story)


def test_somebody_steps_in_stays_and_steps_back() -> None:
    async def story(world: World) -> None:
        world.wire.open()
        await world.order("step in", 60)
        assert world.events() == ["unlocked", "result", "held"]
        await world.order("step back", 1)
        assert world.events()[3:] == ["relocked", "turned_back"]

    play(story, [Behaviour.STAY])


@pytest.mark.parametrize(
    "order", ["jump", "step", "step out", "next fly", "fire", "deaf soon", "exit now"]
)
def test_an_order_that_is_none_says_what_it_takes(order: str) -> None:
    async def story(world: World) -> None:
        await world.order("")
        await world.order(order)
        (line,) = world.lines
        assert line["event"] == "not_understood"
        assert line["order"] == order
        assert "turn-back" in line["expected"]

    play(story)


def test_signals_are_told() -> None:
    async def story(world: World) -> None:
        world.wire.acted(world.wire.controller, [Indicate(Signal.REFUSED, ENTRY)])
        assert world.lines == [
            {"at_ms": 1, "event": "indicated", "signal": "refused", "direction": "entry"}
        ]

    play(story)


def test_it_stores_before_it_tells() -> None:
    world = None

    async def story(the_world: World) -> None:
        nonlocal world
        world = the_world
        kept_at: list[int] = []
        world.turnstile._write = lambda _: kept_at.append(world.stored[-1].head)
        world.wire.open()
        await asyncio.sleep(1)
        assert kept_at == [2, 2, 3, 3]

    play(story)


def test_the_end_of_the_orders_is_not_the_end() -> None:
    async def no_orders() -> AsyncIterator[bytes]:
        return
        yield b""

    async def main() -> None:
        world = World()
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(world.turnstile.run(no_orders()))
            await asyncio.sleep(10)
            assert not running.done()
            running.cancel()

    run(main())


# --- people -----------------------------------------------------------------------------------


def steps_of(people: People) -> list[tuple[int, Sensed]]:
    found = []
    while (at_ms := people.deadline_ms()) is not None:
        found.append((at_ms, people.take_due(at_ms)))
    return found


def test_steps_come_in_their_order_and_not_before_their_time() -> None:
    people = People([Behaviour.TAILGATE], 200, Random(1))
    people.let_in(Command(ANNA, ENTRY), 1000)
    assert people.take_due(1099) is None
    assert steps_of(people) == [
        (1100, PassageBegan(ENTRY)),
        (1200, SecondBody()),
        (1200, PassageCompleted(ENTRY)),
    ]


def test_a_stopped_person_does_nothing_more() -> None:
    people = People([Behaviour.TURN_BACK], 200, Random(1))
    people.let_in(Command(ANNA, ENTRY), 0)
    people.let_in(Command(BUDI, ENTRY), 0)
    people.stop(ANNA)
    assert steps_of(people) == [(100, PassageBegan(ENTRY)), (200, TurnedBack())]


# --- state file -------------------------------------------------------------------------------


def lived_memory() -> Memory:
    step = machine.boot(Memory(), 0)
    for what in (
        HostBack(),
        ModeCommand(Mode.EXIT_ONLY),
        PassageCompleted(ENTRY),
        OpenCommand(Command(ANNA, EXIT), 5000, 99),
        TurnedBack(),
        OpenCommand(Command(BUDI, EXIT), 5000, 99),
        Configure(Settings(held_ms=9_000, without_host=WithoutHost.SAFE)),
    ):
        step = machine.step(step[0], what, 5)
    return step[0].memory


def test_what_is_stored_is_loaded_again(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    state = StateFile(path, counting_token("state"))
    log, memory = state.load()
    assert memory == Memory()
    for kept in (lived_memory(), Memory()):
        state.store(kept)
        assert StateFile(path, counting_token("other")).load() == (log, kept)
    assert list(tmp_path.iterdir()) == [path]


def test_without_a_file_each_run_has_a_log_of_its_own() -> None:
    token = counting_token("state")
    state = StateFile(None, token)
    first, _ = state.load()
    state.store(lived_memory())
    assert StateFile(None, token).load()[0] != first


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"log": "zz"}', '{"log": "00", "memory": 5}'])
def test_another_file_is_refused_with_what_to_do(tmp_path: Path, content: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(content)
    with pytest.raises(DriverError, match=r"state\.json is not the state .* delete it"):
        StateFile(path, counting_token("state")).load()


# --- the serial wire --------------------------------------------------------------------------


class SimPort:
    """The device's port, with a host at the other end that answers at once."""

    port = "/dev/sim"

    def __init__(self) -> None:
        self.host = Host(PSK, name="gateway", token=counting_token("host"))
        self.reports: list[object] = []

    async def run(self, opened, received, lost) -> Never:
        self.received = received
        opened()
        self.give(self.host.open_line(self.now_ms()))
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    def write(self, data: bytes) -> bool:
        asyncio.get_running_loop().call_soon(lambda: self.give(self.host.feed(data, self.now_ms())))
        return True

    def give(self, output) -> None:
        self.reports += output.reports
        if output.data:
            self.received(output.data, asyncio.get_running_loop().time())

    def now_ms(self) -> int:
        return round(asyncio.get_running_loop().time() * 1000)


def test_over_the_serial_wire_a_host_opens_and_hears_of_the_passage() -> None:
    async def main() -> None:
        port, said, lines = SimPort(), [], []
        identity = Identity("simulated", "1", LOG)
        device = partial(Device, PSK, device=identity, token=counting_token("device"))
        turnstile = SimulatedTurnstile(
            lambda uptime_ms, acted: SerialWire(port, device, said.append, uptime_ms, acted),
            people=People([Behaviour.PASS], 200, Random(1)),
            memory=Memory(),
            store=lambda _: None,
            write=lines.append,
        )
        orders = Orders()
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(turnstile.run(orders))
            await asyncio.sleep(0.1)
            port.give(port.host.open(Command(ANNA, ENTRY), 5000, 1500, port.now_ms()))
            await asyncio.sleep(0.3)
            orders.type("deaf 100")
            orders.type("exit")
            await asyncio.sleep(0.05)
            silent = len(port.reports)
            await asyncio.sleep(0.05)
            assert len(port.reports) == silent
            running.cancel()
        assert said == ["/dev/sim: open"]
        told = [it for it in port.reports if isinstance(it, Connected | Answered | Logged)]
        assert told[0] == Connected("simulated", "1")
        assert Answered(ANNA, Outcome.OPENED) in told
        assert told[-1].entry.kind is LogKind.PASSAGE

    run(main())
