"""Reads the files of a site anew for a gateway that runs: all of what can change, or nothing."""

from dataclasses import fields, replace
from pathlib import Path

from config.problems import SettingsError
from config.schema import Settings
from gatewayd.app.centre_documents import stock_of
from gatewayd.app.policy_files import read_policy_files
from gatewayd.app.received_documents import load_received
from gatewayd.app.site import Delivered, Rules, read_base, read_rules
from gatewayd.core.documents import DocumentKind
from gatewayd.runtime.asked import Knowledge
from gatewayd.runtime.library import Edition, Stock
from gatewayd.runtime.reloading import Reading, Reread, Unusable
from gatewayd.store.received import Shelves

RELOADED = frozenset({"rosters", "trust", "profile", "policy", "where", "advice"})
"""Fields of the settings that need no restart; the rest is held open by devices and stores."""


def reading_of(running: Rules, delivered: Delivered) -> Reading:
    """Return what reads the files of a gateway that was started with these."""
    path = Path(running.settings.where.file).absolute()

    def read(stock: Stock) -> Reread | Unusable:
        try:
            settings = _with_devices_of(running.settings, read_rules(path).settings)
        except SettingsError as error:
            return Unusable(tuple(str(problem) for problem in error.problems))
        return _reread(running, settings, delivered, stock)

    return read


def needs_restart(running: Settings, found: Settings) -> tuple[str, ...]:
    """Return the sections that were changed and count from the next start on."""
    names = [one.name for one in fields(Settings) if one.name not in RELOADED]
    return tuple(name for name in names if getattr(running, name) != getattr(found, name))


def _with_devices_of(running: Settings, found: Settings) -> tuple[Settings, tuple[str, ...]]:
    """Return the settings of now as far as they need no restart, and what needs one."""
    changes = {name: getattr(found, name) for name in RELOADED}
    return replace(running, **changes), needs_restart(running, found)


def _reread(
    running: Rules,
    settings: tuple[Settings, tuple[str, ...]],
    delivered: Delivered,
    stock: Stock,
) -> Reread | Unusable:
    usable, restart = settings
    files, problems = read_policy_files(usable)
    if not problems:
        policy, problems = files.lay()
    if problems:
        return Unusable(tuple(str(problem) for problem in problems))
    rules = Rules(usable, files, policy)
    base, left_out = read_base(rules, delivered.base.pseudonyms)
    loaded = load_received(Shelves(running.settings.storage.directory), base.office, DocumentKind)
    # What was taken in a moment ago counts, whatever the disk says of it.
    received = replace(loaded.received, floors={**loaded.received.floors, **stock.received.floors})
    known = base.know(received)
    if not isinstance(known, Knowledge):
        return Unusable(tuple(str(problem) for problem in known))
    told = (*left_out, *loaded.problems)
    return Reread(Edition(stock_of(base, received), known), told, restart)
