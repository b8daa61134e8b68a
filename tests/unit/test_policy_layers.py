"""Layers of a policy: whose word counts at which time, and whose mistake it is."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gatewayd.core.policy import Policy
from gatewayd.core.policy_layers import Layer, Level, Misread, find_layer, parse_layer, parse_layers

JAKARTA = ZoneInfo("Asia/Jakarta")
SECOND = timedelta(seconds=1)
DECEMBER, JANUARY = datetime(2021, 12, 1, tzinfo=UTC), datetime(2022, 1, 1, tzinfo=UTC)


def layer(level: str, begins: datetime | None = None, ends: datetime | None = None, **values):
    return Layer(f"{level}.toml", Level(level), values, begins, ends)


def lay(*layers: Layer) -> Policy:
    policy, misread = parse_layers(layers, UTC, exits_have_readers=False, rule_sets={})
    assert misread == ()
    return policy


def test_the_nearer_layer_counts_key_by_key():
    policy = lay(
        layer("site", capacity={"staff_reserve": 5}),
        layer("region", unknown_holder="refer", capacity={"total": 50, "staff_reserve": 9}),
        layer("national", unknown_holder="admit", when_expired="refuse", capacity={"total": 90}),
    )
    assert policy.unknown_holder == "refer"
    assert policy.when_expired == "refuse"
    assert (policy.capacity.total, policy.capacity.staff_reserve) == (50, 5)


def test_each_key_knows_its_layer():
    policy = lay(
        layer("national", unknown_holder="admit", capacity={"total": 90, "staff_reserve": 1}),
        layer("site", capacity={"total": 50}),
    )
    told = {
        path: find_layer(policy.layers, path.split("."))
        for path in (
            "unknown_holder",
            "capacity.total",
            "capacity.staff_reserve",
            "capacity.rated",
            "mode",
        )
    }
    assert told == {
        "unknown_holder": "national: national.toml",
        "capacity.total": "site: site.toml",
        "capacity.staff_reserve": "national: national.toml",
        "capacity.rated": "site: site.toml",
        "mode": None,
    }


def test_a_layer_holds_from_its_first_second_to_before_its_last():
    """R05."""
    policy = lay(
        layer("region", DECEMBER, JANUARY, version="r-12", unknown_holder="refer"),
        layer("profile", version="p-1"),
    )
    in_force = [
        (policy.at(at).unknown_holder, policy.at(at).versions)
        for at in (DECEMBER - SECOND, DECEMBER, JANUARY - SECOND, JANUARY)
    ]
    off, on = ("refuse", ("p-1",)), ("refer", ("p-1", "r-12"))
    assert in_force == [off, on, on, off]


def test_of_one_level_the_layer_that_begins_later_counts():
    policy = lay(
        layer("national", JANUARY, version="n-2", unknown_holder="refer"),
        layer("national", DECEMBER, version="n-1", unknown_holder="admit"),
    )
    assert policy.at(JANUARY - SECOND).unknown_holder == "admit"
    assert policy.at(JANUARY).unknown_holder == "refer"
    assert policy.at(JANUARY).versions == ("n-1", "n-2")


def test_what_an_authority_sent_counts_before_a_file_of_the_same_level():
    """The file may be a copy of an older one, whatever date it begins at."""
    sent = Layer("mojokerto@5", Level.REGION, {"unknown_holder": "refer"}, is_received=True)
    copied = layer("region", DECEMBER, unknown_holder="admit")
    assert lay(sent, copied).at(JANUARY).unknown_holder == "refer"
    assert lay(sent, layer("site", unknown_holder="admit")).unknown_holder == "admit"


def test_versions_are_told_national_first():
    policy = lay(layer("site", version="s"), layer("national", version="n"))
    assert policy.versions == ("n", "s")
    assert lay(layer("site")).versions == ("default",)


def test_a_mistake_is_named_once_with_its_layer_at_whatever_time():
    _, misread = parse_layers(
        [
            layer("profile", unknown_holder="perhaps"),
            layer("region", DECEMBER, JANUARY, capacity={"total": -1}),
            layer("site", capacity={"staff_reserve": 5}),
        ],
        UTC,
        exits_have_readers=False,
        rule_sets={},
    )
    assert [(one.layer, one.mistake.path) for one in misread] == [
        ("profile: profile.toml", ("unknown_holder",)),
        ("site: site.toml", ("capacity", "staff_reserve")),
        ("region: region.toml", ("capacity", "total")),
    ]


def test_layers_can_contradict_each_other_at_one_time_only():
    _, misread = parse_layers(
        [
            layer("region", DECEMBER, JANUARY, capacity={"total": 4}),
            layer("site", capacity={"total": 10, "staff_reserve": 5}),
            layer("organisation", DECEMBER, capacity={"staff_reserve": 11}),
            layer("site", JANUARY, capacity={"total": 3}),
        ],
        UTC,
        exits_have_readers=False,
        rule_sets={},
    )
    [found] = misread
    assert isinstance(found, Misread)
    assert (found.mistake.expected, found.layer) == ("at most the total of 3", "site: site.toml")


HEAD = {"level": "national", "version": "inmendagri-57", "valid_from": "2021-11-09"}


def test_a_document_says_whose_it_is_and_when_it_holds():
    document = {**HEAD, "valid_until": "2021-11-22", "unknown_holder": "refer"}
    found, mistakes = parse_layer("n.toml", document, JAKARTA)
    assert mistakes == ()
    assert found == Layer(
        "n.toml",
        Level.NATIONAL,
        {"version": "inmendagri-57", "unknown_holder": "refer"},
        datetime(2021, 11, 8, 17, tzinfo=UTC),
        datetime(2021, 11, 22, 17, tzinfo=UTC),
    )
    assert found.label == "national: n.toml"


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"level": None}, ("level",)),
        ({"level": "galactic"}, ("level",)),
        ({"level": "profile"}, ("level",)),
        ({"valid_from": "soon"}, ("valid_from",)),
        ({"valid_until": "2021-11-08"}, ("valid_until",)),
        ({"version": None}, ("version",)),
    ],
)
def test_a_mistake_in_the_head_is_named(changed, path):
    document = {key: value for key, value in {**HEAD, **changed}.items() if value is not None}
    _, mistakes = parse_layer("n.toml", document, JAKARTA)
    assert [mistake.path for mistake in mistakes] == [path]
