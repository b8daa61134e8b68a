"""The promises at the gate, one function each, its sentence for its name: it yields the breaches.

A checker reads the whole story when it is over; the time that it yields tells where to look.
`checkers_exit` has those of the way out, `checkers_sync` those of the records and of the centre.
"""

from collections import Counter
from collections.abc import Iterator

from drivers import base
from firmware_protocol.words import Direction, EndReason, LogEntry, LogKind
from gatewayd.core.events import Access
from gatewayd.core.lane import Windows
from tests.sim.story import (
    Ended,
    Executed,
    Logged,
    Overwritten,
    Recorded,
    Scanned,
    Sent,
    Story,
    Told,
    Unrecorded,
)

Breaches = Iterator[tuple[float, str]]
"""When, and how."""

WINDOWS = Windows()
RECORD_S = WINDOWS.record_ms / 1000
MOMENT_S = 1e-6  # Sums of floats; everything real takes longer.
BODIES = frozenset({LogKind.PASSAGE, LogKind.FORCED, LogKind.TAILGATE})


def no_entry_opens_without_a_recorded_verdict(story: Story) -> Breaches:
    for one in story.of(Executed):
        if one.direction == Direction.ENTRY and not one.is_recorded:
            yield one.at_s, f"{one.lane} opened for {one.grant}, and no verdict stood on disk"


def no_entry_opens_on_a_record_that_came_late(story: Story) -> Breaches:
    decided = {row.data["grant"]: row.made_s for row in verdicts(story) if "grant" in row.data}
    for one in opens(story):
        late_s = one.at_s - decided.get(one.command.grant, one.at_s)
        if one.command.direction is base.Direction.ENTRY and late_s > RECORD_S + MOMENT_S:
            yield one.at_s, f"{one.lane} was told to open {late_s:.3f} s after the verdict"


def a_gate_opens_only_for_a_grant_of_its_own_lane_and_direction(story: Story) -> Breaches:
    given = {row.data.get("grant"): row for row in verdicts(story)}
    for one in story.of(Executed):
        row = given.get(one.grant)
        place = None if row is None else (row.data["lane"], row.data["direction"])
        if place not in {None, (one.lane, one.direction)}:
            yield one.at_s, f"{one.lane} opened for {one.grant}, which is of {place}"


def a_grant_opens_at_most_once(story: Story) -> Breaches:
    opened: set[str] = set()
    for one in story.of(Executed):
        if one.grant in opened:
            yield one.at_s, f"{one.lane} opened for {one.grant} again"
        opened.add(one.grant)


def at_most_one_grant_is_open_at_a_lane(story: Story) -> Breaches:
    """A second command comes only after the first ended, its window, the link or the process."""
    held: dict[str, Sent] = {}
    for one in story.seen:
        match one:
            case Sent(command=base.OpenOnce()):
                before = held.get(one.lane)
                if before is not None and one.at_s < before.at_s + WINDOWS.settled_ms / 1000:
                    yield one.at_s, f"{one.lane}: {one.command} while {before.command} was open"
                held[one.lane] = one
            case Told(lane=lane) if lane in held and _frees(one.report, held[lane]):
                del held[lane]
            case Ended():
                held.clear()


def _frees(report: base.GateReport, held: Sent) -> bool:
    assert isinstance(held.command, base.OpenOnce)
    grant = held.command.grant
    match report:
        case base.NotOpened() | base.NotPassed() | base.Passed():
            return report.grant == grant
        case base.LogRead(in_force=in_force):
            return grant not in in_force
        case base.LinkLost():
            return True
        case _:
            return False


def every_scan_leaves_exactly_one_verdict(story: Story) -> Breaches:
    """Those whose record the disk refused, or that a kill swallowed, are counted and allowed.

    So are those of a run whose end was not recorded: the disk was too slow for it.
    """
    made: Counter[tuple[str, str, str]] = Counter()
    last_s: dict[str, float] = {}
    for scan in story.of(Scanned):
        made[scan.run, scan.lane, scan.direction] += 1
        last_s[scan.run] = scan.at_s
    left = Counter(
        (row.run, row.data["lane"], row.data["direction"])
        for row in verdicts(story)
        if row.data["source"] == "gateway" and "order" not in row.data  # Nobody scanned for that.
    )
    left.update(
        (one.run, str(one.fact.lane), str(one.fact.direction))
        for one in story.of(Unrecorded)
        if isinstance(one.fact, Access) and one.fact.source == "gateway" and one.fact.order is None
    )
    cut_short = {one.run for one in story.of(Ended)[:-1]} - {
        row.run for row in story.of(Recorded) if row.data.get("action") == "stopped"
    }
    for place in sorted({*made, *left}):
        missing = made[place] - left[place]
        if missing < 0 or (missing > 0 and place[0] not in cut_short):
            yield last_s.get(place[0], 0.0), f"{place}: {made[place]} scans, {left[place]} verdicts"
        story.counts["scan_swallowed"] += max(0, missing)


def each_grant_ends_exactly_once(story: Story) -> Breaches:
    ends = Counter(row.data["grant"] for row in passages(story) if "grant" in row.data)
    given = {row.data["grant"]: row.at_s for row in verdicts(story) if "grant" in row.data}
    refused = {one.fact.grant for one in story.of(Unrecorded) if isinstance(one.fact, Access)}
    for grant, at_s in given.items():
        if ends[grant] != 1:
            yield at_s, f"grant {grant} has {ends[grant]} ends"
    for row in passages(story):
        grant = row.data.get("grant")
        if grant is not None and grant not in given and grant not in refused:
            yield row.at_s, f"{row.type} of grant {grant}, which nobody was given"


def what_is_recorded_as_never_opened_never_opened(story: Story) -> Breaches:
    opened = {one.grant for one in story.of(Executed)}
    by_the_device = set(map(str, EndReason))
    for row in passages(story):
        data = row.data
        is_expired = row.type.endswith("expired.v1") and not data.get("uncertain")
        if is_expired and data["reason"] not in by_the_device and data["grant"] in opened:
            yield row.at_s, f"{data['grant']} ended with {data['reason']}, but it had opened"


def every_body_is_recorded_exactly_once(story: Story) -> Breaches:
    """What a controller with a log saw, however often it told it, unless its log was too full."""
    recorded = Counter(
        (row.data["device"], row.data["device_sequence"])
        for row in passages(story)
        if "device" in row.data
    )
    lost = {(one.log, entry.sequence) for one, entry in overwritten(story)}
    for one in story.of(Logged):
        count = recorded[one.log, one.entry.sequence]
        least = one.entry.kind in BODIES and (one.log, one.entry.sequence) not in lost
        if one.is_kept and not least <= count <= 1:
            yield one.at_s, f"{one.lane}: {one.entry} is recorded {count} times"


def a_log_that_lost_bodies_is_told(story: Story) -> Breaches:
    """As many lines are told as lost as were overwritten and came to no record."""
    told: Counter[str] = Counter()
    recorded: set[tuple[str, int]] = set()
    for row in story.of(Recorded):
        detail = row.data.get("detail", {})
        if row.data.get("action") == "device_log_lost":
            told[detail["device"]] += detail["count"]
        place = row.data if "device_sequence" in row.data else detail
        if "device_sequence" in place:
            recorded.add((place["device"], place["device_sequence"]))
    for one, entry in overwritten(story):
        if (one.log, entry.sequence) not in recorded:
            told[one.log] -= 1
            if told[one.log] < 0:
                yield one.at_s, f"{one.lane}: {entry} was overwritten, and is not told as lost"


def occupancy_equals_bodies_in_minus_out(story: Story) -> Breaches:
    """Within the uncertainty that it states."""
    if story.left is None:
        return
    inside = bodies_inside(story)
    granted = {row.data.get("grant") for row in verdicts(story)}
    # A controller without a log cannot tell later what nobody listened to.
    unseen = sum(
        one.entry.kind in BODIES
        and not one.is_kept
        and (None if one.entry.grant is None else one.entry.grant.hex()) not in granted
        for one in story.of(Logged)
    )
    left = story.left
    if abs(left.total - inside) > left.uncertain + unseen:
        yield (
            left.at_s,
            f"{left.total} inside by the records (uncertain: {left.uncertain}), {inside} by bodies",
        )


# --- what the checkers look at -------------------------------------------------------------------


def bodies_inside(story: Story) -> int:
    return story.before.inside + sum(
        -1 if one.entry.direction is Direction.EXIT else 1
        for one in story.of(Logged)
        if one.entry.kind in BODIES
    )


def overwritten(story: Story) -> Iterator[tuple[Overwritten, LogEntry]]:
    for one in story.of(Overwritten):
        for entry in one.entries:
            yield one, entry


def verdicts(story: Story) -> list[Recorded]:
    return [row for row in story.of(Recorded) if row.type.startswith("onegate.access.")]


def passages(story: Story) -> list[Recorded]:
    return [row for row in story.of(Recorded) if row.type.startswith("onegate.passage.")]


def opens(story: Story) -> list[Sent]:
    return [one for one in story.of(Sent) if isinstance(one.command, base.OpenOnce)]
