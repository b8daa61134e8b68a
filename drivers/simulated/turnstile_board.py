"""A simulated turnstile with a bought board, on a serial line: a tty or a pty made for it."""

from collections.abc import AsyncIterable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from random import Random
from typing import Final

from drivers.simulated.board_wire import BoardWire, SimulatedBoard
from drivers.simulated.gate_board_7e import SimulatedBoard7e
from drivers.simulated.lot_turnstile import SimulatedLotTurnstile
from drivers.simulated.people import Behaviour, People
from drivers.simulated.pty_port import simulated_port
from drivers.simulated.relay_board import SimulatedRelayBoard
from drivers.simulated.turnstile import SimulatedTurnstile
from firmware_protocol.memory import Memory


class BoardKind(StrEnum):
    """By the name of the driver that serves it."""

    MODBUS_RELAY = "modbus_relay"
    MODBUS_TURNSTILE = "modbus_turnstile"
    BOARD_7E = "board_7e"


BAUDRATES: Final[Mapping[BoardKind, int]] = {
    BoardKind.MODBUS_RELAY: 9600,
    BoardKind.MODBUS_TURNSTILE: 115200,
    BoardKind.BOARD_7E: 19200,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedBoardOptions:
    """port: a tty, or a path where a pty is made for as long as the turnstile runs.

    behaviours: drawn from for each person. walk_ms: from the open gate to behind it. seed: makes
    what people do the same each time.
    """

    kind: BoardKind
    port: str
    address: int = 1
    behaviours: Sequence[Behaviour] = (Behaviour.PASS,)
    walk_ms: int = 200
    seed: int | None = None
    baudrate: int | None = None


async def run_simulated_board(
    options: SimulatedBoardOptions,
    orders: AsyncIterable[bytes],
    write: Callable[[str], None],
    tell: Callable[[str], None],
) -> None:
    """Serve until an order says `quit`. `write` gets a JSON line for all that happens.

    `tell` gets a sentence at each change of the port. Raises DriverError if no port can be made.
    """
    board = make_board(options.kind, options.address)
    people = People(options.behaviours, options.walk_ms, Random(options.seed))  # noqa: S311 - play
    baudrate = options.baudrate or BAUDRATES[options.kind]
    with simulated_port(options.port, baudrate) as port:
        turnstile = SimulatedTurnstile(
            partial(BoardWire, port, board, tell),
            people=people,
            memory=Memory(),
            store=lambda _memory: None,
            write=write,
        )
        await turnstile.run(orders)


def make_board(kind: BoardKind, address: int) -> SimulatedBoard:
    match kind:
        case BoardKind.MODBUS_RELAY:
            return SimulatedRelayBoard(address)
        case BoardKind.MODBUS_TURNSTILE:
            return SimulatedLotTurnstile(address)
        case BoardKind.BOARD_7E:
            return SimulatedBoard7e(address)
