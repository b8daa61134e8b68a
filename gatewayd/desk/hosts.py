"""By which names the gate is known: a page of another name that leads here is not ours.

Else a page on the internet could have its own name point to this box (DNS rebinding) and read
what the browser is told.
"""

import ipaddress
from collections.abc import Collection

LOCAL_NAMES = frozenset({"localhost"})


def host_name(host: str) -> str | None:
    """Return the name in a Host header, in small letters and without port; None: it is none."""
    text = host.strip().lower()
    if text.startswith("["):
        name, bracket, port = text[1:].partition("]")
        port = port.removeprefix(":") if bracket else "x"
    else:
        name, _, port = text.partition(":")
    if not name or (port and not (port.isascii() and port.isdigit())):
        return None
    return name.removesuffix(".")


def is_known(host: str, names: Collection[str]) -> bool:
    """Tell whether this Host is an address, this machine, or one of our names.

    names: `*.` stands for one part, as in certificates.
    """
    name = host_name(host)
    if name is None:
        return False
    if name in LOCAL_NAMES or name in names or f"*.{name.partition('.')[2]}" in names:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
