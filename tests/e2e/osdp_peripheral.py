"""libosdp's own peripheral devices on a pty: what an OSDP line looks like from the other end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import osdp_sys

from drivers.simulated.pty_port import simulated_port

REFRESH_S = 0.002
CAPABILITIES = (
    osdp_sys.CAP_CARD_DATA_FORMAT,
    osdp_sys.CAP_COMMUNICATION_SECURITY,
    osdp_sys.CAP_CONTACT_STATUS_MONITORING,
    osdp_sys.CAP_OUTPUT_CONTROL,
    osdp_sys.CAP_READER_LED_CONTROL,
    osdp_sys.CAP_READER_AUDIBLE_OUTPUT,
)


class Peripheral:
    """One device. While it is deaf, nothing reaches it and nothing leaves it."""

    def __init__(
        self, address: int, key: bytes, capabilities: Sequence[int] = CAPABILITIES
    ) -> None:
        self.address = address
        self.key = key
        self.capabilities = capabilities
        self.is_deaf = False
        self.commands: list[dict] = []
        self.inputs = [False] * 8
        self.was_secure = False
        self.unread = bytearray()
        self.unsent = bytearray()
        self.restart()

    def restart(self) -> None:
        """Lose the power for a moment."""
        self.id = 0
        osdp_sys.set_loglevel(osdp_sys.LOG_EMERG)
        self.device = osdp_sys.PeripheralDevice(
            {
                "name": "peripheral",
                "address": self.address,
                "flags": osdp_sys.FLAG_ENFORCE_SECURE,
                "scbk": self.key,
                "channel": self,
                "version": 1,
                "model": 1,
                "vendor_code": 0xCAFEBA,
                "serial_number": 0xDEADBEEF,
                "firmware_version": 1,
            },
            capabilities=[
                {"function_code": code, "compliance_level": 1, "num_items": 8}
                for code in self.capabilities
            ],
        )
        self.device.set_command_callback(self._obey)

    def show(self, data: bytes, bit_count: int | None = None) -> None:
        """Hold a card or code in front of it."""
        event = {
            "event": osdp_sys.EVENT_CARDREAD,
            "reader_no": 0,
            "format": osdp_sys.CARD_FMT_RAW_UNSPECIFIED,
            "direction": 0,
            "length": 8 * len(data) if bit_count is None else bit_count,
            "data": data,
        }
        assert self.device.submit_event(event)

    def press(self, number: int, *, is_on: bool) -> None:
        """Close or open the contact at an input, counted from 1."""
        self.inputs[number - 1] = is_on
        assert self.device.submit_event(self._status())

    def told(self, command: int) -> list[dict]:
        return [one for one in self.commands if one["command"] == command]

    def refresh(self) -> None:
        """Tell the inputs as soon as there is a secure channel to tell them on."""
        self.device.refresh()
        is_secure = self.device.is_sc_active()
        if is_secure and not self.was_secure and self._has_inputs:
            assert self.device.submit_event(self._status())
        self.was_secure = is_secure

    @property
    def _has_inputs(self) -> bool:
        return osdp_sys.CAP_CONTACT_STATUS_MONITORING in self.capabilities

    def _obey(self, command: dict) -> tuple[int, None]:
        self.commands.append(command)
        return 0, None

    def _status(self) -> dict:
        return {
            "event": osdp_sys.EVENT_STATUS,
            "type": osdp_sys.STATUS_REPORT_INPUT,
            "report": bytes(self.inputs),
        }

    # --- its channel ---------------------------------------------------------------------------

    def read(self, size_max: int) -> bytes:
        data = bytes(self.unread[:size_max])
        del self.unread[:size_max]
        return data

    def write(self, data: bytes) -> int:
        if not self.is_deaf:
            self.unsent += data
        return len(data)

    def flush(self) -> None:
        self.unread.clear()


@contextlib.asynccontextmanager
async def peripherals(path, *devices: Peripheral) -> AsyncIterator[None]:
    """Have devices at the other end of a pty at `path`, all on one line."""
    with simulated_port(str(path), 9600) as port:

        def receive(data: bytes, _at_s: float) -> None:
            for device in devices:
                if not device.is_deaf:
                    device.unread += data

        async def refresh() -> None:
            while True:
                for device in devices:
                    device.refresh()
                    if device.unsent:
                        port.write(bytes(device.unsent))
                        device.unsent.clear()
                await asyncio.sleep(REFRESH_S)

        async with asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(port.run(lambda: None, receive, lambda _reason: None)),
                tasks.create_task(refresh()),
            ]
            yield
            for task in running:
                task.cancel()
