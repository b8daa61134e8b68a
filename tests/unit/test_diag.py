"""`gatewayd diag`: what helps is in the bundle, and no person is."""

import gzip
import json
import tarfile
from datetime import timedelta

import pytest
from click.testing import CliRunner

from gatewayd.app import doctor_devices
from gatewayd.app.diag_masking import MASK, known_from, mask_log, mask_settings, mask_status, scrub
from gatewayd.cli.main import main
from gatewayd.core.events import Access, AccessOutcome, Audit, AuditSubject, Draft
from gatewayd.core.words import Direction, HolderId, LaneId
from tests.unit.journal_facts import AT, opened

HOLDER = "1a2b3c4d." + "ab" * 16
KEY = "5ec4e7" * 10 + "5ec4"
SETTINGS = """\
[site]
region = "kaltim"
organisation = "setda"
id = "gubernur"
name = "Rumah Budi Santoso"
contact = "Budi Santoso, 081234567890"
timezone = "Asia/Makassar"
[storage]
directory = "state"
[broker]
url = "mqtts://broker.example:8883"
username = "siti.rahayu"
password_file = "rahasia.password"
[[rosters]]
name = "staff"
file = "staff.csv"
[[lanes]]
id = "lane-1"
  [lanes.entry_reader]
  driver = "line"
  port = "/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0"
  [lanes.turnstile]
  driver = "gatelink"
  port = "/dev/not-there"
  psk_file = "lane-1.psk"
"""
ROSTER = """\
id,category,valid_from,valid_until,blocked,note,region,otp_key
KARTU-77,staff,,,,Dewi Lestari lupa kartu,,JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP
3276010101900001,visitor,not a day,,,anak Rudi,,
"""
LOG = [
    {"at": "2026-11-22T08:00:00", "level": "info", "event": "verdict", "lane": "lane-1"},
    {"at": "2026-11-22T08:00:01", "level": "info", "event": "hello Agus Salim", "pin": 482915},
    {"level": "warning", "event": "alarm_raised", "alarm": "link_lost", "reason": "Agus sat on it"},
    {"level": "error", "event": "part_failed", "part": "sync", "holder": HOLDER, "code": 482915},
]
PEOPLE = (
    *("Budi", "Santoso", "081234567890", "siti.rahayu", "Dewi", "Lestari", "Rudi", "Agus"),
    *("KARTU-77", "3276010101900001", "JBSWY3DPEHPK3PXP", "482915", "kata-sandi", "Joko"),
    *(HOLDER, HOLDER[9:], KEY, "HC1:6BF", "OGT1:", "eyJhbGciOi"),
)


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A site where persons stand wherever they can; its gateway does not run."""
    monkeypatch.setattr(doctor_devices, "ANSWER_S", 0.05)
    monkeypatch.setattr(doctor_devices, "AGAIN_S", 0.01)
    (tmp_path / "gate.toml").write_text(SETTINGS)
    (tmp_path / "staff.csv").write_text(ROSTER)
    for name, content in (("lane-1.psk", KEY), ("rahasia.password", "kata-sandi")):
        (tmp_path / name).touch(mode=0o600)
        (tmp_path / name).write_text(content)
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    with opened(state) as journal:
        officer = {"officer": "Joko", "reason": "Joko kenal Dewi", "note": "3276010101900001"}
        signed = Audit(subject=AuditSubject.OFFICER, action="signed_in", detail=officer)
        verdict = Access(
            outcome=AccessOutcome.ADMITTED,
            lane=LaneId("lane-1"),
            direction=Direction.ENTRY,
            reason="ok",
            source="officer",
            kind="attestation",
            holder=HolderId(HOLDER),
            attestation=officer,
        )
        journal.commit([(Draft(signed, AT), 1.0), (Draft(verdict, AT + timedelta(hours=1)), 2.0)])
    programs = tmp_path / "programs"
    programs.mkdir()
    trace = 'Traceback\n  File "/opt/x.py", line 7, in go\n    go("Agus")\nValueError: Agus'
    lines = [*LOG, {"level": "error", "event": "part_failed", "trace": trace}]
    log = [*map(json.dumps, lines), "kernel of Agus Salim", "HC1:6BFOXN*TS0BI$ZD", "OGT1:A:1"]
    kernel = ["ftdi_sio ttyUSB0: Agus eyJhbGciOi" + "x1" * 30, "something else of Rudi"]
    for name, told in (("journalctl", log), ("dmesg", [kernel[0].replace("Agus ", ""), kernel[1]])):
        (programs / name).write_text("#!/bin/sh\ncat <<'EOF'\n" + "\n".join(told) + "\nEOF\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/bin:/usr/bin")
    return tmp_path / "gate.toml"


def collect(settings, code=0):
    """Run it; return what is said, the files by name, and all bytes as they are sent and unpacked."""
    target = settings.parent / "diag.tar.gz"
    ended = CliRunner().invoke(main, ["diag", "-c", str(settings), "-o", str(target)])
    assert ended.exit_code == code, ended.output
    with tarfile.open(target) as archive:
        files = {
            name.removeprefix("gatewayd-diag/"): archive.extractfile(name).read().decode()
            for name in archive.getnames()
        }
    sent = target.read_bytes()
    return ended.output, files, sent + gzip.decompress(sent)


def test_no_person_and_no_secret_is_in_the_bundle(site):
    _, files, sent = collect(site)
    for planted in PEOPLE:
        assert planted.encode() not in sent, planted
    privacy = (site.parent / "state" / "privacy.key").exists()
    assert not privacy, "nothing is made by looking"
    assert len(files) == 12


def test_what_helps_is_in_the_bundle(site):
    said, files, _ = collect(site)
    settings = json.loads(files["settings.json"])
    assert settings["site"]["contact"] == settings["broker"]["username"] == MASK
    assert settings["lanes"][0]["entry_reader"]["port"].endswith("A50285BI-if00-port0")
    assert settings["broker"]["url"] == "mqtts://broker.example:8883"
    assert "WRONG  lane-1: /dev/not-there does not exist" in files["doctor.txt"]
    assert "staff.csv:3: valid_from" in files["doctor.txt"]
    assert "1 onegate.access.admitted.v1" in files["journal.txt"]
    assert "from 2026-11-22T08:30:00.000Z to 2026-11-22T09:30:00.000Z" in files["journal.txt"]
    assert "journal.db" in files["files.txt"]
    assert "versions: ('default',)" in files["policy.txt"]
    assert "aiomqtt" in files["versions.txt"]
    assert "ftdi_sio ttyUSB0" in files["kernel.txt"]
    assert "something else" not in files["kernel.txt"]
    assert "without status.json" in said


def test_the_log_keeps_its_events_and_where_it_failed(site):
    _, files, _ = collect(site)
    head, *lines = files["log.txt"].splitlines()
    assert head == "3 lines of others left out"
    told = [json.loads(line) for line in lines]
    assert [line["event"] for line in told] == [
        "verdict",
        MASK,
        "alarm_raised",
        "part_failed",
        "part_failed",
    ]
    assert told[0]["lane"] == "lane-1"
    assert told[2]["alarm"] == "link_lost"
    assert told[4]["trace"] == ['File "/opt/x.py", line 7, in go', "ValueError"]


def test_a_gateway_that_is_down_is_told_as_such(site):
    said, files, _ = collect(site)
    assert "no gateway is running here" in files["status.json"]
    assert "without status.json" in said
    assert "metrics.txt  (missing)" in files["README.txt"]


def test_broken_settings_are_told_without_what_stands_in_them(site):
    text = SETTINGS.replace('timezone = "Asia/Makassar"', 'timezone = "Budi"\npin = 482915')
    site.write_text(text.replace("[storage]", "[Budi Santoso"))
    said, files, sent = collect(site)
    assert "could not be had: TOMLDecodeError" in files["settings.json"]
    assert "without settings.json" in said
    assert b"482915" not in sent
    assert b"Santoso" not in sent
    (site.parent / "diag.tar.gz").unlink()
    site.write_text(text)
    _, files, sent = collect(site)
    assert "[site] timezone" in files["doctor.txt"]
    assert b"Budi" not in sent
    assert b"482915" not in sent


def test_a_bundle_is_for_this_user_alone_and_written_over_nothing(site):
    collect(site)
    target = site.parent / "diag.tar.gz"
    assert target.stat().st_mode & 0o777 == 0o600
    ended = CliRunner().invoke(main, ["diag", "-c", str(site), "-o", str(target)])
    assert ended.exit_code == 1
    assert "File exists" in ended.output


def test_without_the_programs_of_the_system_the_rest_is_there(site, monkeypatch):
    monkeypatch.setenv("PATH", "")
    _, files, _ = collect(site)
    assert "there is no journalctl" in files["log.txt"]
    assert "doctor.txt" in files


def test_a_program_that_may_not_is_told(site):
    (site.parent / "programs" / "dmesg").write_text("#!/bin/sh\nexit 1\n")
    _, files, _ = collect(site)
    assert "dmesg ended with 1; run this as root" in files["kernel.txt"]


# --- masks ---


@pytest.mark.parametrize(
    "suspect",
    [
        "HC1:6BFOXN*TS0",
        "OG1:NCFOXN",
        "shc:/5676290952432060346029243740446031222959532654603460292540772804336028702864716745222809286240",
        "otpauth://totp/Budi?secret=JBSWY3",
        "budi@example.id",
        HOLDER,
        KEY,
        "3276010101900001",
        "0812345678901",
        "eyJhbGciOiJFZERTQSJ9eyJzdWIiOiJidWRpIn0x",
    ],
)
def test_what_looks_like_a_person_or_a_secret_goes_from_any_text(suspect):
    assert suspect not in scrub(f"before {suspect} after", frozenset())


@pytest.mark.parametrize(
    "text",
    [
        "/dev/serial/by-path/platform-fd500000.pcie-pci-0000:01:00.0-usb-0:1.1:1.0-port0",
        "/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0",
        "gatewayd_journal_bytes 2.0480000000e+010",
        "0000017d69e0a000-12 onegate.audit.gateway.v1",
        "2026-11-22T08:30:00.000Z",
    ],
)
def test_what_helps_stays(text):
    assert scrub(text, frozenset()) == text


def test_what_the_site_says_of_persons_goes_wherever_it_stands():
    known = known_from(["KARTU-77", "Dewi Lestari", "abc", None, 4711])
    assert scrub("kartu-77 of Dewi Lestari, abc 4711", known) == f"{MASK} of {MASK}, abc {MASK}"


def test_a_status_has_no_officer_and_nobody_who_waits():
    status = {
        "on_duty": [{"officer": "Joko"}],
        "handover": {"note": "Dewi"},
        "referred": [{"holder": HOLDER}],
        "lanes": {"lane-1": {"order": "free", "officer": "Joko", "noise": 3}},
        "health": {"parts": [{"says": "fire", "text": {"en": "Fire."}}]},
    }
    masked = json.loads(mask_status(status))
    assert masked == {
        "lanes": {"lane-1": {"order": "free", "officer": MASK, "noise": 3}},
        "health": {"parts": [{"says": "fire", "text": {"en": "Fire."}}]},
        "on_duty_count": 1,
    }


def test_settings_keep_their_numbers_and_no_secret_ones():
    masked = json.loads(mask_settings({"site": {"pin": 482915, "limit": 50}, "when": AT}))
    assert masked == {"site": {"pin": MASK, "limit": 50}, "when": MASK}


@pytest.mark.parametrize("line", ["", "Started gatewayd", "[1]", '{"event": 5}', '"text"'])
def test_a_line_that_is_not_the_gateways_is_left_out(line):
    assert mask_log(line) is None
