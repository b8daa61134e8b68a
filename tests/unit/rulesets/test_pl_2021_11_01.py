"""The text of 1 November 2021 (v2.1, updated), clause by clause.

What stands before its letters says nothing of colours (records, exceptions, who may enter with
which colour), and b is about when a laboratory's correction reaches the app.
"""

from gatewayd.core.words import Status
from tests.unit.rulesets.people import Told, antigen, doses, mark, pcr

told = Told("pl-2021-11-01")

# A case: the first positive sample is of 1 November, so that day 1 is 1 November.
POSITIVE = pcr("positive", "2021-11-01 10:00")
# A contact: day 1 is 10 November.
CONTACT = mark("contact", "2021-11-10 15:00")


def test_1_green_is_two_doses():
    assert told("2021-11-10 08:00", doses(2)) == "green two-doses"


def test_1_green_is_a_negative_pcr_of_2x24_hours():
    negative = pcr("negative", "2021-11-08 10:00")
    assert told("2021-11-10 09:59:59", negative) == "green pcr"
    assert told("2021-11-10 10:00:01", negative) == "red no-dose"


def test_1_green_is_a_negative_antigen_of_1x24_hours():
    negative = antigen("negative", "2021-11-08 10:00")
    assert told("2021-11-09 09:59:59", negative) == "green antigen"
    assert told("2021-11-09 10:00:01", negative) == "red no-dose"


def test_2_yellow_is_one_dose():
    assert told("2021-11-10 08:00", doses(1)) == "yellow one-dose"


def test_3_red_is_no_dose():
    assert told("2021-11-10 08:00", pcr("negative", "2021-11-01 10:00")) == "red no-dose"
    assert told("2021-11-10 08:00") == "unknown"


def test_4_black_is_positive_or_a_contact_whatever_the_doses():
    assert told("2021-11-10 08:00", doses(2), POSITIVE) == "black positive"
    assert told("2021-11-10 16:00", doses(2), CONTACT) == "black contact"
    assert told("2021-11-10 08:00", doses(2), Status.BLACK) == "black centre"


def test_a_of_one_days_results_the_positive_one_counts():
    same_day = (pcr("positive", "2021-11-12 08:00"), pcr("negative", "2021-11-12 17:00"))
    assert told("2021-11-12 18:00", doses(2), *same_day) == "black positive"


def test_c_ten_days_are_positive_whatever_is_negative():
    negative = pcr("negative", "2021-11-10 10:00")
    assert told("2021-11-10 23:59:59", doses(2), POSITIVE, negative) == "black positive"


def test_d_negative_results_of_the_first_ten_days_never_count():
    day_10 = pcr("negative", "2021-11-10 23:59:59")
    assert told("2021-11-11 12:00", doses(2), POSITIVE, day_10) == "black positive"
    day_11 = pcr("negative", "2021-11-11 00:00:00")
    assert told("2021-11-11 12:00", doses(2), POSITIVE, day_11) == "green two-doses"


def test_e_a_negative_result_on_days_11_to_14_ends_it():
    negative = antigen("negative", "2021-11-11 07:00")
    assert told("2021-11-11 06:59:59", doses(1), POSITIVE, negative) == "black positive"
    assert told("2021-11-11 07:00:00", doses(1), POSITIVE, negative) == "green antigen"


def test_f_and_g_a_positive_result_or_none_on_days_11_to_14_keeps_it():
    before, again = pcr("negative", "2021-11-11 08:00"), pcr("positive", "2021-11-12 08:00")
    assert told("2021-11-14 23:59:59", doses(2), POSITIVE, before, again) == "black positive"
    assert told("2021-11-14 23:59:59", doses(2), POSITIVE) == "black positive"


def test_h_and_i_day_15_ends_it_by_itself_out_of_hospital():
    assert told("2021-11-15 00:00:00", doses(2), POSITIVE) == "green two-doses"
    patient = mark("hospital", "2021-11-03 10:00", "2021-11-20 12:00")
    assert told("2021-11-20 11:59:59", doses(2), POSITIVE, patient) == "black hospital"
    assert told("2021-11-20 12:00:00", doses(2), POSITIVE, patient) == "green two-doses"


def test_j_within_30_days_of_the_first_positive_no_other_one_is_a_new_case():
    within = pcr("positive", "2021-12-01 23:59:59")
    assert told("2021-12-01 23:59:59", doses(2), POSITIVE, within) == "green two-doses"
    after = pcr("positive", "2021-12-02 00:00:00")
    assert told("2021-12-02 00:00:00", doses(2), POSITIVE, after) == "black positive"


def test_k_a_survivor_counts_as_once_vaccinated_for_90_days():
    # Negative on day 15, 15 November, so 90 days later is 13 February.
    assert told("2021-11-15 00:00:00", POSITIVE) == "yellow survivor"
    assert told("2022-02-13 23:59:59", POSITIVE) == "yellow survivor"
    assert told("2022-02-14 00:00:00", POSITIVE) == "red no-dose"


def test_l_and_m_an_approved_case_is_positive_with_or_without_a_laboratory():
    case = mark("case", "2021-11-01 10:00")
    assert told("2021-11-14 23:59:59", doses(2), case) == "black positive"
    assert told("2021-11-15 00:00:00", doses(2), case) == "green two-doses"


ENTRY, EXIT = antigen("negative", "2021-11-10 18:00"), pcr("negative", "2021-11-14 08:00")


def test_n_and_o_a_contact_with_two_negative_tests_goes_back_on_day_6():
    assert told("2021-11-14 23:59:59", doses(2), CONTACT, ENTRY, EXIT) == "black contact"
    assert told("2021-11-15 00:00:00", doses(2), CONTACT, ENTRY, EXIT) == "green two-doses"


def test_o_the_second_test_may_be_late_but_not_early():
    late = pcr("negative", "2021-11-17 08:00")
    assert told("2021-11-17 07:59:59", doses(2), CONTACT, ENTRY, late) == "black contact"
    assert told("2021-11-17 08:00:00", doses(2), CONTACT, ENTRY, late) == "green two-doses"
    early = pcr("negative", "2021-11-13 23:59:59")
    assert told("2021-11-15 00:00:00", doses(2), CONTACT, ENTRY, early) == "black contact"


def test_o_both_tests_must_be_there_of_their_kind_on_their_day_and_negative():
    at = "2021-11-15 00:00:00"
    assert told(at, doses(2), CONTACT, ENTRY) == "black contact"
    assert told(at, doses(2), CONTACT, EXIT) == "black contact"
    late_entry = antigen("negative", "2021-11-11 00:00:00")
    assert told(at, doses(2), CONTACT, late_entry, EXIT) == "black contact"
    other_exit = antigen("negative", "2021-11-14 08:00")
    assert told(at, doses(2), CONTACT, ENTRY, other_exit) == "black contact"
    before = antigen("negative", "2021-11-09 23:59:59")
    assert told(at, doses(2), CONTACT, before, EXIT) == "black contact"
    positive_exit = pcr("positive", "2021-11-14 08:00")
    assert told(at, doses(2), CONTACT, ENTRY, positive_exit) == "black positive"


def test_p_a_contact_without_them_goes_back_on_day_15():
    assert told("2021-11-23 23:59:59", doses(2), CONTACT) == "black contact"
    assert told("2021-11-24 00:00:00", doses(2), CONTACT) == "green two-doses"
