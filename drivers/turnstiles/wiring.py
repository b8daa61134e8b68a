"""How a turnstile with dry contacts is wired to the relays and inputs of a board (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from drivers.base import Capabilities, Direction, DriverError
from drivers.turnstiles.contact_inputs import Contacts

PULSE_STEP_MS: Final = 100
"""Boards time their pulses in tenths of a second."""
PAUSE_S: Final = 0.1
"""So long a relay is off between two pulses: a turnstile takes two that touch for one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """relays: by direction, counted from 1; without one for the exit, the exit is free by itself.

    assume_passed: in a direction without an input, each opening counts as a passage.
    Raises DriverError where a passage is neither seen nor to be assumed.
    """

    relays: Mapping[Direction, int]
    pulse_ms: int
    contacts: Contacts = field(default_factory=Contacts)
    assume_passed: bool = False

    def __post_init__(self) -> None:
        if self.assume_passed is (len(self.sees) == len(Direction)):
            raise DriverError(
                "write assume_passed = true where a direction has no passage input (each opening "
                "then counts as one person), and only there"
            )

    @property
    def sees(self) -> frozenset[Direction]:
        """The directions in which passages are seen."""
        return frozenset(self.contacts.passages)

    @property
    def capabilities(self) -> Capabilities:
        """What a board can do that times its pulses itself."""
        return Capabilities(
            own_timing=True,
            feedback=bool(self.sees),
            direction=len(self.sees) == len(Direction),
            log=False,
            fire_input=self.contacts.fire is not None,
        )
