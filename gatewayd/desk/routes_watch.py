"""The routes of what watches a gateway from outside: is it alive, is it ready, its figures."""

from gatewayd.desk.routes import ANYBODY, STAFF, Kind, Method, Route

ROUTES = (
    Route(
        method=Method.GET,
        path="/health/live",
        kind=Kind.OWN,
        does="live",
        roles=ANYBODY,
        summary="Whether it runs: who answers this lives",
    ),
    Route(
        method=Method.GET,
        path="/health/ready",
        kind=Kind.OWN,
        does="ready",
        roles=ANYBODY,
        summary="Whether a lane can let people in, with a record on disk; 503 where not",
    ),
    Route(
        method=Method.GET,
        path="/metrics",
        kind=Kind.OWN,
        does="metrics",
        roles=STAFF,
        summary="Figures for Prometheus; no person in them",
        media_type="text/plain",
    ),
)
