"""A big house whose gateway is measured: its settings, its stores of weeks, and the daemon on them.

The stores are made by the gateway's own code: visits of so many people, recorded in the journal,
folded into the decision cache, and confirmed as by the centre.
"""

import json
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, Self

from benchmarks.processes import cpu_seconds, memory_mib
from gatewayd.app.opened import open_state
from gatewayd.app.site import read_delivered, read_rules
from gatewayd.core.events import Access, AccessOutcome, Draft, Fact, Passage, PassageOutcome
from gatewayd.core.projection import project
from gatewayd.core.pseudonym import Namespace, Pseudonyms
from gatewayd.core.trust import IssuerKey, Purpose, issuer_document
from gatewayd.core.words import Direction, GrantId, HolderId, LaneId
from gatewayd.ports import Receipts
from gatewayd.store import receipts
from gatewayd.store.journal_file import DATABASE_NAME
from tests.e2e.daemon import GATEWAYD, KEY, issue

DAYS = 14  # Younger than the retention: nothing of it is trimmed meanwhile.
ROWS_AT_ONCE = 5000  # In one commit: a sync each would take longer than the rest.
ROWS_PER_VISIT = 4  # Admitted and in, admitted and out.
DEADLINE_S = 120.0  # For the start on a busy machine.
SEED = 1

SETTINGS = """\
[site]
region = "mojokerto"
organisation = "dukcapil"
id = "gmsc"
timezone = "Asia/Jakarta"
[storage]
directory = "s"
[[rosters]]
name = "staff"
file = "staff.csv"
[policy]
anti_passback = "off" # Who comes in a run may be inside since the one before.
"""
LANE = """\
[[lanes]]
id = "lane-{number}"
  [lanes.entry_reader]
  driver = "line"
  port = "{folder}/lane-{number}-entry"
  [lanes.exit_reader]
  driver = "line"
  port = "{folder}/lane-{number}-exit"
  [lanes.turnstile]
  driver = "gatelink"
  port = "{folder}/lane-{number}-turnstile"
  psk_file = "{number}.psk"
"""


class House:
    """The files of a site in a folder; `stores` are to be made or copied before a gateway runs."""

    def __init__(self, folder: Path, holders: int) -> None:
        self.folder = folder
        self.state = folder / "s"
        self.settings = folder / "gatewayd.toml"
        self.holders = holders

    def write(self, lanes: int, broker: int | None) -> list[bytes]:
        """Write the site's files for so many lanes; return the keys of their controllers."""
        text = SETTINGS
        if broker is not None:
            text += f'[broker]\nurl = "mqtt://127.0.0.1:{broker}"\n'
        keys = [secrets.token_bytes(32) for _ in range(lanes)]
        for number, key in enumerate(keys, start=1):
            text += LANE.format(number=number, folder=self.folder)
            psk = self.folder / f"{number}.psk"
            psk.write_text(key.hex())
            psk.chmod(0o600)
        self.settings.write_text(text)
        people = "".join(f"{subject(number)},staff\n" for number in range(self.holders))
        (self.folder / "staff.csv").write_text(f"id,category\n{people}")
        (self.folder / "trust").mkdir(exist_ok=True)
        document = issuer_document(IssuerKey("test", KEY.public_key(), frozenset({Purpose.PASS})))
        (self.folder / "trust/test.jwks.json").write_text(json.dumps(document))
        return keys

    def codes(self, lanes: int, of_each: int) -> list[list[bytes]]:
        """Return what the people of each lane hold up: passes that no two of them share."""
        numbers = iter(Random(SEED).sample(range(self.holders), min(self.holders, lanes * of_each)))
        count = min(of_each, self.holders // lanes)
        return [
            [f"{issue(subject(number))}\r".encode() for number in islice(numbers, count)]
            for _ in range(lanes)
        ]

    def make_stores(self, rows: int) -> None:
        """Record visits of everybody until the journal has so many rows, all of them confirmed."""
        self.write(1, None)
        rules = read_rules(self.settings)
        pseudonyms = read_delivered(rules, makes_key=True).knowledge.pseudonyms
        with open_state(self.state) as opened:
            journal, cache = opened.journal, opened.cache
            drafts = self._drafts(pseudonyms, rows)
            while page := list(islice(drafts, ROWS_AT_ONCE)):
                events = journal.commit([(draft, 0.0) for draft in page])
                for event in events:
                    cache.apply(project(event, cache.get), event.epoch, event.seq)
                journal.confirm([event.seq for event in events])
            cache.flush()

    def _drafts(self, pseudonyms: Pseudonyms, rows: int) -> Iterator[Draft]:
        begin = datetime.now(UTC) - timedelta(days=DAYS)
        step = timedelta(days=DAYS) / max(1, rows)
        holders = [
            pseudonyms.of(Namespace.PERSON, subject(number)) for number in range(self.holders)
        ]
        for number in range(rows):
            holder = holders[number // ROWS_PER_VISIT % len(holders)]
            yield Draft(_fact(number, holder), begin + number * step)

    def copy_stores(self, kept: Path) -> None:
        """Take stores that `keep_stores` kept, of a house with as many people."""
        shutil.copytree(kept, self.state, copy_function=shutil.copy)

    def keep_stores(self, kept: Path) -> None:
        shutil.copytree(self.state, kept, copy_function=shutil.copy)

    def set_backlog(self, count: int) -> None:
        """Forget the receipts of the last `count` events; no gateway runs."""
        with closing(sqlite3.connect(self.state / DATABASE_NAME)) as database, database:
            (epoch, last), *_ = database.execute(
                "SELECT epoch, seq FROM events ORDER BY position DESC LIMIT 1"
            ).fetchall()
            upto = Receipts(max(0, last - count))
            values = (epoch, *receipts.dump(epoch, upto))
            database.execute("INSERT OR REPLACE INTO receipts VALUES (?, ?, ?)", values)


def _fact(number: int, holder: HolderId) -> Fact:
    visit, step = divmod(number, ROWS_PER_VISIT)
    lane, way = LaneId(f"lane-{visit % 8 + 1}"), (Direction.ENTRY, Direction.EXIT)[step // 2]
    grant = GrantId(f"{number // 2:032x}")
    if step % 2:
        return Passage(
            outcome=PassageOutcome.COMPLETED,
            lane=lane,
            direction=way,
            grant=grant,
            holder=holder,
            category="staff",
            device="00" * 8,
            device_sequence=number + 1,
        )
    return Access(
        outcome=AccessOutcome.ADMITTED,
        lane=lane,
        direction=way,
        reason="ok" if way is Direction.ENTRY else "exit",
        source="gateway",
        kind="pass",
        holder=holder,
        category="staff",
        grant=grant,
        policy=("site@1",),
        latency_us=1000,
    )


def subject(number: int) -> str:
    return f"P{number:07d}"


class Daemon:
    """`gatewayd run` of a house, as a process of its own from `with` on."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._log_path = house.folder / "gateway.log"
        self._process: subprocess.Popen[bytes]
        self.started_s = 0.0
        """By perf_counter."""
        self.started_at = datetime.now(UTC)

    def __enter__(self) -> Self:
        with self._log_path.open("wb") as log:
            self.started_s, self.started_at = time.perf_counter(), datetime.now(UTC)
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [*GATEWAYD, "run", "-c", str(self._house.settings)],
                cwd=self._house.folder,
                stderr=log,
            )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(DEADLINE_S)
        finally:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def cpu_s(self) -> float:
        return cpu_seconds(self.pid)

    @property
    def memory(self) -> dict[str, float]:
        return memory_mib(self.pid)

    def status(self) -> dict[str, Any]:
        """Return what it says of itself; empty while it does not answer."""
        with socket.socket(socket.AF_UNIX) as connection, suppress(OSError):
            connection.connect(str(self._house.state / "control.sock"))
            connection.sendall(b'{"do": "status"}\n')
            answer: dict[str, Any] = json.loads(connection.makefile("rb").readline() or b"{}")
            return answer
        return {}

    def wait_until_ready(self) -> None:
        """Return when each lane is linked, and the broker connected where there is one."""
        deadline_s = time.perf_counter() + DEADLINE_S
        while not self._is_ready(self.status()):
            assert self._process.poll() is None, self._log_path.read_text()
            assert time.perf_counter() < deadline_s, "the gateway does not become ready"
            time.sleep(0.2)

    def log(self, event: str) -> list[dict[str, Any]]:
        whole, _, _ = self._log_path.read_text().rpartition("\n")
        lines = map(json.loads, whole.splitlines())
        return [line for line in lines if line["event"] == event]

    def first_verdict_s(self) -> float:
        """Return the seconds from the start to the first verdict; the log has milliseconds."""
        while not (logged := self.log("verdict")):  # The gate opens before that is told.
            assert self._process.poll() is None, self._log_path.read_text()
            time.sleep(0.05)
        return (datetime.fromisoformat(logged[0]["at"]) - self.started_at).total_seconds()

    @staticmethod
    def _is_ready(status: dict[str, Any]) -> bool:
        lanes = status.get("lanes", {}).values()
        broker = status.get("broker")
        is_linked = bool(lanes) and all(lane["linked"] for lane in lanes)
        return is_linked and (broker is None or broker["connected"])
