"""The text of 14 September 2021 (v2.1), clause by clause.

What stands before its letters says nothing of colours (records, exceptions, who may enter with
which colour), and b is about when a laboratory's correction reaches the app.
"""

from gatewayd.core.words import Status
from tests.unit.rulesets.people import Told, antigen, doses, mark, pcr, wib

told = Told("pl-2021-09-14")

# A case: the first positive sample is of 1 October, so that day 1 is 1 October.
POSITIVE = pcr("positive", "2021-10-01 10:00")


def test_1_green_is_two_doses():
    assert told("2021-10-10 08:00", doses(2)) == "green two-doses"


def test_1_green_is_a_negative_pcr_of_2x24_hours():
    negative = pcr("negative", "2021-10-08 10:00")
    assert told("2021-10-10 09:59:59", negative) == "green pcr"
    assert told("2021-10-10 10:00:01", negative) == "red no-dose"
    assert told.until("2021-10-08 12:00", negative) == wib("2021-10-10 10:00")


def test_1_green_is_a_negative_antigen_of_1x24_hours():
    negative = antigen("negative", "2021-10-08 10:00")
    assert told("2021-10-09 09:59:59", negative) == "green antigen"
    assert told("2021-10-09 10:00:01", negative) == "red no-dose"


def test_2_yellow_is_one_dose():
    assert told("2021-10-10 08:00", doses(1)) == "yellow one-dose"


def test_3_red_is_no_dose():
    assert told("2021-10-10 08:00", pcr("negative", "2021-10-01 10:00")) == "red no-dose"
    assert told("2021-10-10 08:00") == "unknown"


def test_4_black_is_positive_or_a_contact_whatever_the_doses():
    assert told("2021-10-10 08:00", doses(2), POSITIVE) == "black positive"
    assert (
        told("2021-10-10 08:00", doses(2), mark("contact", "2021-10-09 12:00")) == "black contact"
    )
    assert told("2021-10-10 08:00", doses(2), Status.BLACK) == "black centre"


def test_a_of_one_days_results_the_positive_one_counts():
    same_day = (pcr("positive", "2021-10-12 08:00"), pcr("negative", "2021-10-12 17:00"))
    assert told("2021-10-12 18:00", doses(2), *same_day) == "black positive"


def test_c_ten_days_are_positive_whatever_is_negative():
    negative = pcr("negative", "2021-10-10 10:00")
    assert told("2021-10-10 23:59:59", doses(2), POSITIVE, negative) == "black positive"


def test_d_negative_results_of_the_first_ten_days_never_count():
    day_10 = pcr("negative", "2021-10-10 23:59:59")
    assert told("2021-10-11 12:00", doses(2), POSITIVE, day_10) == "black positive"
    day_11 = pcr("negative", "2021-10-11 00:00:00")
    assert told("2021-10-11 12:00", doses(2), POSITIVE, day_11) == "green two-doses"


def test_e_a_negative_result_on_days_11_to_14_ends_it():
    negative = antigen("negative", "2021-10-11 07:00")
    assert told("2021-10-11 06:59:59", doses(1), POSITIVE, negative) == "black positive"
    assert told("2021-10-11 07:00:00", doses(1), POSITIVE, negative) == "green antigen"


def test_f_a_positive_result_on_days_11_to_14_keeps_it():
    before, again = pcr("negative", "2021-10-11 08:00"), pcr("positive", "2021-10-12 08:00")
    assert told("2021-10-14 23:59:59", doses(2), POSITIVE, before, again) == "black positive"


def test_g_no_test_on_days_11_to_14_keeps_it():
    assert told("2021-10-14 23:59:59", doses(2), POSITIVE) == "black positive"


def test_h_day_15_ends_it_by_itself_out_of_hospital():
    assert told("2021-10-14 23:59:59", doses(2), POSITIVE) == "black positive"
    assert told("2021-10-15 00:00:00", doses(2), POSITIVE) == "green two-doses"
    patient = mark("hospital", "2021-10-03 10:00", "2021-10-20 12:00")
    assert told("2021-10-15 00:00:00", doses(2), POSITIVE, patient) == "black hospital"


def test_i_a_patient_in_hospital_is_black_as_long_as_they_are_there():
    patient = mark("hospital", "2021-10-03 10:00", "2021-10-20 12:00")
    assert told("2021-10-20 11:59:59", doses(2), POSITIVE, patient) == "black hospital"
    assert told("2021-10-20 12:00:00", doses(2), POSITIVE, patient) == "green two-doses"


def test_j_within_30_days_of_the_first_positive_no_other_one_is_a_new_case():
    # 30 days after 1 October is 31 October, day 31; a positive result of the next day begins again.
    within = pcr("positive", "2021-10-31 23:59:59")
    assert told("2021-10-31 23:59:59", doses(2), POSITIVE, within) == "green two-doses"
    after = pcr("positive", "2021-11-01 00:00:00")
    assert told("2021-11-01 00:00:00", doses(2), POSITIVE, after) == "black positive"
    assert told("2021-11-14 23:59:59", doses(2), POSITIVE, after) == "black positive"
    assert told("2021-11-15 00:00:00", doses(2), POSITIVE, after) == "green two-doses"


def test_k_a_survivor_counts_as_once_vaccinated_for_90_days():
    # Negative on day 15, 15 October, so 90 days later is 13 January.
    assert told("2021-10-15 00:00:00", POSITIVE) == "yellow survivor"
    assert told("2022-01-13 23:59:59", POSITIVE) == "yellow survivor"
    assert told("2022-01-14 00:00:00", POSITIVE) == "red no-dose"
    # Negative on day 11, 11 October, so 90 days later is 9 January.
    tests = (POSITIVE, antigen("negative", "2021-10-11 07:00"))
    assert told("2022-01-09 23:59:59", *tests) == "yellow survivor"
    assert told("2022-01-10 00:00:00", *tests) == "red no-dose"


def test_l_and_m_an_approved_case_is_positive_with_or_without_a_laboratory():
    case = mark("case", "2021-10-01 10:00")
    assert told("2021-10-14 23:59:59", doses(2), case) == "black positive"
    assert told("2021-10-15 00:00:00", doses(2), case) == "green two-doses"


def test_n_and_o_a_contact_goes_back_on_day_6():
    contact = mark("contact", "2021-10-05 15:00")
    assert told("2021-10-09 23:59:59", doses(2), contact) == "black contact"
    assert told("2021-10-10 00:00:00", doses(2), contact) == "green two-doses"
