"""Rules of the serial binding alone: repeats, LOG_READ, settings."""

import asyncio
from dataclasses import astuple, replace
from typing import Final

from drivers.conform.bench import LATE_MS, SENSED_S, UNLOCK_MS
from drivers.conform.serial_bench import TEST_SETTINGS, SerialBench
from drivers.conform.words import Action, Rule, Unmet
from firmware_protocol.inputs import Result
from firmware_protocol.messages import (
    Cancel,
    ConfigGet,
    LogRead,
    LogState,
    Open,
)
from firmware_protocol.settings import (
    HELD_MS_MIN,
    HOST_LOST_MS_MIN,
    UNLOCK_MS_MAX,
    UNLOCK_MS_MIN,
    Settings,
    WithoutHost,
)
from firmware_protocol.words import (
    GRANT_SIZE,
    Direction,
    EndReason,
    LogEntry,
    LogKind,
    Mode,
    Outcome,
)

ENTRY: Final = Direction.ENTRY
SAFE: Final = replace(TEST_SETTINGS, without_host=WithoutHost.SAFE)


# --- R8, R9, R21 --------------------------------------------------------------------------------


async def repeat_says_so(bench: SerialBench) -> None:
    grant = bench.token(GRANT_SIZE)
    first = await bench.open(grant, Outcome.OPENED, unlock_ms=UNLOCK_MS)
    again = await bench.open(grant, Outcome.OPENED, unlock_ms=UNLOCK_MS)
    if (first.is_repeat, again.is_repeat) != (False, True):
        raise Unmet(f"is_repeat {first.is_repeat}, then {again.is_repeat}")


async def held_is_logged_once(bench: SerialBench) -> None:
    grant = bench.token(GRANT_SIZE)
    await bench.open(grant, Outcome.OPENED, unlock_ms=UNLOCK_MS_MAX)
    await bench.have(Action.STEP_IN)
    try:
        await bench.entry(LogKind.HELD, grant=grant, within_s=HELD_MS_MIN / 1000 + SENSED_S)
        await asyncio.sleep(2 * HELD_MS_MIN / 1000)
    finally:
        await bench.have(Action.STEP_BACK)
    held = {it.sequence for it in bench.since(LogEntry) if it.kind is LogKind.HELD}
    if len(held) != 1:
        raise Unmet(f"held was logged {len(held)} times")


async def log_read_is_answered(bench: SerialBench) -> None:
    state = await bench.ask()
    told = await bench.answer(LogRead(), LogState)
    if (told.head, told.first) != (state.head, state.first):
        raise Unmet(f"LOG_STATE {told.first}..{told.head}, STATE {state.first}..{state.head}")
    grant = bench.token(GRANT_SIZE)
    await bench.open(grant, Outcome.OPENED)
    if (await bench.answer(LogRead(), LogState)).in_force != grant:
        raise Unmet("in_force is not the grant of the command in force")


async def log_read_sends_again(bench: SerialBench) -> None:
    bench.is_acknowledging = False
    grant = bench.token(GRANT_SIZE)
    await bench.open(grant, Outcome.OPENED)
    await bench.order(Cancel(grant))
    sequence = (await bench.entry(LogKind.NOT_PASSED, grant=grant)).sequence
    await asyncio.sleep(1.2)  # By now it is repeated only each half second.
    await bench.expect(LogEntry, "repeated entry", lambda it: it.sequence == sequence)
    bench.forget()
    await bench.answer(LogRead(sequence), LogState)
    await bench.expect(LogEntry, "entry at once", lambda it: it.sequence == sequence, within_s=0.2)


# --- R22, R23 -----------------------------------------------------------------------------------


async def settings_are_taken(bench: SerialBench) -> None:
    wanted = Settings(
        unlock_ms=2_000,
        unlock_ms_max=9_000,
        held_ms=20_000,
        host_lost_ms=4_000,
        without_host=WithoutHost.SAFE,
    )
    if await bench.answer(wanted, Settings) != wanted:
        raise Unmet("CONFIG with other settings than those that were sent")
    if await bench.answer(ConfigGet(), Settings) != wanted:
        raise Unmet("other settings in force than those that were answered")


async def impossible_settings_are_refused(bench: SerialBench) -> None:
    other = replace(TEST_SETTINGS, held_ms=5_000)
    for wanted in (
        replace(other, unlock_ms=UNLOCK_MS_MIN - 1),
        replace(other, unlock_ms=2_000, unlock_ms_max=1_999),
        replace(other, unlock_ms_max=UNLOCK_MS_MAX + 1),
        replace(other, host_lost_ms=HOST_LOST_MS_MIN - 1),
    ):
        found = await bench.answer(wanted, Settings)
        if found != TEST_SETTINGS:
            raise Unmet(f"in force: {astuple(found)} after CONFIG {astuple(wanted)}")


async def open_without_a_time_waits_as_set(bench: SerialBench) -> None:
    await _locks_after(bench, None, TEST_SETTINGS.unlock_ms)


async def no_open_waits_longer_than_set(bench: SerialBench) -> None:
    await bench.answer(replace(TEST_SETTINGS, unlock_ms_max=1_500), Settings)
    await _locks_after(bench, UNLOCK_MS_MAX, 1_500)


async def _locks_after(bench: SerialBench, unlock_ms: int | None, expected_ms: int) -> None:
    grant = bench.token(GRANT_SIZE)
    state = await bench.ask()
    bench.forget()
    await bench.send(Open(grant, ENTRY, state.uptime_ms + 1_500, unlock_ms))
    await bench.expect(Result, "RESULT opened", lambda it: it.outcome is Outcome.OPENED)
    opened_s = asyncio.get_running_loop().time()
    ended = await bench.entry(
        LogKind.NOT_PASSED, grant=grant, within_s=(expected_ms + LATE_MS) / 1000
    )
    waited_ms = 1000 * (asyncio.get_running_loop().time() - opened_s)
    if ended.reason is not EndReason.TIMEOUT or waited_ms < expected_ms - LATE_MS:
        raise Unmet(f"not_passed ({ended.reason}) after {waited_ms:.0f} ms")


async def checksum_is_shown(bench: SerialBench) -> None:
    for settings in (SAFE, TEST_SETTINGS):
        await bench.answer(settings, Settings)
        shown = (await bench.ask()).settings
        if shown != settings.checksum:
            raise Unmet(f"checksum {shown:08x}, expected {settings.checksum:08x}")


async def settings_survive_a_reboot(bench: SerialBench) -> None:
    await bench.answer(SAFE, Settings)
    await bench.reboot()
    if await bench.answer(ConfigGet(), Settings) != SAFE:
        raise Unmet("other settings after the boot")


async def safe_entry_is_released(bench: SerialBench) -> None:
    await bench.answer(SAFE, Settings)
    await bench.lose_host()
    bench.forget()
    await bench.have(Action.WALK_IN)
    await bench.connect()
    await bench.log_released_entry()


async def lock_down_outlives_its_host(bench: SerialBench) -> None:
    await bench.answer(SAFE, Settings)
    await bench.set_mode(Mode.EXIT_ONLY)
    await bench.lose_host()
    bench.forget()
    await bench.have(Action.FORCE_IN)
    await bench.connect()
    await bench.entry(LogKind.FORCED, within_s=SENSED_S)


def _needs(*actions: Action) -> frozenset[Action]:
    return frozenset(actions)


SERIAL_RULES: Final[tuple[Rule[SerialBench], ...]] = (
    Rule("R8h", "the answer to a repeat says that it is one", repeat_says_so),
    Rule(
        "R9d",
        "a passage that takes longer than held_ms is logged as held, once",
        held_is_logged_once,
        _needs(Action.STEP_IN, Action.STEP_BACK),
    ),
    Rule("R9e", "an OPEN without a time waits for unlock_ms", open_without_a_time_waits_as_set),
    Rule("R9f", "no OPEN waits longer than unlock_ms_max", no_open_waits_longer_than_set),
    Rule("R21a", "LOG_READ is answered with where the log stands", log_read_is_answered),
    Rule("R21b", "LOG_READ with a start has the log sent again at once", log_read_sends_again),
    Rule("R22a", "settings are taken, and answered with those in force", settings_are_taken),
    Rule(
        "R22b",
        "nothing is taken of settings beyond their limits",
        impossible_settings_are_refused,
    ),
    Rule("R23", "STATE carries the checksum of the settings", checksum_is_shown),
    Rule(
        "R13d",
        "with without_host `safe` the entry is released while the host is lost",
        safe_entry_is_released,
        _needs(Action.WALK_IN),
    ),
    Rule(
        "R13e",
        "a lock-down outlives its host, also with without_host `safe`",
        lock_down_outlives_its_host,
        _needs(Action.FORCE_IN),
    ),
    Rule(
        "R14d",
        "the settings survive a power cut",
        settings_survive_a_reboot,
        _needs(Action.REBOOT),
    ),
)
