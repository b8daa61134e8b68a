"""Each fuzz target, on its examples, on what once broke it, and on some inputs drawn by chance.

The fuzzing itself is `python -m tests.fuzz`; see docs/reliability.md.
"""

import pytest
from hypothesis import HealthCheck, given, settings

from tests.fuzz.drive import inputs
from tests.fuzz.targets import TARGETS, regressions

NAMES = list(TARGETS)
REGRESSIONS = regressions()


@pytest.mark.parametrize("name", NAMES)
def test_a_decoder_keeps_its_word_on_what_it_is_made_for(name):
    target = TARGETS[name]
    for data in target.seeds():
        target.run(bytes(data))


@pytest.mark.parametrize("number", range(len(REGRESSIONS)))
def test_what_once_broke_a_decoder_does_so_no_more(number):
    target, data, story = REGRESSIONS[number]
    assert story
    target.run(data)


@pytest.mark.parametrize("name", NAMES)
def test_a_decoder_keeps_its_word_on_inputs_drawn_by_chance(name):
    target = TARGETS[name]

    @settings(
        max_examples=2 if target.is_slow else 8,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(inputs(target))
    def play(data):
        target.run(data)

    play()
