"""The one way in which end-to-end tests wait."""

import asyncio
from collections.abc import Callable


async def eventually(is_so: Callable[[], bool], within_s: float = 5.0) -> None:
    """Return as soon as it is so; TimeoutError if it is not within the time."""
    async with asyncio.timeout(within_s):
        while not is_so():
            await asyncio.sleep(0.005)
