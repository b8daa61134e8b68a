"""The dialogue of `gatewayd init`: asks what no option told, and takes defaults where told to."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

import click

from gatewayd.app.template import Place
from gatewayd.app.wizard import LANES_MAX, READERS, TURNSTILES, Answers, Lane
from gatewayd.app.wizard_ports import find_speaking, find_unplugged, ports_there
from gatewayd.cli.init_words import KINDS, PROFILES, QUESTIONS, said
from gatewayd.core.reasons import Locale

T = TypeVar("T")

_DEFAULTS: Final[Mapping[str, str]] = {
    "region": "region",
    "organisation": "office",
    "id": "gate",
    "timezone": "Asia/Jakarta",
}


@dataclass
class Dialogue:
    """given: the options by name, None where there is none. asks: False takes every default.

    folder: of the stable names of serial ports.
    """

    locale: Locale
    given: Mapping[str, Any]
    asks: bool
    folder: Path
    taken: list[str] = field(default_factory=list)
    """Ports that have their device."""

    def hold(self) -> Answers:
        if self.asks:
            click.echo(self.say("intro"))
        place = Place(
            self._text("region", self._word),
            self._text("organisation", self._word),
            self._text("id", self._word),
            self._ask("name", "", str),
            self._text("timezone", self._zone),
        )
        profile = self._choose("profile", PROFILES)
        count = self._ask("lanes", "1", self._count)
        reader = self._choose("reader", {name: KINDS[name] for name in READERS})
        has_exit = self._whether("exit_reader", default=True)
        turnstile = self._choose("turnstile", {name: KINDS[name] for name in TURNSTILES})
        lanes = tuple(
            self._lane(number, reader, turnstile, has_exit=has_exit)
            for number in range(1, count + 1)
        )
        broker = self._ask("broker", "", str) or None
        user = (self._ask("broker_user", "", str) or None) if broker else None
        return Answers(
            locale=self.locale,
            place=place,
            profile=profile,
            lanes=lanes,
            broker=broker,
            user=user,
            has_desk=self._whether("desk", default=True),
        )

    def say(self, key: str, **words: object) -> str:
        return said(QUESTIONS[key], self.locale).format(**words)

    # --- questions ---

    def _lane(self, number: int, reader: str, turnstile: str, *, has_exit: bool) -> Lane:
        lane = f"lane-{number}"
        has_port = "port" in TURNSTILES[turnstile]
        return Lane(
            reader=reader,
            entry_port=self._port("entry", lane, number, can_speak=True),
            has_exit=has_exit,
            exit_port=self._port("exit", lane, number, can_speak=True) if has_exit else None,
            turnstile=turnstile,
            turnstile_port=self._port("gate", lane, number, can_speak=False) if has_port else None,
        )

    def _text(self, key: str, parse: Callable[[str], str]) -> str:
        return self._ask(key, _DEFAULTS[key], parse)

    def _ask(self, key: str, default: str, parse: Callable[[str], T]) -> T:
        """Return the option, the default, or what somebody types until it can be parsed."""
        given = self.given.get(key)
        if given is not None or not self.asks:
            return parse(default if given is None else str(given))
        answer: T = click.prompt(
            self.say(key), default=default, show_default=bool(default), value_proc=parse
        )
        return answer

    def _whether(self, key: str, *, default: bool) -> bool:
        given = self.given.get(key)
        if given is not None or not self.asks:
            return default if given is None else bool(given)
        return click.confirm(self.say(key), default=default)

    def _choose(self, key: str, choices: Mapping[str, tuple[str, str]]) -> str:
        """Ask for one of a list, by name or by number; the first is the default."""
        names = list(choices)
        if self.asks and self.given.get(key) is None:
            for number, name in enumerate(names, 1):
                click.echo(f"  {number:>2} {name}: {said(choices[name], self.locale)}")
        return self._ask(key, names[0], partial(self._one_of, names))

    def _port(self, what: str, lane: str, number: int, *, can_speak: bool) -> str | None:
        """Find out where something is plugged in; None where nobody knows yet."""
        given: Sequence[str] = self.given.get(f"{what}_port") or ()
        if number <= len(given):
            return given[number - 1]
        free = [port for port in ports_there(self.folder) if port not in self.taken]
        if not self.asks:
            return None  # Which is whose, nobody can tell from their names.
        name = self.say(what, lane=lane)
        click.echo(self.say("port", what=name) + ":")
        if not free:
            click.echo(f"  {self.say('no_ports')}")
            return None
        for index, port in enumerate(free, 1):
            click.echo(f"  {index:>2} {port}")
        while True:
            answer = click.prompt(self.say("port_choice"), default="", show_default=False).strip()
            if not answer:
                return None
            found = self._found(answer, name, free, can_speak=can_speak)
            if found is not None:
                self.taken.append(found)
                return found

    def _found(self, answer: str, name: str, free: list[str], *, can_speak: bool) -> str | None:
        """Return the port that an answer means; None: it means none."""
        if answer in ("u", "c"):
            return self._search("unplug", "plug_back", name, lambda: find_unplugged(self.folder))
        if answer in ("s", "k") and can_speak:
            return self._search("scan", "heard", name, lambda: find_speaking(free))
        if answer.isdecimal():
            return free[int(answer) - 1] if 0 < int(answer) <= len(free) else None
        return answer if answer.startswith("/") else None

    def _search(
        self, order: str, success: str, name: str, find: Callable[[], str | None]
    ) -> str | None:
        click.echo(self.say(order, what=name))
        port = find()
        click.echo(self.say("nothing") if port is None else self.say(success, port=port))
        return port

    # --- what may be answered ---

    def _word(self, value: str) -> str:
        if re.fullmatch(r"[a-z0-9-]{1,32}", value):
            return value
        raise click.BadParameter(self.say("word"))

    def _zone(self, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ValueError, OSError, KeyError) as error:
            raise click.BadParameter(self.say("zone", value=value)) from error
        return value

    def _count(self, value: str) -> int:
        if value.isdecimal() and 1 <= int(value) <= LANES_MAX:
            return int(value)
        raise click.BadParameter(self.say("count", most=LANES_MAX))

    def _one_of(self, names: Sequence[str], value: str) -> str:
        if value in names:
            return value
        if value.isdecimal() and 0 < int(value) <= len(names):
            return names[int(value) - 1]
        raise click.BadParameter(self.say("one_of", choices=", ".join(names)))
