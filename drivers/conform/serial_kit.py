"""The conformance test of a controller on a serial line."""

import secrets
from collections.abc import Callable, Sequence
from typing import Final

from drivers.conform.exit_rules import EXIT_RULES
from drivers.conform.frame_rules import FRAME_RULES
from drivers.conform.gate_rules import GATE_RULES
from drivers.conform.log_rules import LAST_RULES, LOG_RULES
from drivers.conform.report import Report
from drivers.conform.runner import run_rules
from drivers.conform.serial_bench import SerialBench
from drivers.conform.serial_rules import SERIAL_RULES
from drivers.conform.session_rules import OWN_LINE_RULES, SESSION_RULES
from drivers.conform.shared_line_rules import SHARED_LINE_RULES
from drivers.conform.words import Finding, Hands, Rule, picked
from drivers.serial_link import SerialLink

BAUDRATE: Final = 115_200


def serial_rules(address: int) -> Sequence[Rule[SerialBench]]:
    """Return the rules for a controller on a line of its own (0) or on a shared one.

    First those that need nobody, so that a person need not wait at the turnstile.
    """
    line_rules = SHARED_LINE_RULES if address else OWN_LINE_RULES
    rules: Sequence[Rule[SerialBench]] = (
        *SESSION_RULES,
        *FRAME_RULES,
        *line_rules,
        *EXIT_RULES,
        *GATE_RULES,
        *LOG_RULES,
        *SERIAL_RULES,
    )
    return (*sorted(rules, key=lambda rule: bool(rule.needs)), *LAST_RULES)


async def try_on_serial_line(
    line: SerialLink,
    psk: bytes,
    hands: Hands,
    found: Callable[[Finding], None],
    *,
    address: int = 0,
    only: Sequence[str] = (),
) -> Report:
    """Try a controller by all rules, or by those that `only` names; see `picked`.

    found: is told each finding as soon as it is known. Raises DriverError, in a group, if the port
    cannot be opened.
    """
    bench = SerialBench(line, psk, hands, secrets.token_bytes, address=address)
    rules = serial_rules(address)
    async with bench.running():
        findings = await run_rules(bench, picked(rules, only), found)
    device = bench.device
    name, firmware = ("", "") if device is None else (device.device, device.firmware)
    return Report(line.port, name, firmware, findings, len(rules))
