"""The word that tells new orders from old ones while nobody knows the time."""

from gatewayd.core.words import ClockQuality
from gatewayd.runtime.nonces import STEP_S, Nonces
from tests.unit.doubles import SimChance, SimClock


def test_with_the_time_known_no_word_is_needed():
    clock = SimClock()
    assert Nonces(clock, SimChance(1)).present is None


def test_a_word_is_good_while_it_is_told_and_one_step_longer():
    clock = SimClock()
    clock.told = ClockQuality.UNSYNCED
    nonces = Nonces(clock, SimChance(1))
    first = nonces.present
    assert first in nonces.valid
    clock.passed_s += STEP_S
    assert nonces.present != first
    assert first in nonces.valid
    clock.passed_s += STEP_S
    assert first not in nonces.valid


def test_another_run_has_other_words():
    clock = SimClock()
    clock.told = ClockQuality.UNSYNCED
    assert Nonces(clock, SimChance(1)).present != Nonces(clock, SimChance(2)).present
