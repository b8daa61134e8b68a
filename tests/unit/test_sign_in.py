"""Signing in and out at the pages, over real sockets and with nothing behind."""

import pytest

from gatewayd.core.accounts import Denied, write_token
from gatewayd.core.refused_access import RefusedAccess
from gatewayd.core.roles import Role
from gatewayd.desk import access, sign_in
from gatewayd.desk.access import SESSION_BURST
from gatewayd.desk.sign_in import TRIES_BURST
from tests.unit.desk_site import PASSWORD, TOKENS, DeskSite, shown

SET_UP = {"token": "t", "label": "pengelola", "password": PASSWORD}


async def signed_in(caller, label="manager", **headers):
    body = {"label": label, "secret": PASSWORD}
    status, me, answered = await caller.ask("POST", "/api/session", headers, body)
    assert status == 200, me
    cookie = answered["Set-Cookie"]
    return {"Cookie": cookie.partition(";")[0], "X-CSRF-Token": me["csrf"]}, me, cookie


async def test_the_cookie_is_the_browsers_alone():
    site = DeskSite()
    async with site.served() as caller:
        headers, me, cookie = await signed_in(caller)
        flags = {one.strip() for one in cookie.split(";")[1:]}
        assert flags == {"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"}
        assert me["csrf"] not in cookie
        status, told, _ = await caller.ask("GET", "/api/me", headers)
        assert (status, told["label"], told["role"]) == (200, "manager", "manager")
        assert (told["csrf"], told["name"], told["lanes"]) == (me["csrf"], "GMSC", ["lane-1"])
    assert site.users.noted == [("in", "manager")]


async def test_over_tls_the_cookie_belongs_to_this_very_host():
    site = DeskSite(is_tls=True)
    async with site.served() as caller:
        _, _, cookie = await signed_in(caller)
        assert cookie.startswith("__Host-gatewayd=")
        assert "Secure" in cookie
        plain = {"Origin": f"http://127.0.0.1:{caller.port}"}
        assert (await caller.ask("GET", "/api/site", plain))[1]["code"] == "foreign_page"
        ours = {"Origin": f"https://127.0.0.1:{caller.port}"}
        assert (await caller.ask("GET", "/api/site", ours))[0] == 200


async def test_an_officer_goes_on_duty_and_off_with_a_note():
    site = DeskSite()
    async with site.served() as caller:
        headers, me, _ = await signed_in(caller, "officer")
        assert me["on_duty"] is True
        status, told, answered = await caller.ask(
            "DELETE", "/api/session", headers, {"note": "jalur 2 macet"}
        )
        assert (status, told) == (200, {"ok": True, "off_duty": True})
        assert "Max-Age=0" in answered["Set-Cookie"]
        assert (await caller.ask("GET", "/api/me", headers))[0] == 401
    assert site.asked == ["officer in", "officer out"]
    assert site.users.noted == [("in", "officer"), ("out", "officer")]


async def test_who_leaves_is_signed_out_even_where_the_duty_cannot_be_ended():
    site = DeskSite()
    async with site.served() as caller:
        headers, _, _ = await signed_in(caller, "officer")
        site.refuses_duty = True
        _, told, _ = await caller.ask("DELETE", "/api/session", headers)
        assert told == {"ok": True, "off_duty": False, "text": "the disk is full"}
        assert (await caller.ask("GET", "/api/me", headers))[0] == 401


async def test_the_next_one_at_a_tablet_takes_the_place_of_the_one_before():
    site = DeskSite()
    async with site.served() as caller:
        before, _, _ = await signed_in(caller, "officer")
        await signed_in(caller, "manager", Cookie=before["Cookie"])
        assert (await caller.ask("GET", "/api/me", before))[0] == 401
    assert site.asked == ["officer in", "officer out"]
    assert site.users.noted == [("in", "officer"), ("out", "officer"), ("in", "manager")]


async def test_an_officer_with_another_page_stays_on_duty_when_somebody_takes_one_over():
    site = DeskSite()
    async with site.served() as caller:
        await signed_in(caller, "officer")
        tablet, _, _ = await signed_in(caller, "officer")
        await signed_in(caller, "auditor", Cookie=tablet["Cookie"])
    assert site.on_duty == {"officer"}


@pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.AUDITOR, Role.MANAGER])
async def test_who_is_not_on_duty_just_leaves(role):
    site = DeskSite()
    async with site.served() as caller:
        headers, me, _ = await signed_in(caller, str(role))
        assert "on_duty" not in me
        assert (await caller.ask("DELETE", "/api/session", headers))[1] == {"ok": True}
    assert site.asked == []


async def test_only_a_screens_token_becomes_a_session():
    site = DeskSite()
    async with site.served() as caller:
        for role, secret in TOKENS.items():
            body = {"token": write_token(secret)}
            status, told, _ = await caller.ask("POST", "/api/session", body=body)
            assert status == (200 if role in {Role.DISPLAY, Role.AUDITOR} else 401), role
        assert told["lane"] == "lane-1"
        for bad in ("", "gatewayd_", "gatewayd_" + "A" * 43):
            assert (await caller.ask("POST", "/api/session", body={"token": bad}))[0] == 401


async def test_a_program_is_known_by_its_token_and_never_signs_out():
    site = DeskSite()
    async with site.served() as caller:
        headers = shown(Role.OFFICER)
        status, me, _ = await caller.ask("GET", "/api/me", headers)
        assert (status, me["label"], me["csrf"], me["ends"]) == (200, "t-officer", None, None)
        assert (await caller.ask("POST", "/api/admit", headers))[0] == 200
        assert (await caller.ask("DELETE", "/api/session", headers))[1]["code"] == "no_session"
        assert site.accounts.shown["t-officer"][0].used == site.clock.utc().date()
        cookie, _, _ = await signed_in(caller)
        wrong = {**cookie, "Authorization": "Bearer gatewayd_" + "A" * 43}
        assert (await caller.ask("GET", "/api/me", wrong))[0] == 401, "what is shown counts"
        behind_proxy = {**cookie, "Authorization": "Basic eDp5"}
        assert (await caller.ask("GET", "/api/me", behind_proxy))[0] == 200


@pytest.mark.parametrize(
    ("denied", "status", "retry"),
    [
        (Denied(RefusedAccess.WRONG), 401, None),
        (Denied(RefusedAccess.LOCKED, 299.2), 429, "300"),
        (Denied(RefusedAccess.BUSY, 1.0), 429, "1"),
        (Denied(RefusedAccess.MUST_CHANGE), 403, None),
        (Denied(RefusedAccess.SECRET_OBVIOUS), 409, None),
    ],
)
async def test_a_no_says_why_and_how_long_to_wait(denied, status, retry):
    site = DeskSite()
    site.users.answer = denied
    async with site.served() as caller:
        for path, body in (
            ("/api/session", {"label": "x", "secret": "y", "new": "z"}),
            ("/api/setup", SET_UP),
        ):
            found, told, headers = await caller.ask("POST", path, body=body)
            assert (found, told["code"], headers.get("Retry-After")) == (status, denied.code, retry)
            assert "Set-Cookie" not in headers


async def test_a_disk_that_refuses_is_told():
    site = DeskSite()
    site.users.refusal = "the disk is full"
    async with site.served() as caller:
        status, told, _ = await caller.ask("POST", "/api/session", body={})
        assert (status, told["code"]) == (503, "storage")


async def test_the_first_manager_is_signed_in_at_once():
    site = DeskSite()
    site.users.answer = site.accounts.known["manager"]
    site.users.is_set_up_needed = True
    async with site.served() as caller:
        assert (await caller.ask("GET", "/api/site"))[1]["set_up_needed"] is True
        status, me, _ = await caller.ask("POST", "/api/setup", body=SET_UP)
        assert (status, me["role"]) == (200, "manager")


async def test_tries_and_requests_have_a_rate(monkeypatch):
    # So slow that however long the machine takes nothing is given back meanwhile.
    monkeypatch.setattr(sign_in, "TRIES_PER_S", 0.1)
    monkeypatch.setattr(access, "SESSION_PER_S", 0.1)
    site = DeskSite()
    async with site.served() as caller:

        async def hurried(*asked):
            answer = await caller.ask(*asked)
            site.clock.passed_s -= 1.0
            return answer

        tries = [await hurried("POST", "/api/session") for _ in range(TRIES_BURST + 3)]
        assert [status for status, _, _ in tries].count(429) == 3
        assert tries[-1][1]["code"] == "too_many"
        assert int(tries[-1][2]["Retry-After"]) >= 1
        site.clock.passed_s += 60
        headers, _, _ = await signed_in(caller)
        asked = [await hurried("GET", "/api/me", headers) for _ in range(SESSION_BURST + 30)]
        assert 429 in [status for status, _, _ in asked]
        files = [await hurried("GET", "/static/js/api.js", headers) for _ in range(50)]
        assert {status for status, _, _ in files} == {200}, "a page still loads"


async def test_an_address_has_a_rate_for_everything(monkeypatch):
    monkeypatch.setattr(access, "ADDRESS_BURST", 5)
    site = DeskSite()
    async with site.served() as caller:
        for path in ("/", "/api/site", "/nothing", "/api/status", "/static/js/api.js"):
            assert (await caller.ask("GET", path))[0] != 429
            site.clock.passed_s -= 1.0
        status, told, headers = await caller.ask("GET", "/")
        site.clock.passed_s -= 1.0
        while status != 429:
            status, told, headers = await caller.ask("GET", "/")
            site.clock.passed_s -= 1.0
        assert (told["code"], headers["Retry-After"]) == ("too_many", "1")


async def test_unknown_arguments_and_bad_bodies_are_told():
    site = DeskSite()
    async with site.served() as caller:
        for path in ("/api/session", "/api/setup"):
            assert (await caller.ask("POST", path, body={"user": "x"}))[1]["code"] == "argument"
            assert (await caller.ask("POST", path, body=[]))[1]["code"] == "body"
        headers = await site.signed_in(Role.MANAGER)
        assert (await caller.ask("DELETE", "/api/session", headers, {"x": 1}))[0] == 400


async def test_an_open_page_alone_keeps_nobody_signed_in():
    site = DeskSite()
    async with site.served() as caller:
        headers, _, _ = await signed_in(caller)
        for _ in range(4):
            site.clock.passed_s += 600
            await caller.ask("GET", "/api/stream", {**headers, "Accept": "text/event-stream"})
        assert (await caller.ask("GET", "/api/me", headers))[0] == 401
        headers, _, _ = await signed_in(caller)
        for _ in range(4):
            site.clock.passed_s += 600
            assert (await caller.ask("GET", "/api/me", headers))[0] == 200
