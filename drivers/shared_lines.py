"""The lines of a gateway by their ports, so that the devices on one port share it."""

from collections.abc import Callable
from typing import Generic, TypeVar

from drivers.base import DriverError
from drivers.serial_link import SerialLink

Line = TypeVar("Line")


class SharedLines(Generic[Line]):
    def __init__(self) -> None:
        self._lines: dict[str, tuple[int, Line]] = {}

    def take(self, port: str, baudrate: int, make: Callable[[SerialLink], Line]) -> Line:
        """Return the line of a port; raises DriverError where it has another baud rate already."""
        if port not in self._lines:
            self._lines[port] = baudrate, make(SerialLink(port, baudrate))
        used, line = self._lines[port]
        if used != baudrate:
            raise DriverError(
                f"{port} is used at {used} and at {baudrate} baud: the devices on one line must be "
                "set to the same baud rate"
            )
        return line
