"""Reads all that a site is made of: its settings, policy, devices, trust and rosters.

Mistakes in what the manager writes (settings, policy, device tables) stop the start, all of them
told at once; mistakes in lists that others deliver (rosters, trust files) are told, and the good
part is used.
"""

import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from config.load import read
from config.problems import Problem
from config.schema import KeyScope, Privacy, Settings
from gatewayd.app.device_tables import device_problems
from gatewayd.app.errors import told_plainly
from gatewayd.app.key_files import read_or_make_privacy_key, read_secret
from gatewayd.app.policy_files import PolicyFiles, document_name, read_policy_files
from gatewayd.app.received_documents import Loaded, load_received
from gatewayd.app.trust_directory import TrustFolder, read_trust
from gatewayd.core.documents import DocumentKind, Office
from gatewayd.core.policy import Policy
from gatewayd.core.policy_advice import advise
from gatewayd.core.pseudonym import KEY_SIZE, Pseudonyms
from gatewayd.core.received import Received, policy_layers, rosters, trusted
from gatewayd.core.roster import Roster, parse_roster
from gatewayd.core.trust import Trust
from gatewayd.core.trust_documents import combine
from gatewayd.mqtt.topics import SitePath
from gatewayd.runtime.asked import Knowledge
from gatewayd.runtime.clock import SystemClock
from gatewayd.store.received import Shelves

ROSTER_SIZE_MAX = 64 * 1024 * 1024  # Bytes: as many rows as a roster may have, with long notes.


@dataclass(frozen=True, slots=True)
class Rules:
    """Settings and policy, both without mistakes; `policy` is that of the files alone."""

    settings: Settings
    files: PolicyFiles
    policy: Policy

    @property
    def site_path(self) -> SitePath:
        site = self.settings.site
        return SitePath(site.region, site.organisation, site.id)


@dataclass(frozen=True, slots=True)
class Base:
    """What a site knows by itself, to be put together with what the centre sends."""

    files: PolicyFiles
    folder: TrustFolder
    rosters: tuple[Roster, ...]
    pseudonyms: Pseudonyms
    office: Office

    def know(self, received: Received) -> Knowledge | list[Problem]:
        """Return what decisions are made from; what is wrong where the layers contradict."""
        policy, problems = self.files.lay(
            policy_layers(received, self.office.site, self.files.zone)
        )
        return problems or self.know_with(policy, received)

    def know_with(self, policy: Policy, received: Received) -> Knowledge:
        documents = [*(file.document for file in self.folder.files), *trusted(received)]
        listed = (*self.rosters, *rosters(received, self.office))
        return Knowledge(policy, combine(documents), listed, self.pseudonyms)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What others deliver, with a sentence for each part of it that is not used."""

    knowledge: Knowledge
    problems: tuple[str, ...]
    base: Base
    loaded: Loaded
    shelves: Shelves
    """From which it was loaded."""


def read_rules(path: Path) -> Rules:
    """Read the settings file. Raises SettingsError with every mistake in it."""
    reading = read(path)
    settings = reading.settings
    files, problems = read_policy_files(settings)
    policy = Policy(files.zone)
    if not problems:
        policy, problems = files.lay()
    return Rules(reading.accept([*problems, *device_problems(settings)]), files, policy)


def read_delivered(rules: Rules, *, makes_key: bool) -> Delivered:
    """Read the privacy key, the trust folder, the rosters, and what the centre sent.

    makes_key: a missing privacy key is made; else a key that nobody keeps stands in for it. Raises
    KeyFileError where the key cannot be used: under another one everybody would be a stranger.
    """
    pseudonyms = Pseudonyms(_privacy_key(rules.settings.privacy, makes_key=makes_key))
    base, problems = read_base(rules, pseudonyms)
    shelves = Shelves(rules.settings.storage.directory)
    loaded = load_received(shelves, base.office, DocumentKind)
    policy, received, told = _lay_what_fits(rules, loaded.received)
    found = replace(loaded, received=received)
    knowledge = base.know_with(policy, received)
    return Delivered(knowledge, (*problems, *loaded.problems, *told), base, found, shelves)


def read_base(rules: Rules, pseudonyms: Pseudonyms) -> tuple[Base, tuple[str, ...]]:
    """Read what stands at the site, with a sentence for each part of it that is not used."""
    settings = rules.settings
    folder = read_trust(settings.trust.directory)
    problems = list(folder.problems)
    listed_here: list[Roster] = []
    for listed in settings.rosters:
        try:
            with listed.file.open("rb") as file:
                data = file.read(ROSTER_SIZE_MAX)
                issued_at = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
        except OSError as error:
            problems.append(f"{listed.file}: cannot be read: {error.strerror}")
            continue
        roster, rows = parse_roster(listed.name, data, rules.policy.zone, pseudonyms)
        problems += [f"{listed.file}:{row.row}: {row.what}" for row in rows]
        listed_here.append(replace(roster, issued_at=issued_at))
    office = _office(rules, folder.trust, pseudonyms)
    return Base(rules.files, folder, tuple(listed_here), pseudonyms, office), tuple(problems)


def policy_here(rules: Rules) -> Policy:
    """Return the policy of a site with what the centre sent there."""
    office = _office(rules, read_trust(rules.settings.trust.directory).trust, None)
    shelves = Shelves(rules.settings.storage.directory)
    received = load_received(shelves, office, [DocumentKind.POLICY]).received
    return _lay_what_fits(rules, received)[0]


def _lay_what_fits(rules: Rules, received: Received) -> tuple[Policy, Received, tuple[str, ...]]:
    """Lay the policy together without the documents that contradict the files of today.

    The gate opens by what is left; a sentence for each mistake.
    """
    told: list[str] = []
    while True:
        laid = policy_layers(received, str(rules.site_path), rules.files.zone)
        policy, problems = rules.files.lay(laid)
        if not problems:
            return policy, received, tuple(told)
        assert laid, "the files alone have no mistakes"
        told += [f"{problem}; it is left out" for problem in problems]
        named = {problem.file for problem in problems}
        wrong = [one.slot for one in laid if document_name(one.layer) in named]
        received = received.without(frozenset(wrong or [one.slot for one in laid]))


def _office(rules: Rules, trust: Trust, pseudonyms: Pseudonyms | None) -> Office:
    is_shared = rules.settings.privacy.key_scope is KeyScope.REGION
    key_id = pseudonyms.key_id if is_shared and pseudonyms is not None else None
    return Office(str(rules.site_path), rules.files.zone, trust, key_id)


def _privacy_key(privacy: Privacy, *, makes_key: bool) -> bytes:
    if privacy.key_scope is KeyScope.REGION:
        return read_secret(privacy.key_file, KEY_SIZE)  # One made here would be another's.
    has_key = makes_key or privacy.key_file.exists()
    return read_or_make_privacy_key(privacy.key_file) if has_key else bytes(KEY_SIZE)


def advice(rules: Rules) -> list[str]:
    """Return what works as it stands and is likely to be regretted, a sentence each."""
    told = [f"[policy]: warning: {one}" for one in advise(rules.policy, SystemClock().utc())]
    return [*map(str, rules.settings.advice), *told]


def site_path(path: Path) -> SitePath:
    with told_plainly():
        return read_rules(path).site_path
