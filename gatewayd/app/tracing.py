"""A trace from the records of a site: released by two people, recorded, and only then told."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from gatewayd.app.control_client import NoGatewayError, ask
from gatewayd.app.errors import MISUSE, NO, EarlyEnd, told_plainly
from gatewayd.app.key_files import read_or_make_privacy_key
from gatewayd.app.people import read_badges
from gatewayd.app.records import read_drafts
from gatewayd.app.release_codes import ReleaseCodes
from gatewayd.app.site import Rules, read_rules
from gatewayd.core.events import format_time
from gatewayd.core.pseudonym import Namespace, Pseudonyms
from gatewayd.core.release import LOCKED_FOR
from gatewayd.core.stays import Sights
from gatewayd.core.tracing import Meeting, Question, Trace, trace
from gatewayd.core.words import HolderId, Json
from gatewayd.runtime.clock import SystemClock

REFUSALS = {
    "wrong_code": "not released: expected the codes of two different people; this is recorded",
    "locked": (
        "not released: too many wrong codes; nobody can try for "
        f"{LOCKED_FOR // timedelta(minutes=1)} minutes; this is recorded"
    ),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom a trace is for (a pseudonym, or a person's id), and what counts as a meeting."""

    holder: str | None
    person: str | None
    ends: datetime
    days: int
    minutes: int
    generations: int


@dataclass(frozen=True, slots=True)
class Released:
    """A trace that may be told: it is recorded that these two people released it.

    badges: the numbers of the guest badges among the pseudonyms.
    """

    question: Question
    answer: Trace
    labels: tuple[str, str]
    badges: Mapping[HolderId, int]
    zone: tzinfo

    def document(self) -> dict[str, Json]:
        """Return it for programs. Nobody is told by name."""
        asked, answer = self.question, self.answer
        return {
            "holder": asked.holder,
            "begins": format_time(asked.begins),
            "ends": format_time(asked.ends),
            "released_by": list[Json](self.labels),
            "stays": [_times(stay) for stay in answer.stays],
            "contacts": [
                {
                    "holder": one.holder,
                    "badge": self.badges.get(one.holder),
                    "category": one.category,
                    "generation": one.generation,
                    "through": one.through,
                    "minutes": round(one.together.total_seconds() / 60, 1),
                    "meetings": [_times(meeting) for meeting in one.meetings],
                }
                for one in answer.contacts
            ],
            "others": answer.others,
            "nameless": answer.nameless,
        }


class Tracing:
    """The traces of one site. All of it raises EarlyEnd where it cannot go on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with told_plainly():
            self._rules: Rules = read_rules(path)
        settings = self._rules.settings
        self._directory = settings.storage.directory
        self.codes = ReleaseCodes(settings.privacy.key_file)

    def require_gateway(self) -> None:
        """Nothing is done that cannot be recorded."""
        self._ask({"do": "status"})

    def note(self, action: str, detail: Mapping[str, Json]) -> None:
        answer = self._ask({"do": "release", "action": action, "detail": dict(detail)})
        if answer.get("ok") is not True:
            raise EarlyEnd(f"nothing is told: {answer.get('text')}", NO)

    def run(self, asked: Asked, given: Sequence[str]) -> Released:
        """Answer what is asked, if these are the codes of two people."""
        badges = read_badges(self._path)
        question = self._question(asked, badges)
        told = noted(question)
        with told_plainly(), _writable(self.codes.path):
            labels = self.codes.release(given, SystemClock().utc())
        if isinstance(labels, str):
            self.note("trace_refused", {**told, "reason": labels})
            raise EarlyEnd(REFUSALS[labels], NO)
        zone = ZoneInfo(self._rules.settings.site.timezone)
        answer = self._answer(question, zone)
        self.note(
            "trace_released",
            {**told, "labels": list[Json](labels), "found": len(answer.contacts)},
        )
        return Released(question, answer, labels, badges, zone)

    def add_code(self, label: str, words: str) -> None:
        with told_plainly(), _writable(self.codes.path):
            note = partial(self.note, "release_code_added", {"label": label})
            self.codes.add(label, words, note)

    def remove_code(self, label: str) -> None:
        with told_plainly(), _writable(self.codes.path):
            note = partial(self.note, "release_code_removed", {"label": label})
            self.codes.remove(label, note)

    def _question(self, asked: Asked, badges: Mapping[HolderId, int]) -> Question:
        if (asked.holder is None) == (asked.person is None):
            raise EarlyEnd("give a pseudonym of the records, or --id and a person's id", MISUSE)
        holder = HolderId(asked.holder or "")
        if asked.person is not None:
            holder = self._pseudonyms().of(Namespace.PERSON, asked.person)
        return Question(
            holder,
            asked.ends - timedelta(days=asked.days),
            asked.ends,
            timedelta(minutes=asked.minutes),
            asked.generations,
            badges,
        )

    def _answer(self, question: Question, zone: ZoneInfo) -> Trace:
        sights = Sights()
        for draft in read_drafts(self._directory, is_of_a_stay):
            sights.fold(draft)
        return trace(question, sights.attendance(question.ends), zone)

    def _pseudonyms(self) -> Pseudonyms:
        key_file = self._rules.settings.privacy.key_file
        if not key_file.exists():
            raise EarlyEnd(f"{key_file}: no privacy key; run the gateway first", NO)
        with told_plainly():
            return Pseudonyms(read_or_make_privacy_key(key_file))

    def _ask(self, request: Mapping[str, Json]) -> dict[str, Json]:
        try:
            return ask(self._directory, request)
        except NoGatewayError as error:
            raise EarlyEnd(f"nothing is told that cannot be recorded: {error}", NO) from error


def noted(question: Question) -> dict[str, Json]:
    """Return what is recorded of a question, whatever comes of it."""
    return {
        "holder": question.holder,
        "begins": format_time(question.begins),
        "ends": format_time(question.ends),
        "minutes": round(question.least.total_seconds() / 60),
        "generations": question.generations,
    }


def is_of_a_stay(body: bytes) -> bool:
    """Tell passages, and people forgiven, by their bytes: the rest needs not be parsed."""
    return body.startswith(b'{"type":"onegate.passage') or b'"forgiven"' in body


@contextmanager
def _writable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EarlyEnd(f"{path}: cannot be written: {error.strerror}", NO) from error


def _times(meeting: Meeting) -> dict[str, Json]:
    begin, end, is_certain = meeting
    return {"begin": format_time(begin), "end": format_time(end), "certain": is_certain}
