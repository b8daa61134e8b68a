"""What a controller must keep over a reboot: its log, and its answers to the last commands."""

from dataclasses import dataclass, replace

from firmware_protocol.settings import FACTORY, Settings
from firmware_protocol.words import Command, Direction, EndReason, LogEntry, LogKind, Mode, Outcome

LOG_ROWS_MAX = 1024
"""Un-acknowledged entries kept: a day of passages at a busy gate with the host down."""

ANSWERS_KEPT = 64
"""A repeat comes within seconds; 64 commands are more than a minute of the fastest lane."""


@dataclass(frozen=True, slots=True)
class Answer:
    grant: bytes
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Memory:
    """Plain data; whoever runs the controller stores it before it acts on what a step returned.

    head: sequence of the newest log entry, 0 if there never was one.
    acknowledged: the host has everything up to here on its own disk.
    lost_count: entries overwritten before they were acknowledged, ever.
    entries: the un-acknowledged ones that are still here, rising without gaps, ending with `head`.
    answers: the last commands and what was answered, oldest first.
    settings: what the host set.
    """

    boot_count: int = 0
    head: int = 0
    acknowledged: int = 0
    lost_count: int = 0
    entries: tuple[LogEntry, ...] = ()
    answers: tuple[Answer, ...] = ()
    in_force: Command | None = None
    settings: Settings = FACTORY

    @property
    def first(self) -> int:
        """Sequence of the oldest entry that can still be read; `head + 1` if there is none."""
        return self.head - len(self.entries) + 1


def append(  # noqa: PLR0913 - one argument for each field of a log entry
    memory: Memory,
    kind: LogKind,
    at_ms: int,
    *,
    direction: Direction | None = None,
    grant: bytes | None = None,
    reason: EndReason | None = None,
    mode: Mode | None = None,
    is_free: bool = False,
) -> tuple[Memory, LogEntry]:
    """Add an entry; a full log overwrites its oldest one and counts that."""
    entry = LogEntry(
        sequence=memory.head + 1,
        kind=kind,
        boot=memory.boot_count,
        at_ms=at_ms,
        direction=direction,
        grant=grant,
        reason=reason,
        mode=mode,
        is_free=is_free,
    )
    is_full = len(memory.entries) == LOG_ROWS_MAX
    grown = replace(
        memory,
        head=entry.sequence,
        entries=(*memory.entries[is_full:], entry),
        lost_count=memory.lost_count + is_full,
    )
    return grown, entry


def acknowledge(memory: Memory, upto: int) -> Memory:
    """Forget entries up to `upto`; one beyond the head, or behind the last one, changes nothing."""
    if not memory.acknowledged < upto <= memory.head:
        return memory
    kept = tuple(entry for entry in memory.entries if entry.sequence > upto)
    return replace(memory, acknowledged=upto, entries=kept)


def read(memory: Memory, start: int, limit: int) -> tuple[LogEntry, ...]:
    """Return up to `limit` entries from sequence `start` on, or from the oldest one still here."""
    skipped = max(start - memory.first, 0)
    return memory.entries[skipped : skipped + limit]


def remember(memory: Memory, grant: bytes, outcome: Outcome) -> Memory:
    answers = (*memory.answers, Answer(grant, outcome))[-ANSWERS_KEPT:]
    return replace(memory, answers=answers)


def recall(memory: Memory, grant: bytes) -> Outcome | None:
    """Return what was answered to this command before; None if it is new, or long ago."""
    for answer in memory.answers:
        if answer.grant == grant:
            return answer.outcome
    return None
