"""Answers to what watches a gateway from outside: a load balancer, Prometheus, a script."""

from collections.abc import Callable, Mapping

from aiohttp import web

from gatewayd.desk.server import Own, no

NOT_READY = "no lane can let people in, or no record can be written: see the page of the manager"


def watched(
    is_ready: Callable[[], bool], metrics: Callable[[], bytes], metrics_type: str
) -> Mapping[str, Own]:
    """Return the handlers. metrics: renders them, in the content type `metrics_type`."""

    async def tell_live(_: web.Request) -> web.StreamResponse:
        return web.json_response({"ok": True})

    async def tell_ready(_: web.Request) -> web.StreamResponse:
        return web.json_response({"ok": True}) if is_ready() else no(503, "not_ready", NOT_READY)

    async def tell_metrics(_: web.Request) -> web.StreamResponse:
        return web.Response(body=metrics(), headers={"Content-Type": metrics_type})

    return {"live": tell_live, "ready": tell_ready, "metrics": tell_metrics}
