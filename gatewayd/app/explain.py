"""Explains decisions with the files of a site: of a scan, an event, a described person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from config.load import read_document
from config.problems import SettingsError, shown
from gatewayd.app.errors import MISUSE, NO, EarlyEnd, told_plainly
from gatewayd.app.records import read_events
from gatewayd.app.site import Rules, policy_here, read_delivered, read_rules
from gatewayd.core.credential import Credential, read_scan
from gatewayd.core.decide import Case, Usage
from gatewayd.core.described import Described, parse_described
from gatewayd.core.events import parse_time
from gatewayd.core.explain import Explanation, explain_case
from gatewayd.core.occupancy import Occupancy
from gatewayd.core.policy import Policy
from gatewayd.core.recorded import circumstances
from gatewayd.core.standing import Standing, find_standing
from gatewayd.core.words import Direction, Json, Status


@dataclass(frozen=True, slots=True)
class Asked:
    """The circumstances: when, which way, who is inside by category, and whether they are too."""

    at: datetime
    direction: Direction
    occupancy: Occupancy
    inside_since: datetime | None


def explain_scan(path: Path, scan: bytes, asked: Asked) -> Explanation:
    """Explain what the gate makes of a code, as if nothing were known of its holder."""
    with told_plainly():
        rules = read_rules(path)
        known = read_delivered(rules, makes_key=False).knowledge
    credential = read_scan(scan, known.trust, known.rosters, known.pseudonyms)
    return _explain(credential, Standing(), known.policy.at(asked.at), asked)


def explain_described(path: Path, described: Described, asked: Asked) -> Explanation:
    rules = _read(path)
    policy = described.admits_by(policy_here(rules).at(asked.at))
    return _explain(described.shown(asked.at), described.known(asked.at), policy, asked)


def explain_event(path: Path, event_id: str) -> tuple[Explanation, dict[str, Json]]:
    """Explain a recorded verdict by the rules that are here now, and return its record too.

    Evidence and the count of that time are not kept: see `core.recorded` for what stands for them.
    """
    rules = _read(path)
    found = (
        event
        for event in read_events(rules.settings.storage.directory)
        if event["id"] == event_id and str(event["type"]).startswith("onegate.access.")
    )
    event = next(found, None)
    if event is None:
        raise EarlyEnd(f"no verdict {event_id} in the journal; see `gatewayd journal tail`", NO)
    data = event["data"]
    assert isinstance(data, dict)
    at = parse_time(str(event["time"]))
    return explain_recorded(policy_here(rules).at(at), at, data), event


def explain_recorded(policy: Policy, at: datetime, data: Mapping[str, Json]) -> Explanation:
    """Explain a verdict of which this is the record, by a policy of now."""
    status = Status(str(data["status"])) if "status" in data else None
    found = circumstances(policy, at, data)
    asked = Asked(at, Direction(str(data["direction"])), found.occupancy, found.inside_since)
    known = Described(category="", status=status).known(at)
    return _explain(found.credential, known, policy, asked)


def read_described(path: Path, person: Path) -> Described:
    """Read a description of a person. Raises EarlyEnd with every mistake in it."""
    zone = ZoneInfo(_read(path).settings.site.timezone)
    try:
        values, where = read_document(person)
    except SettingsError as error:
        raise EarlyEnd(str(error), MISUSE) from error
    described, mistakes = parse_described(values, zone)
    if mistakes:
        told = [where.problem(one.path, one.expected, shown(one.found)) for one in mistakes]
        raise EarlyEnd("\n".join(map(str, told)), MISUSE)
    return described


def _read(path: Path) -> Rules:
    with told_plainly():
        return read_rules(path)


def _explain(credential: Credential, known: Standing, policy: Policy, asked: Asked) -> Explanation:
    standing = find_standing(credential, known, policy, asked.at)
    usage = Usage(direction=asked.direction, inside_since=asked.inside_since)
    case = Case(credential, standing.status, usage, asked.occupancy, policy, asked.at)
    return explain_case(case, standing)
