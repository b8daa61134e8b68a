"""What the host's side of a controller binding tells, in the words of `drivers.base`."""

from drivers import base
from drivers.turnstiles.gatelink_words import log_report
from firmware_protocol.messages import GateState, State
from firmware_protocol.reports import (
    Answered,
    Connected,
    EntriesLost,
    LogEnd,
    Logged,
    NeverSent,
    StateSeen,
    Unanswered,
)
from firmware_protocol.words import Outcome

SharedReport = (
    Connected | Answered | Unanswered | NeverSent | Logged | EntriesLost | LogEnd | StateSeen
)


class ControllerReports:
    """Translates the reports of one controller, in their order."""

    def __init__(self) -> None:
        self._state: State | None = None
        self._is_fire = False
        self._is_faulty = False

    def translate(self, report: SharedReport) -> list[base.GateReport]:
        match report:
            case Connected(device):
                self._state = None
                return [base.LinkUp(device)]
            case Answered(grant, Outcome.OPENED):
                return [base.Opened(grant.hex())]
            case Answered(grant, outcome):
                return [base.NotOpened(grant.hex(), str(outcome))]
            case Unanswered(grant):
                return [base.OpenUnknown(grant.hex())]
            case NeverSent(grant):
                return [base.NotOpened(grant.hex(), "link_down")]
            case Logged(log, entry, age_ms):
                position = base.LogPosition(log.hex(), entry.sequence)
                return [log_report(entry, position, age_ms / 1000)]
            case EntriesLost(log, count):
                return [base.LogLost(log.hex(), count)]
            case LogEnd(log, in_force):
                return [base.LogRead(log.hex(), tuple(grant.hex() for grant in in_force))]
            case StateSeen(state):
                return self._compare(state)

    def _compare(self, state: State) -> list[base.GateReport]:
        """Tell what changed; a lane forgets a fault with the link, so a new link tells it again."""
        before, self._state = self._state, state
        told: list[base.GateReport] = []
        if state.is_fire is not self._is_fire:
            told.append(base.FireChanged(state.is_fire))
        if state.is_faulty and (before is None or not self._is_faulty):
            told.append(base.Fault("the controller says that its mechanics cannot open"))
        if self._is_faulty and not state.is_faulty:
            told.append(base.FaultCleared())
        self._is_fire, self._is_faulty = state.is_fire, state.is_faulty
        if state.contacts is not None and (before is None or before.contacts != state.contacts):
            told.append(base.InputsSeen(_numbers(state.contacts)))
        passing = _passing(state)
        if passing is not None and (before is None or passing != _passing(before)):
            told.append(base.PassageBegan(passing.hex()))
        return told


def _numbers(contacts: int) -> frozenset[int]:
    return frozenset(index + 1 for index in range(contacts.bit_length()) if contacts >> index & 1)


def _passing(state: State) -> bytes | None:
    return state.grant if state.gate is GateState.PASSING else None
