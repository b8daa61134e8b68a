"""Codes in several parts at a lane: in any order, in time or not, with the lamps meanwhile."""

import asyncio

from drivers import base
from gatewayd.core.events import Access
from gatewayd.core.parts import WAIT_S
from gatewayd.core.prompts import Prompt, text
from gatewayd.core.reasons import Locale
from gatewayd.runtime.parts_reader import PartsReader
from tests.sim.loop import run
from tests.unit.doubles import SimReader, Site
from tests.unit.health_codes import make_parts
from tests.unit.test_lane_shell import ENTRY, EXIT, played, verdicts

PARTS = make_parts(3)


def scanned(play) -> tuple[list[tuple[bytes, float]], PartsReader]:
    """Run a play with a reader alone; return its scans with the time of each."""
    inner, scans = SimReader(), []
    reader = PartsReader(inner, lambda: None)

    def report(told: base.ReaderReport) -> None:
        if isinstance(told, base.ScanRead):
            scans.append((told.data, told.at_s))

    async def main() -> None:
        task = asyncio.create_task(reader.run(report))
        await asyncio.sleep(0)
        await play(inner, reader)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(main())
    return scans, reader


def test_parts_in_any_order_become_one_scan_when_the_last_one_comes():
    async def play(inner: SimReader, reader: PartsReader) -> None:
        for part, missing_count in zip((PARTS[2], PARTS[0], PARTS[1]), (2, 1, 0), strict=True):
            await asyncio.sleep(WAIT_S - 1)
            inner.scan(part.encode())
            assert reader.missing_count == missing_count

    [(data, at_s)], _ = scanned(play)
    whole = "shc:/" + "".join(part.rpartition("/")[2] for part in PARTS)
    assert (data.decode(), at_s) == (whole, 3 * (WAIT_S - 1))


def test_parts_that_are_not_completed_in_time_are_one_scan():
    async def play(inner: SimReader, reader: PartsReader) -> None:
        inner.scan(PARTS[0].encode())
        await asyncio.sleep(5)
        inner.scan(PARTS[1].encode())
        await asyncio.sleep(WAIT_S + 10)
        assert reader.missing_count == 0

    [(data, at_s)], _ = scanned(play)
    assert (data.decode(), at_s) == (PARTS[0], 5 + WAIT_S)


def test_another_code_ends_the_waiting():
    async def play(inner: SimReader, _: PartsReader) -> None:
        inner.scan(PARTS[0].encode())
        await asyncio.sleep(1)
        inner.scan(b"V-1")
        await asyncio.sleep(WAIT_S + 10)

    scans, _ = scanned(play)
    assert [data for data, _ in scans] == [PARTS[0].encode(), b"V-1"]


def test_a_part_shown_again_is_noise():
    async def play(inner: SimReader, reader: PartsReader) -> None:
        inner.scan(PARTS[0].encode())
        await asyncio.sleep(5)
        inner.scan(PARTS[0].encode())
        assert reader.missing_count == 2
        await asyncio.sleep(WAIT_S)

    [(_, at_s)], _ = scanned(play)
    assert at_s == WAIT_S


def test_the_end_of_the_reader_leaves_no_part_without_a_verdict():
    async def play(inner: SimReader, _: PartsReader) -> None:
        inner.scan(PARTS[0].encode())

    scans, reader = scanned(play)
    assert [data for data, _ in scans] == [PARTS[0].encode()]
    assert reader.missing_count == 0


def test_other_reports_pass_and_so_do_signals():
    inner, told = SimReader(), []
    reader = PartsReader(inner, lambda: None)

    async def main() -> None:
        task = asyncio.create_task(reader.run(told.append))
        await asyncio.sleep(0)
        inner.tell(base.NoiseDropped(3))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(main())
    reader.show(base.Signal.GO)
    assert (told, inner.shown) == ([base.NoiseDropped(3)], [base.Signal.GO])


# --- at a lane ---


def test_a_lane_says_wait_until_the_code_is_whole_and_decides_once():
    async def play(site: Site, _) -> None:
        lane, reader = site.lanes[0], site.readers[0][ENTRY]
        for part in PARTS[:2]:
            site.scan(part)
            await asyncio.sleep(1)
            assert reader.shown[-1] is base.Signal.WAIT
            assert lane.prompt is Prompt.NEXT_PART
        assert (lane.missing_parts, verdicts(site)) == (1, [])
        site.scan(PARTS[2])
        await asyncio.sleep(1)
        assert (lane.missing_parts, lane.prompt) == (0, None)

    assert verdicts(played(play)) == [("refused", "unknown_key")]


def test_an_incomplete_code_is_refused_in_time_and_the_lane_is_ready_again():
    async def play(site: Site, _) -> None:
        site.scan(PARTS[0])
        await asyncio.sleep(WAIT_S + 10)
        assert site.readers[0][ENTRY].shown[-1] is base.Signal.READY

    assert verdicts(played(play)) == [("refused", "incomplete")]


def test_a_part_does_not_take_the_light_of_somebody_who_may_go():
    async def play(site: Site, _) -> None:
        site.scan("V-1", EXIT)
        await asyncio.sleep(0.5)
        before = list(site.readers[0][ENTRY].shown)
        site.scan(PARTS[0])
        await asyncio.sleep(0.1)
        assert site.readers[0][ENTRY].shown == before

    played(play)


def test_every_prompt_has_a_text_in_both_languages():
    texts = {text(prompt, locale) for prompt in Prompt for locale in Locale}
    assert len(texts) == 2 * len(Prompt)
    assert all(len(told) > 20 for told in texts)


def test_the_verdict_counts_its_latency_from_the_last_part():
    async def play(site: Site, _) -> None:
        for part in PARTS:
            site.scan(part)
            await asyncio.sleep(5)

    [fact] = played(play).facts(Access)
    assert fact.latency_us is not None
    assert fact.latency_us < 1_000_000
