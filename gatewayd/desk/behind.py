"""What stands behind the server of the pages: who answers a request, and who makes a file."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gatewayd.core.roles import Who
from gatewayd.core.words import Json

Answer = dict[str, Json]
Ask = Callable[[Mapping[str, Any], str], Awaitable[Answer]]
"""Carries out a request (`do` and its arguments) of a caller."""


@dataclass(frozen=True, slots=True)
class File:
    """Something to download. Names no person in its name."""

    name: str
    media_type: str
    body: bytes


MakeFile = Callable[[Mapping[str, Any], Who], Awaitable[File | Answer]]
"""Makes a file of the arguments; an answer that is not `ok` says why there is none."""
