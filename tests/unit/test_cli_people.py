"""`gatewayd muster` and `report`: who was inside when, on paper too, and the day in numbers."""

import csv
import io
import json
import re
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from gatewayd.cli.muster import muster
from gatewayd.cli.report import report
from gatewayd.core.events import (
    Access,
    AccessOutcome,
    Alarm,
    AlarmOutcome,
    Audit,
    AuditSubject,
    Draft,
    Passage,
    PassageOutcome,
)
from gatewayd.core.passes import badge_subject
from gatewayd.core.pseudonym import KEY_SIZE, Namespace, Pseudonyms
from gatewayd.core.words import Direction, GrantId, LaneId, Status
from gatewayd.store.journal import SqliteJournal
from gatewayd.store.journal_erasure import list_erased

KEY = bytes(range(KEY_SIZE))
PSEUDONYMS = Pseudonyms(KEY)
LANE = LaneId("lane-1")
EIGHT = datetime(2022, 8, 24, 1, tzinfo=UTC)  # 08:00 in Jakarta.
ASN = PSEUDONYMS.of(Namespace.PERSON, "S-1")
GUEST = PSEUDONYMS.of(Namespace.PERSON, "V-1")
SETTINGS = """\
[site]
region = "mojokerto"
organisation = "dukcapil"
id = "gmsc"
timezone = "Asia/Jakarta"
[storage]
directory = "s"
[privacy]
key_file = "privacy.key"
[[lanes]]
id = "lane-1"
[lanes.turnstile]
driver = "gatelink"
port = "/dev/serial/by-path/a"
psk_file = "lane-1.psk"
"""


def access(outcome: str, reason: str = "ok", way: str = "entry", **more) -> Access:
    return Access(
        outcome=AccessOutcome(outcome),
        lane=LANE,
        direction=Direction(way),
        reason=reason,
        source="officer" if "attestation" in more else "gateway",
        kind="roster",
        **more,
    )


def passage(holder, category: str | None, way: str = "entry", outcome: str = "completed", **more):
    return Passage(
        outcome=PassageOutcome(outcome),
        lane=LANE,
        direction=Direction(way),
        holder=holder,
        category=category,
        **more,
    )


DECLARED = {"officer": "uid:1", "reason": "no phone", "healthy": True, "purpose": "paspor"}
DAY = [
    (-600, passage(GUEST, "visitor")),  # 22:00 of the day before.
    (0, access("admitted", status=Status.GREEN)),
    (0, passage(ASN, "staff")),
    (10, access("admitted", "attested", attestation=DECLARED)),
    (10, passage(None, "service_user")),
    (20, access("refused", "status_red", status=Status.RED)),
    (21, access("refused", "already_inside")),
    (22, access("referred", "unknown_holder")),
    (30, passage(None, None, outcome="breached", reason="tailgate")),
    (40, passage(None, "visitor", outcome="expired")),
    (60, access("admitted", "exit", "exit", grant=GrantId("01" * 16))),
    (60, passage(GUEST, "visitor", "exit", grant=GrantId("01" * 16))),
    (70, Alarm(outcome=AlarmOutcome.RAISED, alarm="fire", subject="lane-1")),
    (71, Audit(subject=AuditSubject.GATEWAY, action="started")),
    (1000, passage(ASN, "staff", "exit")),  # 00:40 of the day after.
]


@pytest.fixture(autouse=True)
def site(tmp_path, monkeypatch):
    """Stand in the folder of a site with the records of a day; numbers are minutes after 8."""
    monkeypatch.setattr("config.load.available_timezones", lambda: {"Asia/Jakarta"})
    (tmp_path / "gate.toml").write_text(SETTINGS)
    for name, content in (("lane-1.psk", b"5a" * 32), ("privacy.key", KEY.hex().encode())):
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o600)
    (tmp_path / "s").mkdir()
    with closing(SqliteJournal.open(tmp_path / "s", "run", 1, bytes)) as journal:
        drafts = [Draft(fact, EIGHT + timedelta(minutes=minute)) for minute, fact in DAY]
        journal.commit([(draft, 0.0) for draft in drafts])
    monkeypatch.chdir(tmp_path)


def run(command, *arguments: str):
    return CliRunner().invoke(command, ["-c", "gate.toml", *arguments])


def append(folder, *more) -> None:
    with closing(SqliteJournal.open(folder / "s", "run", 1, bytes)) as journal:
        drafts = [Draft(fact, EIGHT + timedelta(minutes=minute)) for minute, fact in more]
        journal.commit([(draft, 0.0) for draft in drafts])


def words_of(pdf) -> list[str]:
    """Return the lines of text on all pages."""
    return [
        bytes.fromhex(raw.decode()).decode("cp1252")
        for raw in re.findall(rb"Td <([0-9a-f]*)> Tj", pdf.read_bytes())
    ]


def test_a_muster_tells_who_was_inside_at_a_time():
    found = run(muster, "--at", "2022-08-24T08:30:00+07:00")
    assert found.exit_code == 0, found.output
    assert found.stdout.splitlines() == [
        "Inside at 2022-08-24 08:30:00",
        f"[ ] {GUEST:<44} visitor        lane-1     22:00",
        f"[ ] {ASN:<44} staff          lane-1     08:00",
        "[ ] 1 more, service_user: by hand or unseen",
        "[ ] 1 more, unknown: by hand or unseen",
        "4 inside, 1 of it uncertain",
    ]


def test_a_guest_is_called_by_the_number_of_the_badge(tmp_path):
    badge = PSEUDONYMS.of(Namespace.PERSON, badge_subject(17))
    append(tmp_path, (100, passage(badge, "visitor")))
    at = ("--at", "2022-08-24T10:00:00+07:00")
    lines = run(muster, *at).stdout.splitlines()
    assert f"[ ] {'badge 017':<44} visitor        lane-1     09:40" in lines
    assert json.loads(run(muster, *at, "--json").stdout)["people"][-1]["badge"] == 17
    (tmp_path / "privacy.key").unlink()
    assert badge in run(muster, *at).stdout


def test_a_frozen_muster_is_of_the_moment_when_the_last_alarm_began(tmp_path):
    found = run(muster, "--frozen")
    assert found.exit_code == 0, found.output
    lines = found.stdout.splitlines()
    assert lines[0] == "Inside at 2022-08-24 09:10:00, when the alarm fire began"
    assert lines[-1] == "3 inside, 1 of it uncertain"
    assert json.loads(run(muster, "--frozen", "--json").stdout)["alarm"] == "fire"
    run(muster, "--frozen", "--pdf", "muster.pdf")
    at = "Keadaan pada 2022-08-24 09:10:00, saat alarm kebakaran"
    assert at in words_of(tmp_path / "muster.pdf")


def test_without_an_alarm_there_is_nothing_frozen():
    found = run(muster, "--frozen", "--alarm", "occupancy_full")
    assert (found.exit_code, "no alarm of these is in the records" in found.stderr) == (1, True)
    assert run(muster, "--alarm", "fire").exit_code == 2


def test_a_muster_on_paper_has_a_box_for_each_person(tmp_path):
    at = ("--at", "2022-08-24T08:35:00+07:00", "--pdf", "muster.pdf")
    found = run(muster, *at)
    assert found.stdout == "4 inside, 1 of it uncertain: muster.pdf\n"
    words = words_of(tmp_path / "muster.pdf")
    assert ["Golongan" in words, "Halaman 1 / 1" in words, "4 \xb1 1" in words] == [True] * 3
    assert [word for word in words if word.isdigit()] == ["1", "2", "3", "4"]
    assert words.count("(tanpa nama: oleh petugas atau tidak terlihat)") == 2
    run(muster, *at, "--locale", "en")
    assert "Page 1 / 1" in words_of(tmp_path / "muster.pdf")
    assert run(muster, "--pdf", "missing/muster.pdf").exit_code == 2


def test_a_long_muster_has_many_pages_and_nobody_is_left_out(tmp_path):
    append(
        tmp_path,
        *((80, passage(PSEUDONYMS.of(Namespace.PERSON, f"X-{n}"), "visitor")) for n in range(100)),
    )
    run(muster, "--at", "2022-08-24T10:00:00+07:00", "--pdf", "muster.pdf")
    words = words_of(tmp_path / "muster.pdf")
    assert [word for word in words if word.isdigit()] == [str(n) for n in range(1, 104)]
    assert "Halaman 4 / 4" in words


def test_an_empty_house_is_said_to_be_empty(tmp_path):
    run(muster, "--at", "2022-08-20T08:00:00+07:00", "--pdf", "muster.pdf")
    assert "Menurut catatan tidak ada orang di dalam." in words_of(tmp_path / "muster.pdf")


def test_somebody_erased_is_a_nameless_row(tmp_path):
    with closing(SqliteJournal.open(tmp_path / "s", "run", 1, bytes)) as journal:
        positions = journal.positions_about(ASN, 0)
        said = list_erased(journal.rows_at(positions), "uid:1")
        journal.commit([(Draft(said.fact(), EIGHT), 0.0)])
    lines = run(muster, "--at", "2022-08-24T08:30:00+07:00").stdout.splitlines()
    assert "[ ] 1 more, staff: by hand or unseen" in lines
    assert lines[-1] == "4 inside, 1 of it uncertain"


def test_names_are_joined_for_the_print_only(tmp_path):
    (tmp_path / "names.csv").write_text("id,name\nS-1,Bu Contoh\nX-1,Nobody\n")
    found = run(muster, "--at", "2022-08-24T12:00:00+07:00", "--names", "names.csv", "--json")
    told = json.loads(found.stdout)
    assert [one["who"] for one in told["people"]] == ["Bu Contoh"]
    assert (told["total"], told["uncertain"]) == (3, 1)
    assert told["nameless"] == {"service_user": 1, "unknown": 1}
    assert b"Bu Contoh" not in b"".join(path.read_bytes() for path in (tmp_path / "s").iterdir())


@pytest.mark.parametrize(("content", "code"), [("number,who\n1,2\n", 2), ("", 2)])
def test_a_list_of_names_that_is_none_is_misuse(tmp_path, content, code):
    (tmp_path / "names.csv").write_text(content)
    found = run(muster, "--names", "names.csv")
    assert (found.exit_code, "names.csv: expected a header with id and name" in found.stderr) == (
        code,
        True,
    )


def test_a_list_of_names_has_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr("gatewayd.app.people.NAMES_MAX", 2)
    (tmp_path / "names.csv").write_text("id,name\n1,a\n2,b\n3,c\n")
    found = run(muster, "--names", "names.csv")
    assert (found.exit_code, "expected at most 2 rows" in found.stderr) == (2, True)


def test_without_the_privacy_key_nobody_is_recognised(tmp_path):
    (tmp_path / "names.csv").write_text("id,name\n")
    (tmp_path / "privacy.key").unlink()
    found = run(muster, "--names", "names.csv")
    assert found.exit_code == 1
    assert "no privacy key" in found.stderr


def test_after_the_last_exit_nobody_known_is_left():
    found = run(muster, "--json")
    assert json.loads(found.stdout)["people"] == []


def test_a_recap_counts_what_happened_on_the_day_at_the_gate():
    """R02, R21, R24: who was not let in is counted too."""
    found = run(report, "--day", "2022-08-24", "--json")
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    assert told["verdicts"] == {"admitted": 2, "refused": 2, "referred": 1}
    assert told["reasons"] == {"status_red": 1, "already_inside": 1, "unknown_holder": 1}
    assert told["statuses"] == {"green": 1, "red": 1}
    assert told["admitted by"] == {"gateway": 1, "officer": 1}
    assert told["officers"] == {"uid:1 admitted": 1}
    assert told["purposes"] == {"paspor": 1}
    assert told["violations"] == {"already_inside": 1, "breach tailgate": 1}
    assert told["entries"] == {"staff": 1, "service_user": 1, "unknown": 1}
    assert told["exits"] == {"visitor": 1}
    assert told["alarms"] == {"fire raised": 1}
    assert told["entries by hour"] == {"08:00": 3}
    assert told["exits by hour"] == {"09:00": 1}
    assert (told["peak"], told["peak_at"]) == (4, "2022-08-24T01:30:00+00:00")
    assert str(ASN) not in found.stdout


def test_a_recap_is_a_table_to_read_and_one_for_a_spreadsheet():
    lines = run(report, "--day", "2022-08-24").stdout.splitlines()
    assert lines[0] == "2022-08-24"
    assert f"  08:00                             3 {'#' * 40}" in lines
    assert lines[-1] == "most inside at once: 4, at 08:30"
    rows = list(csv.reader(io.StringIO(run(report, "--day", "2022-08-24", "--csv").stdout)))
    assert rows[0] == ["day", "table", "what", "count"]
    assert ["2022-08-24", "purposes", "paspor", "1"] in rows
    assert rows[-1] == ["2022-08-24", "peak", "inside at once", "4"]


def test_a_day_without_records_is_short():
    assert run(report, "--day", "2022-08-20").stdout.splitlines() == ["2022-08-20"]
    assert run(report).exit_code == 0


def test_what_was_forced_or_tried_again_is_a_violation(tmp_path):
    """R33: each kind has its count on the day."""
    forced = {"door": "back", "state": "forced"}
    allowed = {"door": "back", "state": "open"}
    append(
        tmp_path,
        (90, access("admitted", "ok", findings=("would_refuse:already_inside",))),
        (91, access("refused", "entries_used")),
        (92, access("admitted", "exit", "exit", findings=("already_inside",))),
        (93, Audit(subject=AuditSubject.DOOR, action="door_opened", detail=forced)),
        (94, Audit(subject=AuditSubject.DOOR, action="door_opened", detail=allowed)),
    )
    told = json.loads(run(report, "--day", "2022-08-24", "--json").stdout)
    assert told["violations"] == {
        "already_inside": 2,
        "entries_used": 1,
        "breach tailgate": 1,
        "door forced": 1,
    }


def test_what_happens_at_the_door_of_a_room_is_no_traffic_of_the_house(tmp_path):
    room = {"area": "service-room"}
    day = ("--day", "2022-08-24", "--json")
    before = json.loads(run(report, *day).stdout)
    append(
        tmp_path,
        (31, passage(ASN, "staff", **room)),
        (32, access("admitted", category="staff", holder=ASN, **room)),
        (33, access("refused", "already_inside", **room)),
    )
    assert json.loads(run(report, *day).stdout) == before
    assert "0 times" in run(report, "--day", "2022-08-24", "--list", "staff-without-app").stdout
    replaced = replace(passage(ASN, "staff", **room), lane=LaneId("lane-9"))
    append(tmp_path, (34, replaced))
    assert "lane-9" not in run(muster, "--at", "2022-08-24T09:00:00+07:00").stdout


def test_what_they_came_for_is_told_by_a_check_in_too(tmp_path):
    """R02, R24."""
    append(
        tmp_path, (31, access("admitted", purpose="paspor")), (32, access("refused", purpose="x"))
    )
    told = json.loads(run(report, "--day", "2022-08-24", "--json").stdout)
    assert told["purposes"] == {"paspor": 2}


def test_a_recap_on_paper_has_its_figures_charts_and_tables(tmp_path):
    found = run(report, "--day", "2022-08-24", "--pdf", "day.pdf")
    assert found.stdout == "2022-08-24: day.pdf\n", found.output
    words = words_of(tmp_path / "day.pdf")
    assert "3 masuk   1 keluar   2 ditolak   1 ke petugas   2 pelanggaran" in words
    assert "terbanyak di dalam: 4, pukul 08:30" in words
    assert words[words.index("Pelanggaran") + 1 :][:2] == ["already_inside", "1"]
    assert b" l " in (tmp_path / "day.pdf").read_bytes()  # The curve.
    run(report, "--day", "2022-08-24", "--pdf", "day.pdf", "--locale", "en")
    words = words_of(tmp_path / "day.pdf")
    assert ("People inside" in words, "limit 80" in words) == (True, False)
    assert run(report, "--pdf", "missing/day.pdf").exit_code == 2
    assert run(report, "--pdf", "day.pdf", "--csv").exit_code == 2


def test_the_limit_of_the_policy_stands_in_the_chart(tmp_path):
    with (tmp_path / "gate.toml").open("a") as settings:
        settings.write("[policy]\ncapacity.total = 80\n")
    run(report, "--day", "2022-08-24", "--pdf", "day.pdf")
    assert "batas 80" in words_of(tmp_path / "day.pdf")


def test_a_recap_of_a_day_without_records_says_so_on_paper(tmp_path):
    run(report, "--day", "2022-08-20", "--pdf", "day.pdf")
    assert "Tidak ada catatan pada hari ini." in words_of(tmp_path / "day.pdf")


def test_a_long_recap_goes_on_on_further_pages(tmp_path):
    raised = (
        Alarm(outcome=AlarmOutcome.RAISED, alarm=f"a{n}", subject="lane-1") for n in range(120)
    )
    append(tmp_path, *((90, one) for one in raised))
    run(report, "--day", "2022-08-24", "--pdf", "day.pdf")
    words = words_of(tmp_path / "day.pdf")
    assert [f"a{n} raised" in words for n in range(120)] == [True] * 120
    assert "Halaman 2 / 2" in words


BY_HAND = {"officer": "uid:7", "reason": "phone is broken"}


def test_staff_who_came_without_the_app_are_listed(tmp_path):
    """R11: the daily list, with how and why they came in."""
    (tmp_path / "names.csv").write_text("id,name\nS-1,Bu Contoh\n")
    append(
        tmp_path,
        (60, access("admitted", category="staff", holder=ASN)),
        (61, access("admitted", category="officer", attestation=BY_HAND)),
        (62, access("admitted", category="visitor", holder=GUEST)),
        (63, access("refused", "expired", category="staff", holder=ASN)),
        (64, access("admitted", "exit", "exit", category="staff", holder=ASN)),
        (65, replace(access("admitted", category="staff", holder=ASN), kind="pass")),
    )
    listed = ("--day", "2022-08-24", "--list", "staff-without-app")
    assert run(report, *listed, "--names", "names.csv").stdout.splitlines() == [
        "2022-08-24: 2 times, staff came in without the app",
        f"09:00  {'Bu Contoh':<44} staff        lane-1     roster",
        f"09:01  {'nobody known':<44} officer      lane-1     roster  phone is broken (uid:7)",
    ]
    told = json.loads(run(report, *listed, "--json").stdout)
    assert [one["who"] for one in told] == [ASN, None]
    rows = list(csv.DictReader(io.StringIO(run(report, *listed, "--csv").stdout)))
    assert [row["reason"] for row in rows] == ["", "phone is broken"]
    assert run(report, "--names", "names.csv").exit_code == 2
