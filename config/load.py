"""Reads a settings file from disk, with the defaults and the policy profile laid under it."""

import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from zoneinfo import available_timezones

from config.fields import Surroundings
from config.locate import locate
from config.parse import Reading, parse
from config.problems import KeyPath, Origin, Problem, SettingsError, Where
from config.schema import Settings

_HERE = Path(__file__).parent

SIZE_MAX = 1_048_576  # bytes; a site with 16 lanes and 50 doors needs 20,000
DEPTH_MAX = 8  # levels of keys; the deepest that means anything has 4
RULES_DEPTH_MAX = 64  # the same where CertLogic may stand; rules of the EU's countries have 40
_INTEGER_MAX = 2**63 - 1  # what TOML promises; Python does not even print much longer ones

# These sections switch something on: their defaults count only where the file has the section.
_OPTIONAL_SECTIONS = ("broker", "home_assistant", "device_broker", "desk")

_TOML_PLACE = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)
_TOML_HINTS = {
    "Invalid value": "texts have quotes, numbers and true or false have none",
    "Expected '='": "a line is: key = value, and a section: [section]",
    "Expected newline": "one key on each line; texts have quotes around them",
    "Cannot overwrite": "each key only once",
    "Cannot declare": "each section only once; those that repeat have two brackets: [[lanes]]",
    "Unescaped": "write texts with \\ in single quotes: 'C:\\keys'",
    "Illegal character": "close the quotes before the end of the line",
}


def load(path: Path) -> Settings:
    """Read settings that no other floor has a say in; raises SettingsError, and nothing else."""
    return read(path).accept()


def read(path: Path) -> Reading:
    """Read a settings file and note all mistakes that show without drivers and policy.

    Raises SettingsError, and nothing else, where the file cannot be read at all.
    """
    site = _read(path)
    profile = _profile(site)
    defaults = {
        section: values
        for section, values in _read(_HERE / "defaults.toml").values.items()
        if section not in _OPTIONAL_SECTIONS or section in site.values
    }
    document = _lay(defaults, _lay({"policy": profile.values}, site.values))
    around = Surroundings(
        folder=path.absolute().parent,
        zones=available_timezones(),
        profiles=profile_names(),
        look=partial(_look, is_secret=False),
        look_at_secret=partial(_look, is_secret=True),
    )
    # Defaults have no place: what is missing is missing in the site's own file.
    origins = {("policy", *key): origin for key, origin in profile.origins.items()}
    return parse(document, Where(str(path), {**origins, **site.origins}), around)


def policy_parts(path: Path) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """Return of what the policy of a settings file is made: the profile, and its own [policy].

    Raises SettingsError, and nothing else, where the file cannot be read at all.
    """
    site = _read(path)
    own = site.values.get("policy")
    return _profile(site).values, own if isinstance(own, dict) else {}


def read_document(path: Path) -> tuple[Mapping[str, object], Where]:
    """Read a file that the settings name, a rule-set or a layer of the policy, not looked into.

    Raises SettingsError, and nothing else.
    """
    document = _read(path, RULES_DEPTH_MAX)
    return document.values, Where(str(path), document.origins)


def profile_names() -> list[str]:
    return sorted(file.stem for file in (_HERE / "profiles").glob("*.toml"))


def profile_path(name: str) -> Path:
    return _HERE / "profiles" / f"{name}.toml"


def profile_head(name: str) -> str:
    """Return what a profile says of itself in its first comment, without the signs of one."""
    head, _, _ = profile_path(name).read_text().partition("\n\n")
    return "\n".join(line[2:] for line in head.splitlines())


def rule_set_names() -> list[str]:
    """Return the names of the rule-sets that are shipped."""
    return sorted(file.stem for file in (_HERE / "rulesets").glob("*.toml"))


def rule_set_path(name: str, folder: Path) -> Path:
    """Return the file of a rule-set: one that is shipped, else one in the settings' folder."""
    shipped = _HERE / "rulesets" / f"{name}.toml"
    return shipped if name in rule_set_names() else folder / name


@dataclass(frozen=True, slots=True)
class _Document:
    values: Mapping[str, object] = field(default_factory=dict)
    origins: Mapping[KeyPath, Origin] = field(default_factory=dict)


def _profile(site: _Document) -> _Document:
    """Read the profile that the site's policy names; an empty one where it names none we have."""
    policy = site.values.get("policy")
    name = policy.get("profile") if isinstance(policy, dict) else None
    return _read(profile_path(str(name))) if name in profile_names() else _Document()


def _lay(below: Mapping[str, object], above: Mapping[str, object]) -> dict[str, object]:
    """Put one document over another: tables are merged key by key, all else is replaced."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        if isinstance(under, dict) and isinstance(value, dict):
            merged[key] = _lay(under, value)
        else:
            merged[key] = value
    return merged


# --- one file -----------------------------------------------------------------------------------


def _read(path: Path, depth_max: int = DEPTH_MAX) -> _Document:
    text = _read_text(path)
    try:
        values = tomllib.loads(text)
        lines = locate(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([_syntax_problem(path, text, str(error))]) from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, or of brackets
        expected = f"numbers of at most 64 bits and at most {depth_max} levels"
        raise SettingsError([Problem(str(path), 0, "", expected, "more")]) from error
    where = Where(str(path), {key: Origin(str(path), line) for key, line in lines.items()})
    problems = [
        where.problem(key, f"at most {depth_max} levels of sections and lists", "more")
        for key in lines
        if len(key) == depth_max + 1
    ] or [
        where.problem(key, expected, "something else")
        for key, value in _leaves(values, ())
        if (expected := _check_leaf(value))
    ]
    if problems:
        raise SettingsError(problems)
    return _Document(values, where.origins)


def _check_leaf(value: object) -> str:
    """Say what was expected of a value that breaks whoever uses it; "" where it is fine."""
    if isinstance(value, int) and abs(value) > _INTEGER_MAX:
        return "a number of at most 64 bits"
    if isinstance(value, str) and "\0" in value:
        return "a text without the character 0"
    return ""


def _leaves(value: object, path: KeyPath) -> Iterator[tuple[KeyPath, object]]:
    match value:
        case Mapping():
            for key, item in value.items():
                yield from _leaves(item, (*path, key))
        case list():
            for index, item in enumerate(value):
                yield from _leaves(item, (*path, index))
        case _:
            yield path, value


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(SIZE_MAX + 1)
    except (OSError, ValueError) as error:
        found = getattr(error, "strerror", None) or str(error)
        hint = "give the right file with -c; examples are in config/examples"
        problem = Problem(str(path), 0, "", "a settings file", found, hint)
        raise SettingsError([problem]) from error
    if len(data) > SIZE_MAX:
        raise SettingsError([Problem(str(path), 0, "", f"at most {SIZE_MAX} bytes", "more")])
    try:
        return data.decode("utf-8-sig")  # editors on Windows put a mark at the beginning
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found = f"the byte 0x{data[error.start]:02x}"
        problem = Problem(str(path), line, "", "text in UTF-8", found, "save the file as UTF-8")
        raise SettingsError([problem]) from error


def _syntax_problem(path: Path, text: str, message: str) -> Problem:
    what, line, column = message, str(text.count("\n") + 1), None
    if found := _TOML_PLACE.fullmatch(message):
        what, line, column = found[1], found[2] or line, found[3]
    hints = (hint for start, hint in _TOML_HINTS.items() if what.startswith(start))
    return Problem(
        file=str(path),
        line=int(line),
        key="",
        expected="TOML",
        found=what[0].lower() + what[1:],
        hint=next(hints, ""),
        column=int(column) if column else None,
    )


# --- files that the settings name ---------------------------------------------------------------


def _look(path: Path, *, is_secret: bool) -> str | None:
    """Say what is wrong with a file; None if nothing is."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return f"no file at {path}"
    except OSError as error:
        return f"{path!s:.200}, which cannot be read: {error.strerror}"
    if not stat.S_ISREG(status.st_mode):
        return f"something else at {path}"
    if not os.access(path, os.R_OK):
        return f"{path}, which this user must not read"
    if is_secret and status.st_mode & stat.S_IRWXO:
        return f"{path} open to all; run: chmod o= {path}"
    return None
