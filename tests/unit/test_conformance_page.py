"""The page docs/conformance.md: its table is that of the rules."""

import re
from pathlib import Path

from drivers.conform.mqtt_kit import mqtt_rules
from drivers.conform.serial_kit import serial_rules
from drivers.conform.words import Action

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "conformance.md").read_text()
PROTOCOL = (ROOT / "firmware_protocol" / "PROTOCOL.md").read_text()
KITS = {"line": serial_rules(0), "shared": serial_rules(1), "MQTT": mqtt_rules()}
NEEDS = {
    Action.WALK_IN: "walk in",
    Action.FORCE_IN: "force",
    Action.STEP_IN: "step in",
    Action.STEP_BACK: "step back",
    Action.WALK_OUT: "walk out",
    Action.FIRE_ON: "fire contact",
    Action.FIRE_OFF: "fire contact",
    Action.REBOOT: "power",
}


def table() -> str:
    """Return the table of the page, as the rules have it."""
    rules = {rule.id: rule for kit in KITS.values() for rule in kit}
    rows = ["| rule | what is tested | on | needs somebody |", "|---|---|---|---|"]
    for name in sorted(rules, key=order):
        kits = [kit for kit, members in KITS.items() if any(it.id == name for it in members)]
        where = "all" if len(kits) == len(KITS) else ", ".join(kits)
        needs = ", ".join(dict.fromkeys(NEEDS[it] for it in Action if it in rules[name].needs))
        rows.append(f"| {name} | {rules[name].says} | {where} | {needs} |")
    return "\n".join(rows) + "\n"


def order(name: str) -> tuple[bool, int, str]:
    found = re.fullmatch(r"([RM])(\d+)([a-z]?)", name)
    assert found is not None, name
    return found[1] == "M", int(found[2]), found[3]


def test_the_page_lists_every_rule_and_no_other() -> None:
    assert table() in PAGE


def test_every_rule_is_one_of_the_protocol_page() -> None:
    named = set(re.findall(r"\bR\d+\b", PROTOCOL))
    assert {f"R{order(rule.id)[1]}" for rule in serial_rules(1)} <= named
