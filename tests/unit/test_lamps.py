"""The lamps of a lane in virtual time: what lasts, what is a notice, and who is shown it."""

import asyncio
from collections.abc import Callable

import pytest

from drivers import base
from gatewayd.core.lane_terms import Indication
from gatewayd.core.words import Direction
from gatewayd.runtime.lamps import NOTICE_S, Lamps
from tests.sim.loop import run
from tests.unit.doubles import SimReader, SimTurnstile

ENTRY, EXIT = Direction.ENTRY, Direction.EXIT
READY, GO, REFUSED = Indication.READY, Indication.GO, Indication.REFUSED


class Post:
    """Lamps at a turnstile that has a reader at its entry only."""

    def __init__(self) -> None:
        self.turnstile, self.reader = SimTurnstile(), SimReader()
        self.lamps = Lamps(self.turnstile, {ENTRY: self.reader})


def shown(play: Callable[[Post], None], after_s: float, direction: Direction = ENTRY) -> list[str]:
    """Return what the turnstile showed on one side until some time after the play."""
    post = Post()

    async def main() -> None:
        play(post)
        await asyncio.sleep(after_s)

    run(main())
    return [str(signal) for signal in post.turnstile.shown(direction)]


@pytest.mark.parametrize("indication", list(Indication))
def test_what_is_no_notice_lasts(indication):
    lasting = shown(lambda post: post.lamps.show(indication, ENTRY, None), 3600)
    assert lasting == [indication]


@pytest.mark.parametrize(
    ("after_s", "signals"),
    [(NOTICE_S - 0.01, ["refused"]), (NOTICE_S + 0.01, ["refused", "ready"])],
)
def test_a_notice_ends_by_itself(after_s, signals):
    assert shown(lambda post: post.lamps.show(REFUSED, ENTRY, READY), after_s) == signals


@pytest.mark.parametrize("then", [None, READY])
def test_what_is_shown_meanwhile_cancels_a_notice(then):
    def play(post: Post) -> None:
        post.lamps.show(REFUSED, ENTRY, Indication.FAULT)
        post.lamps.show(GO, ENTRY, then)

    assert shown(play, 3600) == ["refused", "go", *([] if then is None else ["ready"])]


def test_a_notice_that_is_over_does_not_end_the_next_one():
    def play(post: Post) -> None:
        post.lamps.show(REFUSED, ENTRY, READY)
        asyncio.get_running_loop().call_later(10, post.lamps.show, GO, ENTRY, None)

    assert shown(play, 3600) == ["refused", "ready", "go"]


def test_the_sides_do_not_touch_each_others_notices():
    def play(post: Post) -> None:
        post.lamps.show(REFUSED, ENTRY, READY)
        post.lamps.show(GO, EXIT, None)

    assert shown(play, 3600) == ["refused", "ready"]
    assert shown(play, 3600, EXIT) == ["go"]


def test_a_reader_shows_what_its_side_shows():
    post = Post()

    async def main() -> None:
        post.lamps.show(GO, EXIT, None)
        post.lamps.show(REFUSED, ENTRY, READY)
        await asyncio.sleep(3600)

    run(main())
    assert post.reader.shown == [base.Signal.REFUSED, base.Signal.READY]


def test_lamps_that_are_closed_take_no_notice_back():
    def play(post: Post) -> None:
        post.lamps.show(REFUSED, ENTRY, READY)
        post.lamps.close()

    assert shown(play, 3600) == ["refused"]
