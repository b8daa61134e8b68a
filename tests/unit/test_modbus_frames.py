"""Modbus RTU as the drivers speak it: golden bytes, and everything that is no answer."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymodbus.exceptions import ModbusIOException
from pymodbus.framer import FramerRTU

from drivers.boards.modbus import CoilWrite, ModbusDevice, silence_s
from drivers.polled_line import PolledLine, RefusedError, SilentError
from tests.unit.board_world import SimWire, run


def with_check(digits):
    frame = bytes.fromhex(digits)
    return frame + crc(frame)


def crc(frame):
    """CRC-16/MODBUS, written down again so that it does not check itself."""
    value = 0xFFFF
    for byte in frame:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value.to_bytes(2, "little")


# From waveshare.com/wiki/Modbus_RTU_Relay and _IO_8CH.
READ_INPUTS = bytes.fromhex("0102 0000 0008 79cc")
INPUTS_1_AND_3 = bytes.fromhex("0102 0105 618b")
ON = bytes.fromhex("0105 0000 ff00 8c3a")
OFF = bytes.fromhex("0105 0000 0000 cdca")
PULSE_700_MS = bytes.fromhex("0105 0200 0007 8db0")
REFUSAL = bytes.fromhex("0185 0302 91")
LEVELS = (True, False, True, False, False, False, False, False)


class Bench:
    """A device at address 1; `answers` is what the other end sends to each question, in pieces."""

    def __init__(self, *answers):
        self.wire = SimWire(9600)
        self.wire.ends.append(self)
        self.answers = list(answers)
        self.device = ModbusDevice(PolledLine(self.wire, gap_s=0.004), 1)

    def take(self, _data):
        for piece in self.answers:
            self.wire.answer(piece)


def play(ask, *answers):
    """Return what a question returns or raises, and the bytes that were sent for it."""
    bench = Bench(*answers)
    results = []

    async def main():
        async with asyncio.TaskGroup() as tasks:
            keeping = tasks.create_task(bench.device._device._line.keep())
            await asyncio.sleep(0)
            try:
                results.append(await ask(bench.device))
            except (SilentError, RefusedError) as error:
                results.append(error)
            keeping.cancel()

    run(main())
    return results[0], b"".join(data for _, data in bench.wire.sent)


def inputs(device):
    return device.read_inputs(8)


def pulse(device):
    return device.write_coil(0x0200, 7)


@pytest.mark.parametrize(
    ("ask", "sent", "answer", "result"),
    [
        (inputs, READ_INPUTS, INPUTS_1_AND_3, LEVELS),
        (
            lambda device: device.read_coils(8),
            bytes.fromhex("0101 0000 0008 3dcc"),
            bytes.fromhex("0101 0102 d049"),
            (False, True, *[False] * 6),
        ),
        (
            lambda device: device.read_registers(0x1000, 1),
            bytes.fromhex("0103 1000 0001 80ca"),
            bytes.fromhex("0103 0200 0179 84"),
            (1,),
        ),
        (lambda device: device.write_coil(0, 0xFF00), ON, ON, None),
        (lambda device: device.write_coil(0, 0), OFF, OFF, None),
        (pulse, PULSE_700_MS, PULSE_700_MS, None),
        (
            lambda device: device.write_register(0x1000, 0),
            bytes.fromhex("0106 1000 0000 8d0a"),
            bytes.fromhex("0106 1000 0000 8d0a"),
            None,
        ),
        (
            lambda device: device.write_registers(0x0040, [1]),
            bytes.fromhex("0110 0040 0001 0200 0169 50"),
            bytes.fromhex("0110 0040 0001 001d"),
            None,
        ),
    ],
)
def test_each_question_and_its_answer_byte_for_byte(ask, sent, answer, result):
    assert play(ask, answer) == (result, sent)


@pytest.mark.parametrize(
    "pieces",
    [
        [INPUTS_1_AND_3[i : i + 1] for i in range(len(INPUTS_1_AND_3))],
        [b"\x00\xff", INPUTS_1_AND_3],
        [b"\x01", b"\x01\x02", INPUTS_1_AND_3],
        [bytes.fromhex("0102 0105 0000"), INPUTS_1_AND_3],
        [INPUTS_1_AND_3 + b"\x00\x01\x02"],
        [bytes.fromhex("0202 0105 614b"), INPUTS_1_AND_3],
        [b"\x01\x02" * 20, INPUTS_1_AND_3],
    ],
)
def test_an_answer_is_found_whatever_is_around_it(pieces):
    assert play(inputs, *pieces)[0] == LEVELS


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        INPUTS_1_AND_3[:-1],
        READ_INPUTS,  # An adapter that echoes.
        bytes.fromhex("0202 0105 614b"),  # The check of another frame.
        with_check("0102 0205 00"),  # More inputs than were asked for.
        with_check("0102 00"),  # None at all.
        with_check("0101 0105"),  # Coils.
        ON,
        PULSE_700_MS,
    ],
)
def test_what_is_no_answer_to_this_question_is_silence(answer):
    result, sent = play(inputs, answer)
    assert isinstance(result, SilentError)
    assert sent == READ_INPUTS


@pytest.mark.parametrize("answer", [ON, OFF, bytes.fromhex("0105 0200 0008 cdb4")])
def test_another_coil_or_value_does_not_answer_a_pulse(answer):
    assert isinstance(play(pulse, answer)[0], SilentError)


def test_the_answer_of_another_function_is_none():
    result, _ = play(lambda device: device.read_registers(0x40, 1), bytes.fromhex("0102 0105 618b"))
    assert isinstance(result, SilentError)


def test_more_registers_than_were_asked_for_are_no_answer():
    answer = with_check("0103 0400 0100 02")
    assert isinstance(play(lambda device: device.read_registers(0x40, 1), answer)[0], SilentError)


def test_a_frame_that_the_library_cannot_read_is_no_answer(mocker):
    mocker.patch.object(FramerRTU, "handleFrame", side_effect=ModbusIOException("nonsense"))
    assert isinstance(play(inputs, INPUTS_1_AND_3)[0], SilentError)


def test_an_exception_is_a_refusal_that_names_function_and_address():
    result, _ = play(pulse, REFUSAL)
    assert isinstance(result, RefusedError)
    for word in ("address 1", "function 5", "0x0200", "exception 3"):
        assert word in str(result)


def test_the_exception_of_another_function_is_none():
    assert isinstance(play(inputs, REFUSAL)[0], SilentError)


@settings(max_examples=200)
@given(st.binary(max_size=300), st.integers(0, 8))
def test_noise_is_never_an_answer_and_never_raises(noise, where):
    bench = Bench()
    find = bench.device._find
    cut = INPUTS_1_AND_3[:where]
    for function in (1, 2, 3, 5, 6, 16):
        found = find(cut + noise, function, lambda _: True)
        assert found is None or is_checked(found, cut + noise)


def is_checked(found, heard):
    """Noise may hold a frame with a good check, once in 65536 times."""
    function = found.function_code.to_bytes(1, "big")
    return any(
        crc(heard[start : end - 2]) == heard[end - 2 : end]
        for start in range(len(heard))
        for end in range(start + 5, len(heard) + 1)
        if heard[start : start + 2] == b"\x01" + function
    )


@settings(max_examples=100)
@given(st.sampled_from([INPUTS_1_AND_3, PULSE_700_MS, REFUSAL]), st.data())
def test_a_flipped_bit_is_never_accepted(frame, data):
    bit = data.draw(st.integers(0, len(frame) * 8 - 1))
    flipped = bytearray(frame)
    flipped[bit // 8] ^= 1 << bit % 8
    find = Bench().device._find
    for function in (2, 5):
        assert find(bytes(flipped), function, lambda _: True) is None


def test_a_coil_with_any_value_survives_its_way_over_the_line():
    coil = CoilWrite()
    coil.decode(CoilWrite(0x0207, 0x7FFF).encode())
    assert (coil.address, coil.value) == (0x0207, 0x7FFF)


def test_the_line_rests_as_long_as_the_standard_says():
    assert silence_s(9600) == pytest.approx(0.00401, abs=1e-5)
    assert silence_s(115200) == 0.00175
