"""Tells, before the start, what the gateway would make of the files of a site."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from config.problems import SettingsError
from config.schema import Desk
from gatewayd.app.certificate import CertificateError, read_pair
from gatewayd.app.errors import KeyFileError
from gatewayd.app.site import Delivered, Rules, advice, read_delivered, read_rules
from gatewayd.core.words import Json
from gatewayd.runtime.clock import SystemClock


@dataclass(frozen=True, slots=True)
class Found:
    """mistakes: it does not start. left_out: it starts without that. advice: think about it."""

    mistakes: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    what: str = ""

    @property
    def code(self) -> int:
        if self.mistakes:
            return 2
        return 1 if self.left_out else 0

    def lines(self) -> tuple[str, ...]:
        return (*self.mistakes, *self.left_out, *self.advice)

    def summary(self) -> str:
        match self.code:
            case 0:
                return f"ok: {self.what}"
            case 1:
                return f"starts, without what is named above: {self.what}"
            case _:
                return f"does not start: {_counted(len(self.mistakes), 'mistake')}"

    def document(self) -> dict[str, Json]:
        return {
            "ok": self.code == 0,
            "mistakes": list(self.mistakes),
            "left_out": list(self.left_out),
            "advice": list(self.advice),
        }


def check_site(path: Path) -> Found:
    try:
        rules = read_rules(path)
        delivered = read_delivered(rules, makes_key=False)
    except SettingsError as error:
        return Found(tuple(str(problem) for problem in error.problems))
    except KeyFileError as error:
        return Found((str(error),))
    left_out = (*delivered.problems, *_certificate_problems(rules.settings.desk))
    return Found((), left_out, tuple(advice(rules)), _described(rules, delivered))


def _certificate_problems(desk: Desk | None) -> Iterator[str]:
    """Say why the pages would not use the certificate that was named for them."""
    if desk is None or desk.certificate_file is None or desk.key_file is None:
        return
    try:
        read_pair(desk.certificate_file, desk.key_file)
    except CertificateError as error:
        yield str(error)


def _described(rules: Rules, delivered: Delivered) -> str:
    known = delivered.knowledge
    people = sum(len(roster.entries) for roster in known.rosters)
    now = SystemClock().utc()
    in_force = known.policy.at(now)
    policy = f"policy {', '.join(in_force.versions)} ({in_force.mode_at(now)})"
    return (
        f"{rules.settings.site.path}, {_counted(len(rules.settings.lanes), 'lane')}, {policy}, "
        f"{_counted(len(known.trust.keys), 'trusted key')}, {_counted(people, 'roster entry')}"
    )


def _counted(count: int, what: str) -> str:
    plural = f"{what[:-1]}ies" if what.endswith("y") and what[-2:] != "ey" else f"{what}s"
    return f"{count} {what if count == 1 else plural}"
