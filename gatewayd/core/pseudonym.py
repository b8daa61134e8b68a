"""Pseudonyms: how records know a person without a name or a number."""

import hmac
import re
from dataclasses import dataclass, field
from enum import StrEnum

from gatewayd.core.words import HolderId

KEY_SIZE = 32

_KEY_ID_SIZE = 4  # Tells the few keys of a site apart; not meant to be unguessable.
_PSEUDONYM_SIZE = 16

PSEUDONYM = re.compile(r"\b[0-9a-f]{8}\.[0-9a-f]{32}\b")


class Namespace(StrEnum):
    """Which ids may stand for the same person."""

    PERSON = "person"
    """Pass subjects and roster ids of one site: the same id is the same person.

    So issuers that one site trusts must not give the same id to two people.
    """
    HEALTH = "health"
    """Name and birth date in a health certificate, whoever issued it."""


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Makes pseudonyms under one secret key of `KEY_SIZE` bytes.

    `{key id}.{HMAC-SHA256(key, namespace NUL issuer NUL subject), 16 bytes}`, in hex. The key id
    is the start of HMAC-SHA256(key, "key id"). Whoever has the key can test guesses (a number of
    16 digits has few), whoever has not can do nothing.
    """

    key: bytes = field(repr=False)
    key_id: str = field(init=False)
    _keyed: hmac.HMAC = field(init=False, repr=False, compare=False)
    """Has the key in it already: a copy for each person costs less than half of a new one."""

    def __post_init__(self) -> None:
        assert len(self.key) == KEY_SIZE, "a privacy key has 32 bytes"
        object.__setattr__(self, "_keyed", hmac.new(self.key, digestmod="sha256"))
        object.__setattr__(self, "key_id", self._digest(b"key id")[:_KEY_ID_SIZE].hex())

    def of(self, namespace: Namespace, subject: str, issuer: str = "") -> HolderId:
        """Name a person; `issuer` is "" where all issuers mean the same person by one id.

        The subject stands last, so it may hold anything; a NUL in the issuer would be ambiguous.
        """
        assert "\0" not in issuer, "issuers come from the trust directory, without NUL"
        digest = self._digest(f"{namespace}\0{issuer}\0{subject}".encode())
        return HolderId(f"{self.key_id}.{digest[:_PSEUDONYM_SIZE].hex()}")

    def _digest(self, message: bytes) -> bytes:
        made = self._keyed.copy()
        made.update(message)
        return made.digest()
