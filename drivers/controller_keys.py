"""The settings that every driver of a controller takes that knows grants by itself."""

from typing import Final

from drivers.keys import whole
from firmware_protocol.settings import UNLOCK_MS_MAX

UNLOCK_MS: Final = whole(
    "unlock_ms", "how long the turnstile waits for the person", 100, UNLOCK_MS_MAX, 5000
)
