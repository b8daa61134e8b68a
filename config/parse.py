"""Turns a settings document into `Settings`, together with the list of all its mistakes.

The document has the defaults and the policy profile already under it; see `config.load`. One file,
though it is long: whoever adds a setting finds here how all the others are read.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from config.crosschecks import check_across
from config.fields import Notes, Surroundings, Table, nearest, one_of
from config.problems import Problem, SettingsError, Where
from config.schema import (
    AssistButton,
    Broker,
    Contact,
    ContactState,
    Desk,
    DeviceBroker,
    Door,
    DriverTable,
    EmbeddedBroker,
    FireInput,
    Journal,
    KeyScope,
    Lane,
    LaneInput,
    Locale,
    OnDiskRefusal,
    Privacy,
    Protocol,
    PublishStatus,
    Roster,
    Settings,
    Site,
    Storage,
    Trust,
)

SITE_PATH_CHARACTERS_MAX = 64  # what a certificate's common name holds (X.520 ub-common-name)
RESERVED_NAMES = ("policy", "roster", "trust")  # they stand beside the names in topics
INPUT_MAX = 32  # what a controller can tell of (firmware_protocol/PROTOCOL.md, STATE)
SECRET_FILES = ("key_file", "password_file")

_HOST = r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]"
_BROKER_URL = re.compile(rf"(mqtts?)://({_HOST})(?::([0-9]{{1,5}}))?/?")
_CODE_ADDRESS = re.compile(r"[!->@-~]{1,200}[:/#]")
"""Plain characters without a question mark: behind that stands what changes."""
_LISTEN = re.compile(rf"({_HOST}):([0-9]{{1,5}})")
_PORT_MAX = 65_535
_HOST_NAME = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_HOST_CHARACTERS_MAX = 253  # RFC 1035


@dataclass(frozen=True, slots=True)
class Reading:
    """What a document says, before it is known to be good.

    Where there are problems, `settings` is only fit for finding more of them: names that are wrong
    or missing are empty. `policy`, and the tables of drivers, stand there as they were written.
    """

    settings: Settings
    problems: tuple[Problem, ...]

    def accept(self, more: Iterable[Problem] = ()) -> Settings:
        """Return good settings; raises SettingsError with all problems, `more` among them.

        They come in the order of lines, those of the settings file itself first.
        """
        file = self.settings.where.file
        problems = (*self.problems, *more)
        if problems:
            raise SettingsError(sorted(problems, key=lambda one: (one.file != file, one.line)))
        return self.settings


def parse(document: Mapping[str, object], where: Where, around: Surroundings) -> Reading:
    notes = Notes(where)
    settings = _settings(Table(document, (), notes, around))
    check_across(settings, notes)
    return Reading(replace(settings, advice=tuple(notes.advice)), tuple(notes.problems))


def _settings(root: Table) -> Settings:
    profile, policy = _policy(root.table("policy"))
    storage = _storage(root.table("storage"))
    settings = Settings(
        site=_site(root.table("site")),
        storage=storage,
        journal=_journal(root.table("journal")),
        privacy=_privacy(root.table("privacy"), storage),
        trust=_trust(root.table("trust")),
        broker=_broker(root.table("broker")) if root.has("broker") else None,
        home_assistant=_home_assistant(root) if root.has("home_assistant") else None,
        device_broker=_device_broker(root) if root.has("device_broker") else None,
        desk=_desk(root.table("desk")) if root.has("desk") else None,
        desk_reader=_driver(root.table("desk_reader")) if root.has("desk_reader") else None,
        lanes=tuple(_lane(table) for table in root.tables("lanes")),
        rosters=tuple(_roster(table) for table in root.tables("rosters")),
        doors=tuple(_door(table) for table in root.tables("doors")),
        fire_inputs=tuple(_fire_input(table) for table in root.tables("fire_inputs")),
        assist_buttons=tuple(_assist_button(table) for table in root.tables("assist_buttons")),
        profile=profile,
        policy=policy,
        where=root.notes.where,
        advice=(),
    )
    if root.values.get("lanes", []) == []:
        root.notes.mistake(("lanes",), "at least one section [[lanes]]", "none")
    root.refuse("gates", "one gate that all lanes belong to", "write each turnstile as [[lanes]]")
    root.close()
    return settings


# --- one function per section -------------------------------------------------------------------


def _site(table: Table) -> Site:
    site_id = _site_name(table, "id")
    site = Site(
        region=_site_name(table, "region"),
        organisation=_site_name(table, "organisation"),
        id=site_id,
        name=table.text("name") or site_id,
        timezone=_timezone(table),
        locale=table.choice("locale", Locale),
        registration_id=table.text("registration_id"),
        contact=table.text("contact"),
    )
    table.close()
    if len(site.path) > SITE_PATH_CHARACTERS_MAX:
        expected = f"region/organisation/id in at most {SITE_PATH_CHARACTERS_MAX} characters"
        table.notes.mistake((*table.path, "id"), expected, f"{len(site.path)} characters")
    return site


def _site_name(table: Table, key: str) -> str:
    name = table.name(key)
    if name in RESERVED_NAMES:
        table.mistake(key, f"a name other than {', '.join(RESERVED_NAMES)}")
    return name


def _timezone(table: Table) -> str:
    zones = table.around.zones
    expected = "a time zone such as Asia/Jakarta or Asia/Makassar"
    return table.text("timezone", expected, zones.__contains__, partial(nearest, words=zones))


def _storage(table: Table) -> Storage:
    storage = Storage(
        directory=table.place("directory"),
        retention_days=table.number("retention_days", 1, 3650, "days"),
        outbox_days_max=table.number("outbox_days_max", 1, 3650, "days"),
        journal_mib_max=table.number("journal_mib_max", 16, 1_048_576, "MiB"),
    )
    table.close()
    return storage


def _journal(table: Table) -> Journal:
    journal = Journal(
        commit_deadline_ms=table.number("commit_deadline_ms", 100, 5000, "milliseconds"),
        when_disk_refuses=table.choice("when_disk_refuses", OnDiskRefusal),
    )
    table.close()
    return journal


def _privacy(table: Table, storage: Storage) -> Privacy:
    scope = table.choice("key_scope", KeyScope)
    privacy = Privacy(
        key_file=_privacy_key_file(table, storage, scope),
        key_scope=scope,
        publish_status=table.choice("publish_status", PublishStatus),
    )
    table.close()
    return privacy


def _privacy_key_file(table: Table, storage: Storage, scope: KeyScope) -> Path:
    """Read where the key is: one for this site alone need not be there, the daemon makes it."""
    is_given = table.has("key_file")
    if scope is KeyScope.REGION and not is_given:
        hint = "the centre makes it, for all sites of the region"
        table.mistake("key_file", 'the file of the region\'s key, with key_scope "region"', hint)
    if not is_given:
        return storage.directory / "privacy.key"
    is_shared = scope is KeyScope.REGION
    return table.file("key_file", is_secret=True) if is_shared else table.place("key_file")


def _trust(table: Table) -> Trust:
    trust = Trust(directory=table.place("directory"))
    table.close()
    return trust


def _broker(table: Table) -> Broker:
    is_tls, host, port = _broker_url(table)
    broker = Broker(
        host=host,
        port=port,
        is_tls=is_tls,
        protocol=table.choice("protocol", Protocol),
        ca_file=_optional_file(table, "ca_file"),
        certificate_file=_optional_file(table, "certificate_file"),
        key_file=_optional_file(table, "key_file"),
        username=table.text("username") if table.has("username") else None,
        password_file=_optional_file(table, "password_file"),
    )
    table.close()
    _check_broker(broker, table)
    return broker


def _broker_url(table: Table) -> tuple[bool, str, int]:
    """Return (is TLS, host, port). A URL with a user in it may hold a password: it is not shown."""
    expected = "mqtt://host:port or mqtts://host:port"
    if "@" in str(table.values.get("url")):
        table.has("url")
        hint = "a user is written as username and password_file"
        table.notes.mistake((*table.path, "url"), expected, "something with @", hint)
        return True, "", 0
    found = _BROKER_URL.fullmatch(table.text("url", expected, _is_broker_url))
    scheme, host, port = found.groups() if found else ("mqtts", "", "0")
    is_tls = scheme == "mqtts"
    return is_tls, host.strip("[]"), int(port or (8883 if is_tls else 1883))


def _is_broker_url(url: str) -> bool:
    found = _BROKER_URL.fullmatch(url)
    return found is not None and (found[3] is None or 0 < int(found[3]) <= _PORT_MAX)


def _check_broker(broker: Broker, table: Table) -> None:
    _check_certificate(broker, table)
    if broker.password_file and broker.username is None:
        table.mistake("username", "the user of password_file")
    if broker.is_tls:
        return
    for key in ("ca_file", "certificate_file", "key_file"):
        if key in table.values:
            hint = "TLS needs mqtts:// in the url"
            table.mistake(key, "no such key beside mqtt://", hint)
    if broker.password_file and not _is_local(broker):
        text = "the password goes over the network unprotected; use mqtts://"
        table.notes.advise((*table.path, "url"), text)


def _is_local(broker: Broker) -> bool:
    return broker.host in ("localhost", "::1") or broker.host.startswith("127.")


def _home_assistant(root: Table) -> str:
    table = root.table("home_assistant")
    expected = "1 to 64 characters of A-Z, a-z, 0-9 and _ - /"
    prefix = table.text("prefix", expected, _is_prefix)
    table.close()
    if not root.has("broker"):
        table.mistake("prefix", "a [broker], which Home Assistant listens to")
    return prefix


def _is_prefix(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_/-]{0,63}", text) is not None


def _device_broker(root: Table) -> DeviceBroker:
    table = root.table("device_broker")
    is_insecure = table.flag("insecure")
    if table.values.get("url") == "embedded":
        table.has("url")
        table.has("protocol")
        table.close()
        return EmbeddedBroker()
    broker = _broker(table)
    is_anonymous = broker.username is None and broker.certificate_file is None
    if broker.host and is_anonymous and not _is_local(broker) and not is_insecure:
        hint = (
            "whoever is in its network could switch a relay there: give the gateway and each "
            "device an account of their own, or write insecure = true"
        )
        table.mistake("username", "one, or certificate_file, for a broker on another machine", hint)
    return broker


def _desk(table: Table) -> Desk:
    found = _LISTEN.fullmatch(table.text("listen", "an address such as 127.0.0.1:8080", _is_listen))
    begins = "what codes for phones begin with, such as onegate: or https://a.go.id/"
    key = "check_in_address"
    address = table.text(key, begins, _is_code_address) if table.has(key) else None
    host, port = found.groups() if found else ("", "0")
    desk = Desk(
        host=host.strip("[]"),
        port=int(port),
        certificate_file=_optional_file(table, "certificate_file"),
        key_file=_optional_file(table, "key_file"),
        names=table.texts("names", "names such as gate.dukcapil.go.id", _is_host_name),
        check_in_address=address,
        show_category=table.flag("show_category"),
    )
    table.close()
    _check_certificate(desk, table)
    return desk


def _check_certificate(owner: Broker | Desk, table: Table) -> None:
    if owner.certificate_file and not owner.key_file:
        table.mistake("key_file", "the key of certificate_file")
    if owner.key_file and not owner.certificate_file:
        table.mistake("certificate_file", "the certificate of key_file")


def _is_host_name(text: str) -> bool:
    return len(text) <= _HOST_CHARACTERS_MAX and _HOST_NAME.fullmatch(text) is not None


def _is_code_address(text: str) -> bool:
    return _CODE_ADDRESS.fullmatch(text) is not None


def _is_listen(text: str) -> bool:
    found = _LISTEN.fullmatch(text)
    return found is not None and 0 < int(found[2]) <= _PORT_MAX


def _policy(table: Table) -> tuple[str | None, Mapping[str, object]]:
    policy = {key: value for key, value in table.values.items() if key != "profile"}
    if not table.has("profile"):
        return None, policy
    profiles = table.around.profiles
    hint = partial(nearest, words=profiles)
    return table.text("profile", one_of(profiles), profiles.__contains__, hint), policy


def _lane(table: Table) -> Lane:
    lane = Lane(
        id=table.name("id"),
        entry_reader=_driver(table.table("entry_reader")) if table.has("entry_reader") else None,
        exit_reader=_driver(table.table("exit_reader")) if table.has("exit_reader") else None,
        turnstile=_driver(table.table("turnstile")),
        interlock=table.name("interlock") if table.has("interlock") else None,
        area=table.name("area") if table.has("area") else None,
    )
    table.close()
    return lane


def _driver(table: Table) -> DriverTable:
    driver = table.text("driver")
    values = {key: value for key, value in table.values.items() if key != "driver"}
    for key, value in values.items():
        if key.endswith("_file") and isinstance(value, str) and value:
            values[key] = str(table.around.folder / value)
    return DriverTable(driver=driver, values=values, path=table.path)


def _roster(table: Table) -> Roster:
    # The file is delivered by others: a gate starts without it, and says so.
    roster = Roster(name=table.name("name"), file=table.place("file"))
    table.close()
    return roster


def _door(table: Table) -> Door:
    door = Door(
        id=table.name("id"),
        name=table.text("name"),
        contact=_contact(table),
        normally=table.choice("normally", ContactState),
    )
    for key in ("entry_reader", "exit_reader"):
        table.refuse(key, "a door without a reader", "all lanes belong to the one gate: [[lanes]]")
    table.close()
    return door


def _fire_input(table: Table) -> FireInput:
    fire_input = FireInput(id=table.name("id"), contact=_contact(table))
    hint = "it must be closed while there is no fire, so that a cut wire counts as one"
    table.refuse("normally", "no such key", hint)
    table.close()
    return fire_input


def _assist_button(table: Table) -> AssistButton:
    """Read a button; at a turnstile's input it is the one of that lane, unless it says so."""
    contact = _contact(table)
    if isinstance(contact, LaneInput) and not table.has("lane"):
        lane = contact.lane
    else:
        lane = table.name("lane")
    button = AssistButton(id=table.name("id"), lane=lane, contact=contact)
    hint = "the contact of a help button is closed while it is pressed"
    table.refuse("normally", "no such key", hint)
    table.close()
    return button


def _contact(table: Table) -> Contact:
    if not table.has("sensor"):
        return LaneInput(lane=table.name("turnstile"), input=table.number("input", 1, INPUT_MAX))
    for key in ("turnstile", "input"):
        table.refuse(key, "one place for the contact", "[... .sensor] gives it already")
    return _driver(table.table("sensor"))


def _optional_file(table: Table, key: str) -> Path | None:
    return table.file(key, is_secret=key in SECRET_FILES) if table.has(key) else None
