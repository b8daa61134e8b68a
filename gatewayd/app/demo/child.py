"""A child process of the demo: started, heard line by line, told orders, stopped."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

STOP_S = 5.0
LINE_SIZE_MAX = 1024 * 1024

Heard = Callable[[str], None]


class Child:
    """Made by `running`."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self._process = process

    @property
    def has_ended(self) -> bool:
        return self._process.returncode is not None

    def order(self, line: str) -> None:
        assert self._process.stdin is not None
        if not self._process.stdin.is_closing():
            self._process.stdin.write(line.encode() + b"\n")

    async def stop(self) -> None:
        """Ask it to end (SIGTERM); kill it where it does not."""
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(STOP_S):
                await self._process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def running(
    name: str,
    command: Sequence[str],
    directory: Path,
    *,
    on_output: Heard | None = None,
    on_errors: Heard | None = None,
) -> AsyncIterator[Child]:
    """Run a command in a directory for the time of the block.

    What it says goes to `on_output` and `on_errors` line by line, else into `{name}.log` there.
    """
    with (directory / f"{name}.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=directory,
            stdin=asyncio.subprocess.PIPE,
            stdout=log if on_output is None else asyncio.subprocess.PIPE,
            stderr=log if on_errors is None else asyncio.subprocess.PIPE,
            limit=LINE_SIZE_MAX,
            start_new_session=True,  # Ctrl-C is for the demo; it stops its children in order.
        )
    child = Child(name, process)
    async with asyncio.TaskGroup() as tasks:
        if on_output is not None:
            assert process.stdout is not None
            tasks.create_task(_hear(process.stdout, on_output), name=f"{name} output")
        if on_errors is not None:
            assert process.stderr is not None
            tasks.create_task(_hear(process.stderr, on_errors), name=f"{name} errors")
        try:
            yield child
        finally:
            await child.stop()


async def _hear(stream: asyncio.StreamReader, heard: Heard) -> None:
    while line := await stream.readline():
        heard(line.decode(errors="replace").rstrip("\n"))
