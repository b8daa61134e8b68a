"""What the host's side of the MQTT binding tells about its controller, and what it publishes."""

from dataclasses import dataclass

from firmware_protocol.mqtt_messages import Publication
from firmware_protocol.mqtt_seal import Refused
from firmware_protocol.reports import (
    Answered,
    Connected,
    EntriesLost,
    LogEnd,
    Logged,
    NeverSent,
    StateSeen,
    Unanswered,
)


@dataclass(frozen=True, slots=True)
class Unlinked:
    """Once per outage, with a sentence for people. What is under way is still answered."""

    reason: str


Report = (
    Connected
    | Unlinked
    | Answered
    | Unanswered
    | NeverSent
    | Logged
    | EntriesLost
    | LogEnd
    | StateSeen
    | Refused
)


@dataclass(frozen=True, slots=True)
class Output:
    """What to publish, and what to tell, each in its order."""

    publications: tuple[Publication, ...]
    reports: tuple[Report, ...]
