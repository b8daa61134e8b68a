"""What a simulated turnstile with a bought board does by itself, whatever board it is."""

import itertools
from typing import Never

from drivers.simulated.board_wire import BoardWire
from drivers.simulated.relay_board import SimulatedRelayBoard
from firmware_protocol.memory import Memory
from firmware_protocol.words import Direction


class SilentPort:
    """Nobody is at the other end of the line."""

    port = "a board's end"

    async def run(self, *_callbacks: object) -> Never:
        raise AssertionError("it is not opened")

    def write(self, data: bytes) -> bool:
        raise AssertionError(data)


def test_a_board_opens_however_the_time_goes_on_while_it_does():
    """A command of these boards has no time after which it is too late."""
    clock = itertools.count(step=5)
    wire = BoardWire(
        SilentPort(),
        SimulatedRelayBoard(),
        tell=lambda _sentence: None,
        uptime_ms=lambda: next(clock),
        acted=lambda _controller, _effects: None,
    )
    wire.boot(Memory())
    wire.open(Direction.ENTRY)
    command = wire.controller.command
    assert command is not None
    assert command.direction is Direction.ENTRY
