"""The text of 5 February 2022 (v2.1, updated), clause by clause.

What stands before its letters says nothing of colours: records, exceptions, and who may enter with
which colour.
"""

from gatewayd.core.words import Status
from tests.unit.rulesets.people import Told, antigen, doses, mark, pcr, wib

told = Told("pl-2022-02-05")

# A case: the first positive sample is of 5 February, so that day 1 is 5 February.
POSITIVE = pcr("positive", "2022-02-05 10:00")
# A contact: day 1 is 10 February.
CONTACT = mark("contact", "2022-02-10 15:00")


def test_1_green_is_two_doses():
    assert told("2022-02-10 08:00", doses(2)) == "green two-doses"


def test_1_green_is_a_negative_pcr_of_3x24_hours():
    negative = pcr("negative", "2022-02-07 10:00")
    assert told("2022-02-10 09:59:59", negative) == "green pcr"
    assert told("2022-02-10 10:00:01", negative) == "red no-dose"
    assert told.until("2022-02-07 12:00", negative) == wib("2022-02-10 10:00")


def test_1_green_is_a_negative_antigen_of_1x24_hours():
    negative = antigen("negative", "2022-02-08 10:00")
    assert told("2022-02-09 09:59:59", negative) == "green antigen"
    assert told("2022-02-09 10:00:01", negative) == "red no-dose"


def test_2_yellow_is_one_dose():
    assert told("2022-02-10 08:00", doses(1)) == "yellow one-dose"


def test_3_red_is_no_dose():
    assert told("2022-02-10 08:00", pcr("negative", "2022-02-01 10:00")) == "red no-dose"
    assert told("2022-02-10 08:00") == "unknown"


def test_4_black_is_positive_a_contact_or_in_quarantine_whatever_the_doses():
    assert told("2022-02-10 08:00", doses(2), POSITIVE) == "black positive"
    assert told("2022-02-10 16:00", doses(2), CONTACT) == "black contact"
    assert told("2022-02-10 08:00", doses(2), Status.BLACK) == "black centre"
    arrived = mark("quarantine", "2022-02-06 10:00", "2022-02-10 10:00")
    assert told("2022-02-10 09:59:59", doses(2), arrived) == "black quarantine"
    assert told("2022-02-10 10:00:00", doses(2), arrived) == "green two-doses"


def test_a_of_one_days_results_the_positive_one_counts():
    same_day = (pcr("positive", "2022-02-12 08:00"), pcr("negative", "2022-02-12 17:00"))
    assert told("2022-02-12 18:00", doses(2), *same_day) == "black positive"


def test_b_five_days_are_positive_whatever_is_negative():
    twice = (pcr("negative", "2022-02-06 08:00"), pcr("negative", "2022-02-08 08:00"))
    assert told("2022-02-09 23:59:59", doses(2), POSITIVE, *twice) == "black positive"


def test_c_negative_results_of_the_first_five_days_never_count():
    second = pcr("negative", "2022-02-11 12:00")
    day_5 = pcr("negative", "2022-02-09 23:59:59")
    assert told("2022-02-11 13:00", doses(2), POSITIVE, day_5, second) == "black positive"
    day_6 = pcr("negative", "2022-02-10 00:00:00")
    assert told("2022-02-11 13:00", doses(2), POSITIVE, day_6, second) == "green two-doses"


def test_d_two_negative_pcr_results_24_hours_apart_end_it():
    first = pcr("negative", "2022-02-10 08:00:00")
    too_soon = pcr("negative", "2022-02-11 07:59:59")
    assert told("2022-02-11 09:00", doses(2), POSITIVE, first) == "black positive"
    assert told("2022-02-11 09:00", doses(2), POSITIVE, first, too_soon) == "black positive"
    second = pcr("negative", "2022-02-11 08:00:00")
    assert told("2022-02-11 07:59:59", doses(2), POSITIVE, first, second) == "black positive"
    assert told("2022-02-11 08:00:00", doses(2), POSITIVE, first, second) == "green two-doses"


def test_d_other_tests_do_not_end_it():
    twice = (antigen("negative", "2022-02-10 08:00"), antigen("negative", "2022-02-12 08:00"))
    assert told("2022-02-12 09:00", doses(2), POSITIVE, *twice) == "black positive"


def test_e_and_f_a_positive_result_or_none_on_days_6_to_10_keeps_it():
    first, again = pcr("negative", "2022-02-10 08:00"), pcr("positive", "2022-02-11 08:00")
    second = pcr("negative", "2022-02-12 08:00")
    assert told("2022-02-13 08:00", doses(2), POSITIVE, first, again, second) == "black positive"
    assert told("2022-02-14 23:59:59", doses(2), POSITIVE) == "black positive"


def test_g_day_11_ends_it_by_itself():
    assert told("2022-02-14 23:59:59", doses(2), POSITIVE) == "black positive"
    assert told("2022-02-15 00:00:00", doses(2), POSITIVE) == "green two-doses"
    again = pcr("positive", "2022-02-13 08:00")
    assert told("2022-02-15 00:00:00", doses(2), POSITIVE, again) == "green two-doses"


def test_h_within_30_days_of_the_first_positive_no_other_one_is_a_new_case():
    within = pcr("positive", "2022-03-07 23:59:59")
    assert told("2022-03-07 23:59:59", doses(2), POSITIVE, within) == "green two-doses"
    after = pcr("positive", "2022-03-08 00:00:00")
    assert told("2022-03-08 00:00:00", doses(2), POSITIVE, after) == "black positive"


def test_i_a_survivor_counts_as_once_vaccinated_for_90_days():
    # Negative on day 11, 15 February, so 90 days later is 16 May.
    assert told("2022-02-15 00:00:00", POSITIVE) == "yellow survivor"
    assert told("2022-05-16 23:59:59", POSITIVE) == "yellow survivor"
    assert told("2022-05-17 00:00:00", POSITIVE) == "red no-dose"
    # Negative on day 7, 11 February, so 90 days later is 12 May.
    twice = (pcr("negative", "2022-02-10 08:00"), pcr("negative", "2022-02-11 08:00"))
    assert told("2022-05-12 23:59:59", POSITIVE, *twice) == "yellow survivor"
    assert told("2022-05-13 00:00:00", POSITIVE, *twice) == "red no-dose"


def test_j_and_k_an_approved_case_is_positive_with_or_without_a_laboratory():
    case = mark("case", "2022-02-05 10:00")
    assert told("2022-02-14 23:59:59", doses(2), case) == "black positive"
    assert told("2022-02-15 00:00:00", doses(2), case) == "green two-doses"


def test_l_and_m_a_negative_result_frees_a_contact_at_once():
    for negative in (antigen("negative", "2022-02-11 08:00"), pcr("negative", "2022-02-11 08:00")):
        assert told("2022-02-11 07:59:59", doses(2), CONTACT, negative) == "black contact"
        assert told("2022-02-11 08:00:00", doses(2), CONTACT, negative) == "green two-doses"
    before = pcr("negative", "2022-02-09 23:59:59")
    assert told("2022-02-11 08:00", doses(2), CONTACT, before) == "black contact"


def test_n_a_contact_without_one_goes_back_on_day_11():
    assert told("2022-02-19 23:59:59", doses(2), CONTACT) == "black contact"
    assert told("2022-02-20 00:00:00", doses(2), CONTACT) == "green two-doses"
