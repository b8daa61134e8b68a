"""The stories of the demo: one file for each of the five sites, with who comes and what follows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from config.load import read_document
from gatewayd.app.demo.stage import DemoSite
from gatewayd.core.reasons import Locale
from gatewayd.core.words import Json, Status
from gatewayd.mqtt.topics import SitePath

_FOLDER = Path(__file__).parent / "sites"


class Does(StrEnum):
    ENTERS = "enters"
    LEAVES = "leaves"
    FORCES = "forces"
    OPENS_DOOR = "opens_door"
    SHUTS_DOOR = "shuts_door"
    SIGNS_ON = "signs_on"
    """The officer, for the rest of the story."""


class Holds(StrEnum):
    """What somebody shows at the entry."""

    PASS = "pass"  # noqa: S105, a pass is no password
    CARD = "card"
    """With a number that no list has."""
    NOTHING = "nothing"
    """So the officer comes first."""


@dataclass(frozen=True, slots=True)
class Words:
    """The same in the languages of the screens."""

    id: str
    en: str

    def text(self, locale: Locale) -> str:
        match locale:
            case Locale.ID:
                return self.id
            case Locale.EN:
                return self.en


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing that somebody does.

    person: whoever has the same key is the same person. expect: what the gate has to answer, as
    outcome and reason. region: where a list of the site says they come from. officer: what the
    officer declares then for somebody without a verdict that lets them in; answer: and what the
    gate says to that. shows: numbers of the statements that it is about.
    """

    who: Words
    person: str
    does: Does = Does.ENTERS
    holds: Holds = Holds.PASS
    category: str = "visitor"
    colour: Status | None = None
    region: str | None = None
    days: int = 1
    """Until the pass ends; negative: it has ended."""
    expect: str = "admitted ok"
    officer: Mapping[str, Json] | None = None
    answer: str = "admitted"
    shows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """What the site itself said of its gate."""

    number: str
    words: Words


@dataclass(frozen=True, slots=True)
class Story:
    name: str
    title: str
    opening: Words
    site: DemoSite
    statements: tuple[Statement, ...]
    acts: tuple[Act, ...] = field(repr=False)


def story_names() -> list[str]:
    return sorted(file.stem for file in _FOLDER.glob("*.toml"))


def find_story(name: str) -> str | None:
    """Return the whole name of the story that is called so, or by an end like `palembang`."""
    found = [each for each in story_names() if each == name or each.endswith(f"-{name}")]
    return found[0] if len(found) == 1 else None


def read_story(name: str) -> Story:
    """Read one of the stories that are shipped; what is wrong in it is our mistake."""
    document: Any = read_document(_FOLDER / f"{name}.toml")[0]
    site = document["site"]
    path = SitePath(site["region"], site["organisation"], site["id"])
    statements = [
        Statement(one["number"], Words(one["id"], one["en"])) for one in document["statements"]
    ]
    acts = [_act(one, f"act {index}") for index, one in enumerate(document["acts"])]
    return Story(
        name,
        document["title"],
        Words(**document["opening"]),
        DemoSite(path, site["timezone"], document["policy"]),
        tuple(statements),
        tuple(acts),
    )


def _act(written: dict[str, Any], unnamed: str) -> Act:
    values = dict(written)
    who = Words(values.pop("id"), values.pop("en"))
    colour = values.pop("colour", None)
    return Act(
        who=who,
        person=values.pop("person", unnamed),
        does=Does(values.pop("does", Does.ENTERS)),
        holds=Holds(values.pop("holds", Holds.PASS)),
        colour=None if colour is None else Status(colour),
        shows=tuple(values.pop("shows", ())),
        **values,
    )
