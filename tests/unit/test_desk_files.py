"""What people take away from the pages, and traces: on record before it is told."""

import json
from contextlib import contextmanager
from datetime import UTC, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from gatewayd.app import desk_files
from gatewayd.app.desk_days import Days
from gatewayd.app.desk_files import Files
from gatewayd.app.desk_musters import KEPT_MAX, Musters
from gatewayd.app.desk_reading import Reading
from gatewayd.app.desk_traces import Traces
from gatewayd.app.people import Place, badges_of
from gatewayd.app.release_codes import ReleaseCodes
from gatewayd.core.events import Alarm, AlarmOutcome, Draft
from gatewayd.core.policy import Policy
from gatewayd.core.projection import project
from gatewayd.core.reasons import Locale
from gatewayd.core.roles import Role, Who
from gatewayd.runtime.requests import RequestError
from tests.unit.doubles import PSEUDONYMS, START, InlineBlocking, SimCache
from tests.unit.journal_facts import opened
from tests.unit.test_cli_policy_diff import access, passage
from tests.unit.test_desk_records import StoppedClock

WHO = Who("budi", Role.MANAGER)
BADGE = next(holder for holder, number in badges_of(PSEUDONYMS).items() if number == 7)


class Desk:
    """A site with three inside: one by hand, one with a badge, one with a pass."""

    def __init__(self, directory, journal) -> None:
        self.facts: list = []
        self.cache = SimCache()
        self.clock = StoppedClock()
        self.gate = SimpleNamespace(
            cache=self.cache,
            policy=Policy(UTC),
            knowledge=SimpleNamespace(pseudonyms=PSEUDONYMS),
        )
        self.codes = ReleaseCodes(directory / "privacy.key")
        self._journal = journal
        people = [passage(1), passage(None), replaced(passage(1), holder=BADGE)]
        self.commit([access(number=1), *people])
        reading = Reading(directory, InlineBlocking(0))
        days = Days(reading, lambda: self.gate.policy, self.clock)
        self.musters = Musters(self.gate, reading, self.clock)
        place = Place("gmsc", ZoneInfo("UTC"), Locale.ID)
        self.files = Files((reading, days, self.musters), place, self, self.cache, self.clock)
        self.traces = Traces(self.gate, reading, self.codes, self, self.clock)

    def commit(self, facts):
        drafts = [
            (Draft(fact, START - timedelta(minutes=30 - n)), 0.0) for n, fact in enumerate(facts)
        ]
        for event in self._journal.commit(drafts):
            self.cache.apply(project(event, self.cache.get), event.epoch, event.seq)

    def keep(self, fact) -> None:
        self.facts.append(fact)

    async def record(self, fact) -> None:
        self.keep(fact)

    async def file(self, name, **asked):
        return await self.files.makers[name](asked, WHO)


def replaced(fact, **changed):
    return type(fact)(**{**{name: getattr(fact, name) for name in fact.__slots__}, **changed})


@contextmanager
def desk_in(tmp_path):
    with opened(tmp_path) as journal:
        yield Desk(tmp_path, journal)


async def test_a_muster_tells_badges_and_numbers_and_nobody(tmp_path):
    with desk_in(tmp_path) as desk:
        told = await desk.musters.take({}, "")
        assert (told["total"], told["nameless"]) == (3, {"visitor": 1})
        assert sorted(str(one["badge"]) for one in told["people"]) == ["7", "None"]
        assert "00000000." not in json.dumps(told)
        table = await desk.file("muster_list", muster=told["muster"], format="csv")
        head, *rows = table.body.decode("utf-8-sig").splitlines()
        assert head == "badge,category,lane,since,count"
        assert sorted(row.split(",")[0] for row in rows) == ["", "", "7"]
        printed = await desk.file("muster_list", muster=told["muster"], format="pdf", locale="en")
        assert "Badge 007".encode("cp1252").hex().encode() in printed.body
        assert BADGE.encode().hex().encode() not in printed.body
        assert [fact.detail["what"] for fact in desk.facts] == ["muster", "muster"]


async def test_the_list_of_the_last_alarm_is_as_it_was_then(tmp_path):
    with desk_in(tmp_path) as desk:
        with pytest.raises(RequestError, match="no fire"):
            await desk.musters.take({"frozen": True}, "")
        desk.commit([Alarm(outcome=AlarmOutcome.RAISED, alarm="fire", subject="panel")])
        desk.commit([passage(9)])
        frozen = await desk.musters.take({"frozen": True}, "")
        assert (frozen["alarm"], frozen["total"]) == ("fire", 3)
        assert (await desk.musters.take({}, ""))["total"] == 4


async def test_an_old_list_makes_room_for_new_ones(tmp_path):
    with desk_in(tmp_path) as desk:
        numbers = [(await desk.musters.take({}, ""))["muster"] for _ in range(KEPT_MAX + 1)]
        gone = await desk.file("muster_list", muster=numbers[0], format="csv")
        assert "take a new one" in gone["text"]
        assert (await desk.file("muster_list", muster=numbers[1], format="csv")).body


@pytest.mark.parametrize(
    ("form", "begin"), [("json", b"{"), ("csv", b"\xef\xbb"), ("pdf", b"%PDF")]
)
async def test_a_report_comes_in_three_forms_and_names_the_day(tmp_path, form, begin):
    with desk_in(tmp_path) as desk:
        file = await desk.file("report", format=form)
        assert file.body.startswith(begin)
        assert file.name == f"recap-{START.date()}.{form}"
        (fact,) = desk.facts
        assert (fact.action, fact.detail["officer"]) == ("downloaded", "user:budi")


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("report", {"format": "docx"}),
        ("report", {"format": "pdf", "day": "soon"}),
        ("muster_list", {"muster": 5, "format": "csv"}),
        ("export", {"first": str(START.date()), "last": "2020-01-01"}),
    ],
)
async def test_a_file_that_there_is_not_is_refused_in_words(tmp_path, name, asked):
    with desk_in(tmp_path) as desk:
        answer = await desk.file(name, **asked)
        assert answer["ok"] is False
        assert answer["text"]


async def test_records_leave_without_whom_they_are_of_and_not_too_many(tmp_path, monkeypatch):
    with desk_in(tmp_path) as desk:
        file = await desk.file("export")
        text = file.body.decode("utf-8-sig")
        assert len(text.splitlines()) == 1 + 4
        assert "00000000." not in text
        monkeypatch.setattr(desk_files, "EXPORT_ROWS_MAX", 3)
        assert "fewer days" in (await desk.file("export"))["text"]


async def test_a_trace_is_told_when_two_released_it_and_is_on_record(tmp_path):
    with desk_in(tmp_path) as desk:
        codes = ["first-code-of-one", "second-code-of-two"]
        for label, code in zip(("one", "two"), codes, strict=True):
            desk.codes.add(label, code, lambda: None)
        asked = {"badge": 7, "minutes": 1, "codes": codes}
        with pytest.raises(RequestError, match="two different people"):
            await desk.traces.tell({**asked, "codes": [codes[0]] * 2}, "user:budi")
        told = await desk.traces.tell(asked, "user:budi")
        assert [one["badge"] for one in told["contacts"]] == [None]
        assert [fact.action for fact in desk.facts] == ["trace_refused", "trace_released"]
        assert desk.facts[-1].detail["officer"] == "user:budi"


@pytest.mark.parametrize(
    "asked",
    [
        {"codes": ["a", "b"]},
        {"id": "1", "codes": ["a"]},
        {"id": "1", "codes": "ab"},
        {"id": "1", "codes": ["a", ""]},
        {"id": "x" * 65, "codes": ["a", "b"]},
        {"holder": "somebody", "codes": ["a", "b"]},
        {"id": "1", "days": 0, "codes": ["a", "b"]},
    ],
)
async def test_a_trace_of_nobody_is_refused(tmp_path, asked):
    with desk_in(tmp_path) as desk, pytest.raises(RequestError):
        await desk.traces.tell(asked, "user:budi")
