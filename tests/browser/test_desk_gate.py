"""The officer's desk: the count, the whole gate, its doors, and being on duty."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.axe import accessible
from tests.browser.screens import LOCALES, SIZES, Screens
from tests.e2e.daemon import issue
from tests.e2e.eventually import eventually

SETTINGS = """\
[policy]
unknown_holder = "refer"
capacity.total = 4
officer_required = true
"""
SHEETS = ("guest", "count", "gate", "shift", "menu", "help")


def visitors(gate) -> int:
    return gate.site.status()["occupancy"]["by_category"].get("visitor", 0)


def order(gate, lane: str = "lane-1") -> str:
    return gate.site.status()["lanes"][lane]["order"]


async def open_sheet(page: Page, name: str) -> None:
    if name in ("shift", "help"):
        await page.locator("header [data-sheet=menu]").click()
    await page.locator(f"[data-sheet={name}]:visible").last.click()
    await expect(page.locator("#sheet-title")).to_be_focused()


@pytest.mark.slow
@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("size", SIZES)
async def test_the_desk_is_readable_at_any_size_in_both_languages(screens, gate, size, locale):
    theme = "dark" if (size == "tablet") is (locale == "id") else "light"
    page = await screens.open("/desk", role="officer", size=size, locale=locale, theme=theme)
    await expect(page.locator(".tile").first).to_be_attached()
    await screens.picture(page, "desk")
    for name in SHEETS:
        await open_sheet(page, name)
        await screens.picture(page, f"desk-{name}")
        assert await page.evaluate(SMALL) == [], f"smaller than a thumb on {name}"
        if locale == "id":  # What axe looks at is the same in both.
            await accessible(page)
        await page.keyboard.press("Escape")
        await expect(page.locator(".sheet")).to_be_hidden()


SMALL = """() => [...document.querySelectorAll('button, summary, input, textarea')]
    .filter((one) => one.offsetParent !== null && one.getBoundingClientRect().width > 1)
    .filter((one) => Math.min(one.offsetWidth, one.offsetHeight) < 64)
    .map((one) => one.outerHTML.slice(0, 100))"""


async def test_one_tap_changes_the_language(screens: Screens, gate):
    page = await screens.open("/desk", role="officer", size="phone")
    await page.locator("header [data-sheet=menu]").click()
    await page.get_by_role("button", name="English").click()
    await expect(page.locator("#sheet-title")).to_have_text("More")


async def test_a_guest_who_left_by_hand_is_taken_from_the_count(screens: Screens, gate):
    gate.site.ask(do="count", category="visitor", to=2, reason="test")
    page = await screens.open("/desk", role="officer", size="phone")
    await page.locator("header [data-sheet=count]").click()
    await page.locator("[data-do=leave]").click()
    await eventually(lambda: visitors(gate) == 1)
    await expect(page.locator(".total strong")).to_have_text("1")


async def test_the_count_is_corrected_with_a_reason(screens: Screens, gate):
    gate.site.ask(do="count", category="visitor", to=1, reason="test")
    page = await screens.open("/desk", role="officer", size="tablet")
    await page.locator("header [data-sheet=count]").click()
    await page.locator("summary").click()
    await page.locator("[data-step=count-more]").click()
    await page.locator("[data-pick=came_by_hand]").click()
    await page.locator("[data-do=correct]").click()
    await eventually(lambda: visitors(gate) == 2)
    [*_, last] = gate.site.journal("audit.officer")
    detail = last["data"]["detail"]
    assert (detail["by"], detail["reason"]) == (1, "masuk lewat petugas")


async def test_a_full_house_is_told_with_its_figures(screens: Screens, gate):
    page = await screens.open("/desk", role="officer", size="phone")
    gate.site.ask(do="count", category="visitor", to=4, reason="test")
    await expect(page.locator(".tile.shown")).to_contain_text("Penuh 4/4")
    assert await gate.site.show(issue("late-1", "visitor")) == ("refused", "capacity_full")
    await expect(page.locator(".tile.shown")).to_contain_text("TOLAK")
    gate.site.ask(do="count", category="visitor", to=0, reason="test")


async def test_the_gate_is_locked_by_holding_and_lets_people_out(screens: Screens, gate):
    page = await screens.open("/desk", role="officer", size="phone")
    await page.locator("header [data-sheet=gate]").click()
    lock = page.locator("[data-hold=lock]")
    await lock.click()  # A slip of the hand.
    await lock.scroll_into_view_if_needed()
    await lock.hover()
    assert order(gate) == "normal"
    await page.mouse.down()
    await eventually(lambda: order(gate) == "exit_only")
    await page.mouse.up()
    assert await gate.site.show(issue("locked-1")) == ("refused", "locked_down")
    await gate.site.pass_through(issue("locked-2"), "exit")
    why = re.compile("Dikunci officer pukul .*: keributan")
    await expect(page.locator(".states li").first).to_contain_text(why)
    # And back, by the keyboard.
    await page.locator("[data-hold=resume]").focus()
    await page.keyboard.down("Enter")
    await eventually(lambda: order(gate) == "normal")
    await page.keyboard.up("Enter")
    assert [order(gate, lane) for lane in gate.site.lanes] == ["normal", "normal"]


async def test_one_lane_is_freed_and_says_so(screens: Screens, gate):
    page = await screens.open("/desk", role="officer", size="wall")
    await expect(page.locator(".tile").first).to_be_visible()
    await page.keyboard.press("g")
    await page.locator("[data-pick=lane-2]").click()
    await page.locator("[data-hold=free]").focus()
    await page.keyboard.down(" ")
    await expect(page.locator(".tile[data-lane=lane-2]")).to_contain_text("BEBAS")
    await page.keyboard.up(" ")
    assert (order(gate), order(gate, "lane-2")) == ("normal", "free")
    gate.site.ask(do="lane", order="resume")


async def test_in_a_fire_nothing_can_be_locked_and_the_screen_says_why(screens: Screens, gate):
    page = await screens.open("/desk", role="officer", size="phone")
    await page.locator("header [data-sheet=gate]").click()
    gate.site.lane.turnstile.order("fire on")
    await expect(page.locator(".sheet .banner")).to_contain_text("panel")
    await expect(page.locator(".states li").first).to_contain_text("lane-1")
    await expect(page.locator("[data-hold=lock]")).to_be_disabled()
    await expect(page.locator("[data-hold=resume]")).to_be_disabled()
    await expect(page.locator("[data-hold=free]")).to_be_enabled()
    await expect(page.locator(".tile.shown")).to_contain_text("KEBAKARAN")
    gate.site.lane.turnstile.order("fire off")
    await expect(page.locator("[data-hold=lock]")).to_be_enabled()


async def test_a_door_may_be_open_for_some_minutes_and_is_watched_again(screens, gate):
    page = await screens.open("/desk", role="officer", size="tablet")
    await page.locator("header [data-sheet=gate]").click()
    door = page.locator("[data-door=back]")
    await page.locator("[data-pick='30']").click()
    await door.get_by_role("button", name="Izinkan 30 menit").click()
    await expect(door).to_contain_text("Boleh dibuka")
    await gate.move_back_door(is_shut=False)
    await expect(door).to_contain_text("terbuka, diizinkan sejak")
    await gate.move_back_door(is_shut=True)
    await expect(door).to_contain_text("tertutup")
    await door.get_by_role("button", name="Awasi lagi").click()
    await expect(door).not_to_contain_text("Boleh dibuka")
    await gate.move_back_door(is_shut=False)
    await expect(door).to_contain_text("terbuka tanpa izin")
    await expect(page.locator("header .chip.gate")).to_contain_text("Pintu terbuka")
    await gate.move_back_door(is_shut=True)


async def test_a_note_is_left_for_the_next_officer_and_duty_ends(screens: Screens, gate):
    page = await screens.open("/desk", role="officer-3", size="phone")
    await open_sheet(page, "shift")
    await expect(page.locator(".lead")).to_contain_text("officer-3 bertugas sejak")
    await page.locator("textarea").fill("kunci cadangan di laci")
    await page.reload()  # What was written is not lost.
    await expect(page.locator("textarea")).to_have_value("kunci cadangan di laci")
    screens.bear("/api/me", "401")
    await page.locator("[data-do=end]").click()
    await page.wait_for_url("**/")
    on_duty = [one["officer"] for one in gate.site.status()["on_duty"]]
    assert "officer-3" not in on_duty
    other = await screens.open("/desk", role="officer", size="tablet")
    await open_sheet(other, "shift")
    await expect(other.locator("blockquote")).to_contain_text("kunci cadangan di laci")
    await expect(other.locator("blockquote")).to_contain_text("officer-3")


async def test_whose_duty_is_over_begins_again_by_one_tap(screens: Screens, gate):
    page = await screens.open("/desk", role="officer", size="phone")
    gate.site.ask(do="officer", sign="out", officer="officer")
    begin = page.locator("[data-do=begin]")
    await expect(begin).to_be_visible()
    await page.locator(".actions [data-sheet=guest]").click()
    await page.locator("[data-do=declare]").click()
    await expect(page.locator("[data-open=lane-1]")).to_be_disabled()
    await expect(page.locator("footer .why")).to_have_text("Mulai tugas dahulu.")
    await begin.click()
    await expect(page.locator("[data-open=lane-1]")).to_be_enabled()


async def test_everything_is_reached_by_the_keyboard(screens: Screens, gate):
    page = await screens.open("/desk", role="officer", size="wall")
    await expect(page.locator(".tile").first).to_be_visible()
    await page.keyboard.press("?")
    await expect(page.locator(".keys")).to_contain_text("Tamu tanpa aplikasi")
    await page.keyboard.press("t")
    await expect(page.locator("#sheet-title")).to_have_text("Tamu tanpa aplikasi")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Escape")
    await expect(page.locator(".actions [data-sheet=guest]")).to_be_focused()


async def test_a_sound_is_heard_only_after_somebody_asked_for_it(screens: Screens, gate):
    page = await screens.open("/desk", role="officer", size="phone")
    sound = page.locator("header .sound")
    await expect(sound).to_have_attribute("aria-pressed", "false")
    await sound.click()
    await expect(sound).to_have_attribute("aria-pressed", "true")
    await sound.click()
    await expect(sound).to_have_attribute("aria-pressed", "false")
