"""The files of a policy: profile, layers and rule-sets, with file and line of every mistake."""

from datetime import UTC, datetime, timedelta

import pytest

from config.load import load
from config.problems import SettingsError
from gatewayd.app.policy_files import read_policy
from gatewayd.app.site import read_rules
from gatewayd.core.policy_layers import find_layer
from gatewayd.core.words import Status

SETTINGS = """\
[site]
region = "mojokerto"
organisation = "dukcapil"
id = "gmsc"
timezone = "Asia/Jakarta"
[[lanes]]
id = "lane-1"
[lanes.turnstile]
driver = "gatelink"
port = "/dev/serial/by-path/a"
psk_file = "lane-1.psk"
[policy]
"""
NATIONAL = """\
level = "national"
version = "ppkm-ends"
valid_from = 2022-12-30
health_screening = false
"""
OWN_RULES = """\
id = "house"
version = "2"
source = "the head of the office"
[[rules]]
name = "everybody"
status = "yellow"
when = { ">=" = [{ var = "doses.count" }, 0] }
"""
ENDS = datetime(2022, 12, 29, 17, tzinfo=UTC)


@pytest.fixture(autouse=True)
def zones(monkeypatch):
    """Asking the machine for its 600 zones takes longer than the rest."""
    monkeypatch.setattr("config.load.available_timezones", lambda: {"Asia/Jakarta"})


@pytest.fixture
def write(tmp_path):
    """Write the settings with this [policy], and the files beside it; return the settings' path."""

    def put(policy: str, **files: str):
        (tmp_path / "lane-1.psk").write_text("5a" * 32)
        (tmp_path / "lane-1.psk").chmod(0o600)
        for name, text in files.items():
            (tmp_path / f"{name}.toml").write_text(text)
        path = tmp_path / "gate.toml"
        path.write_text(SETTINGS + policy)
        return path

    return put


def complaints(path) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read_rules(path)
    return [str(problem) for problem in caught.value.problems]


def test_a_layer_ends_screening_on_its_day(write):
    path = write('profile = "city-office"\nlayers = ["end.toml"]\n', end=NATIONAL)
    policy = read_rules(path).policy
    before, after = policy.at(ENDS - timedelta(seconds=1)), policy.at(ENDS)
    assert before.statuses[Status.RED] == "refuse"
    assert before.versions == ("city-office-1",)
    assert (after.statuses, after.rule_sets) == ({}, ())
    assert after.versions == ("city-office-1", "ppkm-ends")
    assert find_layer(after.layers, ["health_screening"]) == "national: end.toml"
    assert find_layer(after.layers, ["statuses", "red"]) == "profile: city-office"


def test_the_sites_own_word_counts_more_than_the_nations(write):
    own = 'profile = "city-office"\nlayers = ["end.toml"]\nhealth_screening = true\n'
    assert read_rules(write(own, end=NATIONAL)).policy.at(ENDS).rule_sets


def test_rules_of_the_house_lie_beside_the_settings(write):
    text = 'rule_sets = ["house.toml"]\nstatuses = {yellow="admit",red="refer",black="refer",unknown="refer"}'
    policy = read_rules(write(text, house=OWN_RULES)).policy
    assert [one.label for one in policy.rule_sets] == ["house/2"]


def test_a_layer_can_bring_its_rules(write):
    layer = (
        'level = "region"\nversion = "r"\nrule_sets = ["house.toml"]\n'
        'statuses = {yellow="admit",red="refer",black="refer",unknown="refer"}'
    )
    policy = read_rules(write('layers = ["r.toml"]', r=layer, house=OWN_RULES)).policy
    assert [one.label for one in policy.rule_sets] == ["house/2"]


def test_a_file_is_named_with_the_line_of_its_mistake(write, tmp_path):
    layer = NATIONAL.replace("false", "false\nunknown_holder = 5")
    rules = OWN_RULES.replace("doses.count", "doses.cuont")
    path = write('layers = ["end.toml"]\nrule_sets = ["house.toml"]', end=layer, house=rules)
    [told] = complaints(path)
    assert told == (
        f"{tmp_path}/house.toml:7: [rules] when: expected facts of docs/rules.md, and terms from above, "
        'found "doses.cuont"'
    )
    path = write('layers = ["end.toml"]\nmode = "maybe"', end=layer)
    assert complaints(path) == [
        f'{path}:14: [policy] mode: expected one of enforce, observe, found "maybe"',
        f"{tmp_path}/end.toml:5: unknown_holder: expected one of admit, refuse, refer, ask, found 5",
    ]


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        (
            'layers = "end.toml"',
            '[policy] layers: expected a list of up to 62 names of .toml files, found "end.toml"',
        ),
        (
            "layers = [5]",
            "[policy] layers: expected a list of up to 62 names of .toml files, found a list",
        ),
        (f"layers = {['x'] * 63}".replace("'", '"'), "found a list"),
        ('rule_sets = ["pl-2020"]', 'or of .toml files, found "pl-2020"'),
        ("rule_sets = [5]", "or of .toml files, found 5"),
        ("rule_sets = 5", "[policy] rule_sets: expected a list of texts, found 5"),
        ('layers = ["none.toml"]', "none.toml: expected a settings file, found No such file"),
        ('rule_sets = ["none.toml"]', "none.toml: expected a settings file, found No such file"),
    ],
)
def test_what_names_no_file_is_a_mistake(write, policy, told):
    [complaint] = complaints(write(policy))
    assert told in complaint


def test_a_layer_without_a_head_is_a_mistake(write, tmp_path):
    told = complaints(write('layers = ["end.toml"]', end="health_screening = false"))
    assert [line.split(": expected")[0] for line in told] == [
        f"{tmp_path}/end.toml:1: level",
        f"{tmp_path}/end.toml:1: version",
    ]


@pytest.mark.parametrize("key", ["²", "5", "9" * 4301])
def test_a_key_of_digits_is_an_unknown_key_like_others(write, key):
    [told] = complaints(write(f'"{key}" = 1\n'))
    assert "expected one of" in told


def test_a_list_is_counted_in_the_place_of_a_mistake(write):
    text = "[[policy.ages]]\nunder = 12\nanswer = 'refer'\n[[policy.ages]]\nunder = 12\nanswer = 'no'\n"
    path = write(text)
    assert complaints(path) == [
        f'{path}:18: [policy.ages] answer: expected one of admit, refuse, refer, found "no"'
    ]


def test_the_settings_of_a_profile_are_read_whole(write):
    policy, problems = read_policy(load(write('profile = "public-service"')))
    assert problems == []
    assert policy.changes == ()
