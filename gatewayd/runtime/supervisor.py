"""Keeps a part of the gateway running when it fails in a way that nobody foresaw.

What is foreseen (a device away, a broker down) its part deals with itself. A defect in one part,
say the sync, must not close the gate: it is logged with its trace, an alarm is raised, and it
starts again after a pause.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Never

from gatewayd.runtime.alarms import Alarms

log = logging.getLogger(__name__)

ALARM = "part_failed"
PAUSE_S = 1.0
PAUSE_S_MAX = 60.0  # A part that fails at once each time must not fill the log.
HEALTHY_S = 60.0  # A part that ran this long failed of something new.


async def keep_running(name: str, run: Callable[[], Awaitable[Never]], alarms: Alarms) -> Never:
    loop = asyncio.get_running_loop()
    pause_s = PAUSE_S
    while True:
        started_s = loop.time()
        cleared = loop.call_later(HEALTHY_S, alarms.clear, ALARM, name)
        try:
            await run()
        except Exception as error:
            log.exception("part_failed", extra={"fields": {"part": name}})
            alarms.raise_(ALARM, name, {"error": type(error).__name__})
        finally:
            cleared.cancel()
        pause_s = PAUSE_S if loop.time() - started_s > HEALTHY_S else min(2 * pause_s, PAUSE_S_MAX)
        await asyncio.sleep(pause_s)
