"""The reader driver `osdp`: readers on an RS-485 line, over a secure channel."""

import logging
from collections.abc import Mapping
from enum import StrEnum
from functools import partial
from typing import Final, Never

import osdp_sys

from drivers.base import LinkLost, LinkUp, Signal
from drivers.framers import Empty, Frame, without_aim
from drivers.osdp_device import OsdpDevice
from drivers.osdp_events import CARD_SIZE_MAX, CardRead, OsdpEvent, hex_digits
from drivers.readers.scanning import Report, Scanning

log = logging.getLogger(__name__)


class CardForm(StrEnum):
    """What the bits of a card or code stand for.

    TEXT: its characters. HEX: a number, as the hex digits that are printed on a card.
    """

    TEXT = "text"
    HEX = "hex"


# How long a lamp shows a signal if nothing else follows, in tenths of a second.
SHOWN_DS: Final = 50

# (color, beeps, length of a beep in tenths of a second)
SHOWN: Final[Mapping[Signal, tuple[int, int, int]]] = {
    Signal.GO: (osdp_sys.LED_COLOR_GREEN, 1, 2),
    Signal.REFUSED: (osdp_sys.LED_COLOR_RED, 3, 1),
    Signal.WAIT: (osdp_sys.LED_COLOR_AMBER, 1, 1),
    Signal.ASK_OFFICER: (osdp_sys.LED_COLOR_AMBER, 1, 1),
}
"""What the reader shows of a lane's signals."""

_CANCEL_TEMPORARY: Final = 1
_SET_TEMPORARY: Final = 2
_DEFAULT_TONE: Final = 2


class OsdpReader:
    """repeat_ms: see Scanning."""

    def __init__(
        self, device: OsdpDevice, form: CardForm = CardForm.TEXT, repeat_ms: int = 2000
    ) -> None:
        self._device = device
        self._form = form
        self._scanning = Scanning(device.port, repeat_ms)
        self._is_limit_told = False

    async def run(self, report: Report) -> Never:
        await self._device.run(
            up=lambda name: report(LinkUp(name)),
            came=partial(self._take, report),
            lost=lambda reason: report(LinkLost(reason)),
        )

    def show(self, signal: Signal) -> None:
        """Light and sound as far as the device says it can; others would drop the channel."""
        shown = SHOWN.get(signal)
        if self._device.can(osdp_sys.CAP_READER_LED_CONTROL):
            if shown is not None:
                self._device.command(_lamp(_SET_TEMPORARY, shown[0]))
            elif signal is Signal.READY:
                self._device.command(_lamp(_CANCEL_TEMPORARY, osdp_sys.LED_COLOR_NONE))
        if shown is not None and self._device.can(osdp_sys.CAP_READER_AUDIBLE_OUTPUT):
            self._device.command(_beeps(shown[1], shown[2]))

    def _take(self, report: Report, event: OsdpEvent, at_s: float) -> None:
        if not isinstance(event, CardRead):
            return
        if len(event.data) == CARD_SIZE_MAX and not self._is_limit_told:
            self._is_limit_told = True
            remedy = "keep codes for OSDP readers below 64 bytes: longer ones arrive cut off"
            fields = {"port": self._device.port, "size": CARD_SIZE_MAX, "remedy": remedy}
            log.warning("osdp_code_at_limit", extra={"fields": fields})
        code = event.data if self._form is CardForm.TEXT else hex_digits(event)
        code = without_aim(code)
        self._scanning.tell(report, [Frame(code, at_s) if code else Empty()])


def _lamp(control: int, color: int) -> dict[str, object]:
    return {
        "command": osdp_sys.CMD_LED,
        "reader": 0,
        "led_number": 0,
        "temporary": True,
        "control_code": control,
        "on_count": 1,
        "off_count": 0,
        "on_color": color,
        "off_color": color,
        "timer_count": SHOWN_DS,
    }


def _beeps(count: int, length_ds: int) -> dict[str, object]:
    return {
        "command": osdp_sys.CMD_BUZZER,
        "reader": 0,
        "control_code": _DEFAULT_TONE,
        "on_count": length_ds,
        "off_count": 1,
        "rep_count": count,
    }
