"""The HTTP API as an OpenAPI 3.1 document, made of the table of routes."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from gatewayd import __version__
from gatewayd.desk.answers import ANSWERS, FILES
from gatewayd.desk.repeats import HEADER
from gatewayd.desk.routes import PARAMETERS, Kind, Method, Route, Schema

Object = dict[str, Any]

DESCRIPTION = """\
What the pages of a gate are made of, for programs too. A program shows a token of its own
(`gatewayd user token LABEL --role ROLE`) in the header `Authorization`. Answers may grow: leave
out the fields that you do not know. An answer that is no has `ok: false`, often a `code`, and a
`text` for people."""

_PARAMETER = re.compile(r"\{([a-z]+)\}")
_NO: Final = {
    "type": "object",
    "properties": {"ok": {"const": False}, "code": {"type": "string"}, "text": {"type": "string"}},
    "required": ["ok", "text"],
}
_REFUSALS: Mapping[int, str] = {
    400: "The request has a wrong form",
    401: "Nobody is signed in, or label and secret do not fit",
    403: "Not for this role, or not from a page of ours",
    404: "There is no such thing",
    408: "The body came too slowly",
    409: "The gate says no: the text tells why, and what to do",
    413: "The body is too large",
    415: "The body is not JSON",
    421: "The gate is not known by this name",
    429: "Too many requests; `Retry-After` tells when",
    503: "There is no room, or no disk, for this now",
}
_ALWAYS = (400, 403, 404, 421, 429)


def document(routes: Sequence[Route]) -> Object:
    """Return the whole document; the same for all sites of one version."""
    paths: dict[str, Object] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "gatewayd", "version": __version__, "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {"No": _NO},
            "responses": {f"No{status}": _no(status) for status in _REFUSALS},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "gatewayd"},
                "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"},
            },
        },
    }


def _operation(route: Route) -> Object:
    operation: Object = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.kind],
        "security": _security(route),
        "parameters": _parameters(route),
        "responses": _responses(route),
    }
    if route.roles is not None:
        operation["description"] = f"For: {', '.join(sorted(route.roles))}."
        operation["x-roles"] = sorted(map(str, route.roles))
    if _has_body(route):
        operation["requestBody"] = {
            "required": bool(route.takes.get("required")),
            "content": {"application/json": {"schema": dict(route.takes)}},
        }
    return operation


def _security(route: Route) -> list[Object]:
    """Return what proves who asks: a token, or what the browser of a page sends."""
    if route.roles is None:
        return []
    page: Object = {"session": []}
    return [{"token": []}, page if route.method is Method.GET else {**page, "csrf": []}]


def _parameters(route: Route) -> list[Object]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": dict(PARAMETERS[name])}
        for name in _PARAMETER.findall(route.path)
    ]
    if route.method is Method.GET:
        required = route.takes.get("required", ())
        parameters += [
            {"name": name, "in": "query", "required": name in required, "schema": dict(schema)}
            for name, schema in route.takes.get("properties", {}).items()
        ]
    elif route.kind is Kind.VERB:
        key = {"type": "string", "maxLength": 200}
        told = "`{run}.{now_ms}.{chance}`: the same key again gets the first answer again"
        parameters.append({"name": HEADER, "in": "header", "schema": key, "description": told})
    return parameters


def _responses(route: Route) -> Object:
    statuses = [*_ALWAYS]
    if route.roles is not None:
        statuses.append(401)
    if route.method is not Method.GET:
        statuses += [408, 413, 415]
    if route.kind in {Kind.VERB, Kind.FILE}:
        statuses.append(409)
    statuses += _OWN.get(route.does, ())
    return {
        "200": {"description": "Done", "content": _content(route)},
        **{
            str(status): {"$ref": f"#/components/responses/No{status}"}
            for status in sorted(set(statuses))
        },
    }


_OWN: Mapping[str, tuple[int, ...]] = {
    "session_begin": (401, 409, 503),
    "session_end": (409,),
    "set_up": (401, 409, 503),
    "stream": (503,),
    "display": (503,),
    "ready": (503,),
}
"""What handlers of their own answer besides."""


def _content(route: Route) -> Object:
    if route.kind is Kind.FILE:
        return {media_type: {} for media_type in FILES[route.does]}
    if route.media_type != "application/json":
        return {route.media_type: {"schema": {"type": "string"}}}
    if route.does in _PLAIN:
        return {"application/json": {"schema": _PLAIN[route.does]}}
    schema = dict(ANSWERS[route.does])
    properties = {"ok": {"const": True}, **schema.get("properties", {})}
    required = ["ok", *schema.get("required", ())]
    answer = {**schema, "properties": properties, "required": required}
    return {"application/json": {"schema": answer}}


_PLAIN: Mapping[str, Schema] = {
    "texts": {"type": "object", "additionalProperties": {"type": "string"}},
    "openapi": {"type": "object", "required": ["openapi", "paths"]},
}
"""Answers that are what was asked for, without an `ok`."""


def _has_body(route: Route) -> bool:
    return route.method is not Method.GET and bool(route.takes.get("properties"))


def _no(status: int) -> Object:
    return {
        "description": _REFUSALS[status],
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/No"}}},
    }
