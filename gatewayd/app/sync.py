"""Connects the gateway with brokers: the centre's, and the one of the site's turnstiles."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Never

from config.schema import Broker, EmbeddedBroker, Settings
from gatewayd import __version__
from gatewayd.app.chance import SystemChance
from gatewayd.app.errors import MISUSE, EarlyEnd
from gatewayd.app.opened import Opened
from gatewayd.core.backoff import Backoff
from gatewayd.core.events import Event
from gatewayd.core.lane import rest_state
from gatewayd.core.lane_terms import Lane
from gatewayd.core.occupancy import limits
from gatewayd.core.orders import Judge
from gatewayd.core.words import DoorId, LaneId
from gatewayd.mqtt import payloads, topics
from gatewayd.mqtt.account import Account, Protocol, Tls
from gatewayd.mqtt.broker import AiomqttBroker
from gatewayd.mqtt.device_messages import DeviceMessages
from gatewayd.mqtt.embedded import embedded_broker
from gatewayd.mqtt.home_assistant import HomeAssistant, announcements
from gatewayd.mqtt.payloads import AsOf, PublishStatus
from gatewayd.mqtt.topics import SitePath
from gatewayd.ports import Blocking, Chance, Clock, Journal
from gatewayd.ports import Broker as BrokerPort
from gatewayd.runtime import receipts_watch
from gatewayd.runtime.alarms import Alarms
from gatewayd.runtime.doors import DoorShell
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.lane import LaneShell
from gatewayd.runtime.library import Library
from gatewayd.runtime.nonces import Nonces
from gatewayd.runtime.publisher import Outside, Publisher
from gatewayd.runtime.publisher_earlier import EarlierEpochs
from gatewayd.runtime.publisher_receipts import CentreReceipts
from gatewayd.runtime.publisher_wording import PublisherSettings
from gatewayd.runtime.quarantine import Quarantine

ALARM = "centre_unreachable"
LAST_WORDS_S = 1.0  # For the last events to reach the broker; the whole end takes at most 2 s.
LOOK_S = 0.02
EVENT_SIZE = 800  # Bytes on the disk: 516 measured for verdicts and passages; audits are longer.
PASSWORD_SIZE_MAX = 1000
EMBEDDED_AT = ("127.0.0.1", 1884)
DEVICE_RETRY_S, DEVICE_RETRY_S_MAX = 0.2, 5.0  # In the same building, with people waiting.


class Sync:
    """What the gateway shows at the centre, kept up to date."""

    def __init__(
        self,
        publisher: Publisher,
        site: SitePath,
        gate: Gate,
        nonces: Nonces,
        clock: Clock,
        journal: Journal,
    ) -> None:
        self.publisher = publisher
        self.home: HomeAssistant | None = None
        """Whom the gate is announced to, by `show`."""
        self.site = site
        self.nonces = nonces
        self._clock = clock
        self._journal = journal
        self._gate = gate
        self._counted = self._count()
        self._policy = gate.policy
        self._mode = self._policy.mode_at(clock.utc())
        self._lanes: dict[LaneId, LaneShell] = {}
        self._shown: dict[LaneId, Lane] = {}
        self._looked_at: dict[LaneId, Lane] = {}
        self._is_looking = False

    def show(self, lanes: Mapping[LaneId, LaneShell], doors: Mapping[DoorId, DoorShell]) -> None:
        """Show the count of people, the lanes and the doors, from now on."""
        self._lanes.update(lanes)
        self.publisher.show(topics.occupancy(self.site), self._show_count)
        for lane in lanes:
            self.publisher.show(topics.lane(self.site, lane), partial(self._show_lane, lane))
        for door, shell in doors.items():
            topic = topics.door(self.site, door)
            self.publisher.show(topic, partial(self._show_door, shell))
            shell.changed = partial(self.publisher.changed, topic)
        if self.home is not None:
            names = {door: shell.name for door, shell in doors.items()}
            for topic, payload in announcements(self.home, self.site, list(lanes), names):
                self.publisher.show(topic, partial(bytes, payload))

    def judge(self) -> Judge:
        return judge_of(self._gate, self.site)

    def committed(self, events: Sequence[Event]) -> None:
        self.publisher.committed(events)
        counted = self._count()
        if counted != self._counted:
            self._counted = counted
            self.publisher.changed(topics.occupancy(self.site))

    def _count(self) -> list[tuple[Mapping[str, int], int]]:
        places = [self._gate.occupancy(area) for area in (None, *self._gate.area_names)]
        return [(one.by_category, one.uncertain) for one in places]

    def changed(self) -> None:
        """Have a look at the lanes and the rules as soon as the gate has done what it is at."""
        if not self._is_looking:
            self._is_looking = True
            asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        """Show anew what lanes can do and rules are in force; who is being served is not shown."""
        self._is_looking = False
        policy = self._gate.policy
        mode = policy.mode_at(self._clock.utc())
        if policy is not self._policy or mode is not self._mode:
            self._policy, self._mode = policy, mode
            self.publisher.changed(topics.state(self.site))
            self.publisher.changed(topics.occupancy(self.site))
        for lane, shell in self._lanes.items():
            if shell.state is self._looked_at.get(lane):
                continue  # Any step of any lane leads here, and the rest costs 20 us for each lane.
            self._looked_at[lane] = shell.state
            rest = rest_state(shell.state)
            condition = replace(shell.state, state=rest, waiting=(), is_held=False)
            if self._shown.get(lane) != condition:
                self._shown[lane] = condition
                self.publisher.changed(topics.lane(self.site, lane))

    async def last_words(self) -> None:
        """Wait until everything recorded has its receipt, for as long as the end allows."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_S):
                while self._is_telling():  # noqa: ASYNC110 - a second at the most, once in a run
                    await asyncio.sleep(LOOK_S)

    def _is_telling(self) -> bool:
        figures = self.publisher.figures()
        return figures.connected_s is not None and figures.depth > 0

    def _show_count(self) -> bytes:
        areas = {name: self._counted_in(name) for name in self._gate.area_names}
        return payloads.occupancy(self._counted_in(None), areas, self._as_of())

    def _counted_in(self, area: str | None) -> payloads.Counted:
        return self._gate.occupancy(area), limits(self._gate.policy.of_area(area))

    def _show_lane(self, lane: LaneId) -> bytes:
        return payloads.lane(lane, self._lanes[lane].state, self._as_of())

    def _show_door(self, shell: DoorShell) -> bytes:
        return payloads.door(shell.id, shell.name, shell.state, self._as_of())

    def _as_of(self) -> AsOf:
        return AsOf(self._journal.epoch, self._journal.head(), self._clock.utc())


@dataclass(frozen=True, slots=True)
class Line:
    """What the centre is reached through."""

    broker: BrokerPort
    blocking: Blocking
    chance: Chance


def line_of(settings: Settings, blocking: Blocking) -> Line | None:
    """Return the line to the centre; None where the settings name none. Raises EarlyEnd."""
    if settings.broker is None:
        return None
    account = account_of(settings.broker, client_id=settings.site.path)
    return Line(AiomqttBroker(account, blocking), blocking, SystemChance())


def build_sync(
    settings: Settings,
    opened: Opened,
    line: Line | None,
    library: Library,
    alarms: Alarms,
    quarantine: Quarantine,
) -> Sync | None:
    """Build what tells the centre and hears it; None where there is no line to one."""
    if line is None:
        for alarm in (ALARM, receipts_watch.ALARM):
            alarms.clear(alarm, "gateway")  # Of a run that was still to reach one.
        return None
    site = SitePath(settings.site.region, settings.site.organisation, settings.site.id)
    clock, journal, gate = opened.clock, opened.journal, library.gate
    words = PublisherSettings(
        site=site,
        run=opened.run,
        version=__version__,
        registration_id=settings.site.registration_id,
        publish_status=PublishStatus(settings.privacy.publish_status),
        outbox_s_max=settings.storage.outbox_days_max * 24 * 3600.0,
        outbox_count_max=(settings.storage.journal_mib_max << 20) // EVENT_SIZE,
    )

    def on_link(loss: str | None) -> None:
        if loss is None:
            alarms.clear(ALARM, "gateway")
        else:
            alarms.raise_(ALARM, "gateway", {"reason": loss})

    nonces = Nonces(clock, line.chance)
    receipts = CentreReceipts(site, partial(judge_of, gate, site), journal, clock)
    publisher = Publisher(
        words,
        Outside(
            journal=journal,
            blocking=line.blocking,
            broker=line.broker,
            clock=clock,
            chance=line.chance,
            quarantine=quarantine,
            receipts=receipts,
            nonces=nonces,
            documents=library.documents,
            mode=lambda: gate.policy.mode_at(clock.utc()),
        ),
        policy=lambda: gate.policy.versions,
        on_link=on_link,
        earlier=EarlierEpochs(opened.journal.earlier(), line.blocking, opened.journal.find),
    )
    sync = Sync(publisher, site, gate, nonces, clock, journal)
    if settings.home_assistant is not None:
        sync.home = HomeAssistant(settings.home_assistant, settings.site.name, __version__)
    return sync


def judge_of(gate: Gate, site: SitePath) -> Judge:
    """Return what messages are held against now: the trust may be swapped at any time."""
    return Judge(str(site), gate.knowledge.trust)


def build_device_messages(settings: Settings, blocking: Blocking) -> DeviceMessages | None:
    """Build the connection to the turnstiles' broker; None where the settings name none."""
    client_id = device_client_id(settings)
    match settings.device_broker:
        case None:
            return None
        case Broker() as broker:
            account = account_of(broker, client_id)
        case EmbeddedBroker():
            host, port = EMBEDDED_AT
            account = Account(host=host, port=port, client_id=client_id, protocol=Protocol.V311)
    backoff = Backoff(DEVICE_RETRY_S, DEVICE_RETRY_S_MAX, SystemChance().fraction)
    return DeviceMessages(AiomqttBroker(account, blocking), backoff)


def device_client_id(settings: Settings) -> str:
    return f"{settings.site.id}-gateway"


async def run_embedded_broker() -> Never:
    """Be the turnstiles' broker, for as long as the gateway runs; only this machine reaches it."""
    async with embedded_broker(*EMBEDDED_AT):
        await asyncio.Event().wait()
    raise AssertionError("it is left when cancelled")


def account_of(broker: Broker, client_id: str) -> Account:
    """Return who the gateway is to a broker. Raises EarlyEnd where the password cannot be read."""
    tls = Tls(
        ca_file=broker.ca_file,
        certificate_file=broker.certificate_file,
        key_file=broker.key_file,
    )
    return Account(
        host=broker.host,
        port=broker.port,
        client_id=client_id,
        protocol=Protocol(broker.protocol),
        username=broker.username,
        password=None if broker.password_file is None else _read_password(broker.password_file),
        tls=tls if broker.is_tls else None,
    )


def _read_password(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(PASSWORD_SIZE_MAX).strip("\r\n")
    except (OSError, ValueError) as error:
        raise EarlyEnd(f"{path}: the password cannot be read: {error}", MISUSE) from error
