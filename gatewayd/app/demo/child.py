"""A child process of the demo: started, heard line by line, told orders, stopped."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

STOP_S = 5.0
LINE_SIZE_MAX = 1024 * 1024

Heard = Callable[[str], None]


class Child:
    """A command in a directory; what it says goes to its hearers, else into `{name}.log` there."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        directory: Path,
        *,
        on_output: Heard | None = None,
        on_errors: Heard | None = None,
    ) -> None:
        self.name = name
        self._command = command
        self._directory = directory
        self._hearers = (on_output, on_errors)
        self._process: asyncio.subprocess.Process | None = None
        self._hearing: list[asyncio.Task[None]] = []

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self, tasks: asyncio.TaskGroup) -> None:
        """Start it; `tasks` hears what it says."""
        on_output, on_errors = self._hearers
        with (self._directory / f"{self.name}.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                cwd=self._directory,
                stdin=asyncio.subprocess.PIPE,
                stdout=log if on_output is None else asyncio.subprocess.PIPE,
                stderr=log if on_errors is None else asyncio.subprocess.PIPE,
                limit=LINE_SIZE_MAX,
                start_new_session=True,  # Ctrl-C is for the demo, which stops them in order.
            )
        heard = ((self._process.stdout, on_output), (self._process.stderr, on_errors))
        self._hearing = [
            tasks.create_task(_hear(stream, hearer), name=f"{self.name} is heard")
            for stream, hearer in heard
            if stream is not None and hearer is not None
        ]

    def order(self, line: str) -> None:
        assert self._process is not None, "it is started first"
        assert self._process.stdin is not None
        if not self._process.stdin.is_closing():
            self._process.stdin.write(line.encode() + b"\n")

    async def stop(self) -> None:
        """Ask it to end (SIGTERM), kill it where it does not, and hear it to its end."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(STOP_S):
                await self._process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        await asyncio.gather(*self._hearing)


async def _hear(stream: asyncio.StreamReader, hearer: Heard) -> None:
    while line := await stream.readline():
        hearer(line.decode(errors="replace").rstrip("\n"))
