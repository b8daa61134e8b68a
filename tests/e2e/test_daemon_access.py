"""The way into the pages of a daemon: the first manager, signing in and out, tokens, restarts."""

from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate

from tests.e2e.daemon import Site
from tests.e2e.pages import (
    MANAGER,
    OFFICER,
    PASSWORD,
    PIN,
    Browser,
    desk_settings,
    free_port,
    pages_served,
)

ADMIT = {"lane": "lane-1", "reason": "no phone", "healthy": True, "protocol": True}


async def test_from_an_empty_gate_to_an_officer_on_duty_who_outlives_a_restart(tmp_path):
    port = free_port()
    settings = desk_settings(port, "0.0.0.0") + "[policy]\nofficer_required = true\n"
    base, made = f"https://127.0.0.1:{port}", tmp_path / "s/pages.pem"
    async with Site(tmp_path, settings=settings) as site:
        await pages_served(site)
        async with Browser(base, made) as page:
            await come_and_go(site, page, made)
            written = [path for path in tmp_path.rglob("*") if path.is_file()]
            for secret in (PASSWORD, PIN, page.csrf):
                assert [path for path in written if secret.encode() in path.read_bytes()] == []


async def come_and_go(site: Site, page: Browser, made: Path) -> None:
    base = page.base
    await make_the_first_manager(site, page)
    assert site.ask(do="officer_add", officer=OFFICER, pin=PIN)["ok"]
    async with Browser(base, made) as tablet:
        await work_a_shift_over_a_restart(site, tablet)
    assert (await page.ask("GET", "/api/me"))[1]["label"] == MANAGER, "over the restart too"
    request = {"do": "user_token", "label": "layar-1", "role": "display", "lane": "lane-1"}
    screen = site.ask(**request)["token"]
    async with Browser(base, made) as display:
        status, me = await display.ask("POST", "/api/session", token=screen)
        assert (status, me["role"], me["lane"]) == (200, "display", "lane-1")
        assert (await display.ask("POST", "/api/admit", **ADMIT))[0] == 403
        assert site.ask(do="user_untoken", label="layar-1")["ok"]
        assert (await display.ask("GET", "/api/me"))[0] == 401
    assert site.ask(do="user_remove", label=MANAGER)["ok"]
    assert (await page.ask("GET", "/api/me"))[0] == 401
    said = [event["data"]["action"] for event in site.journal("audit.officer")]
    assert said == [
            "user_added", "page_signed_in", "officer_added", "sign_in_refused", "sign_in_refused",
            "page_signed_in", "signed_in", "page_signed_out", "signed_out", "token_added",
            "page_signed_in", "token_removed", "user_removed",
        ]  # fmt: skip
    assert all(screen.encode() not in path.read_bytes() for path in site.state.glob("*.json"))


async def make_the_first_manager(site: Site, page: Browser) -> None:
    token = (site.state / "setup-token").read_text().strip()
    assert (site.state / "setup-token").stat().st_mode & 0o777 == 0o600
    _, shown, _ = await site.cli("user", "setup")
    assert f"/setup#{token}" in shown
    certificate = load_pem_x509_certificate((site.state / "pages.pem").read_bytes())
    assert certificate.fingerprint(SHA256()).hex(":").upper() in shown
    assert (await page.ask("GET", "/api/status"))[0] == 401
    assert (await page.ask("GET", "/api/site"))[1]["set_up_needed"] is True
    first = {"label": MANAGER, "password": PASSWORD}
    assert (await page.ask("POST", "/api/setup", token="x" * 43, **first))[0] == 401
    status, me = await page.ask("POST", "/api/setup", token=token, **first)
    assert (status, me["label"], me["role"]) == (200, MANAGER, "manager")
    assert not (site.state / "setup-token").exists()
    again = await page.ask("POST", "/api/setup", token=token, **first)
    assert (again[0], again[1]["code"]) == (409, "set_up")
    assert site.ask(do="user_setup")["set_up_address"] is None


async def work_a_shift_over_a_restart(site: Site, tablet: Browser) -> None:
    wrong = await tablet.sign_in(OFFICER, "000000")
    assert wrong == await tablet.sign_in("petugas-9", PIN), "nobody is told which labels there are"
    assert wrong[0] == 401
    status, me = await tablet.sign_in(OFFICER, PIN)
    assert (status, me["role"], me["on_duty"]) == (200, "officer", True)
    assert (await tablet.ask("POST", "/api/admit", **ADMIT))[0] == 200
    site.kill()
    await site.start()
    await pages_served(site, count=2)
    assert (await tablet.ask("POST", "/api/admit", **ADMIT))[0] == 200
    attested = site.journal("access.admitted")[-1]["data"]["attestation"]
    assert (attested["officer"], attested["caller"]) == (OFFICER, f"user:{OFFICER}")
    assert (await tablet.ask("DELETE", "/api/session", note="jalur 2 macet"))[0] == 200
    assert site.status()["on_duty"] == []
    assert (await tablet.ask("POST", "/api/admit", **ADMIT))[0] == 401
