"""What the manager's page puts together from the gateway's words has a text in both languages."""

import json
import re
from pathlib import Path

import pytest

from gatewayd.core.decide import CHECKS
from gatewayd.core.door import DoorState
from gatewayd.core.events import AccessOutcome, AlarmOutcome
from gatewayd.core.feed_kinds import FeedKind
from gatewayd.core.health_terms import Colour, Part
from gatewayd.core.lane_terms import (
    Deciding,
    ExitOnly,
    Faulted,
    Free,
    Granted,
    Idle,
    Order,
    Passing,
)
from gatewayd.core.matrix import make_matrix
from gatewayd.core.policy import (
    ANONYMOUS,
    CATEGORIES,
    AgeBand,
    Answer,
    Enforcement,
    Policy,
    RegionTest,
)
from gatewayd.core.roles import Role
from gatewayd.core.words import Direction, Status
from tests.unit.doubles import START

STATIC = Path(__file__).parents[2] / "gatewayd/desk/static"
CATALOGUES = {
    locale: json.loads((STATIC / f"texts/{locale}.json").read_text()) for locale in ("id", "en")
}
LANE_STATES = (Deciding, ExitOnly, Faulted, Free, Granted, Idle, Passing)
POLICY = Policy(
    START.tzinfo,
    ages=(AgeBand(0, 12, Answer.REFUSE), AgeBand(70, None, Answer.REFER)),
    region_test=RegionTest(("mojokerto",), {}),
)


def words():
    """Yield every key that the page makes of a word of the gateway."""
    for prefix, told in (
        ("kind", FeedKind),
        ("kind", AccessOutcome),
        ("alarm", AlarmOutcome),
        ("door", DoorState),
        ("part", Part),
        ("colour", Colour),
        ("role", Role),
        ("status", Status),
        ("answer", Answer),
        ("mode", Enforcement),
        ("way", Direction),
        ("category", (*CATEGORIES, ANONYMOUS)),
        ("lane", (*(order for order in Order if order is not Order.NORMAL),)),
        ("lane", (state.__name__.lower() for state in LANE_STATES)),
        ("end", (FeedKind.PASSED, FeedKind.NOT_PASSED, FeedKind.UNSEEN)),
        ("check", (check.__name__.removeprefix("check_") for check in CHECKS)),
        ("case", map(slug, happenings())),
    ):
        yield from (f"manager.{prefix}.{word}" for word in told)


def happenings():
    """Return what a matrix tells of, but for what the page puts together."""
    made = make_matrix(POLICY, START)
    varied = re.compile("years of age|when the house is full")
    return [row.name for row in made.otherwise if not varied.search(row.name)]


def slug(what: str) -> str:
    """Make a key as `policy.js` does."""
    return re.sub("[^a-z]+", "_", what.lower())


@pytest.mark.parametrize("locale", CATALOGUES)
def test_each_word_of_the_gateway_has_a_text(locale):
    assert {*words()} - {*CATALOGUES[locale]} == set()


def test_both_catalogues_have_the_same_keys_and_the_same_places_to_fill():
    indonesian, english = CATALOGUES.values()
    assert indonesian.keys() == english.keys()
    for key, text in indonesian.items():
        if key.startswith("manager."):
            assert {*re.findall(r"{\w+}", text)} == {*re.findall(r"{\w+}", english[key])}, key


def test_each_key_that_the_page_names_has_a_text():
    named = {
        key
        for file in (STATIC / "js/manager").glob("*.js")
        for key in re.findall(r"t\('(manager\.[a-z_.]+)'", file.read_text())
    }
    assert len(named) > 100
    assert named - {*CATALOGUES["id"]} == set()
