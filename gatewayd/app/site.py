"""Reads all that a site is made of: its settings, policy, devices, trust and rosters.

Mistakes in what the manager writes (settings, policy, device tables) stop the start, all of them
told at once; mistakes in lists that others deliver (rosters, trust files) are told, and the good
part is used.
"""

from dataclasses import dataclass
from pathlib import Path

from config.load import read
from config.schema import KeyScope, Privacy, Settings
from gatewayd.app.device_tables import device_problems
from gatewayd.app.errors import told_plainly
from gatewayd.app.key_files import read_or_make_privacy_key, read_secret
from gatewayd.app.policy_files import read_policy
from gatewayd.app.trust_directory import read_trust
from gatewayd.core.policy import Policy
from gatewayd.core.policy_advice import advise
from gatewayd.core.pseudonym import KEY_SIZE, Pseudonyms
from gatewayd.core.roster import Roster, parse_roster
from gatewayd.mqtt.topics import SitePath
from gatewayd.runtime.clock import SystemClock
from gatewayd.runtime.gate import Knowledge

ROSTER_SIZE_MAX = 64 * 1024 * 1024  # Bytes: as many rows as a roster may have, with long notes.


@dataclass(frozen=True, slots=True)
class Rules:
    """Settings and policy, both without mistakes."""

    settings: Settings
    policy: Policy

    @property
    def site_path(self) -> SitePath:
        site = self.settings.site
        return SitePath(site.region, site.organisation, site.id)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What others deliver, with a sentence for each part of it that is not used."""

    knowledge: Knowledge
    problems: tuple[str, ...]


def read_rules(path: Path) -> Rules:
    """Read the settings file. Raises SettingsError with every mistake in it."""
    reading = read(path)
    settings = reading.settings
    policy, problems = read_policy(settings)
    return Rules(reading.accept([*problems, *device_problems(settings)]), policy)


def read_delivered(rules: Rules, *, makes_key: bool) -> Delivered:
    """Read the privacy key, the trust folder and the rosters.

    makes_key: a missing privacy key is made; else a key that nobody keeps stands in for it. Raises
    KeyFileError where the key cannot be used: under another one everybody would be a stranger.
    """
    settings = rules.settings
    pseudonyms = Pseudonyms(_privacy_key(settings.privacy, makes_key=makes_key))
    folder = read_trust(settings.trust.directory)
    problems = list(folder.problems)
    rosters: list[Roster] = []
    for listed in settings.rosters:
        try:
            with listed.file.open("rb") as file:
                data = file.read(ROSTER_SIZE_MAX)
        except OSError as error:
            problems.append(f"{listed.file}: cannot be read: {error.strerror}")
            continue
        roster, rows = parse_roster(listed.name, data, rules.policy.zone, pseudonyms)
        problems += [f"{listed.file}:{row.row}: {row.what}" for row in rows]
        rosters.append(roster)
    knowledge = Knowledge(rules.policy, folder.trust, tuple(rosters), pseudonyms)
    return Delivered(knowledge, tuple(problems))


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
