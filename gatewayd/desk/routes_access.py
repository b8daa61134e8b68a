"""The routes of whoever comes: the stream, and who they are."""

from gatewayd.core.roles import Role
from gatewayd.desk.routes import ANYBODY, STAFF, TEXT, Kind, Method, Route, takes

ROUTES = (
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
