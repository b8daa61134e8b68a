"""What else is wrong when the daemon is killed: each fault lasts over the kill, and some into the next life.

A fault is drawn for each life. `prepare` returns the environment that this life begins with, `trouble`
is what happens while it runs, `aftermath` what the kill did besides.
"""

import asyncio
import contextlib
import resource
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from enum import StrEnum

from gatewayd.store.before_upgrade import COPY_NAME
from tests.crash.world import MOMENT_S_MAX, World, a_while
from tests.e2e.daemon import GATEWAYD, until

COPY_S_MAX = 0.02  # What the copy before an upgrade takes.
FROZEN_S_MAX = 2.5  # Longer than a command to a turnstile lives.
BLOCK_SIZE = 4096
FILL_S = 0.02  # Soon after some room was given back.
OLDER_STATE = "2\n"
"""A version of the state directory whose files are those of today: only the copy is made."""


class Fault(StrEnum):
    NONE = "none"
    START = "killed while it starts"
    UPGRADE = "killed while it copies the state before an upgrade"
    SLOW_DISK = "syncs that take up to 3 s"
    POWER_CUT = "unsynced sectors lost"
    FULL_DISK = "disk full"
    BROKER_FROZEN = "broker frozen"
    READER_OUT = "reader unplugged"
    TURNSTILE_OUT = "turnstile unplugged"
    FROZEN = "daemon frozen for a while"
    BACKUP = "backup killed too"


IN_ITS_START = frozenset({Fault.START, Fault.UPGRADE})
"""It is killed before it is ready."""
OF_SYNCS = frozenset({Fault.SLOW_DISK, Fault.POWER_CUT})
"""They need a C compiler."""


def prepare(fault: Fault, world: World) -> Mapping[str, str]:
    match fault:
        case Fault.UPGRADE:
            (world.site.state / "version").write_text(OLDER_STATE)
        case Fault.SLOW_DISK:
            return world.slow.begin(world.random, permille=150, ms_max=3000)
        case Fault.POWER_CUT:
            return world.slow.begin(world.random, permille=500, ms_max=100)
        case _:
            pass
    return {}


async def a_moment(fault: Fault, world: World) -> None:
    """Wait for a moment to kill at: any, or one that is special for the fault."""
    random = world.random
    if fault in IN_ITS_START:
        copy = world.site.state / f"{COPY_NAME}.new"
        async with a_while(random.uniform(0, world.start_s)):
            await until(copy.exists)
            await asyncio.sleep(random.uniform(0, COPY_S_MAX))
        return
    if fault is Fault.BACKUP:
        await asyncio.sleep(random.uniform(0, 1.5 * world.start_s))  # It is begun just now.
        return
    await world.a_drawn_moment()
    if fault in OF_SYNCS and random.random() < 0.5:
        async with a_while(MOMENT_S_MAX):
            await until(world.slow.is_syncing)


def aftermath(fault: Fault, world: World) -> None:
    if fault is Fault.POWER_CUT:
        world.slow.cut_power(world.random)


@asynccontextmanager
async def trouble(fault: Fault, world: World) -> AsyncIterator[None]:
    """Begin it; after the block, where the daemon is killed, it ends, or lasts into the next life."""
    random = world.random
    async with AsyncExitStack() as stack:
        match fault:
            case Fault.FULL_DISK:
                full = _full if world.has_own_disk else _no_file_grows
                await stack.enter_async_context(full(world))
            case Fault.BROKER_FROZEN:
                world.broker.freeze()
                stack.callback(world.broker.thaw)
            case Fault.READER_OUT:
                lane, way = random.choice(world.lanes), random.choice(["entry", "exit"])
                await lane.unplug_reader(way)
                stack.callback(lane.plug_reader, way)
            case Fault.TURNSTILE_OUT:
                lane = random.choice(world.lanes)
                lane.cable.unplug()
                stack.callback(lane.cable.plug)
            case Fault.FROZEN:
                world.site.gateway.process.send_signal(signal.SIGSTOP)
                await asyncio.sleep(random.uniform(0, FROZEN_S_MAX))
                world.site.gateway.process.send_signal(signal.SIGCONT)
            case Fault.BACKUP:
                stack.enter_context(_backup(world))
            case _:
                pass
        yield
        if random.random() < 0.5:
            lasting = stack.pop_all()
            lasting.push_async_callback(world.left.aclose)  # A start that was cut off left it so.
            world.left = lasting


@asynccontextmanager
async def _full(world: World) -> AsyncIterator[None]:
    """Take all room that there is, and whatever is given back."""
    ballast = world.site.state / "ballast"

    async def fill() -> None:
        while True:
            with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
                while file.write(bytes(BLOCK_SIZE)):
                    pass
            await asyncio.sleep(FILL_S)

    filling = asyncio.create_task(fill())
    try:
        yield
    finally:
        filling.cancel()
        await asyncio.gather(filling, return_exceptions=True)
        ballast.unlink()


@asynccontextmanager
async def _no_file_grows(world: World) -> AsyncIterator[None]:
    """Stand for a full disk where nobody may mount one: the log of the journal is as long as may be."""
    size = (world.site.state / "journal.db-wal").stat().st_size
    resource.prlimit(
        world.site.gateway.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY)
    )
    yield


@contextlib.contextmanager
def _backup(world: World) -> Iterator[None]:
    """Begin one, and kill it in the end."""
    target = world.site.folder / f"backup-{world.random.randrange(1 << 30)}.tar.gz"
    command = [*GATEWAYD, "backup", str(target), "-c", str(world.site.settings)]
    backup = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        backup.kill()
        backup.wait()
