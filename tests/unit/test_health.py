"""What is said of each part of a gateway, and when it is ready."""

from dataclasses import asdict, replace
from datetime import timedelta
from string import Formatter

import pytest

from gatewayd.app.desk import _lasting
from gatewayd.core import health_texts
from gatewayd.core.health import FREE_BYTES_MIN, judge
from gatewayd.core.health_terms import (
    Colour,
    Condition,
    DiskSeen,
    LaneSeen,
    ListSeen,
    Observed,
    Part,
    PolicySeen,
    Says,
)
from gatewayd.core.health_texts import document, text
from gatewayd.core.reasons import Locale
from gatewayd.core.sync_figures import SyncFigures
from gatewayd.core.words import ClockQuality

GREEN, YELLOW, RED = Colour
LINK = SyncFigures(
    connected_s=90.0,
    depth=0,
    oldest_s=None,
    hours_left=None,
    published=9,
    receipts=9,
    refused=0,
    quarantined=0,
    is_heard=True,
    error=None,
)
POLICY = PolicySeen(("national 3", "site 1"), is_in_force=True, left=None, answer="refer")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ROOM = DiskSeen(free=20 * 10**9, used=10**7, used_max=4 << 30, row_count=9)
WELL = Observed(
    lanes=(LaneSeen("lane-1", works=True), LaneSeen("lane-2", works=True)),
    policy=POLICY,
    clock=ClockQuality.SYNCED,
    readers={"lane-1/entry_reader": True, "lane-2/entry_reader": True},
    contacts={"back": True},
    link=LINK,
    lists=(ListSeen("staff", HOUR),),
    disk=ROOM,
)
ONE_DOWN = (LaneSeen("lane-1", works=True), LaneSeen("lane-2", works=False))
ALL_DOWN = (LaneSeen("lane-1", works=False), LaneSeen("lane-2", works=False))
ORDERED = (LaneSeen("lane-1", works=True, order="exit_only"),)
WAITS = replace(LINK, depth=5, oldest_s=60.0, hours_left=900.0)


def about(part: Part, seen: Observed) -> Condition:
    (one,) = [one for one in judge(seen).parts if one.part is part]
    return one


def test_a_gateway_that_is_well_is_green_in_every_part_and_ready():
    health = judge(WELL)
    assert {one.part for one in health.parts} == set(Part)
    assert {one.colour for one in health.parts} == {GREEN}
    assert health.colour is GREEN
    assert health.is_ready


SEEN = [
    (Part.GATE, {"is_recording": False}, RED, Says.NOT_RECORDED, "nothing can be recorded"),
    (Part.GATE, {"fire": ("lane-1",)}, RED, Says.FIRE, "told by lane-1"),
    (Part.GATE, {"alarms": ("part_failed/sync",)}, RED, Says.PARTS_FAILED, "again: sync"),
    (Part.GATE, {"alarms": ("unattended/gateway",)}, YELLOW, Says.UNATTENDED, "No officer"),
    (Part.GATE, {"lanes": ORDERED}, YELLOW, Says.LANES_ORDERED, "lane-1 exit_only"),
    (Part.GATE, {"is_observing": True}, GREEN, Says.OBSERVES, "nobody is held"),
    (Part.GATE, {}, GREEN, Says.DECIDES, "Decides"),
    (Part.LANES, {"lanes": ALL_DOWN}, RED, Says.LANES_DOWN, "lane-1, lane-2"),
    (Part.LANES, {"lanes": ONE_DOWN}, YELLOW, Says.LANES_PARTLY, "lane-2; 1 other"),
    (Part.LANES, {"alarms": ("passage_stuck/lane-2",)}, YELLOW, Says.LANES_STUCK, "at lane-2"),
    (Part.LANES, {}, GREEN, Says.LANES_UP, "service: 2"),
    (Part.READERS, {"readers": {"a": False, "b": False}}, RED, Says.READERS_DOWN, "a, b"),
    (Part.READERS, {"readers": {"a": False, "b": True}}, YELLOW, Says.READERS_PARTLY, "a; 1"),
    (Part.READERS, {"readers": {}}, GREEN, Says.NO_READERS, "no reader"),
    (Part.READERS, {}, GREEN, Says.READERS_UP, "connected: 2"),
    (Part.DOORS, {"open_doors": ("back",)}, RED, Says.DOORS_OPEN, "is not: back"),
    (Part.DOORS, {"contacts": {"back": False}}, YELLOW, Says.CONTACTS_UNSEEN, "read: back"),
    (Part.DOORS, {}, GREEN, Says.DOORS_SHUT, "read: 1"),
    (Part.BROKER, {"link": None}, GREEN, Says.NO_CENTRE, "no centre"),
    (
        Part.BROKER,
        {"link": replace(LINK, connected_s=None, error="refused by 10.0.0.1")},
        YELLOW,
        Says.DISCONNECTED,
        "refused by 10.0.0.1",
    ),
    (Part.BROKER, {}, GREEN, Says.CONNECTED, "for 1 minute."),
    (
        Part.QUEUE,
        {"link": replace(WAITS, hours_left=47.0)},
        RED,
        Says.QUEUE_SHORT,
        "lost in 47 hours",
    ),
    (
        Part.QUEUE,
        {"link": replace(WAITS, oldest_s=3 * 3600.0)},
        YELLOW,
        Says.QUEUE_OLD,
        "for 3 hours; 37 days more",
    ),
    (Part.QUEUE, {"link": replace(LINK, quarantined=2)}, YELLOW, Says.QUARANTINED, "take 2"),
    (Part.QUEUE, {"link": WAITS}, GREEN, Says.QUEUE_WAITS, "5 records"),
    (Part.QUEUE, {}, GREEN, Says.QUEUE_EMPTY, "has all"),
    (
        Part.POLICY,
        {"policy": replace(POLICY, is_in_force=False, left=-DAY)},
        RED,
        Says.POLICY_OVER,
        "everybody is referred to the officer",
    ),
    (Part.POLICY, {"policy": replace(POLICY, left=2 * DAY)}, YELLOW, Says.POLICY_ENDS, "2 days"),
    (Part.POLICY, {"policy": replace(POLICY, left=8 * DAY)}, GREEN, Says.POLICY_HOLDS, "site 1"),
    (Part.LISTS, {"list_age_max": HOUR}, RED, Says.LISTS_OLD, "60 minutes): staff"),
    (Part.LISTS, {"list_age_max": 1.25 * HOUR}, YELLOW, Says.LISTS_AGEING, "nearly too old"),
    (Part.LISTS, {"list_age_max": 2 * HOUR}, GREEN, Says.LISTS_FRESH, "people: 1"),
    (Part.LISTS, {"lists": (ListSeen("a", None),)}, GREEN, Says.LISTS_FRESH, "people: 1"),
    (Part.CLOCK, {"clock": ClockQuality.UNSYNCED}, RED, Says.CLOCK_LOST, "wrong"),
    (Part.CLOCK, {"clock": ClockQuality.HOLDOVER}, YELLOW, Says.CLOCK_DRIFTS, "chrony"),
    (Part.CLOCK, {}, GREEN, Says.CLOCK_KEPT, "NTP"),
    (Part.DISK, {"is_recording": False}, RED, Says.DISK_REFUSES, "refuses"),
    (Part.DISK, {"alarms": ("disk_full/gateway",)}, RED, Says.DISK_FULL, "nearly full"),
    (Part.DISK, {"disk": None}, GREEN, Says.DISK_UNSEEN, "not looked at"),
    (
        Part.DISK,
        {"disk": replace(ROOM, free=FREE_BYTES_MIN - 1)},
        YELLOW,
        Says.DISK_LOW,
        "499 MB",
    ),
    (Part.DISK, {"alarms": ("journal_large/gateway",)}, YELLOW, Says.JOURNAL_LARGE, "10 MB of"),
    (Part.DISK, {}, GREEN, Says.DISK_WELL, "20 GB are free; the records take 10 MB"),
]


@pytest.mark.parametrize(
    ("part", "change", "colour", "says", "part_of_text"), SEEN, ids=[str(one[3]) for one in SEEN]
)
def test_each_part_has_its_colour_and_one_sentence(part, change, colour, says, part_of_text):
    one = about(part, replace(WELL, **change))
    assert (one.colour, one.says) == (colour, says)
    assert part_of_text in text(one, Locale.EN)
    assert text(one, Locale.ID).endswith((".", ")."))
    assert text(one, Locale.ID) != text(one, Locale.EN)
    assert "{" not in text(one, Locale.ID) + text(one, Locale.EN)


def test_every_sentence_can_be_said():
    assert {one[3] for one in SEEN} == set(Says)


def test_the_worst_part_gives_the_colour_of_all():
    assert judge(replace(WELL, clock=ClockQuality.HOLDOVER)).colour is YELLOW
    both = replace(WELL, clock=ClockQuality.HOLDOVER, open_doors=("back",))
    assert judge(both).colour is RED


def test_ready_is_a_gateway_that_records_and_has_a_lane():
    assert judge(replace(WELL, lanes=ONE_DOWN)).is_ready
    assert not judge(replace(WELL, lanes=ALL_DOWN)).is_ready
    assert not judge(replace(WELL, is_recording=False)).is_ready
    assert judge(replace(WELL, link=None, clock=ClockQuality.UNSYNCED)).is_ready


def test_parts_that_the_site_does_not_have_are_not_judged():
    health = judge(replace(WELL, contacts={}, link=None, lists=()))
    missing = {Part.DOORS, Part.QUEUE, Part.LISTS}
    assert {one.part for one in health.parts} == set(Part) - missing


@pytest.mark.parametrize(
    ("seconds", "indonesian", "english"),
    [
        (-5, "0 detik", "0 seconds"),
        (1, "1 detik", "1 second"),
        (59, "59 detik", "59 seconds"),
        (60, "1 menit", "1 minute"),
        (7199, "119 menit", "119 minutes"),
        (7200, "2 jam", "2 hours"),
        (48 * 3600, "2 hari", "2 days"),
    ],
)
def test_a_time_is_told_in_the_largest_unit_that_is_not_too_coarse(seconds, indonesian, english):
    one = Condition(Part.BROKER, GREEN, Says.CONNECTED, {"since_s": seconds})
    assert indonesian in text(one, Locale.ID)
    assert english in text(one, Locale.EN)


def test_the_document_has_sentences_in_both_languages_and_the_figures():
    told = document(judge(replace(WELL, lanes=ONE_DOWN)))
    assert (told["ready"], told["colour"]) == (True, "yellow")
    lanes = next(one for one in told["parts"] if one["part"] == "lanes")
    assert lanes == {
        "part": "lanes",
        "colour": "yellow",
        "says": "lanes_partly",
        "figures": {"lanes": ["lane-2"], "count": 1},
        "text": {
            "id": "Tidak berfungsi: lane-2; 1 jalur lain melayani.",
            "en": "Does not work: lane-2; 1 other in service.",
        },
    }


def test_an_unknown_answer_is_shown_as_it_is():
    over = replace(POLICY, is_in_force=False, answer="something new")
    assert "something new" in text(about(Part.POLICY, replace(WELL, policy=over)), Locale.EN)


def test_no_sentence_has_a_hole_that_nothing_fills():
    for says, texts in health_texts._TEXTS.items():
        holes = [{name for _, name, _, _ in Formatter().parse(one) if name} for one in texts]
        assert holes[0] == holes[1], says


def test_the_state_that_pages_are_told_changes_when_something_happens_and_not_with_time():
    def status(more_s: float) -> dict:
        link = replace(WAITS, connected_s=125.0 + more_s, oldest_s=63.0 + more_s, hours_left=900.2)
        seen = replace(WELL, link=link, disk=replace(ROOM, free=ROOM.free - int(more_s)))
        return {"uptime_s": more_s, "broker": asdict(link), "health": document(judge(seen))}

    assert _lasting(lambda: status(0.25)) == _lasting(lambda: status(0.5))
    assert _lasting(lambda: status(0.0)) != _lasting(lambda: status(120.0))
    assert _lasting(lambda: {"broker": None, "uptime_s": 1}) == {"broker": None}
