"""Who is signed in at the pages: sessions by the hash of their secret, over restarts.

A session ends with its account's secret or role, its token, its time, or its sign-out. Its times
are of the wall clock: it has to end while the box is off.
"""

import asyncio
import hashlib
import hmac
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Never, Protocol

from gatewayd.core import base64url
from gatewayd.core.events import format_time, parse_time
from gatewayd.core.roles import Role, Who
from gatewayd.core.words import Json, LaneId
from gatewayd.ports import Accounts, Blocking, Chance, Clock, StorageError

log = logging.getLogger(__name__)

SECRET_SIZE = 32
IDLE = timedelta(minutes=30)
"""Of a manager, technician or auditor: they leave a desk that others pass (NIST SP 800-63B, AAL2).
An officer stands at theirs, with a queue: they end with the shift only."""
DAY = timedelta(hours=12)
"""The most of those: nobody works longer, and the next morning begins with a sign-in."""
SCREEN_DAYS = timedelta(days=400)
"""Of a screen that signed in with its token: what browsers keep a cookie for."""

SESSIONS_OF_ONE_MAX = 20  # A token shown again and again pushes out its own oldest sessions only.
SESSIONS_MAX = 1000
KEEP_S = 60.0  # What a power cut makes older of when somebody was last seen.

_VERSION = 1


class SessionFile(Protocol):
    """Where sessions are kept. Both block and raise StorageError."""

    def read(self, parse: Callable[[Any], list["Session"]]) -> list["Session"]:
        """Return what was written; parse raises ValueError and its like for anything else."""
        ...

    def write(self, document: Json) -> None: ...


@dataclass(slots=True)
class Session:
    """digest: of its secret. stamp: of the secret that it was begun with.

    is_screen: it was begun with a token, by a screen at which nobody types.
    """

    digest: str
    label: str
    stamp: str
    role: Role
    lane: LaneId | None
    begun: datetime
    seen: datetime
    ends: datetime
    is_screen: bool

    @property
    def who(self) -> Who:
        return Who(self.label, self.role, self.lane)

    def is_over(self, at: datetime) -> bool:
        is_left = self.role in _IDLE and not self.is_screen
        is_idle = is_left and at - self.seen >= IDLE
        return at >= self.ends or is_idle


_IDLE = frozenset({Role.MANAGER, Role.TECHNICIAN, Role.AUDITOR})


@dataclass(frozen=True, slots=True)
class Around:
    """shift: how long an officer's lasts, by the policy of now."""

    accounts: Accounts
    clock: Clock
    chance: Chance
    blocking: Blocking
    file: SessionFile
    shift: Callable[[], timedelta]


class Sessions:
    """One for each daemon."""

    def __init__(self, around: Around) -> None:
        """Take up the sessions of before; where the file cannot be read there are none."""
        self._around = around
        self._sessions: dict[str, Session] = {}
        with suppress(StorageError):
            self._sessions = {one.digest: one for one in around.file.read(_parse)}
        self._is_kept = True
        self._keeping = asyncio.Lock()

    def __len__(self) -> int:
        return len(self._sessions)

    async def begin(self, who: Who) -> tuple[str, Session]:
        """Begin one for somebody who just proved who they are; return its secret too."""
        around, at = self._around, self._around.clock.utc()
        stamp = around.accounts.stamp(who.label)
        secret = around.chance.token(SECRET_SIZE)
        is_screen = around.accounts.find(who.label) is None
        begun = Session(
            digest=_digest(secret),
            label=who.label,
            stamp=stamp or "",  # Removed meanwhile: it is over at once.
            role=who.role,
            lane=who.lane,
            begun=at,
            seen=at,
            ends=at + (SCREEN_DAYS if is_screen else self._lasts(who.role)),
            is_screen=is_screen,
        )
        self._make_room(who.label, at)
        self._sessions[begun.digest] = begun
        await self._keep()
        return base64url.encode(secret), begun

    def find(self, secret: str) -> Session | None:
        """Return the session that this is the secret of, while it lasts."""
        raw = base64url.decode(secret)
        if raw is None:
            return None
        found = self._sessions.get(_digest(raw))
        if found is None:
            return None
        if found.is_over(self._around.clock.utc()) or not self._stands(found):
            del self._sessions[found.digest]
            self._is_kept = False
            return None
        return found

    def touch(self, session: Session) -> None:
        """Note that somebody did something, and did not only leave a page open."""
        session.seen = self._around.clock.utc()
        self._is_kept = False

    async def end(self, session: Session) -> None:
        self._sessions.pop(session.digest, None)
        await self._keep()

    def has(self, label: str) -> bool:
        """Tell whether anybody is signed in under this label."""
        at = self._around.clock.utc()
        mine = [one for one in self._sessions.values() if one.label == label]
        return any(not one.is_over(at) and self._stands(one) for one in mine)

    async def run(self) -> Never:
        """Keep what changed by itself, for ever: who was seen when, and which tokens were used."""
        while True:
            await asyncio.sleep(KEEP_S)
            with suppress(StorageError):  # The journal tells of a disk that refuses.
                await self._around.blocking.run(self._around.accounts.flush)
            if not self._is_kept:
                await self._keep()

    def _stands(self, session: Session) -> bool:
        """Tell whether the account or token is as it was when this began."""
        accounts = self._around.accounts
        if accounts.stamp(session.label) != session.stamp:
            return False
        account = accounts.find(session.label)
        return account is None or account.role is session.role

    def _lasts(self, role: Role) -> timedelta:
        match role:
            case Role.OFFICER:
                return self._around.shift()
            case Role.MANAGER | Role.TECHNICIAN | Role.AUDITOR:
                return DAY
            case Role.DISPLAY:
                return SCREEN_DAYS

    def _make_room(self, label: str, at: datetime) -> None:
        for one in [one for one in self._sessions.values() if one.is_over(at)]:
            del self._sessions[one.digest]
        own = [one for one in self._sessions.values() if one.label == label]
        for oldest in own[: max(0, len(own) - SESSIONS_OF_ONE_MAX + 1)]:
            del self._sessions[oldest.digest]
        while len(self._sessions) >= SESSIONS_MAX:
            del self._sessions[next(iter(self._sessions))]

    async def _keep(self) -> None:
        """Write the file; where the disk refuses, sessions last until the next start."""
        async with self._keeping:  # An older state must not be written after a newer one.
            document = _document(self._sessions)
            self._is_kept = True
            try:
                await self._around.blocking.run(lambda: self._around.file.write(document))
            except StorageError as error:
                log.warning("sessions_not_kept", extra={"fields": {"what_to_do": str(error)}})


def csrf_token(secret: str) -> str:
    """Return what a page has to send with each change: made of the cookie, which it cannot read."""
    return hmac.new(secret.encode(), b"csrf", hashlib.sha256).hexdigest()


def _digest(secret: bytes) -> str:
    return hashlib.sha256(secret).hexdigest()


def _document(sessions: Mapping[str, Session]) -> dict[str, Json]:
    return {
        "version": _VERSION,
        "sessions": [
            {
                "digest": one.digest,
                "label": one.label,
                "stamp": one.stamp,
                "role": str(one.role),
                "lane": one.lane,
                "begun": format_time(one.begun),
                "seen": format_time(one.seen),
                "ends": format_time(one.ends),
                "is_screen": one.is_screen,
            }
            for one in sessions.values()
        ],
    }


def _parse(document: Any) -> list[Session]:  # noqa: ANN401 - JSON that anybody may have written
    if document["version"] != _VERSION:
        raise ValueError("another version")
    return [
        Session(
            digest=str(row["digest"]),
            label=str(row["label"]),
            stamp=str(row["stamp"]),
            role=Role(row["role"]),
            lane=None if row["lane"] is None else LaneId(str(row["lane"])),
            begun=parse_time(row["begun"]),
            seen=parse_time(row["seen"]),
            ends=parse_time(row["ends"]),
            is_screen=bool(row["is_screen"]),
        )
        for row in document["sessions"]
    ]
