"""The marks at the side of the centre, the broker and the disk: what a sample must have reached."""

from collections.abc import Callable, Mapping

from gatewayd.runtime.quarantine import DELIVERED, SET_APART
from tests.sim.checkers_centre import is_order, order_of, replies
from tests.sim.story import Denied, Handed, Lost, Published, Recorded, Story

Reached = Callable[[Story], int]


def _noted(what: str) -> Reached:
    return lambda story: story.counts[what]


def _actions(action: str, **detail: object) -> Reached:
    return lambda story: sum(
        row.data.get("action") == action and detail.items() <= row.data["detail"].items()
        for row in story.of(Recorded)
    )


def _answers(result: str) -> Reached:
    return lambda story: sum(reply["result"] == result for _, reply in replies(story))


def _handed(flaw: str) -> Reached:
    """Count messages with this flaw that the gateway looked at."""

    def reached(story: Story) -> int:
        flawed = {one.payload for one in story.of(Published) if one.flaw == flaw}
        return sum(one.payload in flawed for one in story.of(Handed))

    return reached


def _ordered(story: Story) -> int:
    return sum(
        row.type.startswith("onegate.access.admitted") and order_of(row) is not None
        for row in story.of(Recorded)
    )


def _retained_orders(story: Story) -> int:
    return sum(one.is_retained and is_order(one) for one in story.of(Handed))


def _denied(how: str) -> Reached:
    return lambda story: sum(one.how == how for one in story.of(Denied))


def _lost(story: Story) -> int:
    return len(story.of(Lost))


def _changes(story: Story) -> int:
    """Count rosters that were taken as changes to the one before."""
    changes = {one.id for one in story.of(Published) if one.is_change}
    done = {reply["id"] for _, reply in replies(story) if reply["result"] == "done"}
    return len(changes & done)


def _asked(story: Story) -> int:
    done = {reply["id"] for _, reply in replies(story) if reply["result"] == "done"}
    return sum(one.startswith("answer-") for one in done)


MARKS: Mapping[str, Reached] = {
    "document taken": _actions("document_taken"),
    "roster changed": _changes,
    "document withdrawn": _actions("document_withdrawn"),
    "rollback refused": _actions("document_refused", reason="rollback"),
    "document for another place refused": _actions("document_refused", reason="audience"),
    "change without its base refused": _actions("document_refused", reason="base"),
    "document refused by the disk": _answers("storage"),
    "a stranger's message handed on": _handed("forged"),
    "garbage handed on": _handed("garbage"),
    "order opened": _ordered,
    "order expired": _answers("expired"),
    "order too early": _answers("early"),
    "order for another site": _answers("audience"),
    "order that nobody may give": _answers("content"),
    "order again answered": _answers("replayed"),
    "order interrupted": _answers("interrupted"),
    "order not recorded": _answers("record_failed"),
    "retained order handed on": _retained_orders,
    "question answered": _asked,
    "handed on twice": _noted("handed_twice"),
    "session resumed": _noted("session_resumed"),
    "retained forgotten": _noted("papers_lost"),
    "connection flaps": _noted("flapping"),
    "broker full": _denied("full"),
    "event refused": _denied("refused"),
    "event hung up on": _denied("hung up"),
    "event set apart": _actions(SET_APART),
    "event delivered after all": _actions(DELIVERED),
    "disk full": _noted("disk_full"),
    "write failed": _noted("write_failed"),
    "log cut by a kill": _noted("wal_cut"),
    "cache cut by a kill": _noted("cache_cut"),
    "row lost by a kill": _lost,
}

RARE = frozenset(
    {
        "order interrupted",
        "order that nobody may give",
        "event hung up on",
        "document withdrawn",
        "document for another place refused",
        "change without its base refused",
        "rollback refused",
        "cache cut by a kill",
    }
)
"""Reached by 2 to 5 seeds of a hundred, an interrupted order by fewer than one: regressions.txt."""
