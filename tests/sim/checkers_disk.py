"""The promises about the files and what is in them, one function each, its sentence for its name."""

from drivers import base
from tests.sim.checkers import Breaches
from tests.sim.site import PERSON
from tests.sim.story import Arrived, Lost, Sent, Story


def nothing_that_anybody_was_told_is_lost(story: Story) -> Breaches:
    """A kill takes rows with it whose commit was not answered yet, and those alone."""
    told: set[str] = set()
    for one in story.seen:
        match one:
            case Arrived(event=event):
                told.add(event)
            case Sent(command=base.OpenOnce(grant=grant, direction=base.Direction.ENTRY)):
                told.add(grant)
            case Lost(event=event, grant=grant):
                if event in told:
                    yield one.at_s, f"event {event} was at the broker, and its row is gone"
                if grant in told:  # An exit opens without its record where that takes long.
                    yield one.at_s, f"{grant} was to open an entry, and its row is gone"
            case _:
                pass


def people_are_known_by_pseudonyms_alone(story: Story) -> Breaches:
    """No number that somebody holds up leaves the gateway, or is written down by it."""
    for one in story.of(Arrived):
        if PERSON.encode() in one.payload:
            yield one.at_s, f"{one.topic} tells who somebody is: {one.payload!r}"
    if story.left is not None:
        for name in story.left.named_in:
            yield story.left.at_s, f"the file {name} tells who somebody is"
