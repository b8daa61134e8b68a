"""Carries out what the centre commands: as an officer of its own, or what only a centre asks."""

from collections.abc import Callable
from datetime import UTC
from typing import Any

from gatewayd.core.centre_commands import read_command
from gatewayd.core.centre_receipts import Replay, read_receipt
from gatewayd.core.duty import CENTRE
from gatewayd.core.events import format_time
from gatewayd.core.orders import Order
from gatewayd.core.policy import PEOPLE_MAX
from gatewayd.core.signed import Refusal
from gatewayd.core.spelling import read_time
from gatewayd.core.tables import Expected
from gatewayd.core.words import Json
from gatewayd.ports import Journal
from gatewayd.runtime.commands import Commands
from gatewayd.runtime.inbox import Reply
from gatewayd.runtime.recorder import Recorder
from gatewayd.runtime.requests import (
    Answer,
    RequestError,
    officer_audit,
    record,
    sentence,
    whole,
)


class CentreCommands:
    def __init__(
        self,
        commands: Commands,
        recorder: Recorder,
        journal: Journal,
        replay: Callable[[int, int], bool],
        changed: Callable[[], None],
    ) -> None:
        """Take who carries requests out; `changed` is called when another limit holds."""
        self._commands = commands
        self._recorder = recorder
        self._journal = journal
        self._replay = replay
        self._changed = changed

    async def act(self, order: Order) -> Reply:
        """Carry out a command and return what became of it."""
        request = read_command(order.claims)
        if request is None:
            return Reply(order.id, str(Refusal.CONTENT), "nobody may command that")
        caller = f"{CENTRE}{order.key_id.hex()[:8]}"
        try:
            answer = await self._answer(request, caller)
        except RequestError as refusal:
            answer = {"ok": False, "text": str(refusal)}
        detail = {name: value for name, value in answer.items() if name not in ("ok", "text")}
        text = answer.get("text")
        result = "done" if answer["ok"] else "refused"
        return Reply(order.id, result, None if text is None else str(text), detail)

    async def _answer(self, request: dict[str, Any], caller: str) -> Answer:
        match request["do"]:
            case "capacity":
                return await self._order_capacity(request, caller)
            case "replay":
                return self._send_again(request)
            case _:
                return await self._commands.answer(request, caller)

    async def _order_capacity(self, request: dict[str, Any], caller: str) -> Answer:
        total = request.get("total")
        if total is not None:
            total = whole(request, "total", 0, PEOPLE_MAX)
        until = None if request.get("until") is None else read_time(request["until"], UTC)
        if isinstance(until, Expected):
            raise RequestError(f"`until` is {until.what}")
        detail: dict[str, Json] = {
            "total": total,
            "until": None if until is None else format_time(until),
            "reason": sentence(request),
            "officer": caller,
        }
        await record(self._recorder, officer_audit("capacity_ordered", detail))
        self._changed()
        return {"ok": True, "total": total, "until": detail["until"]}

    def _send_again(self, request: dict[str, Any]) -> Answer:
        match read_receipt(request, self._journal.epoch, self._journal.head()):
            case Replay(first=first, last=last):
                if self._replay(first, last):
                    return {"ok": True, "from": first, "to": last}
                raise RequestError("as much as can be sent again waits already; ask later")
            case _:
                raise RequestError("`epoch` is the present one, `from` and `to` are events of it")
