"""The status of a gateway as lines for people: a sentence for each part."""

from collections.abc import Iterator, Mapping
from typing import Any

from gatewayd.core.prompts import Prompt, text
from gatewayd.core.reasons import Locale


def status_text(status: Mapping[str, Any]) -> str:
    return "\n".join(_lines(status))


def _lines(status: Mapping[str, Any]) -> Iterator[str]:
    yield f"site      {status['site']}   gatewayd {status['version']}, up {status['uptime_s']} s"
    health = status["health"]
    yield f"health    {'ready' if health['ready'] else 'NOT READY: nobody can be let in'}"
    for part in health["parts"]:
        yield f"  {part['colour']:<7} {part['part']}: {part['text']['en']}"
    for name, lane in status["lanes"].items():
        yield f"lane      {name}: {_lane_sentence(lane)}"
    if status["fire"]:
        yield f"fire      TOLD BY {', '.join(status['fire'])}: every lane is free"
    for name, door in status["doors"].items():
        yield f"door      {name}: {_door_sentence(door)}"
    yield f"inside    {_inside_sentence(status['occupancy'])}"
    yield f"referrals {status['referrals']} waiting for the officer"
    for one in status["assists"]:
        yield f"help      {one['lane']}: number {one['assist']}, {one['cause']}, since {one['at']}"
    on_duty = ", ".join(one["officer"] for one in status["on_duty"])
    yield f"on duty   {on_duty or 'nobody is signed on'}"
    yield f"alarms    {', '.join(status['alarms']) or 'none'}"
    yield f"records   {_journal_sentence(status['journal'])}"
    yield f"centre    {_broker_sentence(status['broker'])}"
    yield f"policy    {', '.join(status['policy'])}"


def _lane_sentence(lane: Mapping[str, Any]) -> str:
    words = [lane["state"]]
    if not lane["linked"]:
        words.append("no link to the turnstile")
    if lane["fault"]:
        words.append("the turnstile reports a fault")
    if lane["fire"]:
        words.append("fire")
    if lane["order"] != "normal":
        words.append(f"ordered: {lane['order']}")
    if lane["waiting"]:
        words.append(f"{lane['waiting']} waiting")
    if lane["missing_parts"]:
        words.append(f"waits for {lane['missing_parts']} more parts of a code")
    elif lane["prompt"]:
        words.append(f"says: {text(Prompt(lane['prompt']), Locale.EN)}")
    if lane["line_noise"]:
        words.append(f"{lane['line_noise']} broken frames on the turnstile's line")
    if lane["line_forged"]:
        words.append(f"{lane['line_forged']} forged or repeated ones")
    return ", ".join(words)


def _door_sentence(door: Mapping[str, Any]) -> str:
    words = [_DOORS[door["state"]]]
    if door["allowed"]:
        words.append("allowed by the officer")
    if not door["seen"]:
        words.append("NOT WATCHED NOW, its contact cannot be read")
    return ", ".join(words)


_DOORS = {
    "closed": "closed",
    "open": "open, as it may be",
    "held": "HELD OPEN, and must be shut",
    "forced": "OPENED without permission",
}


def _inside_sentence(occupancy: Mapping[str, Any]) -> str:
    parts = ", ".join(f"{name} {count}" for name, count in occupancy["by_category"].items())
    uncertain = f" +- {occupancy['uncertain']}" if occupancy["uncertain"] else ""
    left = ", ".join(f"{name} {count}" for name, count in occupancy["places_left"].items())
    return (
        f"{occupancy['total']}{uncertain}"
        + (f" ({parts})" if parts else "")
        + (f"; may still come in: {left}" if left else "")
    )


def _journal_sentence(journal: Mapping[str, Any]) -> str:
    if journal["refusal"]:
        return f"THE DISK REFUSES: {journal['refusal']} ({journal['missed_verdicts']} missed)"
    return f"{journal['head']} events in epoch {journal['epoch']}"


def _broker_sentence(broker: Mapping[str, Any] | None) -> str:
    if broker is None:
        return "no [broker] in the settings: nothing is sent"
    waiting = f"{broker['depth']} events waiting"
    if broker["oldest_s"] is not None:
        waiting += f", the oldest for {round(broker['oldest_s'])} s"
    if broker["hours_left"] is not None and not broker["connected"]:
        waiting += f"; kept for at least {_hours(broker['hours_left'])} more"
    if broker["centre_upto"] is not None:
        waiting += f"; the centre says it has all up to {broker['centre_upto']}"
    if broker["quarantined"]:
        waiting += f"; {broker['quarantined']} NOT TAKEN: see `gatewayd journal quarantine list`"
    if broker["connected"]:
        return f"connected, {waiting}"
    return f"NOT CONNECTED: {broker['error'] or 'connecting'}; {waiting}"


def _hours(hours: float) -> str:
    return f"{round(hours / 24)} days" if hours >= 48 else f"{round(hours)} hours"
