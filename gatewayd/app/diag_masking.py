"""Takes persons and secrets out of what is handed to somebody who helps from afar.

Two nets: of a document only what is known to be harmless stays, and of every text what looks like a
number of a person, a code or a key goes, with all that the site's own files say of persons.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

MASK: Final = "***"

_CODE: Final = re.compile(r"[A-Za-z0-9_.:/+ -]{1,80}")
_LOG_WORD: Final = re.compile(r"[a-z0-9_.:/+TZ-]{1,60}")
"""Codes, names of the settings, and times; no sentence."""
_SUSPECT: Final = re.compile(
    r"""
      (?:HC1|OGT?1|shc|otpauth):\S+        # codes that people hold up
    | \S+@\S+                              # addresses, and passwords in URLs
    | \b[0-9a-fA-F]{32,}\b                 # pseudonyms, grants, keys
    | \b\d{14,}\b                          # NIK, NIP
    | \b08\d{7,}\b                         # telephones
    | (?<![\w-])(?!usb-)[\w-]{40,}         # what else may be a token; not the names of ports
    | (?<=found\ )(?:"[^"\n]*"|[\d.]+)    # what stands in the settings in a wrong place
    """,
    re.VERBOSE,
)
_SECRET: Final = re.compile("pin|pass|secret|key|token|code")
"""Under such a key even a number is somebody's."""
_WORDS: Final = re.compile(r"[\w.-]+")
_KNOWN_SIZE_MIN: Final = 4  # Shorter words are everywhere.

_STATUS: Final = frozenset(
    """alarm alarms at by_category caused clockquality colour direction door doors en entering epoch
    error fire health id kind lane lanes limit mode order part parts places_left policy prompt
    refusal run says site source state subject text version""".split()  # noqa: SIM905
)
_SETTINGS: Final = frozenset(
    """aim area card commit_deadline_ms contact_input direction directory driver feedback
    host_lost id key_scope lane left_is level listen locale mode normally organisation output port
    profile protocol publish_status region relay roster_old rule_sets terminator timezone trigger
    turnstile url valid_from valid_until version when_disk_refuses when_expired""".split()  # noqa: SIM905
)
_LOG: Final = frozenset(
    """after_tries at bytes by_ms category count direction door from from_quality id lane latency_us
    level outage_s outcome part quality reason rows run size source state subject version
    alarm""".split()  # noqa: SIM905
)


def mask_status(status: Mapping[str, Any]) -> str:
    """Return what a gateway says of itself, without who is on duty, waits, or saw an alarm."""
    own = {key: value for key, value in status.items() if key not in _OF_PEOPLE}
    on_duty = status.get("on_duty")
    own["on_duty_count"] = len(on_duty) if isinstance(on_duty, list) else 0
    return json.dumps(_masked(own, _STATUS), indent=1)


_OF_PEOPLE: Final = frozenset({"on_duty", "referred", "handover", "assists", "alarm_rows", "text"})


def mask_settings(document: Mapping[str, Any]) -> str:
    """Return a settings file as JSON; of texts only those that are no names and no secrets."""
    return json.dumps(_masked(document, _SETTINGS), indent=1, default=lambda _: MASK)


def mask_log(line: str) -> str | None:
    """Return a line of the log, or None where it is none of the gateway's."""
    try:
        document = json.loads(line)
    except ValueError:
        return None
    if not isinstance(document, dict) or not isinstance(document.get("event"), str):
        return None
    event = document["event"]
    kept = {
        key: value
        for key, value in document.items()
        if key in _LOG and (not isinstance(value, str) or _LOG_WORD.fullmatch(value))
    }
    kept["event"] = event if re.fullmatch(r"[a-z_]{1,40}", event) else MASK
    trace = document.get("trace")
    if isinstance(trace, str):
        kept["trace"] = _places(trace)
    return json.dumps(_masked(kept, _LOG | {"event", "trace"}))


def scrub(text: str, known: frozenset[str]) -> str:
    """Take out what looks like a person's, and the words and sentences of `known`."""
    there = set(_WORDS.findall(text))
    for phrase in known:
        first = _WORDS.search(phrase)
        if first is not None and first[0] != phrase and first[0] in there:
            text = text.replace(phrase, MASK)
    words = {word.lower() for word in known}
    text = _SUSPECT.sub(MASK, text)
    return _WORDS.sub(lambda found: MASK if found[0].lower() in words else found[0], text)


def known_from(values: Sequence[object]) -> frozenset[str]:
    """Return what `scrub` looks for, of values from the site's own files."""
    texts = [str(value).strip() for value in values if isinstance(value, str | int)]
    return frozenset(text for text in texts if len(text) >= _KNOWN_SIZE_MIN)


def _masked(value: object, allowed: frozenset[str], key: str = "") -> object:
    """Keep numbers, and texts under the keys that are allowed."""
    match value:
        case Mapping():
            return {
                str(name) if _CODE.fullmatch(str(name)) else MASK: _masked(
                    inner, allowed, key if key in _NAMING else str(name)
                )
                for name, inner in value.items()
            }
        case list():
            return [_masked(inner, allowed, key) for inner in value]
        case str():
            return value if key in allowed else MASK
        case int() | float() if key not in allowed and _SECRET.search(key):
            return MASK
        case _:
            return value


_NAMING: Final = frozenset({"text"})
"""Keys whose table names its values by something else than what they are: languages."""


def _places(trace: str) -> list[str]:
    """Return the files and lines of a trace, and the kind of error, without what it says."""
    lines = trace.strip().splitlines()
    places = [line.strip() for line in lines if line.strip().startswith('File "')]
    return [*places, lines[-1].partition(":")[0]] if lines else places
