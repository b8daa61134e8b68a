"""docs/profiles.md is what the program says of its profiles; and every profile keeps the promises."""

from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from config.load import profile_names
from gatewayd.app.policy_files import read_profile
from gatewayd.cli.policy import policy as command
from gatewayd.core.matrix import STATUSES, make_matrix

PAGE = Path(__file__).parents[2] / "docs" / "profiles.md"
AT = datetime.fromisoformat("2022-08-24T10:00:00+07:00")  # A Wednesday.
SCREENING = sorted(set(profile_names()) - {"plain-office"})


def test_the_page_is_what_the_program_prints():
    """R06."""
    run = CliRunner().invoke(command, ["matrix", "--all", "--at", AT.isoformat()])
    assert run.exit_code == 0
    assert PAGE.read_text() == run.stdout


@pytest.fixture(scope="module", params=profile_names())
def made(request):
    return make_matrix(read_profile(request.param), AT)


def test_green_comes_in_and_everybody_comes_out(made):
    """R06, R12, R19: the same matrix for every profile."""
    assert {row.answers[STATUSES.index("green")] for row in made.by_status} == {"admit"}
    [out] = [row.answers[0] for row in made.otherwise if row.name.startswith("out")]
    assert out == "admit"


def test_nobody_comes_in_on_a_code_that_proves_nothing(made):
    answers = {row.name: row.answers[0] for row in made.otherwise}
    assert answers["a code that nobody can read"] == "refuse (prefix)"
    assert answers["a forged pass"] == "refuse (signature)"
    assert answers["a blocked id"] == "refuse (blocked)"
    assert answers["an id that has run out"] == "refuse (expired)"
    assert answers["an id that no roster knows"] in {
        "refuse (unknown_holder)",
        "refer (unknown_holder)",
    }


def test_visitors_wait_when_the_house_is_full_and_staff_do_not(made):
    full = [row.answers[0] for row in made.otherwise if row.name.endswith("house is full")]
    assert full == ["refuse (capacity_full)", "admit"]


def test_only_the_officers_whole_word_lets_a_guest_in(made):
    answers = {row.name: row.answers[0] for row in made.otherwise}
    assert answers["a guest whom the officer answers for"] == "admit (attested)"
    missing = answers["a guest whom the officer does not answer for"]
    assert missing == "refuse (attestation_incomplete)"


def test_only_where_an_officer_stands_by_nobody_comes_in_by_hand_without_one():
    for name in profile_names():
        made = make_matrix(read_profile(name), AT)
        answers = {row.name: row.answers[0] for row in made.otherwise}
        stands_by = name in {"public-service", "regency-office"}
        alone = "refuse (officer_absent)" if stands_by else "admit (attested)"
        assert answers["a guest by hand, with no officer signed on"] == alone


@pytest.mark.parametrize("name", SCREENING)
def test_black_and_unknown_never_walk_in_alone_where_health_is_asked_for(name):
    made = make_matrix(read_profile(name), AT)
    for row in made.by_status:
        if row.name == "patient" and name == "health-centre":
            continue  # The way to a doctor is not a matter of colours.
        by_status = dict(zip(STATUSES, row.answers, strict=True))
        assert by_status["black"] in {"refuse", "refer"}
        assert by_status["unknown"] in {"refuse", "refer"}


def test_the_way_to_a_doctor_is_open():
    """R23."""
    made = make_matrix(read_profile("health-centre"), AT)
    [patient] = [row.answers for row in made.by_status if row.name == "patient"]
    assert "refuse" not in patient
