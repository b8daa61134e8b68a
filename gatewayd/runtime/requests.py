"""The arguments of a request to the running gateway: read one by one, refused in words."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from gatewayd.core.duty import find_session, read_sessions
from gatewayd.core.events import Audit, AuditSubject, Fact
from gatewayd.core.folded import OFFICERS
from gatewayd.core.pseudonym import PSEUDONYM, Namespace
from gatewayd.core.words import HolderId, Json, LaneId
from gatewayd.ports import Cache, StorageError
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.lane import LaneShell
from gatewayd.runtime.recorder import Recorder

T = TypeVar("T")

Answer = dict[str, Json]
Verb = Callable[[Mapping[str, Any], str], Awaitable[Answer]]
"""Carries out a request of a caller, who is as the system says."""

REASON_SIZE_MAX = 200  # A sentence. It stays in the journal and goes to the centre.


class RequestError(Exception):
    """The request cannot be carried out; the message says why and what to do."""


def whole(
    request: Mapping[str, Any], key: str, least: int, most: int, default: int | None = None
) -> int:
    """Read a whole number; both ends are allowed. Raises RequestError."""
    value = request.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise RequestError(f"`{key}` is a whole number from {least} to {most}")
    return value


def sentence(request: Mapping[str, Any]) -> str:
    """Read the `reason`. Raises RequestError."""
    reason = str(request.get("reason") or "").strip()
    if not reason or len(reason) > REASON_SIZE_MAX:
        raise RequestError(
            f"`reason` says why, in up to {REASON_SIZE_MAX} characters; no names in it"
        )
    return reason


def note(request: Mapping[str, Any]) -> str | None:
    """Read what somebody leaves for the next one; None: nothing. Raises RequestError."""
    left = str(request.get("note") or "").strip()
    if len(left) > REASON_SIZE_MAX:
        raise RequestError(f"`note` has up to {REASON_SIZE_MAX} characters; no names in it")
    return left or None


def find_lane(lanes: Mapping[LaneId, LaneShell], request: Mapping[str, Any]) -> LaneShell:
    """Return the lane that the request names. Raises RequestError."""
    lane = lanes.get(LaneId(str(request.get("lane"))))
    if lane is None:
        raise RequestError(f"`lane` is one of: {', '.join(lanes)}")
    return lane


def find_holder(gate: Gate, request: Mapping[str, Any]) -> HolderId:
    """Return who is meant: an id is turned into the pseudonym here, and forgotten."""
    person, holder = str(request.get("id") or ""), str(request.get("holder") or "")
    if bool(person) == bool(holder):
        raise RequestError("give `id`, a person's id, or `holder`, a pseudonym of the records")
    if person:
        return gate.knowledge.pseudonyms.of(Namespace.PERSON, person)
    if PSEUDONYM.fullmatch(holder) is None:
        raise RequestError("`holder` is a pseudonym: 8 hex digits, a full stop, and 32 more")
    return HolderId(holder)


def signed(cache: Cache, caller: str) -> dict[str, Json]:
    """Return whose word a request is, for its record: the officer on duty, or else the caller."""
    session = find_session(read_sessions(cache.items(OFFICERS)), caller)
    return (
        {"officer": caller} if session is None else {"officer": session.officer, "caller": caller}
    )


def officer_audit(action: str, detail: dict[str, Json]) -> Audit:
    return Audit(subject=AuditSubject.OFFICER, action=action, detail=detail)


async def record(recorder: Recorder, fact: Fact) -> None:
    """Return when the fact is on disk. Raises RequestError where the disk refuses it."""
    try:
        await recorder.record(fact)
    except StorageError as error:
        raise RequestError(str(error)) from error


def setter(future: asyncio.Future[T]) -> Callable[[T], None]:
    """Return what resolves the future, unless whoever waited for it has gone."""

    def resolve(value: T) -> None:
        if not future.done():
            future.set_result(value)

    return resolve
