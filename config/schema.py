"""What the settings file says, as types.

Every file and directory is a path from the root: relative ones start at the folder of the settings
file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from config.problems import Advice, KeyPath, Where


class Locale(StrEnum):
    """The language of texts for people."""

    INDONESIAN = "id"
    ENGLISH = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    region: str
    organisation: str
    id: str
    name: str
    """For people; the id where the file gives none."""
    timezone: str
    """A name of the IANA database that this machine knows."""
    locale: Locale
    registration_id: str
    """What the authority calls the site; may be empty."""
    contact: str
    """The person in charge; may be empty."""

    @property
    def path(self) -> str:
        """Return the site's place in topics, certificates and client ids; at most 64 characters."""
        return f"{self.region}/{self.organisation}/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    directory: Path
    retention_days: int
    outbox_days_max: int
    """How long events without a receipt are kept; then their loss is told."""
    journal_mib_max: int


class OnDiskRefusal(StrEnum):
    """What an entry scan gets while the verdict cannot be recorded."""

    REFUSE = "refuse"
    REFER = "refer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    commit_deadline_ms: int
    when_disk_refuses: OnDiskRefusal


class PublishStatus(StrEnum):
    """How much of what a verdict says of somebody's health leaves the building."""

    STATUS = "status"
    OUTCOME = "outcome"
    NONE = "none"


class KeyScope(StrEnum):
    """Who has the key of the pseudonyms besides the gateway."""

    SITE = "site"
    """Nobody: the gateway makes it."""
    REGION = "region"
    """The centre and the other sites: a person has one pseudonym in all of the region."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Privacy:
    key_file: Path
    """The key of the pseudonyms; one of the scope of a site is made at first start."""
    key_scope: KeyScope
    publish_status: PublishStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    directory: Path


class Protocol(StrEnum):
    """`AUTO` tries MQTT 5 and falls back to 3.1.1."""

    AUTO = "auto"
    V5 = "5"
    V311 = "3.1.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    host: str
    port: int
    is_tls: bool
    protocol: Protocol
    ca_file: Path | None
    """None with TLS: the authorities that the operating system trusts."""
    certificate_file: Path | None
    """With `key_file`, or both None."""
    key_file: Path | None
    username: str | None
    password_file: Path | None
    """Only with `username`."""


@dataclass(frozen=True, slots=True)
class EmbeddedBroker:
    """The gateway starts a broker of its own on loopback."""


DeviceBroker = Broker | EmbeddedBroker


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """certificate_file, key_file: both, or None; then one is made where the network can come in.

    names: by which people call this machine, besides its own and its addresses. check_in_address:
    what the codes on the lanes' displays begin with; None shows none. show_category: bystanders may
    read on the officer's screen what somebody is here as.
    """

    host: str
    port: int
    certificate_file: Path | None = None
    key_file: Path | None = None
    names: tuple[str, ...] = ()
    check_in_address: str | None = None
    show_category: bool = False

    @property
    def is_tls(self) -> bool:
        """Whether pages are encrypted: always, but for what does not leave the machine."""
        is_local = self.host in ("localhost", "::1") or self.host.startswith("127.")
        return self.certificate_file is not None or not is_local


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverTable:
    """A device: the name of its driver, and the keys that only the driver knows and checks.

    Keys named `..._file` are already paths from the root, not looked at. Report on a key with
    `settings.where.problem((*table.path, key), ...)`.
    """

    driver: str
    values: Mapping[str, object]
    path: KeyPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    id: str
    entry_reader: DriverTable | None
    exit_reader: DriverTable | None
    turnstile: DriverTable
    interlock: str | None
    """The id of the lane that is never open for an entry together with this one."""
    area: str | None
    """The inner area that it leads to; None: it is a lane of the gate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    name: str
    file: Path
    """It need not be there: a gate starts without it."""


class ContactState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneInput:
    """An input of a lane's turnstile."""

    lane: str
    input: int
    """Counted from 1."""


Contact = LaneInput | DriverTable
"""Where a contact is wired: to a turnstile that is there anyway, or to a sensor of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A door that must stay shut, watched by a contact."""

    id: str
    name: str
    contact: Contact
    normally: ContactState
    """The state of the contact while the door is shut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FireInput:
    """A contact of the fire panel, closed while there is no fire."""

    id: str
    contact: Contact


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistButton:
    """A button that calls the officer to a lane; its contact is closed while it is pressed."""

    id: str
    lane: str
    contact: Contact


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    site: Site
    storage: Storage
    journal: Journal
    privacy: Privacy
    trust: Trust
    broker: Broker | None
    """None: the gateway works by itself and publishes nothing."""
    home_assistant: str | None
    """The first part of the topics at that broker where Home Assistant looks for devices."""
    device_broker: DeviceBroker | None
    desk: Desk | None
    desk_reader: DriverTable | None
    """The hand scanner at the officer's desk, for any lane."""
    lanes: tuple[Lane, ...]
    """At least one."""
    rosters: tuple[Roster, ...]
    doors: tuple[Door, ...]
    fire_inputs: tuple[FireInput, ...]
    """Besides those of the turnstiles."""
    assist_buttons: tuple[AssistButton, ...]
    profile: str | None
    """The name of the profile that `policy` begins with."""
    policy: Mapping[str, object]
    """The profile with the site's own [policy] over it, not looked into; empty where there is none.

    Report on a key with `where.problem(("policy", key), ...)`.
    """
    where: Where
    advice: tuple[Advice, ...]

    @property
    def watched(self) -> "tuple[Door | FireInput | AssistButton, ...]":
        """Return all that has a contact of its own."""
        return (*self.doors, *self.fire_inputs, *self.assist_buttons)
