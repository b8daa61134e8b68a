"""Raises an alarm where the broker is there and yet nothing of what waits gets on.

It looks at the watermark, up to which all is confirmed: a broker that takes some and refuses others
for good keeps the records from being removed, and is to be seen to as well.
"""

import asyncio
from typing import Never

from gatewayd.ports import Clock
from gatewayd.runtime.alarms import Alarms
from gatewayd.runtime.publisher import Publisher

ALARM = "receipts_standing"
SUBJECT = "gateway"
LOOK_S = 10.0
STANDING_S = 15 * 60.0  # Three times the longest wait between tries of what was refused.


async def watch_receipts(publisher: Publisher, alarms: Alarms, clock: Clock) -> Never:
    """Look on for ever. The alarm ends with the next step, and with the connection."""
    since_s, before = clock.monotonic(), -1
    while True:
        figures, upto = publisher.figures(), publisher.upto
        if upto != before or figures.depth == 0 or figures.connected_s is None:
            since_s, before = clock.monotonic(), upto
        if clock.monotonic() - since_s >= STANDING_S:
            alarms.raise_(ALARM, SUBJECT, {"waiting": figures.depth, "confirmed_upto": upto})
        else:
            alarms.clear(ALARM, SUBJECT)
        await asyncio.sleep(LOOK_S)
