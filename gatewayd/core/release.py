"""The codes of the people who release a trace together: two of them, and what is recorded of it.

Only their hashes are kept. After some wrong ones in a row nobody can try for a while: whoever
guesses has to guess two codes, and is in the records each time.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from gatewayd.core.events import Audit, AuditSubject, format_time, parse_time
from gatewayd.core.spelling import is_category
from gatewayd.core.words import Json

CODE_LENGTH_MIN, CODE_LENGTH_MAX = 12, 128
SALT_SIZE = 16
LABELS_MAX = 8  # Each code given is tried against each: this bounds the time that it takes.
WRONG_MAX = 5
LOCKED_FOR = timedelta(minutes=15)
COST = 2**15
"""N of scrypt with r = 8: 32 MiB and about 0.1 s a try, what an edge box can give."""

NOTED = ("trace_released", "trace_refused", "release_code_added", "release_code_removed")
"""The audit events of a release."""

_BLOCK_SIZE = 8
_MEMORY_MAX = 64 * 1024 * 1024
_DETAIL_MAX = 12  # Members of an audit event's detail.


@dataclass(frozen=True, slots=True)
class Code:
    """The hash of somebody's code. label: who it is, a role rather than a name."""

    label: str
    salt: bytes
    digest: bytes
    cost: int

    def matches(self, words: str) -> bool:
        return hmac.compare_digest(self.digest, _digest(words, self.salt, self.cost))


@dataclass(frozen=True, slots=True)
class Codes:
    """All codes of a site. wrong: releases refused in a row, the last one at `wrong_at`."""

    codes: tuple[Code, ...] = ()
    wrong: int = 0
    wrong_at: datetime | None = None

    def add(self, label: str, words: str, salt: bytes, cost: int = COST) -> "Codes | str":
        """Return them with one more, or why it cannot be one, as a sentence."""
        if not is_category(label):
            return f"{label!r}: expected a role like health_officer: a-z, 0-9, _ and -"
        if not CODE_LENGTH_MIN <= len(words) <= CODE_LENGTH_MAX:
            return f"expected a code of {CODE_LENGTH_MIN} to {CODE_LENGTH_MAX} characters"
        if any(code.label == label for code in self.codes):
            return f"{label} has a code; remove it first"
        if len(self.codes) >= LABELS_MAX:
            return f"there are {LABELS_MAX} codes, and no more can be; remove one first"
        if self.whose(words) is not None:
            return "somebody else has this code; choose another one"
        code = Code(label, salt, _digest(words, salt, cost), cost)
        return replace(self, codes=(*self.codes, code))

    def remove(self, label: str) -> "Codes | None":
        """Return them without one, or None where there is none of that label."""
        left = tuple(code for code in self.codes if code.label != label)
        return None if left == self.codes else replace(self, codes=left)

    def whose(self, words: str) -> str | None:
        for code in self.codes:
            if code.matches(words):
                return code.label
        return None

    def release(self, given: Sequence[str]) -> tuple[str, str] | None:
        """Return the labels of two different people whose codes these are, else None."""
        labels = [self.whose(words) for words in given]
        match labels:
            case [str(one), str(other)] if one != other:
                return one, other
            case _:
                return None

    def locked_until(self, at: datetime) -> datetime | None:
        """Return until when nobody can try, or None."""
        if self.wrong < WRONG_MAX or self.wrong_at is None:
            return None
        until = self.wrong_at + LOCKED_FOR
        # A clock that was set back must not lock everybody out for years.
        return until if self.wrong_at - LOCKED_FOR <= at < until else None

    def failed(self, at: datetime) -> "Codes":
        return replace(self, wrong=self.wrong + 1, wrong_at=at)

    def succeeded(self) -> "Codes":
        return replace(self, wrong=0, wrong_at=None)


def dump_codes(codes: Codes) -> bytes:
    document = {
        "wrong": codes.wrong,
        "wrong_at": None if codes.wrong_at is None else format_time(codes.wrong_at),
        "codes": [
            {
                "label": code.label,
                "salt": code.salt.hex(),
                "digest": code.digest.hex(),
                "cost": code.cost,
            }
            for code in codes.codes
        ],
    }
    return f"{json.dumps(document, indent=1)}\n".encode()


def load_codes(body: bytes) -> Codes | None:
    """Read what `dump_codes` wrote; None where it is something else."""
    try:
        document = json.loads(body)
        wrong_at = document["wrong_at"]
        return Codes(
            tuple(map(_load_code, document["codes"])),
            int(document["wrong"]),
            None if wrong_at is None else parse_time(wrong_at),
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None


def read_note(request: Mapping[str, Any], caller: str) -> Audit | None:
    """Read what is to be recorded of a release; None where it is something else."""
    match request:
        case {"action": str(action), "detail": dict(detail)} if action in NOTED:
            if len(detail) > _DETAIL_MAX:
                return None
            noted: dict[str, Json] = {**detail, "officer": caller}
            return Audit(subject=AuditSubject.OFFICER, action=action, detail=noted)
        case _:
            return None


def _load_code(row: Mapping[str, Any]) -> Code:
    cost = row["cost"]
    if not isinstance(cost, int) or not 2 <= cost <= COST or cost.bit_count() != 1:
        raise ValueError(f"no cost of scrypt: {cost!r}")
    return Code(str(row["label"]), bytes.fromhex(row["salt"]), bytes.fromhex(row["digest"]), cost)


def _digest(words: str, salt: bytes, cost: int) -> bytes:
    return hashlib.scrypt(
        words.encode(), salt=salt, n=cost, r=_BLOCK_SIZE, p=1, maxmem=_MEMORY_MAX, dklen=32
    )
