"""The colours of 17 July 2022, list by list, as the ministry gave them to newspapers."""

import pytest

from gatewayd.core.words import Status
from tests.unit.rulesets.people import Told, antigen, born, doses, mark, pcr, wib

told = Told("pl-2022-07-17")

NOW = "2022-08-20 08:00"
ADULT, MINOR = born("1990-01-01"), born("2010-01-01")
# Negative on day 11, 30 June, so 89 days later is 27 September.
POSITIVE = pcr("positive", "2022-06-20 10:00")


# --- hijau ---


def test_green_for_adults_is_a_booster():
    assert told(NOW, ADULT, doses(3)) == "green booster"
    assert told(NOW, ADULT, doses(2)) == "yellow full"


def test_green_is_a_negative_antigen_of_1x24_or_pcr_of_3x24_hours():
    rapid = antigen("negative", "2022-08-19 08:00:00")
    assert told("2022-08-20 07:59:59", ADULT, rapid) == "green antigen"
    assert told("2022-08-20 08:00:01", ADULT, rapid) == "red not-full"
    slow = pcr("negative", "2022-08-17 08:00:00")
    assert told("2022-08-20 07:59:59", ADULT, slow) == "green pcr"
    assert told("2022-08-20 08:00:01", ADULT, slow) == "red not-full"
    assert told.until("2022-08-18 08:00", MINOR, slow) == wib("2022-08-20 08:00")


def test_green_for_adults_is_full_and_recovered_for_less_than_90_days():
    assert told("2022-09-27 23:59:59", ADULT, doses(2), POSITIVE) == "green full-survivor"
    assert told("2022-09-28 00:00:00", ADULT, doses(2), POSITIVE) == "yellow full"


def test_green_for_minors_is_full():
    assert told(NOW, MINOR, doses(2)) == "green minor-full"


def test_green_for_minors_is_one_dose_and_recovered_for_less_than_90_days():
    at = "2022-09-27 23:59:59"
    assert told(at, MINOR, doses(1), POSITIVE) == "green minor-one-dose-survivor"
    assert told("2022-09-28 00:00:00", MINOR, doses(1), POSITIVE) == "yellow minor-one-dose"


# --- kuning ---


def test_yellow_for_adults_is_full():
    assert told(NOW, ADULT, doses(2)) == "yellow full"


def test_yellow_for_adults_is_one_dose_and_recovered_for_less_than_90_days():
    at = "2022-09-27 23:59:59"
    assert told(at, ADULT, doses(1), POSITIVE) == "yellow one-dose-survivor"
    assert told("2022-09-28 00:00:00", ADULT, doses(1), POSITIVE) == "red not-full"


def test_yellow_for_minors_is_one_dose():
    assert told(NOW, MINOR, doses(1)) == "yellow minor-one-dose"


def test_yellow_for_minors_is_recovered_for_less_than_90_days():
    assert told("2022-09-27 23:59:59", MINOR, POSITIVE) == "yellow minor-survivor"
    assert told("2022-09-28 00:00:00", MINOR, POSITIVE) == "red not-full"


# --- merah ---


def test_red_for_adults_is_no_dose_or_one():
    old = pcr("negative", "2022-08-01 08:00")
    assert told(NOW, ADULT, doses(1)) == "red not-full"
    assert told(NOW, ADULT, old) == "red not-full"
    assert told(NOW, ADULT, POSITIVE) == "red not-full"  # Recovered, and never vaccinated.


def test_red_for_minors_is_no_dose():
    assert told(NOW, MINOR, pcr("negative", "2022-08-01 08:00")) == "red not-full"


# --- hitam ---


@pytest.mark.parametrize("who", [ADULT, MINOR])
def test_black_is_positive_for_less_than_10_days(who):
    known = (who, doses(3), pcr("positive", "2022-08-01 10:00"))
    assert told("2022-08-10 23:59:59", *known) == "black positive"
    assert told("2022-08-11 00:00:00", *known) == "green booster"  # H+10


def test_one_negative_pcr_from_h_plus_5_on_ends_it():
    known = (ADULT, doses(3), pcr("positive", "2022-08-01 10:00"))
    early = pcr("negative", "2022-08-05 23:59:59")
    assert told("2022-08-06 12:00", *known, early) == "black positive"
    negative = pcr("negative", "2022-08-06 00:00:00")
    assert told("2022-08-06 00:00:00", *known, negative) == "green pcr"
    rapid = antigen("negative", "2022-08-06 00:00:00")
    assert told("2022-08-06 12:00", *known, rapid) == "black positive"


def test_black_is_a_contact_for_less_than_14_days():
    contact = mark("contact", "2022-08-01 15:00")
    assert told("2022-08-14 23:59:59", ADULT, doses(3), contact) == "black contact"
    assert told("2022-08-15 00:00:00", ADULT, doses(3), contact) == "green booster"


def test_black_is_what_the_centre_says_is():
    assert told(NOW, ADULT, doses(3), Status.BLACK) == "black centre"
    case = mark("case", "2022-08-15 10:00")
    assert told(NOW, ADULT, doses(3), case) == "black positive"


# --- J&J, and ages ---


def test_one_dose_of_a_series_of_one_is_full_and_the_next_a_booster():
    assert told(NOW, ADULT, doses(1, series=1)) == "yellow full"
    assert told(NOW, MINOR, doses(1, series=1)) == "green minor-full"
    assert told(NOW, ADULT, doses(2, series=1)) == "green booster"
    assert told(NOW, ADULT, doses(2, series=None)) == "yellow full"


def test_an_adult_is_one_on_the_18th_birthday_and_a_minor_on_the_6th():
    turning_18, turning_6 = born("2004-08-20"), born("2016-08-20")
    assert told("2022-08-19 23:59:59", turning_18, doses(2)) == "green minor-full"
    assert told("2022-08-20 00:00:00", turning_18, doses(2)) == "yellow full"
    assert told("2022-08-19 23:59:59", turning_6, doses(2)) == "unknown under-6"
    assert told("2022-08-20 00:00:00", turning_6, doses(2)) == "green minor-full"


def test_the_youngest_are_in_no_list_but_the_black_one():
    newborn = born("2022-08-20")
    assert told(NOW, newborn, doses(1)) == "unknown under-6"
    assert told(NOW, newborn, pcr("positive", "2022-08-20 07:00")) == "black positive"


def test_who_has_no_known_age_is_judged_as_an_adult():
    assert told(NOW, doses(2)) == "yellow full"
    assert told(NOW, doses(3)) == "green booster"


def test_nothing_known_is_no_colour():
    assert told(NOW) == "unknown"
    assert told(NOW, ADULT) == "unknown"
