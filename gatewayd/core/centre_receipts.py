"""What the centre says of events that it has itself: how far, or which it wants once more.

The claims of a receipt beside those of every order: `epoch`, and either `upto` (it has all events
of that epoch up to this one) or `from` and `to` (send these again, both ends included).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gatewayd.core.orders import COUNTER_MAX
from gatewayd.core.signed import whole


@dataclass(frozen=True, slots=True)
class Watermark:
    upto: int


@dataclass(frozen=True, slots=True)
class Replay:
    first: int
    last: int


def read_receipt(claims: Mapping[str, object], epoch: str, head: int) -> Watermark | Replay | None:
    """Understand a receipt; None for one of another epoch, or beyond what there is.

    epoch, head: of the journal as it stands.
    """
    upto, first, last = (whole(claims.get(name), COUNTER_MAX) for name in ("upto", "from", "to"))
    if claims.get("epoch") != epoch:
        return None
    if upto is not None:
        return Watermark(upto) if upto <= head else None
    if first is None or last is None or not first <= last <= head:
        return None
    return Replay(first, last)
