"""What the displays of the lanes show, as it is now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import segno

from gatewayd import __version__
from gatewayd.core.events import Event
from gatewayd.core.lane_codes import LaneCode, seconds_left, stamp, write_code
from gatewayd.core.lane_view import Notice, Seen, Sign, find_house, find_notice, view
from gatewayd.core.words import ClockQuality, Direction, Json, LaneId
from gatewayd.runtime.lane import LaneShell, Shared

_MASK = 0  # Trying all eight takes five times as long, of the time of the gate.


@dataclass(frozen=True, slots=True)
class Venue:
    """Where the displays stand. locale: of the words that stand first.

    check_in_address: what the codes for phones begin with; None: nobody checks in with them.
    """

    site: str
    name: str
    locale: str
    check_in_address: str | None


@dataclass(slots=True)
class Displays:
    """One for each daemon; asked again and again for each lane that has a display."""

    venue: Venue
    lanes: Mapping[LaneId, LaneShell]
    shared: Shared
    _notices: dict[tuple[LaneId, Direction], Notice | None] = field(default_factory=dict)
    _codes: dict[tuple[LaneId, Direction], tuple[str, dict[str, Json]]] = field(
        default_factory=dict
    )

    def committed(self, events: Sequence[Event]) -> None:
        """Notice what whoever stands at a lane has to be told."""
        now_s = self.shared.clock.monotonic()
        for event in events:
            found = find_notice(event.fact, now_s)
            if found is not None:
                lane, direction, notice = found
                self._notices[lane, direction] = notice

    def snapshot(self, lane: LaneId) -> dict[str, Json]:
        """Return what the lane's display shows in each direction; null: there is no reader."""
        shell = self.lanes[lane]
        shown: dict[str, Json] = {
            str(direction): self._show(shell, direction) if direction in shell.directions else None
            for direction in Direction
        }
        return {
            "version": __version__,
            "lane": lane,
            "name": self.venue.name,
            "locale": self.venue.locale,
            **shown,
        }

    def _show(self, shell: LaneShell, direction: Direction) -> dict[str, Json]:
        gate, clock = self.shared.gate, self.shared.clock
        at, area = clock.utc(), gate.areas.get(shell.id)
        seen = Seen(
            lane=shell.state,
            direction=direction,
            notice=self._notices.get((shell.id, direction)),
            prompt=shell.prompt_at(direction),
            open_until_s=shell.open_until_s,
            is_asking=direction is Direction.ENTRY and shell.is_asking,
            refuses=self.shared.recorder.refusal is not None,
            house=find_house(gate.occupancy(area), gate.policy.of_area(area), at),
        )
        shown = view(seen, clock.monotonic())
        code = self._code(shell.id, direction, at) if shown.sign is Sign.SCAN else None
        return {**shown.document(), "code": code}

    def _code(self, lane: LaneId, direction: Direction, at: datetime) -> dict[str, Json] | None:
        """Return the code for phones that the display shows now, as a picture, and until when."""
        address, clock = self.venue.check_in_address, self.shared.clock
        if address is None or clock.quality() is ClockQuality.UNSYNCED:
            return None  # Nobody could say which code is of now.
        bare = write_code(LaneCode(self.venue.site, lane, direction), address)
        text = stamp(bare, self.shared.gate.knowledge.pseudonyms.key, at)
        kept = self._codes.get((lane, direction))
        if kept is None or kept[0] != text:
            until_ms = round((clock.monotonic() + seconds_left(at)) * 1000)
            kept = text, {"picture": _draw(text), "until_ms": until_ms}
            self._codes[lane, direction] = kept
        return kept[1]


def _draw(text: str) -> str:
    """Return the address of a picture that is all in it; the page keeps the margin."""
    qr = segno.make_qr(text, error="m", mask=_MASK, boost_error=False)
    return str(qr.svg_data_uri(border=0, svgclass=None, lineclass=None))
