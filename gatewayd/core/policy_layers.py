"""Lays the dated layers of a policy over each other: what is in force at each time, and from whom.

Of two layers the nearer one counts, key by key: profile, national, region, organisation, site; of
the same level one that the centre sent, else the one that begins later. A layer holds from its
`valid_from` on and before its `valid_until`; outside of that it is as if it were not there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from enum import StrEnum

from gatewayd.core.policy import Policy
from gatewayd.core.policy_format import parse_policy
from gatewayd.core.status import RuleSet
from gatewayd.core.tables import Mistake, Table, time, word

LAYERS_MAX = 68  # Years of monthly extensions and four documents; more is better tidied up.

_BEFORE = datetime.min.replace(tzinfo=UTC)


class Level(StrEnum):
    """Whose word a layer is; the last one counts most."""

    PROFILE = "profile"
    NATIONAL = "national"
    REGION = "region"
    ORGANISATION = "organisation"
    SITE = "site"


@dataclass(frozen=True, slots=True)
class Layer:
    """The keys of a policy that one authority lays down; `name` is how people find it again."""

    name: str
    level: Level
    values: Mapping[str, object]
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    is_received: bool = False
    """It came signed from its authority; a file at the site may be a copy of an older one."""

    @property
    def label(self) -> str:
        return f"{self.level}: {self.name}"

    def is_in_force(self, at: datetime) -> bool:
        begun = self.valid_from is None or self.valid_from <= at
        return begun and (self.valid_until is None or at < self.valid_until)


@dataclass(frozen=True, slots=True)
class Misread:
    """A mistake, and the layer that it stands in."""

    layer: str
    mistake: Mistake


def parse_layer(
    name: str, document: Mapping[str, object], zone: tzinfo
) -> tuple[Layer, tuple[Mistake, ...]]:
    """Read a document that says of itself whose it is and when it holds; the rest is a policy's."""
    table = Table(document)
    level = table.take("level", word(Level), None)
    if level in (None, Level.PROFILE) and not table.mistakes:
        table.complain("level", "one of national, region, organisation, site")
    begins = table.take("valid_from", time(zone), None)
    ends = table.take("valid_until", time(zone, is_end=True), None)
    if begins is not None and ends is not None and begins >= ends:
        table.complain("valid_until", f"later than valid_from ({begins.isoformat()})")
    if "version" not in document:
        table.complain("version", "a name for this version, which verdicts are recorded with")
    values = {key: value for key, value in document.items() if key not in table.taken}
    return Layer(name, level or Level.SITE, values, begins, ends), tuple(table.mistakes)


def parse_layers(
    layers: Sequence[Layer],
    zone: tzinfo,
    *,
    exits_have_readers: bool,
    can_ask_centre: bool = False,
    rule_sets: Mapping[str, RuleSet],
) -> tuple[Policy, tuple[Misread, ...]]:
    """Return the policy with its changes, and the mistakes of every time, each once."""
    assert len(layers) <= LAYERS_MAX, "whoever reads layers counts them"
    levels = list(Level)
    ordered = sorted(
        layers,
        key=lambda one: (levels.index(one.level), one.is_received, one.valid_from or _BEFORE),
    )
    found: dict[tuple[str, tuple[str, ...], str], Misread] = {}
    policies: list[tuple[datetime, Policy]] = []
    for begins in _beginnings(layers):
        in_force = [layer for layer in ordered if layer.is_in_force(begins)]
        document, owners = _lay_all(in_force)
        policy, mistakes = parse_policy(
            document,
            zone,
            exits_have_readers=exits_have_readers,
            can_ask_centre=can_ask_centre,
            rule_sets=rule_sets,
        )
        versions = tuple(str(one.values["version"]) for one in in_force if "version" in one.values)
        laid = replace(policy, versions=versions or policy.versions, layers=owners)
        policies.append((begins, laid))
        for mistake in mistakes:
            layer = find_layer(owners, mistake.path) or ordered[-1].label
            key = (layer, mistake.path, mistake.expected)
            found.setdefault(key, Misread(layer, mistake))
    (_, first), *later = policies
    return replace(first, changes=tuple(later)), tuple(found.values())


def find_layer(owners: Mapping[str, str], path: Sequence[str]) -> str | None:
    """Return the label of the layer that a key came from, or else the nearest table around it."""
    for size in range(len(path), 0, -1):
        if owner := owners.get(".".join(path[:size])):
            return owner
    return None


def _beginnings(layers: Sequence[Layer]) -> list[datetime]:
    """Return each time at which something may change; the first stands for all before it."""
    times = {each for one in layers for each in (one.valid_from, one.valid_until) if each}
    return [_BEFORE, *sorted(times)]


def _lay_all(layers: Sequence[Layer]) -> tuple[dict[str, object], dict[str, str]]:
    document: dict[str, object] = {}
    owners: dict[str, str] = {}
    for layer in layers:
        _lay(document, layer.values, layer.label, "", owners)
    return document, owners


def _lay(
    below: dict[str, object],
    above: Mapping[str, object],
    label: str,
    prefix: str,
    owners: dict[str, str],
) -> None:
    """Put tables into each other key by key; all else is replaced."""
    for key, value in above.items():
        owners[f"{prefix}{key}"] = label
        under = below.get(key)
        if isinstance(value, Mapping):
            merged: dict[str, object] = dict(under) if isinstance(under, Mapping) else {}
            _lay(merged, value, label, f"{prefix}{key}.", owners)
            below[key] = merged
        else:
            below[key] = value
