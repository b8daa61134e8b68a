"""Who may ask for what, as one table that is written out here: every route times every role.

A new route needs a line here: it says on purpose who may use it.
"""

import asyncio

import pytest

from gatewayd.app.desk import ROUTES
from gatewayd.core.roles import Role
from gatewayd.desk.access import CSRF_HEADER, OPEN
from gatewayd.desk.server import PAGES, STATIC
from tests.unit.desk_site import DeskSite, shown

M, O, T, A, D = Role.MANAGER, Role.OFFICER, Role.TECHNICIAN, Role.AUDITOR, Role.DISPLAY  # noqa: E741
GATE, PEOPLE, STAFF, ALL = {M, O}, {M, O, A}, {M, O, A, T}, {M, O, A, T, D}
ANYBODY = None

EXPECTED = {
    # in and out
    "POST /api/session": ANYBODY,
    "DELETE /api/session": ALL,
    "POST /api/setup": ANYBODY,
    "GET /api/me": ALL,
    "GET /api/site": ANYBODY,
    "GET /api/openapi.json": ANYBODY,
    "GET /api/stream": STAFF,
    "GET /api/display/{lane}": ALL,
    "GET /api/texts/{locale}": ANYBODY,
    # the gate
    "GET /api/status": STAFF,
    "GET /api/terms": PEOPLE,
    "GET /api/referrals": PEOPLE,
    "POST /api/admit": GATE,
    "POST /api/refuse": GATE,
    "GET /api/assists": PEOPLE,
    "POST /api/assist_request": GATE,
    "POST /api/assist_take": GATE,
    "POST /api/assist_done": GATE,
    "POST /api/lane": GATE,
    "POST /api/door": GATE,
    "POST /api/count": GATE,
    "POST /api/forgive": GATE,
    "GET /api/officers": PEOPLE,
    "POST /api/officer": GATE,
    "POST /api/hand_over": GATE,
    # the house and its records
    "POST /api/alarm_acknowledge": {M, O, T},
    "GET /api/day": {M, A},
    "GET /api/events": PEOPLE,
    "GET /api/machine_events": STAFF,
    "GET /api/explain": PEOPLE,
    "POST /api/what_if": {M, A},
    "GET /api/matrix": STAFF,
    "POST /api/reload": {M, T},
    "POST /api/muster": PEOPLE,
    "GET /api/muster_list": PEOPLE,
    "GET /api/report": {M, A},
    "GET /api/export": {M, A},
    "POST /api/trace": {M},
    # who watches
    "GET /health/live": ANYBODY,
    "GET /health/ready": ANYBODY,
    "GET /metrics": STAFF,
    # accounts
    "GET /api/users": {M, A},
    "POST /api/users": {M},
    "POST /api/users/{label}/secret": {M},
    "DELETE /api/users/{label}": {M},
    "POST /api/tokens": {M},
    "DELETE /api/tokens/{label}": {M},
}

# What comes of a good request where that is not 200: a wrong secret, a manager that there is.
STATUS = {"POST /api/session": 401, "POST /api/setup": 409}
STATUS_OF_TOKEN = {"DELETE /api/session": 409}

SOMEBODY = {M, O}
EVIL = "https://evil.example"


def path_of(line):
    return (
        line.split()[1]
        .replace("{lane}", "lane-1")
        .replace("{locale}", "en")
        .replace("{label}", "petugas-1")
    )


SAMPLES = {
    "lane": "lane-1",
    "event": "0" * 16 + "-1",
    "codes": ["one", "two"],
    "label": "petugas-9",
}


def sample(line):
    """Return arguments that fit: what a route needs, and no more."""
    route = next(one for one in ROUTES if f"{one.method} {one.path}" == line)
    given = {}
    for name in route.takes.get("required", ()):
        schema = route.takes["properties"][name]
        made = schema["enum"][0] if "enum" in schema else schema.get("minimum", "x")
        given[name] = SAMPLES.get(name, made)
    if line.startswith("GET"):
        return "?" + "&".join(f"{name}={value}" for name, value in given.items()), None
    return "", given or None


def test_every_route_has_its_line_here():
    assert {f"{route.method} {route.path}" for route in ROUTES} == set(EXPECTED)


def test_the_server_has_no_other_way_in():
    named = {f"{route.method} {route.path}" for route in ROUTES}
    for route in DeskSite().application().router.routes():
        path = route.resource.canonical
        line = f"{route.method} {path}"
        if line not in named:
            assert path in {*PAGES, "/static"}, line
            assert route.method in {"GET", "HEAD"}, line


async def test_every_route_times_every_role():
    site = DeskSite()
    async with site.served() as caller:
        for line, allowed in EXPECTED.items():
            query, body = sample(line)
            method, path = line.split()[0], path_of(line) + query
            for role in (None, *Role):
                for is_token in (False, True):
                    site.asked.clear()
                    headers = {}
                    if role is not None:
                        headers = shown(role) if is_token else await site.signed_in(role)
                    status, told, _ = await caller.ask(method, path, headers, body)
                    what = f"{line} {role} {'token' if is_token else 'session'}: {told}"
                    if allowed is not ANYBODY and role is None:
                        assert (status, told["code"]) == (401, "signed_out"), what
                        assert site.asked == [], what
                    elif allowed is not ANYBODY and role not in allowed:
                        assert (status, told["code"]) == (403, "role"), what
                        assert site.asked == [], what
                    else:
                        good = STATUS.get(line, 200)
                        good = STATUS_OF_TOKEN.get(line, good) if is_token else good
                        assert status == good, what


async def test_a_session_that_is_over_is_nobody():
    site = DeskSite()
    async with site.served() as caller:
        for line, allowed in EXPECTED.items():
            if allowed is ANYBODY:
                continue
            headers = await site.signed_in(Role.MANAGER)
            site.clock.passed_s += 13 * 3600
            status, told, _ = await caller.ask(line.split()[0], path_of(line), headers)
            assert (status, told["code"]) == (401, "signed_out"), line
        assert site.asked == []


@pytest.mark.parametrize("given", ["", "0" * 64, "é"])
async def test_a_change_without_the_pages_own_word_is_refused(given):
    site = DeskSite()
    async with site.served() as caller:
        for line in EXPECTED:
            method, path = line.split()[0], path_of(line)
            headers = {**await site.signed_in(Role.MANAGER), CSRF_HEADER: given}
            if method == "GET" or (method, path) in OPEN:
                continue
            status, told, _ = await caller.ask(method, path, headers)
            assert (status, told["code"]) == (403, "forged"), line
        assert site.asked == []


@pytest.mark.parametrize(
    "more",
    [
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    ],
    ids=str,
)
async def test_a_page_of_somebody_else_gets_nothing(more):
    site = DeskSite()
    async with site.served() as caller:
        for line in EXPECTED:
            headers = {**await site.signed_in(Role.MANAGER), **more}
            status, told, _ = await caller.ask(line.split()[0], path_of(line), headers)
            assert (status, told["code"]) == (403, "foreign_page"), line
        assert site.asked == []


async def test_our_own_page_and_a_link_from_elsewhere_are_looked_at():
    site = DeskSite()
    async with site.served() as caller:
        own = {"Origin": f"http://127.0.0.1:{caller.port}", "Sec-Fetch-Site": "same-origin"}
        headers = await site.signed_in(Role.MANAGER)
        assert (await caller.ask("POST", "/api/admit", {**headers, **own}))[0] == 200
        link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
        assert (await caller.ask("GET", "/", link))[0] == 200
        assert (await caller.ask("POST", "/api/admit", {**headers, **link}))[0] == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "gate.lan.evil", "evilgate.lan"]
)
async def test_a_name_that_is_not_ours_is_told_nothing(host):
    site = DeskSite()
    async with site.served() as caller:
        for path in ("/", "/api/site", "/api/status", "/static/js/api.js", "/nothing"):
            headers = {**await site.signed_in(Role.MANAGER), "Host": host}
            status, told, _ = await caller.ask("GET", path, headers)
            assert (status, told["code"]) == (421, "foreign_host"), path
        assert (await caller.ask("GET", "/api/site", {"Host": "gate.lan:8443"}))[0] == 200


# --- an unauthorised user tries everything ---

REFUSED = {400, 401, 403, 404, 405, 421, 501}
TRICKS = [
    *(f"{method} /api/status" for method in ("HEAD", "OPTIONS", "TRACE", "PUT", "PATCH", "CONNECT")),
    *(f"{method} /api/admit" for method in ("GET", "HEAD", "OPTIONS", "PUT", "post", "BREW")),
    *(
        f"GET {path}"
        for path in (
            "/api/status", "//api/status", "/api//status", "/api/status/", "/api/./status",
            "/api/../api/status", "/%61pi/status", "/api%2fstatus", "/api/%2e/status",
            "/API/STATUS", "/api/status;x=1", "/api/status?role=manager", "/api/status%00",
            "/api/status#x", "/static/../../api/status", "/desk/../api/status", "/api/session",
            "http://127.0.0.1/api/status", "http://evil.example/api/status", "*",
            "/static/../server.py", "/static/%2e%2e/server.py", "/static/..%2fserver.py",
            "/static/%2e%2e%2f%2e%2e%2f%2e%2e%2fetc/passwd", "/static//etc/passwd",
            "/static/..\\server.py", "/static/%00", "/static/css/", "/static/css", "/static/",
            "/static/js/../../server.py", "/display/..%2f..%2fserver.py%00", "/.git/config",
            "/server.py", "/static/~", "/api/users/../status", "/api/display/../status",
        )
    ),
]  # fmt: skip
HEADERS = [
    "X-HTTP-Method-Override: POST", "X-Original-URL: /api/admit", "X-Forwarded-For: 127.0.0.1",
    "X-Forwarded-Host: gate.lan", "Authorization: Bearer", "Authorization: Bearer x",
    "Authorization: Basic YWRtaW46YWRtaW4=", "Cookie: gatewayd=", "Cookie: gatewayd=AAAA",
    "Cookie: gatewayd=" + "A" * 43, "X-User: manager", "X-Remote-User: manager",
]  # fmt: skip


async def raw(port, text):
    """Send bytes as they are; return the status and all that comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(text.encode("latin-1"))
    answer = await reader.read()
    writer.close()
    return int(answer.split()[1]), answer


async def test_nobody_gets_anything_by_any_trick_of_path_method_or_header():
    site = DeskSite()
    rest = "Host: 127.0.0.1\r\nConnection: close\r\n"
    async with site.served() as caller:
        for trick in TRICKS:
            site.clock.passed_s += 1.0
            status, answer = await raw(caller.port, f"{trick} HTTP/1.1\r\n{rest}\r\n")
            is_page = trick.startswith("GET /display/")  # A page, whatever the lane is called.
            assert status in REFUSED or is_page, (trick, answer[:200])
            assert b"root:" not in answer, trick
            assert b"def application" not in answer, trick
        for header in HEADERS:
            for line in ("GET /api/status", "POST /api/admit", "POST /api/lane"):
                site.clock.passed_s += 1.0
                request = f"{line} HTTP/1.1\r\n{rest}{header}\r\n\r\n"
                status, answer = await raw(caller.port, request)
                assert status == 401, (header, line, answer[:200])
        assert site.asked == [], "nothing of the gateway was reached"


@pytest.mark.parametrize(
    "request_",
    [
        "GET /api/status HTTP/1.1\r\nConnection: close\r\n\r\n",
        "GET /api/status HTTP/1.0\r\n\r\n",
        "GET /api/status HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: gate.lan\r\nConnection: close\r\n\r\n",
        "GET /api/status\r\n\r\n",
        "nonsense\r\n\r\n",
        "POST /api/admit HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
        "GET /api/status HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + "x" * 5000 + "\r\n\r\n",
        "GET /" + "x" * 5000 + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        "GET /api/status HTTP/1.1\r\nHost: 127.0.0.1\r\n" + "X: y\r\n" * 100 + "\r\n",
    ],
    ids=["no host", "http 1.0", "two hosts", "http 0.9", "nonsense", "two lengths", "long header",
         "long line", "many headers"],
)  # fmt: skip
async def test_what_is_no_good_request_is_refused(request_):
    site = DeskSite()
    async with site.served() as caller:
        status, _ = await raw(caller.port, request_)
        assert status in {400, 401, 421}
    assert site.asked == []


async def test_a_body_is_small_and_json():
    site = DeskSite()
    async with site.served() as caller:
        headers = await site.signed_in(Role.MANAGER)

        async def posted(data, content_type="application/json"):
            site.clock.passed_s += 1.0
            url = f"http://127.0.0.1:{caller.port}/api/admit"
            more = {**headers, "Content-Type": content_type}
            async with caller.client.post(url, data=data, headers=more) as answer:
                return answer.status, (await answer.json())["code"]

        assert await posted(b'"' + b"x" * 65536 + b'"') == (413, "too_large")
        for form in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            assert await posted(b"{}", form) == (415, "not_json")
        for bad in (b"[]", b"{", b"\xff", b"[" * 20_000):
            assert await posted(bad) == (400, "body")
        assert await posted(b'{"do": "erase"}') == (400, "argument")
    assert site.asked == []


async def test_files_outside_of_the_static_folder_are_not_served(tmp_path):
    assert (STATIC.parent / "server.py").exists()
    site = DeskSite()
    async with site.served() as caller:
        assert (await caller.ask("GET", "/static/js/api.js"))[0] == 200
        assert (await caller.ask("GET", "/static/"))[0] in {403, 404}
        for path in STATIC.rglob("*"):
            assert not path.is_symlink(), path
