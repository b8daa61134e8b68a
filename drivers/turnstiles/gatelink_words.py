"""What a gatelink controller says, in the words that all turnstile drivers share."""

from drivers import base
from firmware_protocol.reports import Loss
from firmware_protocol.words import Direction, EndReason, LogEntry, LogKind


def log_report(entry: LogEntry, log: base.LogPosition, age_s: float) -> base.GateReport:
    """Translate a log entry; one that lacks what its kind needs is only noted."""
    match entry.kind:
        case LogKind.PASSAGE if entry.direction is not None:
            grant = None if entry.grant is None else entry.grant.hex()
            direction = base.Direction(entry.direction)
            return base.Passed(direction, grant, log, free=entry.is_free, age_s=age_s)
        case LogKind.NOT_PASSED if entry.grant is not None:
            reason = EndReason.TIMEOUT if entry.reason is None else entry.reason
            return base.NotPassed(entry.grant.hex(), log, str(reason), age_s)
        case LogKind.FORCED:
            direction = base.Direction(entry.direction or Direction.ENTRY)
            return base.Breached(base.BreachKind.FORCED, direction, log, age_s)
        case LogKind.TAILGATE:
            direction = base.Direction(entry.direction or Direction.ENTRY)
            return base.Breached(base.BreachKind.TAILGATE, direction, log, age_s)
        case LogKind.FIRE_ON:
            return base.FireChanged(is_on=True, log=log, age_s=age_s)
        case LogKind.FIRE_OFF:
            return base.FireChanged(is_on=False, log=log, age_s=age_s)
        case (
            LogKind.PASSAGE
            | LogKind.NOT_PASSED
            | LogKind.REVERSE
            | LogKind.HELD
            | LogKind.FAULT_ON
            | LogKind.FAULT_OFF
            | LogKind.TAMPER
            | LogKind.POWER
            | LogKind.BOOT
            | LogKind.MODE_CHANGED
            | LogKind.HOST_LOST
            | LogKind.HOST_BACK
            | LogKind.OTHER
        ):
            return base.DeviceNoted(str(entry.kind), log, age_s)


def loss_text(loss: Loss, port: str, line_loss: str) -> str:
    """Say why there is no link and what to look at; `line_loss` is what the line itself said."""
    match loss:
        case Loss.LINE:
            return line_loss
        case Loss.SILENT:
            return (
                f"{port}: no turnstile controller answers: is it powered, is it the right port, "
                "and is its baud rate the one in the settings?"
            )
        case Loss.KEY:
            return (
                f"{port}: a turnstile controller answers, but not with our key: psk_file and the "
                "controller must hold the same 64 hex digits, and no two lanes the same ones"
            )
        case Loss.VERSION:
            return (
                f"{port}: the turnstile controller speaks a version of gatelink that this gateway "
                "does not: update the older of the two"
            )
        case Loss.LOG:
            return (
                f"{port}: the turnstile controller's log ends before entries that it already told: "
                "its storage is failing; replace it, or format its log to go on"
            )
