"""What gates have in force beside each other, made of messages as gates send them."""

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from gatewayd.app.errors import MISUSE, EarlyEnd
from gatewayd.app.fleet import filters
from gatewayd.cli import fleet as command
from gatewayd.cli.main import main
from gatewayd.core.documents import Document, DocumentKind, PolicyLayer, Slot, Withdrawn
from gatewayd.core.fleet import compare
from gatewayd.core.occupancy import Occupancy
from gatewayd.core.policy import Enforcement
from gatewayd.core.sync_figures import SyncFigures
from gatewayd.core.words import ClockQuality
from gatewayd.mqtt import payloads, topics
from gatewayd.mqtt.payloads import AsOf, Birth, Offline
from gatewayd.mqtt.topics import SitePath

START = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
LATER = datetime(2026, 11, 23, 1, 31, tzinfo=UTC)


def site(number, organisation="opd"):
    return SitePath("pasuruan", organisation, f"gate-{number}")


def policy(version, path="pasuruan", content=None, name="", kind=DocumentKind.POLICY):
    content = content or PolicyLayer({})
    return Document(Slot(kind, path, name), version, START, "d-1", b"", "0" * 64, content)


def online(*documents, version="0.1.0", clock=ClockQuality.SYNCED, mode=Enforcement.ENFORCE):
    return payloads.online(
        Birth(
            run="r",
            version=version,
            epoch="0193f1c2a4b05d6e",
            next_seq=5,
            policy=("profile", "pasuruan@2"),
            clock=clock,
            depth=3,
            at=START,
            documents=documents,
            mode=mode,
        )
    )


def of(*states):
    """Return the states of gates, numbered from 1, by topic."""
    return {topics.state(site(number)): body for number, body in enumerate(states, 1)}


def marks(heard):
    return {row.site.rpartition("-")[2]: row.marks for row in compare(heard).rows if row.marks}


def test_gates_that_have_the_same_are_not_marked():
    fleet = compare(of(online(policy(2)), online(policy(2))))
    assert not fleet.has_skew
    assert fleet.most == {"gatewayd": "0.1.0", "mode": "enforce", "policy pasuruan": "2"}
    row = fleet.rows[0]
    assert (row.site, row.is_online, row.version) == ("pasuruan/opd/gate-1", True, "0.1.0")
    assert (row.policy, row.documents) == (("profile", "pasuruan@2"), {"policy pasuruan": "2"})
    assert (row.clock, row.queue_depth, row.told_at) == ("synced", 3, "2026-11-23T01:30:00.000Z")


def test_who_differs_from_most_is_named_with_what_most_have():
    """R38: version and policy skew."""
    heard = of(
        online(policy(2)),
        online(policy(1)),
        online(policy(2), version="0.0.9"),
        online(),
        online(policy(3, content=Withdrawn())),
        online(policy(2)),
    )
    assert marks(heard) == {
        "2": ("policy pasuruan: 1, most have 2",),
        "3": ("gatewayd: 0.0.9, most have 0.1.0",),
        "4": ("policy pasuruan: none, most have 2",),
        "5": ("policy pasuruan: 3 (withdrawn), most have 2",),
    }


def test_who_still_observes_while_most_enforce_is_named():
    """R18, R44."""
    heard = of(online(), online(mode=Enforcement.OBSERVE), online())
    assert marks(heard) == {"2": ("mode: observe, most have enforce",)}


def test_of_two_halves_the_newer_counts_as_most():
    assert marks(of(online(policy(10)), online(policy(9)))) == {
        "2": ("policy pasuruan: 9, most have 10",)
    }


def test_only_those_below_a_place_are_to_have_its_policy():
    heard = of(online(policy(1, "pasuruan/opd"), policy(1, "/")), online(policy(1, "/")))
    elsewhere = {topics.state(site(3, "desa")): online()}
    assert marks(heard | elsewhere) == {
        "2": ("policy pasuruan/opd: none, most have 1",),
        "3": ("policy /: none, most have 1",),
    }


def test_what_is_of_one_site_alone_is_not_compared():
    own = policy(7, "pasuruan/opd/gate-1")
    guests = policy(4, "pasuruan/opd/gate-1", name="guests", kind=DocumentKind.ROSTER)
    assert marks(of(online(own, guests), online())) == {}


def test_a_roster_is_compared_between_those_that_take_it():
    def staff(version):
        return policy(version, name="staff", kind=DocumentKind.ROSTER)

    heard = of(online(staff(5)), online(staff(5)), online(), online(staff(4)))
    assert marks(heard) == {"4": ("roster pasuruan/staff: 4, most have 5",)}


def test_who_is_not_there_is_marked_with_its_last_word():
    heard = of(payloads.offline("r", Offline.LOST), payloads.offline("r", Offline.STOPPED))
    count = payloads.occupancy((Occupancy(), {}), {}, AsOf("0193f1c2a4b05d6e", 5, LATER))
    fleet = compare(heard | {topics.occupancy(site(1)): count})
    assert [row.marks for row in fleet.rows] == [
        ("offline: the connection was lost",),
        ("offline: stopped",),
    ]
    assert [row.told_at for row in fleet.rows] == ["2026-11-23T01:31:00.000Z", None]
    assert fleet.most == {"gatewayd": "none", "mode": "none"}


def test_the_figures_of_the_minute_are_newer_than_the_birth():
    figures = SyncFigures(
        connected_s=1.0,
        depth=70,
        oldest_s=None,
        hours_left=None,
        published=0,
        receipts=0,
        refused=0,
        quarantined=0,
        is_heard=True,
        error=None,
    )
    body = payloads.health(figures, run="r", uptime_s=9, clock=ClockQuality.UNSYNCED, at=LATER)
    [row] = compare(of(online()) | {topics.health(site(1)): body}).rows
    assert (row.queue_depth, row.clock, row.told_at[-10:]) == (70, "unsynced", "31:00.000Z")
    assert row.marks == ("its clock is not set",)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"1", b"[" * 100_000, b"\xff", b'{"a": ' + b"9" * 9999 + b"}"]
)
def test_what_is_no_message_of_a_gate_is_left_out(body):
    assert compare(of(body)).rows == ()


@pytest.mark.parametrize("wrong", [None, 1, "x", [1], [{}], {"path": 1}, [{"path": None}]])
def test_a_message_with_other_things_in_it_raises_nothing(wrong):
    body = {"state": "online"} | dict.fromkeys(
        ("version", "mode", "policy", "documents", "clockquality", "queue_depth", "time"), wrong
    )
    heard = of(json.dumps(body).encode()) | {topics.occupancy(site(1)): b'{"as_of": 5}'}
    assert len(compare(heard).rows) == 1


def test_a_topic_of_another_depth_is_left_out():
    assert compare({f"{topics.state(site(1))}/more": online(), "onegate": online()}).rows == ()


@pytest.mark.parametrize(
    ("place", "topic"),
    [
        ("/", "onegate/v1/+/+/+/up/state"),
        ("pasuruan", "onegate/v1/pasuruan/+/+/up/state"),
        ("pasuruan/opd", "onegate/v1/pasuruan/opd/+/up/state"),
        ("pasuruan/opd/gate-1", "onegate/v1/pasuruan/opd/gate-1/up/state"),
    ],
)
def test_each_level_of_the_hierarchy_has_its_subscription(place, topic):
    """R20."""
    assert filters(place)[0] == topic


def played(monkeypatch, heard, *words):
    monkeypatch.setattr(command, "listen", lambda *_: compare(heard))
    return CliRunner().invoke(main, ["fleet", "mqtt://broker:1883", *words])


def test_skew_ends_with_1_and_agreement_with_0(monkeypatch):
    good = played(monkeypatch, of(online(policy(2)), online(policy(2))))
    assert good.exit_code == 0
    assert good.output.splitlines()[-4:] == [
        "2 gates, 2 online, 0 not as most",
        "most have gatewayd 0.1.0",
        "most have mode enforce",
        "most have policy pasuruan 2",
    ]
    bad = played(monkeypatch, of(online(policy(2)), payloads.offline("r", Offline.LOST)))
    assert bad.exit_code == 1
    assert "! offline: the connection was lost" in bad.output


def test_for_programs_it_is_json(monkeypatch):
    told = json.loads(played(monkeypatch, of(online(policy(2))), "--json").output)
    assert (told["skew"], told["most"]["policy pasuruan"]) == (False, "2")
    assert told["sites"][0]["documents"] == {"policy pasuruan": "2"}


def test_where_no_gate_is_heard_the_answer_is_no(monkeypatch):
    found = played(monkeypatch, {}, "--place", "pasuruhan")
    assert found.exit_code == 1
    assert "no gate below pasuruhan told anything" in found.output


def test_what_the_broker_is_told(monkeypatch, tmp_path):
    accounts = []

    def listen(account, *_):
        accounts.append(account)
        raise EarlyEnd("nothing listens there", MISUSE)

    monkeypatch.setattr(command, "listen", listen)
    (tmp_path / "word").write_text("secret\n")
    words = ("--username", "centre", "--password-file", str(tmp_path / "word"))
    found = CliRunner().invoke(main, ["fleet", "mqtts://broker", *words])
    assert (found.exit_code, found.output) == (2, "nothing listens there\n")
    [account] = accounts
    assert (account.host, account.port, account.password) == ("broker", 8883, "secret")
    assert account.tls is not None
    assert CliRunner().invoke(main, ["fleet", "http://broker"]).exit_code == 2
    wild = CliRunner().invoke(main, ["fleet", "mqtt://broker", "--place", "pasuruan/#"])
    assert (wild.exit_code, "up to three names" in wild.output) == (2, True)
    (tmp_path / "word").write_bytes(b"\xff")
    unread = CliRunner().invoke(main, ["fleet", "mqtts://broker", *words])
    assert (unread.exit_code, "cannot be read" in unread.output) == (2, True)
