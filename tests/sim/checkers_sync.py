"""The promises about records, the centre and the end, one function each, its sentence for its name."""

from collections import defaultdict
from collections.abc import Mapping

from gatewayd.runtime.publisher_backfill import REPLAYS_MAX
from gatewayd.runtime.publisher_live import LIVE_COUNT_MAX, LIVE_S_MAX
from gatewayd.runtime.quarantine import SET_APART
from tests.contract.messages import Watch
from tests.sim.broker_link import FLYING, WINDOW
from tests.sim.building import LIVE_AGE, LIVE_COUNT, REPLAY_COUNT
from tests.sim.checkers import Breaches
from tests.sim.story import Arrived, Confirmed, Denied, Failed, Recorded, Started, Story


def every_event_reaches_the_broker_exactly_once(story: Story) -> Breaches:
    """After removing duplicates, which are the same to the byte, and without gaps."""
    if story.left is None:
        return
    bodies: dict[str, bytes] = {}
    for one in arrived(story):
        if bodies.setdefault(one.event, one.payload) != one.payload:
            yield one.at_s, f"event {one.event} came with two bodies"
    seqs: dict[str, list[int]] = defaultdict(list)
    for row in story.of(Recorded):
        seqs[row.epoch].append(row.seq)
        if row.id not in bodies:
            yield row.at_s, f"event {row.id} ({row.type}) never came"
    first = story.before.seq + 1
    for epoch, found in seqs.items():
        if found != list(range(first, first + len(found))):
            yield story.left.at_s, f"epoch {epoch} has gaps: {found}"


def no_event_reaches_the_broker_before_it_is_on_disk(story: Story) -> Breaches:
    for one in arrived(story):
        if not one.is_recorded:
            yield one.at_s, f"event {one.event} came, and was on no disk"


def no_event_counts_as_delivered_that_the_broker_did_not_take(story: Story) -> Breaches:
    """Apart from those that are set apart by name."""
    apart = quarantined(story)
    for one in story.of(Confirmed):
        untaken = [seq for seq in one.untaken if f"{one.epoch}-{seq}" not in apart]
        if untaken:
            yield one.at_s, f"receipts were stored for {untaken}"


def what_reaches_the_broker_is_as_the_contract_says(story: Story) -> Breaches:
    for one in story.of(Arrived):
        objection = _WATCH.objection(one.topic, one.payload)
        if objection is not None:
            yield one.at_s, objection


def events_of_a_topic_rise_by_themselves(story: Story) -> Breaches:
    """Apart from repeats, and from those that the broker did not take at first."""
    known = {one.event for one in story.of(Denied)}
    last: dict[tuple[str, str], int] = defaultdict(int)
    for one in arrived(story):
        if one.event not in known:
            place = (one.topic, one.event.split("-")[0])
            if one.seq < last[place]:
                yield one.at_s, f"{one.topic}: {one.seq} after {last[place]}"
            last[place] = max(last[place], one.seq)
        known.add(one.event)


def what_the_outbox_has_in_memory_is_bounded(story: Story) -> Breaches:
    for what, most in OUTBOX_MAX.items():
        found, at_s = story.peaks.get(what, (0.0, 0.0))
        if found > most:
            yield at_s, f"{what}: {found:g}, and {most:g} is the limit"


def the_tables_never_know_more_than_the_journal(story: Story) -> Breaches:
    for one in story.of(Started):
        if one.folded > one.head:
            yield one.at_s, f"{one.folded} events are folded in, the journal has {one.head}"


def the_tables_are_what_the_journal_makes(story: Story) -> Breaches:
    if story.left is None:
        return
    for table, rows in story.left.folded_anew.items():
        for key in sorted({*rows, *story.left.tables[table]}):
            found, anew = story.left.tables[table].get(key), rows.get(key)
            if found != anew:
                yield story.left.at_s, f"{table}/{key} is {found}, by the journal {anew}"


def the_centre_shows_what_the_gate_counts(story: Story) -> Breaches:
    left = story.left
    if left is not None and left.shown_total != left.total:
        yield left.at_s, f"the centre shows {left.shown_total} inside, the gate counts {left.total}"
    if left is not None and not left.is_online:
        yield left.at_s, "the centre shows the gateway offline"


def everything_comes_to_rest_when_the_weather_clears(story: Story) -> Breaches:
    """The outbox is empty, lanes are idle, no grant is pending, no alarm is raised."""
    if story.left is not None and story.left.unrest:
        yield (
            story.left.at_s,
            f"after {story.left.after_s:.0f} s there is still {story.left.unrest}",
        )


def nothing_fails_in_a_way_that_nobody_foresaw(story: Story) -> Breaches:
    for one in story.of(Failed):
        yield one.at_s, one.what


def quarantined(story: Story) -> set[str]:
    """Return the ids of events that are named as set apart."""
    return {
        row.data["detail"]["event"]
        for row in story.of(Recorded)
        if row.data.get("action") == SET_APART
    }


def arrived(story: Story) -> list[Arrived]:
    return [one for one in story.of(Arrived) if one.event]


OUTBOX_MAX: Mapping[str, float] = {
    FLYING: WINDOW,
    LIVE_AGE: LIVE_S_MAX + 1e-6,  # As exact as it is counted.
    LIVE_COUNT: LIVE_COUNT_MAX,
    REPLAY_COUNT: REPLAYS_MAX,
}
_WATCH = Watch()  # Of all stories: what differs in numbers alone costs next to nothing.
