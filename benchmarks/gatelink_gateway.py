"""A gateway with a journal on a noisy line, in virtual time: the other half of a soak's world."""

from typing import Final

from benchmarks.gatelink_world import DOWN_S, PSK, World
from firmware_protocol.host import Host, Output
from firmware_protocol.reports import (
    Answered,
    EntriesLost,
    LogEnd,
    Logged,
    NeverSent,
    Report,
    Unanswered,
)
from firmware_protocol.words import Command, Direction, LogEntry, Outcome

UNLOCK_MS, TTL_MS = 5_000, 1_500
# Of the journal, on a good disk and on a slow card.
COMMIT_S: Final = (0.001, 0.08)


class Gateway:
    """The host and its journal: what is committed outlives it, all else does not."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.journal: dict[tuple[bytes, int], LogEntry] = {}
        self.given: set[bytes] = set()
        self.verdicts: dict[bytes, bool] = {}
        """Whether the command opened, as far as the gateway knows."""
        self.lost_count = 0
        self._life = 0
        self._timer = 0
        self._asked_s: dict[bytes, float] = {}
        self._committed_s = 0.0
        self._host: Host | None = None

    def start(self) -> None:
        self._host = Host(PSK, name="soak", token=self._world.random.randbytes)
        self._act(self._host.open_line(self._now_ms()))

    def kill(self) -> None:
        world = self._world
        if self._host is None:
            return
        world.figures.host_restarts += 1
        self._note_noise(self._host)
        self._life += 1
        self._host = None
        world.figures.unknown += len(self._asked_s)
        self._asked_s.clear()
        world.time.at(world.time.now_s + world.random.uniform(*DOWN_S), self.start)

    def open(self) -> None:
        world = self._world
        if self._host is None:
            return
        grant = world.random.randbytes(16)
        direction = Direction.EXIT if world.random.random() < 0.2 else Direction.ENTRY
        world.figures.commands += 1
        self.given.add(grant)
        self._asked_s[grant] = world.time.now_s
        self._act(self._host.open(Command(grant, direction), UNLOCK_MS, TTL_MS, self._now_ms()))

    def feed(self, data: bytes) -> None:
        if self._host is not None:
            self._act(self._host.feed(data, self._now_ms()))

    def end(self) -> None:
        assert self._host is not None
        self._note_noise(self._host)

    def _now_ms(self) -> int:
        return round(1000 * self._world.time.now_s)

    def _act(self, output: Output) -> None:
        world = self._world
        assert self._host is not None
        if output.data:
            world.to_device.send(output.data, world.controller.feed)
        for report in output.reports:
            self._take(report)
        self._timer += 1
        timer, deadline_ms = self._timer, self._host.deadline_ms()
        if deadline_ms is not None:
            world.time.at(deadline_ms / 1000, lambda: self._tick(timer))

    def _tick(self, timer: int) -> None:
        if timer == self._timer and self._host is not None:
            self._act(self._host.tick(self._now_ms()))

    def _take(self, report: Report) -> None:
        world, figures = self._world, self._world.figures
        match report:
            case Answered(grant, outcome):
                figures.answered_ms.append(1000 * (world.time.now_s - self._asked_s.pop(grant)))
                is_opened = outcome is Outcome.OPENED
                figures.opened += is_opened
                figures.refused += not is_opened
                self._settle(grant, is_opened=is_opened)
            case NeverSent(grant):
                figures.not_sent += 1
                del self._asked_s[grant]
                self._settle(grant, is_opened=False)
            case Unanswered(grant):
                figures.unknown += 1
                del self._asked_s[grant]
            case Logged(log, entry):
                life = self._life
                at_s = world.time.now_s + world.random.uniform(*COMMIT_S)
                self._committed_s = max(self._committed_s, at_s)
                world.time.at(self._committed_s, lambda: self._commit(log, entry, life))
            case LogEnd(_, in_force):
                life = self._life
                under_way = {*in_force, *self._asked_s}
                unknown = self.given - self.verdicts.keys() - under_way
                world.time.at(self._committed_s, lambda: self._close(unknown, life))
            case EntriesLost(_, count):
                self.lost_count += count
            case _:
                pass

    def _commit(self, log: bytes, entry: LogEntry, life: int) -> None:
        if life != self._life or self._host is None:
            return
        known = self.journal.setdefault((log, entry.sequence), entry)
        self._world.figures.told_again += known is not entry
        assert known == entry, "a sequence stood for two entries"
        if entry.grant is not None:
            self._settle(entry.grant, is_opened=True)
        self._act(self._host.acknowledge(log, entry.sequence, self._now_ms()))

    def _close(self, unknown: set[bytes], life: int) -> None:
        if life == self._life:
            for grant in unknown - self.verdicts.keys():
                self._settle(grant, is_opened=False)

    def _settle(self, grant: bytes, *, is_opened: bool) -> None:
        if self.verdicts.setdefault(grant, is_opened) != is_opened:
            self._world.figures.wrongly_settled += 1

    def _note_noise(self, host: Host) -> None:
        self._world.figures.bad_frames += host.noise_count + host.forged_count
