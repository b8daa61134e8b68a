"""The routes of whoever comes: the stream, and who they are."""

from gatewayd.core.roles import Role
from gatewayd.desk.routes import ANYBODY, Kind, Method, Route

ROUTES = (
    Route(
        method=Method.GET,
        path="/api/stream",
        kind=Kind.OWN,
        does="stream",
        roles=frozenset(Role),
        summary="The state and the feed as they happen, as server-sent events",
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
