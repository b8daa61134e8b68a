"""What watches a gateway from outside is told whether it lives, is ready, and its figures."""

from aiohttp.test_utils import make_mocked_request

from gatewayd.desk.watched import watched

TYPE = "text/plain; version=0.0.4; charset=utf-8"


async def test_ready_is_told_apart_from_alive():
    ready = [True]
    own = watched(lambda: ready[0], lambda: b"", TYPE)
    request = make_mocked_request("GET", "/health/ready")
    assert (await own["ready"](request)).status == 200
    ready[0] = False
    answer = await own["ready"](request)
    assert (answer.status, b"no lane" in answer.body) == (503, True)
    assert (await own["live"](request)).status == 200


async def test_figures_have_the_type_that_prometheus_reads():
    own = watched(lambda: True, lambda: b"onegate_inside 3\n", TYPE)
    answer = await own["metrics"](make_mocked_request("GET", "/metrics"))
    assert answer.headers["Content-Type"] == TYPE
    assert answer.body == b"onegate_inside 3\n"
