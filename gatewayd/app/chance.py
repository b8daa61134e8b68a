"""Chance from the operating system: the one place that draws it."""

import secrets

_STEPS = 1 << 53  # The integers a float holds exactly.


class SystemChance:
    """Implements `ports.Chance`."""

    def fraction(self) -> float:
        return secrets.randbelow(_STEPS) / _STEPS

    def token(self, size: int) -> bytes:
        return secrets.token_bytes(size)
