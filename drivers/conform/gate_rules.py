"""The rules of the gate: what opens it, what ends that, modes and bodies (R8 to R12)."""

import asyncio
from typing import Final

from drivers.conform.bench import LATE_MS, SENSED_S, UNLOCK_MS, WALK_MS, Bench
from drivers.conform.words import Action, Rule, Unmet
from firmware_protocol.inputs import Result
from firmware_protocol.memory import ANSWERS_KEPT
from firmware_protocol.messages import Cancel, GateState, Indicate, SetMode
from firmware_protocol.words import (
    GRANT_SIZE,
    Direction,
    EndReason,
    LogKind,
    Mode,
    Outcome,
    Signal,
)

ENTRY, EXIT = Direction.ENTRY, Direction.EXIT


# --- R8: OPEN -------------------------------------------------------------------------------------


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
    ended = await bench.entry(LogKind.NOT_PASSED, grant=grant, within_s=UNLOCK_MS / 1000 + 1)
    await bench.open(grant, Outcome.OPENED)
    await bench.expect_no_entry_after(ended)
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


# --- R9, R10: the end of a command ----------------------------------------------------------------


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


# --- R11, R12: modes, signals, bodies -------------------------------------------------------------


async def modes_are_shown_and_logged(bench: Bench) -> None:
    for mode in (Mode.EXIT_ONLY, Mode.FREE, Mode.NORMAL):
        bench.forget()
        await bench.set_mode(mode)
        entry = await bench.entry(LogKind.MODE_CHANGED)
        if entry.mode is not mode:
            raise Unmet(f"mode_changed to {entry.mode}, ordered: {mode}")
        bench.forget()
        await bench.order(SetMode(mode))
        await bench.expect_no_entry_after(entry)


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


GATE_RULES: Final[tuple[Rule[Bench], ...]] = (
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
)
