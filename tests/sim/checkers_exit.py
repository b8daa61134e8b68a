"""The promises to whoever leaves, one function each, its sentence for its name."""

from collections import defaultdict
from collections.abc import Iterator

from drivers import base
from gatewayd.core.events import Access
from tests.sim.checkers import MOMENT_S, RECORD_S, Breaches, opens, verdicts
from tests.sim.story import Ended, Scanned, Sent, Story, Told, Unrecorded

EXIT_WAIT_S_MAX = 120.0  # Behind two who linger in the turnstile, one after the other.


def the_exit_always_opens(story: Story) -> Breaches:
    """As soon as its verdict is made, also while the disk refuses, unless the lane cannot."""
    sent = {one.command.grant: one.at_s for one in opens(story)}
    served = {one.run: one.served_s for one in story.of(Ended)}
    for run, lane, grant, made_s in _exits(story):
        due_s = made_s + RECORD_S + MOMENT_S
        is_open = grant in sent and sent[grant] <= due_s
        if not is_open and due_s < served[run] and not _is_hindered(story, run, lane, made_s):
            yield made_s, f"an exit was admitted ({grant}) and did not open"


def somebody_who_leaves_is_served_soon(story: Story) -> Breaches:
    """Each scan at an exit has its verdict within the time that others hold the turnstile."""
    waiting: dict[tuple[str, str], list[float]] = defaultdict(list)
    for scan in story.of(Scanned):
        if scan.direction == "exit":
            waiting[scan.run, scan.lane].append(scan.at_s)
    made: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in verdicts(story):
        if row.data["direction"] == "exit" and row.data["source"] == "gateway":
            made[row.run, row.data["lane"]].append(row.made_s)
    for one in story.of(Unrecorded):
        if isinstance(one.fact, Access) and one.fact.direction == "exit":
            made[one.run, str(one.fact.lane)].append(one.made_s)
    for place, scans in waiting.items():
        for scan_s, verdict_s in zip(scans, sorted(made[place]), strict=False):
            if verdict_s - scan_s > EXIT_WAIT_S_MAX:
                yield scan_s, f"{place}: an exit waited {verdict_s - scan_s:.1f} s"


def _exits(story: Story) -> Iterator[tuple[str, str, str, float]]:
    """Yield run, lane, grant and time of each verdict on somebody who leaves."""
    for row in verdicts(story):
        if row.data["direction"] == "exit" and "grant" in row.data:
            yield row.run, row.data["lane"], row.data["grant"], row.made_s
    for one in story.of(Unrecorded):
        if isinstance(one.fact, Access) and one.fact.direction == "exit" and one.fact.grant:
            yield one.run, str(one.fact.lane), one.fact.grant, one.made_s


def _is_hindered(story: Story, run: str, lane: str, made_s: float) -> bool:
    """Tell whether a lane was without its turnstile, or free, when an exit should have opened."""
    hindrances = frozenset({"link"})
    for one in story.seen:
        if one.at_s > made_s + RECORD_S + MOMENT_S:
            break
        if one.at_s >= made_s - MOMENT_S and hindrances:
            return True
        if isinstance(one, Told | Sent) and (one.run, one.lane) == (run, lane):
            hindrances = _hindrances(one, hindrances)
    return bool(hindrances)


def _hindrances(one: Told | Sent, before: frozenset[str]) -> frozenset[str]:
    match one:
        case Told(report=base.LinkUp()):
            return before - {"link", "fault"}
        case Told(report=base.LinkLost()):
            return before | {"link"}
        case Told(report=base.Fault()):
            return before | {"fault"}
        case Told(report=base.FaultCleared()):
            return before - {"fault"}
        case Told(report=base.FireChanged(is_on, None)):
            return before | {"fire"} if is_on else before - {"fire"}
        case Sent(command=base.SetMode(mode)):
            return before | {"order"} if mode is base.Mode.FREE else before - {"order"}
        case _:
            return before
