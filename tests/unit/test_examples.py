"""Everything that is shipped to be copied: examples, profiles and the way the design writes them."""

import re
from pathlib import Path

import pytest

import config
from config.load import load, profile_names, rule_set_names
from config.schema import Broker
from drivers.registry import READERS, TURNSTILES, check
from gatewayd.app.policy_files import read_policy
from gatewayd.core.policy import Answer
from gatewayd.core.words import Status

SHIPPED = Path(config.__file__).parent
EXAMPLES = sorted((SHIPPED / "examples").glob("*.toml"))

DESIGN = """\
[site]     # the block of the design, with its dots filled in
region = "mojokerto"
organisation = "dukcapil"
id = "gmsc"
name = "Graha Mojokerto Service City"
timezone = "Asia/Jakarta"
locale = "id"
registration_id = "35-76"
contact = "petugas"
[storage]
directory = "/var/lib/gatewayd"
retention_days = 21
[broker]
url = "mqtts://host:8883"
protocol = "auto"
ca_file = "ca.pem"
certificate_file = "gate.pem"
key_file = "gate.key"
username = "mojokerto/dukcapil/gmsc"
password_file = "broker.password"
[device_broker]
url = "mqtt://127.0.0.1:1884"
[desk]
listen = "127.0.0.1:8080"
[policy]
profile = "public-service"
[privacy]
key_file = "pseudonym.key"
publish_status = "status"
[trust]
directory = "trust/"
[[lanes]]
id = "lane-1"
  [lanes.entry_reader]
  driver = "line"
  port = "/dev/serial/by-path/1"
  baudrate = 115200
  [lanes.exit_reader]
  driver = "line"
  port = "/dev/serial/by-path/2"
  [lanes.turnstile]
  driver = "gatelink"
  port = "/dev/serial/by-path/3"
  psk_file = "lane-1.psk"
  unlock_ms = 5000
[[lanes]]
id = "lane-2"
  [lanes.turnstile]
  driver = "mqtt"
  device = "tripod-2"
  psk_file = "lane-2.psk"
[[rosters]]
name = "staff"
file = "staff.csv"
[[doors]]
id = "back"
name = "Pintu belakang"
turnstile = "lane-1"
input = 3
normally = "closed"
"""


@pytest.fixture
def read(tmp_path):
    """Return the settings of a text, with the files beside it that the examples speak of."""
    names = ("lane-1.psk", "lane-2.psk", "broker.password", "gate.key", "gate.pem", "ca.pem")
    for name in (*names, "staff.csv"):
        (tmp_path / name).touch(0o600)

    def parse(text):
        (tmp_path / "gate.toml").write_text(text)
        return load(tmp_path / "gate.toml")

    return parse


def parsed(settings):
    policy, problems = read_policy(settings)
    assert problems == []
    return policy


def test_the_block_of_the_design_is_good(read):
    settings = read(DESIGN)
    assert isinstance(settings.device_broker, Broker)
    assert [lane.turnstile.driver for lane in settings.lanes] == ["gatelink", "mqtt"]
    parsed(settings)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_good_and_needs_no_advice(read, path):
    """R22."""
    settings = read(path.read_text())
    assert settings.advice == ()
    parsed(settings)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_what_an_example_has_switched_off_is_good_when_switched_on(read, path):
    text, count = re.subn(r"(?m)^# (?=\[|[a-z_]+ = )", "", path.read_text())
    assert count > 3
    settings = read(text)
    assert settings.broker is not None
    parsed(settings)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_drivers_of_an_example_take_the_keys_that_it_gives(read, tmp_path, path):
    (tmp_path / "lane-1.psk").write_text("5a" * 32)
    for lane in read(path.read_text()).lanes:
        for kinds, table in (
            (READERS, lane.entry_reader),
            (READERS, lane.exit_reader),
            (TURNSTILES, lane.turnstile),
        ):
            if table is not None:
                assert check(kinds[table.driver], table.values) == []


def test_both_kinds_of_lane_have_an_example():
    assert [path.stem for path in EXAMPLES] == ["one-mqtt-lane", "one-serial-lane"]


def test_the_shipped_profiles_are_these():
    """R06, R19, R22: one for each kind of place that the sites name."""
    assert profile_names() == [
        "city-office",
        "governor-office",
        "health-centre",
        "hotel",
        "immigration-office",
        "market",
        "plain-office",
        "public-service",
        "regency-office",
        "rest-area",
        "village-office",
    ]


@pytest.mark.parametrize("name", profile_names())
def test_a_profile_is_a_policy_with_its_own_name_in_the_version(read, name):
    """R06, R19, R22: each loads."""
    policy = parsed(read(DESIGN.replace("public-service", name)))
    assert policy.versions == (f"{name}-1",)


@pytest.mark.parametrize("name", profile_names())
def test_a_profile_says_in_its_head_whose_rules_it_follows(name):
    head = (SHIPPED / "profiles" / f"{name}.toml").read_text().split("\n\n")[0]
    assert "# Whose rules: " in head
    assert all(line.startswith("#") for line in head.splitlines())


@pytest.mark.parametrize("name", sorted(set(profile_names()) - {"plain-office"}))
def test_a_profile_that_screens_does_so_by_the_rules_of_the_day(name, read):
    policy = parsed(read(DESIGN.replace("public-service", name)))
    assert [one.id for one in policy.rule_sets] == rule_set_names()


def test_the_limits_that_public_service_writes_down_for_you_are_good(read):
    text = (SHIPPED / "profiles" / "public-service.toml").read_text()
    [written] = re.findall(r"(?ms)^(# +\[policy\.capacity\]$.*?)^# The", text)
    block = '[policy]\nprofile = "public-service"\n' + re.sub(r"(?m)^#   ", "", written)
    policy = parsed(read(DESIGN.replace('[policy]\nprofile = "public-service"', block)))
    assert (policy.capacity.total, policy.capacity.staff_reserve) == (100, 15)


@pytest.mark.parametrize(
    ("name", "red", "unknown_holder"),
    [
        ("public-service", Answer.REFUSE, Answer.REFER),
        ("city-office", Answer.REFUSE, Answer.REFER),
        ("governor-office", Answer.REFUSE, Answer.REFER),
        ("immigration-office", Answer.REFUSE, Answer.REFER),
        ("regency-office", Answer.REFER, Answer.REFER),
        ("plain-office", None, Answer.REFUSE),
    ],
)
def test_profiles_differ_where_their_sources_do(read, name, red, unknown_holder):
    """R12."""
    policy = parsed(read(DESIGN.replace("public-service", name)))
    assert (policy.statuses.get(Status.RED), policy.unknown_holder) == (red, unknown_holder)
