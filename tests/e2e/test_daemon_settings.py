"""What a manager writes wrong is named with its place, all at once; what can be used is used."""

import json
import subprocess

import pytest

from tests.e2e.daemon import GATEWAYD, SITE, Site, issue

pytestmark = [pytest.mark.timeout(120), pytest.mark.slow]

MISTAKES = {
    'timezone = "Asia/Jakarta"': 'timezone = "Asia/Mojokerto"',
    'directory = "s"': 'directory = "s"\nretention_weeks = 3',
    'name = "cards"': 'name = ""',
    'driver = "line"': 'driver = "lines"',
    'psk_file = "lane-1.psk"': 'psk_file = "lane-2.psk"',
}


def gatewayd(folder, *arguments):
    command = [*GATEWAYD, *arguments, "-c", str(folder / "gate.toml")]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def line_of(text, wanted):
    return next(number for number, line in enumerate(text.splitlines(), 1) if wanted in line)


@pytest.mark.parametrize("command", ["check", "run"])
def test_five_mistakes_are_named_at_once_each_with_its_line(tmp_path, command):
    site = Site(tmp_path)
    text = site.settings.read_text()
    for right, wrong in MISTAKES.items():
        text = text.replace(right, wrong, 1)
    site.settings.write_text(text)
    ended = gatewayd(tmp_path, command)
    assert ended.returncode == 2
    told = ended.stderr.splitlines()
    for wrong in MISTAKES.values():
        last = wrong.splitlines()[-1]
        place = f"{site.settings}:{line_of(text, last)}: "
        assert [line for line in told if line.startswith(place) and "expected " in line], last
    assert len(told) == len(MISTAKES)
    assert not site.state.exists(), "nothing was begun"


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ('driver = "gatelink"', 'driver = "gatelnk"', "expected one of gatelink, mqtt, mqtt_relay"),
        ('psk_file = "lane-1.psk"\n', "", "psk_file: expected a file with 64 hex digits"),
        ('psk_file = "lane-1.psk"', 'psk_file = "no.psk"', "make one with: openssl rand -hex 32"),
    ],
)
def test_a_turnstile_that_cannot_be_built_is_named(tmp_path, right, wrong, told):
    site = Site(tmp_path)
    site.settings.write_text(site.settings.read_text().replace(right, wrong))
    for command in ("check", "run"):
        ended = gatewayd(tmp_path, command)
        assert ended.returncode == 2
        assert f"{site.settings}:" in ended.stderr
        assert told in ended.stderr


BROKEN_ROSTER = """\
id,category,valid_from,valid_until,blocked,note
4711001,staff,,,,
4711002,,,,,
4711003,staff,tomorrow,,,
4711004,staff,,31.12.2027,,
,staff,,,,
4711006,visitor,,,,
"""


async def test_broken_rows_of_a_roster_are_named_by_row_and_the_good_ones_used(tmp_path):
    site = Site(tmp_path)
    (tmp_path / "cards.csv").write_text(BROKEN_ROSTER)
    checked = gatewayd(tmp_path, "check")
    assert checked.returncode == 1
    for row in (3, 4, 5, 6):
        assert f"{tmp_path}/cards.csv:{row}: " in checked.stderr
    assert "2 roster entries" in checked.stdout
    async with site:
        await site.pass_through("4711001")
        await site.pass_through("4711006")
        assert await site.show("4711003") == ("refused", "unknown_holder")
        rows = [line["text"] for line in site.log("look_at_this") if "cards.csv" in line["text"]]
    assert len(rows) == 4
    assert "4711" not in checked.stderr + checked.stdout + site.gateway.logged.path.read_text()


async def test_without_a_broker_the_gate_works_by_itself(tmp_path):
    async with Site(tmp_path) as site:
        await site.pass_through(issue("1001"))
        code, out, _ = await site.cli("status")
        assert code == 0
        assert f"site      {SITE}" in out
        assert "inside    1 (staff 1)" in out
        assert "centre    no [broker] in the settings: nothing is sent" in out


def test_check_says_yes_in_words_and_in_json_and_changes_nothing(tmp_path):
    site = Site(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    checked = gatewayd(tmp_path, "check")
    assert checked.returncode == 0
    assert checked.stdout.startswith(f"ok: {SITE}, 1 lane, ")
    assert "whoever copies a plain id passes as its owner" in checked.stderr
    document = json.loads(gatewayd(tmp_path, "check", "--json").stdout)
    assert (document["ok"], document["mistakes"], document["left_out"]) == (True, [], [])
    assert sorted(tmp_path.rglob("*")) == before
    assert not site.state.exists()
