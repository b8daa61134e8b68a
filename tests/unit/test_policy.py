"""The policy: every key, its default, and all mistakes of a document at once."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.evidence import Method
from gatewayd.core.hours import Hours, Span
from gatewayd.core.policy import (
    CATEGORIES,
    PEOPLE_MAX,
    AgeBand,
    Answer,
    AntiPassback,
    Capacity,
    Enforcement,
    OfficerRules,
    Policy,
    RegionTest,
)
from gatewayd.core.policy_format import parse_policy
from gatewayd.core.tables import Mistake
from gatewayd.core.words import Status
from tests.unit.rulesets.people import load

JAKARTA = ZoneInfo("Asia/Jakarta")


def parse(document: dict[str, object], *, exits_have_readers: bool = True) -> Policy:
    policy, mistakes = parse_policy(document, JAKARTA, exits_have_readers=exits_have_readers)
    assert mistakes == ()
    return policy


def mistakes_of(
    document: dict[str, object], *, exits_have_readers: bool = True
) -> dict[tuple[str, ...], str]:
    _, mistakes = parse_policy(document, JAKARTA, exits_have_readers=exits_have_readers)
    return {mistake.path: mistake.expected for mistake in mistakes}


def test_no_policy_is_a_plain_office():
    assert parse({}, exits_have_readers=False) == Policy(zone=JAKARTA)


@pytest.mark.parametrize(
    ("key", "value", "field", "expected"),
    [
        ("version", "2021-3", "versions", ("2021-3",)),
        ("legal_basis", "Inmendagri 57/2021", "legal_basis", "Inmendagri 57/2021"),
        ("valid_from", "2021-11-29", "valid_from", datetime(2021, 11, 28, 17, tzinfo=UTC)),
        ("valid_until", "2021-11-29", "valid_until", datetime(2021, 11, 29, 17, tzinfo=UTC)),
        ("valid_until", date(2021, 11, 29), "valid_until", datetime(2021, 11, 29, 17, tzinfo=UTC)),
        ("mode", "observe", "mode", Enforcement.OBSERVE),
        ("categories", [*CATEGORIES, "vip"], "categories", (*CATEGORIES, "vip")),
        ("staff_categories", ["contractor"], "staff_categories", ("contractor",)),
        ("unknown_holder", "refer", "unknown_holder", Answer.REFER),
        ("officer_required", True, "officer", OfficerRules(is_required=True)),
        ("unattended_minutes", 3, "officer", OfficerRules(unattended_minutes=3)),
        ("officer_shift_hours", 8, "officer", OfficerRules(shift_hours=8)),
        ("officer_pass", True, "officer", OfficerRules(pass_signs_on=True)),
        ("referral_minutes", 9, "officer", OfficerRules(referral_minutes=9)),
        ("override_alarm_percent", 40, "officer", OfficerRules(override_alarm_percent=40)),
        ("anti_passback", "soft", "anti_passback", AntiPassback.SOFT),
        ("anonymous_exit_category", "patient", "anonymous_exit_category", "patient"),
        ("health_certificate_category", "patient", "health_certificate_category", "patient"),
        (
            "opening_hours",
            "mon-fri 07:30-16:00",
            "opening_hours",
            Hours((Span(frozenset(range(5)), 450, 960),)),
        ),
        (
            "opening_hours",
            ["mon 08:00-09:00", "tue 08:00-09:00"],
            "opening_hours",
            Hours((Span(frozenset({0}), 480, 540), Span(frozenset({1}), 480, 540))),
        ),
        (
            "hours",
            {"visitor": "daily 08:00-12:00"},
            "hours",
            {"visitor": Hours((Span(frozenset(range(8)), 480, 720),))},
        ),
        ("capacity", {"total": 40}, "capacity", Capacity(total=40)),
        (
            "capacity",
            {"total": 40, "alarm_percents": [80, 100]},
            "capacity",
            Capacity(total=40, alarm_percents=(80, 100)),
        ),
        (
            "capacity",
            {"total": 40, "staff_reserve": 40, "staff_over_limit": "refuse"},
            "capacity",
            Capacity(total=40, staff_reserve=40, staff_over_limit=Answer.REFUSE),
        ),
        (
            "capacity",
            {"by_category": {"visitor": 0, "patient": PEOPLE_MAX}},
            "capacity",
            Capacity(by_category={"visitor": 0, "patient": PEOPLE_MAX}),
        ),
        (
            "statuses",
            {"red": "refuse", "unknown": "refer", "yellow": "admit"},
            "statuses",
            {Status.RED: Answer.REFUSE, Status.UNKNOWN: Answer.REFER, Status.YELLOW: Answer.ADMIT},
        ),
        (
            "statuses",
            {"red": "refuse", "staff": {"red": "admit"}},
            "category_statuses",
            {"staff": {Status.RED: Answer.ADMIT}},
        ),
        ("ages", [], "ages", ()),
        (
            "ages",
            [{"under": 12, "answer": "refuse"}, {"from": 70, "answer": "refer"}],
            "ages",
            (AgeBand(0, 12, Answer.REFUSE), AgeBand(70, None, Answer.REFER)),
        ),
        (
            "region_test",
            {"regions": ["kaltim"], "hours_max": {"molecular": 72, "antigen": 24}},
            "region_test",
            RegionTest(("kaltim",), {Method.MOLECULAR: 72, Method.ANTIGEN: 24}),
        ),
        (
            "region_test",
            {
                "regions": ["kaltim"],
                "hours_max": {"other": 1},
                "without": "refuse",
                "unknown_origin": "admit",
            },
            "region_test",
            RegionTest(("kaltim",), {Method.OTHER: 1}, Answer.REFUSE, Answer.ADMIT),
        ),
        ("when_expired", "refuse", "when_expired", Answer.REFUSE),
        ("enforce_from", "2021-11-29", "enforce_from", datetime(2021, 11, 28, 17, tzinfo=UTC)),
        ("purposes", ["paspor"], "purposes", ("paspor",)),
        ("holidays", ["2021-12-25"], "holidays", frozenset({date(2021, 12, 25)})),
        ("holidays", [date(2021, 12, 25)], "holidays", frozenset({date(2021, 12, 25)})),
        ("attestation", {"required": []}, "attestation_required", ()),
        ("attestation", {"required": ["healthy"]}, "attestation_required", ("healthy",)),
    ],
)
def test_each_key_is_read(key, value, field, expected):
    assert getattr(parse({key: value}), field) == expected


@pytest.mark.parametrize(
    ("exits_have_readers", "expected"), [(True, AntiPassback.HARD), (False, AntiPassback.OFF)]
)
def test_anti_passback_is_hard_where_every_exit_has_a_reader(exits_have_readers, expected):
    assert parse({}, exits_have_readers=exits_have_readers).anti_passback is expected


def test_hard_anti_passback_without_exit_readers_is_a_mistake():
    document = {"anti_passback": "hard"}
    assert list(mistakes_of(document, exits_have_readers=False)) == [("anti_passback",)]
    assert mistakes_of(document) == {}
    for softer in ("soft", "off"):
        assert mistakes_of({"anti_passback": softer}, exits_have_readers=False) == {}


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"version": 3}, ("version",)),
        ({"legal_basis": ""}, ("legal_basis",)),
        ({"valid_from": "soon"}, ("valid_from",)),
        ({"valid_until": "9999-12-31"}, ("valid_until",)),
        ({"mode": "off"}, ("mode",)),
        ({"categories": []}, ("categories",)),
        ({"staff_categories": "staff"}, ("staff_categories",)),
        ({"unknown_holder": "yes"}, ("unknown_holder",)),
        ({"anti_passback": True}, ("anti_passback",)),
        ({"anonymous_exit_category": 1}, ("anonymous_exit_category",)),
        ({"opening_hours": "always"}, ("opening_hours",)),
        ({"opening_hours": 5}, ("opening_hours",)),
        ({"opening_hours": ["mon 08:00-09:00", 5]}, ("opening_hours",)),
        ({"hours": "mon 08:00-09:00"}, ("hours",)),
        ({"hours": {"visitor": "always"}}, ("hours", "visitor")),
        ({"capacity": 40}, ("capacity",)),
        ({"capacity": {"total": -1}}, ("capacity", "total")),
        ({"capacity": {"total": True}}, ("capacity", "total")),
        ({"capacity": {"total": 4.0}}, ("capacity", "total")),
        ({"capacity": {"total": PEOPLE_MAX + 1}}, ("capacity", "total")),
        ({"capacity": {"by_category": {"visitor": "ten"}}}, ("capacity", "by_category", "visitor")),
        ({"capacity": {"staff_over_limit": "maybe"}}, ("capacity", "staff_over_limit")),
        ({"statuses": {"red": "no"}}, ("statuses", "red")),
        ({"statuses": {"purple": "refuse"}}, ("statuses", "purple")),
        ({"attestation": {"required": ["fever"]}}, ("attestation", "required")),
        ({"attestation": {"required": "healthy"}}, ("attestation", "required")),
        ({"attestations": {}}, ("attestations",)),
        ({"statuses": {"staff": {"red": "no"}}}, ("statuses", "staff", "red")),
        ({"statuses": {"staff": {"green": "refuse"}}}, ("statuses", "staff", "green")),
        ({"statuses": {"staff": "admit"}}, ("statuses", "staff")),
        ({"ages": "old"}, ("ages",)),
        ({"ages": [5]}, ("ages",)),
        ({"ages": [{"from": 70}]}, ("ages", "0", "answer")),
        ({"ages": [{"from": 12, "under": 12, "answer": "refer"}]}, ("ages", "0", "under")),
        ({"ages": [{"from": -1, "answer": "refer"}]}, ("ages", "0", "from")),
        ({"ages": [{"above": 70, "answer": "refer"}]}, ("ages", "0", "above")),
        ({"region_test": {"hours_max": {"antigen": 24}}}, ("region_test", "regions")),
        ({"region_test": {"regions": ["a"]}}, ("region_test", "hours_max")),
        (
            {"region_test": {"regions": ["a"], "hours_max": {"antigen": 24, "nose": 1}}},
            ("region_test", "hours_max", "nose"),
        ),
        ({"when_expired": "open"}, ("when_expired",)),
        ({"enforce_from": "soon"}, ("enforce_from",)),
        ({"enforce_from": "2021-11-29", "mode": "observe"}, ("enforce_from",)),
        ({"holidays": "2021-12-25"}, ("holidays",)),
        ({"holidays": ["christmas"]}, ("holidays",)),
        ({"holidays": [datetime(2021, 12, 25, tzinfo=UTC)]}, ("holidays",)),
        ({"rule_sets": ["pl-2020"]}, ("rule_sets",)),
        (
            {"conditions": {"yellow": "mask on", "purple": "x"}, "statuses": {"yellow": "admit"}},
            ("conditions", "purple"),
        ),
        ({"conditions": {"yellow": "mask on"}}, ("conditions",)),
        ({"anti_passback": "timed"}, ("anti_passback_minutes",)),
        ({"anti_passback_minutes": 5}, ("anti_passback_minutes",)),
        ({"capacity": {"total": "50%"}}, ("capacity", "total")),
        ({"capacity": {"alarm_percents": 80}}, ("capacity", "alarm_percents")),
        ({"capacity": {"alarm_percents": []}}, ("capacity", "alarm_percents")),
        ({"capacity": {"alarm_percents": [80, 101]}}, ("capacity", "alarm_percents")),
        ({"capacity": {"rated": "many"}}, ("capacity", "rated")),
        ({"capacity": {"levels": {"3": {"total": -1}}}}, ("capacity", "levels", "3", "total")),
        ({"capacity": {"level": "4", "levels": {"3": {"total": 5}}}}, ("capacity", "level")),
        ({"capacity": {"level": 3}}, ("capacity", "level")),
        ({"capacity": {"totl": 5}}, ("capacity", "totl")),
        ({"attestation": {"wanted": []}}, ("attestation", "wanted")),
    ],
)
def test_a_single_mistake_is_named_by_its_path(document, path):
    assert list(mistakes_of(document)) == [path]


@pytest.mark.parametrize(
    ("document", "path", "found"),
    [
        ({"hours": {"vip": "mon 08:00-09:00"}}, ("hours",), "vip"),
        ({"capacity": {"by_category": {"vip": 1}}}, ("capacity", "by_category"), "vip"),
        ({"staff_categories": ["vip"]}, ("staff_categories",), "vip"),
        ({"anonymous_exit_category": "vip"}, ("anonymous_exit_category",), "vip"),
        ({"health_certificate_category": "vip"}, ("health_certificate_category",), "vip"),
    ],
)
def test_a_category_that_the_policy_does_not_know_is_a_mistake(document, path, found):
    _, mistakes = parse_policy(document, JAKARTA, exits_have_readers=True)
    expected = f"a category of {', '.join(CATEGORIES)}"
    assert mistakes == (Mistake(path, expected, found),)


@pytest.mark.parametrize(
    ("capacity", "expected"),
    [
        ({"total": 4, "staff_reserve": 5}, "at most the total of 4"),
        ({"staff_reserve": 5}, "a `total` beside it, of which the reserve is a part"),
    ],
)
def test_the_reserve_is_a_part_of_the_total(capacity, expected):
    assert mistakes_of({"capacity": capacity}) == {("capacity", "staff_reserve"): expected}


HALVED = {
    "rated": 401,
    "total": "100%",
    "staff_reserve": 10,
    "levels": {
        "3": {"total": "50%", "by_category": {"visitor": "25 %"}},
        "4": {"total": 0, "staff_reserve": 0},
    },
}


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (None, Capacity(total=401, staff_reserve=10)),
        ("3", Capacity(total=200, staff_reserve=10, by_category={"visitor": 100})),
        ("4", Capacity(total=0)),
    ],
)
def test_a_level_sets_the_limits_as_parts_of_what_the_building_is_rated_for(level, expected):
    """R16: percent by level."""
    document = {"capacity": {**HALVED, **({"level": level} if level else {})}}
    assert parse(document).capacity == expected


def test_every_status_that_rules_can_give_has_an_answer():
    known = {"pl-2022-07-17": load("pl-2022-07-17")}
    document = {"rule_sets": ["pl-2022-07-17"], "statuses": {"red": "refuse", "yellow": "refer"}}
    _, mistakes = parse_policy(document, JAKARTA, exits_have_readers=True, rule_sets=known)
    assert [mistake.expected for mistake in mistakes] == [
        "an answer to black, which rule_sets can give",
        "an answer to unknown, which rule_sets can give",
    ]
    document["statuses"] |= {"black": "refuse", "unknown": "refer"}
    policy, mistakes = parse_policy(document, JAKARTA, exits_have_readers=True, rule_sets=known)
    assert (mistakes, policy.rule_sets) == ((), tuple(known.values()))


def test_without_screening_it_is_an_everyday_entrance():
    document = {
        "statuses": {"red": "refuse", "yellow": "admit", "staff": {"red": "admit"}},
        "conditions": {"yellow": "Masker wajib."},
        "ages": [{"under": 12, "answer": "refuse"}],
        "region_test": {"regions": ["kaltim"], "hours_max": {"antigen": 24}},
        "attestation": {"required": ["healthy", "reason", "purpose", "certificate"]},
        "capacity": {"total": 5},
    }
    assert parse({**document, "health_screening": True}) == parse(document)
    everyday = parse({**document, "health_screening": False})
    assert everyday == Policy(
        zone=JAKARTA,
        anti_passback=AntiPassback.HARD,
        capacity=Capacity(total=5),
        attestation_required=("reason", "purpose"),
    )
    assert list(mistakes_of({"health_screening": "no"})) == [("health_screening",)]


def test_a_condition_is_told_to_those_whom_a_status_admits():
    """R42: the strict protocol, in words."""
    conditions = {"yellow": "Masker wajib."}
    for statuses in ({"yellow": "admit"}, {"yellow": "refuse", "staff": {"yellow": "admit"}}):
        policy = parse({"conditions": conditions, "statuses": statuses})
        assert policy.conditions == {Status.YELLOW: "Masker wajib."}


@pytest.mark.parametrize("answer", ["refuse", "refer"])
def test_green_is_what_lets_people_in(answer):
    expected = '"admit", or nothing: green is what lets people in'
    assert mistakes_of({"statuses": {"green": answer}}) == {("statuses", "green"): expected}
    assert mistakes_of({"statuses": {"green": "admit"}}) == {}


@pytest.mark.parametrize("until", ["2021-11-28", "2021-11-29T00:00:00"])
def test_a_policy_ends_after_it_begins(until):
    document = {"valid_from": "2021-11-29", "valid_until": until}
    assert list(mistakes_of(document)) == [("valid_until",)]
    assert mistakes_of({**document, "valid_until": "2021-11-29"}) == {}


def test_all_mistakes_are_told_at_once():
    document = {
        "mode": "off",
        "unknown_holder": "yes",
        "capacity": {"total": -1, "extra": 1},
        "statuses": {"red": "no"},
        "hours": {"vip": "mon 08:00-09:00"},
        "colour": "green",
    }
    assert set(mistakes_of(document)) == {
        ("mode",),
        ("unknown_holder",),
        ("capacity", "total"),
        ("capacity", "extra"),
        ("statuses", "red"),
        ("hours",),
        ("colour",),
    }


def test_a_policy_is_in_force_from_its_first_to_before_its_last_moment():
    begin, end = datetime(2021, 11, 29, tzinfo=UTC), datetime(2021, 12, 1, tzinfo=UTC)
    policy = Policy(zone=UTC, valid_from=begin, valid_until=end)
    second = timedelta(seconds=1)
    held = [policy.is_in_force(at) for at in (begin - second, begin, end - second, end)]
    assert held == [False, True, True, False]
    assert Policy(zone=UTC).is_in_force(begin)


# --- anything at all ---

keys = st.sampled_from(
    [
        "version",
        "valid_from",
        "mode",
        "categories",
        "hours",
        "capacity",
        "statuses",
        "ages",
        "region_test",
        "holidays",
        "conditions",
    ]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["total", "staff_reserve", "by_category", "red", "visitor", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


@settings(max_examples=100)
@given(st.dictionaries(keys, values, max_size=5))
def test_no_document_raises(document):
    policy, mistakes = parse_policy(document, JAKARTA, exits_have_readers=False)
    assert isinstance(policy, Policy)
    for mistake in mistakes:
        assert mistake.expected


# --- asking the centre ---


def test_a_site_that_asks_says_how_long_it_waits_and_what_then():
    document = {"unknown_holder": "ask"}
    policy, mistakes = parse_policy(document, UTC, exits_have_readers=True, can_ask_centre=True)
    assert mistakes == ()
    assert (policy.unknown_holder, policy.asks_centre_ms) == (Answer.REFUSE, 1500)
    document["ask"] = {"timeout_ms": 5000, "unanswered": "refer"}
    policy, mistakes = parse_policy(document, UTC, exits_have_readers=True, can_ask_centre=True)
    assert mistakes == ()
    assert (policy.unknown_holder, policy.asks_centre_ms) == (Answer.REFER, 5000)


def test_a_site_whose_key_is_its_own_cannot_ask():
    expected = mistakes_of({"unknown_holder": "ask"})["unknown_holder",]
    assert "key_scope" in expected
    assert "[broker]" in expected


@pytest.mark.parametrize("wrong", [{"timeout_ms": 99}, {"timeout_ms": 5001}, {"unanswered": "ask"}])
def test_nobody_waits_for_long_and_in_the_end_there_is_an_answer(wrong):
    (path,) = mistakes_of({"ask": wrong})
    assert path == ("ask", *wrong)


def test_by_default_only_a_display_checks_somebody_in():
    policy, _ = parse_policy({}, UTC, exits_have_readers=True)
    assert policy.lane_codes == "display"
    assert policy.asks_centre_ms is None
    policy, mistakes = parse_policy({"lane_codes": "poster"}, UTC, exits_have_readers=True)
    assert (policy.lane_codes, mistakes) == ("poster", ())
