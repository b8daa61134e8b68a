"""By which names and addresses this machine is reached in its network."""

import ipaddress
import socket
from contextlib import suppress

# Reserved for documentation (RFC 5737, RFC 3849): nothing is sent to them, the system only says
# from which of its addresses it would.
_FAR = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


def own_names() -> tuple[str, ...]:
    """Return the machine's names, that in the local network (mDNS) among them."""
    full = socket.gethostname().lower()
    short = full.partition(".")[0]
    return tuple(dict.fromkeys((short, f"{short}.local", full)))


def own_addresses() -> tuple[str, ...]:
    """Return the addresses by which others reach this machine; none without a network."""
    found = []
    for family, far in _FAR:
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((far, 9))
            address = ipaddress.ip_address(probe.getsockname()[0])
            if not address.is_link_local:
                found.append(str(address))
    return tuple(found)
