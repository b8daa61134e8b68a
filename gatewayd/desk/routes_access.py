"""The routes of whoever comes: signing in and out, who they are, and the stream."""

from gatewayd.core.accounts import SECRET_CHARACTERS_MAX, TOKEN_CHARACTERS_MAX
from gatewayd.core.roles import Role
from gatewayd.desk.routes import ANYBODY, STAFF, TEXT, Kind, Method, Route, Schema, takes

_SECRET: Schema = {"type": "string", "maxLength": SECRET_CHARACTERS_MAX}
_TYPED: Schema = {"type": "string", "maxLength": 64}
"""A label as people type it: what is wrong with it is told like any other wrong label."""
_TOKEN: Schema = {"type": "string", "maxLength": TOKEN_CHARACTERS_MAX}

BEGIN = Route(
    method=Method.POST,
    path="/api/session",
    kind=Kind.OWN,
    does="session_begin",
    roles=ANYBODY,
    summary="Sign in with label and secret (`new`: another one from now on), a screen by its token",
    takes=takes(label=_TYPED, secret=_SECRET, new=_SECRET, token=_TOKEN),
)
END = Route(
    method=Method.DELETE,
    path="/api/session",
    kind=Kind.OWN,
    does="session_end",
    roles=frozenset(Role),
    summary="Sign out, and off duty; a note is for whoever comes next",
    takes=takes(note=TEXT),
)
SET_UP = Route(
    method=Method.POST,
    path="/api/setup",
    kind=Kind.OWN,
    does="set_up",
    roles=ANYBODY,
    summary="Make the first manager, with the token that `gatewayd user setup` shows",
    takes=takes("token", "label", "password", token=_TOKEN, label=_TYPED, password=_SECRET),
)

ROUTES = (
    BEGIN,
    END,
    SET_UP,
    Route(
        method=Method.GET,
        path="/api/me",
        kind=Kind.OWN,
        does="me",
        roles=frozenset(Role),
        summary="Who I am here, and what my page sends with each change",
    ),
    Route(
        method=Method.GET,
        path="/api/site",
        kind=Kind.OWN,
        does="site",
        roles=ANYBODY,
        summary="What everybody may know: the site's name, its language, its lanes",
    ),
    Route(
        method=Method.GET,
        path="/api/openapi.json",
        kind=Kind.OWN,
        does="openapi",
        roles=ANYBODY,
        summary="This API, as an OpenAPI document",
    ),
    Route(
        method=Method.GET,
        path="/api/stream",
        kind=Kind.OWN,
        does="stream",
        roles=STAFF,
        summary="The state and the feed as they happen, as server-sent events",
        takes=takes(after=TEXT),
        media_type="text/event-stream",
    ),
    Route(
        method=Method.GET,
        path="/api/display/{lane}",
        kind=Kind.OWN,
        does="display",
        roles=STAFF | {Role.DISPLAY},
        summary="What the lane shows to whoever stands there, as server-sent events",
        media_type="text/event-stream",
    ),
    Route(
        method=Method.GET,
        path="/api/texts/{locale}",
        kind=Kind.OWN,
        does="texts",
        roles=ANYBODY,
        summary="What the gateway says for each code: reasons, prompts",
    ),
)
