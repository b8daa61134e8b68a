"""Who says what when on a shared line (R24 to R26)."""

import asyncio
from dataclasses import replace
from typing import Final

from drivers.conform.serial_bench import SerialBench
from drivers.conform.serial_wire import WORD_S
from drivers.conform.words import Rule, Unmet
from firmware_protocol.frames import Frame, encode
from firmware_protocol.inputs import Result
from firmware_protocol.messages import HelloAck, Message, NoSession, Open, Ping, State
from firmware_protocol.words import GRANT_SIZE, Direction

ENTRY: Final = Direction.ENTRY
# From the frame that asks to the first byte of the answer, and the adapters between.
ANSWER_S_MAX: Final = 0.15


async def speaks_only_when_asked(bench: SerialBench) -> None:
    grant = bench.token(GRANT_SIZE)
    state = await bench.ask()
    order = bench.seal(Open(grant, ENTRY, state.uptime_ms + 1_500, 500))
    await bench.pause()
    count = len(bench.wire.frames)
    await bench.wire.say(encode(order))
    await asyncio.sleep(1)
    if bench.wire.frames[count:]:
        raise Unmet(f"a frame of type {bench.wire.frames[count].frame.kind:02x} without a PING")
    bench.resume()
    await bench.result(grant, "RESULT with the next PING")


async def greeting_gets_nothing_else(bench: SerialBench) -> None:
    await _expect_alone(bench, HelloAck, bench.unsigned(bench.hello()))


async def stranger_gets_nothing_else(bench: SerialBench) -> None:
    ours = bench.seal(Ping())
    await _expect_alone(bench, NoSession, replace(ours, session=ours.session ^ 0xFFFF_FFFF))


async def _expect_alone(bench: SerialBench, kind: type[Message], asked: Frame) -> None:
    """Have a RESULT wait, as if the PING behind the OPEN was lost, and ask for something else."""
    grant = bench.token(GRANT_SIZE)
    state = await bench.ask()
    order = bench.seal(Open(grant, ENTRY, state.uptime_ms + 1_500, 500))
    await bench.pause()
    await bench.wire.say(encode(order))
    count = len(bench.wire.frames)
    await bench.wire.say(encode(asked))
    await asyncio.sleep(WORD_S)
    told = [type(it.message) for it in bench.wire.frames[count:]]
    if told != [kind]:
        raise Unmet(f"{_names(told)}, expected {kind.__name__} alone")
    bench.resume()
    await bench.result(grant, "RESULT with the next PING")


async def answer_ends_with_a_state(bench: SerialBench) -> None:
    grant = bench.token(GRANT_SIZE)
    state = await bench.ask()
    await bench.pause()
    count = len(bench.wire.frames)
    order = bench.seal(Open(grant, ENTRY, state.uptime_ms + 1_500, 500))
    await bench.wire.say(encode(order), encode(bench.seal(Ping())))
    await asyncio.sleep(WORD_S)
    bench.resume()
    told = [type(it.message) for it in bench.wire.frames[count:]]
    if told.count(State) != 1 or told[-1:] != [State] or Result not in told:
        raise Unmet(f"the answer to OPEN and PING: {_names(told)}")


def _names(kinds: list[type]) -> str:
    return ", ".join(kind.__name__ for kind in kinds) or "nothing"


async def answers_in_time(bench: SerialBench) -> None:
    loop = asyncio.get_running_loop()
    await bench.pause()
    for _ in range(10):
        count, asked_s = len(bench.wire.frames), loop.time()
        await bench.wire.say(encode(bench.seal(Ping())))
        if not bench.wire.frames[count:]:
            raise Unmet(f"no answer in {1000 * WORD_S:.0f} ms")
        took_s = bench.wire.frames[count].at_s - asked_s
        if took_s > ANSWER_S_MAX:
            raise Unmet(f"the answer took {1000 * took_s:.0f} ms")
    bench.resume()


SHARED_LINE_RULES: Final[tuple[Rule[SerialBench], ...]] = (
    Rule("R24a", "on a shared line nothing is said that was not asked for", speaks_only_when_asked),
    Rule("R24b", "what waits for a PING does not go with HELLO_ACK", greeting_gets_nothing_else),
    Rule("R24c", "what waits for a PING does not go with NOSESS", stranger_gets_nothing_else),
    Rule("R25", "the answer to PING ends with one STATE", answer_ends_with_a_state),
    Rule("R26", "the answer comes in time", answers_in_time),
)
