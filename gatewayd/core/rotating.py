"""Codes that change every 30 seconds, held up as `OGT1:{id}:{code}`: whether one counts now.

The id is a plain one, or the whole text of a signed pass. The secret is the `otp_key` in the
person's row of a roster; who has one enters with such a code only, and with each code once.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from gatewayd.core.reasons import Reason
from gatewayd.core.totp import WINDOW_STEPS, OtpKey, find_step, step_at

PREFIX = "OGT1:"
WRONG_MAX = 5
"""So many wrong codes, and the next ones are not even looked at: of a million codes three count at
any time, and a machine that tries them must not get far (RFC 4226, section 7.3)."""

_FORM = re.compile(r"(.+):([0-9]{6,8})")


@dataclass(frozen=True, slots=True)
class CodeUse:
    """What the gate knows of a holder's codes.

    used_step: of the newest one that was used. wrong_count: how many wrong ones were held up
    lately. is_clock_known: without it nobody can say which code is of now.
    """

    used_step: int | None = None
    wrong_count: int = 0
    is_clock_known: bool = True


@dataclass(frozen=True, slots=True)
class CodeFound:
    """What a code came to: why it does not count, or the step that it uses up."""

    reason: Reason | None = None
    step: int | None = None


def write_text(shown: str, code: str) -> str:
    """Return what the QR code on the phone holds; `shown`: an id or a pass."""
    return f"{PREFIX}{shown}:{code}"


def take_apart(text: str) -> tuple[str, str] | None:
    """Return the id or pass, and the code; None where it is something else."""
    found = _FORM.fullmatch(text.removeprefix(PREFIX))
    return None if found is None else (found[1], found[2])


def judge(key: OtpKey, code: str | None, use: CodeUse, at: datetime) -> CodeFound:
    """Judge what was held up by somebody who has a key; None is that there was no code."""
    if code is None:
        return CodeFound(Reason.CODE_MISSING)
    if not use.is_clock_known:
        return CodeFound(Reason.CLOCK_UNSYNCED)
    step = find_step(key, code, at) if use.wrong_count < WRONG_MAX else None
    if step is None:
        return CodeFound(Reason.CODE_WRONG)
    newest = step_at(at) + WINDOW_STEPS
    if use.used_step is not None and step <= use.used_step <= newest:
        return CodeFound(Reason.REPLAYED)  # One from a clock that ran ahead locks nobody out.
    return CodeFound(step=step)
