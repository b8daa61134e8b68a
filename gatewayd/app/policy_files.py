"""Reads all files that the policy of a site is laid together from, with file and line of mistakes.

`[policy] layers` names .toml files of other authorities, or of the site for some time. `rule_sets`,
in any layer, names status rule-sets: shipped ones, or .toml files. Files that are named lie beside
the settings.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from config.load import (
    policy_parts,
    profile_head,
    profile_names,
    profile_path,
    read_document,
    rule_set_names,
    rule_set_path,
)
from config.problems import KeyPath, Problem, SettingsError, Where, key_text, shown
from config.schema import KeyScope, Settings
from gatewayd.core.policy import Policy
from gatewayd.core.policy_format import parse_policy
from gatewayd.core.policy_layers import LAYERS_MAX, Layer, Level, parse_layer, parse_layers
from gatewayd.core.received import LaidDown
from gatewayd.core.rule_sets import parse_rule_set
from gatewayd.core.status import RuleSet
from gatewayd.core.tables import Mistake

OWN = "settings"  # How the site's own [policy] is called among the layers.

_INDEX = re.compile(r"[0-9]{1,9}")  # Of no list of a file are more; a key can be any text.
_NOT_RULES = ("profile", "layers")  # Keys of [policy] that say where rules are, and are none.


@dataclass(frozen=True, slots=True)
class _Source:
    """Where the keys of a document stand; `prefix` leads to it in its file."""

    where: Where
    prefix: KeyPath = ()

    def problem(self, mistake: Mistake) -> Problem:
        # Items of a list are counted in the path of a mistake, as texts.
        inner = (int(part) if _INDEX.fullmatch(part) else part for part in mistake.path)
        path = (*self.prefix, *inner)
        return self.where.problem(path, mistake.expected, shown(mistake.found))


@dataclass(frozen=True, slots=True)
class PolicyFiles:
    """All that files say of a policy, to be laid together with what the centre says."""

    zone: ZoneInfo
    exits_have_readers: bool
    can_ask_centre: bool = False
    layers: tuple[Layer, ...] = ()
    rule_sets: Mapping[str, RuleSet] = field(default_factory=dict)
    sources: Mapping[str, _Source] = field(default_factory=dict)
    """By the labels of layers."""

    def lay(self, received: Sequence[LaidDown] = ()) -> tuple[Policy, list[Problem]]:
        """Return the policy; with problems, it is not to be used.

        A problem in a document that was received has its label for a file.
        """
        problems = [_misread(one.layer, mistake) for one in received for mistake in one.mistakes]
        rule_sets = {**self.rule_sets, **self._shipped(received, problems)}
        if problems:
            return Policy(self.zone), problems
        policy, misread = parse_layers(
            [*self.layers, *(one.layer for one in received)],
            self.zone,
            exits_have_readers=self.exits_have_readers,
            can_ask_centre=self.can_ask_centre,
            rule_sets=rule_sets,
        )
        documents = {one.layer.label: one.layer for one in received}
        return policy, [
            _misread(documents[one.layer], one.mistake)
            if one.layer in documents
            else self.sources[one.layer].problem(one.mistake)
            for one in misread
        ]

    def _shipped(self, received: Sequence[LaidDown], problems: list[Problem]) -> dict[str, RuleSet]:
        """Read the rule-sets that documents name: files of the site are no business of theirs."""
        found: dict[str, RuleSet] = {}
        for layer in (one.layer for one in received):
            names = layer.values.get("rule_sets")
            for name in names if isinstance(names, list) else []:
                if name in rule_set_names():
                    document, _ = read_document(rule_set_path(str(name), Path()))
                    found[name], _ = parse_rule_set(document, self.zone)
                elif not isinstance(name, str) or name not in self.rule_sets:
                    expected = f"names out of {', '.join(rule_set_names())}"
                    problems.append(_misread(layer, Mistake(("rule_sets",), expected, name)))
        return found


def read_policy_files(settings: Settings) -> tuple[PolicyFiles, list[Problem]]:
    """Read the policy's files; with problems, what is returned is not to be used."""
    files = _Files(settings, ZoneInfo(settings.site.timezone or "UTC"))
    layers = files.read_layers()
    rule_sets = files.read_rule_sets(layers)
    found = PolicyFiles(
        files.zone,
        exits_have_readers=all(
            lane.exit_reader is not None for lane in settings.lanes if lane.area is None
        ),
        can_ask_centre=_can_ask_centre(settings),
        layers=tuple(layers),
        rule_sets=rule_sets,
        sources=files.sources,
    )
    return found, files.problems


def read_policy(settings: Settings) -> tuple[Policy, list[Problem]]:
    """Read the policy as the files have it; with problems, the one returned is not to be used."""
    files, problems = read_policy_files(settings)
    return (Policy(files.zone), problems) if problems else files.lay()


def read_profile(name: str) -> Policy:
    """Read a shipped profile by itself, for a gate in Java with a reader at every exit."""
    values, _ = read_document(profile_path(name))
    zone = ZoneInfo("Asia/Jakarta")
    names: Any = values.get("rule_sets", [])
    rule_sets = {}
    for one in names:
        document, _ = read_document(rule_set_path(one, Path()))
        rule_sets[one], _ = parse_rule_set(document, zone)
    policy, mistakes = parse_policy(values, zone, exits_have_readers=True, rule_sets=rule_sets)
    assert not mistakes, "tests read what is shipped"
    return policy


def document_name(layer: Layer) -> str:
    """Return how problems call a document that was received, where they name files."""
    return f"policy {layer.name}"


def shipped_profiles() -> dict[str, str]:
    """Return the names of the shipped profiles, each with what it says of itself."""
    return {name: profile_head(name) for name in profile_names()}


@dataclass(slots=True)
class _Files:
    """sources: of the layers, by their labels."""

    settings: Settings
    zone: ZoneInfo
    problems: list[Problem] = field(default_factory=list)
    sources: dict[str, _Source] = field(default_factory=dict)

    def read_layers(self) -> list[Layer]:
        profile, own = policy_parts(Path(self.settings.where.file))
        layers = [
            Layer(self.settings.profile or "none", Level.PROFILE, _rules(profile)),
            Layer(OWN, Level.SITE, _rules(own)),
        ]
        here = _Source(self.settings.where, ("policy",))
        self.sources = {layer.label: here for layer in layers}
        for name in self._layer_names(here):
            read = self._read(self._folder / name)
            if read is not None:
                values, source = read
                layer, mistakes = parse_layer(name, values, self.zone)
                self._note(source, mistakes)
                self.sources[layer.label] = source
                layers.append(layer)
        return layers

    def read_rule_sets(self, layers: Sequence[Layer]) -> dict[str, RuleSet]:
        found: dict[str, RuleSet] = {}
        for layer in layers:
            names = layer.values.get("rule_sets")
            for name in names if isinstance(names, list) else []:
                if name not in found and (rule_set := self._read_rule_set(name, layer)):
                    found[name] = rule_set
        return found

    def _read_rule_set(self, name: object, layer: Layer) -> RuleSet | None:
        is_file = isinstance(name, str) and name.endswith(".toml")
        if not is_file and name not in rule_set_names():
            expected = f"names out of {', '.join(rule_set_names())}, or of .toml files"
            self._note(self.sources[layer.label], [Mistake(("rule_sets",), expected, name)])
            return None
        read = self._read(rule_set_path(str(name), self._folder))
        if read is None:
            return None
        rule_set, mistakes = parse_rule_set(read[0], self.zone)
        self._note(read[1], mistakes)
        return rule_set

    def _layer_names(self, here: _Source) -> list[str]:
        names: Any = self.settings.policy.get("layers", [])
        most = LAYERS_MAX - 6  # Profile and settings are layers too, and up to four documents.
        is_list = isinstance(names, list) and len(names) <= most
        if is_list and all(isinstance(name, str) for name in names):
            return list(names)
        expected = f"a list of up to {most} names of .toml files"
        self._note(here, [Mistake(("layers",), expected, names)])
        return []

    @property
    def _folder(self) -> Path:
        return Path(self.settings.where.file).absolute().parent

    def _read(self, path: Path) -> tuple[Mapping[str, object], _Source] | None:
        try:
            values, where = read_document(path)
        except SettingsError as error:
            self.problems += error.problems
            return None
        return values, _Source(where)

    def _note(self, source: _Source, mistakes: Sequence[Mistake]) -> None:
        self.problems += [source.problem(mistake) for mistake in mistakes]


def _misread(layer: Layer, mistake: Mistake) -> Problem:
    """Return what is wrong in a document that was received: it has no lines."""
    key = key_text(mistake.path)
    return Problem(document_name(layer), 0, key, mistake.expected, shown(mistake.found))


def _can_ask_centre(settings: Settings) -> bool:
    return settings.broker is not None and settings.privacy.key_scope is KeyScope.REGION


def _rules(part: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in part.items() if key not in _NOT_RULES}
