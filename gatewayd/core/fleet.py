"""What the gates of a centre have in force, beside each other: whoever differs from most is marked.

It is made of the messages below `up/` that gates send anyway: the retained `state` and `occupancy`,
and `health` where one comes. What is no such message is left out.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from gatewayd.core.words import ClockQuality, Json

NONE = "none"
_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_ROOT_LEVELS: Final = 2  # onegate/v1
_SITE_LEVELS: Final = 3  # region/organisation/site


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRow:
    """One gate, as it last told. Of one that is offline nothing else is known.

    told_at: the newest time in what it told. documents: versions by label, like `policy mojokerto`.
    marks: a sentence for each way in which it is not as most are.
    """

    site: str
    is_online: bool
    told_at: str | None
    version: str | None = None
    mode: str | None = None
    policy: tuple[str, ...] = ()
    documents: Mapping[str, str] = field(default_factory=dict)
    clock: str | None = None
    queue_depth: int | None = None
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fleet:
    """Sites by their path; most: what most of those that are online have, by what it is."""

    rows: tuple[SiteRow, ...]
    most: Mapping[str, str]

    @property
    def has_skew(self) -> bool:
        return any(row.marks for row in self.rows)


def compare(heard: Mapping[str, bytes]) -> Fleet:
    """Put together what gates told last, by topic.

    Compared: the software, whether rules are enforced, and each document of the centre that holds
    for more than one site; a roster only between those that take it: a centre chooses who does.
    """
    told: dict[str, dict[str, Mapping[str, Json]]] = {}
    for topic, payload in heard.items():
        levels, body = topic.split("/"), _read(payload)
        site, rest = levels[_ROOT_LEVELS:][:_SITE_LEVELS], levels[_ROOT_LEVELS + _SITE_LEVELS :]
        if body is not None and len(rest) == len(("up", "state")):
            told.setdefault("/".join(site), {})[rest[1]] = body
    rows = [_row(site, heard) for site, heard in sorted(told.items()) if "state" in heard]
    online = [row for row in rows if row.is_online]
    kinds = {label for row in online for label in row.documents if not _is_own(label, row.site)}
    values = {
        "gatewayd": {row.site: row.version or NONE for row in online},
        "mode": {row.site: row.mode or NONE for row in online},
    }
    for label in sorted(kinds):
        values[label] = _having(label, online)
    most = {what: _most(by_site.values()) for what, by_site in values.items()}
    return Fleet(tuple(_marked(row, values, most) for row in rows), most)


def _row(site: str, heard: Mapping[str, Mapping[str, Json]]) -> SiteRow:
    state, health = heard["state"], heard.get("health", {})
    as_of = heard.get("occupancy", {}).get("as_of")
    times = [state.get("time"), health.get("time")]
    if isinstance(as_of, Mapping):
        times.append(as_of.get("time"))
    told_at = max((time for time in times if isinstance(time, str)), default=None)
    if state.get("state") != "online":
        why = state.get("reason")
        mark = "offline: the connection was lost" if why == "lost" else f"offline: {why}"
        return SiteRow(site=site, is_online=False, told_at=told_at, marks=(mark,))
    policy, depth = state.get("policy"), health.get("queue_depth", state.get("queue_depth"))
    clock = health.get("clockquality", state.get("clockquality"))
    return SiteRow(
        site=site,
        is_online=True,
        told_at=told_at,
        version=_text(state.get("version")),
        mode=_text(state.get("mode")),
        policy=tuple(map(str, policy)) if isinstance(policy, list) else (),
        documents=dict(_documents(state.get("documents"))),
        clock=_text(clock),
        queue_depth=depth if isinstance(depth, int) else None,
        marks=("its clock is not set",) if clock == ClockQuality.UNSYNCED else (),
    )


def _documents(told: Json) -> Iterable[tuple[str, str]]:
    for one in told if isinstance(told, list) else ():
        if isinstance(one, Mapping):
            path, name = str(one.get("path")), one.get("name")
            place = path if name is None else f"{path.rstrip('/')}/{name}"
            version = f"{one.get('version')}{' (withdrawn)' if one.get('withdrawn') else ''}"
            yield f"{one.get('kind')} {place}", version


def _having(label: str, online: Iterable[SiteRow]) -> dict[str, str]:
    """Return the version of a document at each site that is to have it."""
    kind, _, place = label.partition(" ")
    if kind == "roster":
        return {row.site: row.documents[label] for row in online if label in row.documents}
    below = [row for row in online if place == "/" or row.site.startswith(f"{place}/")]
    return {row.site: row.documents.get(label, NONE) for row in below}


def _is_own(label: str, site: str) -> bool:
    place = label.partition(" ")[2]
    return place == site or place.startswith(f"{site}/")


def _most(values: Iterable[str]) -> str:
    """Return what most have; of two equally many, the newer."""
    ranked = [(count, _age(value), value) for value, count in Counter(values).items()]
    return max(ranked, default=(0, (), NONE))[2]


def _age(version: str) -> tuple[int, ...]:
    """Return what sorts 9 before 10, and none before both."""
    return tuple(int(number) for number in _NUMBER.findall(version))


def _marked(
    row: SiteRow, values: Mapping[str, Mapping[str, str]], most: Mapping[str, str]
) -> SiteRow:
    others = [
        f"{what}: {by_site[row.site]}, most have {most[what]}"
        for what, by_site in values.items()
        if by_site.get(row.site, most[what]) != most[what]
    ]
    return replace(row, marks=(*row.marks, *others))


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _read(payload: bytes) -> Mapping[str, Json] | None:
    try:
        body = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None
