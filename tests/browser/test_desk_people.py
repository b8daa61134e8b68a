"""The officer's desk: people at the lanes, those who wait, and those who are let in by hand."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.screens import Screens
from tests.e2e.daemon import issue
from tests.e2e.eventually import eventually

SETTINGS = """\
[policy]
unknown_holder = "refer"
anti_passback = "hard"
capacity.total = 40
purposes = ["ktp", "kk"]
attestation.required = ["healthy", "protocol", "reason", "purpose"]
"""


def shown(page: Page, lane: str = "lane-1"):
    return page.locator(f".tile[data-lane={lane}]")


def accesses(gate, **data: object):
    """Return what is recorded of verdicts with these data, oldest first."""
    found = [event["data"] for event in gate.site.journal("access")]
    return [one for one in found if data.items() <= one.items()]


async def refer(gate, code: str) -> int:
    """Have somebody unknown hold up a code; return their number."""
    assert await gate.site.show(code) == ("referred", "unknown_holder")
    return gate.site.ask(do="referrals")["referrals"][-1]["referral"]


async def test_the_last_scan_fills_the_screen_and_tells_what_became_of_it(screens: Screens, gate):
    page = await screens.open("/desk", role="officer", size="phone")
    await expect(shown(page)).to_have_attribute("data-kind", "ready")
    await gate.site.pass_through(issue("seen-1"))
    await expect(shown(page)).to_have_attribute("data-passage", "passed")
    await expect(shown(page)).to_contain_text("MASUK")
    await gate.site.show(issue("seen-2", days=-1))
    await expect(shown(page)).to_contain_text("TOLAK")
    await expect(shown(page)).to_contain_text("Masa berlaku kode sudah habis")
    await expect(page.locator("[data-spoken]")).to_contain_text("lane-1: TOLAK")
    await gate.site.pass_through(issue("seen-3"), lane="lane-2")
    await expect(shown(page, "lane-2")).to_be_visible()
    await expect(shown(page)).to_be_hidden()


async def test_bystanders_read_no_category_unless_somebody_taps(screens: Screens, gate):
    page = await screens.open("/desk", role="officer", size="wall")
    await gate.site.pass_through(issue("quiet-1", "patient"))
    await expect(shown(page)).to_contain_text("MASUK")
    await expect(shown(page)).not_to_contain_text("Pasien")
    await page.keyboard.press("d")
    await expect(shown(page)).to_contain_text("Pasien")
    await page.get_by_role("button", name="Rincian").click()
    await expect(shown(page)).not_to_contain_text("Pasien")


@pytest.mark.parametrize("locale", ["id", "en"])
async def test_a_guest_is_let_in_and_the_next_one_by_a_single_tap(screens, gate, locale: str):
    opened = {"id": "lane-1 dibuka", "en": "lane-1 opens"}[locale]
    lane = gate.site.lane
    page = await screens.open("/desk", role="officer", size="phone", locale=locale)
    before, recorded = len(lane.openings), len(accesses(gate, reason="attested"))
    await page.locator(".actions [data-sheet=guest]").click()
    await expect(page.locator("[data-open=lane-1]")).to_be_disabled()
    await page.locator("[data-pick=ktp]").click()
    await page.locator("[data-do=declare]").click()
    await page.locator("[data-open=lane-1]").click()
    await expect(page.get_by_role("button", name=opened)).to_be_visible()
    await eventually(lambda: len(lane.openings) == before + 1)
    told = accesses(gate, reason="attested")[recorded:]
    assert [one["attestation"]["officer"] for one in told] == ["officer"]
    declared = told[0]["attestation"]
    assert (declared["healthy"], declared["protocol"], declared["purpose"]) == (True, True, "ktp")
    assert declared["reason"] == "tanpa ponsel"
    await page.locator("[data-do=repeat]").click()
    await eventually(lambda: len(lane.openings) == before + 2)
    again = accesses(gate, reason="attested")[recorded + 1]
    assert again["attestation"] == declared


async def test_three_taps_are_enough_where_nothing_else_is_asked_for(screens, gate):
    page = await screens.open("/desk", role="officer", size="tablet")
    await page.locator(".actions [data-sheet=guest]").click()
    await page.locator("[data-pick=kk]").click()  # What they come for stays for the next one.
    await page.locator("[data-do=declare]").click()
    await page.locator("[data-open=lane-2]").click()
    before = len(gate.site.lanes["lane-2"].openings)
    taps = [".actions [data-sheet=guest]", "[data-do=declare]", "[data-open=lane-2]"]
    for tap in taps:
        await page.locator(tap).click()
    await eventually(lambda: len(gate.site.lanes["lane-2"].openings) > before)
    await expect(page.locator(".sheet")).to_be_hidden()


async def test_a_group_goes_through_one_by_one(screens, gate):
    page = await screens.open("/desk", role="officer", size="phone")
    before = len(gate.site.lane.openings)
    await page.locator(".actions [data-sheet=guest]").click()
    await page.locator("[data-pick=ktp]").click()
    await page.locator("[data-do=declare]").click()
    await page.locator("[data-step=group-more]").click()
    await page.locator("[data-open=lane-1]").click()
    await eventually(lambda: len(gate.site.lane.openings) == before + 2)


async def test_a_referred_person_is_settled_beside_a_line_that_goes_on(screens: Screens, gate):
    page = await screens.open("/desk", role="officer", size="phone")
    number = await refer(gate, "STRANGER-1")
    await expect(shown(page)).to_contain_text(f"Nomor {number}")
    await page.locator(f"[data-referral='{number}']").click()
    await expect(page.locator(".check")).to_contain_text("tanda pengenal")
    await gate.site.pass_through(issue("line-1"))
    await expect(shown(page)).to_contain_text("MASUK")
    before = len(gate.site.lane.openings)
    await page.locator("[data-pick=kk]").click()
    await page.locator("[data-do=admit]").click()
    await eventually(lambda: len(gate.site.lane.openings) == before + 1)
    [told] = accesses(gate, reason="referral_admitted", referral=number)
    assert told["attestation"]["healthy"] is True
    await expect(page.locator(f"[data-referral='{number}']")).to_be_hidden()


async def test_two_officers_settle_one_person_once(screens: Screens, gate):
    one = await screens.open("/desk", role="officer", size="phone")
    other = await screens.open("/desk", role="officer-2", size="tablet")
    number = await refer(gate, "STRANGER-2")
    for page in (one, other):
        await page.locator(f"[data-referral='{number}']").click()
    await one.locator("[data-do=refuse]").click()
    await expect(other.locator(".sheet .lead")).to_contain_text("sudah diselesaikan")
    [told] = accesses(gate, reason="officer_refused", referral=number)
    assert told["attestation"]["officer"] == "officer"
    assert told["attestation"]["reason"] == "syarat belum terpenuhi"


async def test_whoever_helps_is_seen_by_the_others_and_says_when_it_is_done(screens, gate):
    one = await screens.open("/desk", role="officer", size="phone")
    other = await screens.open("/desk", role="officer-2", size="wall")
    assist = gate.site.ask(do="assist_request", lane="lane-2")["assist"]
    card = f"[data-assist='{assist}']"
    await one.locator(f"{card} button").click()
    await expect(one.locator(card)).to_contain_text("Anda yang membantu")
    await expect(other.locator(card)).to_contain_text("officer membantu")
    await one.locator(f"{card} button").click()
    await expect(other.locator(card)).to_be_hidden()
    done = [event["data"]["detail"] for event in gate.site.journal("audit.officer")]
    [told] = [one for one in done if one.get("assist") == assist and "seconds" in one]
    assert told["officer"] == "officer"


async def test_somebody_who_left_unseen_is_forgiven_by_one_tap(screens, gate):
    page = await screens.open("/desk", role="officer", size="phone")
    code = issue("unseen-1")
    await gate.site.pass_through(code)
    assert await gate.site.show(code, lane="lane-2") == ("refused", "already_inside")
    await page.locator("[data-insider=lane-2] button").click()
    await expect(page.get_by_role("button", name="Dimaafkan")).to_be_visible()
    await gate.site.show(code, "exit")
    left = accesses(gate, direction="exit")[-1]
    assert left["findings"] == ["not_inside"], "by the records they are outside"
    assert left["holder"] not in await page.content()
