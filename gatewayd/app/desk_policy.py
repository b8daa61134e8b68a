"""Questions of the pages about the rules: what they say, why somebody was held, what if."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar

from gatewayd.app.desk_days import Days
from gatewayd.app.desk_reading import Reading, drafts
from gatewayd.app.explain import explain_recorded
from gatewayd.core.events import GATEWAY, Access, Draft, Event, fact_data, format_time
from gatewayd.core.matrix import STATUSES, Matrix, make_matrix
from gatewayd.core.policy import Answer as PolicyAnswer
from gatewayd.core.policy import AntiPassback, Policy
from gatewayd.core.recount import Recount
from gatewayd.core.replay import Replay
from gatewayd.core.what_if import WhatIf, changed
from gatewayd.core.words import Json, Status
from gatewayd.ports import Clock
from gatewayd.runtime.requests import Answer, RequestError, Verb, whole
from gatewayd.store.journal import SqliteJournal

WordT = TypeVar("WordT", bound=StrEnum)

TOTAL_MAX = 100_000
_HALF_HOUR = timedelta(minutes=30)
_HALF_HOURS_MAX = 8 * 48  # A house that is not open in eight days has another problem.


class PolicyDesk:
    """policy: the one in force, whenever it is asked for."""

    def __init__(
        self,
        reading: Reading,
        days: Days,
        journal: SqliteJournal,
        policy: Callable[[], Policy],
        clock: Clock,
    ) -> None:
        self._reading = reading
        self._days = days
        self._journal = journal
        self._policy = policy
        self._clock = clock
        self.verbs: Mapping[str, Verb] = {
            "matrix": self._tell_matrix,
            "explain": self._explain,
            "what_if": self._tell_what_if,
        }

    async def _tell_matrix(self, _: Mapping[str, Any], __: str) -> Answer:
        now = self._clock.utc()
        policy = self._policy().at(now)
        made = await self._reading.run(partial(make_matrix, policy, _open_time(policy, now)))
        return {"ok": True, **_head(policy, now), **_rows(made)}

    async def _explain(self, request: Mapping[str, Any], _: str) -> Answer:
        """Explain a recorded verdict by the rules of now; nobody is named."""
        event = await self._reading.run(partial(self._journal.find, str(request.get("event"))))
        if event is None or not isinstance(event.fact, Access):
            raise RequestError("`event` is the id of a verdict that is in the records still")
        found = await self._reading.run(partial(self._explained, event))
        return {"ok": True, **found}

    def _explained(self, event: Event) -> dict[str, Json]:
        at, fact = event.draft.at, event.fact
        assert isinstance(fact, Access)
        found = explain_recorded(self._policy().at(at), at, fact_data(fact))
        told = found.document()
        recorded: dict[str, Json] = {"outcome": str(fact.outcome), "reason": fact.reason}
        # By an officer it was decided by what the officer saw.
        is_same = told["reason"] == fact.reason or fact.source != GATEWAY
        return {**told, "recorded": recorded, "differs": not is_same}

    async def _tell_what_if(self, request: Mapping[str, Any], _: str) -> Answer:
        """Run a day, yesterday by default, through a policy that differs."""
        asked = _asked(request)
        day = self._days.asked(request, ago=1)
        begins, ends = self._days.bounds(day)
        policy = self._policy()
        before = Recount()
        replay = Replay(policy, changed(policy, asked))
        fold = _Split(before, replay, begins, ends).fold
        await self._reading.fold(drafts(fold))
        return {"ok": True, "day": str(day), **replay.document()}


class _Split:
    """Counts what was before a day, and replays the day."""

    def __init__(self, before: Recount, replay: Replay, begins: datetime, ends: datetime) -> None:
        self._before = before
        self._replay = replay
        self._begins = begins
        self._ends = ends
        self._has_begun = False

    def fold(self, draft: Draft) -> None:
        if draft.at < self._begins:
            self._before.fold(draft)
        elif draft.at < self._ends:
            if not self._has_begun:
                self._has_begun = True
                self._replay.begin_with(self._before.counts()[0], self._before.present())
            self._replay.run([draft])


def _asked(request: Mapping[str, Any]) -> WhatIf:
    statuses = request.get("statuses") or {}
    if not isinstance(statuses, dict):
        raise RequestError("`statuses` is an object: an answer for each status")
    asked = WhatIf(
        total=_number(request, "total", TOTAL_MAX),
        percent=_number(request, "percent", 100),
        statuses={_word(Status, one): _word(PolicyAnswer, to) for one, to in statuses.items()},
        unknown_holder=_optional(PolicyAnswer, request, "unknown_holder"),
        anti_passback=_optional(AntiPassback, request, "anti_passback"),
    )
    if asked.is_empty:
        raise RequestError("say what is to be different: a limit, a status, unknown ids ...")
    return asked


def _number(request: Mapping[str, Any], key: str, most: int) -> int | None:
    return None if request.get(key) is None else whole(request, key, 0, most)


def _optional(words: type[WordT], request: Mapping[str, Any], key: str) -> WordT | None:
    return None if request.get(key) is None else _word(words, request[key])


def _word(words: type[WordT], given: object) -> WordT:
    if given not in [*map(str, words)]:
        raise RequestError(f"{str(given)[:40]!r} is none of: {', '.join(words)}")
    return words(str(given))


def _open_time(policy: Policy, now: datetime) -> datetime:
    """Return now, or the next half hour at which the house is open."""
    times = (now + step * _HALF_HOUR for step in range(_HALF_HOURS_MAX))
    return next((at for at in times if policy.is_open(policy.opening_hours, at)), now)


def _head(policy: Policy, now: datetime) -> dict[str, Json]:
    def told(at: datetime | None) -> str | None:
        return None if at is None else format_time(at)

    return {
        "versions": list[Json](policy.versions),
        "legal_basis": policy.legal_basis,
        "mode": str(policy.mode_at(now)),
        "in_force": policy.is_in_force(now),
        "valid_from": told(policy.valid_from),
        "valid_until": told(policy.valid_until),
        "limit": policy.capacity.total,
        "conditions": {str(status): words for status, words in policy.conditions.items()},
    }


def _rows(made: Matrix) -> dict[str, Json]:
    return {
        "statuses": [str(status) for status in STATUSES],
        "by_status": [[row.name, *row.answers] for row in made.by_status],
        "otherwise": [[row.name, *row.answers] for row in made.otherwise],
    }
