"""The topics of a site, and the catalogue of what each of them carries.

Everything a gateway publishes stands under `onegate/v1/{region}/{organisation}/{site}/up/`, and
what is meant for it under `.../dn/`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from gatewayd.core.events import EventClass
from gatewayd.core.trust import NATIONAL
from gatewayd.core.words import DoorId, LaneId

VERSION_ROOT = "onegate/v1"
SITE_PATH_SIZE_MAX = 64  # It is the common name of the site's certificate (X.520 allows 64).
RESERVED = frozenset({"policy", "roster", "trust"})
"""Names of documents that the centre keeps beside regions, organisations and sites."""

_NAME = re.compile(r"[a-z0-9-]+")


@dataclass(frozen=True, slots=True)
class SitePath:
    """A place in the hierarchy; as text the CN of the certificate, user name and client id."""

    region: str
    organisation: str
    site: str

    def __post_init__(self) -> None:
        for name in (self.region, self.organisation, self.site):
            assert _NAME.fullmatch(name), f"a site's names are of a-z, 0-9 and -: {name!r}"
            assert name not in RESERVED, f"{name!r} is reserved"
        assert len(str(self)) <= SITE_PATH_SIZE_MAX, f"{self} is longer than {SITE_PATH_SIZE_MAX}"

    def __str__(self) -> str:
        return f"{self.region}/{self.organisation}/{self.site}"

    @property
    def source(self) -> str:
        """Return the CloudEvents `source` of all events of the site."""
        return f"/{self}"

    @property
    def root(self) -> str:
        return f"{VERSION_ROOT}/{self}"


def event(site: SitePath, event_class: EventClass) -> str:
    return f"{site.root}/up/event/{event_class}"


def backfill(site: SitePath, event_class: EventClass) -> str:
    return f"{site.root}/up/backfill/{event_class}"


def state(site: SitePath) -> str:
    return f"{site.root}/up/state"


def occupancy(site: SitePath) -> str:
    return f"{site.root}/up/occupancy"


def lane(site: SitePath, lane_id: LaneId) -> str:
    return f"{site.root}/up/lane/{lane_id}"


def door(site: SitePath, door_id: DoorId) -> str:
    return f"{site.root}/up/door/{door_id}"


def health(site: SitePath) -> str:
    return f"{site.root}/up/health"


def reply(site: SitePath) -> str:
    return f"{site.root}/up/reply"


def check(site: SitePath) -> str:
    return f"{site.root}/up/check"


def check_in(site: SitePath) -> str:
    return f"{site.root}/dn/checkin"


def status(site: SitePath) -> str:
    return f"{site.root}/dn/status"


def command(site: SitePath) -> str:
    return f"{site.root}/dn/command"


def receipt(site: SitePath) -> str:
    return f"{site.root}/dn/receipt"


def documents(site: SitePath, path: str) -> dict[str, str]:
    """Return the filters for the documents of a place (`/`, or a path of up to three names)."""
    below = f"{site}/dn" if path == str(site) else path
    place = VERSION_ROOT if path == NATIONAL else f"{VERSION_ROOT}/{below}"
    return {
        "policy": f"{place}/policy",
        "roster": f"{place}/roster/+",
        "trust": f"{place}/trust",
    }


def is_under(topic_filter: str, topic: str) -> bool:
    """Tell whether a filter (with `+` for one level, no `#`) takes a topic in."""
    wanted, levels = topic_filter.split("/"), topic.split("/")
    return len(wanted) == len(levels) and all(
        one in ("+", level) for one, level in zip(wanted, levels, strict=True)
    )


class Flow(StrEnum):
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class TopicEntry:
    """One line of the catalogue; `{lane}`, `{door}` and `{name}` in a topic stand for ids."""

    topic: str
    flow: Flow
    qos: int
    is_retained: bool
    carries: str
    schema: str
    """The file in `gatewayd/mqtt/schemas` for its messages; of a signed one, for its claims."""


def catalogue(site: SitePath) -> tuple[TopicEntry, ...]:
    """Return every topic that a gateway of this version uses."""
    lanes = lane(site, LaneId("{lane}"))
    doors = door(site, DoorId("{door}"))
    return (
        *(_queued(event(site, name), f"{what}, live") for name, what in _CLASSES),
        *(
            _queued(backfill(site, name), f"{what}, when they had to wait")
            for name, what in _CLASSES
        ),
        _retained(state(site), "online (birth) or offline (will)", "state.json"),
        _retained(occupancy(site), "who is inside, by category", "occupancy.json"),
        _retained(lanes, "what a lane can do now", "lane.json"),
        _retained(doors, "whether a door is shut", "door.json"),
        TopicEntry(
            health(site),
            Flow.UP,
            0,
            is_retained=False,
            carries="figures, once a minute",
            schema="health.json",
        ),
        TopicEntry(
            reply(site),
            Flow.UP,
            1,
            is_retained=False,
            carries="what became of a signed message",
            schema="reply.json",
        ),
        TopicEntry(
            check(site),
            Flow.UP,
            1,
            is_retained=False,
            carries="asks who an unknown holder is",
            schema="check.json",
        ),
        TopicEntry(
            check_in(site),
            Flow.DOWN,
            1,
            is_retained=False,
            carries="somebody scanned a lane's code; signed",
            schema="checkin.json",
        ),
        TopicEntry(
            status(site),
            Flow.DOWN,
            1,
            is_retained=False,
            carries="the status of a holder; signed",
            schema="status.json",
        ),
        TopicEntry(
            command(site),
            Flow.DOWN,
            1,
            is_retained=False,
            carries="what the gate is to do now; signed",
            schema="command.json",
        ),
        TopicEntry(
            receipt(site),
            Flow.DOWN,
            1,
            is_retained=False,
            carries="what the centre has, or wants again; signed",
            schema="receipt.json",
        ),
        *_documents(site),
    )


_CLASSES = (
    (EventClass.ACCESS, "verdicts"),
    (EventClass.PASSAGE, "passages and breaches"),
    (EventClass.ALARM, "alarms"),
    (EventClass.AUDIT, "audit trail"),
)


def _documents(site: SitePath) -> Iterator[TopicEntry]:
    places = {
        NATIONAL: "of the nation",
        site.region: "of the region",
        f"{site.region}/{site.organisation}": "of the organisation",
        str(site): "of the site",
    }
    told = {"policy": "rules", "roster": "list of people", "trust": "keys and revocations"}
    for path, whose in places.items():
        for kind, topic in documents(site, path).items():
            yield TopicEntry(
                topic.replace("+", "{name}"),
                Flow.DOWN,
                1,
                is_retained=True,
                carries=f"{told[kind]} {whose}; signed",
                schema=f"{kind}.json",
            )


def _queued(topic: str, carries: str) -> TopicEntry:
    return TopicEntry(topic, Flow.UP, 1, is_retained=False, carries=carries, schema="event.json")


def _retained(topic: str, carries: str, schema: str) -> TopicEntry:
    return TopicEntry(topic, Flow.UP, 1, is_retained=True, carries=carries, schema=schema)
