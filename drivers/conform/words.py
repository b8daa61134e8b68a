"""The words of the conformance kit: rules, what somebody has to do for them, and what was found."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Generic, Protocol, TypeVar


class Unmet(Exception):  # noqa: N818 - it is what a rule says, not an error of ours
    """A rule is broken; the message says what was seen."""


class Untested(Exception):  # noqa: N818 - the same
    """A rule could not be tested; the message says why."""


class Action(StrEnum):
    """What only a person at the turnstile, or a simulated one, can do."""

    WALK_IN = "walk_in"
    """Go in, all the way through, on a gate that is open."""
    FORCE_IN = "force_in"
    """Go in although the gate is locked."""
    STEP_IN = "step_in"
    """Begin to go in and stay between the arms."""
    STEP_BACK = "step_back"
    """Come back out from between the arms."""
    WALK_OUT = "walk_out"
    FIRE_ON = "fire_on"
    """Open the fire contact."""
    FIRE_OFF = "fire_off"
    REBOOT = "reboot"
    """Take the controller's power away and give it back."""


class Hands(Protocol):
    """Somebody at the turnstile."""

    def can(self, action: Action) -> bool: ...

    async def act(self, action: Action) -> bool:
        """Have it done, and return then; False if it cannot be."""
        ...


BenchT_contra = TypeVar("BenchT_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Rule(Generic[BenchT_contra]):
    """One thing that a controller must do.

    id: that of the protocol page, with a letter where several tests belong to it. says: a sentence.
    needs: without somebody who does all of it the rule is not tested.
    """

    id: str
    says: str
    check: Callable[[BenchT_contra], Awaitable[None]]
    needs: frozenset[Action] = frozenset()


RuleT = TypeVar("RuleT", bound=Rule[Any])


def picked(rules: Sequence[RuleT], names: Sequence[str]) -> Sequence[RuleT]:
    """Return the rules with these names, all if none are given; `R8` stands for R8a, R8b ..."""
    if not names:
        return rules
    return [rule for rule in rules if rule.id in names or rule.id.rstrip(_LETTERS) in names]


_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"


class Verdict(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    UNTESTED = "untested"


@dataclass(frozen=True, slots=True)
class Finding:
    """seen: what broke the rule, or why it was not tested; "" if it was kept."""

    rule: str
    says: str
    verdict: Verdict
    seen: str
    took_s: float


class Nobody:
    """Hands for a controller that is tested alone."""

    def can(self, action: Action) -> bool:  # noqa: ARG002 - the shape of Hands
        return False

    async def act(self, action: Action) -> bool:  # noqa: ARG002 - the shape of Hands
        return False
