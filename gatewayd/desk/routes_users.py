"""The routes of whoever gives and takes away accounts: people, and the tokens of programs."""

from gatewayd.core.accounts import ROLES
from gatewayd.core.roles import Role
from gatewayd.desk.routes import Kind, Method, Route, Schema, takes

_MANAGER = frozenset({Role.MANAGER})
_LABEL: Schema = {"type": "string", "pattern": "^[a-z][a-z0-9_-]{0,31}$"}
_LANE: Schema = {"type": "string", "pattern": "^[a-z0-9-]{1,32}$"}

ROUTES = (
    Route(
        method=Method.GET,
        path="/api/users",
        kind=Kind.VERB,
        does="user_list",
        roles=_MANAGER | {Role.AUDITOR},
        summary="Who may sign in and as what, and the tokens; no secrets",
    ),
    Route(
        method=Method.POST,
        path="/api/users",
        kind=Kind.VERB,
        does="user_add",
        roles=_MANAGER,
        summary="Let somebody sign in: the answer has a secret that is good for one time",
        takes=takes("label", "role", label=_LABEL, role={"enum": [str(role) for role in ROLES]}),
    ),
    Route(
        method=Method.POST,
        path="/api/users/{label}/secret",
        kind=Kind.VERB,
        does="user_password",
        roles=_MANAGER,
        summary="Give somebody another secret, good for one time; they are signed out",
    ),
    Route(
        method=Method.DELETE,
        path="/api/users/{label}",
        kind=Kind.VERB,
        does="user_remove",
        roles=_MANAGER,
        summary="Let somebody sign in no more; the last manager stays",
    ),
    Route(
        method=Method.POST,
        path="/api/tokens",
        kind=Kind.VERB,
        does="user_token",
        roles=_MANAGER,
        summary="Make a token for a program or for the screen of a lane; shown once",
        takes=takes(
            "label",
            "role",
            label=_LABEL,
            role={"enum": [str(role) for role in Role]},
            lane=_LANE,
        ),
    ),
    Route(
        method=Method.DELETE,
        path="/api/tokens/{label}",
        kind=Kind.VERB,
        does="user_untoken",
        roles=_MANAGER,
        summary="Make a token worthless, at once",
    ),
)
