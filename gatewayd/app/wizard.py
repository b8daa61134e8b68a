"""The settings of a new site, written from what somebody answered about it."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from config.write import toml_text
from drivers.psk import PSK_SIZE
from gatewayd.app.check import check_site
from gatewayd.app.errors import MISUSE, EarlyEnd
from gatewayd.app.template import TRUST, Made, Place, refuse_to_overwrite
from gatewayd.app.wizard_words import COMMENTS, LEFT
from gatewayd.core.reasons import Locale

LANES_MAX: Final = 8  # More than any site has; a wizard that asks for longer is no help.
PORT_TO_FIND: Final = "/dev/serial/by-path/CHANGE-{}"
"""Stands where nobody knows the port yet: `check` takes it, `doctor` says that it is not there."""

READERS: Final = ("line", "gm65", "ssi")
TURNSTILES: Final[Mapping[str, Mapping[str, object]]] = {
    "gatelink": {"port": None, "psk_file": None, "unlock_ms": 5000},
    "mqtt": {"device": None, "psk_file": None, "unlock_ms": 5000},
    "mqtt_relay": {"device": None, "relay": "tasmota", "assume_passed": True},
    "modbus_turnstile": {"port": None},
    "modbus_relay": {"port": None, "assume_passed": True},
    "board_7e": {"port": None, "left_is": "entry"},
}
"""The kinds that are asked for, with the keys that each needs; None: made for the lane."""
BY_MQTT: Final = frozenset({"mqtt", "mqtt_relay"})
_DEVICE_BROKER: Final = "mqtt://127.0.0.1:1884"
_PASSWORD_FILE: Final = "broker.password"  # noqa: S105, its name


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """Ports: None where nobody knows them yet. has_exit: a reader at the way out, too."""

    reader: str
    entry_port: str | None
    has_exit: bool
    exit_port: str | None
    turnstile: str
    turnstile_port: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """broker: the address of the centre's, None without one. user: towards it, with a password."""

    locale: Locale
    place: Place
    profile: str
    lanes: tuple[Lane, ...]
    broker: str | None
    user: str | None
    has_desk: bool


def write_site(answers: Answers, path: Path) -> Made:
    """Write the settings, and beside them keys for turnstiles and a place for the password.

    Nothing that is there already is written over. Raises EarlyEnd where the settings would not be
    good, and then writes nothing; SettingsError where a file is there.
    """
    text = settings_text(answers)
    keys = [f"lane-{number}.psk" for number, lane in _numbered(answers) if _has_key(lane)]
    private = {name: f"{secrets.token_hex(PSK_SIZE)}\n" for name in keys}
    if answers.user is not None:
        private[_PASSWORD_FILE] = ""
    own = [path.absolute().parent / name for name in private]
    refuse_to_overwrite([path, *own])
    with TemporaryDirectory() as folder:
        tried = Path(folder) / path.name
        _write(tried, text, private)
        found = check_site(tried)
    if found.mistakes:
        told = "\n".join(found.mistakes).replace(str(tried), str(path))
        raise EarlyEnd(told, MISUSE)
    _write(path, text, private)
    return Made((path, *own), tuple(_left(answers, path, keys)))


def settings_text(answers: Answers) -> str:
    return "\n\n".join(part.strip("\n") for part in _sections(answers)) + "\n"


def _sections(answers: Answers) -> Iterator[str]:
    say, place = COMMENTS[answers.locale], answers.place
    yield say["head"]
    site: dict[str, object] = {
        "region": place.region,
        "organisation": place.organisation,
        "id": place.id,
        "name": place.name or place.id,
        "timezone": place.timezone,
        "locale": str(answers.locale),
    }
    yield _section(say["site"], "[site]", site)
    yield _section(say["policy"], "[policy]", {"profile": answers.profile}) + f"\n{say['observe']}"
    yield _section(say["trust"], "[trust]", {"directory": TRUST})
    if any(lane.turnstile in BY_MQTT for lane in answers.lanes):
        yield _section(say["device_broker"], "[device_broker]", {"url": _DEVICE_BROKER})
    for number, lane in _numbered(answers):
        yield from _lane(say, f"lane-{number}", lane)
    yield say["rosters"]
    if answers.broker is None:
        yield say["no_broker"]
    else:
        broker: dict[str, object] = {"url": answers.broker}
        if answers.user is not None:
            broker |= {"username": answers.user, "password_file": _PASSWORD_FILE}
        yield _section(say["broker"], "[broker]", broker)
    if answers.has_desk:
        yield _section(say["desk"], "[desk]", {"listen": "127.0.0.1:8080"})


def _lane(say: Mapping[str, str], name: str, lane: Lane) -> Iterator[str]:
    yield _section(say["lane"], "[[lanes]]", {"id": name})
    readers = [("entry", lane.entry_port)]
    if lane.has_exit:
        readers.append(("exit", lane.exit_port))
    for way, port in readers:
        table = {"driver": lane.reader, "port": port or PORT_TO_FIND.format(f"{name}-{way}")}
        yield _inner(say[f"{way}_reader"], f"[lanes.{way}_reader]", table)
    own = {
        "port": lane.turnstile_port or PORT_TO_FIND.format(f"{name}-turnstile"),
        "psk_file": f"{name}.psk",
        "device": name,
    }
    keys = TURNSTILES[lane.turnstile]
    turnstile = {key: own[key] if value is None else value for key, value in keys.items()}
    yield _inner(say["turnstile"], "[lanes.turnstile]", {"driver": lane.turnstile, **turnstile})


def _section(comment: str, heading: str, table: Mapping[str, object]) -> str:
    return f"{comment}\n{heading}\n{toml_text(table)}".rstrip("\n")


def _inner(comment: str, heading: str, table: Mapping[str, object]) -> str:
    return "\n".join(f"  {line}" for line in _section(comment, heading, table).split("\n"))


def _numbered(answers: Answers) -> Iterator[tuple[int, Lane]]:
    return iter(enumerate(answers.lanes, 1))


def _has_key(lane: Lane) -> bool:
    return "psk_file" in TURNSTILES[lane.turnstile]


def _write(path: Path, text: str, private: Mapping[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    for name, content in private.items():
        file = path.parent / name
        file.touch(mode=0o640)  # The gateway's group reads it, as docs/install.md says.
        file.write_text(content)
    (path.parent / TRUST).mkdir(exist_ok=True)


def _left(answers: Answers, path: Path, keys: list[str]) -> Iterator[str]:
    say = LEFT[answers.locale]
    if "CHANGE-" in path.read_text():
        yield say["ports"].format(path=path)
    if keys:
        yield say["keys"].format(keys=", ".join(keys))
    if any(lane.turnstile in BY_MQTT for lane in answers.lanes):
        yield say["device_broker"].format(url=_DEVICE_BROKER)
    if answers.user is not None:
        yield say["password"].format(file=_PASSWORD_FILE)
    yield say["trust"].format(folder=path.absolute().parent / TRUST)
    yield say["doctor"].format(path=path)
