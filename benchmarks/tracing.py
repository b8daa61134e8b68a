"""How long a trace takes: a million passages to stays, and the stays of one person against all.

Beside it a naive pass over the same stays, with each stay against each of the holder's.

Run: python -m benchmarks.tracing
"""

import argparse
import gc
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from gatewayd.core.events import Draft, Passage, PassageOutcome
from gatewayd.core.stays import Attendance, Sights
from gatewayd.core.tracing import Question, trace
from gatewayd.core.words import Direction, HolderId, LaneId

DAYS = 21  # As long as records are kept.
ROUNDS = 3
AIM_S = 2.0
ZONE = ZoneInfo("Asia/Jakarta")
BEGINS = datetime(2022, 8, 1, tzinfo=UTC)
ENDS = BEGINS + timedelta(days=DAYS)
LEAST = timedelta(minutes=15)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=1_000_000)
    drafts = make_passages(parser.parse_args().passages)
    holder = drafts[len(drafts) // 2].fact.holder
    assert holder is not None
    gc.freeze()  # The daemon's records come from disk, one by one.
    pairing_s, attendance = timed(lambda: pair(drafts))
    count = sum(map(len, attendance.stays.values()))
    print(f"{len(drafts)} passages, {count} stays of {len(attendance.stays)} people")
    print(f"{ROUNDS} rounds, the median, in seconds of the processor")
    print(f"passages to stays      {pairing_s:8.2f}")
    naive_s, naive = timed(lambda: trace_naively(holder, attendance))
    for generations in (1, 2):
        question = Question(holder, BEGINS, ENDS, LEAST, generations)
        trace_s, answer = timed(lambda asked=question: trace(asked, attendance, ZONE))
        last = [one for one in answer.contacts if one.generation == generations]
        print(
            f"trace, {generations} generation(s) {trace_s:8.2f}   {len(last)} contacts in the last"
        )
        assert {one.holder for one in answer.contacts if one.generation == 1} == naive.keys()
    print(f"naive, 1 generation    {naive_s:8.2f}   aim for ours: below {AIM_S}")


def make_passages(count: int) -> list[Draft]:
    """Return days of people: half of them staff for nine hours, half guests for half an hour."""
    chance = random.Random(6)
    people = count // 2 // DAYS
    drafts = []
    for day in range(DAYS):
        for number in range(people):
            is_staff = number % 2 == 0
            person = number if is_staff else chance.randrange(people * 10)
            holder = HolderId(f"0badc0de.{person:032x}")
            begin = BEGINS + timedelta(days=day, minutes=chance.triangular(0, 600, 60))
            lasts = timedelta(minutes=chance.triangular(5, 540 if is_staff else 60))
            category = "staff" if is_staff else "visitor"
            for way, at in ((Direction.ENTRY, begin), (Direction.EXIT, begin + lasts)):
                drafts.append(Draft(_passage(way, holder, category), at))
    drafts.sort(key=lambda draft: draft.at)
    return drafts


def _passage(way: Direction, holder: HolderId, category: str) -> Passage:
    return Passage(
        outcome=PassageOutcome.COMPLETED,
        lane=LaneId("lane-1"),
        direction=way,
        holder=holder,
        category=category,
    )


def pair(drafts: list[Draft]) -> Attendance:
    sights = Sights()
    for draft in drafts:
        sights.fold(draft)
    return sights.attendance(ENDS)


def trace_naively(holder: HolderId, attendance: Attendance) -> dict[HolderId, timedelta]:
    """Hold every stay against every stay of the holder."""
    found: dict[HolderId, float] = {}
    for other, stays in attendance.stays.items():
        for stay in stays:
            for own in attendance.stays[holder]:
                together = min(stay.end, own.end) - max(stay.begin, own.begin)
                if together > 0 and other != holder:
                    found[other] = found.get(other, 0) + together
    least = LEAST.total_seconds()
    return {who: timedelta(seconds=s) for who, s in found.items() if s >= least}


T = TypeVar("T")


def timed(call: Callable[[], T]) -> tuple[float, T]:
    times = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        answer = call()
        times.append(time.process_time() - begin)
    return sorted(times)[ROUNDS // 2], answer


if __name__ == "__main__":
    main()
