"""The one way in which end-to-end tests wait."""

import asyncio
from collections.abc import Callable

PATIENCE_S = 25.0  # For what takes far less than a second, on a machine that has other work.


async def eventually(is_so: Callable[[], bool]) -> None:
    """Return as soon as it is so; TimeoutError if it is not for long."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():
            await asyncio.sleep(0.005)
