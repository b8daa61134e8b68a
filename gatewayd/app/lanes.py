"""Builds the lanes of a site from its settings: readers and turnstiles by the names of drivers."""

from collections.abc import Mapping
from dataclasses import replace

from config.schema import DriverTable, Settings
from drivers.base import Messages, Reader
from drivers.registry import READERS, TURNSTILES, Surroundings, complete
from gatewayd.app.chance import SystemChance
from gatewayd.core.folded import LANES
from gatewayd.core.lane_terms import Order
from gatewayd.core.words import Direction, LaneId
from gatewayd.ports import Cache
from gatewayd.runtime.interlock import Interlock
from gatewayd.runtime.lane import LaneShell, Shared

HOST_ID_SIZE_MAX = 32  # What gatelink carries.


def surroundings(settings: Settings, messages: Messages | None) -> Surroundings:
    """Return what all drivers of a run share: devices on one port meet in it."""
    return Surroundings(
        host_id=settings.site.id[:HOST_ID_SIZE_MAX],
        token=SystemChance().token,
        messages=messages,
    )


def build_lanes(
    settings: Settings, shared: Shared, cache: Cache, around: Surroundings
) -> dict[LaneId, LaneShell]:
    """Return the lanes in the order of the settings, each with the order that was in force."""
    lanes: dict[LaneId, LaneShell] = {}
    for lane in settings.lanes:
        kind = TURNSTILES[lane.turnstile.driver]
        values = complete(kind, lane.turnstile.values)
        readers = {Direction.ENTRY: lane.entry_reader, Direction.EXIT: lane.exit_reader}
        lane_id = LaneId(lane.id)
        unlock_ms = values.get("unlock_ms", shared.windows.unlock_ms)
        windows = replace(shared.windows, unlock_ms=unlock_ms)
        lanes[lane_id] = LaneShell(
            lane_id,
            kind.build(values, around),
            _build_readers(readers, around),
            replace(shared, windows=windows),
            _order(cache, lane_id),
        )
    return lanes


def interlock_lanes(settings: Settings, lanes: Mapping[LaneId, LaneShell]) -> None:
    """Join the lanes that the settings name together; a pair may be named from both sides."""
    pairs = {
        frozenset({LaneId(lane.id), LaneId(lane.interlock)})
        for lane in settings.lanes
        if lane.interlock is not None
    }
    for pair in pairs:
        one, other = (lanes[lane] for lane in sorted(pair))
        Interlock(one, other)


def build_reader(table: DriverTable, around: Surroundings) -> Reader:
    kind = READERS[table.driver]
    return kind.build(complete(kind, table.values), around)


def _build_readers(
    tables: Mapping[Direction, DriverTable | None], around: Surroundings
) -> dict[Direction, Reader]:
    return {
        direction: build_reader(table, around)
        for direction, table in tables.items()
        if table is not None
    }


def _order(cache: Cache, lane: LaneId) -> Order:
    row = cache.get(LANES, lane)
    return Order.NORMAL if row is None else Order(str(row["order"]))
