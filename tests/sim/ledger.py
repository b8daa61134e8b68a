"""What stands in the database file, read by a connection of our own and by no code of theirs."""

import asyncio
import json
import sqlite3
from pathlib import Path

from gatewayd.store.journal_file import DATABASE_NAME
from tests.sim.story import Lost, Recorded, Story

_COLUMNS = "position, epoch, seq, run, appended_s, body"


class Ledger:
    def __init__(self, story: Story) -> None:
        self.grants: set[str] = set()
        """Of admitted verdicts."""
        self.ids: set[str] = set()
        self._story = story
        self._position = 0
        self._rows: dict[int, Recorded] = {}
        """Those that were not there before this process."""
        self._database: sqlite3.Connection | None = None

    def open(self, directory: Path) -> None:
        """Look at the files that a process has; what a kill took from them is withdrawn."""
        self.close()
        path = directory / DATABASE_NAME
        self._database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        (last,) = self._database.execute("SELECT coalesce(max(position), 0) FROM events").fetchone()
        lost = [row for position, row in self._rows.items() if position > last]
        self._rows.clear()
        if lost:
            self._withdraw(lost)
        self._position = min(self._position, last)
        self.look()

    def look(self) -> None:
        """Read what is new."""
        assert self._database is not None
        query = f"SELECT {_COLUMNS} FROM events WHERE position > ?"
        now_s = asyncio.get_running_loop().time()
        for row in self._database.execute(query, (self._position,)):
            self._position, epoch, seq, run, made_s, body = row
            event = json.loads(body)
            recorded = Recorded(
                at_s=now_s,
                epoch=epoch,
                seq=seq,
                run=run,
                made_s=made_s,
                type=event["type"],
                time=event["time"],
                quality=event["clockquality"],
                data=event["data"],
            )
            self._rows[self._position] = recorded
            self.ids.add(recorded.id)
            if event["type"] == "onegate.access.admitted.v1" and "grant" in event["data"]:
                self.grants.add(event["data"]["grant"])
            self._story.saw(recorded)

    def forget(self) -> None:
        """Go on from the rows that are there, when nothing is under way that they lead to."""
        self.grants.clear()
        self.ids.clear()
        self._rows.clear()

    def close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    def _withdraw(self, rows: list[Recorded]) -> None:
        now_s = asyncio.get_running_loop().time()
        self._story.withdraw(rows)
        for row in rows:
            grant = row.data.get("grant") if row.type.startswith("onegate.access") else None
            self.ids.discard(row.id)
            self.grants -= {grant}
            self._story.saw(Lost(at_s=now_s, event=row.id, grant=grant, was_at_s=row.at_s))
