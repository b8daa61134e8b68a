"""The reader that just types its codes, with the settings that it takes."""

from typing import Final

from drivers.base import Reader
from drivers.framers import Aim, Terminator
from drivers.keys import choice, whole
from drivers.kinds import DriverKind, Surroundings, Values
from drivers.readers.line import LineReader
from drivers.readers.maker_commands import Maker
from drivers.serial_keys import BAUDRATE, PORT, REPEAT_MS
from drivers.serial_link import SerialLink


def _build_line(values: Values, _: Surroundings) -> Reader:
    return LineReader(
        SerialLink(values["port"], values["baudrate"]),
        terminator=values["terminator"],
        aim=values["aim"],
        idle_ms=values["idle_ms"],
        repeat_ms=values["repeat_ms"],
        feedback=values["feedback"],
        trigger=values["trigger"],
    )


LINE: Final[DriverKind[Reader]] = DriverKind(
    "line",
    (
        PORT,
        BAUDRATE,
        choice("terminator", "what the reader sends after a code", Terminator, Terminator.AUTO),
        choice("aim", "what becomes of the AIM id before a code (]Q1)", Aim, Aim.STRIP),
        whole("idle_ms", "a longer silence ends a code that has no terminator", 0, 10_000, 0),
        REPEAT_MS,
        choice("feedback", "whose commands make it beep and light", Maker, Maker.NONE),
        choice("trigger", "whose commands make it look for codes all the time", Maker, Maker.NONE),
    ),
    _build_line,
)
