"""What the centre may command, as the requests that people at the gate make.

Beside the claims of every order a command has `do` and the arguments of that; others are left out.

| do | arguments | what happens |
|---|---|---|
| open | lane, reason, category, and what the policy has declared (healthy ...) | one is admitted |
| lock | lane (all without), reason | exit only |
| free | lane (all without), reason | everybody passes, both ways |
| resume | lane (all without), reason | as the policy says; refused during fire |
| capacity | total (null: as the policy says), until, reason | another limit, at once |
| forgive | holder, reason | taken for outside |
| officer | sign (in, out), officer | an officer is on duty, or goes |
| reload | | settings, lists and trust are read anew |
| replay | epoch, from, to | events are sent again |
| diagnostics | | the figures of `gatewayd status` |
"""

from collections.abc import Mapping
from typing import Any

_DECLARED = ("healthy", "protocol", "certificate", "purpose", "origin")

_ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "open": ("lane", "reason", "category", *_DECLARED),
    "lock": ("lane", "reason"),
    "free": ("lane", "reason"),
    "resume": ("lane", "reason"),
    "capacity": ("total", "until", "reason"),
    "forgive": ("holder", "reason"),
    "officer": ("sign", "officer"),
    "reload": (),
    "replay": ("epoch", "from", "to"),
    "diagnostics": (),
}
_AS_PEOPLE_SAY: Mapping[str, dict[str, str]] = {
    "open": {"do": "admit"},
    "lock": {"do": "lane", "order": "lock"},
    "free": {"do": "lane", "order": "free"},
    "resume": {"do": "lane", "order": "resume"},
    "diagnostics": {"do": "status"},
}


def read_command(claims: Mapping[str, object]) -> dict[str, Any] | None:
    """Return the request that a command makes; None where nobody may command that."""
    do = claims.get("do")
    if not isinstance(do, str) or do not in _ARGUMENTS:
        return None
    arguments = {name: claims[name] for name in _ARGUMENTS[do] if claims.get(name) is not None}
    return {**arguments, **_AS_PEOPLE_SAY.get(do, {"do": do})}
