"""The rules of what a controller keeps, and of its log on the way to the host (R14 to R20)."""

import asyncio
from typing import Final

from drivers.conform.bench import REST_S, Bench, sequences
from drivers.conform.words import Action, Rule, Unmet
from firmware_protocol.memory import LOG_ROWS_MAX
from firmware_protocol.messages import Cancel, SetMode
from firmware_protocol.words import (
    GRANT_SIZE,
    Direction,
    EndReason,
    LogEntry,
    LogKind,
    Mode,
    Outcome,
)

EVENTS_AHEAD: Final = 8
# So many orders may wait in a small controller's buffer.
PACE_COUNT: Final = 4


async def repeats_until_acknowledged(bench: Bench) -> None:
    bench.is_acknowledging = False
    await _make_entries(bench, 1)
    sequence = (await bench.entry(LogKind.MODE_CHANGED)).sequence
    bench.forget()
    for _ in range(2):
        await bench.expect(
            LogEntry, "repeated entry", lambda it: it.sequence == sequence, within_s=1
        )
        bench.forget()
    await bench.acknowledge(sequence)
    await bench.state("the log acknowledged", lambda it: it.first > it.head)
    bench.forget()
    await bench.expect_none(LogEntry, for_s=1.0)


async def sends_in_order_and_not_too_many(bench: Bench) -> None:
    bench.is_acknowledging = False
    head = await _make_entries(bench, 2 * EVENTS_AHEAD)
    first = head - 2 * EVENTS_AHEAD + 1
    window = range(first, first + EVENTS_AHEAD)
    await bench.expect(LogEntry, f"entry {window[-1]}", lambda it: it.sequence == window[-1])
    await asyncio.sleep(1.0)
    sent = sequences(bench.since(LogEntry))
    if beyond := [sequence for sequence in sent if sequence not in window]:
        raise Unmet(f"entries {beyond} were sent before entry {first} was acknowledged")
    new = list(dict.fromkeys(sent))
    if new != sorted(new):
        raise Unmet(f"entries in the order {new}")


async def acknowledges_up_to(bench: Bench) -> None:
    bench.is_acknowledging = False
    head = await _make_entries(bench, 6)
    await bench.acknowledge(head - 3)
    await bench.state(f"first {head - 2}", lambda it: it.first == head - 2)
    bench.forget()
    await bench.expect(LogEntry, "entry after it", lambda it: it.sequence == head, within_s=1)
    if early := [it for it in sequences(bench.since(LogEntry)) if it <= head - 3]:
        raise Unmet(f"entries {early} came after they were acknowledged")


async def ignores_other_acknowledgements(bench: Bench) -> None:
    bench.is_acknowledging = False
    head = await _make_entries(bench, 3)
    await bench.acknowledge(head + 1_000)
    await bench.acknowledge(0)
    state = await bench.ask()
    if state.first != head - 2:
        raise Unmet(f"first is {state.first}, expected {head - 2}")


async def sends_the_rest_to_a_new_session(bench: Bench) -> None:
    bench.is_acknowledging = False
    head = await _make_entries(bench, 4)
    bench.fall_silent()
    bench.forget()
    await bench.connect()
    await bench.expect(LogEntry, f"entry {head}", lambda it: it.sequence == head)
    sent = list(dict.fromkeys(sequences(bench.since(LogEntry))))
    if sent[:4] != list(range(head - 3, head + 1)):
        raise Unmet(f"entries {sent}, expected {head - 3} to {head}")


async def sequences_have_no_holes(bench: Bench) -> None:
    before = (await bench.ask()).head
    head = await _make_entries(bench, 10)
    await bench.expect(LogEntry, f"entry {head}", lambda it: it.sequence == head, within_s=REST_S)
    sent = list(dict.fromkeys(sequences(bench.since(LogEntry))))
    if sent != list(range(before + 1, head + 1)):
        raise Unmet(f"entries {sent}, expected {before + 1} to {head}")


async def no_sequence_stands_for_two_entries(bench: Bench) -> None:
    if bench.mistakes:
        raise Unmet("; ".join(bench.mistakes[:3]))


async def keeps_a_thousand_entries(bench: Bench) -> None:
    bench.is_acknowledging = False
    head = await _make_entries(bench, LOG_ROWS_MAX)
    state = await bench.ask()
    if state.first != head - LOG_ROWS_MAX + 1:
        kept = head - state.first + 1
        raise Unmet(f"{kept} entries are kept without an acknowledgement")
    await bench.acknowledge(head)


# --- after a power cut --------------------------------------------------------------------------


async def log_survives_a_reboot(bench: Bench) -> None:
    bench.is_acknowledging = False
    head = await _make_entries(bench, 3)
    kept = [bench.entries[sequence] for sequence in range(head - 2, head + 1)]
    boots = await bench.boots()
    await bench.reboot()
    if await bench.boots() != boots + 1:
        raise Unmet(f"boot {await bench.boots()} after boot {boots}")
    await bench.expect(LogEntry, "log entry boot", lambda it: it.kind is LogKind.BOOT)
    again = {entry.sequence: entry for entry in bench.since(LogEntry)}
    if [again.get(entry.sequence) for entry in kept] != kept:
        raise Unmet(f"entries {head - 2} to {head} came back as {sequences(again.values())}")
    booted = next(entry for entry in again.values() if entry.kind is LogKind.BOOT)
    if booted.sequence <= head:
        raise Unmet(f"boot has sequence {booted.sequence}, the log was at {head}")


async def acknowledged_survives_a_reboot(bench: Bench) -> None:
    head = await _make_entries(bench, 3)
    await bench.state("the log acknowledged", lambda it: it.first > it.head, within_s=REST_S)
    await bench.reboot()
    await bench.expect(LogEntry, "log entry boot", lambda it: it.kind is LogKind.BOOT)
    if again := [it for it in sequences(bench.since(LogEntry)) if it <= head]:
        raise Unmet(f"entries {again} came again, though they were acknowledged")


async def answers_survive_a_reboot(bench: Bench) -> None:
    grant = bench.token(GRANT_SIZE)
    await bench.open(grant, Outcome.OPENED)
    await bench.order(Cancel(grant))
    await bench.idle()
    await bench.reboot()
    await bench.open(grant, Outcome.OPENED)
    await bench.idle()


async def command_ends_with_a_reboot(bench: Bench) -> None:
    grant = bench.token(GRANT_SIZE)
    await bench.open(grant, Outcome.OPENED, direction=Direction.ENTRY, unlock_ms=30_000)
    await bench.reboot()
    ended = await bench.entry(LogKind.NOT_PASSED, grant=grant)
    if ended.reason is not EndReason.REBOOT:
        raise Unmet(f"not_passed with reason {ended.reason}")
    booted = await bench.entry(LogKind.BOOT)
    if booted.sequence != ended.sequence + 1:
        raise Unmet(f"not_passed is entry {ended.sequence}, boot is {booted.sequence}")
    await bench.idle()


async def mode_is_normal_after_a_reboot(bench: Bench) -> None:
    await bench.set_mode(Mode.FREE)
    await bench.reboot()
    state = await bench.ask()
    if state.mode is not Mode.NORMAL:
        raise Unmet(f"mode {state.mode} after the boot")


async def _make_entries(bench: Bench, count: int) -> int:
    """Have it log mode changes; return the head, when all are in the log."""
    bench.forget()
    head = (await bench.ask()).head
    for number in range(count):
        await bench.order(SetMode(Mode.NORMAL if number % 2 else Mode.EXIT_ONLY))
        if number % PACE_COUNT == 0:
            await bench.ask()
    state = await bench.state(f"head {head + count}", lambda it: it.head == head + count)
    return state.head


REBOOT: Final = frozenset({Action.REBOOT})

LOG_RULES: Final[tuple[Rule[Bench], ...]] = (
    Rule("R19a", "an entry is repeated until it is acknowledged", repeats_until_acknowledged),
    Rule(
        "R19b",
        f"entries come in order, at most {EVENTS_AHEAD} before the first is acknowledged",
        sends_in_order_and_not_too_many,
    ),
    Rule(
        "R19c",
        "a new session gets all that is not acknowledged, from the oldest on",
        sends_the_rest_to_a_new_session,
    ),
    Rule("R20a", "EVENT_ACK frees all entries up to it", acknowledges_up_to),
    Rule(
        "R20b",
        "EVENT_ACK beyond the head, or behind the last one, is ignored",
        ignores_other_acknowledgements,
    ),
    Rule("R17a", "sequences rise by one, without holes", sequences_have_no_holes),
    Rule("R18", f"{LOG_ROWS_MAX} entries are kept", keeps_a_thousand_entries),
    Rule("R14a", "the log survives a power cut", log_survives_a_reboot, REBOOT),
    Rule(
        "R14b",
        "what is acknowledged survives a power cut",
        acknowledged_survives_a_reboot,
        REBOOT,
    ),
    Rule("R14c", "the answers survive a power cut", answers_survive_a_reboot, REBOOT),
    Rule(
        "R16",
        "a command in force ends with a power cut, and that is logged before the boot",
        command_ends_with_a_reboot,
        REBOOT,
    ),
    Rule("R11d", "after a power cut the mode is normal", mode_is_normal_after_a_reboot, REBOOT),
)

LAST_RULES: Final[tuple[Rule[Bench], ...]] = (
    Rule(
        "R17b",
        "no sequence stood for two entries, and nothing that was said was malformed",
        no_sequence_stands_for_two_entries,
    ),
)
