"""Topics of a site and their catalogue."""

import json
from pathlib import Path

import pytest

import gatewayd.mqtt
from gatewayd.core.events import EventClass
from gatewayd.core.words import LaneId
from gatewayd.mqtt import topics
from gatewayd.mqtt.topics import Flow, SitePath, catalogue

SITE = SitePath("mojokerto", "dukcapil", "gmsc")
SCHEMAS = Path(gatewayd.mqtt.__file__).parent / "schemas"


def test_a_site_path_is_certificate_name_source_and_root() -> None:
    assert str(SITE) == "mojokerto/dukcapil/gmsc"
    assert SITE.source == "/mojokerto/dukcapil/gmsc"
    assert SITE.root == "onegate/v1/mojokerto/dukcapil/gmsc"


@pytest.mark.parametrize(
    "names",
    [
        ("Mojokerto", "dukcapil", "gmsc"),
        ("mojokerto", "", "gmsc"),
        ("mojokerto", "dukcapil", "a/b"),
        ("mojokerto", "dukcapil", "gm+"),
        ("mojokerto", "dukcapil", "gmsc\n"),
        ("policy", "dukcapil", "gmsc"),
        ("mojokerto", "roster", "gmsc"),
        ("mojokerto", "dukcapil", "trust"),
        ("mojokerto", "dukcapil", "g" * 46),
    ],
)
def test_names_that_would_break_topics_or_certificates_are_our_own_mistake(
    names: tuple[str, str, str],
) -> None:
    with pytest.raises(AssertionError):
        SitePath(*names)


def test_a_path_of_64_characters_is_the_longest() -> None:
    assert len(str(SitePath("mojokerto", "dukcapil", "g" * 45))) == 64


def test_every_topic_stands_under_the_root_of_its_site() -> None:
    assert topics.event(SITE, EventClass.ACCESS) == f"{SITE.root}/up/event/access"
    assert topics.backfill(SITE, EventClass.PASSAGE) == f"{SITE.root}/up/backfill/passage"
    assert topics.state(SITE) == f"{SITE.root}/up/state"
    assert topics.occupancy(SITE) == f"{SITE.root}/up/occupancy"
    assert topics.lane(SITE, LaneId("lane-1")) == f"{SITE.root}/up/lane/lane-1"
    assert topics.door(SITE, "back") == f"{SITE.root}/up/door/back"
    assert topics.health(SITE) == f"{SITE.root}/up/health"
    assert topics.reply(SITE) == f"{SITE.root}/up/reply"
    assert topics.receipt(SITE) == f"{SITE.root}/dn/receipt"


def test_the_catalogue_names_each_topic_once_with_every_class_of_event() -> None:
    entries = catalogue(SITE)
    named = [entry.topic for entry in entries]
    assert len(set(named)) == len(named)
    for event_class in EventClass:
        assert topics.event(SITE, event_class) in named
        assert topics.backfill(SITE, event_class) in named
    assert f"{SITE.root}/up/lane/{{lane}}" in named


def test_events_are_never_retained_states_always_and_only_figures_may_get_lost() -> None:
    for entry in catalogue(SITE):
        assert entry.flow is (Flow.UP if "/up/" in entry.topic else Flow.DOWN)
        is_document = entry.schema in {"policy.json", "roster.json", "trust.json"}
        is_state = entry.schema in {"state.json", "occupancy.json", "lane.json", "door.json"}
        assert entry.is_retained == (is_document or is_state)
        assert entry.qos == (0 if entry.topic == topics.health(SITE) else 1)


def test_documents_stand_beside_the_names_of_each_place() -> None:
    named = [entry.topic for entry in catalogue(SITE) if entry.schema == "roster.json"]
    assert named == [
        "onegate/v1/roster/{name}",
        f"onegate/v1/{SITE.region}/roster/{{name}}",
        f"onegate/v1/{SITE.region}/{SITE.organisation}/roster/{{name}}",
        f"{SITE.root}/dn/roster/{{name}}",
    ]
    assert topics.documents(SITE, "/")["policy"] == "onegate/v1/policy"


def test_every_schema_in_the_catalogue_is_shipped_and_every_shipped_one_is_in_it() -> None:
    named = {entry.schema for entry in catalogue(SITE)}
    assert named == {path.name for path in SCHEMAS.glob("*.json")}
    for name in named:
        assert json.loads((SCHEMAS / name).read_text())["$id"].startswith("urn:onegate:v1:")


@pytest.mark.parametrize(
    ("topic_filter", "topic", "takes"),
    [
        ("a/b", "a/b", True),
        ("a/+", "a/b", True),
        ("a/+", "a/b/c", False),
        ("a/+", "b/b", False),
        ("a/b", "a/c", False),
    ],
)
def test_a_filter_takes_the_topics_that_mqtt_would_deliver(topic_filter, topic, takes):
    assert topics.is_under(topic_filter, topic) is takes
