"""How often somebody may ask: a steady rate with a burst, for a bounded number of askers."""

import ipaddress
from collections import OrderedDict

from gatewayd.ports import Clock

ASKERS_MAX = 4096  # Some hundred kB. More addresses than a building has devices.


class Rate:
    """The generic cell rate algorithm (ITU-T I.371): one number for each asker."""

    def __init__(self, clock: Clock, per_s: float, burst: int) -> None:
        self._clock = clock
        self._gap_s = 1 / per_s
        self._ahead_s_max = burst * self._gap_s
        self._due_s: OrderedDict[str, float] = OrderedDict()

    def wait_s(self, asker: str) -> float:
        """Count one request; 0: it may be, else nothing is counted, and how long to wait."""
        now_s = self._clock.monotonic()
        due_s = max(now_s, self._due_s.get(asker, now_s)) + self._gap_s
        over_s = due_s - now_s - self._ahead_s_max
        if over_s > _ROUNDING_S:
            return over_s
        self._due_s[asker] = due_s
        self._due_s.move_to_end(asker)
        if len(self._due_s) > ASKERS_MAX:
            self._due_s.popitem(last=False)
        return 0.0

    def __len__(self) -> int:
        return len(self._due_s)


_ROUNDING_S = 1e-9


def asker_of(address: str | None) -> str:
    """Return who is counted: an address, of IPv6 its network, since a machine has all of that."""
    try:
        found = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
