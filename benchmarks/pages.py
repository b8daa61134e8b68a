"""What open pages cost the person at the gate: from a scan to the open turnstile, with and without.

    python -m benchmarks.pages [--scans 400] [--pages 20] [--asks 10] [--json FILE]

A gateway, a reader and a turnstile as processes on ttys. Blocks of scans without a page take turns
with blocks with so many pages that listen, while a program asks for the status so often a second.
"""

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.measuring import percentiles, tell
from benchmarks.processes import cpu_seconds
from tests.e2e.daemon import Site, issue
from tests.e2e.eventually import PATIENCE_S, eventually
from tests.e2e.mosquitto import free_port

BLOCK = 25  # Scans; the shorter a block, the more alike is the machine for both.
PEOPLE = 64  # A code shown again within two seconds is noise.
PAUSE_S = 0.1, 0.3  # Between two people: four busy lanes; by chance, to meet whatever else is due.


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scans", type=int, default=400, help="of each kind")
    parser.add_argument("--pages", type=int, default=20)
    parser.add_argument("--asks", type=int, default=10, help="a second; 0 for none")
    parser.add_argument("--json", dest="file")
    parser.add_argument("--visit", nargs=2, metavar=("ADDRESS", "TOKEN"), help="own use")
    arguments = parser.parse_args()
    if arguments.visit:
        asyncio.run(visit(*arguments.visit, arguments.pages, arguments.asks))
        return
    rows = asyncio.run(measure(arguments.scans, arguments.pages, arguments.asks))
    tell(rows, arguments.file)
    for row in rows:
        print(f"{row['who']}: {row['cpu_ms_per_scan']:.1f} ms of processor for a scan, all told")
    print("\n".join(f"ratio of {name}: {ratio:.2f}" for name, ratio in ratios(rows).items()))


def ratios(rows: list[dict[str, Any]]) -> dict[str, float]:
    without, visited = rows
    return {name: visited[name] / without[name] for name in ("p50_us", "p99_us")}


async def measure(count: int, pages: int, asks: int) -> list[dict[str, Any]]:
    """Return a row for each kind."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, unlocking(Path(folder)) as unlocked:
        settings = f'[desk]\nlisten = "127.0.0.1:{port}"\n[policy]\nanti_passback = "off"\n'
        async with Site(Path(folder), settings=settings, options=("--walk-ms", "1")) as site:
            token = site.ask(do="user_token", label="program", role="manager")["token"]
            visitors = await begin_visit(f"http://127.0.0.1:{port}", token, pages, asks)
            codes = cycle([issue(str(number)) for number in range(PEOPLE)])
            timings: dict[bool, list[float]] = {False: [], True: []}
            cpu_s = {False: 0.0, True: 0.0}
            for _ in range(PEOPLE):  # The first time a pass is seen, more is to do.
                await scan(site, next(codes), unlocked)
            for _ in range(count // BLOCK):
                for is_visited in (False, True):
                    await visitors.order("come" if is_visited else "go")
                    before_s = cpu_seconds(site.gateway.process.pid)
                    for _ in range(BLOCK):
                        await asyncio.sleep(random.uniform(*PAUSE_S))
                        timings[is_visited].append(await scan(site, next(codes), unlocked))
                    cpu_s[is_visited] += cpu_seconds(site.gateway.process.pid) - before_s
            await visitors.end()
    return [
        {
            "what": "scan to open",
            "who": f"{pages} pages" if is_visited else "no page",
            **percentiles(timings[is_visited]),
            "cpu_ms_per_scan": cpu_s[is_visited] * 1000 / len(timings[is_visited]),
        }
        for is_visited in (False, True)
    ]


async def scan(site: Site, code: str, unlocked: "Unlocked") -> float:
    """Have somebody hold up a code and pass; return the microseconds until it was open."""
    passages = len(site.log("passage", outcome="completed"))
    unlocked.wait.clear()
    begun_s = time.perf_counter()
    site.lane.scan(code)
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.get_running_loop().run_in_executor(None, unlocked.wait.wait)
    await eventually(lambda: len(site.log("passage", outcome="completed")) > passages)
    return (unlocked.at_s - begun_s) * 1e6


class Unlocked:
    """When the turnstile last unlocked."""

    def __init__(self) -> None:
        self.at_s = 0.0
        self.wait = threading.Event()

    def read(self, path: Path) -> None:
        with path.open("rb") as lines:
            for line in lines:
                if b'"unlocked"' in line:
                    self.at_s = time.perf_counter()
                    self.wait.set()


@contextmanager
def unlocking(folder: Path) -> Iterator[Unlocked]:
    """Have what the turnstile tells come by a pipe, so that it is timed as it comes."""
    path, unlocked = folder / "lane-1-turnstile.out", Unlocked()
    os.mkfifo(path)
    threading.Thread(target=unlocked.read, args=(path,), daemon=True).start()
    yield unlocked


class Visitors:
    """The pages, as a process of their own: they are not to disturb who measures."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def order(self, what: str) -> None:
        """Have them come or go; return when they have."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{what}\n".encode())
        answer = await self._process.stdout.readline()
        assert answer, "the pages ended by themselves"

    async def end(self) -> None:
        self._process.kill()
        await self._process.wait()


async def begin_visit(address: str, token: str, pages: int, asks: int) -> Visitors:
    options = ("--pages", str(pages), "--asks", str(asks), "--visit", address, token)
    command = (sys.executable, "-m", "benchmarks.pages", *options)
    pipe = asyncio.subprocess.PIPE
    return Visitors(await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe))


async def visit(address: str, token: str, pages: int, asks: int) -> None:
    """Open pages and ask for the status while `come` was the last line read."""
    os.nice(19)  # They are on other machines: here they must not take the gate's processor.
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    headers = {"Authorization": f"Bearer {token}"}
    unlimited = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(address, headers=headers, connector=unlimited) as session:
        open_pages: list[asyncio.Task[None]] = []
        while line := await reader.readline():
            for task in open_pages:
                task.cancel()
            await asyncio.gather(*open_pages, return_exceptions=True)
            open_pages = []
            if line == b"come\n":
                heard = [asyncio.Event() for _ in range(pages)]
                open_pages = [asyncio.ensure_future(listen(session, one)) for one in heard]
                if asks:
                    open_pages.append(asyncio.ensure_future(ask(session, asks)))
                await asyncio.gather(*(one.wait() for one in heard))
            print(json.dumps({"pages": len(open_pages)}), flush=True)


async def listen(session: aiohttp.ClientSession, heard: asyncio.Event) -> None:
    timeout = aiohttp.ClientTimeout(total=None)
    async with session.get("/api/stream", timeout=timeout) as answer:
        answer.raise_for_status()
        async for _ in answer.content.iter_any():
            heard.set()


async def ask(session: aiohttp.ClientSession, per_s: int) -> None:
    while True:
        async with session.get("/api/status") as answer:
            answer.raise_for_status()
            await answer.read()
        await asyncio.sleep(1 / per_s)


if __name__ == "__main__":
    main()
