"""What the driver of a simulated controller makes of its log and its state, in `drivers.base` words."""

from drivers import base
from firmware_protocol.words import LogEntry, LogKind
from tests.sim.controller import State


def in_words(entry: LogEntry, log: base.LogPosition | None) -> base.GateReport:
    """Translate a line of the log; `log` is None where the controller keeps none."""
    grant = None if entry.grant is None else entry.grant.hex()
    match entry.kind:
        case LogKind.PASSAGE:
            assert entry.direction is not None
            return base.Passed(base.Direction(entry.direction), grant, log, free=entry.is_free)
        case LogKind.NOT_PASSED:
            assert grant is not None
            return base.NotPassed(grant, log, str(entry.reason))
        case LogKind.FORCED | LogKind.TAILGATE:
            kind = base.BreachKind(str(entry.kind))
            return base.Breached(kind, base.Direction.ENTRY, log)
        case LogKind.FIRE_ON | LogKind.FIRE_OFF:
            return base.FireChanged(entry.kind is LogKind.FIRE_ON, log)
        case _:
            return base.DeviceNoted(str(entry.kind), log)


class Hearing:
    """Compares the states of a controller, and tells what changed."""

    def __init__(self) -> None:
        self._is_fire = False
        self._is_faulty = False
        self._passing: str | None = None

    def begin(self) -> None:
        """Forget with the link what a lane forgets with it."""
        self._is_faulty = False
        self._passing = None

    def compare(self, state: State) -> list[base.GateReport]:
        told: list[base.GateReport] = []
        if state.is_fire is not self._is_fire:
            told.append(base.FireChanged(state.is_fire))
        if state.is_faulty is not self._is_faulty:
            fault = base.Fault("the simulated mechanics jam")
            told.append(fault if state.is_faulty else base.FaultCleared())
        if state.passing is not None and state.passing != self._passing:
            told.append(base.PassageBegan(state.passing))
        self._is_fire, self._is_faulty = state.is_fire, state.is_faulty
        self._passing = state.passing
        return told
