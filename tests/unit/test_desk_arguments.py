"""What the server makes of what is sent: held to the schemas, and never a fault of ours."""

import logging

import pytest
from aiohttp.http_exceptions import BadHttpMessage

from gatewayd.core.roles import Role
from gatewayd.desk.server import _is_ours
from tests.unit.desk_site import DeskSite, shown


@pytest.fixture
async def caller():
    async with DeskSite().served() as caller:
        yield caller


MANAGER = shown(Role.MANAGER)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"to": 2, "reason": "x"}, 200),
        ({"to": 2.0, "reason": "x"}, 200),
        ({"to": 2.5, "reason": "x"}, 400),
        ({"to": float("inf"), "reason": "x"}, 400),
        ({"to": "2", "reason": "x"}, 400),
        ({"to": None, "reason": "x"}, 400),
        ({"to": 2}, 400),
        ({"to": 2, "reason": "\ud800"}, 400),
        ({"to": 2, "reason": "x", "more": 1}, 400),
        ([], 400),
    ],
)  # fmt: skip
async def test_a_body_is_held_to_the_schema_of_its_route(caller, body, status):
    found, told, _ = await caller.ask("POST", "/api/count", MANAGER, body)
    assert (found, told["ok"]) == (status, status == 200)
    assert bool(caller.site.asked) is (status == 200)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/explain?event=0123456789abcdef-7", 200),
        ("/api/explain?event=nix", 400),
        ("/api/explain", 400),
        ("/api/explain?event=0123456789abcdef-7&more=1", 400),
    ],
)
async def test_a_query_is_held_to_it_too(caller, path, status):
    assert (await caller.ask("GET", path, MANAGER))[0] == status


async def test_a_part_of_a_path_is_held_to_what_it_stands_for(caller):
    assert (await caller.ask("DELETE", "/api/users/petugas-1", MANAGER))[0] == 200
    status, told, _ = await caller.ask("DELETE", "/api/users/Petugas%201", MANAGER)
    assert (status, told["code"]) == (400, "argument")


async def test_a_method_that_there_is_not_is_told_which_there_are(caller):
    status, told, headers = await caller.ask("DELETE", "/api/status", MANAGER)
    assert (status, told["ok"], headers["Allow"]) == (405, False, "GET")


def test_what_anybody_can_send_is_no_error_of_ours_in_the_log():
    def record(error):
        info = None if error is None else (type(error), error, None)
        return logging.LogRecord("aiohttp.server", logging.ERROR, "", 0, "", (), info)

    assert not _is_ours(record(BadHttpMessage("x")))
    assert _is_ours(record(ValueError("x")))
    assert _is_ours(record(None))
