"""The serial ports of this machine by their stable names, and who uses them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gatewayd.core.words import Json

FOLDER = Path("/dev/serial")
# By the place of the plug, which a replaced reader keeps, and by what is plugged in.
NAMES = ("by-path", "by-id")


@dataclass(frozen=True, slots=True)
class SerialPort:
    """device: what the kernel calls it today. names: its stable ones. used_by: in the settings."""

    device: str
    names: tuple[str, ...]
    used_by: tuple[str, ...]
    is_held: bool
    """By the gateway that runs."""

    def lines(self) -> list[str]:
        use = ", ".join(self.used_by) or "no device of the settings"
        held = "; the running gateway holds it" if self.is_held else ""
        return [f"{self.device}: {use}{held}", *(f"    {name}" for name in self.names)]

    def document(self) -> dict[str, Json]:
        return {
            "device": self.device,
            "names": list(self.names),
            "used_by": list(self.used_by),
            "held": self.is_held,
        }


def serial_ports(
    used: Mapping[str, list[str]], held: set[str], folder: Path = FOLDER
) -> list[SerialPort]:
    """List what is plugged in. used: subjects by port, as the settings write it. held: subjects."""
    names: dict[str, list[str]] = {}
    for name in NAMES:
        for link in sorted((folder / name).glob("*")):
            names.setdefault(str(link.resolve()), []).append(str(link))
    subjects: dict[str, list[str]] = {}
    for port, users in used.items():
        subjects.setdefault(str(Path(port).resolve()), []).extend(users)
    ports: list[SerialPort] = []
    for device in sorted({*names, *(it for it in subjects if Path(it).exists())}):
        users = subjects.get(device, [])
        is_held = any(user in held for user in users)
        ports.append(SerialPort(device, tuple(names.get(device, ())), tuple(users), is_held))
    return ports
