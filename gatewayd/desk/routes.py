"""What a route of the HTTP API is, as data: the server, its document and its tests work from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gatewayd.core.roles import Role

Schema = Mapping[str, Any]
"""A JSON Schema (draft 2020-12)."""

ANYBODY: frozenset[Role] | None = None
GATE = frozenset({Role.OFFICER, Role.MANAGER})
"""Who lets people in."""
PEOPLE = GATE | {Role.AUDITOR}
"""Who may see what people did at the gate."""
MANAGER = frozenset({Role.MANAGER})
STAFF = PEOPLE | {Role.TECHNICIAN}
"""All but the displays."""


class Method(StrEnum):
    GET = "GET"
    POST = "POST"
    DELETE = "DELETE"


class Kind(StrEnum):
    """What carries a route out."""

    VERB = "verb"
    """A request to the running gateway, as the control socket takes it."""
    FILE = "file"
    """Something to download."""
    OWN = "own"
    """A handler of the server's own: sign-in, stream, pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One line of the API.

    does: the verb, the file or the handler. fixed: arguments that the path stands for. takes: of
    the JSON body, or of the query where the method is GET. What it gives: `desk.answers`.
    """

    method: Method
    path: str
    kind: Kind
    does: str
    roles: frozenset[Role] | None
    summary: str
    fixed: Mapping[str, Any] = field(default_factory=dict)
    takes: Schema = field(default_factory=dict)
    media_type: str = "application/json"

    @property
    def name(self) -> str:
        """Return the operation's id, which stands for the route in documents and tests."""
        words = self.path.removeprefix("/api/").replace("{", "").replace("}", "").strip("/")
        return f"{self.method.lower()}_{words.replace('/', '_') or 'root'}"


def verb(  # noqa: PLR0913 - one for each thing that a line says
    method: Method,
    does: str,
    roles: frozenset[Role],
    summary: str,
    *,
    path: str | None = None,
    fixed: Mapping[str, Any] | None = None,
    takes: Schema | None = None,
) -> Route:
    """Return the route of a request to the running gateway; its path is the verb, or as given."""
    return Route(
        method=method,
        path=path or f"/api/{does}",
        kind=Kind.VERB,
        does=does,
        roles=roles,
        summary=summary,
        fixed=fixed or {},
        takes=takes or {},
    )


def takes(*required: str, **properties: Schema) -> Schema:
    """Return the schema of an object with these properties and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


TEXT: Schema = {"type": "string", "maxLength": 200}
WORD: Schema = {"type": "string", "pattern": "^[a-z0-9_-]{1,64}$"}
EVENT: Schema = {"type": "string", "pattern": "^[0-9a-f]{16}-[0-9]{1,18}$"}
"""The id of an event of the feed."""
FLAG: Schema = {"type": "boolean"}


PARAMETERS: Mapping[str, Schema] = {
    "lane": {"type": "string", "pattern": "^[a-z0-9-]{1,32}$"},
    "locale": {"enum": ["id", "en"]},
    "label": {"type": "string", "pattern": "^[a-z][a-z0-9_-]{0,31}$"},
}
"""The parts of paths that stand for something."""


def number(least: int, most: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}
