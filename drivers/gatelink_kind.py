"""Our own controller on a serial line, with the settings that it takes."""

from typing import Final

from drivers.base import Turnstile
from drivers.controller_keys import UNLOCK_MS
from drivers.keys import choice, whole
from drivers.kinds import DriverKind, Surroundings, Values
from drivers.psk import PSK_FILE
from drivers.serial_keys import BAUDRATE, PORT
from drivers.serial_link import SerialLink
from drivers.turnstiles.gatelink import GatelinkTurnstile
from firmware_protocol.host import Host
from firmware_protocol.settings import Settings, WithoutHost


def _build_gatelink(values: Values, around: Surroundings) -> Turnstile:
    port, baudrate = values["port"], values["baudrate"]
    host = Host(
        values["psk_file"],
        name=around.host_id,
        token=around.token,
        address=values["address"],
        settings=Settings(unlock_ms=values["unlock_ms"], without_host=values["host_lost"]),
    )
    if values["address"]:
        return GatelinkTurnstile(around.buses.place(port, baudrate, host), host)
    return GatelinkTurnstile(SerialLink(port, baudrate), host)


GATELINK: Final[DriverKind[Turnstile]] = DriverKind(
    "gatelink",
    (
        PORT,
        BAUDRATE,
        whole("address", "of the controller on a line that it shares; else 0", 0, 126, 0),
        PSK_FILE,
        UNLOCK_MS,
        choice(
            "host_lost",
            "what becomes of the entry while the gateway is away: locked, or free for everybody",
            WithoutHost,
            WithoutHost.SECURE,
        ),
    ),
    _build_gatelink,
    tells_inputs=True,
)
