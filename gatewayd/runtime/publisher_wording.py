"""The messages of the publisher: topic, body, and the settings of MQTT that go with them."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from gatewayd.core.events import Event, EventClass, event_class
from gatewayd.core.sync_figures import SyncFigures
from gatewayd.mqtt import payloads, topics
from gatewayd.mqtt.payloads import Offline, PublishStatus
from gatewayd.mqtt.topics import SitePath
from gatewayd.ports import Clock, Message
from gatewayd.runtime.inbox import Reply
from gatewayd.runtime.questions import Question

HEALTH_EXPIRY_S = 120  # Figures older than the next but one say nothing.


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherSettings:
    site: SitePath
    run: str
    """Names this process run."""
    version: str
    registration_id: str = ""
    publish_status: PublishStatus = PublishStatus.STATUS
    backfill_per_s: float = 1000.0
    """Events a second: a day of the busiest gate in a minute."""
    outbox_s_max: float = 90 * 24 * 3600.0
    """Events that have waited for so long are given up."""
    outbox_count_max: int = 5_000_000
    """So many find room on the disk; more push out the oldest."""


def hours_left(settings: PublisherSettings, depth: int, oldest_s: float | None) -> float | None:
    """Estimate when the oldest event that waits is lost if nothing changes; None: nothing waits.

    The rate of new events is taken to be what it was since the oldest of them.
    """
    if oldest_s is None or depth == 0:
        return None
    left_s = settings.outbox_s_max - oldest_s
    if oldest_s > 0:
        left_s = min(left_s, (settings.outbox_count_max - depth) * oldest_s / depth)
    return max(0.0, left_s / 3600)


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


def reply_message(settings: PublisherSettings, reply: Reply, clock: Clock) -> Message:
    return Message(
        topics.reply(settings.site),
        payloads.reply(reply.id, reply.result, clock.utc(), text=reply.text, detail=reply.detail),
        content_type=payloads.STATE_CONTENT_TYPE,
    )


def check_message(site: SitePath, question: Question) -> Message:
    return Message(
        topics.check(site),
        payloads.check(question.id, question.holder, question.lane, question.at, question.wait_ms),
        content_type=payloads.STATE_CONTENT_TYPE,
        expiry_s=ceil(question.wait_ms / 1000),
    )


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
