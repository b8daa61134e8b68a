"""Collects what somebody who helps from afar has to see of a site, without any person in it.

It works without a running gateway and with broken settings: what cannot be had says so itself.
"""

import csv
import platform
import re
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import distributions
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from config.load import read
from config.problems import SettingsError
from gatewayd import __version__
from gatewayd.app.control_client import NoGatewayError, ask
from gatewayd.app.diag_masking import (
    MASK,
    known_from,
    mask_log,
    mask_settings,
    mask_status,
    scrub,
)
from gatewayd.app.doctor import examine
from gatewayd.app.errors import NO, EarlyEnd
from gatewayd.app.records import read_events
from gatewayd.app.site import policy_here, read_rules
from gatewayd.core.words import Json
from gatewayd.runtime.clock import SystemClock
from gatewayd.store.checkup import look_over

EVENTS_MAX: Final = 200_000  # The last of them: months, read in seconds.
LOG_LINES: Final = 3000
PROGRAM_S_MAX: Final = 20.0
_STATE_DIRECTORY: Final = Path("/var/lib/gatewayd")
"""Where the state is unless settings that can be read say something else."""
_TTY: Final = ("tty", "usb", "serial", "cdc_acm", "ftdi", "ch341", "cp210", "pl2303")

_READ_ME: Final = """\
What `gatewayd diag` found at a site, for whoever helps. {at}, gatewayd {version}.

No name, number, pseudonym, code, PIN or key is in it: of settings, status and log only what is
known to be harmless stays, the rest is {mask}. Of the journal there are counts. Look through it
before you send it all the same: these are plain texts.

{files}
"""


@dataclass(frozen=True, slots=True)
class Bundle:
    """files: texts by their name in it. missing: the names of those that could not be had."""

    files: Mapping[str, str]
    missing: tuple[str, ...]


def collect(path: Path, at: datetime) -> Bundle:
    """Collect everything; raises nothing, whatever state the site is in."""
    directory, known = _directory(path), _known(path)
    sources: dict[str, Callable[[], str]] = {
        "versions.txt": _versions,
        "machine.txt": lambda: _machine(directory, at),
        "settings.json": lambda: mask_settings(_document(path)),
        "doctor.txt": lambda: _doctor(path),
        "status.json": lambda: mask_status(_asked(directory, "status")),
        "metrics.txt": lambda: str(_asked(directory, "metrics")["text"]),
        "policy.txt": lambda: _policy(path),
        "journal.txt": lambda: _journal(directory),
        "files.txt": lambda: "\n".join(_files(directory)),
        "log.txt": _log,
        "kernel.txt": _kernel,
    }
    files: dict[str, str] = {}
    missing: list[str] = []
    for name, source in sources.items():
        try:
            text = source()
        except (Exception, EarlyEnd) as error:  # noqa: BLE001, that is a finding in itself
            text = f"could not be had: {type(error).__name__}: {error}"
            missing.append(name)
        files[name] = scrub(text.strip(), known) + "\n"
    listed = "\n".join(f"{name}{'  (missing)' if name in missing else ''}" for name in files)
    head = _READ_ME.format(at=at.isoformat(), version=__version__, mask=MASK, files=listed)
    return Bundle({"README.txt": head, **files}, tuple(missing))


def write_bundle(bundle: Bundle, target: Path, at: datetime) -> None:
    """Write it as a tar.gz that only this user can read. Raises EarlyEnd where a file is there."""
    try:
        with target.open("xb") as file, tarfile.open(fileobj=file, mode="w:gz") as archive:
            target.chmod(0o600)
            for name, text in bundle.files.items():
                data = text.encode()
                info = tarfile.TarInfo(f"gatewayd-diag/{name}")
                info.size, info.mtime = len(data), int(at.timestamp())
                archive.addfile(info, BytesIO(data))
    except OSError as error:
        raise EarlyEnd(f"{target}: cannot be written: {error.strerror}", NO) from error


# --- what is in it -------------------------------------------------------------------------------


def _versions() -> str:
    lines = [
        f"gatewayd {__version__}",
        f"Python {sys.version.split()[0]}",
        f"SQLite {sqlite3.sqlite_version}",
        f"{platform.system()} {platform.release()} {platform.machine()}",
        *_lines_of(Path("/etc/os-release"), ("PRETTY_NAME",)),
    ]
    return "\n".join([*lines, *sorted({f"{it.name} {it.version}" for it in distributions()})])


def _machine(directory: Path, at: datetime) -> str:
    clock = SystemClock()
    lines = [
        f"time      {at.isoformat()}",
        f"clock     {clock.quality()}, kept by NTP: {clock.is_kept()}",
        *_lines_of(Path("/proc/uptime"), ("",)),
        *_lines_of(Path("/proc/loadavg"), ("",)),
        *_lines_of(Path("/proc/meminfo"), ("MemTotal", "MemAvailable", "SwapFree")),
    ]
    for place in {directory if directory.exists() else Path("/"), Path("/")}:
        disk = shutil.disk_usage(place)
        lines.append(f"disk      {place}: {disk.free} of {disk.total} bytes free")
    return "\n".join(lines)


def _lines_of(file: Path, begins: tuple[str, ...]) -> list[str]:
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return []
    return [f"{file}: {line}" for line in lines if line.startswith(begins)]


def _document(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _doctor(path: Path) -> str:
    examined = examine(path)
    ports = [line for port in examined.ports for line in port.lines()]
    mistakes = [f"WRONG  {mistake}" for mistake in examined.mistakes]
    findings = [
        f"{'ok   ' if one.is_well else 'WRONG'}  {one.subject}: {one.text}"
        for one in examined.findings
    ]
    return "\n".join([*ports, *mistakes, *findings])


def _asked(directory: Path, what: str) -> dict[str, Json]:
    try:
        return ask(directory, {"do": what})
    except NoGatewayError as error:
        raise EarlyEnd(str(error), NO) from error


def _policy(path: Path) -> str:
    rules = read_rules(path)
    policy, at = policy_here(rules), SystemClock().utc()
    in_force = policy.at(at)
    told: dict[str, object] = {
        "versions": in_force.versions,
        "in_force": in_force.is_in_force(at),
        "valid_from": in_force.valid_from,
        "valid_until": in_force.valid_until,
        "mode": in_force.mode_at(at),
        "changes_at": [begins for begins, _ in policy.changes],
        "capacity": in_force.capacity,
        "anti_passback": in_force.anti_passback,
        "unknown_holder": in_force.unknown_holder,
        "rule_sets": [one.version for one in in_force.rule_sets],
    }
    return "\n".join(f"{key}: {value}" for key, value in told.items())


def _journal(directory: Path) -> str:
    count: Counter[str] = Counter()
    times: list[str] = []
    for event in read_events(directory, EVENTS_MAX):
        count[str(event["type"])] += 1
        if "time" in event:
            times[1:] = [str(event["time"])]
    looked = [f"{one.file}: {one.what}" for one in look_over(directory)]
    span = f"from {times[0]} to {times[-1]}" if times else "none"
    counted = [f"{number:>8} {name}" for name, number in count.most_common()]
    return "\n".join([*looked, f"the last {EVENTS_MAX} events: {span}", *counted])


def _files(directory: Path) -> Iterator[str]:
    for file in sorted(directory.iterdir()):
        stat = file.stat()
        yield f"{stat.st_mode:o} {stat.st_uid}:{stat.st_gid} {stat.st_size:>12} {file.name}"


def _log() -> str:
    lines = _run("journalctl", "-u", "gatewayd", "-n", str(LOG_LINES), "-o", "cat", "--no-pager")
    masked = [mask_log(line) for line in lines.splitlines()]
    strange = masked.count(None)
    return "\n".join([f"{strange} lines of others left out", *filter(None, masked)])


def _kernel() -> str:
    return "\n".join(
        line for line in _run("dmesg").splitlines() if any(word in line.lower() for word in _TTY)
    )


def _run(program: str, *words: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise EarlyEnd(f"there is no {program} on this machine", NO)
    ended = subprocess.run(  # noqa: S603, programs of the system, with words of ours
        [found, *words], capture_output=True, text=True, timeout=PROGRAM_S_MAX, check=False
    )
    if ended.returncode:
        raise EarlyEnd(f"{program} ended with {ended.returncode}; run this as root", NO)
    return ended.stdout


# --- what must not be in it ----------------------------------------------------------------------


def _directory(path: Path) -> Path:
    try:
        return read(path).settings.storage.directory
    except SettingsError:
        return _STATE_DIRECTORY


def _known(path: Path) -> frozenset[str]:
    """Return what the site's own files say of persons, as far as they can be read."""
    values: list[object] = []
    try:
        document = _document(path)
    except (OSError, ValueError):
        return frozenset()
    site = document.get("site")
    if isinstance(site, Mapping):
        contact = str(site.get("contact") or "")
        values += [contact, *re.findall(r"\w+", contact)]
    rosters = document.get("rosters")
    for roster in rosters if isinstance(rosters, list) else ():
        if isinstance(roster, Mapping):
            values += _cells(path.parent / str(roster.get("file")))
    return known_from(values)


def _cells(file: Path) -> Iterator[str]:
    """Yield the ids, notes and secrets of a roster."""
    try:
        with file.open(encoding="utf-8-sig", newline="", errors="replace") as rows:
            head = rows.readline()
            mark = ";" if ";" in head else ","
            names = [name.strip().lower() for name in head.split(mark)]
            for row in csv.reader(rows, delimiter=mark):
                cells = zip(names, row, strict=False)
                yield from (cell for name, cell in cells if name in ("id", "note", "otp_key"))
    except (OSError, csv.Error):
        return
