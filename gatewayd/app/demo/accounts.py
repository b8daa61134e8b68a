"""The accounts of the demo: what the journal, the turnstiles and the centre each saw, compared."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """What independent witnesses of a run tell.

    scans: codes that the people typed. journal: all events, with their ids. openings: grants that
    the turnstiles unlocked for. bodies_in, bodies_out: people whom the turnstiles saw go through.
    received: ids of events in the order the centre got them. occupancy: what the centre was told
    last. status: what the gateway said of itself at the end.
    """

    scans: int
    journal: Sequence[Event]
    openings: Sequence[str]
    bodies_in: int
    bodies_out: int
    received: Sequence[str]
    occupancy: int | None
    inside: int


@dataclass(frozen=True, slots=True)
class Shown:
    """How a statement of a site fared: in how many acts, and whether all were as it says."""

    number: str
    id: str
    en: str
    acts: int
    is_right: bool


@dataclass(frozen=True, slots=True)
class Ledger:
    figures: Mapping[str, int]
    problems: tuple[str, ...] = field(default=())
    statements: tuple[Shown, ...] = field(default=())
    """Of the site whose story was played."""


def settle(seen: Seen) -> Ledger:
    """Return the figures of the run, and a sentence for each thing that does not add up."""
    figures = _count(seen)
    return Ledger(figures, tuple(_problems(seen, figures)))


def _count(seen: Seen) -> dict[str, int]:
    kinds = Counter((_kind(event), event["data"].get("source")) for event in seen.journal)
    passages = [event for event in seen.journal if _kind(event) in _BODIES]
    exits = sum(event["data"]["direction"] == "exit" for event in passages)
    unique = set(seen.received)
    journaled = {event["id"] for event in seen.journal}
    return {
        "scans": seen.scans,
        "admitted": kinds["access.admitted", "gateway"],
        "refused": kinds["access.refused", "gateway"],
        "referred": kinds["access.referred", "gateway"],
        "officer_admitted": kinds["access.admitted", "officer"],
        "exits": exits,
        "passages": len(passages),
        "passages_in": len(passages) - exits,
        "passages_out": exits,
        "breaches": kinds["passage.breached", None],
        "unused_grants": kinds["passage.expired", None],
        "occupancy": seen.inside,
        "cache_hits": sum(event["data"].get("cached") is True for event in seen.journal),
        "events_journaled": len(journaled),
        "events_received": len(unique & journaled),
        "events_lost": len(journaled - unique),
        "duplicates": len(seen.received) - len(unique),
    }


def _problems(seen: Seen, figures: Mapping[str, int]) -> list[str]:
    verdicts = figures["admitted"] + figures["refused"] + figures["referred"]
    recorded = {
        event["data"].get("grant") for event in seen.journal if _kind(event) == "access.admitted"
    }
    unrecorded = [grant for grant in seen.openings if grant not in recorded]
    inside = figures["passages_in"] - figures["passages_out"]
    checks = {
        f"{seen.scans} scans, but {verdicts} verdicts": seen.scans == verdicts,
        f"{len(unrecorded)} openings without a record": not unrecorded,
        f"{figures['events_lost']} events never reached the centre": figures["events_lost"] == 0,
        f"{inside} people inside by the passages, but the count is {seen.inside}": (
            inside == seen.inside
        ),
        f"the centre was told of {seen.occupancy} people inside, not of {seen.inside}": (
            seen.occupancy == seen.inside
        ),
        f"the turnstiles saw {seen.bodies_in} in and {seen.bodies_out} out, the journal has "
        f"{figures['passages_in']} and {figures['passages_out']}": (
            seen.bodies_in == figures["passages_in"] and seen.bodies_out == figures["passages_out"]
        ),
        "an opening is missing or came twice": len(set(seen.openings)) == len(seen.openings),
    }
    return [sentence for sentence, holds in checks.items() if not holds]


_BODIES = ("passage.completed", "passage.breached", "passage.unattributed")


def _kind(event: Event) -> str:
    return str(event["type"]).removeprefix("onegate.").removesuffix(".v1")
