"""The frames of swing-gate and flap boards on RS-485 that begin with 7E and 7F (pure).

A command is `7E 00 address command d0 d1 d2 check`; each is answered by a status of 18 bytes,
`7F version address fault gate alarm left[3] right[3] infrared executed supply ? ? check`. The bytes
of a frame with its check byte add up to FF. 19200 baud, 8N1.

Source: the public firmware of a museum's lane gateway that drives such boards, and frames computed
from it; the field names are that firmware's. No manual of a maker was seen.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

COMMAND_START: Final = 0x7E
STATUS_START: Final = 0x7F
COMMAND_SIZE: Final = 8
STATUS_SIZE: Final = 18
COUNTER_BITS: Final = 24


class Code(IntEnum):
    """The commands that this gateway uses; those that forbid a side are none of them."""

    QUERY = 0x10
    OPEN_LEFT = 0x80
    """d0: how many people to let through."""
    OPEN_RIGHT = 0x82
    KEEP_OPEN = 0x83
    """Both sides, with d0 = 0, until CLOSE."""
    CLOSE = 0x84


@dataclass(frozen=True, slots=True)
class Status:
    """fault, alarm: 0 for none. left, right: people counted, beginning again after 2**24 - 1."""

    address: int
    version: int
    fault: int
    gate: int
    alarm: int
    left: int
    right: int
    infrared: int
    executed: int
    supply: int


@dataclass(frozen=True, slots=True)
class Request:
    """A command as a board reads it."""

    address: int
    code: int
    d0: int


def command(address: int, code: Code, d0: int = 0) -> bytes:
    """Return the frame of a command to the board at an address, 0 to 255."""
    return _checked(bytes([COMMAND_START, 0, address, code, d0, 0, 0]))


def find_status(heard: bytes, address: int) -> Status | None:
    """Return the first whole status of this board among bytes, noise around it left out."""
    for start in range(len(heard) - STATUS_SIZE + 1):
        frame = heard[start : start + STATUS_SIZE]
        if frame[0] == STATUS_START and frame[2] == address and _is_whole(frame):
            return Status(
                address=frame[2],
                version=frame[1],
                fault=frame[3],
                gate=frame[4],
                alarm=frame[5],
                left=int.from_bytes(frame[6:9], "big"),
                right=int.from_bytes(frame[9:12], "big"),
                infrared=frame[12],
                executed=frame[13],
                supply=frame[14],
            )
    return None


# --- the board's side, for the simulated one ---


def status(state: Status) -> bytes:
    return _checked(
        bytes([STATUS_START, state.version, state.address, state.fault, state.gate, state.alarm])
        + state.left.to_bytes(3, "big")
        + state.right.to_bytes(3, "big")
        + bytes([state.infrared, state.executed, state.supply, 0, 0])
    )


def find_request(heard: bytes, address: int) -> tuple[Request | None, bytes]:
    """Return the first whole command to this board, and the bytes that may begin another one."""
    for start in range(len(heard)):
        frame = heard[start : start + COMMAND_SIZE]
        if frame[0] != COMMAND_START:
            continue
        if len(frame) < COMMAND_SIZE:
            return None, frame
        if frame[1] == 0 and frame[2] == address and _is_whole(frame):
            return Request(frame[2], frame[3], frame[4]), heard[start + COMMAND_SIZE :]
    return None, b""


def _checked(frame: bytes) -> bytes:
    return frame + bytes([~sum(frame) & 0xFF])


def _is_whole(frame: bytes) -> bool:
    return sum(frame) & 0xFF == 0xFF
