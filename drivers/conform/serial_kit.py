"""All rules of the serial binding, in the order in which they are tested."""

from collections.abc import Sequence

from drivers.conform.gate_rules import GATE_RULES
from drivers.conform.log_rules import LAST_RULES, LOG_RULES
from drivers.conform.serial_bench import SerialBench
from drivers.conform.serial_rules import SERIAL_RULES, SHARED_LINE_RULES
from drivers.conform.session_rules import OWN_LINE_RULES, SESSION_RULES
from drivers.conform.words import Rule


def serial_rules(address: int) -> Sequence[Rule[SerialBench]]:
    """Return the rules for a controller on a line of its own (0) or on a shared one."""
    line_rules = SHARED_LINE_RULES if address else OWN_LINE_RULES
    return (
        *SESSION_RULES,
        *line_rules,
        *GATE_RULES,
        *LOG_RULES,
        *SERIAL_RULES,
        *LAST_RULES,
    )
