"""Lets the centre lay down rules: who takes its signed documents, and what they are put with."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from gatewayd.app.site import Base, Delivered, Rules
from gatewayd.core.received import Received
from gatewayd.mqtt import topics
from gatewayd.ports import Blocking, Clock
from gatewayd.runtime.asked import Knowledge
from gatewayd.runtime.centre_documents import CentreDocuments
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.library import Library, Stock
from gatewayd.runtime.publisher import Publisher
from gatewayd.runtime.recorder import Recorder


def build_library(gate: Gate, blocking: Blocking, delivered: Delivered) -> Library:
    return Library(gate, blocking, stock_of(delivered.base, delivered.loaded.received))


def stock_of(base: Base, received: Received) -> Stock:
    return Stock(base.office, partial(_know, base), received)


def hear_documents(
    rules: Rules,
    delivered: Delivered,
    library: Library,
    publisher: Publisher,
    recorder: Recorder,
    clock: Clock,
) -> None:
    """Have the publisher hear documents, and say what is in force whenever that changes."""
    settings, site = rules.settings, rules.site_path
    taking = CentreDocuments(
        site,
        library,
        delivered.shelves,
        recorder,
        clock,
        retention=timedelta(days=settings.storage.retention_days),
        seals=delivered.loaded.seals,
    )
    publisher.hear(taking)
    library.told.append(partial(publisher.changed, topics.state(site)))


def _know(base: Base, received: Received) -> Knowledge | Sequence[str]:
    known = base.know(received)
    return known if isinstance(known, Knowledge) else [str(problem) for problem in known]
