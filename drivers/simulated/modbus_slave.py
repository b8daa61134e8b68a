"""The other end of Modbus RTU, for simulated devices: requests in, answers out."""

from typing import Final, Protocol

from pymodbus.constants import ExcCodes
from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu.bit_message import (
    ReadCoilsRequest,
    ReadCoilsResponse,
    ReadDiscreteInputsRequest,
    ReadDiscreteInputsResponse,
)
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadHoldingRegistersResponse,
    WriteMultipleRegistersRequest,
    WriteMultipleRegistersResponse,
    WriteSingleRegisterRequest,
    WriteSingleRegisterResponse,
)

from drivers.boards.modbus import CoilWrite

# What is not whole by then never is; a real device waits for 1.5 characters.
FRAME_MS: Final = 50


class Device(Protocol):
    """What the requests are about. None and False: there is no such thing here."""

    def coils(self, address: int, count: int) -> list[bool] | None: ...

    def inputs(self, address: int, count: int) -> list[bool] | None: ...

    def registers(self, address: int, count: int) -> list[int] | None: ...

    def write_coil(self, address: int, value: int) -> bool: ...

    def write_registers(self, address: int, values: list[int]) -> bool: ...


class ModbusSlave:
    """Answers what is whole and sent to its address; to everything else it is silent."""

    def __init__(self, address: int) -> None:
        self._address = address
        self._heard = b""
        self._heard_ms = 0
        decoder = DecodePDU(is_server=True)
        decoder.register(CoilWrite)
        self._framer = FramerRTU(decoder)

    def hear(self, data: bytes, device: Device, now_ms: int) -> bytes:
        if now_ms - self._heard_ms > FRAME_MS:
            self._heard = b""
        self._heard_ms = now_ms
        self._heard += data
        try:
            used, request = self._framer.handleFrame(self._heard, self._address, 0)
        except ModbusException:
            used, request = len(self._heard), None
        self._heard = self._heard[used:]
        if request is None:
            return b""
        answer = _serve(request, device)
        if answer is None:
            answer = ExceptionResponse(request.function_code, ExcCodes.ILLEGAL_ADDRESS)
        answer.dev_id = self._address
        return self._framer.buildFrame(answer)


def _serve(request: ModbusPDU, device: Device) -> ModbusPDU | None:
    """Return the answer, None where the device has nothing at that address."""
    address = request.address
    match request:
        case ReadDiscreteInputsRequest():  # Before the coils: it is made from them.
            bits = device.inputs(address, request.count)
            return None if bits is None else ReadDiscreteInputsResponse(bits=bits)
        case ReadCoilsRequest():
            bits = device.coils(address, request.count)
            return None if bits is None else ReadCoilsResponse(bits=bits)
        case ReadHoldingRegistersRequest():
            words = device.registers(address, request.count)
            return None if words is None else ReadHoldingRegistersResponse(registers=words)
        case CoilWrite():
            is_done = device.write_coil(address, request.value)
            return CoilWrite(address, request.value) if is_done else None
        case WriteSingleRegisterRequest() | WriteMultipleRegistersRequest():
            values = list(request.registers)
            if not device.write_registers(address, values):
                return None
            if isinstance(request, WriteSingleRegisterRequest):
                return WriteSingleRegisterResponse(address=address, registers=values)
            return WriteMultipleRegistersResponse(address=address, count=len(values))
        case _:
            return None
