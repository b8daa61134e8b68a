"""What stands at the simulated site in files: settings, trust folder, keys and lists of people.

The settings are read once, by the real reader; what differs from site to site is put in by hand,
since reading them takes as long as minutes of virtual time.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from config.load import load
from config.problems import Where
from config.schema import Roster, Settings
from gatewayd.app.policy_files import PolicyFiles, _Source
from gatewayd.app.site import Rules
from gatewayd.core.policy_layers import Layer, Level
from gatewayd.core.roster import RosterEntry
from gatewayd.core.totp import write_key
from gatewayd.core.trust import issuer_document
from tests.sim.clock import START
from tests.sim.papers import KEY
from tests.sim.site import HOUSE_KEY, PRIVACY_KEY, SimSite

_SETTINGS = """
site = {region = "mojokerto", organisation = "dukcapil", id = "gmsc", timezone = "UTC", locale = "en"}
broker = {url = "mqtt://broker.invalid"}
trust = {directory = "trust"}
privacy = {key_file = "privacy.key", key_scope = "region"}

[[lanes]]
id = "lane-1"
  [lanes.entry_reader]
  driver = "line"
  port = "/dev/simulated-reader"
  [lanes.turnstile]
  driver = "gatelink"
  port = "/dev/simulated-turnstile"
  psk_file = "lane-1.psk"
"""


def furnish(site: SimSite, directory: Path) -> Rules:
    """Write what a site has into a directory; the state of the gateway is in `state` below it."""
    (directory / "trust").mkdir()
    for key in (KEY, HOUSE_KEY):
        keys = json.dumps(issuer_document(key))
        (directory / "trust" / f"{key.issuer}.jwks.json").write_text(keys)
    _write_secret(directory / "privacy.key", PRIVACY_KEY)
    roster = directory / "people.csv"
    roster.write_text(_listed(site.people))
    os.utime(roster, (START.timestamp(), START.timestamp()))  # Its age must not be that of today.
    settings = _settings()
    return _rules(
        site,
        replace(
            settings,
            storage=replace(settings.storage, directory=directory / "state"),
            trust=replace(settings.trust, directory=directory / "trust"),
            privacy=replace(settings.privacy, key_file=directory / "privacy.key"),
            rosters=(Roster(name="people", file=roster),),
        ),
    )


def _rules(site: SimSite, settings: Settings) -> Rules:
    own = Layer("settings", Level.SITE, site.policy)
    here = _Source(Where("gatewayd.toml"), ("policy",))
    files = PolicyFiles(
        ZoneInfo("UTC"),
        exits_have_readers=all(lane.has_exit_reader for lane in site.lanes),
        can_ask_centre=True,
        layers=(own,),
        sources={own.label: here},
    )
    policy, problems = files.lay()
    assert not problems, problems
    return Rules(settings, files, policy)


@cache
def _settings() -> Settings:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "gatewayd.toml"
        path.write_text(_SETTINGS)
        for name in ("privacy.key", "lane-1.psk"):
            _write_secret(path.with_name(name), PRIVACY_KEY)
        return load(path)


def _write_secret(path: Path, secret: bytes) -> None:
    path.write_text(f"{secret.hex()}\n")
    path.chmod(0o600)


def _listed(people: Mapping[str, RosterEntry]) -> str:
    head = "id,category,blocked,valid_from,valid_until,otp_key"
    return "\n".join((head, *(_row(one, entry) for one, entry in people.items()), ""))


def _row(one: str, entry: RosterEntry) -> str:
    cells = (
        one,
        entry.category,
        "yes" if entry.blocked else "",
        "" if entry.valid_from is None else entry.valid_from.isoformat(),
        "" if entry.valid_until is None else entry.valid_until.isoformat(),
        "" if entry.otp_key is None else write_key(entry.otp_key),
    )
    return ",".join(cells)
