"""The live terminal view of the demo: lanes, people inside, what happens, what waits."""

import asyncio
import signal
from collections import deque
from collections.abc import Mapping
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from gatewayd.app.control_client import NoGatewayError
from gatewayd.app.demo.accounts import Ledger
from gatewayd.app.demo.perform import Watcher
from gatewayd.app.demo.stage import Stage
from gatewayd.app.demo.words import summary
from gatewayd.core.reasons import Locale, Reason, text
from gatewayd.core.roles import Role

FEED_LINES = 14
LOOK_S = 0.25

_COLOURS = {"admitted": "green", "refused": "red", "referred": "yellow"}
_STATES = {"idle": "green", "granted": "cyan", "passing": "cyan", "deciding": "cyan"}


class Screen(Watcher):
    def __init__(self) -> None:
        self._console = Console()
        self._feed: deque[Text] = deque(maxlen=FEED_LINES)
        self._status: Mapping[str, Any] | None = None
        self._note = ""

    def set(self, stage: Stage) -> None:
        self._console.print("Watch what the centre gets, in another terminal:")
        self._console.print(
            f"  mosquitto_sub -p {stage.central.port} -t '{stage.site.path.root}/up/#' -v",
            highlight=False,
        )
        self._tell_pages(stage)

    def note(self, sentence: str) -> None:
        self._note = sentence
        if self._status is None:
            self._console.print(sentence)
        self._feed.append(Text(f"-- {sentence}", style="bold magenta"))

    def log(self, told: Mapping[str, Any]) -> None:
        match told:
            case {"event": "verdict", "outcome": str(outcome)}:
                self._feed.append(_verdict(told, outcome))
            case {"event": "passage", "outcome": str(outcome)}:
                self._feed.append(_passage(told, outcome))
            case {"level": "warning" | "error", "event": str(event)}:
                self._feed.append(Text(f"{event} {told.get('reason', '')}", style="red"))
            case _:
                pass

    async def watch(self, stage: Stage) -> None:
        with Live(console=self._console, auto_refresh=False) as live:
            while True:
                try:
                    self._status = await stage.ask({"do": "status"})
                except NoGatewayError:
                    return
                live.update(self._drawn(self._status), refresh=True)
                await asyncio.sleep(LOOK_S)

    async def stay(self, stage: Stage, ledger: Ledger) -> None:
        """Return at Ctrl-C."""
        self._console.print(summary(ledger), highlight=False)
        self._console.print("The gate stays open, and people go on to come. Ctrl-C ends it.")
        self._tell_pages(stage)
        loop = asyncio.get_running_loop()
        enough = asyncio.Event()
        loop.add_signal_handler(signal.SIGINT, enough.set)
        try:
            async with asyncio.TaskGroup() as tasks:
                watching = tasks.create_task(self.watch(stage), name="watcher")
                await enough.wait()
                watching.cancel()
        finally:
            loop.remove_signal_handler(signal.SIGINT)

    def _tell_pages(self, stage: Stage) -> None:
        self._console.print("Open the pages in a browser on this machine:")
        self._console.print(_pages(stage))
        screens = ", ".join(f"{stage.address}/display/{lane}" for lane in stage.lanes)
        self._console.print(f"The screens at the lanes, once signed in: {screens}", soft_wrap=True)

    def _drawn(self, status: Mapping[str, Any]) -> Group:
        feed = Text("\n", no_wrap=True, overflow="ellipsis").join(self._feed)
        return Group(
            _lanes(status),
            Panel(feed, title="what happens", height=FEED_LINES + 2),
            Text(_inside(status)),
            Text(_centre(status)),
            Text(self._note, style="dim"),
        )


def _pages(stage: Stage) -> Table:
    table = Table("page", "user name", "PIN or password", box=None, padding=(0, 2))
    for one in stage.sign_ons:
        table.add_row(f"{stage.address}{_HOMES[one.role]}", one.label, one.secret)
    return table


_HOMES = {
    Role.OFFICER: "/desk",
    Role.MANAGER: "/manager",
    Role.TECHNICIAN: "/manager",
    Role.AUDITOR: "/manager",
}


def _verdict(told: Mapping[str, Any], outcome: str) -> Text:
    who = told.get("category") or "somebody"
    if told["source"] == "officer":
        who = f"{who}, by the officer"
    sentence = text(Reason(told["reason"]), Locale.EN)
    line = Text(f"{told['lane']} {told['direction']:<5} ")
    line.append(f"{outcome:<9}", style=_COLOURS[outcome])
    return line.append(f" {who}: {sentence}", style="none" if outcome == "admitted" else "dim")


def _passage(told: Mapping[str, Any], outcome: str) -> Text:
    words = {
        "completed": ("went through", "cyan"),
        "expired": ("did not walk through", "yellow"),
        "breached": ("FORCED THE ARM", "bold red"),
        "unattributed": ("went through without a scan", "yellow"),
    }
    what, style = words[outcome]
    line = Text(f"{told['lane']} {told['direction']:<5} ")
    return line.append(what, style=style)


def _lanes(status: Mapping[str, Any]) -> Table:
    table = Table("lane", "state", "waiting", "turnstile", expand=True)
    for name, lane in status["lanes"].items():
        state = Text(lane["state"], style=_STATES.get(lane["state"], "red"))
        table.add_row(name, state, str(lane["waiting"]), lane["device"])
    return table


def _inside(status: Mapping[str, Any]) -> str:
    inside = status["occupancy"]
    parts = ", ".join(f"{count} {name}" for name, count in inside["by_category"].items())
    left = ", ".join(f"{count} {name}" for name, count in inside["places_left"].items())
    uncertain = f" (+- {inside['uncertain']})" if inside["uncertain"] else ""
    return f"inside: {inside['total']}{uncertain}  {parts}   may still come in: {left}"


def _centre(status: Mapping[str, Any]) -> str:
    broker = status["broker"]
    if broker["connected"]:
        return f"centre: connected, {broker['depth']} events wait for a receipt"
    return f"centre: AWAY, {broker['depth']} events wait on the disk"
