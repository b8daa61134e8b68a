"""Templates of settings: what one site can give to another, without anything of its own place."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from config.load import read, read_document, rule_set_names
from config.problems import Problem, SettingsError
from config.schema import KeyScope
from config.write import toml_text
from drivers.psk import PSK_SIZE
from gatewayd.app.site import read_rules

Document = dict[str, Any]

SETTINGS: Final = "settings"
FILES: Final = "files"
"""The two sections of a template: the settings, and the policy's files by their names."""

TRUST: Final = "trust"
"""The folder of public keys, where the defaults have it."""

_HEAD: Final = """\
# A template of settings, made by `gatewayd init --export`: no place, address, key or person in it.
# Use it with: gatewayd init --from THIS --region .. --organisation .. --id .. -o gate.toml
"""
_KEPT: Final[Mapping[str, Sequence[str]]] = {
    "site": ("timezone", "locale"),
    "storage": ("retention_days", "outbox_days_max", "journal_mib_max"),
    "journal": ("commit_deadline_ms", "when_disk_refuses"),
    "privacy": ("key_scope", "publish_status"),
}
"""Keys of these sections, which say nothing of a place."""

# What drivers call their choices; every other text of a device's table may be an address.
_CHOICES: Final = frozenset(
    "aim card driver feedback host_lost left_is mode relay terminator trigger".split()  # noqa: SIM905
)
_WATCHED: Final = ("doors", "fire_inputs", "assist_buttons")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the new site is. timezone: None: that of the template."""

    region: str
    organisation: str
    id: str
    name: str = ""
    timezone: str | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """What was written, and what is left to do, as sentences."""

    files: tuple[Path, ...]
    left: tuple[str, ...]


# --- from a site --------------------------------------------------------------------------------


def export_template(path: Path) -> str:
    """Return the template of a settings file. Raises SettingsError where that has mistakes."""
    settings = read_rules(path).settings
    own: Document = dict(read_document(path)[0])
    kept: Document = {
        section: {key: own[section][key] for key in keys if key in own[section]}
        for section, keys in _KEPT.items()
        if section in own
    }
    if settings.privacy.key_scope is KeyScope.REGION:  # There the centre has a part in it.
        kept["privacy"]["key_file"] = ""
        kept["broker"] = {"url": ""}
    if "device_broker" in own:
        is_embedded = own["device_broker"]["url"] == "embedded"
        kept["device_broker"] = {"url": "embedded" if is_embedded else ""}
    if "policy" in own:
        kept["policy"] = own["policy"]
    if "desk_reader" in own:
        kept["desk_reader"] = _shape(own["desk_reader"])
    kept["lanes"] = [_lane(lane) for lane in own["lanes"]]
    for section in _WATCHED:
        if section in own:
            kept[section] = [_watched(one) for one in own[section]]
    folder = path.absolute().parent
    files = {name: dict(read_document(folder / name)[0]) for name in _named(kept, folder)}
    return f"{_HEAD}\n{toml_text({SETTINGS: kept, FILES: files})}"


def _lane(lane: Document) -> Document:
    return {key: _shape(value) if isinstance(value, dict) else value for key, value in lane.items()}


def _watched(one: Document) -> Document:
    kept = {key: _shape(value) if key == "sensor" else value for key, value in one.items()}
    return {**kept, "name": ""} if "name" in kept else kept


def _shape(device: Document) -> Document:
    """Return what a device is and how it is set; where it is plugged in becomes empty."""
    return {
        key: "" if isinstance(value, str) and key not in _CHOICES else value
        for key, value in device.items()
    }


def _named(settings: Document, folder: Path) -> Iterator[str]:
    """Give the names of the files that the policy is laid together from, of layers too."""
    policy = settings.get("policy", {})
    layers = policy.get("layers", [])
    yield from layers
    shipped = rule_set_names()
    for rules in (policy, *(read_document(folder / name)[0] for name in layers)):
        names: Any = rules.get("rule_sets", [])
        yield from (name for name in names if name not in shipped)


# --- to a site ----------------------------------------------------------------------------------


def use_template(template: Path, place: Place, path: Path) -> Made:
    """Write the settings of a new site, the policy's files, and a key for each turnstile.

    Nothing that is there already is written over. Raises SettingsError where the template is none,
    or a file is there.
    """
    document, where = read_document(template)
    settings: Any = document.get(SETTINGS)
    files: Any = document.get(FILES, {})
    if not isinstance(settings, dict) or not isinstance(files, dict):
        raise SettingsError(
            [where.problem((SETTINGS,), "a template of gatewayd init --export", "something else")]
        )
    folder = path.absolute().parent
    own: Document = {"site": {**_site(place), **settings.get("site", {})}}
    if place.timezone is not None:
        own["site"]["timezone"] = place.timezone
    own |= {key: value for key, value in settings.items() if key != "site"}
    keys = _name_keys(own.get("lanes", []))
    texts = {
        path: toml_text(own),
        **{_beside(folder, name): toml_text(files[name]) for name in files},
    }
    psks = {folder / name: f"{secrets.token_hex(PSK_SIZE)}\n" for name in keys}
    refuse_to_overwrite([*texts, *psks])
    for written, text in texts.items():
        written.write_text(text)
    for written, text in psks.items():
        written.touch(mode=0o640)  # The gateway's group reads it, as docs/install.md says.
        written.write_text(text)
    (folder / TRUST).mkdir(exist_ok=True)
    return Made((*texts, *psks), tuple(_left(own, path, keys)))


def _site(place: Place) -> Document:
    site = {"region": place.region, "organisation": place.organisation, "id": place.id}
    return {**site, "name": place.name} if place.name else site


def _name_keys(lanes: list[Document]) -> list[str]:
    """Name the key file of each turnstile after its lane; return the names."""
    names = []
    for lane in lanes:
        turnstile = lane.get("turnstile", {})
        if "psk_file" in turnstile:
            turnstile["psk_file"] = f"{lane['id']}.psk"
            names.append(turnstile["psk_file"])
    return names


def _beside(folder: Path, name: str) -> Path:
    if Path(name).name != name:
        raise SettingsError(
            [Problem(name, 0, FILES, "the name of a file beside the settings", name)]
        )
    return folder / name


def refuse_to_overwrite(paths: Sequence[Path]) -> None:
    problems = [
        Problem(str(path), 0, "", "a new file", "one that is there", "give another folder with -o")
        for path in paths
        if path.exists()
    ]
    if problems:
        raise SettingsError(problems)


def _left(own: Document, path: Path, keys: Sequence[str]) -> Iterator[str]:
    empty = list(_empty(own, ""))
    if empty:
        yield f"fill in what {path.name} marks with CHANGE: {', '.join(empty)}"
    if keys:
        yield f"put the key of each turnstile into its controller: {', '.join(keys)}"
    yield f"put the public keys of those who issue passes into the folder {TRUST}"
    yield "add [[rosters]] and [broker], where this site has them"
    if "region_test" in read(path).settings.policy:
        yield "look at [policy.region_test]: its regions are those of the other site"
    yield f"ask: gatewayd check -c {path}"


def _empty(value: object, name: str) -> Iterator[str]:
    match value:
        case dict():
            for key, inner in value.items():
                yield from _empty(inner, f"{name}.{key}" if name else key)
        case list():
            for index, inner in enumerate(value):
                label = inner.get("id", index) if isinstance(inner, dict) else index
                yield from _empty(inner, f"{name}.{label}")
        case "":
            yield name
        case _:
            pass
