"""The promises about who may come in and when, one function each, its sentence for its name."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from gatewayd.core.events import parse_time
from tests.sim.checkers import Breaches, verdicts
from tests.sim.clock import true_time
from tests.sim.site import SimSite, holder_of
from tests.sim.story import CLOCK_KEPT, Noted, Recorded, Story

LEARN_S = 30.0  # By then the gateway has read a row that stands on its disk.
BACK_MAX = timedelta(seconds=2.1)  # So much is drift, and whole milliseconds.
KEPT_MAX = timedelta(seconds=1)  # NTP sets a clock right, and is heard of within a second.


def no_visitor_is_admitted_beyond_the_limit(story: Story) -> Breaches:
    """Whoever is admitted holds a place until they have left, or did not come after all."""
    site = story.site
    if site is None or _is_observed(site):
        return
    total = _capacity(site).get("total")
    taken = 0
    for at_s, by, row in sorted(_places(story), key=lambda one: one[:2]):
        if by > 0 and total is not None and row.data.get("category") not in {None, "staff"}:
            is_admitted = row.type == ADMITTED
            if is_admitted and taken + by > total:
                yield at_s, f"{row.id} is admitted where {taken} of {total} places are taken"
        taken += by


def _places(story: Story) -> Iterator[tuple[float, int, Recorded]]:
    """Yield when places were taken (+1) and given free (-1), each as the gateway could know it.

    What gives a place free may be known as soon as it is on the disk; a body that came in without
    a grant is known for certain only later.
    """
    for row in story.of(Recorded):
        data = row.data
        is_exit = data.get("direction") == "exit"
        if row.type == ADMITTED and not is_exit:
            yield row.made_s, 1, row
        elif _ends_stay(row):
            yield row.at_s, -1, row
        elif row.type in {"onegate.passage.breached.v1", "onegate.passage.unattributed.v1"}:
            yield (row.at_s, -1, row) if is_exit else (row.at_s + LEARN_S, 1, row)


def nobody_is_admitted_again_before_they_leave(story: Story) -> Breaches:
    """Where the policy says so: neither while a grant of theirs is in force, nor while inside."""
    site = story.site
    if site is None or _is_observed(site) or site.policy.get("anti_passback") != "hard":
        return
    inside: dict[str, Recorded] = {}
    for at_s, is_over, row in sorted(_stays(story), key=lambda one: (one[0], not one[1])):
        holder = row.data["holder"]
        if is_over:
            inside.pop(holder, None)
            continue
        if holder in inside:
            yield at_s, f"{row.id} admits {holder}, who came in by {inside[holder].id}"
        inside[holder] = row


def _stays(story: Story) -> Iterator[tuple[float, bool, Recorded]]:
    """Yield when somebody was admitted, and when it may be known that they are outside again."""
    for row in story.of(Recorded):
        holder, direction = row.data.get("holder"), row.data.get("direction")
        if holder is None:
            continue
        elif row.type == ADMITTED and direction == "entry":
            yield row.made_s, False, row
        elif _ends_stay(row):
            yield row.at_s, True, row


def a_rotating_code_lets_in_once(story: Story) -> Breaches:
    seen: set[tuple[str, int]] = set()
    for row in _admitted(story):
        step = row.data.get("code_step")
        if step is None:
            continue
        if (row.data["holder"], step) in seen:
            yield row.made_s, f"{row.id}: the code of step {step} lets somebody in again"
        seen.add((row.data["holder"], step))


def no_rotating_code_counts_while_nobody_knows_the_time(story: Story) -> Breaches:
    for row in verdicts(story):
        if "code_step" in row.data and row.quality == "unsynced":
            yield row.made_s, f"{row.id} takes a code for one of now"


def time_goes_back_only_where_ntp_says_so(story: Story) -> Breaches:
    """What expired stays so: no verdict is of a time before one that was believed.

    Where NTP kept the clock for a moment, the gateway may go by that, and by nothing earlier.
    """
    latest: datetime | None = None
    kept = [one for one in story.of(Noted) if one.what == CLOCK_KEPT]
    for row in sorted([*story.of(Recorded), *kept], key=_made_s):
        if isinstance(row, Noted):
            latest = latest and min(latest, true_time(row.at_s))
            continue
        at = parse_time(row.time)
        if row.quality == "synced":
            latest = at
        if row.quality == "synced" or not row.type.startswith("onegate.access."):
            continue  # A passage may be told late, and is of its own time.
        if latest is not None and at < latest - BACK_MAX:
            yield row.made_s, f"{row.id} is of {row.time}, and it was {latest} before"
        if row.quality == "holdover":
            latest = at if latest is None else max(at, latest)


def _made_s(seen: Recorded | Noted) -> float:
    return seen.made_s if isinstance(seen, Recorded) else seen.at_s


def a_clock_that_is_kept_is_right(story: Story) -> Breaches:
    for row in verdicts(story):
        error = parse_time(row.time) - true_time(row.made_s)
        if row.quality == "synced" and abs(error) > KEPT_MAX:
            yield row.made_s, f"{row.id} is of {row.time}, which is wrong by {error}"


def nobody_is_admitted_outside_their_time(story: Story) -> Breaches:
    site = story.site
    if site is None or _is_observed(site):
        return
    windows = {holder_of(one): window for one, window in site.windows.items()}
    for row in _admitted(story):
        begins, ends = windows.get(row.data.get("holder", ""), (None, None))
        at = parse_time(row.time)
        if row.data.get("kind") in {"roster", "pass"} and (
            (begins is not None and at < begins - BACK_MAX) or (ends is not None and at >= ends)
        ):
            yield row.made_s, f"{row.id} admits at {row.time} who may come {begins} to {ends}"


def events_of_the_gateway_rise_by_epoch_and_sequence(story: Story) -> Breaches:
    last = ("", 0)
    for row in story.of(Recorded):
        if (row.epoch, row.seq) <= last:
            yield row.at_s, f"{row.id} stands behind {last[0]}-{last[1]}"
        last = (row.epoch, row.seq)


# --- what they look at -----------------------------------------------------------------------------

ADMITTED = "onegate.access.admitted.v1"


def _admitted(story: Story) -> Iterator[Recorded]:
    """Yield who was let in, in the order of the journal."""
    for row in story.of(Recorded):
        if row.type == ADMITTED and row.data["direction"] == "entry":
            yield row


def _ends_stay(row: Recorded) -> bool:
    """Tell whether somebody left by it, or did not come in after all."""
    direction = row.data.get("direction")
    return (row.type, direction) in {
        ("onegate.passage.expired.v1", "entry"),
        ("onegate.passage.completed.v1", "exit"),
    }


def _capacity(site: SimSite) -> dict[str, Any]:
    capacity = site.policy.get("capacity", {})
    assert isinstance(capacity, dict)
    return capacity


def _is_observed(site: SimSite) -> bool:
    return site.policy.get("mode") == "observe"
