"""The rules of what comes before every command: the exit, fire, a lost host (R6, R7, R13)."""

import asyncio
from typing import Final

from drivers.conform.bench import SENSED_S, UNLOCK_MS, WALK_MS, Bench
from drivers.conform.words import Action, Rule, Unmet
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

ENTRY, EXIT = Direction.ENTRY, Direction.EXIT

# --- R6: the exit ---------------------------------------------------------------------------------


async def exit_is_free(bench: Bench) -> None:
    for mode in Mode:
        await bench.set_mode(mode)
        await _walks_out(bench)


async def exit_is_free_during_an_entry(bench: Bench) -> None:
    grant = bench.token(GRANT_SIZE)
    await bench.open(grant, Outcome.OPENED, unlock_ms=WALK_MS)
    await _walks_out(bench)
    await bench.in_force(grant)


async def exit_opens_in_a_lock_down(bench: Bench) -> None:
    await bench.set_mode(Mode.EXIT_ONLY)
    await bench.open(bench.token(GRANT_SIZE), Outcome.OPENED, direction=EXIT, unlock_ms=UNLOCK_MS)


async def exit_is_free_without_a_host(bench: Bench) -> None:
    await bench.lose_host()
    bench.forget()
    await bench.have(Action.WALK_OUT)
    await bench.connect()
    entry = await bench.entry(LogKind.PASSAGE, within_s=SENSED_S)
    if entry.direction is not EXIT:
        raise Unmet(f"a passage with direction {entry.direction}")


async def _walks_out(bench: Bench) -> None:
    bench.forget()
    await bench.have(Action.WALK_OUT)
    entry = await bench.expect(
        LogEntry, "log entry passage", lambda it: it.kind is LogKind.PASSAGE, within_s=SENSED_S
    )
    if entry.direction is not EXIT or entry.grant is not None:
        whose = "nobody's" if entry.grant is None else "of a grant"
        raise Unmet(f"a passage {entry.direction}, {whose}")


# --- R7: fire -------------------------------------------------------------------------------------


async def fire_ends_and_refuses(bench: Bench) -> None:
    grant = bench.token(GRANT_SIZE)
    await bench.open(grant, Outcome.OPENED, unlock_ms=WALK_MS)
    bench.forget()
    await bench.have(Action.FIRE_ON)
    try:
        await bench.state("fire", lambda it: it.is_fire, within_s=SENSED_S)
        await bench.entry(LogKind.FIRE_ON)
        ended = await bench.entry(LogKind.NOT_PASSED, grant=grant)
        if ended.reason is not EndReason.FIRE:
            raise Unmet(f"not_passed with reason {ended.reason}")
        for direction in Direction:
            await bench.open(bench.token(GRANT_SIZE), Outcome.FIRE, direction=direction)
    finally:
        await _end_fire(bench)
    await bench.entry(LogKind.FIRE_OFF)


async def no_message_ends_a_fire(bench: Bench) -> None:
    await bench.have(Action.FIRE_ON)
    try:
        await bench.state("fire", lambda it: it.is_fire, within_s=SENSED_S)
        for message in (
            SetMode(Mode.EXIT_ONLY),
            SetMode(Mode.NORMAL),
            Cancel(bench.token(GRANT_SIZE)),
        ):
            await bench.order(message)
        await bench.state("still fire", lambda it: it.is_fire)
        bench.forget()
        await bench.have(Action.WALK_IN)
        await bench.log_released_entry()
    finally:
        await _end_fire(bench)


async def _end_fire(bench: Bench) -> None:
    await bench.have(Action.FIRE_OFF)
    await bench.state("no fire", lambda it: not it.is_fire, within_s=SENSED_S)


# --- R13: no host ---------------------------------------------------------------------------------


async def host_lost_is_logged(bench: Bench) -> None:
    await bench.lose_host()
    await bench.connect()
    lost = await bench.entry(LogKind.HOST_LOST)
    back = await bench.entry(LogKind.HOST_BACK)
    if back.sequence < lost.sequence:
        raise Unmet(f"host_back is entry {back.sequence}, host_lost is {lost.sequence}")


async def short_silence_is_not_lost(bench: Bench) -> None:
    bench.fall_silent()
    await asyncio.sleep(0.5 * bench.host_lost_s)
    await bench.connect()
    await bench.expect_none(LogEntry, lambda it: it.kind is LogKind.HOST_LOST)


async def free_entry_is_locked_without_a_host(bench: Bench) -> None:
    await bench.set_mode(Mode.FREE)
    await bench.lose_host()
    bench.forget()
    await bench.have(Action.FORCE_IN)
    await bench.connect()
    await bench.entry(LogKind.FORCED, within_s=SENSED_S)


EXIT_RULES: Final[tuple[Rule[Bench], ...]] = (
    Rule(
        "R6a",
        "in every mode somebody can walk out and is logged as a passage without grant",
        exit_is_free,
        frozenset({Action.WALK_OUT}),
    ),
    Rule(
        "R6b",
        "somebody can walk out while an entry is in force, which stays in force",
        exit_is_free_during_an_entry,
        frozenset({Action.WALK_OUT}),
    ),
    Rule("R6c", "an OPEN for the exit is taken in mode exit_only", exit_opens_in_a_lock_down),
    Rule(
        "R6d",
        "without a host somebody can walk out and is logged",
        exit_is_free_without_a_host,
        frozenset({Action.WALK_OUT}),
    ),
    Rule(
        "R7a",
        "fire is shown and logged, ends the command in force, and refuses others with `fire`",
        fire_ends_and_refuses,
        frozenset({Action.FIRE_ON, Action.FIRE_OFF}),
    ),
    Rule(
        "R7b",
        "no message ends a fire, and everybody may enter while it is on",
        no_message_ends_a_fire,
        frozenset({Action.FIRE_ON, Action.FIRE_OFF, Action.WALK_IN}),
    ),
    Rule("R13a", "a host that falls silent is logged as lost, and as back", host_lost_is_logged),
    Rule("R13b", "a short silence is not taken for a lost host", short_silence_is_not_lost),
    Rule(
        "R13c",
        "without a host the entry of mode free is locked",
        free_entry_is_locked_without_a_host,
        frozenset({Action.FORCE_IN}),
    ),
)
