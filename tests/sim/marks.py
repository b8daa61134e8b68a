"""The places that a sample of seeds must reach, each told from a story, and how often it does."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from drivers import base
from gatewayd.core.events import Access
from gatewayd.core.lane import Windows
from gatewayd.runtime.lane import SCAN_WAITS_MS
from tests.sim import marks_sync
from tests.sim.checkers import opens, passages, verdicts
from tests.sim.ear import Heard
from tests.sim.story import (
    Arrived,
    Ended,
    Executed,
    Logged,
    Recorded,
    Scanned,
    Sent,
    Started,
    Story,
    Told,
    Unrecorded,
)

WINDOW_S = Windows().settled_ms / 1000


def marks(story: Story) -> Counter[str]:
    """Return how often a story reaches each mark."""
    return Counter({name: reached(story) for name, reached in MARKS.items()})


# --- records and the disk ------------------------------------------------------------------------


def _ends(reason: str) -> Callable[[Story], int]:
    return lambda story: sum(row.data.get("reason") == reason for row in passages(story))


def _rows(kind: str, /, **data: object) -> Callable[[Story], int]:
    """Count rows whose type begins so, with these data."""
    return lambda story: sum(
        row.type.startswith(f"onegate.{kind}")
        and all(row.data.get(name) == value for name, value in data.items())
        for row in story.of(Recorded)
    )


def _verdicts_refused_by_the_disk(story: Story) -> int:
    return sum(isinstance(one.fact, Access) for one in story.of(Unrecorded))


def _missed_verdicts_named(story: Story) -> int:
    rows = [row for row in story.of(Recorded) if row.data.get("action") == "recovered"]
    return sum(row.data["detail"]["missed_verdicts"] > 0 for row in rows)


def _exits_opened_unrecorded(story: Story) -> int:
    recorded = {row.data.get("grant") for row in verdicts(story)}
    exits = [one for one in story.of(Executed) if one.direction == "exit"]
    return sum(not one.is_recorded or one.grant not in recorded for one in exits)


def _facts_of_two_lanes_in_one_commit(story: Story) -> int:
    lanes: dict[float, set[str]] = {}
    for row in verdicts(story):
        lanes.setdefault(row.at_s, set()).add(row.data["lane"])
    return sum(len(found) > 1 for found in lanes.values())


def _folded_behind(story: Story) -> int:
    return sum(one.folded < one.head for one in story.of(Started))


# --- kills ---------------------------------------------------------------------------------------


def _killed_while_granted(story: Story) -> int:
    return sum(one.is_killed and bool(one.in_force) for one in story.of(Ended))


def _killed_between_record_and_open(story: Story) -> int:
    sent = {one.command.grant for one in opens(story)}
    killed = {one.run: one.at_s for one in story.of(Ended) if one.is_killed}
    return sum(
        row.data.get("grant", "") not in {*sent, ""} and killed.get(row.run, 0.0) == row.at_s
        for row in verdicts(story)
    )


def _grants_ended_by_a_later_run(story: Story) -> int:
    runs = {row.data["grant"]: row.run for row in verdicts(story) if "grant" in row.data}
    return sum(runs.get(row.data.get("grant"), row.run) != row.run for row in passages(story))


def _scans_swallowed(story: Story) -> int:
    return story.counts["scan_swallowed"]


# --- lanes ---------------------------------------------------------------------------------------


def _unknown_outcomes(story: Story) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield grant and end of those whose open was never answered."""
    reports = (one.report for one in story.of(Told))
    unknown = {report.grant for report in reports if isinstance(report, base.OpenUnknown)}
    for row in passages(story):
        if row.data.get("grant") in unknown:
            yield row.type, row.data


def _unknown_that_passed(story: Story) -> int:
    return sum("completed" in kind for kind, _ in _unknown_outcomes(story))


def _unknown_that_never_opened(story: Story) -> int:
    return sum(data.get("reason") == "not_opened" for _, data in _unknown_outcomes(story))


def _windows_over_before_the_end_was_told(story: Story) -> int:
    """Count grants in force at a lane that opened again, since the window of the first was over."""
    last: dict[tuple[str, str], Sent] = {}
    count = 0
    told = {
        one.report.grant: one.at_s
        for one in story.of(Told)
        if isinstance(one.report, base.Passed | base.NotPassed | base.NotOpened)
    }
    for one in opens(story):
        before = last.get((one.run, one.lane))
        if before is not None:
            end_s = told.get(before.command.grant, one.at_s)
            count += end_s >= one.at_s > before.at_s + WINDOW_S
        last[one.run, one.lane] = one
    return count


def _scans(is_it: Callable[[Heard], bool]) -> Callable[[Story], int]:
    return lambda story: sum(is_it(scan.heard) for scan in story.of(Scanned))


def _scans_of_one_piece(story: Story) -> int:
    """Count scans that came at once with the one before at the same reader."""
    places = Counter((scan.lane, scan.direction, scan.at_s) for scan in story.of(Scanned))
    return sum(count - 1 for count in places.values())


def _verdicts_of(quality: str) -> Callable[[Story], int]:
    return lambda story: sum(row.quality == quality for row in verdicts(story))


def _codes_admitted(story: Story) -> int:
    return sum("code_step" in row.data for row in verdicts(story) if "grant" in row.data)


def _exit_scans_while_deciding(story: Story) -> int:
    return sum(scan.direction == "exit" and scan.state == "Deciding" for scan in story.of(Scanned))


def _races_for_the_last_place(story: Story) -> int:
    """Count those refused for a place that a grant at another lane held."""
    held: dict[str, str] = {}
    count = 0
    for row in story.of(Recorded):
        data = row.data
        if row.type.startswith("onegate.access.admitted") and data["direction"] == "entry":
            held[data["grant"]] = data["lane"]
        if row.type.startswith("onegate.passage."):
            held.pop(data.get("grant"), None)
        if data.get("reason") == "capacity_full":
            count += any(lane != data["lane"] for lane in held.values())
    return count


def _links_lost_while_granted(story: Story) -> int:
    held: set[str] = set()
    count = 0
    for one in story.seen:
        match one:
            case Executed(lane=lane):
                held.add(lane)
            case Logged(lane=lane, entry=entry) if entry.grant is not None:
                held.discard(lane)
            case Told(lane=lane, report=base.LinkLost()):
                count += lane in held
            case _:
                pass
    return count


def _entries_told_to_a_later_run(story: Story) -> int:
    """Count log entries that a controller kept for the next process."""
    told: dict[tuple[str, int], set[str]] = {}
    for one in story.of(Told):
        log = getattr(one.report, "log", None)
        if log is not None:
            told.setdefault((log.device, log.sequence), set()).add(one.run)
    return sum(len(runs) > 1 for runs in told.values())


def _turned_away_after_a_wait(story: Story) -> int:
    waited = {round(scan.at_s + SCAN_WAITS_MS / 1000, 6) for scan in story.of(Scanned)}
    busy = [row for row in verdicts(story) if row.data["reason"] == "lane_busy"]
    return sum(round(row.made_s, 6) in waited for row in busy)


def _orders_found_at_the_start(story: Story) -> int:
    """Count lanes that a new process found ordered free or shut."""
    first: dict[tuple[str, str], str] = {}
    for one in story.of(Sent):
        if isinstance(one.command, base.SetMode):
            first.setdefault((one.run, one.lane), str(one.command.mode))
    return sum(mode != "normal" for mode in first.values())


# --- the centre ----------------------------------------------------------------------------------


def _backfilled(story: Story) -> int:
    return sum("/up/backfill/" in one.topic for one in story.of(Arrived))


def _noted(what: str) -> Callable[[Story], int]:
    return lambda story: story.counts[what]


def _reports(kind: type[base.GateReport], **fields: object) -> Callable[[Story], int]:
    return lambda story: sum(
        isinstance(one.report, kind)
        and all(getattr(one.report, name) == value for name, value in fields.items())
        for one in story.of(Told)
    )


MARKS: Mapping[str, Callable[[Story], int]] = {
    "late record": _ends("record_late"),
    "verdict refused by the disk": _verdicts_refused_by_the_disk,
    "missed verdicts named": _missed_verdicts_named,
    "exit opened unrecorded": _exits_opened_unrecorded,
    "two lanes in one commit": _facts_of_two_lanes_in_one_commit,
    "tables behind at the start": _folded_behind,
    "start refused by the disk": _noted("boot_refused"),
    "killed while granted": _killed_while_granted,
    "killed between record and open": _killed_between_record_and_open,
    "grant ended by a later run": _grants_ended_by_a_later_run,
    "scan swallowed by a kill": _scans_swallowed,
    "stopped in order": _noted("stopped"),
    "unknown outcome: passed": _unknown_that_passed,
    "unknown outcome: never opened": _unknown_that_never_opened,
    "uncertain after ten minutes": _ends("unknown_outcome"),
    "window over before the end was told": _windows_over_before_the_end_was_told,
    "controller busy": _ends("busy"),
    "turnstile not ready": _ends("turnstile_not_ready"),
    "turned back": _ends("turned_back"),
    "grant ended by fire": _ends("fire"),
    "grant ended by a reboot": _ends("reboot"),
    **{
        f"reader: {what}": _noted(f"reader_{what}")
        for what in ("split", "merged", "late", "lost", "doubled", "flipped", "noise", "cut")
    },
    "scanned again": _noted("scan_again"),
    "scanned at both lanes": _noted("both_lanes"),
    "copied code": _noted("copied"),
    "controller silent": _noted("silent"),
    "told twice": _noted("report_twice"),
    "overtaken on a wire": _noted("overtaken"),
    "controller's log lost": _rows("audit.link", action="device_log_lost"),
    "clock stepped": _rows("audit.clock", action="stepped"),
    "clock drifts": _noted("clock_loose"),
    "date lost": _noted("date_lost"),
    "verdict without the time": _verdicts_of("unsynced"),
    "verdict by a clock that nobody keeps": _verdicts_of("holdover"),
    "expired": _rows("access.refused", reason="expired"),
    "not yet valid": _rows("access.refused", reason="not_yet_valid"),
    "pass admitted": _rows("access.admitted", kind="pass", direction="entry"),
    "rotating code admitted": _codes_admitted,
    "rotating code replayed": _rows("access.refused", reason="replayed"),
    "rotating code without the time": _rows("access.referred", reason="clock_unsynced"),
    "scan in pieces": _scans(lambda heard: heard.pieces > 1),
    "scan ended by silence": _scans(lambda heard: heard.is_silent),
    "scans in one piece": _scans_of_one_piece,
    "repeat taken for noise": _noted("repeat_heard"),
    "too large": _rows("access.refused", reason="too_large"),
    "binary": _rows("access.refused", reason="unreadable_binary"),
    "exit while deciding": _exit_scans_while_deciding,
    "lane busy": _rows("access.refused", reason="lane_busy"),
    "turned away after a wait": _turned_away_after_a_wait,
    "race for the last place": _races_for_the_last_place,
    "already inside": _rows("access.refused", reason="already_inside"),
    "already granted": _rows("access.refused", reason="already_granted"),
    "link lost while granted": _links_lost_while_granted,
    "log kept for a later run": _entries_told_to_a_later_run,
    "forced": _rows("passage.breached", reason="forced"),
    "tailgated": _rows("passage.breached", reason="tailgate"),
    "late passage": _rows("passage.unattributed", reason="late"),
    "free passage": _rows("passage.unattributed", reason="free"),
    "left unseen": _rows("passage.unattributed", direction="exit", reason=None),
    "passage stuck": _rows("alarm.raised", alarm="passage_stuck"),
    "referred": _rows("access.referred"),
    "referral admitted": _rows("access.admitted", reason="referral_admitted"),
    "referral lapsed": _rows("access.refused", reason="referral_lapsed"),
    "guest admitted": _rows("access.admitted", reason="attested"),
    "order found at the start": _orders_found_at_the_start,
    "fire": _reports(base.FireChanged, is_on=True, log=None),
    "lane on a wire": _noted("wired"),
    "broken frame on a wire": _reports(base.LineCounted),
    "receipt lost": _noted("receipt_lost"),
    "broker silent": _noted("broker_silent"),
    "duplicate delivered": _noted("duplicate_delivered"),
    "backfill used": _backfilled,
    **marks_sync.MARKS,
}

RARE = marks_sync.RARE | {
    "controller busy",
    "order found at the start",
    "referral lapsed",
    "late passage",
    "already granted",
    "overtaken on a wire",
    "controller's log lost",
    "killed between record and open",
    "cache cut by a kill",
    "change without its base refused",
}
"""Reached by 1 to 5 seeds of a hundred: a sample of a hundred may be without."""
