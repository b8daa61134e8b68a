"""The contract as an AsyncAPI document: whole, true to catalogue and schemas, and as committed."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatewayd.cli.topics import topics as command
from gatewayd.core import jws
from gatewayd.mqtt.asyncapi import SIGNED_CONTENT_TYPE, contract, document, load_schemas
from gatewayd.mqtt.topics import Flow, SitePath, TopicEntry, catalogue
from tests.contract.messages import EVERY, Channel, Watch, channels, objection

SITE = SitePath("region", "organisation", "site")
ENTRIES = catalogue(SITE)
COMMITTED = Path(__file__).parents[2] / "docs" / "asyncapi.json"
R = "onegate/v1/mojokerto/dukcapil/gmsc"


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    return contract()


def test_the_committed_document_is_what_the_code_makes(whole: dict[str, Any]) -> None:
    again = "gatewayd topics --asyncapi >docs/asyncapi.json"
    assert json.loads(COMMITTED.read_text()) == whole, f"make it again: {again}"


def test_the_command_prints_it_without_settings_of_a_site() -> None:
    said = CliRunner().invoke(command, ["--asyncapi", "-c", "nowhere.toml"])
    assert (said.exit_code, said.output) == (0, COMMITTED.read_text())


def test_each_topic_of_the_catalogue_is_a_channel_with_its_quality(whole: dict[str, Any]) -> None:
    assert len(whole["channels"]) == len(whole["operations"]) == len(ENTRIES)
    for entry, operation in zip(ENTRIES, whole["operations"].values(), strict=True):
        _, _, channel = operation["channel"]["$ref"].split("/")
        address = whole["channels"][channel]["address"]
        for name in ("region", "organisation", "site"):
            address = address.replace(f"{{{name}}}", name)
        assert address == entry.topic
        assert operation["action"] == ("send" if entry.flow is Flow.UP else "receive")
        assert operation["bindings"]["mqtt"]["qos"] == entry.qos
        assert operation["bindings"]["mqtt"]["retain"] is entry.is_retained


def test_a_topic_without_its_schema_is_no_contract() -> None:
    unknown = replace(ENTRIES[0], schema="unknown.json")
    with pytest.raises(KeyError, match=r"unknown\.json"):
        document([unknown], load_schemas())


def test_a_schema_without_an_example_is_no_contract() -> None:
    schemas = load_schemas()
    bare = {name: one for name, one in schemas["lane.json"].items() if name != "examples"}
    with pytest.raises(AssertionError, match="no examples"):
        document(ENTRIES, {**schemas, "lane.json": bare})


@pytest.mark.parametrize(
    ("topic", "channel", "address"),
    [
        ("onegate/v1/policy", "policy", "onegate/v1/policy"),
        ("onegate/v1/region/roster/{name}", "region_roster", "onegate/v1/{region}/roster/{name}"),
        (
            "onegate/v1/region/organisation/trust",
            "region_organisation_trust",
            "onegate/v1/{region}/{organisation}/trust",
        ),
        (
            f"{SITE.root}/dn/policy",
            "dn_policy",
            "onegate/v1/{region}/{organisation}/{site}/dn/policy",
        ),
    ],
)
def test_documents_of_the_layers_above_have_their_channels(
    topic: str, channel: str, address: str
) -> None:
    entry = TopicEntry(topic, Flow.DOWN, 1, is_retained=True, carries="x", schema="receipt.json")
    made: Any = document([entry], load_schemas())
    assert made["channels"][channel]["address"] == address
    assert list(made["channels"][channel].get("parameters", {})) == [
        part[1:-1] for part in address.split("/") if "{" in part
    ]


def each_example() -> list[tuple[Channel, Any]]:
    made: Any = contract()
    return [
        (channel, example["payload"])
        for channel in channels()
        for message in made["channels"][channel.name]["messages"]
        for example in made["components"]["messages"][message]["examples"]
    ]


def test_every_message_has_a_full_example_that_is_valid() -> None:
    examples = each_example()
    assert {channel.name for channel, _ in examples} == {channel.name for channel in channels()}
    for channel, example in examples:
        written = example if channel.is_signed else json.dumps(example)
        assert channel.objection(written.encode()) is None


def test_the_example_of_each_class_of_events_is_of_this_class(whole: dict[str, Any]) -> None:
    for name, message in whole["components"]["messages"].items():
        if name.startswith("event_"):
            kind = name.removeprefix("event_")
            types = [example["payload"]["type"].split(".")[1] for example in message["examples"]]
            assert set(types) == {kind}


def test_a_signed_message_is_shown_signed_with_a_key_that_everybody_has(
    whole: dict[str, Any],
) -> None:
    public = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()
    signed = [
        (name, example["payload"])
        for name, message in whole["components"]["messages"].items()
        if message["contentType"] == SIGNED_CONTENT_TYPE
        for example in message["examples"]
    ]
    assert signed
    for name, text in signed:
        read = jws.decode(text)
        assert isinstance(read, jws.Jws)
        assert read.header["typ"] == f"onegate-{name}+jws"
        assert jws.is_genuine(read, public)


def test_the_document_names_no_file_of_the_schemas_and_no_reference_leads_nowhere(
    whole: dict[str, Any],
) -> None:
    def references(part: Any) -> list[str]:
        match part:
            case dict():
                own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
                return own + [one for value in part.values() for one in references(value)]
            case list():
                return [one for value in part for one in references(value)]
            case _:
                return []

    for reference in references(whole):
        found: Any = whole
        for key in reference.removeprefix("#/").split("/"):
            found = found[key]


# --- what messages are held against --------------------------------------------------------------


def example_of(name: str) -> dict[str, Any]:
    made: Any = contract()
    payload: dict[str, Any] = made["components"]["messages"][name]["examples"][0]["payload"]
    return payload


@pytest.mark.parametrize(
    ("topic", "name", "breaking", "told"),
    [
        (
            "event/access",
            "event_access",
            lambda body: body["data"].pop("lane"),
            "'lane' is a required",
        ),
        (
            "event/passage",
            "event_passage",
            lambda body: body["data"].pop("direction"),
            "'direction'",
        ),
        (
            "backfill/passage",
            "event_passage",
            lambda body: body["data"].update(grant=7),
            "data.grant",
        ),
        (
            "event/alarm",
            "event_alarm",
            lambda body: body["data"].update(detail="text"),
            "data.detail",
        ),
        ("backfill/alarm", "event_alarm", lambda body: body["data"].pop("alarm"), "'alarm'"),
        ("event/audit", "event_audit", lambda body: body["data"].pop("action"), "'action'"),
        ("event/audit", "event_audit", lambda body: body.pop("data"), "'data'"),
        ("event/audit", "event_access", lambda body: None, "does not match '^onegate[.]audit[.]'"),
        ("lane/lane-1", "lane", lambda body: body.update(fire="no"), "$.fire"),
        ("lane/lane-1/x", "lane", lambda body: None, "no topic of the contract"),
        ("state", "lane", lambda body: None, "is a required property"),
    ],
)
def test_what_breaks_the_contract_is_told_with_its_place(
    topic: str, name: str, breaking: Callable[[dict[str, Any]], object], told: str
) -> None:
    body = example_of(name)
    assert told != "$.fire" or objection(f"{R}/up/{topic}", json.dumps(body).encode()) is None
    breaking(body)
    said = objection(f"{R}/up/{topic}", json.dumps(body).encode())
    assert said is not None
    assert told in said


@pytest.mark.parametrize("name", ["event_access", "event_passage", "event_alarm", "event_audit"])
def test_fields_that_a_later_version_adds_are_allowed(name: str) -> None:
    body = example_of(name) | {"later": 1}
    body["data"]["later"] = {"a": []}
    topic = f"{R}/up/event/{name.removeprefix('event_')}"
    assert objection(topic, json.dumps(body).encode()) is None


def test_a_message_that_is_no_json_breaks_the_contract() -> None:
    assert "no JSON" in str(objection(f"{R}/up/state", b"offline"))
    assert "no JSON" in str(objection(f"{R}/dn/receipt", b"not signed"))


def test_a_watch_looks_at_whatever_differs_in_more_than_numbers() -> None:
    watch, topic = Watch(), f"{R}/up/lane/lane-1"
    body = example_of("lane")
    assert watch.objection(topic, json.dumps(body).encode()) is None
    body["as_of"]["sequence"] += 1
    assert watch.objection(topic, json.dumps(body).encode()) is None
    body["order"] = "dance"
    for _ in range(2):
        assert "$.order" in str(watch.objection(topic, json.dumps(body).encode()))


def test_of_messages_that_differ_in_numbers_alone_a_watch_looks_at_some() -> None:
    """Each draws that itself: it is looked at, or not, whatever came before."""
    watch, topic = Watch(), f"{R}/up/event/access"
    body = example_of("event_access")
    false = [json.dumps(body | {"sequence": 0, "n": n}).encode() for n in range(20 * EVERY)]
    assert watch.objection(topic, json.dumps(body | {"n": 1}).encode()) is None
    found = {one for one in false if "$.sequence" in str(watch.objection(topic, one))}
    assert 10 < len(found) < 30
    assert all("$.sequence" in str(watch.objection(topic, one)) for one in found)
