"""The contract with the centre as an AsyncAPI 3 document, made of the catalogue and the schemas.

It is the same for all sites: `{region}`, `{organisation}` and `{site}` stand for their names.
Schemas keep to what JSON Schema 2020-12 and draft 7 both have, since AsyncAPI reads them as the
latter.
"""

import json
from collections.abc import Mapping, Sequence
from importlib import resources

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatewayd.core import base64url
from gatewayd.core.events import EventClass
from gatewayd.core.trust import key_id
from gatewayd.core.words import Json
from gatewayd.mqtt.payloads import EVENT_CONTENT_TYPE, STATE_CONTENT_TYPE
from gatewayd.mqtt.topics import VERSION_ROOT, Flow, SitePath, TopicEntry, catalogue

SIGNED_CONTENT_TYPE = "application/jose"
EVENT_SCHEMA = "event.json"

Schemas = Mapping[str, Mapping[str, Json]]
Object = dict[str, Json]

_ASYNCAPI = "3.1.0"
_MQTT_BINDING = "0.2.0"
_LEVELS = ("region", "organisation", "site")
_PARAMETERS = {
    "region": "the first part of a site's path: of a-z, 0-9 and -",
    "organisation": "the second part",
    "site": "the third part; the whole path is the common name of the gateway's certificate",
    "lane": "a lane of the site",
    "door": "a door of the site",
    "name": "what the document is called",
}
_EXAMPLE_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))  # Known to all, trusted by nobody.
_DESCRIPTION = """\
A gateway checks people at the one gate of a building and decides by itself. It tells what happened
in events (CloudEvents 1.0, at least once, gapless when sorted by epoch and sequence) and takes
signed messages and documents. Send and receive are meant from the gateway's side. Fields may be
added to any message: leave out those that you do not know."""


def contract() -> Object:
    """Return the document of the topics and schemas of this version."""
    return document(catalogue(SitePath(*_LEVELS)), load_schemas())


def load_schemas() -> dict[str, Mapping[str, Json]]:
    """Read the schemas that are shipped beside this file, by file name."""
    folder = resources.files("gatewayd.mqtt") / "schemas"
    files = sorted(
        (one for one in folder.iterdir() if one.name.endswith(".json")), key=lambda one: one.name
    )
    return {one.name: json.loads(one.read_text("utf-8")) for one in files}


def document(entries: Sequence[TopicEntry], schemas: Schemas) -> Object:
    """entries: the catalogue of the site `region/organisation/site`. schemas: by file name.

    KeyError: an entry names a schema that is not there, or a parameter that nobody described.
    """
    channels: Object = {}
    parameters: dict[str, Json] = {}
    operations: Object = {}
    messages: Object = {}
    for entry in entries:
        address, message = _address(entry.topic), _message_name(entry)
        channel = _channel_name(address)
        assert channel not in channels, f"two topics are called {channel}"
        channels[channel] = _channel(address, entry, message)
        parameters |= {name: {"description": _PARAMETERS[name]} for name in _parameters(address)}
        verb = "send" if entry.flow is Flow.UP else "receive"
        operations[f"{verb}_{channel}"] = _operation(verb, channel, message, entry)
        messages[message] = _message(entry, schemas[entry.schema])
    used = {entry.schema for entry in entries}
    return {
        "asyncapi": _ASYNCAPI,
        "info": {
            "title": "gatewayd and the centre",
            "version": VERSION_ROOT.rpartition("/")[2],
            "description": _DESCRIPTION,
        },
        "defaultContentType": STATE_CONTENT_TYPE,
        "servers": {"centre": _SERVER},
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": messages,
            "parameters": parameters,
            "schemas": {_stem(name): _schema(name, schemas[name]) for name in sorted(used)},
            "securitySchemes": {
                "certificate": {
                    "type": "X509",
                    "description": "mutual TLS; the common name is region/organisation/site",
                }
            },
        },
    }


_SERVER: Object = {
    "host": "{broker}:8883",
    "protocol": "mqtts",
    "protocolVersion": "5",
    "description": "The broker of the centre; MQTT 3.1.1 carries the same.",
    "variables": {"broker": {"description": "its host name"}},
    "security": [{"$ref": "#/components/securitySchemes/certificate"}],
}


def _address(topic: str) -> str:
    """Return the topic with `{region}`, `{organisation}` and `{site}` where the path stands."""
    root, version, *parts = topic.split("/")
    for level, name in enumerate(_LEVELS):
        if parts[level : level + 1] != [name]:
            break  # A document of a layer above.
        parts[level] = f"{{{name}}}"
    return "/".join((root, version, *parts))


def _channel_name(address: str) -> str:
    """Return for example `up_event_access`, or `region_policy` for a document of a region."""
    below = address.removeprefix(f"{VERSION_ROOT}/")
    for_site = "".join(f"{{{name}}}/" for name in _LEVELS)
    parts = below.removeprefix(for_site).split("/")
    return "_".join(
        part.strip("{}") for part in parts if part.strip("{}") in _LEVELS or "{" not in part
    )


def _message_name(entry: TopicEntry) -> str:
    event_class = _event_class(entry)
    return _stem(entry.schema) if event_class is None else f"event_{event_class}"


def _event_class(entry: TopicEntry) -> EventClass | None:
    is_event = entry.schema == EVENT_SCHEMA
    return EventClass(entry.topic.rpartition("/")[2]) if is_event else None


def _channel(address: str, entry: TopicEntry, message: str) -> Object:
    channel: Object = {
        "address": address,
        "summary": entry.carries,
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
    }
    names = _parameters(address)
    if names:
        channel["parameters"] = {
            name: {"$ref": f"#/components/parameters/{name}"} for name in names
        }
    return channel


def _parameters(address: str) -> list[str]:
    return [part[1:-1] for part in address.split("/") if part.startswith("{")]


def _operation(verb: str, channel: str, message: str, entry: TopicEntry) -> Object:
    return {
        "action": verb,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": entry.carries,
        "messages": [{"$ref": f"#/channels/{channel}/messages/{message}"}],
        "bindings": {
            "mqtt": {
                "qos": entry.qos,
                "retain": entry.is_retained,
                "bindingVersion": _MQTT_BINDING,
            }
        },
    }


def _message(entry: TopicEntry, schema: Mapping[str, Json]) -> Object:
    stem, event_class = _stem(entry.schema), _event_class(entry)
    whole: Object = {"$ref": f"#/components/schemas/{stem}"}
    examples = _examples(schema)
    content_type, payload = STATE_CONTENT_TYPE, whole
    if event_class is not None:
        content_type = EVENT_CONTENT_TYPE
        start = f"onegate.{event_class}."
        of_class: Object = {"type": {"pattern": f"^{start.replace('.', '[.]')}"}}
        payload = {"allOf": [whole, {"properties": of_class}]}
        examples = [one for one in examples if str(one["type"]).startswith(start)]
    shown: list[Json] = [{"payload": one} for one in examples]
    if entry.flow is Flow.DOWN:
        content_type = SIGNED_CONTENT_TYPE
        payload = {
            "type": "string",
            "description": "A JWS in the compact form (RFC 7515); its claims are in contentSchema.",
            "pattern": r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$",
            "contentMediaType": "application/jwt",
            "contentSchema": whole,
        }
        shown = [{"payload": _signed(f"onegate-{stem}+jws", one)} for one in examples]
    return {
        "name": _message_name(entry),
        "title": schema["title"],
        "contentType": content_type,
        "payload": payload,
        "examples": shown,
    }


def _examples(schema: Mapping[str, Json]) -> list[Object]:
    examples = schema.get("examples")
    assert isinstance(examples, list), f"{schema['title']}: its schema has no examples"
    return [dict(one) for one in examples if isinstance(one, Mapping)]


def _signed(kind: str, claims: Object) -> str:
    """Return claims as a message signed with a key that is no secret."""
    header = {"alg": "Ed25519", "typ": kind, "kid": key_id(_EXAMPLE_KEY.public_key()).hex()}
    parts = [json.dumps(one, separators=(",", ":")).encode() for one in (header, claims)]
    text = ".".join(base64url.encode(part) for part in parts)
    return f"{text}.{base64url.encode(_EXAMPLE_KEY.sign(text.encode()))}"


def _schema(name: str, schema: Mapping[str, Json]) -> Json:
    """Return a schema as a part of the document: what names it goes, its references follow."""
    kept = {key: one for key, one in schema.items() if key not in {"$schema", "$id", "examples"}}
    return _moved(kept, f"#/components/schemas/{_stem(name)}/")


def _moved(part: Json, place: str) -> Json:
    match part:
        case Mapping():
            return {
                key: f"{place}{one.removeprefix('#/')}"
                if key == "$ref" and isinstance(one, str)
                else _moved(one, place)
                for key, one in part.items()
            }
        case list() | tuple():
            return [_moved(one, place) for one in part]
        case str() | int() | float() | bool() | None:
            return part


def _stem(name: str) -> str:
    return name.removesuffix(".json")
