"""Alarms for people: who has seen what, since when."""

import pytest

from gatewayd.core.events import AlarmOutcome
from gatewayd.runtime.alarm_desk import AlarmDesk
from gatewayd.runtime.requests import RequestError
from tests.unit.test_alarms import Kept, alarms_over


class Desk(Kept):
    """Stands for the recorder, with alarms over it and the desk over them."""

    def __init__(self) -> None:
        super().__init__()
        self.alarms = alarms_over(self)
        self.desk = AlarmDesk(self.alarms, self.cache, self)  # type: ignore[arg-type]

    async def record(self, fact) -> None:
        self.keep(fact)

    async def ask(self, **request):
        return await self.desk.verbs["alarm_acknowledge"](request, "user:budi")


async def test_who_saw_an_alarm_stands_beside_it_until_its_cause_is_gone():
    desk = Desk()
    desk.alarms.raise_("link_lost", "lane-1", {"reason": "unplugged"})
    (row,) = desk.desk.rows()
    assert (row["alarm"], row["subject"], "seen" in row) == ("link_lost", "lane-1", False)
    assert row["text"]["id"]["instruction"]
    answer = await desk.ask(alarm="link_lost", subject="lane-1", note="cable ordered")
    assert answer["ok"]
    assert desk.facts[-1].outcome is AlarmOutcome.ACKNOWLEDGED
    (row,) = desk.desk.rows()
    assert row["seen"]["officer"] == "user:budi"
    assert row["seen"]["note"] == "cable ordered"
    assert row["at"] < row["seen"]["at"]
    desk.alarms.clear("link_lost", "lane-1")
    assert desk.desk.rows() == []


async def test_what_is_over_cannot_be_acknowledged():
    with pytest.raises(RequestError, match="may be over"):
        await Desk().ask(alarm="fire", subject="panel")


async def test_a_note_is_a_sentence():
    desk = Desk()
    desk.alarms.raise_("fire", "panel")
    with pytest.raises(RequestError, match="200"):
        await desk.ask(alarm="fire", subject="panel", note="x" * 201)
