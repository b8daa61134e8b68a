"""The rules of the gate: what opens and what ends it; exit and fire come first (R6 to R13)."""

import asyncio
from typing import Final

from drivers.conform.bench import SENSED_S, Bench
from drivers.conform.words import Action, Rule, Unmet
from firmware_protocol.inputs import Result
from firmware_protocol.memory import ANSWERS_KEPT
from firmware_protocol.messages import Cancel, GateState, Indicate, SetMode
from firmware_protocol.words import (
    GRANT_SIZE,
    Direction,
    EndReason,
    LogEntry,
    LogKind,
    Mode,
    Outcome,
    Signal,
)

ENTRY, EXIT = Direction.ENTRY, Direction.EXIT

UNLOCK_MS: Final = 1_000
# The clock of a cheap controller, its sensors and the line.
LATE_MS: Final = 300
# Long enough for a person who was just asked to walk.
WALK_MS: Final = 30_000


# --- R6, R7 -------------------------------------------------------------------------------------


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


async def _walks_out(bench: Bench) -> None:
    bench.forget()
    await bench.have(Action.WALK_OUT)
    entry = await bench.expect(
        LogEntry, "log entry passage", lambda it: it.kind is LogKind.PASSAGE, within_s=SENSED_S
    )
    if entry.direction is not EXIT or entry.grant is not None:
        whose = "nobody's" if entry.grant is None else "of a grant"
        raise Unmet(f"a passage {entry.direction}, {whose}")


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
        entry = await bench.expect(
            LogEntry, "log entry of a body", lambda it: it.direction is ENTRY, within_s=SENSED_S
        )
        if entry.kind is not LogKind.PASSAGE or not entry.is_free:
            raise Unmet(f"{entry.kind}, free: {entry.is_free}; the entry is not released")
    finally:
        await _end_fire(bench)


async def _end_fire(bench: Bench) -> None:
    await bench.have(Action.FIRE_OFF)
    await bench.state("no fire", lambda it: not it.is_fire, within_s=SENSED_S)


# --- R8 -----------------------------------------------------------------------------------------


async def open_unlocks(bench: Bench) -> None:
    for direction in Direction:
        grant = bench.token(GRANT_SIZE)
        await bench.open(grant, Outcome.OPENED, direction=direction, unlock_ms=UNLOCK_MS)
        if (await bench.in_force(grant)).gate is not GateState.UNLOCKED:
            raise Unmet("the gate is not unlocked")
        await bench.order(Cancel(grant))
        await bench.idle()


async def repeat_gets_the_first_answer(bench: Bench) -> None:
    grant = bench.token(GRANT_SIZE)
    await bench.open(grant, Outcome.OPENED, unlock_ms=UNLOCK_MS)
    await bench.open(grant, Outcome.OPENED)
    await bench.entry(LogKind.NOT_PASSED, grant=grant, within_s=UNLOCK_MS / 1000 + 1)
    await bench.open(grant, Outcome.OPENED)
    await bench.expect_none(LogEntry)
    state = await bench.ask()
    if state.gate is not GateState.IDLE:
        raise Unmet(f"the repeat opened again: gate {state.gate}")


async def refusal_is_an_answer_too(bench: Bench) -> None:
    first, second = bench.token(GRANT_SIZE), bench.token(GRANT_SIZE)
    await bench.open(first, Outcome.OPENED)
    await bench.open(second, Outcome.BUSY)
    await bench.order(Cancel(first))
    await bench.idle()
    await bench.open(second, Outcome.BUSY)
    await bench.idle()


async def late_open_is_expired(bench: Bench) -> None:
    await bench.open(bench.token(GRANT_SIZE), Outcome.EXPIRED, ttl_ms=bench.expired_ttl_ms)
    await bench.idle()


async def one_command_at_a_time(bench: Bench) -> None:
    grant = bench.token(GRANT_SIZE)
    await bench.open(grant, Outcome.OPENED)
    for direction in Direction:
        await bench.open(bench.token(GRANT_SIZE), Outcome.BUSY, direction=direction)
    await bench.in_force(grant)


async def answers_are_remembered(bench: Bench) -> None:
    grant = bench.token(GRANT_SIZE)
    await bench.open(grant, Outcome.OPENED)
    for _ in range(ANSWERS_KEPT - 1):
        await bench.open(bench.token(GRANT_SIZE), Outcome.BUSY)
    await bench.order(Cancel(grant))
    await bench.idle()
    await bench.open(grant, Outcome.OPENED)
    await bench.idle()


async def mode_denies(bench: Bench) -> None:
    for mode, directions in ((Mode.EXIT_ONLY, (ENTRY,)), (Mode.FREE, (ENTRY, EXIT))):
        await bench.set_mode(mode)
        for direction in directions:
            await bench.open(bench.token(GRANT_SIZE), Outcome.DENIED, direction=direction)


# --- R9, R10 ------------------------------------------------------------------------------------


async def locks_by_itself(bench: Bench) -> None:
    grant = bench.token(GRANT_SIZE)
    await bench.open(grant, Outcome.OPENED, unlock_ms=UNLOCK_MS)
    opened_s = asyncio.get_running_loop().time()
    ended = await bench.entry(
        LogKind.NOT_PASSED, grant=grant, within_s=(UNLOCK_MS + LATE_MS) / 1000 + bench.reply_s
    )
    if ended.reason is not EndReason.TIMEOUT:
        raise Unmet(f"not_passed with reason {ended.reason}")
    waited_ms = 1000 * (asyncio.get_running_loop().time() - opened_s)
    if waited_ms < UNLOCK_MS - LATE_MS:
        raise Unmet(f"locked after {waited_ms:.0f} ms, the command said {UNLOCK_MS}")
    await bench.idle()


async def locks_by_itself_without_a_host(bench: Bench) -> None:
    grant = bench.token(GRANT_SIZE)
    unlock_ms = round(1000 * bench.host_lost_s) + 1_000
    await bench.open(grant, Outcome.OPENED, unlock_ms=unlock_ms)
    bench.fall_silent()
    await asyncio.sleep(unlock_ms / 1000 + 0.5)
    bench.forget()
    await bench.connect()
    ended = await bench.entry(LogKind.NOT_PASSED, grant=grant, within_s=SENSED_S)
    if ended.reason is not EndReason.TIMEOUT:
        raise Unmet(f"not_passed with reason {ended.reason}")


async def nobody_is_locked_in(bench: Bench) -> None:
    grant = bench.token(GRANT_SIZE)
    await bench.open(grant, Outcome.OPENED, unlock_ms=WALK_MS)
    await bench.have(Action.STEP_IN)
    try:
        await bench.state("gate passing", lambda it: it.gate is GateState.PASSING)
        await bench.order(Cancel(grant))
        await bench.state("gate still passing", lambda it: it.gate is GateState.PASSING)
    finally:
        await bench.have(Action.STEP_BACK)
    ended = await bench.entry(LogKind.NOT_PASSED, grant=grant, within_s=SENSED_S)
    if ended.reason is not EndReason.TURNED_BACK:
        raise Unmet(f"not_passed with reason {ended.reason}")
    await bench.idle()


async def cancel_ends(bench: Bench) -> None:
    grant = bench.token(GRANT_SIZE)
    await bench.open(grant, Outcome.OPENED)
    bench.forget()
    await bench.order(Cancel(grant))
    ended = await bench.entry(LogKind.NOT_PASSED, grant=grant)
    if ended.reason is not EndReason.CANCELLED:
        raise Unmet(f"not_passed with reason {ended.reason}")
    await bench.idle()


async def cancel_before_its_open(bench: Bench) -> None:
    grant = bench.token(GRANT_SIZE)
    await bench.order(Cancel(grant))
    await bench.open(grant, Outcome.DENIED)
    await bench.idle()


# --- R11, R12, R13 ------------------------------------------------------------------------------


async def modes_are_shown_and_logged(bench: Bench) -> None:
    for mode in (Mode.EXIT_ONLY, Mode.FREE, Mode.NORMAL):
        bench.forget()
        await bench.set_mode(mode)
        entry = await bench.entry(LogKind.MODE_CHANGED)
        if entry.mode is not mode:
            raise Unmet(f"mode_changed to {entry.mode}, ordered: {mode}")
        bench.forget()
        await bench.order(SetMode(mode))
        await bench.expect_none(LogEntry)


async def mode_ends_a_command(bench: Bench) -> None:
    for mode in (Mode.EXIT_ONLY, Mode.FREE):
        grant = bench.token(GRANT_SIZE)
        await bench.open(grant, Outcome.OPENED)
        bench.forget()
        await bench.order(SetMode(mode))
        ended = await bench.entry(LogKind.NOT_PASSED, grant=grant)
        if ended.reason is not EndReason.MODE:
            raise Unmet(f"not_passed with reason {ended.reason}")
        await bench.set_mode(Mode.NORMAL)


async def signals_are_shown(bench: Bench) -> None:
    for signal in (Signal.WAIT, Signal.READY):
        for direction in Direction:
            await bench.order(Indicate(signal, direction))
        state = await bench.ask()
        if (state.entry_signal, state.exit_signal) != (signal, signal):
            raise Unmet(f"signals {state.entry_signal}, {state.exit_signal}, told: {signal}")


async def passage_has_its_grant(bench: Bench) -> None:
    grant = bench.token(GRANT_SIZE)
    await bench.open(grant, Outcome.OPENED, unlock_ms=WALK_MS)
    bench.forget()
    await bench.have(Action.WALK_IN)
    entry = await bench.entry(LogKind.PASSAGE, grant=grant, within_s=SENSED_S)
    if entry.direction is not ENTRY:
        raise Unmet(f"a passage with direction {entry.direction}")
    await bench.idle()
    if bench.since(Result):
        raise Unmet("a RESULT that nobody asked for")


async def entry_without_a_grant_is_forced(bench: Bench) -> None:
    await bench.have(Action.FORCE_IN)
    await bench.entry(LogKind.FORCED, within_s=SENSED_S)


async def entry_in_mode_free_is_free(bench: Bench) -> None:
    await bench.set_mode(Mode.FREE)
    await bench.have(Action.WALK_IN)
    entry = await bench.entry(LogKind.PASSAGE, within_s=SENSED_S)
    if not entry.is_free or entry.grant is not None:
        raise Unmet(f"a passage with free: {entry.is_free}, grant: {entry.grant is not None}")


async def host_lost_is_logged(bench: Bench) -> None:
    bench.fall_silent()
    await asyncio.sleep(bench.host_lost_s + 0.5)
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
    bench.fall_silent()
    await asyncio.sleep(bench.host_lost_s + 0.5)
    bench.forget()
    await bench.have(Action.FORCE_IN)
    await bench.connect()
    await bench.entry(LogKind.FORCED, within_s=SENSED_S)


async def exit_is_free_without_a_host(bench: Bench) -> None:
    bench.fall_silent()
    await asyncio.sleep(bench.host_lost_s + 0.5)
    bench.forget()
    await bench.have(Action.WALK_OUT)
    await bench.connect()
    entry = await bench.entry(LogKind.PASSAGE, within_s=SENSED_S)
    if entry.direction is not EXIT:
        raise Unmet(f"a passage with direction {entry.direction}")


GATE_RULES: Final[tuple[Rule[Bench], ...]] = (
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
    Rule("R8a", "an OPEN unlocks, answers `opened` and is shown with its grant", open_unlocks),
    Rule(
        "R8b",
        "a repeated OPEN gets the first answer, and nothing moves again",
        repeat_gets_the_first_answer,
    ),
    Rule(
        "R8c",
        "a refused OPEN that is repeated is refused again, also when it could open now",
        refusal_is_an_answer_too,
    ),
    Rule("R8d", "an OPEN that comes too late answers `expired`", late_open_is_expired),
    Rule("R8e", "another OPEN while one is in force answers `busy`", one_command_at_a_time),
    Rule("R8f", f"the last {ANSWERS_KEPT} answers are remembered", answers_are_remembered),
    Rule(
        "R8g",
        "modes exit_only (for the entry) and free answer `denied`",
        mode_denies,
    ),
    Rule("R9a", "the gate locks by itself when unlock_ms is over", locks_by_itself),
    Rule("R9b", "it does so without a host, too", locks_by_itself_without_a_host),
    Rule(
        "R9c",
        "who has begun to pass is not locked in, and who turns back ends the command",
        nobody_is_locked_in,
        frozenset({Action.STEP_IN, Action.STEP_BACK}),
    ),
    Rule("R10a", "CANCEL ends the command in force", cancel_ends),
    Rule(
        "R10b", "an OPEN that was cancelled before it came answers `denied`", cancel_before_its_open
    ),
    Rule("R11a", "a mode is shown, and logged once", modes_are_shown_and_logged),
    Rule("R11b", "exit_only and free end an entry that nobody uses yet", mode_ends_a_command),
    Rule("R11c", "signals are shown", signals_are_shown),
    Rule(
        "R12a",
        "a passage on a command is logged with its grant and ends it",
        passage_has_its_grant,
        frozenset({Action.WALK_IN}),
    ),
    Rule(
        "R12b",
        "an entry without a command is logged as forced",
        entry_without_a_grant_is_forced,
        frozenset({Action.FORCE_IN}),
    ),
    Rule(
        "R12c",
        "an entry in mode free is logged as a free passage",
        entry_in_mode_free_is_free,
        frozenset({Action.WALK_IN}),
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
