"""What the C controller keeps: whole or not at all at every power cut, and what if it cannot."""

from collections.abc import Iterator

import pytest

from firmware_protocol import bodies
from firmware_protocol.frames import Deframer, encode
from firmware_protocol.inputs import (
    FireInput,
    PassageBegan,
    PassageCompleted,
    Relock,
    Result,
    Unlock,
)
from firmware_protocol.messages import Cancel, EventAck, Message, Open, Ping, State
from firmware_protocol.settings import Settings
from firmware_protocol.words import Direction, LogEntry, LogKind, Outcome
from tests.unit.c_host import Host
from tests.unit.c_store import STORE_SIZE, entry_at, memory_of
from tests.unit.gatelink_line import ANNA, BUDI, ENTRY, EXIT, LOG

# The first of them builds the controller, on a machine that may have other work.
pytestmark = [pytest.mark.compiler, pytest.mark.timeout(120)]

SETTINGS = Settings(unlock_ms=1_000, unlock_ms_max=2_000)


def tell(host: Host, *messages: Message) -> list:
    return host.say(b"".join(encode(host.channel.seal(message)) for message in messages))


def order(grant: bytes, direction: Direction = ENTRY) -> Open:
    return Open(grant, direction, 2**63)


def states(said: list) -> list[State]:
    return [message for message in said if isinstance(message, State)]


# --- power cuts ---------------------------------------------------------------------------------


def live(host: Host) -> None:
    device = host.device
    tell(host, order(ANNA))
    device.sense(PassageBegan(ENTRY), 2)
    device.sense(PassageCompleted(ENTRY), 3)
    tell(host, EventAck(2), order(BUDI))
    tell(host, order(b"carl" * 4))
    device.sense(PassageCompleted(EXIT), 4)
    tell(host, Cancel(BUDI), SETTINGS)
    device.sense(FireInput(is_on=True), 5)
    device.sense(FireInput(is_on=False), 6)
    tell(host, order(b"dina" * 4, EXIT))
    device.sense(FireInput(is_on=True), 7)


def cuts(image: bytes, trace: list[tuple[str, ...]]) -> Iterator[tuple[bytes, int]]:
    """Yield the storage at each possible power cut, and how much of the trace came before it."""
    now = bytearray(image)
    for count, step in enumerate(trace):
        if step[0] == "wrote":
            at, record = int(step[1]), bytes.fromhex(step[2])
            for size in (0, 1, len(record) // 2, len(record) - 1):
                torn = bytearray(now)
                torn[at : at + size] = record[:size]
                yield bytes(torn), count
            now[at : at + len(record)] = record
    yield bytes(now), len(trace)


def told(trace: list[tuple[str, ...]]) -> list:
    data = b"".join(bytes.fromhex(step[1]) for step in trace if step[0] == "sent")
    return [bodies.decode(frame.kind, frame.body) for frame in Deframer().feed(data)]


def test_nothing_that_was_told_or_moved_is_forgotten_in_a_power_cut() -> None:
    host = Host()
    before = host.device.read_store()
    host.device.trace.clear()
    host.device.trace_store()
    live(host)
    trace = list(host.device.trace)
    count = 0
    for image, done in cuts(before, trace):
        count += 1
        again = Host(store=image)
        memory = again.device.controller.memory
        assert memory.boot_count == 2
        assert not again.device.controller.is_faulty
        was = told(trace[:done])
        for message in was:
            match message:
                case LogEntry(sequence=sequence) if sequence > memory.acknowledged:
                    assert memory.entries[sequence - memory.first] == message
                case LogEntry(sequence=sequence):
                    assert sequence <= memory.acknowledged
                case Result(grant, outcome):
                    assert Result(grant, outcome, is_repeat=True) in tell(again, order(grant))
                case Settings():
                    assert memory.settings == message
        for step in trace[:done]:
            if step[0] == "relay" and len(step) == 4:
                output = again.device.feed(
                    encode(again.channel.seal(order(bytes.fromhex(step[3])))), 9
                )
                assert not any(isinstance(it, Unlock) for it in output.effects)
    assert count > 60


def test_a_command_in_force_ends_as_not_passed_after_a_power_cut() -> None:
    host = Host()
    tell(host, order(ANNA))
    again = Host(store=host.device.read_store())
    ended = again.device.controller.memory.entries[-3:]
    assert [entry.kind for entry in ended] == [LogKind.NOT_PASSED, LogKind.BOOT, LogKind.HOST_BACK]


# --- storage that is new, or fails --------------------------------------------------------------


def test_a_new_storage_gets_a_new_name() -> None:
    names = [Host(store=bytes(STORE_SIZE), seed=seed).offer.log for seed in ("a", "b")]
    assert len({*names, LOG, bytes(8)}) == 4
    assert Host(store=bytes([0xFF]) * STORE_SIZE).offer.log not in {LOG, bytes(8)}


def test_a_storage_that_fails_opens_nothing_and_says_so() -> None:
    host = Host()
    host.device.break_store()
    said = tell(host, order(ANNA))
    assert Result(ANNA, Outcome.DENIED) in said
    assert [state.is_faulty for state in states(said)] == [True]
    assert Result(ANNA, Outcome.DENIED, is_repeat=True) in tell(host, order(ANNA))
    head = states(tell(host, Ping()))[0].head
    fire = host.device.sense(FireInput(is_on=True), 2)
    assert Unlock(ENTRY, None) in fire.effects
    assert Relock(ENTRY) in host.device.sense(FireInput(is_on=False), 3).effects
    assert states(tell(host, Ping()))[0].head == head


def test_a_gate_locks_by_itself_though_its_storage_has_failed() -> None:
    host = Host()
    tell(host, order(ANNA))
    host.device.break_store()
    assert Relock(ENTRY) in host.device.tick(10_000).effects


def test_a_storage_that_cannot_be_read_at_the_boot_opens_nothing() -> None:
    host = Host(is_broken=True)
    said = tell(host, order(ANNA))
    assert Result(ANNA, Outcome.DENIED) in said


def test_an_entry_that_was_spoilt_stops_the_log_and_the_gate() -> None:
    host = Host()
    image = bytearray(host.device.read_store())
    memory = memory_of(bytes(image))
    image[entry_at(memory.head) + 9] ^= 1
    again = Host(store=bytes(image))
    said = tell(again, Ping())
    assert states(said)[-1].is_faulty
    assert Result(ANNA, Outcome.DENIED) in tell(again, order(ANNA))


def test_an_answer_that_was_spoilt_opens_nothing() -> None:
    host = Host()
    tell(host, order(ANNA))
    image = bytearray(host.device.read_store())
    at = image.index(ANNA, 256)
    image[at] ^= 1
    again = Host(store=bytes(image))
    assert states(tell(again, Ping()))[-1].is_faulty
    assert Result(BUDI, Outcome.DENIED) in tell(again, order(BUDI))


def test_a_head_that_was_spoilt_is_the_one_before() -> None:
    host = Host()
    tell(host, order(ANNA))
    image = bytearray(host.device.read_store())
    newer = max((0, 128), key=lambda at: int.from_bytes(image[at + 8 : at + 16], "little"))
    image[newer + 30] ^= 1
    assert memory_of(bytes(image)).answers == ()
    again = Host(store=bytes(image))
    assert not again.device.controller.is_faulty
    assert again.offer.log == LOG
