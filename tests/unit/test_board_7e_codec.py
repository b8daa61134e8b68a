"""The frames of the 7E/7F board: golden bytes, and everything that is no frame."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.boards.board_7e_codec import (
    COMMAND_SIZE,
    STATUS_SIZE,
    Code,
    Request,
    Status,
    command,
    find_request,
    find_status,
    status,
)

STATE = Status(
    address=1,
    version=0x21,
    fault=0,
    gate=1,
    alarm=2,
    left=0x010203,
    right=0xFFFFFF,
    infrared=4,
    executed=5,
    supply=24,
)
FRAME = bytes.fromhex("7f 21 01 00 01 02 010203 ffffff 04 05 18 00 00 37")


@pytest.mark.parametrize(
    ("code", "d0", "frame"),
    [
        (Code.QUERY, 0, "7e 00 01 10 00 00 00 70"),
        (Code.OPEN_LEFT, 1, "7e 00 01 80 01 00 00 ff"),
        (Code.OPEN_RIGHT, 1, "7e 00 01 82 01 00 00 fd"),
        (Code.KEEP_OPEN, 0, "7e 00 01 83 00 00 00 fd"),
        (Code.CLOSE, 0, "7e 00 01 84 00 00 00 fc"),
    ],
)
def test_commands_are_these_bytes(code, d0, frame):
    assert command(1, code, d0) == bytes.fromhex(frame)
    assert find_request(bytes.fromhex(frame), 1) == (Request(1, code, d0), b"")


def test_no_command_forbids_a_side():
    assert {code.value for code in Code}.isdisjoint({0x88, 0x89})


def test_a_status_is_read_field_by_field_and_written_the_same():
    assert find_status(FRAME, 1) == STATE
    assert status(STATE) == FRAME
    assert len(FRAME) == STATUS_SIZE


def test_a_status_is_found_byte_by_byte_once_it_is_whole():
    found = [find_status(FRAME[:size], 1) for size in range(len(FRAME) + 1)]
    assert found == [None] * STATUS_SIZE + [STATE]


@pytest.mark.parametrize(
    "heard",
    [
        b"\x00\xff\x7e" + FRAME,
        b"\x7f" + FRAME,
        FRAME[:9] + FRAME,
        b"\x7f" * 40 + FRAME,
        FRAME + b"\x7f\x21",
        FRAME + status(STATE),
        bytes(500) + FRAME,
        command(1, Code.QUERY) + FRAME,  # An adapter that echoes.
    ],
)
def test_a_status_is_found_whatever_is_around_it(heard):
    assert find_status(heard, 1) == STATE


@pytest.mark.parametrize(
    "heard",
    [
        b"",
        FRAME[:-1],
        FRAME[1:],
        FRAME[:-1] + b"\x38",
        FRAME[:5] + FRAME[6:],
        command(1, Code.QUERY) * 3,
        b"\x7f" * 18,
    ],
)
def test_what_is_no_status_is_none(heard):
    assert find_status(heard, 1) is None


def test_the_status_of_another_board_is_none_of_ours():
    assert find_status(FRAME, 2) is None


@given(st.integers(0, STATUS_SIZE * 8 - 1))
def test_a_flipped_bit_is_never_accepted(bit):
    flipped = bytearray(FRAME)
    flipped[bit // 8] ^= 1 << bit % 8
    assert find_status(bytes(flipped), 1) is None


@settings(max_examples=80)
@given(st.binary(max_size=200))
def test_noise_never_raises_and_what_is_found_has_a_good_check(noise):
    found = find_status(noise, 1)
    if found is not None:
        assert any(
            noise[i] == 0x7F and sum(noise[i : i + STATUS_SIZE]) % 256 == 0xFF
            for i in range(len(noise) - STATUS_SIZE + 1)
        )


@given(
    st.builds(
        Status,
        **{name: st.integers(0, 255) for name in STATE.__slots__ if name not in {"left", "right"}},
        left=st.integers(0, (1 << 24) - 1),
        right=st.integers(0, (1 << 24) - 1),
    )
)
def test_every_state_survives_its_way_over_the_line(state):
    assert find_status(status(state), state.address) == state


# --- the board's side -----------------------------------------------------------------------------


def feed(pieces):
    """Return the requests that a board finds, and what it keeps at the end."""
    kept, found = b"", []
    for piece in pieces:
        request, kept = find_request(kept + piece, 1)
        while request is not None:
            found.append(request)
            request, kept = find_request(kept, 1)
        assert len(kept) < COMMAND_SIZE
    return found, kept


QUERY = command(1, Code.QUERY)


@pytest.mark.parametrize(
    "pieces",
    [
        [QUERY],
        [bytes([byte]) for byte in QUERY],
        [b"\x00\x7f", QUERY],
        [b"\x7e\x01", QUERY],
        [QUERY[:5], QUERY],
        [QUERY[:-1] + b"\x71", QUERY],
        [command(2, Code.OPEN_LEFT, 1), QUERY],
    ],
)
def test_a_board_finds_its_commands_whatever_is_around_them(pieces):
    assert feed(pieces) == ([Request(1, Code.QUERY, 0)], b"")


def test_a_board_takes_two_commands_at_once_in_their_order():
    both = QUERY + command(1, Code.CLOSE)
    assert [request.code for request in feed([both])[0]] == [Code.QUERY, Code.CLOSE]


@settings(max_examples=80)
@given(st.lists(st.binary(max_size=30), max_size=10))
def test_a_board_hears_any_noise_and_keeps_less_than_a_command(pieces):
    feed(pieces)
