"""The people of the demo: who comes to the gate, what they hold up, and what they do then."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatewayd.core.passes import PASS_ID_SIZE, Pass, write_pass
from gatewayd.core.words import Status

ISSUER = "demo"
CATEGORIES = ("staff", "visitor")


def subject(number: int) -> str:
    """Return the id of a person with a pass."""
    return f"P{number:05}"


class Role(StrEnum):
    """What is particular about somebody. Everybody else is staff or a visitor with a good pass."""

    STAFF = "staff"
    VISITOR = "visitor"
    LISTED = "listed visitor"
    EXPIRED = "expired pass"
    FORGED = "forged pass"
    BLOCKED = "blocked card"
    SECOND_ENTRY = "second entry"
    STRANGER = "unknown card, settled by the officer"
    GUEST = "guest without a code, admitted by the officer"
    TURNS_BACK = "does not walk through"
    FORCES = "forces the arm"
    WALKS_OUT = "leaves without a scan"


SPECIAL = (
    Role.STRANGER,  # Those whom the officer lets in come while there is room for them.
    Role.GUEST,
    *(role for role in Role if role not in (Role.STAFF, Role.VISITOR, Role.STRANGER, Role.GUEST)),
)


@dataclass(frozen=True, slots=True)
class Person:
    """`code` is what the reader types; None for somebody who has none."""

    number: int
    role: Role
    code: str | None

    @property
    def shown(self) -> str:
        assert self.code is not None, "whoever shows a code has one"
        return self.code


class Casting:
    """Makes people with their passes and cards; the same seed makes the same crowd."""

    def __init__(self, key: Ed25519PrivateKey, now: datetime, random: Random) -> None:
        self._key = key
        self._forger = Ed25519PrivateKey.from_private_bytes(random.randbytes(32))
        self._now = now.replace(microsecond=0)
        self._random = random

    def crowd(self, size: int, first: int = 0) -> list[Person]:
        """Return so many people in the order they come: each special role once, if there is room.

        Most are staff and visitors; the special ones come spread over the first two thirds.
        first: the number of the first, so that they are others than those before.
        """
        roles = [Role.STAFF if index % 2 else Role.VISITOR for index in range(size)]
        room = max(0, size - 2)
        special = SPECIAL[: min(len(SPECIAL), room)]
        for index, role in enumerate(special):
            roles[2 + index * room * 2 // (3 * len(special))] = role
        numbered = enumerate(roles, start=first)
        return [Person(number, role, self._code(number, role)) for number, role in numbered]

    def roster(self, people: Sequence[Person]) -> str:
        """Return the roster file of those who show a card with a plain id."""
        rows = ["id,category,valid_from,valid_until,blocked,note"]
        for person in people:
            if person.role in (Role.LISTED, Role.BLOCKED):
                blocked = "yes" if person.role is Role.BLOCKED else ""
                rows.append(f"{person.code},visitor,,,{blocked},demo")
        return "\n".join(rows) + "\n"

    def coloured(self, number: int, category: str, status: Status | None, *, days: int = 1) -> str:
        """Return a good pass that says this colour; it ends in so many days (negative: ended)."""
        not_after = self._now + timedelta(days=days)
        return self._pass(number, category, not_after, status=status)

    def _code(self, number: int, role: Role) -> str | None:
        match role:
            case Role.GUEST | Role.FORCES:
                return None
            case Role.LISTED | Role.BLOCKED | Role.STRANGER:
                return f"CARD{number:05}"
            case Role.EXPIRED:
                return self._pass(number, "visitor", self._now - timedelta(days=1))
            case Role.FORGED:
                return self._pass(number, "staff", self._tomorrow, self._forger)
            case Role.STAFF | Role.TURNS_BACK:
                return self._pass(number, "staff", self._tomorrow)
            case Role.VISITOR | Role.SECOND_ENTRY | Role.WALKS_OUT:
                return self._pass(number, "visitor", self._tomorrow)

    @property
    def _tomorrow(self) -> datetime:
        return self._now + timedelta(days=1)

    def _pass(
        self,
        number: int,
        category: str,
        not_after: datetime,
        key: Ed25519PrivateKey | None = None,
        status: Status | None = None,
    ) -> str:
        begins = self._now - timedelta(days=2)
        content = Pass(
            issuer=ISSUER,
            subject=subject(number),
            category=category,
            issued_at=begins,
            not_before=begins,
            not_after=not_after,
            pass_id=self._random.randbytes(PASS_ID_SIZE),
            status=status,
            status_until=None if status is None else not_after,
        )
        return write_pass(content, key or self._key)
