"""A site for a test: its files, its devices on real ttys, and gatewayd as a process of its own.

The daemon is `gatewayd run`, each turnstile `gatewayd simulate turnstile` on the far end of a cable
(or at a broker), each reader types on a pty. A test waits for what they log and tell. The programs
are forked from one that has imported them (nursery.py).
"""

import asyncio
import json
import os
import secrets
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from drivers.simulated.reader import SimulatedReaderOptions, run_simulated_reader
from gatewayd.app.records import read_events
from gatewayd.core.passes import Pass, write_pass
from gatewayd.core.trust import IssuerKey, Purpose, issuer_document
from tests.e2e.eventually import PATIENCE_S, eventually
from tests.e2e.nursery import MODULE, Nursery, common_nursery
from tests.e2e.pty_pair import PtyPair

GATEWAYD = (sys.executable, "-m", "gatewayd")
SITE = "mojokerto/dukcapil/gmsc"

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
FORGERS_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
ROSTER = """\
id,category,valid_from,valid_until,blocked,note
CARD-STAFF,staff,,,,a note that stays here
CARD-BLOCKED,visitor,,,yes,lost
"""

SETTINGS = """\
[site]
region = "mojokerto"
organisation = "dukcapil"
id = "gmsc"
timezone = "Asia/Jakarta"
[storage]
directory = "s"
[[rosters]]
name = "cards"
file = "cards.csv"
"""
LANE = """\
[[lanes]]
id = "{name}"
  [lanes.entry_reader]
  driver = "line"
  port = "{folder}/{name}-entry"
  [lanes.exit_reader]
  driver = "line"
  port = "{folder}/{name}-exit"
  [lanes.turnstile]
"""
WIRES = {
    "gatelink": 'driver = "gatelink"\nport = "{port}"\npsk_file = "{name}.psk"\n',
    "mqtt": 'driver = "mqtt"\ndevice = "tripod-2"\npsk_file = "{name}.psk"\n',
    "board_7e": 'driver = "board_7e"\nport = "{port}"\nleft_is = "entry"\n',
}
"""Lines for each kind of turnstile."""


async def until(is_so: Callable[[], bool]) -> None:
    await eventually(is_so)


def issue(subject: str, category: str = "staff", *, key=KEY, days: float = 1.0) -> str:
    """Return the code of a pass that ends in so many days (negative: it has ended)."""
    now = datetime.now(UTC).replace(microsecond=0)
    content = Pass(
        issuer="test",
        subject=subject,
        category=category,
        issued_at=now - timedelta(days=9),
        not_before=now - timedelta(days=9),
        not_after=now + timedelta(days=days),
        pass_id=secrets.token_bytes(8),
    )
    return write_pass(content, key)


Answer = tuple[str, str]


class Program:
    """A command of gatewayd's that runs in a folder; `told` and `logged` read its JSON lines there."""

    def __init__(
        self,
        folder: Path,
        name: str,
        arguments: Sequence[str],
        nursery: Nursery | None = None,
        **environment: str,
    ) -> None:
        self.told = Lines(folder / f"{name}.out")
        self.logged = Lines(folder / f"{name}.log")
        theirs, self._orders = os.pipe()
        made_by = nursery or common_nursery(MODULE)
        with self.told.path.open("ab") as out, self.logged.path.open("ab") as log:
            streams = (theirs, out.fileno(), log.fileno())
            self.process = made_by.start(arguments, folder, streams, **environment)
        os.close(theirs)

    def order(self, line: str) -> None:
        os.write(self._orders, line.encode() + b"\n")

    async def obey(self, line: str) -> None:
        """Order a simulated turnstile, and return when it has heard that and all before it.

        It hears its orders in turn, and answers the one that it does not understand.
        """
        known = len(self.told("not_understood"))
        self.order(line)
        self.order("?")
        await until(lambda: len(self.told("not_understood")) > known)

    def end(self, how: signal.Signals = signal.SIGKILL) -> int:
        """Send the signal, once or more, and return the exit code."""
        self.process.send_signal(how)
        if self._orders is not None:
            os.close(self._orders)
            self._orders = None
        return self.process.wait(PATIENCE_S)


class Lines:
    """The JSON lines of a file that is appended to, as far as they are whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._size = 0
        self._lines: list[dict[str, Any]] = []

    def __call__(self, event: str | None = None, **fields: object) -> list[dict[str, Any]]:
        """Return the lines of an event (all: None) that have these fields."""
        with self.path.open("rb") as file:
            file.seek(self._size)
            whole, end, _ = file.read().rpartition(b"\n")
        self._size += len(whole + end)
        self._lines += [json.loads(line) for line in whole.splitlines()]
        return [
            line
            for line in self._lines
            if event in (None, line["event"]) and fields.items() <= line.items()
        ]


class Lane:
    """What stands at one lane. `cable` joins the gateway's port with the turnstile's."""

    def __init__(self, name: str, folder: Path, driver: str) -> None:
        self.name = name
        self.driver = driver
        self.cable = PtyPair(folder / name)
        self.turnstile: Program
        self.is_wire_timed = False
        self._folder = folder
        self._codes: dict[str, asyncio.Queue[bytes]] = {}
        self._readers: dict[str, asyncio.Task[None]] = {}

    def scan(self, code: str | bytes, way: str = "entry") -> None:
        """Have the reader on this side type a code."""
        self._codes[way].put_nowait(code.encode() if isinstance(code, str) else code)

    def is_typing(self, way: str) -> bool:
        """Tell whether codes still wait for the reader."""
        return not self._codes[way].empty()

    @property
    def openings(self) -> list[str]:
        """The grants that the turnstile unlocked for."""
        return [line["grant"] for line in self.turnstile.told("unlocked") if "grant" in line]

    def start_turnstile(self, *options: str) -> None:
        """Plug one in; if it has a log, it keeps it from one start to the next."""
        own = ["--psk-file", f"{self.name}.psk", "--state", f"{self.name}.json"]
        if self.driver not in {"gatelink", "mqtt"}:
            own = ["--driver", self.driver]
        arguments = ["simulate", "turnstile", *own, "--walk-ms", "100", *options]
        self.turnstile = Program(self._folder, f"{self.name}-turnstile", arguments)

    def plug_reader(self, way: str) -> None:
        self._readers[way] = asyncio.create_task(self._run_reader(way))

    async def unplug_reader(self, way: str) -> None:
        """Take its port away, as pulling a USB cable does, with the codes that it did not type."""
        self._readers[way].cancel()
        await asyncio.gather(self._readers[way], return_exceptions=True)

    async def _run_reader(self, way: str) -> None:
        codes = self._codes[way] = asyncio.Queue()

        async def typed() -> AsyncIterator[bytes]:
            while True:
                yield await codes.get()

        port = f"{self._folder}/{self.name}-{way}"
        options = SimulatedReaderOptions(
            port=port, pace_ms=0, baudrate=115_200, is_wire_timed=self.is_wire_timed
        )
        await run_simulated_reader(options, typed(), lambda _: None)


class Site:
    """Used as `async with Site(tmp_path) as site`: then turnstiles and gateway run and are ready."""

    def __init__(
        self,
        folder: Path,
        *,
        settings: str = "",
        broker: int | None = None,
        device_broker: int | None = None,
        boards: Sequence[str] = (),
        turnstile: str = "",
        options: Sequence[str] = (),
    ) -> None:
        """broker: the port of the centre's. device_broker: adds a lane over MQTT, `lane-2`.

        boards: each adds a lane with a turnstile on a cable, by its driver.

        settings: more sections. turnstile: more lines for each of them. options: of their programs.
        """
        self.folder = folder
        self.settings = folder / "gate.toml"
        self.state = folder / "s"
        drivers = ["gatelink", *["mqtt"] * (device_broker is not None), *boards]
        lanes = [Lane(f"lane-{n}", folder, driver) for n, driver in enumerate(drivers, 1)]
        self.lanes = {lane.name: lane for lane in lanes}
        self.gateway: Program
        self._device_broker = device_broker
        self._options = options
        self._stack = AsyncExitStack()
        text = SETTINGS + settings
        if broker is not None and "[broker]" not in settings:
            text += f'[broker]\nurl = "mqtt://127.0.0.1:{broker}"\n'
        if device_broker is not None:
            text += f'[device_broker]\nurl = "mqtt://127.0.0.1:{device_broker}"\n'
        for lane in self.lanes.values():
            wire = WIRES[lane.driver].format(name=lane.name, port=lane.cable.left)
            text += LANE.format(name=lane.name, folder=folder) + wire + turnstile
        self._write(text)

    def _write(self, settings: str) -> None:
        self.settings.write_text(settings)
        (self.folder / "cards.csv").write_text(ROSTER)
        (self.folder / "trust").mkdir()
        document = issuer_document(IssuerKey("test", KEY.public_key(), frozenset({Purpose.PASS})))
        (self.folder / "trust/test.jwks.json").write_text(json.dumps(document))
        for name in self.lanes:
            (self.folder / name).mkdir()
            psk = self.folder / f"{name}.psk"
            psk.write_text(secrets.token_hex(32))
            psk.chmod(0o600)

    @property
    def lane(self) -> Lane:
        return self.lanes["lane-1"]

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for lane in self.lanes.values():
                for way in ("entry", "exit"):
                    lane.plug_reader(way)
                    stack.push_async_callback(lane.unplug_reader, way)
                if lane.driver == "mqtt":
                    broker = f"mqtt://127.0.0.1:{self._device_broker}"
                    wire = ("--broker", broker, "--device", "tripod-2")
                else:
                    stack.enter_context(lane.cable)
                    wire = ("--port", str(lane.cable.right))
                lane.start_turnstile(*wire, *self._options)
                stack.callback(lambda lane=lane: lane.turnstile.end())
            stack.callback(self.kill)
            await self.start()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *error: object) -> None:
        if error[0] is not None:
            print(self.gateway.logged.path.read_text())
        await self._stack.__aexit__(*error)

    # --- the daemon ---

    async def start(self, **environment: str) -> None:
        """Start it, and return when every lane is ready and every device answers."""
        self.launch(**environment)
        await until(self.is_ready)

    def launch(self, nursery: Nursery | None = None, **environment: str) -> None:
        """Start it and return at once."""
        arguments = ["run", "-c", str(self.settings)]
        self.gateway = Program(self.folder, "gateway", arguments, nursery, **environment)

    def is_ready(self) -> bool:
        assert self.gateway.process.poll() is None, self.gateway.logged.path.read_text()
        status = self.status()
        lanes = status.get("lanes", {}).values()
        has_loss = any(alarm.startswith("link_lost") for alarm in status.get("alarms", ()))
        return bool(lanes) and all(lane["linked"] for lane in lanes) and not has_loss

    def kill(self) -> None:
        self.gateway.end(signal.SIGKILL)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, as systemd does; return its exit code."""
        return self.gateway.end(how)

    # --- people ---

    async def show(self, code: str | bytes, way: str = "entry", lane: str = "lane-1") -> Answer:
        """Have somebody hold up a code; return outcome and reason of the verdict on it."""
        count = len(self.log("verdict", lane=lane))
        self.lanes[lane].scan(code, way)
        await until(lambda: len(self.log("verdict", lane=lane)) > count)
        verdict = self.log("verdict", lane=lane)[count]
        return verdict["outcome"], verdict["reason"]

    async def pass_through(
        self, code: str | bytes, way: str = "entry", lane: str = "lane-1"
    ) -> None:
        """Have somebody hold up a good code and walk; return when the passage is recorded."""
        await until(lambda: f"link_lost/{lane}" not in self.status()["alarms"])
        passages = partial(self.log, "passage", lane=lane, outcome="completed", direction=way)
        count = len(passages())
        outcome, reason = await self.show(code, way, lane)
        assert outcome == "admitted", reason
        await until(lambda: len(passages()) > count)

    # --- what it says ---

    def log(self, event: str, **fields: object) -> list[dict[str, Any]]:
        return self.gateway.logged(event, **fields)

    def ask(self, **request: object) -> dict[str, Any]:
        """Ask through the control socket; without a gateway the answer is empty."""
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(str(self.state / "control.sock"))
                connection.sendall(json.dumps(request).encode() + b"\n")
                return json.loads(connection.makefile("rb").readline() or b"{}")
            except OSError:
                return {}

    def status(self) -> dict[str, Any]:
        return self.ask(do="status")

    def inside(self) -> int:
        return self.status()["occupancy"]["total"]

    def journal(self, kind: str = "") -> list[dict[str, Any]]:
        """Return the events whose type begins so, oldest first."""
        return [
            event
            for event in read_events(self.state)
            if event["type"].startswith(f"onegate.{kind}")
        ]

    async def cli(self, *arguments: str, typed: str = "") -> tuple[int, str, str]:
        """Run `gatewayd ARGUMENTS -c FILE`; return exit code, standard output and error.

        typed: a line that it reads.
        """
        with ExitStack() as stack:
            files = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(3)]
            files[0].write(f"{typed}\n".encode())
            files[0].seek(0)
            process = common_nursery(MODULE).start(
                [*arguments, "-c", str(self.settings)],
                Path.cwd(),
                [each.fileno() for each in files],
            )
            ended = asyncio.Event()
            asyncio.get_running_loop().add_reader(process.ended, ended.set)
            await ended.wait()
            asyncio.get_running_loop().remove_reader(process.ended)
            for file in files:
                file.seek(0)
            return process.wait(0), files[1].read().decode(), files[2].read().decode()
