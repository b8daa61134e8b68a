"""Doubles with memory for the ports and the devices, and a small site put together from them."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Never, TypeVar

from drivers import base
from gatewayd.core.accounts import Account, ApiToken, kind_of
from gatewayd.core.centre_statuses import RECEIVED
from gatewayd.core.events import Draft, Event, Fact, dump_draft, load_draft
from gatewayd.core.folded import Change, Document
from gatewayd.core.lane import Windows
from gatewayd.core.lane_terms import Indication, Order
from gatewayd.core.policy import Policy
from gatewayd.core.pseudonym import Namespace, Pseudonyms
from gatewayd.core.reasons import Locale
from gatewayd.core.roles import Role
from gatewayd.core.roster import Roster, RosterEntry
from gatewayd.core.trust import collect
from gatewayd.core.words import ClockQuality, Direction, HolderId, Json, LaneId
from gatewayd.ports import Receipts, StorageError
from gatewayd.runtime.alarms import Alarms
from gatewayd.runtime.asked import Knowledge
from gatewayd.runtime.commands import Commands
from gatewayd.runtime.erasure import Erasure
from gatewayd.runtime.event_log import log_committed
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.lane import LaneShell, Shared
from gatewayd.runtime.questions import Question, Questions
from gatewayd.runtime.recorder import Recorder
from gatewayd.runtime.requests import Verb

T = TypeVar("T")

START = datetime(2021, 11, 29, 1, 0, tzinfo=UTC)
"""A Monday, 08:00 in Jakarta."""

EPOCH = "0000017d69e0a000"
JOURNAL_PATH = Path("/var/lib/gatewayd/journal.db")
"""Where the simulated disk refuses."""
PSEUDONYMS = Pseudonyms(bytes(32))


class SimClock:
    """Tells the running loop's time, or without a loop what a test says has passed."""

    def __init__(self) -> None:
        self.passed_s = 0.0
        self.told = ClockQuality.SYNCED

    def monotonic(self) -> float:
        try:
            return self.passed_s + asyncio.get_running_loop().time()
        except RuntimeError:
            return self.passed_s

    def utc(self) -> datetime:
        return START + timedelta(seconds=self.monotonic())

    def quality(self) -> ClockQuality:
        return self.told


class SimChance:
    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)

    def fraction(self) -> float:
        return self._random.random()

    def token(self, size: int) -> bytes:
        return self._random.randbytes(size)


class InlineBlocking:
    """Runs the call in the loop after `delay_s`; while it hangs, nothing comes back."""

    def __init__(self, delay_s: float = 0.001) -> None:
        self.delay_s = delay_s
        self._may_go = asyncio.Event()
        self._may_go.set()

    async def run(self, call: Callable[[], T]) -> T:
        await asyncio.sleep(self.delay_s)
        await self._may_go.wait()
        return call()

    def hang(self) -> None:
        self._may_go.clear()

    def resume(self) -> None:
        self._may_go.set()


class SimJournal:
    """Keeps bytes, as a disk does; `refusal` is what it says instead of taking a commit."""

    def __init__(self, epoch: str = EPOCH) -> None:
        self.epoch = epoch
        self.refusal: str | None = None
        self.commit_sizes: list[int] = []
        self.attempts = 0
        self._rows: list[tuple[bytes, float]] = []
        self._confirmed: set[int] = set()

    def commit(self, drafts: Sequence[tuple[Draft, float]]) -> list[Event]:
        self.attempts += 1
        if self.refusal is not None:
            raise StorageError(self.refusal, JOURNAL_PATH)
        first = len(self._rows) + 1
        self._rows += [(dump_draft(draft), at_s) for draft, at_s in drafts]
        self.commit_sizes.append(len(drafts))
        return [
            Event(self.epoch, seq, draft, "run", at_s)
            for seq, (draft, at_s) in enumerate(drafts, first)
        ]

    def head(self) -> int:
        return len(self._rows)

    def read(self, after: int, limit: int) -> list[Event]:
        rows = self._rows[after : after + limit]
        return [
            Event(self.epoch, seq, load_draft(body), "run", at_s)
            for seq, (body, at_s) in enumerate(rows, after + 1)
        ]

    def receipts(self) -> Receipts:
        upto = next(seq for seq in range(len(self._rows) + 1) if seq + 1 not in self._confirmed)
        beyond = sorted(seq for seq in self._confirmed if seq > upto)
        return Receipts(upto, tuple((seq, seq) for seq in beyond))

    def confirm(self, seqs: Sequence[int]) -> Receipts:
        self._confirmed.update(seqs)
        return self.receipts()

    @property
    def facts(self) -> list[Fact]:
        """All facts on disk, in order."""
        return [event.fact for event in self.read(0, self.head())]


class SimCache:
    """Tables in dictionaries; what was flushed is what a crash leaves."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, Document]] = {}
        self._folded = ("", 0)
        self._durable: tuple[dict[str, dict[str, Document]], tuple[str, int]] = ({}, ("", 0))

    def get(self, table: str, key: str) -> Mapping[str, Json] | None:
        return self._tables.get(table, {}).get(key)

    def items(self, table: str) -> Iterator[tuple[str, Mapping[str, Json]]]:
        return iter(list(self._tables.get(table, {}).items()))

    def size(self, table: str) -> int:
        return len(self._tables.get(table, {}))

    def apply(self, changes: Sequence[Change], epoch: str, upto: int) -> None:
        self.keep(changes)
        self._folded = (epoch, upto)

    def keep(self, changes: Sequence[Change]) -> None:
        for change in changes:
            rows = self._tables.setdefault(change.table, {})
            if change.document is None:
                rows.pop(change.key, None)
            else:
                rows[change.key] = change.document

    def folded(self) -> tuple[str, int]:
        return self._folded

    def flush(self) -> None:
        copied = {table: dict(rows) for table, rows in self._tables.items()}
        self._durable = (copied, self._folded)

    def compact(self) -> None:
        self.flush()

    def clear(self) -> None:
        kept = {table: rows for table, rows in self._tables.items() if table in RECEIVED}
        self._tables, self._folded = kept, ("", 0)

    def crash(self) -> None:
        """Forget what was not flushed."""
        tables, self._folded = self._durable
        self._tables = {table: dict(rows) for table, rows in tables.items()}

    @property
    def tables(self) -> dict[str, dict[str, Document]]:
        return {table: dict(rows) for table, rows in self._tables.items() if rows}


class People(Enum):
    """What happens at the turnstile when it was asked to open."""

    PASS = "they go through"
    STAY = "nobody comes, and the turnstile says so at the end of its time"
    SILENT = "nothing is heard of it any more"
    REFUSED = "the turnstile does not open"
    UNKNOWN = "the command left, and no answer came"


class SimTurnstile:
    """A controller with a log that it repeats until it is acknowledged."""

    capabilities = base.Capabilities(
        own_timing=True, feedback=True, direction=True, log=True, fire_input=True
    )

    def __init__(
        self, people: People = People.PASS, *, is_plugged: bool = True, device: str = "sim-1"
    ) -> None:
        self.people = people
        self.device = device
        self.sent: list[base.GateCommand] = []
        self.sent_at_s: list[float] = []
        self.log: list[base.Passed | base.NotPassed | base.Breached | base.DeviceNoted] = []
        self.in_force: str | None = None
        self._is_plugged = is_plugged
        self._is_linked = False
        self._sequence = 0
        self._report: Callable[[base.GateReport], None] | None = None

    async def run(self, report: Callable[[base.GateReport], None]) -> Never:
        self._report = report
        await asyncio.sleep(0.1)
        if self._is_plugged:
            self.plug()
        while True:
            await asyncio.sleep(3600.0)

    def send(self, command: base.GateCommand) -> None:
        self.sent.append(command)
        self.sent_at_s.append(asyncio.get_running_loop().time())
        match command:
            case base.OpenOnce():
                self._open(command)
            case base.CancelOpen(grant) if grant == self.in_force:
                self.in_force = None
                self.note(base.NotPassed(grant, self.next(), "cancelled"))
            case base.Acknowledge(_, upto):
                self.log = [entry for entry in self.log if _sequence(entry) > upto]
            case base.CancelOpen() | base.SetMode() | base.Indicate():
                pass

    # --- what a test does to it ---

    def plug(self) -> None:
        self._is_linked = True
        self.tell(base.LinkUp("Sim controller"))
        for entry in list(self.log):
            self.tell(entry)
        self.tell(base.LogRead(self.device, (self.in_force,) if self.in_force else ()))

    def unplug(self) -> None:
        self._is_linked = False
        self.tell(base.LinkLost("the plug is out; push it in"))

    def tell(self, report: base.GateReport) -> None:
        assert self._report is not None, "it runs first"
        self._report(report)

    def note(self, entry: base.Passed | base.NotPassed | base.Breached | base.DeviceNoted) -> None:
        """Log an entry made with `next()`, and tell it where there is a link."""
        self.log.append(entry)
        if self._is_linked:
            self.tell(entry)

    def next(self) -> base.LogPosition:
        self._sequence += 1
        return base.LogPosition(self.device, self._sequence)

    def walk(self, direction: base.Direction, grant: str | None = None) -> None:
        if grant is not None and grant == self.in_force:
            self.in_force = None
        self.note(base.Passed(direction, grant, self.next()))

    # --- what a test asks of it ---

    @property
    def opens(self) -> list[base.OpenOnce]:
        return [command for command in self.sent if isinstance(command, base.OpenOnce)]

    @property
    def modes(self) -> list[base.Mode]:
        return [command.mode for command in self.sent if isinstance(command, base.SetMode)]

    @property
    def acknowledged(self) -> list[int]:
        return [command.upto for command in self.sent if isinstance(command, base.Acknowledge)]

    def shown(self, direction: Direction) -> list[base.Signal]:
        return [
            command.signal
            for command in self.sent
            if isinstance(command, base.Indicate) and command.direction == direction
        ]

    def _open(self, command: base.OpenOnce) -> None:
        if not self._is_linked:
            self.tell(base.NotOpened(command.grant, "no_link"))
            return
        later = asyncio.get_running_loop().call_later
        match self.people:
            case People.PASS:
                self.in_force = command.grant
                later(0.01, self.tell, base.Opened(command.grant))
                later(0.5, self.tell, base.PassageBegan(command.grant))
                later(1.0, self.walk, command.direction, command.grant)
            case People.STAY:
                self.in_force = command.grant
                later(0.01, self.tell, base.Opened(command.grant))
                later(command.unlock_ms / 1000, self._time_over, command.grant)
            case People.SILENT:
                self.in_force = command.grant
            case People.REFUSED:
                later(0.01, self.tell, base.NotOpened(command.grant, "busy"))
            case People.UNKNOWN:
                later(command.ttl_ms / 1000, self.tell, base.OpenUnknown(command.grant))

    def _time_over(self, grant: str) -> None:
        if self.in_force == grant:
            self.in_force = None
            self.note(base.NotPassed(grant, self.next(), "timeout"))


def _sequence(entry: base.Passed | base.NotPassed | base.Breached | base.DeviceNoted) -> int:
    assert entry.log is not None
    return entry.log.sequence


class SimReader:
    """A reader that scans what a test holds up."""

    def __init__(self) -> None:
        self.shown: list[base.Signal] = []
        self._report: Callable[[base.ReaderReport], None] | None = None
        self._failure: asyncio.Event = asyncio.Event()

    async def run(self, report: Callable[[base.ReaderReport], None]) -> Never:
        self._report = report
        self._failure.clear()
        await self._failure.wait()
        raise RuntimeError("a defect in the driver")

    def show(self, signal: base.Signal) -> None:
        self.shown.append(signal)

    def scan(self, data: bytes) -> None:
        self.tell(base.ScanRead(data, asyncio.get_running_loop().time()))

    def tell(self, report: base.ReaderReport) -> None:
        assert self._report is not None, "it runs first"
        self._report(report)

    def fail(self) -> None:
        self._failure.set()


# --- a site ---


def holder(person: str) -> HolderId:
    return PSEUDONYMS.of(Namespace.PERSON, person)


def roster(people: Mapping[str, RosterEntry]) -> Roster:
    return Roster("people", {holder(person): entry for person, entry in people.items()})


STAFF = RosterEntry("staff")
VISITOR = RosterEntry("visitor")
BLOCKED = RosterEntry("visitor", blocked=True)
PEOPLE = roster(
    {
        **{f"S-{number}": STAFF for number in range(1, 6)},
        **{f"V-{number}": VISITOR for number in range(1, 10)},
        "B-1": BLOCKED,
    }
)


def knowledge(policy: Policy | None = None, people: Roster = PEOPLE) -> Knowledge:
    return Knowledge(policy or Policy(zone=UTC), collect(()), (people,), PSEUDONYMS)


@dataclass
class Site:
    """Recorder, gate and lanes over doubles; `journal` and `cache` may be those of a run before."""

    turnstiles: Sequence[SimTurnstile]
    policy: Policy | None = None
    journal: SimJournal = field(default_factory=SimJournal)
    cache: SimCache = field(default_factory=SimCache)
    order: Order = Order.NORMAL
    windows: Windows = field(default_factory=Windows)
    on_record_failure: Indication = Indication.REFUSED
    asks: Callable[[Question], bool] | None = None

    def __post_init__(self) -> None:
        self.clock = SimClock()
        self.blocking = InlineBlocking()
        self.gate = Gate(knowledge(self.policy), self.cache, self.clock, SimChance())
        self.committed = [self.gate.committed, log_committed]
        self.recorder = Recorder(self.journal, self.blocking, self.clock, self.committed)
        self.alarms = Alarms(self.cache, self.recorder)
        self.change_count = 0
        self.questions = Questions(
            self.clock,
            SimChance(),
            self.asks or (lambda _: False),
            lambda: self.gate.policy.asks_centre_ms,
        )
        shared = Shared(
            gate=self.gate,
            recorder=self.recorder,
            alarms=self.alarms,
            clock=self.clock,
            windows=self.windows,
            on_record_failure=self.on_record_failure,
            changed=self._changed,
            questions=self.questions if self.asks is not None else None,
        )
        self.readers = [
            {Direction.ENTRY: SimReader(), Direction.EXIT: SimReader()} for _ in self.turnstiles
        ]
        self.lanes = [
            LaneShell(LaneId(f"lane-{number}"), turnstile, readers, shared, self.order)
            for number, (turnstile, readers) in enumerate(
                zip(self.turnstiles, self.readers, strict=True), 1
            )
        ]

    def _changed(self) -> None:
        self.change_count += 1

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Site"]:
        """Run it, and go on when the turnstiles are linked."""
        async with asyncio.TaskGroup() as tasks:
            parts = [self.recorder.run(), *(lane.run() for lane in self.lanes)]
            started = [tasks.create_task(part) for part in parts]
            await asyncio.sleep(0.2)
            yield self
            for task in started:
                task.cancel()

    def scan(self, person: str, direction: Direction = Direction.ENTRY, lane: int = 0) -> None:
        self.readers[lane][direction].scan(person.encode())

    def commands(self, **more: Verb) -> Commands:
        """Return what people at the gate may ask; more: the verbs of other parts."""
        erasure = Erasure(
            self.journal, self.cache, self.recorder, self.blocking, self.gate.grants.forget
        )
        lanes = {lane.id: lane for lane in self.lanes}
        return Commands(
            lanes, {}, self.gate, self.recorder, dict, Locale.EN, erasure=erasure, more=more
        )

    def facts(self, kind: type[T]) -> list[T]:
        """What is on disk of a kind, in order."""
        return [fact for fact in self.journal.facts if isinstance(fact, kind)]


class SimAccounts:
    """Secrets in a dictionary; `refusal` is what the disk says instead of taking a change."""

    def __init__(self, **secrets: tuple[Role, str]) -> None:
        self.secrets = {label: secret for label, (_, secret) in secrets.items()}
        self.known = {
            label: Account(label, role, kind_of(role, secret))
            for label, (role, secret) in secrets.items()
        }
        self.locks: dict[str, datetime] = {}
        self.shown: dict[str, tuple[ApiToken, bytes]] = {}
        self.refusal: str | None = None
        self.check_count = 0
        self.changes: dict[str, int] = {}

    @property
    def accounts(self) -> list[Account]:
        return [account for _, account in sorted(self.known.items())]

    def find(self, label: str) -> Account | None:
        return self.known.get(label)

    def is_right(self, label: str, secret: str) -> bool:
        self.check_count += 1
        return self.secrets.get(label) == secret

    def set(self, account: Account, secret: str) -> None:
        self._look()
        self.known[account.label] = account
        self.secrets[account.label] = secret
        self.changes[account.label] = self.changes.get(account.label, 0) + 1
        self.locks.pop(account.label, None)

    def remove(self, label: str) -> None:
        self._look()
        del self.known[label], self.secrets[label]

    def lock(self, label: str, until: datetime) -> None:
        self._look()
        self.locks[label] = until

    def locked_until(self, label: str) -> datetime | None:
        return self.locks.get(label)

    @property
    def tokens(self) -> list[ApiToken]:
        return [token for _, (token, _secret) in sorted(self.shown.items())]

    def find_token(self, secret: bytes) -> ApiToken | None:
        return next((token for token, known in self.shown.values() if known == secret), None)

    def stamp(self, label: str) -> str | None:
        if label in self.known:
            return f"{self.changes.get(label, 0)} {self.secrets[label]}"
        return self.shown[label][1].hex() if label in self.shown else None

    def add_token(self, token: ApiToken, secret: bytes) -> None:
        self._look()
        self.shown[token.label] = (token, secret)

    def remove_token(self, label: str) -> None:
        self._look()
        del self.shown[label]

    def note_use(self, label: str, day: date) -> None:
        token, secret = self.shown[label]
        self.shown[label] = (replace(token, used=day), secret)

    def flush(self) -> None:
        self._look()

    def _look(self) -> None:
        if self.refusal is not None:
            raise StorageError(self.refusal)
