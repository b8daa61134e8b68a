"""The stories of the demo: good data, and accounts that notice when the gate does something else."""

from dataclasses import replace

import pytest
from click.testing import CliRunner

from config.load import load
from config.write import toml_text
from gatewayd.app.demo.accounts import Ledger
from gatewayd.app.demo.acts import Happened, statements_shown
from gatewayd.app.demo.story import Does, Holds, find_story, read_story, story_names
from gatewayd.app.demo.words import summary
from gatewayd.app.policy_files import read_policy
from gatewayd.cli import demo as command
from gatewayd.cli.main import main
from gatewayd.core.reasons import Locale, Reason


@pytest.fixture(params=["palembang", "denpasar", "mojokerto", "kaltim", "pasuruan"])
def story(request):
    return read_story(find_story(request.param))


def as_told(act):
    verdict = "" if act.holds is Holds.NOTHING else act.expect
    return Happened(act, verdict, None if act.officer is None else act.answer)


def test_there_is_a_story_for_each_of_the_five_sites():
    assert story_names() == [
        "city-office-mojokerto",
        "governor-office-kaltim",
        "immigration-palembang",
        "public-service-denpasar",
        "regency-office-pasuruan",
    ]
    assert find_story("immigration-palembang") == find_story("palembang")
    assert find_story("office") is None


def test_the_rules_of_a_story_are_a_policy(story, tmp_path):
    path = tmp_path / "gate.toml"
    site = {"region": "x", "organisation": "y", "id": "z", "timezone": story.site.timezone}
    lane = {"id": "lane-1", "turnstile": {"driver": "mqtt"}, "exit_reader": {"driver": "line"}}
    path.write_text(toml_text({"site": site, "policy": story.site.policy, "lanes": [lane]}))
    _, problems = read_policy(load(path))
    assert problems == []


def test_every_statement_is_shown_and_every_expectation_is_a_code(story):
    numbers = {one.number for one in story.statements}
    shown = {number for act in story.acts for number in act.shows}
    assert shown == numbers
    for act in story.acts:
        if act.does in (Does.ENTERS, Does.LEAVES):
            outcome, reason = act.expect.split(" ")
            assert outcome in {"admitted", "refused", "referred"}
            assert Reason(reason)
        assert act.answer == "admitted" or Reason(act.answer)


def test_people_leave_who_came(story):
    entered = set()
    for act in story.acts:
        if act.does is Does.LEAVES:
            assert act.person in entered
        entered.add(act.person)


def test_every_act_is_told_in_both_languages(story):
    for act in story.acts:
        lines = [as_told(act).told(locale) for locale in Locale]
        assert lines[0].startswith(f"{act.who.id}: ")
        assert lines[1].startswith(f"{act.who.en}: ")
        assert lines[0] != lines[1]


def test_a_story_that_went_as_it_was_written_shows_all_statements(story):
    happened = [as_told(act) for act in story.acts]
    assert all(one.is_right for one in happened)
    statements = tuple(statements_shown(story, happened))
    assert all(one.is_right and one.acts > 0 for one in statements)


def test_one_other_answer_is_named_and_its_statements_did_not_hold(story):
    happened = [as_told(act) for act in story.acts]
    index = next(at for at, act in enumerate(story.acts) if act.expect.startswith("refused"))
    happened[index] = replace(happened[index], verdict="admitted ok")
    act = story.acts[index]
    wrong = [one for one in happened if not one.is_right]
    assert [one.problem() for one in wrong] == [
        f"{act.who.en}: expected {act.expect}; it was admitted ok"
    ]
    failed = {one.number for one in statements_shown(story, happened) if not one.is_right}
    assert failed == set(act.shows)


def test_an_officer_who_is_not_asked_is_named_too():
    story = read_story("immigration-palembang")
    act = next(act for act in story.acts if act.officer and act.holds is Holds.CARD)
    assert not Happened(act, act.expect).is_right
    told = Happened(act, "refused blocked").problem()
    assert told.endswith("expected referred unknown_holder, then admitted; it was refused blocked")


@pytest.mark.parametrize(("is_right", "code"), [(True, 0), (False, 1)])
def test_the_exit_code_says_whether_the_story_went_as_it_should(monkeypatch, is_right, code):
    story = read_story("governor-office-kaltim")
    statements = tuple(
        replace(one, is_right=is_right)
        for one in statements_shown(story, [as_told(act) for act in story.acts])
    )
    problems = () if is_right else ("a guest: something else",)
    figures = dict.fromkeys(
        [
            "scans",
            "admitted",
            "refused",
            "referred",
            "officer_admitted",
            "passages_in",
            "passages_out",
            "breaches",
            "unused_grants",
            "occupancy",
            "events_journaled",
            "events_received",
            "duplicates",
            "events_lost",
            "cache_hits",
        ],
        0,
    )
    ledger = Ledger(figures, problems, statements)

    async def perform(options, watcher):
        assert options.story == story
        return ledger

    monkeypatch.setattr(command, "perform", perform)
    for more in ((), ("--json",)):
        run = CliRunner().invoke(main, ["demo", "--site", "kaltim", *more])
        assert run.exit_code == code
        assert "R31" in run.output
    assert ("NOT AS IT SAYS" in summary(ledger)) is not is_right


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--site", "atlantis"), "governor-office-kaltim"),
        (("--site", "kaltim", "--people", "9"), "leave out --people"),
        (("--site", "kaltim", "--outage"), "leave out --outage"),
    ],
)
def test_what_no_story_can_do_is_misuse(arguments, told):
    run = CliRunner().invoke(main, ["demo", *arguments])
    assert run.exit_code == 2
    assert told in run.output
