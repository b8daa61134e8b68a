from dataclasses import replace

import pytest

from gatewayd.core.disclosure import fields, meaning, purpose
from gatewayd.core.events import (
    AccessOutcome,
    Alarm,
    AlarmOutcome,
    Audit,
    AuditSubject,
    Passage,
    PassageOutcome,
)
from gatewayd.core.reasons import Locale
from gatewayd.core.words import Direction, LaneId
from tests.unit.test_erasure import VERDICT

REFUSED = replace(VERDICT, outcome=AccessOutcome.REFUSED, reason="blocked")
WALKED = Passage(outcome=PassageOutcome.COMPLETED, lane=LaneId("lane-1"), direction=Direction.EXIT)
ALARM = Alarm(outcome=AlarmOutcome.RAISED, alarm="fire", subject="lane-1")
FORGIVEN = Audit(subject=AuditSubject.OFFICER, action="forgiven")


@pytest.mark.parametrize(
    ("fact", "indonesian", "english"),
    [
        (VERDICT, "lane-1, masuk: diizinkan lewat.", "lane-1, entry: you were let through."),
        (WALKED, "lane-1, keluar: Anda lewat.", "lane-1, exit: you went through."),
        (replace(WALKED, uncertain=True), "tidak diketahui", "it is not known whether"),
        (ALARM, "Alarm yang menyebut Anda: fire.", "An alarm that names you: fire."),
        (FORGIVEN, "keluar tanpa terlihat", "had left unseen"),
        (replace(FORGIVEN, action="novel"), "menyebut Anda: novel.", "names you: novel."),
        (replace(VERDICT, reason="novel"), "lewat. (novel)", "through. (novel)"),
        (replace(VERDICT, reason="erased"), "diizinkan lewat.", "you were let through."),
    ],
)
def test_a_record_is_told_in_both_languages(fact, indonesian, english):
    assert indonesian in meaning(fact, Locale.ID)
    assert english in meaning(fact, Locale.EN)


def test_a_refusal_tells_its_reason_as_the_person_read_it():
    assert meaning(REFUSED, Locale.EN).startswith("lane-1, entry: you were not let in. ")
    assert len(meaning(REFUSED, Locale.EN)) > len("lane-1, entry: you were not let in. ")


def test_each_field_that_is_shown_is_explained():
    told = fields([{"status": "red", "novel": 1}, {"entries": 2}], Locale.EN)
    assert set(told) == {"status", "entries"}
    assert told["entries"] == "how often the pass was used"
    assert purpose(Locale.ID) != purpose(Locale.EN)
