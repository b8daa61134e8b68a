"""Checks the secrets of people who sign on: a few tries for each label, one check at a time.

One way for a PIN at a terminal and for the sign-in at a page. A no never says whether the label or
the secret was wrong, and comes at the same time after the question in both cases.
"""

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from gatewayd.core.accounts import Account, Denied
from gatewayd.core.refused_access import RefusedAccess
from gatewayd.core.words import Json
from gatewayd.ports import Accounts, Blocking, Clock, StorageError
from gatewayd.runtime.recorder import Recorder
from gatewayd.runtime.requests import officer_audit

log = logging.getLogger(__name__)

WRONG_MAX = 5  # Typing with wet hands takes three.
LOCKED_S = 300.0  # Five tries in it: the million PINs of six digits take two years.
ANSWER_S = 1.0  # A no takes so long: more than any check, so that its time tells nothing.
WAITING_MAX = 8  # A check takes a third of a second on a slow box; nobody waits longer than three.
LABELS_MAX = 1000  # Twice as many as there can be accounts; who guesses labels pushes out guesses.
UNKNOWN_RECORD_S = 60.0  # Whoever guesses labels does not fill the journal.


@dataclass(slots=True)
class _Tries:
    """Wrong secrets of a label; each try counts as one until it was right."""

    wrong: int = 0
    locked_until_s: float = 0.0


class Proving:
    """One for each daemon: it counts wrong secrets."""

    def __init__(
        self, accounts: Accounts, blocking: Blocking, clock: Clock, recorder: Recorder
    ) -> None:
        self._accounts = accounts
        self._blocking = blocking
        self._clock = clock
        self._recorder = recorder
        self._tries: OrderedDict[str, _Tries] = OrderedDict()
        self._checking = asyncio.Lock()  # The gate's own commits need the other threads.
        self._waiting = 0
        self._unknown_recorded_s = -UNKNOWN_RECORD_S

    async def prove(self, label: str, secret: str, caller: str) -> Account | Denied:
        """Return whose secret it is, or why not. caller: for the records, where it was typed."""
        began_s = self._clock.monotonic()
        tries = self._tries_of(label)
        if began_s < tries.locked_until_s:
            return Denied(RefusedAccess.LOCKED, tries.locked_until_s - began_s)
        if self._waiting >= WAITING_MAX:
            return Denied(RefusedAccess.BUSY, ANSWER_S)
        tries.wrong += 1  # Before the check: a hundred tries at once are a hundred tries.
        is_last = tries.wrong >= WRONG_MAX
        if is_last:
            tries.locked_until_s = began_s + LOCKED_S
            tries.wrong = 0
        if await self._is_right(label, secret):
            account = self._accounts.find(label)
            if account is not None:  # Else it was removed meanwhile.
                self.forget(label)
                return account
        await self._refused(label, caller, is_last=is_last)
        await asyncio.sleep(max(0.0, began_s + ANSWER_S - self._clock.monotonic()))
        return Denied(RefusedAccess.WRONG)

    def forget(self, label: str) -> None:
        """Forget the wrong secrets of somebody who has a new one."""
        self._tries.pop(label, None)

    async def _is_right(self, label: str, secret: str) -> bool:
        self._waiting += 1
        try:
            async with self._checking:
                return await self._blocking.run(partial(self._accounts.is_right, label, secret))
        finally:
            self._waiting -= 1

    def _tries_of(self, label: str) -> _Tries:
        found = self._tries.get(label)
        if found is None:
            found = self._tries[label] = _Tries(locked_until_s=self._locked_until_s(label))
            while len(self._tries) > LABELS_MAX:
                self._tries.popitem(last=False)
        self._tries.move_to_end(label)
        return found

    def _locked_until_s(self, label: str) -> float:
        """Return when a lock ends that was made before this start."""
        until, at = self._accounts.locked_until(label), self._clock.utc()
        left = timedelta() if until is None else until - at
        # A clock that was set back meanwhile must not keep somebody out for years.
        left_s = min(left.total_seconds(), LOCKED_S)
        return self._clock.monotonic() + left_s if left_s > 0 else 0.0

    async def _refused(self, label: str, caller: str, *, is_last: bool) -> None:
        if self._accounts.find(label) is None:
            # It may be a secret that was typed in the wrong field: it goes nowhere.
            now_s = self._clock.monotonic()
            if now_s - self._unknown_recorded_s >= UNKNOWN_RECORD_S:
                self._unknown_recorded_s = now_s
                self._keep("sign_in_refused", {"officer": "unknown", "caller": caller})
            return
        detail: dict[str, Json] = {"officer": label, "caller": caller}
        self._keep("sign_in_refused", detail)
        if not is_last:
            return
        self._keep("sign_in_locked", {**detail, "minutes": round(LOCKED_S / 60)})
        until = self._clock.utc() + timedelta(seconds=LOCKED_S)
        try:
            await self._blocking.run(partial(self._accounts.lock, label, until))
        except StorageError as error:  # It is locked in memory all the same.
            log.warning("lock_not_noted", extra={"fields": {"what_to_do": str(error)}})

    def _keep(self, action: str, detail: dict[str, Json]) -> None:
        self._recorder.keep(officer_audit(action, detail))
