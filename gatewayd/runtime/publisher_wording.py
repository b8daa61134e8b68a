"""The messages of the publisher: topic, body, and the settings of MQTT that go with them."""

from collections.abc import Callable
from dataclasses import dataclass

from gatewayd.core.events import Event, EventClass, event_class
from gatewayd.mqtt import payloads, topics
from gatewayd.mqtt.payloads import Offline, PublishStatus, SyncFigures
from gatewayd.mqtt.topics import SitePath
from gatewayd.ports import Clock, Message

HEALTH_EXPIRY_S = 120  # Figures older than the next but one say nothing.


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherSettings:
    site: SitePath
    run: str
    """Names this process run."""
    version: str
    publish_status: PublishStatus = PublishStatus.STATUS
    backfill_per_s: float = 1000.0
    """Events a second: a day of the busiest gate in a minute."""


def event_message(
    settings: PublisherSettings, topic_of: Callable[[SitePath, EventClass], str], event: Event
) -> Message:
    return Message(
        topic_of(settings.site, event_class(event.fact)),
        payloads.event(event, settings.site, settings.publish_status),
        content_type=payloads.EVENT_CONTENT_TYPE,
    )


def state_message(topic: str, payload: bytes) -> Message:
    return Message(topic, payload, is_retained=True, content_type=payloads.STATE_CONTENT_TYPE)


def offline_message(settings: PublisherSettings, reason: Offline) -> Message:
    return state_message(topics.state(settings.site), payloads.offline(settings.run, reason))


def health_message(
    settings: PublisherSettings, figures: SyncFigures, uptime_s: float, clock: Clock
) -> Message:
    return Message(
        topics.health(settings.site),
        payloads.health(
            figures, run=settings.run, uptime_s=uptime_s, clock=clock.quality(), at=clock.utc()
        ),
        qos=0,
        content_type=payloads.STATE_CONTENT_TYPE,
        expiry_s=HEALTH_EXPIRY_S,
    )
