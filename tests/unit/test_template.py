"""A template takes the rules of a site to another one, and nothing that is the site's own."""

import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from config.load import load, read_document
from config.write import toml_text
from gatewayd.cli.main import main

SITE = """\
[site]
region = "kaltim"
organisation = "setda"
id = "secret-site"
name = "SECRET Kantor Gubernur"
contact = "SECRET Person"
timezone = "Asia/Makassar"
[storage]
directory = "SECRET-state"
retention_days = 30
[broker]
url = "mqtts://secret.example:8883"
username = "secret-user"
password_file = "secret.password"
[device_broker]
url = "mqtt://127.0.0.1:1999"
[policy]
profile = "governor-office"
layers = ["decree.toml"]
rule_sets = ["house.toml", "pl-2022-07-17"]
[policy.capacity]
total = 40
[[rosters]]
name = "secret-roster"
file = "secret.csv"
[desk_reader]
driver = "line"
port = "/dev/secret-0"
[[lanes]]
id = "lane-1"
  [lanes.entry_reader]
  driver = "line"
  port = "/dev/secret-1"
  baudrate = 9600
  terminator = "cr"
  [lanes.turnstile]
  driver = "gatelink"
  port = "/dev/secret-2"
  psk_file = "secret.psk"
  unlock_ms = 7000
[[lanes]]
id = "lane-2"
  [lanes.turnstile]
  driver = "mqtt"
  device = "secret-3"
  psk_file = "secret2.psk"
[[doors]]
id = "back"
name = "SECRET door"
turnstile = "lane-1"
input = 3
normally = "closed"
[[doors]]
id = "roof"
name = "SECRET roof"
normally = "closed"
  [doors.sensor]
  driver = "mqtt_sensor"
  topic = "secret/roof"
"""
DECREE = """\
level = "region"
version = "decree-1"
valid_from = 2022-01-07
[statuses]
yellow = "refuse"
"""
HOUSE = """\
id = "house"
version = "1"
source = "a test"
valid_from = 2022-01-01T00:00:00+08:00
valid_until = 2022-02-01T00:00:00+08:00
[terms]
is_full = { ">=" = [{ var = "doses.count" }, 2] }
[[rules]]
name = "full"
status = "green"
text = "two doses"
when = { var = "terms.is_full" }
"""
AT = "2022-08-24T10:00:00+08:00"
NEW = ("--region", "kaltara", "--organisation", "setda", "--id", "tarakan")


def run(*arguments, code=0):
    ended = CliRunner().invoke(main, [str(one) for one in arguments])
    assert ended.exit_code == code, ended.output
    return ended.output


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "gate.toml").write_text(SITE)
    (folder / "decree.toml").write_text(DECREE)
    (folder / "house.toml").write_text(HOUSE)
    for name in ("secret.password", "secret.psk", "secret2.psk"):
        (folder / name).touch(mode=0o600)
        (folder / name).write_text("5ec4e7" * 10 + "5ec4")
    return folder / "gate.toml"


def make(site: Path, folder: Path, *more) -> Path:
    """Export the site and import the template in a clean folder; return the new settings."""
    folder.mkdir(exist_ok=True)
    template = folder / "template.toml"
    template.write_text(run("init", "--export", "-c", site))
    run("init", "--from", template, *NEW, *more, "-o", folder / "gate.toml")
    return folder / "gate.toml"


def fill_in(settings: Path) -> None:
    """Write a name of its own wherever one is asked for."""
    text = settings.read_text().replace('url = ""   # CHANGE', 'url = "mqtt://127.0.0.1:1884"')
    numbers = iter(range(99))
    settings.write_text(re.sub(r'"" +# CHANGE', lambda _: f'"new-{next(numbers)}"', text))


def test_a_new_site_from_a_template_decides_as_the_old_one(site, tmp_path):
    """R34: exported, imported on a clean box: the same matrix, and check has nothing to say."""
    new = make(site, tmp_path / "new")
    fill_in(new)
    matrices = [run("policy", "matrix", "-c", path, "--at", AT) for path in (site, new)]
    assert matrices[0] == matrices[1]
    assert "a guest from elsewhere without a test" in matrices[0]
    assert "ok: kaltara/setda/tarakan, 2 lanes" in run("check", "-c", new)
    before, after = load(site), load(new)
    assert after.policy == before.policy
    assert [(lane.id, lane.turnstile.driver) for lane in after.lanes] == [
        ("lane-1", "gatelink"),
        ("lane-2", "mqtt"),
    ]
    assert after.lanes[0].turnstile.values["unlock_ms"] == 7000
    assert after.lanes[0].exit_reader is None, "people leave unseen there too"
    assert [door.id for door in after.doors] == ["back", "roof"]
    assert (after.broker, after.rosters, after.site.contact) == (None, (), "")
    assert after.site.timezone == "Asia/Makassar"
    assert after.storage.retention_days == 30


def test_a_template_holds_nothing_of_the_place_it_came_from(site):
    """R34: no place, address, port, key or person goes along."""
    template = run("init", "--export", "-c", site)
    assert "secret" not in template.lower()
    assert "5ec4" not in template
    assert "1999" not in template
    assert "setda" not in template
    assert "decree-1" in template


def test_every_turnstile_of_a_new_site_has_a_key_of_its_own(site, tmp_path):
    folder = make(site, tmp_path / "new").parent
    keys = [(folder / f"lane-{number}.psk").read_text() for number in (1, 2)]
    assert all(re.fullmatch(r"[0-9a-f]{64}\n", key) for key in keys)
    assert keys[0] != keys[1]
    assert (folder / "lane-1.psk").stat().st_mode & 0o007 == 0


def test_what_is_left_to_do_is_said(site, tmp_path):
    template = tmp_path / "template.toml"
    template.write_text(run("init", "--export", "-c", site))
    told = run("init", "--from", template, *NEW, "-o", tmp_path / "gate.toml")
    assert "lanes.lane-1.turnstile.port" in told
    assert "doors.roof.sensor.topic" in told
    assert "device_broker.url" in told
    assert "region_test" in told
    told = run("check", "-c", tmp_path / "gate.toml", code=2)
    assert "port" in told, "and check says so too, with the line"


def test_the_place_of_the_new_site_may_have_a_name_and_a_zone(site, tmp_path):
    new = make(site, tmp_path / "new", "--name", "Kantor", "--timezone", "Asia/Jakarta")
    fill_in(new)
    assert (load(new).site.name, load(new).site.timezone) == ("Kantor", "Asia/Jakarta")


def test_a_site_that_shares_the_regions_key_has_to_be_given_it(site, tmp_path):
    key = site.parent / "region.key"
    key.touch(mode=0o600)
    key.write_text("5ec4e7" * 10 + "5ec4")
    more = '[privacy]\nkey_scope = "region"\nkey_file = "region.key"\n'
    site.write_text(f"{more}{SITE}".replace("mqtt://127.0.0.1:1999", "embedded"))
    new = read_document(make(site, tmp_path / "new"))[0]
    assert new["privacy"] == {"key_scope": "region", "key_file": ""}
    assert new["broker"] == {"url": ""}
    assert new["device_broker"] == {"url": "embedded"}


def test_a_plain_gate_makes_a_template_too(site, tmp_path):
    text = SITE[: SITE.index("[policy]")] + SITE[SITE.index("[desk_reader]") :]
    site.write_text(text[: text.index("[[doors]]")])
    new = make(site, tmp_path / "new")
    fill_in(new)
    assert load(new).profile is None


def test_nothing_is_written_over(site, tmp_path):
    new = make(site, tmp_path / "new")
    before = {file: file.read_bytes() for file in new.parent.glob("*.*")}
    told = run("init", "--from", new.parent / "template.toml", *NEW, "-o", new, code=2)
    assert "expected a new file" in told
    assert {file: file.read_bytes() for file in new.parent.glob("*.*")} == before


@pytest.mark.parametrize("text", ["", "settings = 1\n", "[settings]\n[files.'../x']\n"])
def test_what_is_no_template_writes_nothing(tmp_path, text):
    template = tmp_path / "template.toml"
    template.write_text(text)
    run("init", "--from", template, *NEW, "-o", tmp_path / "gate.toml", code=2)
    assert [file.name for file in tmp_path.iterdir()] == ["template.toml"]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--export",),
        ("--from", "pyproject.toml", "--region", "x"),
    ],
)
def test_half_an_order_is_misuse(arguments):
    run("init", *arguments, code=2)


# --- the writer ---

PLAIN = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.datetimes()
    | st.dates()
    | st.times()
)
KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_a_document_is_the_same_when_it_is_read_again(document):

    assert tomllib.loads(toml_text(document)) == document


def test_what_is_no_toml_is_our_mistake():
    with pytest.raises(AssertionError):
        toml_text({"x": None})
