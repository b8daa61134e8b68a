"""The readers that answer to commands, with the settings that each takes."""

from typing import Final

from drivers.base import Reader
from drivers.gm65_codec import CodeOutput
from drivers.gm65_zones import ScanMode
from drivers.keys import choice, flag, whole
from drivers.kinds import DriverKind, Surroundings, Values
from drivers.osdp_keys import OSDP_KEYS
from drivers.readers.gm65 import Gm65Session
from drivers.readers.osdp import CardForm, OsdpReader
from drivers.readers.session_reader import SessionReader
from drivers.readers.ssi import SsiSession
from drivers.serial_keys import PORT, REPEAT_MS
from drivers.serial_link import SerialLink

SSI_BAUDRATE: Final = whole(
    "baudrate", "bits per second, as set in the reader", 300, 4_000_000, 9600
)


def _build_gm65(values: Values, _: Surroundings) -> Reader:
    link = SerialLink(values["port"], values["baudrate"])
    session = Gm65Session(
        link.port,
        values["mode"],
        values["output"],
        saves=values["save"],
        baudrate=link.baudrate,
    )
    return SessionReader(link, session, values["repeat_ms"])


GM65: Final[DriverKind[Reader]] = DriverKind(
    "gm65",
    (
        PORT,
        whole(
            "baudrate",
            "the speed to try first; a reader at 9600, 57600 or 115200 is found in any case",
            300,
            4_000_000,
            9600,
        ),
        choice("mode", "when it looks for codes", ScanMode, ScanMode.CONTINUOUS),
        choice(
            "output", "plain for boards that cannot enclose codes", CodeOutput, CodeOutput.ENCLOSED
        ),
        flag("save", "it keeps what it is set to in its flash memory, which wears", default=False),
        REPEAT_MS,
    ),
    _build_gm65,
)


def _build_ssi(values: Values, _: Surroundings) -> Reader:
    link = SerialLink(values["port"], values["baudrate"])
    return SessionReader(link, SsiSession(link.port, link.baudrate), values["repeat_ms"])


SSI: Final[DriverKind[Reader]] = DriverKind("ssi", (PORT, SSI_BAUDRATE, REPEAT_MS), _build_ssi)


def _build_osdp(values: Values, around: Surroundings) -> Reader:
    device = around.osdp_lines.place(
        values["port"], values["baudrate"], values["address"], values["scbk_file"]
    )
    return OsdpReader(device, values["card"], values["repeat_ms"])


OSDP: Final[DriverKind[Reader]] = DriverKind(
    "osdp",
    (
        *OSDP_KEYS,
        choice("card", "what the bits of a card or code stand for", CardForm, CardForm.TEXT),
        REPEAT_MS,
    ),
    _build_osdp,
)
