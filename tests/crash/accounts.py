"""What the turnstiles saw, what is on the disk, and what the centre was sent, held against each other.

`Book.take` looks at a dead daemon after each kill, `Book.close` at a living one that has come to rest.
A turnstile with a log names the grant that it opens for; of one without, openings are counted.
"""

import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from gatewayd.app.backup import BackupError, Place, restore
from gatewayd.app.records import read_events
from gatewayd.ports import StorageError
from gatewayd.store.before_upgrade import COPY_NAME
from gatewayd.store.journal_verify import verify
from tests.crash.faults import OF_SYNCS, Fault
from tests.crash.world import World
from tests.e2e.daemon import Lane, until

Line = Mapping[str, Any]
Passage = tuple[str, Line]
"""Its outcome and its data."""
JOURNAL = ("journal.db", "journal.db-wal")
WAYS = ("entry", "exit")


@dataclass
class Figures:
    """Of one fault. rows, messages: that were written while it lasted, and of these sent.

    early_exits: exits that opened without a record, as they may when the disk is late or refuses.
    """

    kills: int = 0
    openings: int = 0
    rows: int = 0
    messages: int = 0
    unrecorded: int = 0
    double: int = 0
    early_exits: int = 0

    @property
    def lost(self) -> int:
        return self.rows - self.messages

    def __iadd__(self, other: "Figures") -> Self:
        for name in vars(other):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self


@dataclass
class Book:
    """The accounts of one world; `findings` are sentences about what does not agree."""

    world: World
    figures: defaultdict[Fault, Figures] = field(default_factory=lambda: defaultdict(Figures))
    findings: list[str] = field(default_factory=list)
    marks: Counter[str] = field(default_factory=Counter)
    _rows: list[Line] = field(default_factory=list)
    _faults: list[Fault] = field(default_factory=list)
    """During which fault each row was written."""
    _seen: Counter[str] = field(default_factory=Counter)
    """How many openings of each lane were looked at."""
    _early: Counter[tuple[str, str]] = field(default_factory=Counter)
    _inside: set[str] = field(default_factory=set)
    """Who is, by the records."""
    _kills: int = 0

    async def take(self, fault: Fault) -> None:
        """Look after a kill: whatever opened until then stands on the disk."""
        self._kills += 1
        rows = self._rows_on_disk()
        for lane in self.world.lanes:
            await self._hear_out(lane)
        if rows[: len(self._rows)] != self._rows:
            self._find(fault, "rows that were on the disk before are gone or changed")
        written = rows[len(self._rows) :]
        self._rows = rows
        self._faults += [fault] * len(written)
        figures = self.figures[fault]
        figures.kills += 1
        is_syncing = fault in OF_SYNCS and self.world.slow.is_syncing()
        self.marks["kills in the middle of a sync"] += is_syncing
        figures.rows += len(written)
        admitted = [row["data"] for row in rows if is_of(row, "admitted")]
        for lane in self.world.lanes:
            openings = lane.turnstile.told("unlocked")[self._seen[lane.name] :]
            self._seen[lane.name] += len(openings)
            figures.openings += len(openings)
            self._check_openings(fault, lane, openings, admitted, written)

    def close(self) -> None:
        """Compare all three, once everybody was served and everything was sent."""
        events = self.world.site.journal()
        self._faults += [Fault.NONE] * (len(events) - len(self._rows))
        self.figures[Fault.NONE].rows += len(events) - len(self._rows)
        self.figures[Fault.NONE].openings += sum(
            len(lane.turnstile.told("unlocked")) - self._seen[lane.name]
            for lane in self.world.lanes
        )
        self.findings += self._sync_findings(events)
        self.findings += self._gate_findings(events)
        self.findings += self._copy_findings()
        reasons = Counter(event["data"].get("reason") for event in events)
        self.marks["times that the disk refused"] += len(self.world.site.log("journal_refuses"))
        self.marks[
            "worlds whose disk was not to be filled, so that files could not grow"
        ] += not self.world.has_own_disk
        self.marks["sectors that were not synced and are lost"] += self.world.slow.lost_count
        self.marks["records that came too late to open"] += reasons["record_late"]
        self.marks["grants that are uncertain"] += sum(
            bool(event["data"].get("uncertain")) for event in events
        )

    def _find(self, fault: Fault, what: str) -> None:
        self.findings.append(f"kill {self._kills} ({fault}): {what}")

    def _rows_on_disk(self) -> list[Line]:
        """Read a copy, so that nothing is repaired that the next start has to."""
        with tempfile.TemporaryDirectory() as folder:
            for name in JOURNAL:
                if (path := self.world.site.state / name).exists():
                    shutil.copy(path, folder)
            return list(read_events(Path(folder)))

    async def _hear_out(self, lane: Lane) -> None:
        """Return when the turnstile has done what was on its line at the kill."""
        order = f"kill {self._kills}"
        lane.turnstile.order(order)
        await until(lambda: bool(lane.turnstile.told("not_understood", order=order)))

    def _check_openings(
        self,
        fault: Fault,
        lane: Lane,
        openings: Sequence[Line],
        admitted: Sequence[Line],
        written: Sequence[Line],
    ) -> None:
        if has_log(lane):
            grants = {data["grant"] for data in admitted}
            missing = [line["direction"] for line in openings if line["grant"] not in grants]
        else:
            here = [row["data"] for row in written if is_of(row, "admitted")]
            can = Counter(data["direction"] for data in here if data["lane"] == lane.name)
            did = Counter(line["direction"] for line in openings)
            missing = list((did - can).elements())
        for way in missing:
            if way == "exit":
                self.figures[fault].early_exits += 1
                self._early[lane.name, way] += 1
            else:
                self.figures[fault].unrecorded += 1
                self._find(fault, f"{lane.name} opened its entry, and no verdict stood on the disk")

    # --- at the end ---

    def _sync_findings(self, events: Sequence[Line]) -> Iterator[str]:
        arrived = self.world.centre.events()
        for event, fault in zip(events, self._faults, strict=True):
            found = arrived.pop(event["id"], None)
            if found is None:
                yield f"{event['id']} ({fault}) never arrived"
                continue
            self.figures[fault].messages += 1
            if not found.items() >= event.items():
                yield f"{event['id']} ({fault}) arrived as another one"
        for strange in arrived:
            yield f"{strange} arrived, and is not on the disk"
        for finding in verify(self.world.site.state).findings:
            yield f"journal verify: {finding}"
        if len({event["epoch"] for event in events}) > 1:
            yield "an epoch was given up"
        for row in events:
            if row["data"].get("alarm") == "part_failed":
                yield f"a part failed: {row}"

    def _gate_findings(self, events: Sequence[Line]) -> Iterator[str]:
        passages = [
            (event["type"].split(".")[2], event["data"])
            for event in events
            if event["type"].startswith("onegate.passage.")
        ]
        for lane in self.world.lanes:
            mine = [(outcome, data) for outcome, data in passages if data["lane"] == lane.name]
            yield from self._logged(lane, mine) if has_log(lane) else self._counted(lane, mine)
        yield from self._twice(passages)
        rows = self.world.site.ask(do="cache", table="holders")["rows"]
        if {holder for holder, row in rows.items() if row.get("inside_since")} != self._inside:
            yield "the table of who is inside is not what the records make"
        occupancy = self.world.site.status()["occupancy"]
        inside = self.world.bodies("entry") - self.world.bodies("exit")
        if abs(occupancy["total"] - inside) > occupancy["uncertain"]:
            yield f"{inside} are inside by the turnstiles, by the gateway {occupancy}"

    def _logged(self, lane: Lane, passages: Sequence[Passage]) -> Iterator[str]:
        """Hold each body against the log of the turnstile."""
        grants = Counter(line["grant"] for line in lane.turnstile.told("unlocked"))
        for grant, count in grants.items():
            if count > 1:
                self.figures[Fault.NONE].double += 1
                yield f"{lane.name} opened {count} times for {grant}"
        seen = [line["sequence"] for line in lane.turnstile.told("passed")]
        recorded = [data["device_sequence"] for outcome, data in passages if outcome != "expired"]
        if seen != recorded:
            yield f"{lane.name} saw {seen}, recorded are {recorded}"

    def _counted(self, lane: Lane, passages: Sequence[Passage]) -> Iterator[str]:
        """Hold the bodies that nobody saw against the grants that are said to be uncertain."""
        for way in WAYS:
            here = [(outcome, data) for outcome, data in passages if data["direction"] == way]
            recorded = sum(outcome != "expired" for outcome, _ in here)
            uncertain = sum(bool(data.get("uncertain")) for _, data in here)
            unseen = self.world.bodies(way, lane) - recorded
            if not 0 <= unseen <= uncertain + self._early[lane.name, way]:
                yield (
                    f"{lane.name}: {unseen} bodies ({way}) are not recorded, "
                    f"{uncertain} grants are uncertain"
                )

    def _twice(self, passages: Sequence[Passage]) -> Iterator[str]:
        for outcome, data in passages:
            holder = data.get("holder")
            if outcome != "completed" or holder is None:
                continue
            if data["direction"] == "exit":
                self._inside.discard(holder)
            elif holder in self._inside:
                self.figures[Fault.NONE].double += 1
                yield f"{holder} came in twice, the second time by {data.get('grant')}"
            else:
                self._inside.add(holder)

    def _copy_findings(self) -> Iterator[str]:
        """Restore the backups that came to an end, and look at the copy from before an upgrade."""
        for number, path in enumerate(self.world.site.folder.glob("*.tar.gz")):
            self.marks["backups that were done before the kill"] += 1
            place = Place("", self.world.site.folder / f"restored-{number}", {}, timedelta(1))
            try:
                restore(place, path, None)
            except (BackupError, StorageError) as error:
                yield f"{path.name}: {error}"
        copy = self.world.site.state / COPY_NAME
        if copy.exists():
            self.marks["worlds with a copy from before an upgrade"] += 1
            for finding in verify(copy).findings:
                yield f"{copy.name}: {finding}"


def is_of(event: Line, outcome: str) -> bool:
    return bool(event["type"].split(".")[2] == outcome)


def has_log(lane: Lane) -> bool:
    return lane.driver == "gatelink"
