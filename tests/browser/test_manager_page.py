"""The manager's page: each task of whoever runs the gate, from the click to what comes of it."""

import re

import pytest
from playwright.async_api import Page, expect

from gatewayd.app.release_codes import ReleaseCodes
from tests.browser.axe import accessible
from tests.browser.gate import Gate
from tests.browser.screens import SIZES, Screens
from tests.e2e.daemon import issue, until

SECTIONS = (
    "overview",
    "alarms",
    "feed",
    "places",
    "muster",
    "reports",
    "what_if",
    "policy",
    "users",
    "audit",
    "machine",
)
BUSY = re.compile("Sedang dikerjakan|Working on it")
CODES = ("first-code-of-one", "second-code-of-two")


async def go(page: Page, section: str) -> None:
    """Open a section by its tab, and wait for it."""
    await page.locator(f'nav a[href="#{section}"]').click()
    await expect(page.locator("body")).to_have_attribute("data-section", section)


def acts(gate: Gate, action: str) -> list[dict]:
    """Return the details of all acts of this kind that are recorded."""
    audits = gate.site.journal("audit.officer")
    return [one["data"]["detail"] for one in audits if one["data"]["action"] == action]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "locale", "theme"),
    [("phone", "id", "light"), ("tablet", "en", "dark"), ("wall", "id", "dark")],
)
async def test_each_section_fits_speaks_and_is_accessible(
    screens: Screens, size: str, locale: str, theme: str
):
    page = await screens.open("/manager", size=size, locale=locale, theme=theme)
    await expect(page.locator(".health li")).not_to_have_count(0)
    turn = [*SIZES].index(size)
    for number, section in enumerate(SECTIONS):
        await go(page, section)
        await expect(page.locator("main .panel").first).to_be_visible()
        await expect(page.locator("main [role=status]", has_text=BUSY)).to_have_count(0)
        if size == "tablet" or section == "overview":
            await screens.picture(page, f"manager-{section}")
        else:
            await screens.fits(page)
        if number % len(SIZES) == turn:  # Its rules are the same at each size.
            await accessible(page)
    await page.locator(".language").click()
    for section in SECTIONS:
        await go(page, section)
        await screens.fits(page)


async def test_who_goes_in_is_counted_and_told_at_once(screens: Screens, gate: Gate):
    page = await screens.open("/manager", locale="en")
    before = gate.site.inside()
    await expect(page.locator(".occupancy .count strong")).to_have_text(str(before))
    await gate.site.pass_through(issue("counted", "visitor"))
    await expect(page.locator(".occupancy .count strong")).to_have_text(str(before + 1))
    await expect(page.locator(".occupancy .categories")).to_contain_text("Visitor")
    await expect(page.locator(".latest li").first).to_contain_text("passed after")
    await expect(page.locator(".curve svg")).to_be_visible()
    await page.get_by_role("button", name="Indonesia").click()
    await expect(page.locator(".latest li").first).to_contain_text("lewat setelah")


async def test_why_somebody_was_refused_is_found_and_explained(screens: Screens, gate: Gate):
    await gate.site.show("CARD-BLOCKED")
    page = await screens.open("/manager#feed", locale="en")
    rows = page.locator(".rows li")
    await page.get_by_role("button", name="Refused").click()
    await expect(rows.first).to_contain_text("may not be used any more")
    await expect(rows.locator("strong", has_text="Admitted")).to_have_count(0)
    await rows.first.get_by_role("button", name="Why?").click()
    await expect(page.locator(".explanation .failed")).to_contain_text("Not revoked")
    await expect(page.locator(".explanation")).to_contain_text("Verdict: refuse")
    await page.get_by_label("Search").fill("nothing like it")
    await expect(page.locator(".feed")).to_contain_text("Nothing like that.")
    await page.get_by_role("button", name="Older").click()
    await expect(page.get_by_role("button", name="This is the oldest")).to_be_disabled()


async def test_an_alarm_is_told_seen_by_name_and_over_by_itself(screens: Screens, gate: Gate):
    page = await screens.open("/manager#alarms", locale="id")
    await gate.move_back_door(is_shut=False)
    alarm = page.locator(".alarm-list li", has_text="Pintu lain terbuka")
    await expect(alarm).to_contain_text("Tutup pintu itu sekarang")
    await expect(page.locator("nav .badge")).to_have_text("1")
    await alarm.get_by_label("Catatan").fill("sudah ditutup")
    await alarm.get_by_role("button", name="Saya lihat").click()
    await expect(alarm).to_contain_text(re.compile("Dilihat oleh manager.*sudah ditutup"))
    await expect(page.locator("nav .badge")).to_have_count(0)
    (seen,) = gate.site.journal("alarm.acknowledged")
    assert seen["data"]["detail"] == {"officer": "user:manager", "note": "sudah ditutup"}
    await go(page, "places")
    await expect(page.locator(".places li.red")).to_contain_text("Pintu belakang DIBUKA TANPA IZIN")
    await gate.move_back_door(is_shut=True)
    await expect(page.locator(".places li.red")).to_have_count(0)
    await go(page, "alarms")
    await expect(alarm).to_have_count(0)


async def test_a_lane_says_by_whose_order_it_is_shut(screens: Screens, gate: Gate):
    page = await screens.open("/manager#places", locale="en")
    gate.site.ask(do="lane", lane="lane-1", order="lock", reason="cleaning")
    lane = page.locator(".places li", has_text="lane-1")
    await expect(lane).to_contain_text(
        re.compile(r"entry locked.*since .*console.*cleaning", re.DOTALL)
    )
    gate.site.ask(do="lane", lane="lane-1", order="resume")
    await expect(lane).to_contain_text("ready")


async def test_a_muster_stays_as_it_was_and_goes_on_paper(screens: Screens, gate: Gate):
    await gate.site.pass_through(issue("mustered"))
    page = await screens.open("/manager#muster", size="phone", locale="id")
    inside = gate.site.inside()
    await page.get_by_role("button", name="Ambil daftar sekarang").click()
    rows = page.locator(".muster tbody tr")
    await expect(rows).to_have_count(inside)
    await gate.site.pass_through(issue("too-late"))
    async with page.expect_download() as pdf:
        await page.get_by_role("link", name="PDF").click()
    assert (await (await pdf.value).path()).read_bytes().startswith(b"%PDF")
    async with page.expect_download() as table:
        await page.get_by_role("link", name="CSV").click()
    lines = (await (await table.value).path()).read_text("utf-8-sig").splitlines()
    assert len(lines) == 1 + inside
    await expect(rows).to_have_count(inside)
    await page.emulate_media(media="print")
    await expect(page.locator("nav")).to_be_hidden()
    await expect(rows.first).to_be_visible()
    await page.emulate_media(media="screen")
    await until(lambda: {"what": "muster", "officer": "user:manager"} in acts(gate, "downloaded"))


async def test_a_day_is_reported_and_whoever_takes_it_is_on_record(screens: Screens, gate: Gate):
    await gate.site.pass_through(issue("reported", "visitor"))
    page = await screens.open("/manager#reports", locale="en")
    await expect(page.locator(".recap .tables")).to_contain_text("Entries by category")
    for name, begin in (("PDF", b"%PDF"), ("CSV", b"\xef\xbb\xbfday,table"), ("JSON", b"{")):
        async with page.expect_download() as file:
            await page.locator(".recap").get_by_role("link", name=name).click()
        assert (await (await file.value).path()).read_bytes().startswith(begin)
    async with page.expect_download() as records:
        await page.locator('a[href^="/api/export"]').click()
    text = (await (await records.value).path()).read_text("utf-8-sig")
    assert "onegate.passage.completed.v1" in text
    assert "holder" not in text
    await go(page, "audit")
    await expect(page.locator(".rows li").first).to_contain_text("Downloaded what: records")
    await page.get_by_label("By whom").fill("nobody like this")
    await page.get_by_role("button", name="Search").click()
    await expect(page.locator(".rows li")).to_have_count(0)


async def test_what_if_the_house_were_smaller(screens: Screens, gate: Gate):
    await gate.site.pass_through(issue("one-too-many", "visitor"))
    page = await screens.open("/manager#what_if", locale="en")
    today = await page.evaluate("new Intl.DateTimeFormat('sv').format(new Date())")
    await page.get_by_label("Day").fill(today)
    await page.get_by_label("Limit of people inside").fill("0")
    await page.get_by_role("button", name="Work it out").click()
    row = page.locator("tbody tr", has_text="Visitor").first
    await expect(row).to_contain_text(
        re.compile(r"Admitted.*Refused . The building is full", re.DOTALL)
    )
    assert gate.site.status()["occupancy"]["limit"] == {"total": 40}, "nothing changed by asking"


async def test_the_policy_is_shown_and_read_anew_with_its_mistakes_told(
    screens: Screens, gate: Gate
):
    screens.bear("409")  # What the gateway answers to mistakes.
    page = await screens.open("/manager#policy", locale="en")
    await expect(page.get_by_role("row", name="an id that no list knows")).to_contain_text("refer")
    settings = gate.site.settings.read_text()
    again = page.get_by_role("button", name="Reload policy")
    try:
        gate.site.settings.write_text(settings.replace('"refer"', '"perhaps"', 1))
        await again.click()
        await expect(page.locator(".problems")).to_contain_text("perhaps")
        gate.site.settings.write_text(settings.replace('"refer"', '"refuse"', 1))
        await again.click()
        await expect(page.locator(".banner.good")).to_contain_text("Reloaded")
        await expect(page.get_by_role("row", name="an id that no list knows")).to_contain_text(
            "refuse"
        )
    finally:
        gate.site.settings.write_text(settings)
        gate.site.ask(do="reload")


async def test_a_user_gets_a_secret_once_and_goes_in_two_taps(screens: Screens, gate: Gate):
    page = await screens.open("/manager#users", size="phone", locale="en")
    await page.get_by_label("User name").first.fill("new_officer")
    await page.get_by_role("button", name="Add a user").click()
    secret = await page.locator(".secret code").inner_text()
    row = page.locator(".accounts li", has_text="new_officer")
    await expect(row).to_contain_text("one-time")
    assert secret not in gate.site.gateway.logged.path.read_text()
    await row.get_by_role("button", name="Remove").click()
    await row.get_by_role("button", name="Really remove?").click()
    await expect(row).to_have_count(0)
    await expect(page.locator(".secret")).to_have_count(0)
    assert [one["officer"] for one in acts(gate, "user_removed")] == ["new_officer"]


async def test_a_trace_takes_the_codes_of_two_people(screens: Screens, gate: Gate):
    screens.bear("409")  # A wrong code.
    codes_file = ReleaseCodes(gate.site.state / "privacy.key")
    for label, code in zip(("health_officer", "head_of_site"), CODES, strict=True):
        codes_file.add(label, code, lambda: None)
    page = await screens.open("/manager#reports", locale="en")
    trace = page.locator(".trace")
    for codes, told in (
        ((CODES[0], CODES[0]), "codes of two different people"),
        (CODES, "0 contacts."),
    ):
        await trace.get_by_label("or the number of a badge").fill("3")
        await trace.get_by_label("Code of the first person").fill(codes[0])
        await trace.get_by_label("Code of the second person").fill(codes[1])
        await trace.get_by_role("button", name="Trace").click()
        await expect(trace).to_contain_text(told)
    (released,) = acts(gate, "trace_released")
    assert released["officer"] == "user:manager"
    assert sorted(released["labels"]) == ["head_of_site", "health_officer"]


async def test_a_technician_sees_the_machine_and_nobody_of_those_who_pass(
    screens: Screens, gate: Gate
):
    await gate.site.show("CARD-BLOCKED")
    page = await screens.open("/manager", role="technician", locale="en")
    await expect(page.locator("nav a")).to_have_text(
        ["Overview", "Alarms", "Live feed", "Lanes and doors", "Policy", "Machine"]
    )
    await go(page, "feed")
    await page.get_by_role("button", name="Older").click()
    await expect(page.get_by_role("button", name="This is the oldest")).to_be_disabled()
    await expect(page.locator(".rows li", has_text="Gateway started")).to_have_count(1)
    await expect(page.locator(".rows li.refused, .rows li.passed")).to_have_count(0)


async def test_an_auditor_reads_all_and_changes_nothing(screens: Screens, gate: Gate):
    await gate.move_back_door(is_shut=False)
    page = await screens.open("/manager#alarms", role="auditor", locale="en")
    await expect(page.locator(".alarm-list li")).to_contain_text("Another door is open")
    await expect(page.get_by_role("button", name="I have seen it")).to_have_count(0)
    await gate.move_back_door(is_shut=True)
    await go(page, "policy")
    await expect(page.locator("table").first).to_be_visible()
    await expect(page.get_by_role("button", name="Reload policy")).to_have_count(0)
    await go(page, "users")
    await expect(page.locator("main")).to_contain_text("Only a manager can change this.")
    await expect(page.locator("main form")).to_have_count(0)
    await go(page, "reports")
    await expect(page.locator(".trace")).to_have_count(0)
