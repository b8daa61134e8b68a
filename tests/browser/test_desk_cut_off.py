"""The officer's desk where the network or the gateway goes away: nothing is lost, or done twice."""

from playwright.async_api import Route, expect

from tests.browser.screens import Screens
from tests.e2e.eventually import eventually


async def test_an_answer_that_is_lost_opens_the_lane_once(screens: Screens, gate):
    screens.bear("ERR_FAILED", "request:")
    page = await screens.open("/desk", role="officer", size="phone")
    sent: list[str] = []

    async def lose_first(route: Route) -> None:
        sent.append(route.request.headers["idempotency-key"])
        answer = await route.fetch()
        await (route.abort() if len(sent) == 1 else route.fulfill(response=answer))

    await page.route("**/api/admit", lose_first)
    before = len(gate.site.lane.openings)
    await page.locator(".actions [data-sheet=guest]").click()
    await page.locator("[data-do=declare]").click()
    await page.locator("[data-open=lane-1]").click()
    await expect(page.get_by_role("button", name="lane-1 dibuka")).to_be_visible()
    assert len(sent) == 2
    assert sent[0] == sent[1]
    assert len(gate.site.lane.openings) == before + 1


async def test_what_was_sent_before_a_reload_is_looked_up_and_not_sent_again(screens, gate):
    screens.bear("ERR_FAILED", "request:")
    page = await screens.open("/desk", role="officer", size="phone")

    async def lose(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await page.route("**/api/admit", lose)
    before = len(gate.site.lane.openings)
    await page.locator(".actions [data-sheet=guest]").click()
    await page.locator("[data-do=declare]").click()
    await page.locator("[data-open=lane-1]").click()
    await eventually(lambda: len(gate.site.lane.openings) == before + 1)
    await page.unroute_all(behavior="wait")
    await page.reload()
    await expect(page.get_by_role("button", name="lane-1 dibuka")).to_be_visible()
    assert len(gate.site.lane.openings) == before + 1


async def test_whoever_is_signed_out_comes_back_to_their_draft(screens: Screens, gate):
    screens.bear("401")
    page = await screens.open("/desk", role="officer-4", size="phone")
    await page.locator(".actions [data-sheet=guest]").click()
    await page.locator("[data-do=declare]").click()
    await page.context.clear_cookies()
    await page.locator("[data-open=lane-1]").click()
    await page.wait_for_url("**/?to=/desk")
    credentials = gate.credentials("officer-4")
    await page.locator("[name=label]").fill(credentials["label"])
    await page.locator("[name=secret]").fill(credentials["secret"])
    await page.locator("form button").click()
    await page.wait_for_url("**/desk")
    await expect(page.locator("[data-do=declare]")).to_have_attribute("aria-checked", "true")


async def test_whoever_signed_in_again_elsewhere_goes_on_here(screens: Screens, gate):
    screens.bear("403")
    page = await screens.open("/desk", role="officer-5", size="phone")
    await page.locator(".actions [data-sheet=guest]").click()
    await page.locator("[data-do=declare]").click()
    again = await page.context.request.post("/api/session", data=gate.credentials("officer-5"))
    assert again.ok
    before = len(gate.site.lane.openings)
    await page.locator("[data-open=lane-1]").click()
    await eventually(lambda: len(gate.site.lane.openings) == before + 1)


async def test_without_the_centre_the_page_says_what_goes_on(screens: Screens, gate):
    page = await screens.open("/desk", role="officer", size="phone")
    gate.broker.stop()
    await expect(page.locator(".notices")).to_contain_text("Tanpa sambungan ke pusat")
    gate.broker.start()
    await expect(page.locator(".notices")).not_to_contain_text("Tanpa sambungan")


async def test_a_page_says_that_it_hears_nothing_and_goes_on_after_a_restart(screens, gate):
    screens.bear("ERR_", "request:", "Failed to load")
    page = await screens.open("/desk", role="officer", size="phone")
    await page.locator(".actions [data-sheet=guest]").click()
    await page.locator("[data-do=declare]").click()
    gate.site.kill()
    await expect(page.locator(".banner.stale")).to_be_visible()
    await expect(page.locator("[data-open=lane-1]")).to_be_disabled()
    await expect(page.locator("footer .why")).to_have_text("Tombol menunggu sambungan.")
    await expect(page.locator(".tile.shown")).to_contain_text("TERPUTUS")
    await gate.site.start()
    await expect(page.locator(".banner.stale")).to_be_hidden()
    await expect(page.locator("[data-do=declare]")).to_have_attribute("aria-checked", "true")
    before = len(gate.site.lane.openings)
    await page.locator("[data-open=lane-1]").click()
    await eventually(lambda: len(gate.site.lane.openings) == before + 1)
