"""`gatewayd policy diff`: yesterday's records under another policy, and what cannot be replayed."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from gatewayd.cli.policy import policy as command
from gatewayd.core.events import Access, AccessOutcome, Draft, Passage, PassageOutcome, dump_draft
from gatewayd.core.words import Direction, HolderId, LaneId, Status

SETTINGS = """\
[site]
region = "mojokerto"
organisation = "dukcapil"
id = "gmsc"
timezone = "Asia/Jakarta"
[[lanes]]
id = "lane-1"
[lanes.entry_reader]
driver = "line"
port = "/dev/serial/by-path/b"
[lanes.exit_reader]
driver = "line"
port = "/dev/serial/by-path/c"
[lanes.turnstile]
driver = "gatelink"
port = "/dev/serial/by-path/a"
psk_file = "lane-1.psk"
[policy]
"""
NOON = datetime(2022, 8, 24, 5, tzinfo=UTC)
LANE = LaneId("lane-1")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr("config.load.available_timezones", lambda: {"Asia/Jakarta"})
    (tmp_path / "lane-1.psk").write_text("5a" * 32)
    (tmp_path / "lane-1.psk").chmod(0o600)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def holder(number: int) -> HolderId:
    return HolderId(f"00000000.{number:032}")


def access(reason: str = "ok", number: int | None = 1, **changed) -> Access:
    told = {
        "outcome": AccessOutcome.ADMITTED if reason == "ok" else AccessOutcome.REFUSED,
        "lane": LANE,
        "direction": Direction.ENTRY,
        "reason": reason,
        "source": "gateway",
        "kind": "roster",
        "holder": None if number is None else holder(number),
        "category": "visitor",
    }
    return Access(**{**told, **changed})


def passage(number: int | None, way: str = "entry", outcome: str = "completed") -> Passage:
    return Passage(
        outcome=PassageOutcome(outcome),
        lane=LANE,
        direction=Direction(way),
        holder=None if number is None else holder(number),
        category="visitor",
    )


def diff(folder, facts, before: str = "", after: str = "", *options: str):
    """Replay facts, a second apart; a text stands for a line as it is."""
    lines = []
    for second, fact in enumerate(facts):
        at = NOON + timedelta(seconds=second)
        lines.append(fact if isinstance(fact, str) else dump_draft(Draft(fact, at)).decode())
    (folder / "day.jsonl").write_text("".join(f"{line}\n" for line in lines))
    (folder / "before.toml").write_text(SETTINGS + before)
    (folder / "after.toml").write_text(SETTINGS + after)
    files = ["before.toml", "after.toml", "--replay", "day.jsonl"]
    return CliRunner().invoke(command, ["diff", *files, *options])


def changes(folder, facts, before: str = "", after: str = "") -> list[tuple[str, str, int]]:
    found = json.loads(diff(folder, facts, before, after, "--json").stdout)
    return [(one["before"], one["after"], one["count"]) for one in found["changes"]]


def test_a_stricter_colour_shows_whom_it_meets(folder):
    facts = [access(number=number, status=Status.YELLOW) for number in range(3)]
    found = diff(folder, facts, after='statuses.yellow = "refer"')
    assert found.exit_code == 1
    assert found.stdout.splitlines() == [
        "3 decisions replayed, 3 answered differently",
        "0 more in which no policy has a say",
        "     3  visitor: admitted -> referred status_yellow   (first 2022-08-24T05:00:00.000Z)",
    ]


def test_the_same_policy_changes_nothing(folder):
    found = diff(folder, [access(), access("capacity_full")])
    assert (found.exit_code, found.stdout.splitlines()[0]) == (
        0,
        "2 decisions replayed, 0 answered differently",
    )


def test_counts_follow_the_passages(folder):
    facts = [
        access(number=1),
        passage(1),
        access(number=2),
        passage(2, outcome="expired"),
        access(number=3),
        passage(1, "exit"),
        passage(None, "exit"),
        access(number=4),
    ]
    assert changes(folder, facts, after="capacity.total = 1") == [
        ("admitted", "refused capacity_full", 2)
    ]


def test_who_is_inside_comes_from_the_passages(folder):
    facts = [access(), passage(1), access(), passage(1, "exit"), access()]
    assert changes(folder, facts, before='anti_passback = "off"') == [
        ("admitted", "refused already_inside", 1)
    ]


def test_hours_categories_and_strangers_are_replayed(folder):
    facts = [
        access(category="staff"),
        access("unknown_holder", category=None),
        access("unknown_holder", number=None, category=None),
    ]
    after = 'unknown_holder = "refer"\nhours.staff = "sun 08:00-09:00"'
    assert sorted(changes(folder, facts, after=after)) == [
        ("admitted", "refused outside_hours", 1),
        ("refused unknown_holder", "referred unknown_holder", 2),
    ]


def test_observing_shows_what_it_would_have_done(folder):
    facts = [access(status=Status.RED)]
    after = 'mode = "observe"\nstatuses.red = "refuse"'
    assert changes(folder, facts, after=after) == [
        ("admitted", "admitted would_refuse:status_red", 1)
    ]


def test_what_the_officer_declared_is_measured_by_the_other_policy(folder):
    declared = {"officer": "uid:0", "reason": "no phone", "healthy": True, "protocol": True}
    facts = [
        access("attested", None, attestation=declared),
        access("attested", None, attestation={**declared, "purpose": "paspor", "origin": "x"}),
    ]
    after = 'attestation.required = ["healthy", "purpose", "origin"]'
    assert changes(folder, facts, after=after) == [
        ("admitted", "refused attestation_incomplete", 1)
    ]


def test_what_no_policy_has_a_say_in_is_left_alone(folder):
    facts = [access("signature", None, category=None), access("exit", direction=Direction.EXIT)]
    found = json.loads(diff(folder, facts, "", 'unknown_holder = "admit"', "--json").stdout)
    assert (found["replayed"], found["left_alone"], found["changes"]) == (0, 1, [])


def test_other_rules_for_evidence_are_named_as_not_replayable(folder):
    after = (
        'rule_sets = ["pl-2022-07-17"]\n'
        'statuses = {yellow="refer",red="refuse",black="refuse",unknown="admit"}'
    )
    found = diff(folder, [access(status=Status.GREEN)], after=after)
    assert found.exit_code == 0
    assert "rule_sets differ: not replayable, as evidence is not kept" in found.stdout


def test_an_erased_event_is_passed_over_and_anything_else_is_misuse(folder):
    erased = '{"id": "a-1", "type": "erased", "data": {}}'
    assert diff(folder, [erased, access()]).exit_code == 0
    found = diff(folder, [access(), "not an event"])
    assert found.exit_code == 2
    assert "day.jsonl:2: expected an event of `gatewayd journal export`" in found.stderr


def test_settings_with_mistakes_are_misuse(folder):
    found = diff(folder, [], after='mode = "maybe"')
    assert found.exit_code == 2
    assert "after.toml:" in found.stderr
