"""How long a roster of 100,000 people takes to load, and one of them to be found.

Run: python benchmarks/roster.py
"""

import time
import tracemalloc
from zoneinfo import ZoneInfo

from gatewayd.core.pseudonym import KEY_SIZE, Namespace, Pseudonyms
from gatewayd.core.roster import find_entry, parse_roster

PEOPLE = 100_000
LIMIT_S = 2.0  # Issue 2, item 3.
ZONE = ZoneInfo("Asia/Jakarta")
PSEUDONYMS = Pseudonyms(bytes(KEY_SIZE))


def main() -> None:
    content = make_roster()
    times = sorted(load_s(content) for _ in range(5))
    print(f"{PEOPLE} rows, {len(content) / 1e6:.1f} MB: median {times[2]:.2f} s, limit {LIMIT_S} s")
    tracemalloc.start()
    roster, problems = parse_roster("staff", content, ZONE, PSEUDONYMS)
    assert not problems
    print(f"memory kept: {tracemalloc.get_traced_memory()[0] / 1e6:.0f} MB")
    tracemalloc.stop()
    begin = time.perf_counter()
    for number in range(PEOPLE):
        assert find_entry((roster,), PSEUDONYMS.of(Namespace.PERSON, f"1987{number:014}"))
    print(f"pseudonym and look-up: {(time.perf_counter() - begin) / PEOPLE * 1e6:.1f} us")


def make_roster() -> bytes:
    rows = (
        f"1987{number:014},staff,2026-01-{number % 28 + 1:02},2027-12-31,no,room {number % 400}"
        for number in range(PEOPLE)
    )
    return "\n".join(("id,category,valid_from,valid_until,blocked,note", *rows)).encode()


def load_s(content: bytes) -> float:
    begin = time.perf_counter()
    parse_roster("staff", content, ZONE, PSEUDONYMS)
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
