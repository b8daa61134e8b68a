"""The text of 7 September 2021 (v2.1), clause by clause.

Clauses a to e and g, h say nothing of colours: how long records are kept, what an officer may
accept for somebody who cannot be vaccinated, who may enter with which colour, and when a
laboratory's correction reaches the app.
"""

from gatewayd.core.evidence import Recovery
from gatewayd.core.words import Status
from tests.unit.rulesets.people import Told, antigen, born, doses, mark, pcr, wib

told = Told("pl-2021-09-07")

# A case: the first positive sample is of 1 September, so that day 1 is 1 September.
POSITIVE = pcr("positive", "2021-09-01 10:00")


def test_1_green_is_two_doses():
    assert told("2021-09-10 08:00", doses(2)) == "green two-doses"
    assert told("2021-09-10 08:00", doses(3)) == "green two-doses"


def test_1_green_is_a_negative_pcr_of_2x24_hours():
    negative = pcr("negative", "2021-09-08 10:00")
    assert told("2021-09-08 10:00:00", negative) == "green pcr"
    assert told("2021-09-10 09:59:59", negative) == "green pcr"
    assert told("2021-09-10 10:00:00", negative) == "red no-dose"
    assert told("2021-09-10 10:00:01", negative) == "red no-dose"
    assert told.until("2021-09-08 12:00", negative) == wib("2021-09-10 10:00")


def test_1_green_is_a_negative_antigen_of_1x24_hours():
    negative = antigen("negative", "2021-09-08 10:00")
    assert told("2021-09-09 09:59:59", negative) == "green antigen"
    assert told("2021-09-09 10:00:01", negative) == "red no-dose"
    assert told.until("2021-09-08 12:00", negative) == wib("2021-09-09 10:00")


def test_2_yellow_is_one_dose():
    assert told("2021-09-10 08:00", doses(1)) == "yellow one-dose"


def test_3_red_is_no_dose():
    assert told("2021-09-10 08:00", pcr("negative", "2021-09-01 10:00")) == "red no-dose"


def test_nothing_known_is_no_colour():
    assert told("2021-09-10 08:00") == "unknown"
    assert told("2021-09-10 08:00", born("1990-01-01")) == "unknown"


def test_4_black_is_positive_or_a_contact_whatever_the_doses():
    assert told("2021-09-10 08:00", doses(2), POSITIVE) == "black positive"
    assert (
        told("2021-09-10 08:00", doses(2), mark("contact", "2021-09-09 12:00")) == "black contact"
    )
    assert told("2021-09-10 08:00", doses(2), Status.BLACK) == "black centre"


def test_f_of_one_days_results_the_positive_one_counts():
    same_day = (pcr("positive", "2021-09-12 08:00"), pcr("negative", "2021-09-12 17:00"))
    assert told("2021-09-12 18:00", doses(2), *same_day) == "black positive"
    later = pcr("negative", "2021-09-12 08:00")
    again = pcr("positive", "2021-09-12 17:00")
    assert told("2021-09-13 08:00", doses(2), POSITIVE, later, again) == "black positive"


def test_i_ten_days_are_positive_whatever_is_negative():
    negative = pcr("negative", "2021-09-10 10:00")
    assert told("2021-09-10 23:59:59", doses(2), POSITIVE, negative) == "black positive"


def test_j_negative_results_of_the_first_ten_days_never_count():
    day_10 = pcr("negative", "2021-09-10 23:59:59")
    assert told("2021-09-11 12:00", doses(2), POSITIVE, day_10) == "black positive"
    day_11 = pcr("negative", "2021-09-11 00:00:00")
    assert told("2021-09-11 12:00", doses(2), POSITIVE, day_11) == "green two-doses"


def test_k_a_negative_result_on_days_11_to_14_ends_it():
    assert told("2021-09-11 08:00", doses(1), POSITIVE) == "black positive"
    negative = antigen("negative", "2021-09-11 07:00")
    assert told("2021-09-11 06:59:59", doses(1), POSITIVE, negative) == "black positive"
    assert told("2021-09-11 07:00:00", doses(1), POSITIVE, negative) == "green antigen"
    assert told("2021-09-12 07:00:01", doses(1), POSITIVE, negative) == "yellow one-dose"


def test_l_a_positive_result_on_days_11_to_14_keeps_it():
    again = pcr("positive", "2021-09-12 08:00")
    assert told("2021-09-14 23:59:59", doses(2), POSITIVE, again) == "black positive"
    before = pcr("negative", "2021-09-11 08:00")
    assert told("2021-09-12 12:00", doses(2), POSITIVE, before, again) == "black positive"


def test_m_no_test_on_days_11_to_14_keeps_it():
    assert told("2021-09-14 23:59:59", doses(2), POSITIVE) == "black positive"


def test_n_day_15_ends_it_by_itself():
    assert told("2021-09-14 23:59:59", doses(2), POSITIVE) == "black positive"
    assert told("2021-09-15 00:00:00", doses(2), POSITIVE) == "green two-doses"
    assert told("2021-09-15 00:00:01", doses(1), POSITIVE) == "yellow one-dose"


def test_o_a_survivor_counts_as_once_vaccinated_for_30_days():
    # Negative on day 15, so 30 days later is 15 October.
    assert told("2021-09-15 00:00:00", POSITIVE) == "yellow survivor"
    assert told("2021-10-15 23:59:59", POSITIVE) == "yellow survivor"
    assert told("2021-10-16 00:00:00", POSITIVE) == "red no-dose"
    # Negative on day 11, so 30 days later is 11 October; later negatives do not begin it again.
    tests = (POSITIVE, antigen("negative", "2021-09-11 07:00"), pcr("negative", "2021-10-01 07:00"))
    assert told("2021-10-11 23:59:59", *tests) == "yellow survivor"
    assert told("2021-10-12 00:00:00", *tests) == "red no-dose"


def test_o_a_certificate_of_recovery_is_of_a_case():
    recovered = Recovery(born("2021-09-01"), born("2021-09-12"), born("2022-02-28"))
    assert told("2021-09-14 23:59:59", recovered) == "black positive"
    assert told("2021-09-15 00:00:00", recovered) == "yellow survivor"


def test_p_a_case_without_a_laboratory_is_positive():
    case = mark("case", "2021-09-01 10:00")
    assert told("2021-09-14 23:59:59", doses(2), case) == "black positive"
    assert told("2021-09-15 00:00:00", doses(2), case) == "green two-doses"


def test_q_a_patient_in_hospital_is_positive():
    patient = mark("hospital", "2021-09-01 10:00")
    assert told("2021-09-14 23:59:59", doses(2), patient) == "black positive"
    assert told("2021-09-15 00:00:00", doses(2), patient) == "green two-doses"


def test_r_and_s_a_contact_goes_back_on_day_6():
    contact = mark("contact", "2021-09-05 15:00")
    assert told("2021-09-09 23:59:59", doses(2), contact) == "black contact"
    assert told("2021-09-10 00:00:00", doses(2), contact) == "green two-doses"
    assert told("2021-09-10 00:00:01", contact) == "red no-dose"


def test_a_contact_has_no_use_for_a_negative_result():
    contact = mark("contact", "2021-09-05 15:00")
    negative = pcr("negative", "2021-09-08 10:00")
    assert told("2021-09-08 12:00", doses(2), contact, negative) == "black contact"
