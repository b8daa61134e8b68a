"""The promises about what the centre says, one function each, its sentence for its name."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from typing import Any

from gatewayd.core.documents import levels
from gatewayd.core.duty import CENTRE
from gatewayd.core.orders import SKEW_S_MAX, OrderKind
from gatewayd.core.words import ClockQuality
from gatewayd.mqtt import topics
from gatewayd.store.received import shelf_name
from tests.sim.checkers import Breaches, verdicts
from tests.sim.papers import ORDER_TOPICS, SITE
from tests.sim.story import Arrived, Handed, Published, Recorded, Shelved, Started, Story

RECORD_S_MAX = 5.0  # The longest stall of the disk, and
WAIT_S_MAX = 5.5  # as long as somebody waits at a lane for those before.
ANSWERED_S = 20.0
FROM_THE_CENTRE = frozenset({"", "rollback", "other"})
"""What is wrong with documents that it signed for this very place."""
UNTIMELY = ("early", "expired")
"""What is wrong with an order for whoever knows the time."""
WORD_S_MAX = 60.0  # A word is told for 30 s, and good for as long again.
_SHELVES = {
    place: shelf_name("policy", str(level), "") for place, level in levels(str(SITE)).items()
}


def no_order_opens_twice_or_late_or_for_a_stranger(story: Story) -> Breaches:
    """By the gate's clock; while it has none, by the word that it told a moment ago."""
    given = {one.id: one for one in story.of(Published) if one.id and not one.slot}
    taken, words = _orders_taken(story), _words_told(story)
    done: set[str] = set()
    for row in verdicts(story):
        order = order_of(row)
        if order is None:
            continue
        said, found = given.get(order), taken.get(order)
        if said is None or said.flaw not in ("", "retained", *UNTIMELY):
            yield row.at_s, f"order {order} was {said and said.flaw}, and the gate decided on it"
        elif found is not None and found.quality == ClockQuality.UNSYNCED:
            told_s = words.get((found.run, _nonce_of(said)), -WORD_S_MAX)
            why = _objection_without_the_time(row, found.made_s, told_s)
            if why:
                yield row.at_s, f"order {order} {why}"
        elif said.flaw in UNTIMELY:
            yield row.at_s, f"order {order} was {said.flaw}, and the gate decided on it"
        elif row.made_s > said.until_s + SKEW_S_MAX + RECORD_S_MAX + WAIT_S_MAX:
            yield row.at_s, f"order {order} was over at {said.until_s:.1f} s"
        if order in done:
            yield row.at_s, f"order {order} was carried out again"
        done.add(order)


def an_order_is_on_disk_before_it_acts(story: Story) -> Breaches:
    taken: set[str] = set()
    for row in story.of(Recorded):
        detail = row.data.get("detail") or {}
        if row.data.get("action") == "order_taken":
            if detail["id"] in taken:
                yield row.at_s, f"order {detail['id']} was taken again"
            taken.add(detail["id"])
        order = order_of(row)
        if order is not None and order not in taken:
            yield row.at_s, f"order {order} was carried out, and no record says it was taken"


def every_order_that_is_genuine_is_answered(story: Story) -> Breaches:
    """As far as the process lives that heard it.

    The word on somebody is acknowledged when it is on disk: a line that is lost before that leaves
    it with the centre, who says it again.
    """
    if story.left is None:
        return
    run = story.of(Started)[-1].run
    said = {one.payload: one for one in story.of(Published) if one.id and not one.slot}
    answered = {one["id"] for _, one in replies(story)}
    for one in story.of(Handed):
        order = said.get(one.payload)
        if order is None or order.flaw in ("forged", "garbage") or one.is_retained:
            continue
        if order.kind == OrderKind.STATUS:
            continue
        is_done = one.run != run or one.at_s > story.left.at_s - ANSWERED_S
        if not is_done and order.id not in answered:
            yield one.at_s, f"order {order.id} was heard, and never answered"


def only_documents_that_the_centre_signed_are_kept(story: Story) -> Breaches:
    signed = {one.payload for one in story.of(Published) if one.flaw in FROM_THE_CENTRE}
    for one in story.of(Shelved):
        if one.payload not in signed:
            yield one.at_s, f"{one.shelf}.{one.version} is kept, and nobody signed it for here"


def no_document_takes_the_place_of_a_newer_one(story: Story) -> Breaches:
    newest: dict[str, Shelved] = {}
    for one in story.of(Shelved):
        before = newest.get(one.shelf)
        is_same = before is not None and one.payload == before.payload
        if before is not None and one.version <= before.version and not is_same:
            yield one.at_s, f"{one.shelf}: version {one.version} came after {before.version}"
        newest[one.shelf] = one


def no_verdict_uses_rules_that_are_not_kept_or_are_replaced(story: Story) -> Breaches:
    kept = {(one.shelf, one.version): one.at_s for one in reversed(story.of(Shelved))}
    newest: dict[str, int] = {}
    for row in sorted(verdicts(story), key=lambda row: row.made_s):
        for label in row.data.get("policy", ()):
            place, _, number = label.rpartition("@")
            if place not in _SHELVES:
                continue
            version = int(number)
            if kept.get((_SHELVES[place], version), row.made_s + 1) > row.made_s:
                yield row.at_s, f"a verdict used {label}, which was not kept by then"
            if version < newest.get(place, 0):
                yield row.at_s, f"a verdict used {label} after version {newest[place]}"
            newest[place] = max(version, newest.get(place, 0))


def the_rules_that_the_centre_is_shown_never_grow_older(story: Story) -> Breaches:
    newest: dict[tuple[str, str, str], int] = {}
    for one in story.of(Arrived):
        if one.topic != topics.state(SITE):
            continue
        for told in json.loads(one.payload).get("documents", []):
            slot = (told["kind"], told["path"], told.get("name", ""))
            if told["version"] < newest.get(slot, 0):
                yield one.at_s, f"{slot}: version {told['version']} after {newest[slot]}"
            newest[slot] = told["version"]


# --- what the checkers look at -------------------------------------------------------------------


def order_of(row: Recorded) -> str | None:
    """Return the id of the order that a verdict was asked for by."""
    attestation = row.data.get("attestation") or {}
    if str(attestation.get("officer", "")).startswith(CENTRE):
        return str(attestation["reason"])
    order = row.data.get("order")
    return order if order is None else str(order)


def replies(story: Story) -> Iterator[tuple[Arrived, dict[str, Any]]]:
    for one in story.of(Arrived):
        if one.topic == topics.reply(SITE):
            yield one, json.loads(one.payload)


def _orders_taken(story: Story) -> dict[str, Recorded]:
    rows = (row for row in story.of(Recorded) if row.data.get("action") == "order_taken")
    return {row.data["detail"]["id"]: row for row in rows}


def _words_told(story: Story) -> dict[tuple[str, str], float]:
    """Return when each word of a process that does not know the time first came to the broker."""
    told: dict[tuple[str, str], float] = {}
    for one in story.of(Arrived):
        if one.topic == topics.state(SITE):
            state = json.loads(one.payload)
            if "nonce" in state:
                told.setdefault((state["run"], state["nonce"]), one.at_s)
    return told


def _nonce_of(order: Published) -> str:
    claims = order.payload.split(b".")[1]
    return str(json.loads(urlsafe_b64decode(claims + b"==")).get("nonce"))


def _objection_without_the_time(row: Recorded, taken_s: float, told_s: float) -> str:
    """Tell what is wrong with a verdict on an order that was taken by its word; "" if nothing is.

    Whoever does not know the time knows of no code either when a lane has shown it.
    """
    if taken_s >= told_s + WORD_S_MAX:
        return "echoed no word that the gate told a moment ago"
    if row.made_s > taken_s + RECORD_S_MAX + WAIT_S_MAX:
        return f"was taken at {taken_s:.1f} s, and is over"
    is_open = row.type.startswith("onegate.access.admitted") and row.data["direction"] == "entry"
    is_blind = row.data.get("kind") == "checkin" and row.quality == ClockQuality.UNSYNCED
    return "opened by a code, and nobody knew the time" if is_open and is_blind else ""


def is_order(one: Handed) -> bool:
    return one.topic in ORDER_TOPICS.values()
