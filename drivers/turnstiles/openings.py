"""Whose passage it is: the one grant that a turnstile may have in force (pure)."""

from dataclasses import dataclass, replace
from typing import Final

from drivers import base

# A repeat of a grant comes within seconds.
ANSWERS_KEPT: Final = 64

Answer = base.Opened | base.NotOpened | base.OpenUnknown


@dataclass(frozen=True, slots=True)
class InForce:
    """A grant that was sent to the turnstile.

    close_s: until then the person may begin to walk. reason: why it ends there.
    is_known: the turnstile said that it is open. is_watched: no passage can have been missed.
    """

    order: base.OpenOnce
    close_s: float
    reason: str = "timeout"
    is_known: bool = False
    is_watched: bool = True
    has_begun: bool = False
    is_closed: bool = False


class Openings:
    def __init__(self) -> None:
        self.in_force: InForce | None = None
        self._answers: dict[str, Answer] = {}
        self._tailgate_until_s = 0.0

    def recall(self, grant: str) -> Answer | None:
        """Return what was answered to this grant before."""
        return self._answers.get(grant)

    def begin(self, order: base.OpenOnce, now_s: float, *, is_known: bool) -> None:
        """Put a grant in force: what is seen from now on may be its passage."""
        assert self.in_force is None, "one at a time"
        self.in_force = InForce(order, now_s + order.unlock_ms / 1000, is_known=is_known)

    def answer(self, answer: Answer) -> Answer:
        """Keep the answer to a grant."""
        self._answers[answer.grant] = answer
        if len(self._answers) > ANSWERS_KEPT:
            del self._answers[next(iter(self._answers))]
        return answer

    def cancel(self, grant: str, now_s: float) -> None:
        """Let the time of an entry end now; an exit goes on."""
        held = self.in_force
        if held is None or held.order.grant != grant:
            return
        if held.order.direction is base.Direction.ENTRY:
            self.in_force = replace(held, close_s=now_s, reason="cancelled")

    def closed(self) -> None:
        """Note that the turnstile took the way back; who is in it already may still come."""
        assert self.in_force is not None
        self.in_force = replace(self.in_force, is_closed=True)

    def lose_sight(self) -> None:
        """Note that a passage may have gone unseen."""
        if self.in_force is not None:
            self.in_force = replace(self.in_force, is_watched=False)

    def began(self, direction: base.Direction) -> list[base.GateReport]:
        """Tell, once, that somebody is in the turnstile on the grant."""
        grant = self.in_force
        if grant is None or grant.order.direction is not direction or grant.has_begun:
            return []
        self.in_force = replace(grant, has_begun=True)
        return [base.PassageBegan(grant.order.grant)]

    def passed(
        self, direction: base.Direction, count: int, now_s: float, *, is_free: bool
    ) -> list[base.GateReport]:
        """Say whose passages these are. is_free: everybody may pass."""
        return [self._passed(direction, now_s, is_free=is_free) for _ in range(count)]

    def assume(self) -> list[base.GateReport]:
        """End the grant as a passage that nobody saw; an open that may not have been is none."""
        grant, self.in_force = self.in_force, None
        if grant is None or not grant.is_known:
            return []
        return [base.Passed(grant.order.direction, grant.order.grant, assumed=True)]

    def end(self, reason: str | None = None) -> list[base.GateReport]:
        """End the grant without a passage; nothing is said where one can have been missed."""
        grant, self.in_force = self.in_force, None
        if grant is None or not grant.is_watched:
            return []
        return [base.NotPassed(grant.order.grant, reason=reason or grant.reason)]

    def _passed(
        self, direction: base.Direction, now_s: float, *, is_free: bool
    ) -> base.Passed | base.Breached:
        grant = self.in_force
        is_entry = direction is base.Direction.ENTRY
        if grant is not None and grant.order.direction is direction:
            self.in_force = None
            if is_entry:
                self._tailgate_until_s = grant.close_s
            return base.Passed(direction, grant.order.grant)
        if is_entry and not is_free and now_s < self._tailgate_until_s:
            return base.Breached(base.BreachKind.TAILGATE, direction)
        return base.Passed(direction, None, free=is_free)
