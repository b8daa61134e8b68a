"""A device on a Modbus RTU line: its inputs, coils and registers.

pymodbus makes and reads the frames. The asking is PolledLine's: pymodbus's own client repeats a
question that got no answer, takes any frame of the device for the answer to the last question (also
one that is late, to another), and logs an error for each poll of a device that is switched off.
"""

import math
import struct
from collections.abc import Callable
from typing import Final

from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu.bit_message import ReadCoilsRequest, ReadDiscreteInputsRequest
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)

from drivers.polled_line import PolledDevice, PolledLine, RefusedError

# Devices answer in 5 to 40 ms, and a USB adapter holds bytes back for 16.
ANSWER_S: Final = 0.1
# The longest question and answer that we use take less, on the wire.
EXCHANGE_BITS: Final = 40 * 10
FRAME_SIZE_MIN: Final = 5
EXCEPTION_FLAG: Final = 0x80


class CoilWrite(ModbusPDU):
    """Write Single Coil (5) with any value, as question and as answer; pymodbus has on and off.

    Relay boards time a pulse by themselves where address and value say so.
    """

    function_code = 5
    rtu_frame_size = 8

    def __init__(self, address: int = 0, value: int = 0, dev_id: int = 0) -> None:
        super().__init__(dev_id=dev_id, address=address)
        self.value = value

    def encode(self) -> bytes:
        return struct.pack(">HH", self.address, self.value)

    def decode(self, data: bytes) -> None:
        self.address, self.value = struct.unpack(">HH", data)


def silence_s(baudrate: int) -> float:
    """Return how long a line rests between frames: 3.5 characters, 1.75 ms from 19200 baud on.

    Source: MODBUS over Serial Line 1.02, section 2.5.1.1.
    """
    return max(3.5 * 11 / baudrate, 0.00175)


class ModbusDevice:
    """Each method raises the errors of `PolledDevice.ask`, and RefusedError."""

    def __init__(self, line: PolledLine, address: int) -> None:
        within_s = ANSWER_S + EXCHANGE_BITS / line.baudrate
        self._device = PolledDevice(line, address, within_s)
        self._address = address
        decoder = DecodePDU(is_server=False)
        decoder.register(CoilWrite)
        self._framer = FramerRTU(decoder)

    @property
    def name(self) -> str:
        return self._device.name

    async def read_inputs(self, count: int) -> tuple[bool, ...]:
        """Return the first inputs; True is an input with current."""
        question = ReadDiscreteInputsRequest(dev_id=self._address, address=0, count=count)
        answer = await self._ask(question, lambda it: count <= len(it.bits) < count + 8)
        return tuple(answer.bits[:count])

    async def read_coils(self, count: int) -> tuple[bool, ...]:
        question = ReadCoilsRequest(dev_id=self._address, address=0, count=count)
        answer = await self._ask(question, lambda it: count <= len(it.bits) < count + 8)
        return tuple(answer.bits[:count])

    async def read_registers(self, address: int, count: int) -> tuple[int, ...]:
        question = ReadHoldingRegistersRequest(dev_id=self._address, address=address, count=count)
        answer = await self._ask(question, lambda it: len(it.registers) == count)
        return tuple(answer.registers)

    async def write_coil(self, address: int, value: int, *, before_s: float = math.inf) -> None:
        question = CoilWrite(dev_id=self._address, address=address, value=value)
        await self._ask(question, lambda it: it.encode() == question.encode(), before_s=before_s)

    async def write_register(self, address: int, value: int) -> None:
        question = WriteSingleRegisterRequest(
            dev_id=self._address, address=address, registers=[value]
        )
        await self._ask(question, lambda it: it.encode() == question.encode())

    async def write_registers(
        self, address: int, values: list[int], *, before_s: float = math.inf
    ) -> None:
        question = WriteMultipleRegistersRequest(
            dev_id=self._address, address=address, registers=values
        )
        await self._ask(
            question,
            lambda it: (it.address, it.count) == (address, len(values)),
            before_s=before_s,
        )

    async def _ask(
        self,
        question: ModbusPDU,
        fits: Callable[[ModbusPDU], bool],
        *,
        before_s: float = math.inf,
    ) -> ModbusPDU:
        def understand(heard: bytes) -> ModbusPDU | None:
            return self._find(heard, question.function_code, fits)

        answer = await self._device.ask(
            self._framer.buildFrame(question), understand, before_s=before_s
        )
        if isinstance(answer, ExceptionResponse):
            raise RefusedError(
                f"{self._device.name} refuses function {question.function_code} at "
                f"0x{question.address:04x}: Modbus exception {answer.exception_code}"
            )
        return answer

    def _find(
        self, heard: bytes, function: int, fits: Callable[[ModbusPDU], bool]
    ) -> ModbusPDU | None:
        """Find the answer among what was heard, noise before and after it left out."""
        for start in range(len(heard) - FRAME_SIZE_MIN + 1):
            if heard[start] != self._address or heard[start + 1] & ~EXCEPTION_FLAG != function:
                continue
            try:
                _, answer = self._framer.handleFrame(heard[start:], self._address, 0)
            except ModbusException:
                continue  # A whole frame, and nonsense.
            if isinstance(answer, ExceptionResponse) or (answer is not None and fits(answer)):
                return answer
        return None
